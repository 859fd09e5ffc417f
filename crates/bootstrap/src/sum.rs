//! Sums in the order in which NumPy and CPython take them.
//!
//! Input: items and the value of each. Output: their sum, the same to the last bit. Rule B-07 fixes NumPy's pairwise
//! order; the source is `pairwise_sum` in `numpy/_core/src/umath/loops_utils.h.src` of NumPy 2.4.

use crate::vectors::{Vectors, Work};
use std::ops::Add;

/// The sum of `values` as `numpy.sum` computes it (rule B-07).
///
/// ```
/// # use spinefairbench_bootstrap::pairwise_sum;
/// assert_eq!(pairwise_sum(&[0.1; 10]), 1.0);
/// assert_eq!([0.1; 10].iter().sum::<f64>(), 0.999_999_999_999_999_9);
/// ```
#[must_use]
pub fn pairwise_sum(values: &[f64]) -> f64 {
    pairwise(values, |value| *value, Vectors::BASELINE)
}

/// What can be summed: one number, or several side by side.
pub(crate) trait Summand: Copy + Add<Output = Self> {
    /// What leaves any other value as it is, zeros of both signs included.
    const NEGATIVE_ZERO: Self;
    /// Where CPython's sums start.
    const ZERO: Self;
}

impl Summand for f64 {
    const NEGATIVE_ZERO: Self = -0.0;
    const ZERO: Self = 0.0;
}

/// Running sums of a block, and the multiple at which long inputs are split.
const UNROLLED: usize = 8;
/// The longest input that is summed without a split.
const LONGEST_BLOCK: usize = 128;
/// Running sums carried through a block together. They do not depend on one another, so this moves no bit; four is what the
/// compiler keeps in registers when each sum is eight numbers wide (measured: eight at once take 2.6 times as long then).
const SUMS_AT_ONCE: usize = 4;

/// The sum of `value(item)` over `items`, in NumPy's pairwise order.
pub(crate) fn pairwise<I, S: Summand>(
    items: &[I],
    value: impl Fn(&I) -> S + Copy,
    vectors: Vectors,
) -> S {
    if items.len() > LONGEST_BLOCK {
        let half = items.len() / 2;
        let (left, right) = items.split_at(half - half % UNROLLED);
        return pairwise(left, value, vectors) + pairwise(right, value, vectors);
    }
    vectors.run(BlockSum { items, value })
}

/// The sum of at most [`LONGEST_BLOCK`] items.
struct BlockSum<'a, I, V> {
    items: &'a [I],
    value: V,
}

impl<I, S: Summand, V: Fn(&I) -> S + Copy> Work for BlockSum<'_, I, V> {
    type Output = S;

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "only inlined code takes the instruction set of its caller"
    )]
    fn run(self) -> S {
        let (blocks, rest) = self.items.as_chunks::<UNROLLED>();
        let Some((first, blocks)) = blocks.split_first() else {
            return rest.iter().fold(S::NEGATIVE_ZERO, |sum, item| sum + (self.value)(item));
        };
        let mut sums = first.each_ref().map(self.value);
        let (parts, _) = sums.as_chunks_mut::<SUMS_AT_ONCE>();
        for (part, sums) in parts.iter_mut().enumerate() {
            let mut running = *sums;
            for block in blocks {
                let (items, _) = block.as_chunks::<SUMS_AT_ONCE>();
                for (sum, item) in running.iter_mut().zip(&items[part]) {
                    *sum = *sum + (self.value)(item);
                }
            }
            *sums = running;
        }
        let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
        let sum = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7));
        rest.iter().fold(sum, |sum, item| sum + (self.value)(item))
    }
}

/// The sum of `value(item)` over `items` from left to right, starting at 0.
pub(crate) fn left_to_right<I, S: Summand>(
    items: &[I],
    value: impl Fn(&I) -> S,
    vectors: Vectors,
) -> S {
    vectors.run(RunningSum { items, value })
}

struct RunningSum<'a, I, V> {
    items: &'a [I],
    value: V,
}

impl<I, S: Summand, V: Fn(&I) -> S> Work for RunningSum<'_, I, V> {
    type Output = S;

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "only inlined code takes the instruction set of its caller"
    )]
    fn run(self) -> S {
        self.items.iter().fold(S::ZERO, |sum, item| sum + (self.value)(item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rule as `spec` states it, one element at a time.
    fn by_definition(values: &[f64]) -> f64 {
        let n = values.len();
        if n < 8 {
            return values.iter().fold(-0.0, |sum, value| sum + value);
        }
        if n > 128 {
            let half = n / 2 / 8 * 8;
            return by_definition(&values[..half]) + by_definition(&values[half..]);
        }
        let full = n / 8 * 8;
        let mut r = [0.0; 8];
        r.copy_from_slice(&values[..8]);
        for i in 8..full {
            r[i % 8] += values[i];
        }
        let combined = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
        values[full..].iter().fold(combined, |sum, value| sum + value)
    }

    #[test]
    fn the_sum_of_nothing_is_a_negative_zero() {
        assert_eq!(pairwise_sum(&[]).to_bits(), (-0.0_f64).to_bits());
    }

    proptest! {
        #[test]
        fn the_sum_equals_its_definition(values in prop::collection::vec(-1e6..1e6_f64, 0..1200)) {
            prop_assert_eq!(pairwise_sum(&values).to_bits(), by_definition(&values).to_bits());
        }
    }
}
