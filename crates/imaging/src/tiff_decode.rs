//! TIFF to picture, with Pillow's mode conversions.
//!
//! Input: bytes that start with a TIFF marker, classic or `BigTIFF`. Output: a [`Picture`] of the first page. Grey of 1, 2,
//! 4 and 8 to 16 bits, palettes, RGB, CMYK and `YCbCr`, in strips or tiles, pixel by pixel or plane by plane; deep grey goes
//! through a window unless [`Sixteen::PillowClip`] asks for Pillow's clipping. The orientation tag is applied, as Pillow does
//! for this format and for no other. Uncompressed, `PackBits`, LZW, deflate and JPEG are read.

mod chunk;
mod directory;

use crate::ImagingError;
use crate::codec::Fault;
use crate::jpeg;
use crate::raster::{ImageSize, Raster, RgbImage};
use crate::read::{Format, Limits, Notice, Picture, Pixels, ReadOptions, Sixteen};
use crate::window::{AppliedWindow, DeepGrey, WindowOrigin};

use self::chunk::{Chunks, Coding};
use self::directory::{Directory, tag};

/// The picture in a TIFF file.
pub(crate) fn decode(bytes: &[u8], options: &ReadOptions) -> Result<Picture, ImagingError> {
    read(bytes, options).map_err(|fault| fault.in_file(Format::Tiff))
}

fn read(bytes: &[u8], options: &ReadOptions) -> Result<Picture, Fault> {
    let directory = Directory::first(bytes)?;
    let layout = Layout::read(&directory, &options.limits)?;
    let chunks = Chunks::read(&directory, &layout)?;
    let mut notices = Vec::new();
    if directory.has_others {
        notices.push(Notice::OtherPages);
    }
    if layout.n_stored > layout.kind.n_channels() {
        notices.push(Notice::AlphaDropped);
    }
    let samples = chunks.decode(&directory, &layout, &options.limits)?;
    let (size, bits) = (layout.size, layout.bits);
    let mut window = None;
    let pixels = match layout.kind {
        Kind::Grey { white_is_zero } => {
            let mut levels = samples;
            if white_is_zero {
                let highest = u16::MAX >> (16 - bits);
                for level in &mut levels {
                    *level = highest - *level;
                }
            }
            if bits <= 8 {
                let spread = 255 / (u16::MAX >> (16 - bits));
                let levels = levels.iter().map(|&level| low_byte(level * spread)).collect();
                Pixels::Grey(Raster::from_counted(size, levels))
            } else {
                let (image, applied) = deep_grey(size, bits, &levels, options, &mut notices)?;
                window = Some(applied);
                Pixels::Grey(image)
            }
        }
        Kind::Palette => {
            let palette = directory.numbers(tag::COLOUR_MAP)?;
            let n_colours = palette.len() / 3;
            let colour = |&index: &u16| {
                let known = usize::from(index) < n_colours;
                [0, 1, 2].map(|part| {
                    let entry = palette.get(usize::from(index) + part * n_colours);
                    entry.filter(|_| known).map_or(0, |&entry| entry.to_le_bytes()[1])
                })
            };
            Pixels::Rgb(Raster::from_counted(size, samples.iter().flat_map(colour).collect()))
        }
        _ => Pixels::Rgb(colours(&layout, &samples, &mut notices)),
    };
    let orientation = directory.number(tag::ORIENTATION)?.unwrap_or(1);
    let orientation = u16::try_from(orientation).unwrap_or(1);
    let pixels = match pixels {
        Pixels::Grey(image) => Pixels::Grey(image.turned(orientation)),
        Pixels::Rgb(image) => Pixels::Rgb(image.turned(orientation)),
    };
    let bits = u8::try_from(bits).unwrap_or(u8::MAX);
    Ok(Picture { pixels, format: Format::Tiff, bits, window, dicom: None, notices })
}

/// What the channels of a pixel are; alpha and what else comes behind them is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Grey {
        white_is_zero: bool,
    },
    Palette,
    Rgb {
        /// Whether colours were multiplied by the alpha behind them, which Pillow undoes.
        premultiplied: bool,
    },
    Cmyk,
    YCbCr,
}

