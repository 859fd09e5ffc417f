//! Pillow's 8-bit resize, bit for bit: bicubic (a = -0.5) and Lanczos 3.
//!
//! Input: a picture and the size wanted. Output: the picture at that size; the same size gives a copy.
//! The rule (generator rules, section 9): per axis a weight table in double precision, normalised, turned to integers
//! of 22 fraction bits; two passes with rounding to 8 bits between them, so their order shows in the result. An axis
//! whose size does not change is skipped.

use std::f64::consts::PI;

use crate::raster::{ImageSize, Raster};

/// The interpolation kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Cubic convolution with a = -0.5, support 2: Pillow's `BICUBIC`, the default of `Image.resize`.
    Bicubic,
    /// Windowed sinc, support 3: Pillow's `LANCZOS`.
    Lanczos,
}

/// Which axis is resized first. The picture between the passes is rounded to 8 bits, so results differ by 1 to 2 levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PassOrder {
    /// Always along the rows first: Pillow up to 12.3, with which the release was made.
    #[default]
    HorizontalFirst,
    /// Pillow 13: along the columns first if the height shrinks, and by more than twice what the width shrinks by.
    Pillow13,
}

impl PassOrder {
    /// The name that metadata record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HorizontalFirst => "horizontal-first",
            Self::Pillow13 => "pillow-13",
        }
    }

    fn starts_vertically(self, from: ImageSize, to: ImageSize) -> bool {
        let shrinks_by = |from: u32, to: u32| i64::from(from) - i64::from(to);
        let (rows, columns) =
            (shrinks_by(from.height(), to.height()), shrinks_by(from.width(), to.width()));
        match self {
            Self::HorizontalFirst => false,
            Self::Pillow13 => rows > 0 && rows > 2 * columns,
        }
    }
}

impl<const CHANNELS: usize> Raster<CHANNELS> {
    /// The picture at `size`; the aspect ratio is not kept.
    ///
    /// ```
    /// # use spinefairbench_imaging::{Filter, GreyImage, ImageSize, PassOrder};
    /// let dots = GreyImage::new(ImageSize::new(2, 1)?, vec![0, 255])?;
    /// let wide = dots.resized(ImageSize::new(4, 1)?, Filter::Bicubic, PassOrder::default());
    /// assert_eq!(wide.samples(), [0, 53, 202, 255]);
    /// # Ok::<(), spinefairbench_imaging::ImagingError>(())
    /// ```
    #[must_use]
    pub fn resized(&self, size: ImageSize, filter: Filter, order: PassOrder) -> Self {
        let from = self.size();
        if from == size {
            return self.clone();
        }
        let across =
            (from.width() != size.width()).then(|| Taps::new(from.width(), size.width(), filter));
        let down = (from.height() != size.height())
            .then(|| Taps::new(from.height(), size.height(), filter));
        let samples = match (&across, &down) {
            (Some(across), Some(down)) if order.starts_vertically(from, size) => {
                let between = along_columns(self.samples(), from.columns() * CHANNELS, down);
                along_rows::<CHANNELS>(&between, from.columns(), across)
            }
            (Some(across), Some(down)) => {
                let between = along_rows::<CHANNELS>(self.samples(), from.columns(), across);
                along_columns(&between, size.columns() * CHANNELS, down)
            }
            (Some(across), None) => along_rows::<CHANNELS>(self.samples(), from.columns(), across),
            (None, Some(down)) => along_columns(self.samples(), from.columns() * CHANNELS, down),
            (None, None) => self.samples().to_vec(),
        };
        Self::from_counted(size, samples)
    }
}

/// Fraction bits of a weight: Pillow's `PRECISION_BITS`, 32 less 8 of the sample and 2 of headroom.
const FRACTION_BITS: u32 = 22;
/// One half, which turns the shift into a rounding.
const HALF: i32 = 1 << (FRACTION_BITS - 1);

/// For each output position of one axis: the first input position it reads, and the weights from there on.
struct Taps {
    starts: Vec<usize>,
    /// `stride` weights for each position, of which `counts[position]` are in use.
    weights: Vec<i32>,
    counts: Vec<usize>,
    stride: usize,
}

