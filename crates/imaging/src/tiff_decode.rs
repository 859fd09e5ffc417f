//! TIFF to picture, decoded by the `tiff` crate, with Pillow's mode conversions.
//!
//! Input: bytes that start with a TIFF marker. Output: a [`Picture`] of the first page. Grey of 1 to 8 bits, colour,
//! palettes; 16-bit grey goes through a window unless [`Sixteen::PillowClip`] asks for Pillow's clipping. The orientation
//! tag is applied, as Pillow does for this format and for no other. Uncompressed, `PackBits`, LZW and deflate are read.

use std::io::Cursor;

use tiff::decoder::{Decoder, DecodingResult, Limits as TiffLimits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError, TiffUnsupportedError};

use crate::ImagingError;
use crate::raster::{ImageSize, Raster};
use crate::read::{Format, Limits, Notice, Picture, Pixels, ReadOptions, Sixteen};
use crate::window::{AppliedWindow, DeepGrey, WindowOrigin};

/// The picture in a TIFF file.
pub(crate) fn decode(bytes: &[u8], options: &ReadOptions) -> Result<Picture, ImagingError> {
    let page = Page::read(bytes, &options.limits)?;
    let mut notices = Vec::new();
    if page.has_others {
        notices.push(Notice::OtherPages);
    }
    if matches!(page.colour, ColorType::GrayA(_) | ColorType::RGBA(_)) {
        notices.push(Notice::AlphaDropped);
    }
    let mut window = None;
    let size = page.size;
    let pixels = match (page.colour, &page.samples) {
        (ColorType::Gray(bits @ 1..=8), Samples::Bytes(bytes)) => {
            let levels = unpacked(bytes, size, 1, bits)?;
            let spread = 255 / (u16::MAX >> (16 - u16::from(bits)));
            let levels = levels.map(|level| level * u8::try_from(spread).unwrap_or(1));
            Pixels::Grey(Raster::new(size, levels.collect())?)
        }
        (ColorType::Gray(16), Samples::Words(words)) => {
            let (image, applied) = deep_grey(size, words, options, &mut notices)?;
            window = Some(applied);
            Pixels::Grey(image)
        }
        (ColorType::GrayA(8), Samples::Bytes(bytes)) => {
            Pixels::Grey(Raster::new(size, bytes.iter().step_by(2).copied().collect())?)
        }
        (ColorType::GrayA(16), Samples::Words(words)) => {
            let levels: Vec<u16> = words.iter().step_by(2).copied().collect();
            let (image, applied) = deep_grey(size, &levels, options, &mut notices)?;
            window = Some(applied);
            Pixels::Grey(image)
        }
        (ColorType::RGB(8), Samples::Bytes(bytes)) => {
            Pixels::Rgb(Raster::new(size, bytes.clone())?)
        }
        (ColorType::RGBA(8), Samples::Bytes(bytes)) => Pixels::Rgb(Raster::new(
            size,
            bytes.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect(),
        )?),
        (ColorType::RGB(16) | ColorType::RGBA(16), Samples::Words(words)) => {
            notices.push(Notice::SixteenBitColour);
            let step = usize::from(page.colour.num_samples());
            let colours = words.chunks_exact(step).flat_map(|pixel| &pixel[..3]);
            Pixels::Rgb(Raster::new(size, colours.map(|&sample| high_byte(sample)).collect())?)
        }
        (ColorType::Palette(bits @ 1..=8), Samples::Bytes(bytes)) => {
            let n_colours = page.palette.len() / 3;
            let colour = |index: u8| {
                let level = |part: usize| {
                    let place = usize::from(index) + part * n_colours;
                    let known = usize::from(index) < n_colours;
                    page.palette.get(place).filter(|_| known).map_or(0, |&entry| high_byte(entry))
                };
                [level(0), level(1), level(2)]
            };
            let indices = unpacked(bytes, size, 1, bits)?;
            Pixels::Rgb(Raster::new(size, indices.flat_map(colour).collect())?)
        }
        (other, _) => return Err(unsupported(format!("samples of the kind {other:?}"))),
    };
    let pixels = match pixels {
        Pixels::Grey(image) => Pixels::Grey(image.turned(page.orientation)),
        Pixels::Rgb(image) => Pixels::Rgb(image.turned(page.orientation)),
    };
    let bits = page.colour.bit_depth();
    Ok(Picture { pixels, format: Format::Tiff, bits, window, dicom: None, notices })
}

enum Samples {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
}

