//! NumPy's pairwise sum and the mean and deviation built on it, in `f32` and `f64`.
//!
//! Input: values in memory order. Output: the same bits as `ndarray.sum`, `.mean()`, `.std()` of a contiguous array
//! (NumPy 2.4; resampling rules, "Pairwise sum"). Edge thresholds compare in `f32`, so the last bit decides a pixel.

use std::ops::{Add, Div, Mul, Sub};

/// The two float types in use.
pub(crate) trait Float:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    const NEGATIVE_ZERO: Self;
    fn square_root(self) -> Self;
    /// The sum over the count. NumPy divides a `f32` sum by its 64-bit count in `f64` and rounds the quotient.
    fn over_count(self, count: usize) -> Self;
}

impl Float for f32 {
    const NEGATIVE_ZERO: Self = -0.0;
    fn square_root(self) -> Self {
        self.sqrt()
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the quotient is rounded to f32, as in NumPy"
    )]
    fn over_count(self, count: usize) -> Self {
        f64::from(self).over_count(count) as f32
    }
}

impl Float for f64 {
    const NEGATIVE_ZERO: Self = -0.0;
    fn square_root(self) -> Self {
        self.sqrt()
    }
    #[expect(clippy::cast_precision_loss, reason = "pixel counts stay far below 2^53")]
    fn over_count(self, count: usize) -> Self {
        self / count as f64
    }
}

/// Above this many values the sum is split in two.
const BLOCK: usize = 128;

/// The pairwise sum.
pub(crate) fn sum<F: Float>(values: &[F]) -> F {
    if values.len() < 8 {
        return values.iter().fold(F::NEGATIVE_ZERO, |total, &value| total + value);
    }
    if values.len() > BLOCK {
        let half = values.len() / 2;
        let (left, right) = values.split_at(half - half % 8);
        return sum(left) + sum(right);
    }
    let (eights, rest) = values.as_chunks::<8>();
    let mut running = eights[0];
    for eight in &eights[1..] {
        for (total, &value) in running.iter_mut().zip(eight) {
            *total = *total + value;
        }
    }
    let pairs: [F; 4] = std::array::from_fn(|idx| running[2 * idx] + running[2 * idx + 1]);
    let total = (pairs[0] + pairs[1]) + (pairs[2] + pairs[3]);
    rest.iter().fold(total, |total, &value| total + value)
}

/// The mean of one value or more.
pub(crate) fn mean<F: Float>(values: &[F]) -> F {
    sum(values).over_count(values.len())
}

/// The population variance about `mean`.
pub(crate) fn variance<F: Float>(values: &[F], mean: F) -> F {
    let squares: Vec<F> = values
        .iter()
        .map(|&value| {
            let gap = value - mean;
            gap * gap
        })
        .collect();
    self::mean(&squares)
}
