//! From deep grey levels to 8 bits through a window.
//!
//! Input: samples of up to 16 bits, the value each stands for, and the window wanted. Output: levels 0..255 and the
//! window that was used. Our rule (generator rules, section 16): without a window of its own, a picture's is from its
//! 0.5 to its 99.5 percentile (linear method of the resampling rules), mapped linearly and rounded half to even.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use crate::ImagingError;
use crate::raster::{GreyImage, ImageSize, Raster};
use crate::read::Notice;

/// The window a caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum WindowChoice {
    /// The file's own (DICOM), else the percentiles.
    #[default]
    Default,
    /// The 0.5 and 99.5 percentiles, even if the file has a window.
    Percentiles,
    /// Every value that a sample can stand for: 0..65535 in a 16-bit PNG.
    Full,
    /// These bounds.
    Bounds(WindowBounds),
    /// One of the file's own windows (DICOM), counted from 1.
    Numbered(NonZeroU16),
}

impl fmt::Display for WindowChoice {
    /// In the form in which the command line takes it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::Percentiles => formatter.write_str("percentile"),
            Self::Full => formatter.write_str("full"),
            Self::Bounds(WindowBounds { low, high }) => write!(formatter, "{low},{high}"),
            Self::Numbered(number) => write!(formatter, "{number}"),
        }
    }
}

/// Two finite numbers, the first below the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowBounds {
    low: f64,
    high: f64,
}

impl WindowBounds {
    /// A window from `low` (black) to `high` (white).
    ///
    /// # Errors
    ///
    /// [`ImagingError::InvalidWindow`] unless both are finite and `low < high`.
    pub fn new(low: f64, high: f64) -> Result<Self, ImagingError> {
        if low.is_finite() && high.is_finite() && low < high && (high - low).is_finite() {
            return Ok(Self { low, high });
        }
        Err(ImagingError::InvalidWindow { text: format!("{low},{high}") })
    }

    /// The value that turns black.
    #[must_use]
    pub fn low(self) -> f64 {
        self.low
    }

    /// The value that turns white.
    #[must_use]
    pub fn high(self) -> f64 {
        self.high
    }
}

impl FromStr for WindowChoice {
    type Err = ImagingError;

    /// `full`, `percentile`, `LO,HI`, or the number of a window of the file.
    fn from_str(text: &str) -> Result<Self, ImagingError> {
        let invalid = || ImagingError::InvalidWindow { text: text.to_owned() };
        match text {
            "full" => Ok(Self::Full),
            "percentile" => Ok(Self::Percentiles),
            _ => {
                let Some((low, high)) = text.split_once(',') else {
                    return text.parse().map(Self::Numbered).map_err(|_| invalid());
                };
                let number = |part: &str| part.trim().parse::<f64>().map_err(|_| invalid());
                WindowBounds::new(number(low)?, number(high)?)
                    .map(Self::Bounds)
                    .map_err(|_| invalid())
            }
        }
    }
}

/// Where the window that was used came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowOrigin {
    /// The 0.5 and 99.5 percentiles of the picture.
    Percentiles,
    /// The caller.
    Given,
    /// The range of the samples.
    Full,
    /// The first window of the DICOM file.
    VoiWindow,
    /// The first VOI look-up table of the DICOM file; the bounds are its first and last input.
    VoiTable,
    /// None: levels above 255 were clipped.
    PillowClip,
}

impl WindowOrigin {
    /// The name that metadata record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Percentiles => "percentiles-0.5-99.5",
            Self::Given => "given",
            Self::Full => "full",
            Self::VoiWindow => "dicom-voi-window",
            Self::VoiTable => "dicom-voi-lut",
            Self::PillowClip => "pillow-clip",
        }
    }
}

/// The window that was used, to be recorded with the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AppliedWindow {
    /// The value that turned black.
    pub low: f64,
    /// The value that turned white.
    pub high: f64,
    /// Where it came from.
    pub origin: WindowOrigin,
}

impl fmt::Display for AppliedWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {} ({})", self.low, self.high, self.origin.name())
    }
}

/// Grey samples that stand for themselves, and how many bits each may take.
pub(crate) struct DeepGrey<'a> {
    pub(crate) size: ImageSize,
    pub(crate) samples: &'a [u16],
    pub(crate) bits: u8,
}

impl DeepGrey<'_> {
    /// The picture through the window of the caller's choice, its percentiles without one.
    pub(crate) fn windowed(
        &self,
        choice: WindowChoice,
        notices: &mut Vec<Notice>,
    ) -> Result<(GreyImage, AppliedWindow), ImagingError> {
        let histogram = Histogram::of(self.samples);
        if histogram.is_constant() {
            notices.push(Notice::ConstantPicture);
        }
        let ((low, high), origin) = match choice {
            WindowChoice::Default | WindowChoice::Percentiles => {
                (histogram.percentile_window(f64::from), WindowOrigin::Percentiles)
            }
            WindowChoice::Full => ((0.0, f64::from((1_u32 << self.bits) - 1)), WindowOrigin::Full),
            WindowChoice::Bounds(bounds) => ((bounds.low(), bounds.high()), WindowOrigin::Given),
            WindowChoice::Numbered(number) => {
                return Err(ImagingError::NoSuchWindow { window: number.get() });
            }
        };
        let table: Vec<u8> =
            (0..=u16::MAX).map(|value| level(f64::from(value), low, high)).collect();
        let levels = self.samples.iter().map(|&value| table[usize::from(value)]).collect();
        Ok((Raster::from_counted(self.size, levels), AppliedWindow { low, high, origin }))
    }
}

