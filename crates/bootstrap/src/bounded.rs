//! Indices below a bound from PCG64, as `numpy.random.Generator.integers` draws them.
//!
//! Input: a seed and a bound `n` of 1 to 2³². Output: indices in `0..n`, by Lemire's method on the 32-bit halves of the
//! stream (rule B-04). `n = 1` takes nothing from the stream.
//!
//! A draw is refused when the low half of `draw * n` is below a threshold that depends on `n` alone. The indices are
//! therefore the raw stream with some draws left out, whatever came before them: [`AcceptedDraws`] counts the draws that
//! stay, window by window and in parallel, and so finds where in the raw stream any row of indices begins.

use crate::pcg64::HalfDraws;
use crate::{BootstrapError, Pcg64, Seed};
use rayon::prelude::*;

/// The indices `default_rng(seed).integers(0, n)` gives one after the other.
///
/// Drawing them in rows or blocks of any size makes no difference, as in NumPy.
///
/// ```
/// # use spinefairbench_bootstrap::{NumpyIndices, Seed};
/// let mut indices = NumpyIndices::new(&Seed::from(42), 1000)?;
/// let mut row = [0; 5];
/// indices.fill(&mut row);
/// assert_eq!(row, [89, 773, 654, 438, 433]);
/// # Ok::<(), spinefairbench_bootstrap::BootstrapError>(())
/// ```
#[derive(Debug, Clone)]
pub struct NumpyIndices {
    bound: Bound,
    draws: HalfDraws,
    block: Box<[u32; HalfDraws::BLOCK]>,
    /// Draws of `block` that are used up.
    used: usize,
}

impl NumpyIndices {
    /// The indices below `bound` that a fresh generator gives.
    ///
    /// # Errors
    ///
    /// [`BootstrapError::IndexBound`] if `bound` is 0 or above 2³².
    pub fn new(seed: &Seed, bound: u64) -> Result<Self, BootstrapError> {
        Ok(Self::after(&Pcg64::from_seed(seed), 0, Bound::new(bound)?))
    }

    /// The indices that follow the first `skipped` 32-bit draws of `generator`.
    fn after(generator: &Pcg64, skipped: u64, bound: Bound) -> Self {
        let mut draws = HalfDraws::after(generator, u128::from(skipped / 2));
        let mut block = Box::new([0; HalfDraws::BLOCK]);
        draws.fill(&mut block);
        Self { bound, draws, block, used: usize::from(skipped % 2 == 1) }
    }

    /// Fills `indices` with the next indices of the stream.
    pub fn fill(&mut self, indices: &mut [u32]) {
        if self.bound.n == 1 {
            indices.fill(0);
            return;
        }
        let mut filled = 0;
        while filled < indices.len() {
            if self.used == self.block.len() {
                self.draws.fill(&mut self.block);
                self.used = 0;
            }
            let wanted = &mut indices[filled..];
            let draws = &self.block[self.used..];
            let len = wanted.len().min(draws.len());
            let (draws, wanted) = (&draws[..len], &mut wanted[..len]);
            self.used += len;
            filled += if self.bound.map(draws, wanted) == len {
                len
            } else {
                self.bound.filter_map(draws, wanted)
            };
        }
    }
}

/// An exclusive upper end of the indices, with Lemire's threshold for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    n: u64,
    /// A draw is refused when the low half of `draw * n` is below it.
    threshold: u32,
}

const TWO_TO_32: u64 = 1 << 32;

impl Bound {
    pub(crate) fn new(n: u64) -> Result<Self, BootstrapError> {
        if !(1..=TWO_TO_32).contains(&n) {
            return Err(BootstrapError::IndexBound { bound: n });
        }
        Ok(Self { n, threshold: low_half((TWO_TO_32 - n) % n) })
    }