/// The first page of a file.
struct Page {
    size: ImageSize,
    colour: ColorType,
    samples: Samples,
    palette: Vec<u16>,
    orientation: u16,
    has_others: bool,
}

impl Page {
    fn read(bytes: &[u8], limits: &Limits) -> Result<Self, ImagingError> {
        let mut tiff_limits = TiffLimits::default();
        tiff_limits.decoding_buffer_size = limits.max_decoder_bytes.saturating_mul(4);
        tiff_limits.intermediate_buffer_size = limits.max_decoder_bytes;
        let decoder = Decoder::new(Cursor::new(bytes)).map_err(|error| refusal(&error))?;
        let mut decoder = decoder.with_limits(tiff_limits);
        let (width, height) = decoder.dimensions().map_err(|error| refusal(&error))?;
        let size = limits.size(width, height)?;
        let colour = decoder.colortype().map_err(|error| refusal(&error))?;
        let palette = match colour {
            ColorType::Palette(_) => decoder.get_tag_u16_vec(Tag::ColorMap),
            _ => Ok(Vec::new()),
        };
        let palette = palette.map_err(|error| refusal(&error))?;
        let orientation = decoder.find_tag_unsigned(Tag::Orientation).ok().flatten().unwrap_or(1);
        let has_others = decoder.more_images();
        // The samples cannot be more than a thousand times the file (deflate), nor do they have to be looked for.
        let samples = match decoder.read_image().map_err(|error| refusal(&error))? {
            DecodingResult::U8(bytes) => Samples::Bytes(bytes),
            DecodingResult::U16(words) => Samples::Words(words),
            _ => {
                return Err(unsupported(
                    "samples of more than 16 bits, signed or of floating point",
                ));
            }
        };
        Ok(Self { size, colour, samples, palette, orientation, has_others })
    }
}

fn deep_grey(
    size: ImageSize,
    levels: &[u16],
    options: &ReadOptions,
    notices: &mut Vec<Notice>,
) -> Result<(Raster<1>, AppliedWindow), ImagingError> {
    if options.sixteen == Sixteen::PillowClip {
        let clipped = levels.iter().map(|&level| u8::try_from(level).unwrap_or(u8::MAX)).collect();
        let window = AppliedWindow { low: 0.0, high: 255.0, origin: WindowOrigin::PillowClip };
        return Ok((Raster::new(size, clipped)?, window));
    }
    if levels.len() != size.n_pixels() {
        return Err(malformed("its samples do not fill its size"));
    }
    DeepGrey { size, samples: levels, bits: 16 }.windowed(options.window(), notices)
}

/// Samples of 1 to 8 bits, of rows that start at whole bytes.
fn unpacked(
    packed: &[u8],
    size: ImageSize,
    per_pixel: usize,
    bits: u8,
) -> Result<impl Iterator<Item = u8>, ImagingError> {
    let (per_row, bits) = (size.columns() * per_pixel, usize::from(bits));
    let row_length = (per_row * bits).div_ceil(8);
    if ![1, 2, 4, 8].contains(&bits) || packed.len() != row_length * size.rows() {
        return Err(malformed("its samples do not fill its size"));
    }
    let mask = u8::MAX >> (8 - bits);
    Ok(packed.chunks_exact(row_length).flat_map(move |row| {
        (0..per_row).map(move |idx| {
            let first_bit = idx * bits;
            (row[first_bit / 8] >> (8 - bits - first_bit % 8)) & mask
        })
    }))
}

fn high_byte(sample: u16) -> u8 {
    sample.to_be_bytes()[0]
}

/// Our error for the decoder's.
fn refusal(error: &TiffError) -> ImagingError {
    match error {
        TiffError::IoError(_) => ImagingError::Truncated {
            format: Format::Tiff,
            place: "a directory or the samples".to_owned(),
        },
        TiffError::UnsupportedError(TiffUnsupportedError::UnsupportedCompressionMethod(method)) => {
            unsupported(format!("compression {method:?}"))
        }
        TiffError::UnsupportedError(other) => unsupported(other.to_string()),
        TiffError::LimitsExceeded => malformed("decoding it takes more memory than allowed"),
        other => malformed(&other.to_string()),
    }
}

fn malformed(detail: &str) -> ImagingError {
    ImagingError::Malformed { format: Format::Tiff, detail: detail.to_owned() }
}

fn unsupported(feature: impl Into<String>) -> ImagingError {
    ImagingError::Unsupported { format: Format::Tiff, feature: feature.into() }
}