impl Kind {
    fn n_channels(self) -> usize {
        match self {
            Self::Grey { .. } | Self::Palette => 1,
            Self::Rgb { .. } | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }

    /// How many channels have a say in a pixel.
    fn n_kept(self) -> usize {
        self.n_channels() + usize::from(self == Self::Rgb { premultiplied: true })
    }
}

/// How the samples of a page are stored.
#[derive(Debug)]
struct Layout {
    size: ImageSize,
    kind: Kind,
    /// Samples of a pixel.
    n_stored: usize,
    /// Bits of a sample.
    bits: u16,
    /// Whether channels lie in planes of their own.
    planar: bool,
    coding: Coding,
    /// Whether rows hold differences.
    differences: bool,
    /// Whether the first pixel stands in the lowest bit of a byte.
    lowest_bit_first: bool,
}

impl Layout {
    fn read(directory: &Directory<'_>, limits: &Limits) -> Result<Self, Fault> {
        let required = |tag, name: &'static str| {
            directory.number(tag)?.ok_or(Fault::Broken(format!("it has no {name}").into()))
        };
        let extent = |tag, name| Ok(u32::try_from(required(tag, name)?).unwrap_or(u32::MAX));
        let size =
            limits.size(extent(tag::WIDTH, "ImageWidth")?, extent(tag::LENGTH, "ImageLength")?);
        let size = size.map_err(Fault::Refused)?;
        let n_stored = directory.number(tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
        let n_stored = usize::try_from(n_stored).unwrap_or(usize::MAX);
        if !(1..=8).contains(&n_stored) {
            return Fault::unsupported(format!("pixels of {n_stored} samples"));
        }
        let depths = directory.numbers(tag::BITS_PER_SAMPLE)?;
        let bits = depths.first().copied().unwrap_or(1);
        if depths.iter().any(|&depth| depth != bits) {
            return Fault::unsupported("samples of several depths");
        }
        if directory.numbers(tag::SAMPLE_FORMAT)?.iter().any(|&format| format != 1 && format != 4) {
            return Fault::unsupported("samples that are signed or of floating point");
        }
        let Ok(bits @ (1 | 2 | 4 | 8..=16)) = u16::try_from(bits) else {
            return Fault::unsupported(format!("samples of {bits} bits"));
        };
        let extra = directory.number(tag::EXTRA_SAMPLES)?;
        let kind = match required(tag::PHOTOMETRIC, "PhotometricInterpretation")? {
            photometric @ (0 | 1) => Kind::Grey { white_is_zero: photometric == 0 },
            2 => Kind::Rgb { premultiplied: n_stored > 3 && extra == Some(1) },
            3 => Kind::Palette,
            5 => Kind::Cmyk,
            6 => Kind::YCbCr,
            _ => {
                return Fault::unsupported(
                    "a colour model other than grey, palettes, RGB, CMYK and YCbCr",
                );
            }
        };
        if n_stored < kind.n_channels() {
            return Fault::broken("a pixel has fewer samples than its colour model");
        }
        let deepest = if matches!(kind, Kind::Palette | Kind::Cmyk | Kind::YCbCr) { 8 } else { 16 };
        if bits > deepest || (kind.n_channels() > 1 && bits != 8 && bits != 16) {
            return Fault::unsupported(format!("samples of {bits} bits in this colour model"));
        }
        let coding = Coding::read(directory)?;
        let sampling = directory.numbers(tag::YCBCR_SAMPLING)?;
        if kind == Kind::YCbCr && coding != Coding::Jpeg && sampling != [1, 1] {
            return Fault::unsupported("shared chroma that is not coded as JPEG");
        }
        let differences = match directory.number(tag::PREDICTOR)?.unwrap_or(1) {
            1 => false,
            2 if bits == 8 || bits == 16 => true,
            _ => return Fault::unsupported("a predictor for other than samples of 8 or 16 bits"),
        };
        let planar = match directory.number(tag::PLANAR)?.unwrap_or(1) {
            1 => false,
            2 => n_stored > 1,
            _ => return Fault::broken("a PlanarConfiguration that is neither 1 nor 2"),
        };
        let lowest_bit_first = directory.number(tag::FILL_ORDER)? == Some(2);
        Ok(Self { size, kind, n_stored, bits, planar, coding, differences, lowest_bit_first })
    }
}

/// Deep colours keep their high bytes, as in Pillow.
fn colours(layout: &Layout, samples: &[u16], notices: &mut Vec<Notice>) -> RgbImage {
    let shift = layout.bits - 8;
    if shift > 0 {
        notices.push(Notice::SixteenBitColour);
    }
    let is_coded_ycc = layout.kind == Kind::YCbCr && layout.coding == Coding::Jpeg;
    let pixels = samples.chunks_exact(layout.kind.n_kept()).flat_map(|pixel| {
        let level = |channel: usize| low_byte(pixel[channel] >> shift);
        let three = [level(0), level(1), level(2)];
        match layout.kind {
            Kind::Rgb { premultiplied: true } => three.map(|part| match u16::from(level(3)) {
                0 => 0,
                alpha => low_byte((u16::from(part) * 255 / alpha).min(255)),
            }),
            Kind::Cmyk => jpeg::rgb_from_inks(three, level(3)),
            Kind::YCbCr if !is_coded_ycc => crate::raster::rgb_of_ycc(three),
            _ => three,
        }
    });
    Raster::from_counted(layout.size, pixels.collect())
}

fn deep_grey(
    size: ImageSize,
    bits: u16,
    levels: &[u16],
    options: &ReadOptions,
    notices: &mut Vec<Notice>,
) -> Result<(Raster<1>, AppliedWindow), Fault> {
    if options.sixteen == Sixteen::PillowClip {
        let clipped = levels.iter().map(|&level| low_byte(level)).collect();
        let window = AppliedWindow { low: 0.0, high: 255.0, origin: WindowOrigin::PillowClip };
        return Ok((Raster::from_counted(size, clipped), window));
    }
    let bits = u8::try_from(bits).unwrap_or(16);
    DeepGrey { size, samples: levels, bits }
        .windowed(options.window(), notices)
        .map_err(Fault::Refused)
}

/// A level, 255 for any above it.
fn low_byte(level: u16) -> u8 {
    u8::try_from(level).unwrap_or(u8::MAX)
}