/// The level of `value` in a linear window; a window without width is a step just above `low`.
pub(crate) fn level(value: f64, low: f64, high: f64) -> u8 {
    if value <= low {
        0
    } else if value >= high {
        255
    } else {
        to_level((value - low) / (high - low) * 255.0)
    }
}

/// A level rounded half to even.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=255 just before"
)]
pub(crate) fn to_level(exact: f64) -> u8 {
    exact.round_ties_even().clamp(0.0, 255.0) as u8
}

/// How often each of the 65,536 bit patterns occurs; radiographs have far more pixels than levels.
pub(crate) struct Histogram {
    counts: Vec<u64>,
}

impl Histogram {
    pub(crate) fn of(samples: &[u16]) -> Self {
        let mut counts = vec![0; 1 << 16];
        for &sample in samples {
            counts[usize::from(sample)] += 1;
        }
        Self { counts }
    }

    /// The 0.5 and 99.5 percentiles of what the samples stand for.
    pub(crate) fn percentile_window(&self, value_of: impl Fn(u16) -> f64) -> (f64, f64) {
        let occurring = (0..=u16::MAX).zip(&self.counts).filter(|&(_, &count)| count > 0);
        let mut values: Vec<(f64, u64)> =
            occurring.map(|(sample, &count)| (value_of(sample), count)).collect();
        values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        (percentile(&values, 0.005), percentile(&values, 0.995))
    }

    /// Takes out the patterns that are no part of the picture, unless nothing would be left; gives their number.
    pub(crate) fn leave_out(&mut self, is_padding: impl Fn(u16) -> bool) -> u64 {
        let total: u64 = self.counts.iter().sum();
        let padding = (0..=u16::MAX).zip(&self.counts).filter(|&(sample, _)| is_padding(sample));
        let n_padding = padding.map(|(_, &count)| count).sum();
        if n_padding == total {
            return 0;
        }
        for (sample, count) in (0..=u16::MAX).zip(&mut self.counts) {
            if is_padding(sample) {
                *count = 0;
            }
        }
        n_padding
    }

    /// Whether one pattern is all there is.
    pub(crate) fn is_constant(&self) -> bool {
        self.counts.iter().filter(|&&count| count > 0).count() == 1
    }
}

/// The 0.5 and 99.5 percentiles of `count` values, of which `at` gives one by its rank.
pub(crate) fn percentiles_of_sorted(count: usize, at: impl Fn(usize) -> f64) -> (f64, f64) {
    let at = |index: u64| at(usize::try_from(index).unwrap_or(usize::MAX));
    let of = |quantile| interpolated(count as u64, quantile, at);
    (of(0.005), of(0.995))
}

/// NumPy's linear percentile of values given with their counts, in rising order.
fn percentile(values: &[(f64, u64)], quantile: f64) -> f64 {
    let total: u64 = values.iter().map(|&(_, count)| count).sum();
    interpolated(total, quantile, |index| {
        let mut before = 0;
        let found = values.iter().find(|&&(_, count)| {
            before += count;
            index < before
        });
        found.expect("the index is below the total").0
    })
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions are counts of pixels, far below 2^53"
)]
fn interpolated(total: u64, quantile: f64, at: impl Fn(u64) -> f64) -> f64 {
    let position = (total - 1) as f64 * quantile;
    let (index, fraction) = (position.floor(), position - position.floor());
    let (a, b) = (at(index as u64), at((index as u64 + 1).min(total - 1)));
    let gap = b - a;
    if fraction < 0.5 { a + gap * fraction } else { b - gap * (1.0 - fraction) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_two_rising_numbers_or_a_word() {
        assert_eq!("full".parse(), Ok(WindowChoice::Full));
        assert_eq!(
            "-10, 2.5".parse(),
            Ok(WindowChoice::Bounds(WindowBounds { low: -10.0, high: 2.5 }))
        );
        assert_eq!("2".parse(), Ok(WindowChoice::Numbered(NonZeroU16::new(2).unwrap())));
        for text in
            ["", "0", "-1", "1.5", "5,5", "6,5", "nan,1", "0,inf", "a,b", "1,2,3", "-1e308,1e308"]
        {
            let error = WindowChoice::from_str(text).unwrap_err();
            assert_eq!(error, ImagingError::InvalidWindow { text: text.to_owned() });
        }
    }

    #[test]
    fn halves_go_to_the_even_level() {
        assert_eq!([0.5, 1.5, 2.5, 254.5].map(|value| level(value, 0.0, 255.0)), [0, 2, 2, 254]);
    }

    #[test]
    fn a_window_without_width_is_a_step() {
        assert_eq!([6.0, 7.0, 8.0].map(|value| level(value, 7.0, 7.0)), [0, 0, 255]);
    }
}
