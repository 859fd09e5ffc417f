//! PNG to picture, with Pillow's mode conversions.
//!
//! Input: bytes that start with the PNG signature. Output: a [`Picture`]. Every depth, colour type and interlacing of the
//! standard is read; alpha is dropped, colour profiles and gamma are ignored, of an animation the default image is
//! taken, 16-bit colour keeps its high bytes: all as Pillow does. 16-bit grey goes through a window unless
//! [`Sixteen::PillowClip`] asks for Pillow's clipping. Stricter than Pillow: every checksum is verified, and a file must
//! reach its `IEND`.

use std::io::{Cursor, ErrorKind};

use png::{BitDepth, ColorType, DecodingError};

use crate::ImagingError;
use crate::png_chunks;
use crate::raster::{GreyImage, ImageSize, Raster, RgbImage};
use crate::read::{Format, Limits, Notice, Picture, Pixels, ReadOptions, Sixteen};
use crate::window::{AppliedWindow, DeepGrey, WindowOrigin};

/// The picture in a PNG file.
pub(crate) fn decode(bytes: &[u8], options: &ReadOptions) -> Result<Picture, ImagingError> {
    let survey = png_chunks::survey(bytes, &options.limits)?;
    let packed = Packed::decode(bytes, survey.size, &options.limits)?;
    let mut notices = Vec::new();
    if survey.trailing_bytes > 0 {
        notices.push(Notice::TrailingBytes { count: survey.trailing_bytes });
    }
    notices.extend(Notice::for_orientation(survey.orientation));
    if survey.animated {
        notices.push(Notice::AnimationFirstFrame);
    }
    if packed.transparent || matches!(packed.colour, ColorType::GrayscaleAlpha | ColorType::Rgba) {
        notices.push(Notice::AlphaDropped);
    }
    let deep = packed.depth == BitDepth::Sixteen;
    if deep && matches!(packed.colour, ColorType::Rgb | ColorType::Rgba) {
        notices.push(Notice::SixteenBitColour);
    }
    let (pixels, window) = match packed.colour {
        ColorType::Grayscale | ColorType::GrayscaleAlpha if deep => {
            let (image, window) = packed.deep_grey(options.sixteen, &mut notices)?;
            (Pixels::Grey(image), Some(window))
        }
        ColorType::Grayscale | ColorType::GrayscaleAlpha => (Pixels::Grey(packed.grey()), None),
        ColorType::Indexed => (Pixels::Rgb(packed.looked_up()), None),
        ColorType::Rgb | ColorType::Rgba => (Pixels::Rgb(packed.rgb()), None),
    };
    let bits = packed.depth as u8;
    Ok(Picture { pixels, format: Format::Png, bits, window, dicom: None, notices })
}

/// Samples as the file holds them: rows of packed bits, big-endian.
struct Packed {
    size: ImageSize,
    colour: ColorType,
    depth: BitDepth,
    palette: Vec<u8>,
    transparent: bool,
    line_length: usize,
    samples: Vec<u8>,
}

impl Packed {
    fn decode(bytes: &[u8], size: ImageSize, limits: &Limits) -> Result<Self, ImagingError> {
        let mut options = png::DecodeOptions::default();
        options.set_ignore_text_chunk(true);
        options.set_ignore_iccp_chunk(true);
        options.set_ignore_adler32(false);
        // The survey has verified every chunk.
        options.set_ignore_crc(true);
        let mut decoder = png::Decoder::new_with_options(Cursor::new(bytes), options);
        decoder.set_limits(png::Limits { bytes: limits.max_decoder_bytes });
        decoder.set_transformations(png::Transformations::IDENTITY);
        let mut reader = decoder.read_info().map_err(|error| refusal(&error))?;
        let length =
            reader.output_buffer_size().ok_or_else(|| malformed("its rows are too long"))?;
        let mut samples = vec![0; length];
        let frame = reader.next_frame(&mut samples).map_err(|error| refusal(&error))?;
        if (frame.width, frame.height) != (size.width(), size.height()) {
            return Err(malformed("its first frame is not as large as its header says"));
        }
        let info = reader.info();
        Ok(Self {
            size,
            colour: frame.color_type,
            depth: frame.bit_depth,
            palette: info.palette.as_deref().unwrap_or_default().to_vec(),
            transparent: info.trns.is_some(),
            line_length: frame.line_size,
            samples,
        })
    }

