//! From the bytes of a file to a picture, whatever the file is called.
//!
//! Input: bytes and [`ReadOptions`]. Output: a [`Picture`], grey or RGB, with what was decided on the way: the format
//! that the content has, the window that deep grey levels were put through, and notices. Pillow reads by content and
//! not by name, so this does too; [`Format::fits_name`] tells a caller when the two disagree.

use std::fmt;

use crate::ImagingError;
use crate::raster::{GreyImage, ImageSize, RgbImage};
use crate::raw::RawLayout;
use crate::window::{AppliedWindow, WindowChoice};

/// A kind of file, told by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG, baseline or progressive.
    Jpeg,
    /// DICOM.
    Dicom,
    /// Tagged Image File Format.
    Tiff,
    /// Samples without a header, of a layout that the caller states.
    Raw,
}

impl Format {
    /// The format of `bytes`, if they say it at their start.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if bytes.get(128..132) == Some(b"DICM") || bytes.starts_with(b"DICM") {
            Some(Self::Dicom)
        } else if let [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] = bytes {
            Some(Self::Tiff)
        } else {
            None
        }
    }

    /// Whether a file name's ending, if it has one of the known ones, is an ending of this format.
    #[must_use]
    pub fn fits_name(self, name: &str) -> bool {
        let ending =
            name.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_ascii_lowercase());
        match ending.as_str() {
            "png" | "apng" => self == Self::Png,
            "jpg" | "jpeg" | "jpe" | "jfif" => self == Self::Jpeg,
            "dcm" | "dicom" => self == Self::Dicom,
            "tif" | "tiff" => self == Self::Tiff,
            _ => true,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Dicom => "DICOM",
            Self::Tiff => "TIFF",
            Self::Raw => "raw",
        })
    }
}

/// What a file may ask for at most. The defaults were chosen well above any radiograph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest side in pixels.
    pub max_side: u32,
    /// Most pixels; the default is Pillow's `MAX_IMAGE_PIXELS`, above which it warns.
    pub max_pixels: u64,
    /// Most bytes that a decoder allocates beside the picture.
    pub max_decoder_bytes: usize,
    /// Most PNG chunks.
    pub max_chunks: usize,
    /// Most bytes that one compressed text or colour profile may inflate to; Pillow's `MAX_TEXT_CHUNK`.
    pub max_text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_side: 32_768,
            max_pixels: 89_478_485,
            max_decoder_bytes: 256 << 20,
            max_chunks: 100_000,
            max_text_bytes: 1 << 20,
        }
    }
}

impl Limits {
    /// The size, if it is within these limits.
    pub(crate) fn size(&self, width: u32, height: u32) -> Result<ImageSize, ImagingError> {
        let (max_side, max_pixels) = (self.max_side, self.max_pixels);
        if width.max(height) > max_side || u64::from(width) * u64::from(height) > max_pixels {
            return Err(ImagingError::TooLarge { width, height, max_side, max_pixels });
        }
        ImageSize::new(width, height)
    }
}

/// What to do with grey levels of more than 8 bits in a PNG.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sixteen {
    /// Map a window linearly to 0..255 (our rule).
    Windowed(WindowChoice),
    /// Clip at 255, which turns most radiographs white: what Pillow does, and with it the original.
    PillowClip,
}

impl Default for Sixteen {
    fn default() -> Self {
        Self::Windowed(WindowChoice::Default)
    }
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ReadOptions {
    /// What a file may ask for.
    pub limits: Limits,
    /// The rule for 16-bit grey PNG; its window also overrides that of a DICOM file.
    pub sixteen: Sixteen,
    /// The frame of a multi-frame DICOM file, counted from 0.
    pub frame: u32,
    /// The layout of files that no format claims.
    pub raw: Option<RawLayout>,
}

impl ReadOptions {
    /// The window asked for, where Pillow's clipping has no say.
    pub(crate) fn window(&self) -> WindowChoice {
        match self.sixteen {
            Sixteen::Windowed(choice) => choice,
            Sixteen::PillowClip => WindowChoice::Default,
        }
    }
}

/// The samples of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pixels {
    /// One channel.
    Grey(GreyImage),
    /// Three channels.
    Rgb(RgbImage),
}

