//! JPEG, every Huffman-coded process: baseline, extended, progressive (8 and 12 bits) and lossless (2 to 16 bits).
//!
//! Input: a JPEG stream. Output: a [`Picture`] for a file; the components as they are coded for the DICOM reader. Levels
//! are those of libjpeg with its default settings, and with it Pillow's, to the bit. EXIF orientation is ignored, as in
//! the original. Data that end before the picture does are refused, closed by an end marker or not.

mod blocks;
mod colour;
mod entropy;
mod lossless;
mod stream;
mod transform;
mod upsample;

use crate::ImagingError;
use crate::codec::Fault;
use crate::raster::{ImageSize, Raster};
use crate::read::{Format, Limits, Notice, Picture, Pixels, ReadOptions};
use crate::window::DeepGrey;

use self::blocks::Blocks;
pub(crate) use self::colour::rgb_from_inks;
use self::lossless::Lossless;
use self::stream::{FrameHeader, Part, Process, ScanHeader, Stream};

/// What the components of a stream are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Grey,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

/// The picture in a JPEG file.
pub(crate) fn decode(bytes: &[u8], options: &ReadOptions) -> Result<Picture, ImagingError> {
    read(bytes, options).map_err(|fault| fault.in_file(Format::Jpeg))
}

fn read(bytes: &[u8], options: &ReadOptions) -> Result<Picture, Fault> {
    let jpeg = Jpeg::open(bytes, &options.limits)?;
    let (size, precision, colour) = (jpeg.size(), jpeg.precision(), jpeg.colour()?);
    if precision != 8 && colour != Colour::Grey {
        return Fault::unsupported(format!("{precision}-bit colour"));
    }
    let orientation = jpeg.stream.application.orientation;
    let mut decoded = jpeg.decode()?;
    let mut notices = Vec::new();
    notices.extend(Notice::for_orientation(orientation));
    notices.extend(decoded.notices());
    let mut window = None;
    let pixels = match (colour, &mut decoded.planes[..]) {
        (Colour::Grey, [plane]) if precision == 8 => Pixels::Grey(Raster::from_counted(
            size,
            plane.iter().map(|&level| colour::byte(level)).collect(),
        )),
        (Colour::Grey, [plane]) => {
            let deep = DeepGrey { size, samples: plane, bits: precision };
            let (image, applied) =
                deep.windowed(options.window(), &mut notices).map_err(Fault::Refused)?;
            window = Some(applied);
            Pixels::Grey(image)
        }
        (_, planes) => Pixels::Rgb(Raster::from_counted(size, colour::to_rgb(planes, colour))),
    };
    Ok(Picture { pixels, format: Format::Jpeg, bits: precision, window, dicom: None, notices })
}

/// Interleaved RGB of `YCbCr` of 8 bits.
pub(crate) fn rgb_of_planes(planes: &[Vec<u16>]) -> Vec<u8> {
    colour::to_rgb(planes, Colour::YCbCr)
}

/// A stream whose header was read.
#[derive(Debug)]
pub(crate) struct Jpeg<'a> {
    stream: Stream<'a>,
    frame: FrameHeader,
    first_scan: ScanHeader,
    size: ImageSize,
}

/// A stream that was decoded.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// One for each component, as large as the picture.
    pub(crate) planes: Vec<Vec<u16>>,
    /// Whether the end marker was missing, after all of the picture.
    pub(crate) is_open_ended: bool,
    /// Bytes inside the stream that belong to nothing.
    pub(crate) stray_bytes: usize,
    /// Bytes after the end marker.
    pub(crate) trailing_bytes: usize,
}