    /// One sample of one channel after the other, row by row, 16-bit ones reduced to their high byte.
    fn unpacked(&self) -> impl Iterator<Item = u8> {
        let per_row = self.size.columns() * self.colour.samples();
        let bits = match self.depth {
            BitDepth::Sixteen => 8,
            depth => depth as usize,
        };
        let bytes_each = if self.depth == BitDepth::Sixteen { 2 } else { 1 };
        let mask = u8::try_from((1_u32 << bits) - 1).expect("at most 8 bits");
        self.samples.chunks_exact(self.line_length).flat_map(move |line| {
            (0..per_row).map(move |idx| {
                let first_bit = idx * bits;
                let byte = line[first_bit / 8 * bytes_each];
                (byte >> (8 - bits - first_bit % 8)) & mask
            })
        })
    }

    /// Grey of up to 8 bits; levels of fewer bits are spread evenly over 0..255.
    fn grey(&self) -> GreyImage {
        let spread = match self.depth {
            BitDepth::One => 255,
            BitDepth::Two => 85,
            BitDepth::Four => 17,
            BitDepth::Eight | BitDepth::Sixteen => 1,
        };
        let channels = self.colour.samples();
        Raster::from_counted(
            self.size,
            self.unpacked().step_by(channels).map(|level| level * spread).collect(),
        )
    }

    fn rgb(&self) -> RgbImage {
        if (self.colour, self.depth) == (ColorType::Rgb, BitDepth::Eight) {
            return Raster::from_counted(self.size, self.samples.clone());
        }
        let alpha = self.colour.samples() == 4;
        let kept = self.unpacked().enumerate().filter(|&(idx, _)| !alpha || idx % 4 != 3);
        Raster::from_counted(self.size, kept.map(|(_, sample)| sample).collect())
    }

    /// The palette's colours. An index beyond its end is black, as in Pillow.
    fn looked_up(&self) -> RgbImage {
        let colours = self.palette.as_chunks::<3>().0;
        let colour_of = |index: u8| colours.get(usize::from(index)).copied().unwrap_or_default();
        Raster::from_counted(self.size, self.unpacked().flat_map(colour_of).collect())
    }

    fn deep_grey(
        &self,
        rule: Sixteen,
        notices: &mut Vec<Notice>,
    ) -> Result<(GreyImage, AppliedWindow), ImagingError> {
        let channels = self.colour.samples();
        let levels = self
            .samples
            .as_chunks::<2>()
            .0
            .iter()
            .step_by(channels)
            .map(|&pair| u16::from_be_bytes(pair));
        let levels: Vec<u16> = levels.collect();
        let choice = match rule {
            Sixteen::PillowClip => return Ok(self.pillow_deep_grey(&levels)),
            Sixteen::Windowed(choice) => choice,
        };
        DeepGrey { size: self.size, samples: &levels, bits: 16 }.windowed(choice, notices)
    }

    /// Pillow clips mode `I;16`, and takes the high bytes of grey with alpha.
    fn pillow_deep_grey(&self, levels: &[u16]) -> (GreyImage, AppliedWindow) {
        let alpha = self.colour == ColorType::GrayscaleAlpha;
        let to_level = |&value: &u16| {
            if alpha { value.to_be_bytes()[0] } else { u8::try_from(value).unwrap_or(255) }
        };
        let high = if alpha { f64::from(u16::MAX) } else { 255.0 };
        let window = AppliedWindow { low: 0.0, high, origin: WindowOrigin::PillowClip };
        (Raster::from_counted(self.size, levels.iter().map(to_level).collect()), window)
    }
}

/// Our error for the decoder's.
fn refusal(error: &DecodingError) -> ImagingError {
    match error {
        DecodingError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => cut_short(),
        DecodingError::LimitsExceeded => malformed("decoding it takes more memory than allowed"),
        DecodingError::Format(format) if says_cut_short(&format.to_string()) => cut_short(),
        other => malformed(&other.to_string()),
    }
}

/// The decoder has no variant for a deflate stream that ends before the last row; these are its words, pinned by tests.
fn says_cut_short(words: &str) -> bool {
    ["InsufficientInput", "more image data"].iter().any(|part| words.contains(part))
}

fn cut_short() -> ImagingError {
    ImagingError::Truncated { format: Format::Png, place: "the image data (`IDAT`)".to_owned() }
}

fn malformed(detail: &str) -> ImagingError {
    ImagingError::Malformed { format: Format::Png, detail: detail.to_owned() }
}