/// Something a caller may want to say about a file that was read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Bytes after the end of the picture, which were not looked at.
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// An animation, of which the default image was read.
    AnimationFirstFrame,
    /// DICOM padding pixels, which had no say in the window.
    PaddingLeftOut {
        /// How many.
        count: u64,
    },
    /// Bytes inside the picture's data that belong to nothing.
    StrayBytes {
        /// How many.
        count: usize,
    },
    /// No end marker, after all of the picture.
    EndMarkerMissing,
    /// An EXIF orientation other than upright, which the original ignores.
    OrientationIgnored {
        /// The value of the tag, 2 to 8.
        orientation: u16,
    },
    /// Transparency, which was dropped as Pillow drops it.
    AlphaDropped,
    /// Colour samples of more than 8 bits, of which the highest 8 were kept as Pillow keeps them.
    SixteenBitColour,
    /// Every pixel has one level, so that a window has no width.
    ConstantPicture,
    /// More pages than the first, which was read.
    OtherPages,
    /// No header: the caller said what the samples are.
    NoHeader,
    /// The higher byte of a raw sample comes first, as its number of bits shows.
    HigherByteFirst,
    /// Something of a DICOM file that is wrong and does not matter.
    Dicom(DicomOddity),
    /// More frames than the one that was read.
    OtherFrames {
        /// The number of frames in the file.
        frames: u32,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrailingBytes { count } => {
                write!(f, "{count} bytes after the end of the picture were ignored")
            }
            Self::PaddingLeftOut { count } => {
                write!(f, "{count} padding pixels had no say in the window")
            }
            Self::StrayBytes { count } => {
                write!(f, "{count} bytes inside the picture's data belong to nothing")
            }
            Self::EndMarkerMissing => {
                f.write_str("the end marker is missing; all of the picture is there")
            }
            Self::OrientationIgnored { orientation } => write!(
                f,
                "the EXIF orientation {orientation} was ignored, as in the original: the picture may lie on its side"
            ),
            Self::AnimationFirstFrame => f.write_str("of an animation, the default image was read"),
            Self::AlphaDropped => f.write_str("transparency was dropped"),
            Self::SixteenBitColour => f.write_str("of deep colour, the high bytes were kept"),
            Self::ConstantPicture => f.write_str("every pixel has the same level"),
            Self::OtherPages => f.write_str("of several pages, the first was read"),
            Self::NoHeader => f.write_str("the file has no header; its layout is the caller's"),
            Self::HigherByteFirst => f.write_str(
                "the higher byte of each sample comes first, as its number of bits shows",
            ),
            Self::Dicom(oddity) => f.write_str(oddity.words()),
            Self::OtherFrames { frames } => write!(f, "one of {frames} frames was read"),
        }
    }
}

/// What is wrong with a DICOM file, and was read all the same because only one reading is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DicomOddity {
    /// The 128 bytes and the letters `DICM` that open a file are missing.
    NoPreamble,
    /// The group that states the transfer syntax is missing.
    NoMetaGroup,
    /// That group is written otherwise than the standard says.
    MetaEncodingDiffers,
    /// The data set is written otherwise than its transfer syntax says.
    EncodingDiffers,
    /// An element or item is written otherwise than those around it.
    ElementEncodingDiffers,
    /// The pixels are coded otherwise than the transfer syntax says.
    CodingDiffers,
    /// A sequence of unknown representation was read.
    UnknownSequence,
    /// A delimiter ends nothing.
    StrayDelimiter,
    /// A number of frames of 0, taken for 1.
    NoFrames,
    /// Encapsulated pixels that end with the file, without their delimiter.
    PixelsNotClosed,
}

impl DicomOddity {
    fn words(self) -> &'static str {
        match self {
            Self::NoPreamble => "the file has no preamble (128 bytes, then `DICM`)",
            Self::NoMetaGroup => {
                "the file has no meta group; how it is written was told from the data set itself"
            }
            Self::MetaEncodingDiffers => {
                "the meta group is written otherwise than the standard says"
            }
            Self::EncodingDiffers => {
                "the data set is written otherwise than its transfer syntax says"
            }
            Self::ElementEncodingDiffers => {
                "an element is written otherwise than the elements around it"
            }
            Self::CodingDiffers => "the pixels are coded otherwise than the transfer syntax says",
            Self::UnknownSequence => {
                "a look-up table in a sequence of unknown representation was read"
            }
            Self::StrayDelimiter => "a delimiter that ends nothing was stepped over",
            Self::NoFrames => "NumberOfFrames is 0 and was taken for 1",
            Self::PixelsNotClosed => "the pixels end with the file, without their delimiter",
        }
    }
}