/// Whether the first frame header of a JPEG stream is one of JPEG-LS.
pub(crate) fn is_jpeg_ls(bytes: &[u8]) -> bool {
    let mut position = 2;
    while let Some(&[0xff, marker, high, low]) =
        bytes.get(position..).and_then(|rest| rest.first_chunk())
    {
        match marker {
            0xf7 => return true,
            0xff => position += 1,
            0xc0..=0xcf | 0xda if marker != 0xc4 => return false,
            _ => position += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    false
}

impl Decoded {
    /// What a caller may want to say.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        let mut notices = Vec::new();
        if self.is_open_ended {
            notices.push(Notice::EndMarkerMissing);
        }
        if self.stray_bytes > 0 {
            notices.push(Notice::StrayBytes { count: self.stray_bytes });
        }
        if self.trailing_bytes > 0 {
            notices.push(Notice::TrailingBytes { count: self.trailing_bytes });
        }
        notices
    }
}

impl<'a> Jpeg<'a> {
    /// Reads up to the first scan.
    pub(crate) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, Fault> {
        let mut stream = Stream::new(bytes)?;
        let mut frame: Option<FrameHeader> = None;
        loop {
            match stream.next_part(frame.as_ref())? {
                Part::Frame(_) if frame.is_some() => {
                    return Fault::broken("it has a second frame header");
                }
                Part::Frame(found) => frame = Some(found),
                Part::Scan(first_scan) => {
                    // A scan is only given out for a frame.
                    let Some(frame) = frame else { return Err(Fault::Short("its header")) };
                    let size = limits.size(frame.width.into(), frame.height.into());
                    let size = size.map_err(Fault::Refused)?;
                    return Ok(Self { stream, frame, first_scan, size });
                }
                Part::End | Part::DataEnd => return Err(Fault::Short("its header")),
            }
        }
    }

    pub(crate) fn size(&self) -> ImageSize {
        self.size
    }

    /// Bits of a sample.
    pub(crate) fn precision(&self) -> u8 {
        self.frame.precision
    }

    pub(crate) fn n_components(&self) -> usize {
        self.frame.components.len()
    }

    /// What the components are, in libjpeg's order: JFIF first, then Adobe's marker, then the ids.
    pub(crate) fn colour(&self) -> Result<Colour, Fault> {
        let application = &self.stream.application;
        let ids: Vec<u8> = self.frame.components.iter().map(|component| component.id).collect();
        let adobe = application.adobe_transform;
        match ids.len() {
            1 => Ok(Colour::Grey),
            3 if application.jfif => Ok(Colour::YCbCr),
            3 => {
                let is_rgb = adobe.map_or(&ids == b"RGB", |transform| transform == 0);
                Ok(if is_rgb { Colour::Rgb } else { Colour::YCbCr })
            }
            4 if adobe.unwrap_or(0) == 0 => Ok(Colour::Cmyk),
            4 => Ok(Colour::Ycck),
            _ => Fault::unsupported("two components"),
        }
    }

    pub(crate) fn decode(mut self) -> Result<Decoded, Fault> {
        let mut scan = self.first_scan;
        let frame = &self.frame;
        let mut blocks = Body::new(frame)?;
        let is_open_ended = loop {
            let mut bits = self.stream.bits();
            blocks.scan(frame, &scan, &self.stream.tables, &mut bits)?;
            self.stream.leave_scan(&bits);
            match self.stream.next_part(Some(frame))? {
                Part::Scan(next) => scan = next,
                Part::Frame(_) => return Fault::broken("it has a second frame header"),
                Part::End => break false,
                Part::DataEnd => break true,
            }
        };
        if !blocks.is_complete() {
            return Err(blocks::incomplete());
        }
        let trailing_bytes = self.stream.bytes.len().saturating_sub(self.stream.position);
        let stray_bytes = self.stream.stray_bytes;
        Ok(Decoded {
            planes: blocks.into_planes(frame),
            is_open_ended,
            stray_bytes,
            trailing_bytes,
        })
    }
}

/// What scans are collected in.
enum Body {
    Blocks(Blocks),
    Lossless(Lossless),
}

impl Body {
    fn new(frame: &FrameHeader) -> Result<Self, Fault> {
        if frame.process == Process::Lossless {
            return Lossless::new(frame).map(Self::Lossless);
        }
        Blocks::new(frame).map(Self::Blocks)
    }

    fn scan(
        &mut self,
        frame: &FrameHeader,
        scan: &ScanHeader,
        tables: &stream::Tables,
        bits: &mut entropy::BitReader<'_>,
    ) -> Result<(), Fault> {
        match self {
            Self::Blocks(blocks) => blocks.scan(frame, scan, tables, bits),
            Self::Lossless(lossless) => lossless.scan(frame, scan, tables, bits),
        }
    }

    fn is_complete(&self) -> bool {
        match self {
            Self::Blocks(blocks) => blocks.is_complete(),
            Self::Lossless(lossless) => lossless.is_complete(),
        }
    }

    fn into_planes(self, frame: &FrameHeader) -> Vec<Vec<u16>> {
        match self {
            Self::Lossless(lossless) => lossless.into_planes(),
            Self::Blocks(blocks) => blocks.into_planes(frame),
        }
    }
}