    /// Writes the index of every draw, accepted or not, and gives the number of accepted ones. Without a branch in the
    /// loop, so that it becomes vector code; refusals are rare, and [`Self::filter_map`] repeats the work then.
    fn map(self, draws: &[u32], indices: &mut [u32]) -> usize {
        let Ok(factor) = u32::try_from(self.n) else {
            indices.copy_from_slice(draws);
            return draws.len();
        };
        let mut refused = 0_u32;
        for (index, draw) in indices.iter_mut().zip(draws) {
            let product = u64::from(*draw) * u64::from(factor);
            *index = low_half(product >> 32);
            refused += u32::from(low_half(product) < self.threshold);
        }
        draws.len() - refused as usize
    }

    /// Writes the indices of the accepted draws only, and gives their number.
    fn filter_map(self, draws: &[u32], indices: &mut [u32]) -> usize {
        let accepted = draws
            .iter()
            .map(|draw| u64::from(*draw) * self.n)
            .filter(|product| self.accepts(*product));
        let mut count = 0;
        for (index, product) in indices.iter_mut().zip(accepted) {
            *index = low_half(product >> 32);
            count += 1;
        }
        count
    }

    fn accepts(self, product: u64) -> bool {
        low_half(product) >= self.threshold
    }

    fn count_accepted(self, draws: &[u32]) -> usize {
        let accepted = |draw: &u32| u32::from(self.accepts(u64::from(*draw) * self.n));
        draws.iter().map(accepted).sum::<u32>() as usize
    }
}

/// How many 32-bit draws of a stream are accepted, window by window.
#[derive(Debug)]
pub(crate) struct AcceptedDraws {
    generator: Pcg64,
    bound: Bound,
    /// Accepted draws before window 0, 1, 2, …
    before: Vec<u64>,
}

/// Blocks in a window: long enough that a jump to its start costs nothing beside it, short enough to spread over threads.
const WINDOW_BLOCKS: usize = 64;
const WINDOW: u64 = (WINDOW_BLOCKS * HalfDraws::BLOCK) as u64;

impl AcceptedDraws {
    /// Counts, on all threads, until at least `needed` draws are accepted.
    pub(crate) fn count(seed: &Seed, bound: Bound, needed: u64) -> Self {
        let mut counts = Self { generator: Pcg64::from_seed(seed), bound, before: vec![0] };
        while bound.n > 1 && counts.total() < needed {
            let first = counts.before.len() as u64 - 1;
            let windows = (needed - counts.total()).div_ceil(WINDOW);
            let accepted: Vec<u64> = (first..first + windows)
                .into_par_iter()
                .map(|window| counts.in_window(window))
                .collect();
            for count in accepted {
                counts.before.push(counts.total() + count);
            }
        }
        counts
    }

    /// The indices of the stream after its first `accepted` ones, which must lie within the draws counted.
    pub(crate) fn indices_after(&self, accepted: u64) -> NumpyIndices {
        let window = self.before.partition_point(|before| *before <= accepted) - 1;
        let start = window as u64 * WINDOW;
        let ahead = accepted - self.before[window];
        let all_accepted = self.before.get(window + 1) == Some(&(self.before[window] + WINDOW));
        if ahead == 0 || all_accepted {
            return NumpyIndices::after(&self.generator, start + ahead, self.bound);
        }
        let mut indices = NumpyIndices::after(&self.generator, start, self.bound);
        indices.fill(&mut vec![0; usize::try_from(ahead).expect("less than a window")]);
        indices
    }

    fn total(&self) -> u64 {
        self.before.last().copied().unwrap_or(0)
    }

    fn in_window(&self, window: u64) -> u64 {
        let mut draws = HalfDraws::after(&self.generator, u128::from(window * WINDOW / 2));
        let mut block = [0; HalfDraws::BLOCK];
        let mut count = 0;
        for _ in 0..WINDOW_BLOCKS {
            draws.fill(&mut block);
            count += self.bound.count_accepted(&block) as u64;
        }
        count
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low_half(number: u64) -> u32 {
    number as u32
}