impl Notice {
    /// What to say about the orientation that an EXIF block states.
    pub(crate) fn for_orientation(orientation: Option<u16>) -> Option<Self> {
        let turned = orientation.filter(|&orientation| orientation != 1);
        turned.map(|orientation| Self::OrientationIgnored { orientation })
    }
}

/// What the header of a DICOM file said about its samples. Nothing in it describes a patient.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct DicomFacts {
    /// The transfer syntax, by its name.
    pub coding: &'static str,
    /// The photometric interpretation.
    pub photometric: &'static str,
    /// The number of frames.
    pub frames: u32,
    /// The frame that was read, counted from 0.
    pub frame: u32,
    /// Significant bits of a sample.
    pub bits_stored: u16,
    /// Whether samples are two's complement.
    pub signed: bool,
    /// Rescale slope; 1 if absent.
    pub slope: f64,
    /// Rescale intercept; 0 if absent.
    pub intercept: f64,
    /// Whether low values are white (MONOCHROME1), so that the picture was inverted.
    pub inverted: bool,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The samples.
    pub pixels: Pixels,
    /// The format that the content has.
    pub format: Format,
    /// Bits of a sample in the file.
    pub bits: u8,
    /// The window that deep levels were put through; `None` for 8-bit files.
    pub window: Option<AppliedWindow>,
    /// What a DICOM header said.
    pub dicom: Option<DicomFacts>,
    /// What a caller may want to say.
    pub notices: Vec<Notice>,
}

impl Picture {
    /// Width and height.
    #[must_use]
    pub fn size(&self) -> ImageSize {
        match &self.pixels {
            Pixels::Grey(image) => image.size(),
            Pixels::Rgb(image) => image.size(),
        }
    }

    /// The picture in Pillow's mode `L`.
    #[must_use]
    pub fn to_grey(&self) -> GreyImage {
        match &self.pixels {
            Pixels::Grey(image) => image.clone(),
            Pixels::Rgb(image) => image.to_grey(),
        }
    }

    /// The picture in Pillow's mode `RGB`.
    #[must_use]
    pub fn to_rgb(&self) -> RgbImage {
        match &self.pixels {
            Pixels::Grey(image) => image.to_rgb(),
            Pixels::Rgb(image) => image.clone(),
        }
    }
}

/// The picture in `bytes`.
///
/// # Errors
///
/// [`ImagingError::UnknownFormat`] for anything but PNG, JPEG, DICOM and TIFF; otherwise the error
/// names what is cut off, broken, too large or not supported.
pub fn read_picture(bytes: &[u8], options: &ReadOptions) -> Result<Picture, ImagingError> {
    match Format::sniff(bytes) {
        Some(Format::Png) => crate::png_decode::decode(bytes, options),
        Some(Format::Jpeg) => crate::jpeg::decode(bytes, options),
        Some(Format::Dicom) => crate::dicom::decode(bytes, options),
        Some(Format::Tiff) => crate::tiff_decode::decode(bytes, options),
        Some(Format::Raw) | None => match options.raw {
            Some(layout) => crate::raw::decode(bytes, layout, options),
            None if crate::dicom::is_bare(bytes) => crate::dicom::decode(bytes, options),
            None => Err(refusal(bytes)),
        },
    }
}

/// What to say about bytes that are no known picture.
fn refusal(bytes: &[u8]) -> ImagingError {
    let looks_like = match bytes {
        [] => "nothing (the file is empty)",
        [b'G', b'I', b'F', b'8', ..] => "GIF",
        [b'B', b'M', ..] => "BMP",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "WebP",
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => "JPEG 2000",
        [0x1f, 0x8b, ..] => "gzip",
        [b'P', b'K', 3, 4, ..] => "a zip archive",
        [b'%', b'P', b'D', b'F', ..] => "PDF",
        _ => "none of the known kinds",
    };
    ImagingError::UnknownFormat { looks_like }
}