impl Taps {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "Pillow truncates towards zero; positions are within 0 to 65535, weights within two in 22 fraction bits"
    )]
    fn new(n_in: u32, n_out: u32, filter: Filter) -> Self {
        let scale = f64::from(n_in) / f64::from(n_out);
        let filter_scale = scale.max(1.0);
        let support = filter.support() * filter_scale;
        let inverse = 1.0 / filter_scale;
        let stride = support.ceil() as usize * 2 + 1;
        let mut taps = Self {
            starts: Vec::new(),
            weights: vec![0; stride * n_out as usize],
            counts: Vec::new(),
            stride,
        };
        let mut exact = Vec::with_capacity(stride);
        for (position, row) in (0..n_out).zip(taps.weights.chunks_exact_mut(stride)) {
            let center = (f64::from(position) + 0.5) * scale;
            let start = ((center - support + 0.5) as i64).max(0) as u32;
            let end = ((center + support + 0.5) as i64).min(i64::from(n_in)) as u32;
            exact.clear();
            exact.extend((start..end).map(|input| {
                // Pillow adds the start to the index within the window, both integers, before it subtracts the centre.
                filter.weight((f64::from(input) - center + 0.5) * inverse)
            }));
            let total = exact.iter().fold(0.0, |sum, weight| sum + weight);
            for (slot, &weight) in row.iter_mut().zip(&exact) {
                let share = if total == 0.0 { weight } else { weight / total };
                let half = if share < 0.0 { -0.5 } else { 0.5 };
                *slot = (share * f64::from(1_u32 << FRACTION_BITS) + half) as i32;
            }
            taps.starts.push(start as usize);
            taps.counts.push(exact.len());
        }
        taps
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        let rows = self.weights.chunks_exact(self.stride);
        self.starts
            .iter()
            .zip(&self.counts)
            .zip(rows)
            .map(|((&start, &count), row)| (start, &row[..count]))
    }
}

impl Filter {
    fn support(self) -> f64 {
        match self {
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        match self {
            Self::Bicubic => bicubic(x.abs()),
            Self::Lanczos if (-3.0..3.0).contains(&x) => sinc(x) * sinc(x / 3.0),
            Self::Lanczos => 0.0,
        }
    }
}

fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) }
}

/// The pass that changes the width.
fn along_rows<const CHANNELS: usize>(samples: &[u8], columns: usize, taps: &Taps) -> Vec<u8> {
    let mut out = Vec::with_capacity(samples.len() / columns * taps.starts.len());
    for row in samples.chunks_exact(columns * CHANNELS) {
        let pixels: &[[u8; CHANNELS]] = row.as_chunks().0;
        for (start, weights) in taps.iter() {
            let mut sums = [HALF; CHANNELS];
            for (pixel, &weight) in pixels[start..].iter().zip(weights) {
                for (sum, &sample) in sums.iter_mut().zip(pixel) {
                    *sum = accumulate(*sum, sample, weight);
                }
            }
            out.extend(sums.map(to_sample));
        }
    }
    out
}

/// The pass that changes the height; `row_length` counts samples, since channels are independent here.
fn along_columns(samples: &[u8], row_length: usize, taps: &Taps) -> Vec<u8> {
    let mut out = Vec::with_capacity(row_length * taps.starts.len());
    let mut sums = vec![HALF; row_length];
    for (start, weights) in taps.iter() {
        sums.fill(HALF);
        for (row, &weight) in samples[start * row_length..].chunks_exact(row_length).zip(weights) {
            for (sum, &sample) in sums.iter_mut().zip(row) {
                *sum = accumulate(*sum, sample, weight);
            }
        }
        out.extend(sums.iter().map(|&sum| to_sample(sum)));
    }
    out
}

/// One product added. The weights of a position add up to one and their absolute values to less than two, so that a
/// sum stays within 31 bits; wrapping arithmetic says that no check is needed.
#[inline]
fn accumulate(sum: i32, sample: u8, weight: i32) -> i32 {
    sum.wrapping_add(i32::from(sample).wrapping_mul(weight))
}

#[inline]
#[expect(clippy::cast_sign_loss, reason = "clamped to 0..=255 just before")]
fn to_sample(sum: i32) -> u8 {
    (sum >> FRACTION_BITS).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sum_leaves_31_bits() {
        for filter in [Filter::Bicubic, Filter::Lanczos] {
            for (n_in, n_out) in (1..40)
                .flat_map(|n_in| (1..40).map(move |n_out| (n_in, n_out)))
                .chain([(2000, 512), (512, 2000), (65_535, 3), (3, 65_535), (4099, 4098)])
            {
                for (_, weights) in Taps::new(n_in, n_out, filter).iter() {
                    let reach: i64 = weights.iter().map(|weight| i64::from(weight.abs())).sum();
                    assert!(
                        reach * 255 + i64::from(HALF) <= i64::from(i32::MAX),
                        "{filter:?} {n_in} to {n_out}"
                    );
                }
            }
        }
    }
}
