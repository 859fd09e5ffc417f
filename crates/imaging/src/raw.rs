//! Samples without a header, as NHANES II publishes its films (`.nh2`): the caller says what they are.
//!
//! Input: bytes, and a [`RawLayout`]. Output: a grey [`Picture`] through the window of the caller's choice.

use std::fmt;
use std::str::FromStr;

use crate::ImagingError;
use crate::raster::{ImageSize, Raster};
use crate::read::{Format, Notice, Picture, Pixels, ReadOptions};
use crate::window::DeepGrey;

/// Size and depth of samples that have no header: one or two bytes each, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawLayout {
    size: ImageSize,
    bits: u8,
    /// Whether the higher byte of a sample comes first; where it is open, what fits its bits decides.
    big_endian: Option<bool>,
}

impl fmt::Display for RawLayout {
    /// In the form in which it is read.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.big_endian {
            Some(true) => ",be",
            Some(false) => ",le",
            None => "",
        };
        write!(formatter, "{}x{},{}{order}", self.size.width(), self.size.height(), self.bits)
    }
}

impl FromStr for RawLayout {
    type Err = ImagingError;

    /// `WIDTHxHEIGHT,BITS`, with `,be` behind it where the higher byte comes first, `,le` where the lower one does.
    fn from_str(text: &str) -> Result<Self, ImagingError> {
        let invalid = || ImagingError::InvalidRawLayout { text: text.to_owned() };
        let stated = |suffix| text.strip_suffix(suffix);
        let (numbers, big_endian) = match (stated(",be"), stated(",le")) {
            (Some(numbers), _) => (numbers, Some(true)),
            (_, Some(numbers)) => (numbers, Some(false)),
            _ => (text, None),
        };
        let (size, bits) = numbers.split_once(',').ok_or_else(invalid)?;
        let (width, height) = size.split_once('x').ok_or_else(invalid)?;
        let number = |part: &str| part.parse::<u32>().map_err(|_| invalid());
        let size = ImageSize::new(number(width)?, number(height)?).map_err(|_| invalid())?;
        let bits = bits.parse().ok().filter(|bits| (1..=16).contains(bits)).ok_or_else(invalid)?;
        Ok(Self { size, bits, big_endian })
    }
}

/// The picture in samples of this layout.
pub(crate) fn decode(
    bytes: &[u8],
    layout: RawLayout,
    options: &ReadOptions,
) -> Result<Picture, ImagingError> {
    let RawLayout { size, bits, big_endian } = layout;
    options.limits.size(size.width(), size.height())?;
    let bytes_each = usize::from(bits.div_ceil(8));
    let expected = size.n_pixels() * bytes_each;
    if bytes.len() != expected {
        return Err(ImagingError::RawLength { expected, found: bytes.len() });
    }
    let mut samples: Vec<u16> = if bytes_each == 1 {
        bytes.iter().map(|&byte| byte.into()).collect()
    } else {
        bytes.as_chunks().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect()
    };
    let highest = u16::MAX >> (16 - bits);
    let fits = |sample: u16| sample <= highest;
    let mut notices = vec![Notice::NoHeader];
    let is_swapped = bytes_each == 2
        && big_endian.unwrap_or_else(|| {
            !samples.iter().all(|&sample| fits(sample))
                && samples.iter().all(|&sample| fits(sample.swap_bytes()))
        });
    if is_swapped {
        for sample in &mut samples {
            *sample = sample.swap_bytes();
        }
        if big_endian.is_none() {
            notices.push(Notice::HigherByteFirst);
        }
    }
    if let Some(place) = samples.iter().position(|&sample| !fits(sample)) {
        return Err(ImagingError::RawSample { place, found: samples[place], bits });
    }
    if bits == 8 {
        let pixels = Pixels::Grey(Raster::new(size, bytes.to_vec())?);
        return Ok(Picture {
            pixels,
            format: Format::Raw,
            bits,
            window: None,
            dicom: None,
            notices,
        });
    }
    let deep = DeepGrey { size, samples: &samples, bits };
    let (image, window) = deep.windowed(options.window(), &mut notices)?;
    let (pixels, window) = (Pixels::Grey(image), Some(window));
    Ok(Picture { pixels, format: Format::Raw, bits, window, dicom: None, notices })
}
