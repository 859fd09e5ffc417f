//! Indices below a bound from PCG64, as `numpy.random.Generator.integers` draws them.
//!
//! Input: a seed and a bound `n` of 1 to 2³². Output: indices in `0..n`, by Lemire's method on the 32-bit halves of the
//! stream (rule B-04). `n = 1` takes nothing from the stream.
//!
//! A draw is refused when the low half of `draw * n` is below a threshold that depends on `n` alone. The indices are
//! therefore the raw stream with some draws left out, whatever came before them: [`AcceptedDraws`] counts the draws that
//! stay, window by window and in parallel, and so finds where in the raw stream any row of indices begins.

use crate::pcg64::HalfDraws;
use crate::vectors::{Vectors, Work};
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
    vectors: Vectors,
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
        Ok(Self::after(&Pcg64::from_seed(seed), 0, Bound::new(bound)?, Vectors::detected()))
    }

    /// The indices that follow the first `skipped` 32-bit draws of `generator`.
    pub(crate) fn after(generator: &Pcg64, skipped: u64, bound: Bound, vectors: Vectors) -> Self {
        let mut draws = HalfDraws::after(generator, u128::from(skipped / 2), vectors);
        let mut block = Box::new([0; HalfDraws::BLOCK]);
        draws.fill(&mut block);
        Self { bound, vectors, draws, block, used: usize::from(skipped % 2 == 1) }
    }

    /// Fills `indices` with the next indices of the stream (rule B-04).
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
            let accepted =
                self.vectors.run(ToIndices { bound: self.bound, draws, indices: wanted });
            filled += if accepted == len { len } else { self.bound.filter_map(draws, wanted) };
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
}

/// Writes the index of every draw, accepted or not, and gives the number of accepted ones. Without a branch in the loop, so
/// that it becomes vector code; refusals are rare, and [`Bound::filter_map`] repeats the work then.
struct ToIndices<'a> {
    bound: Bound,
    draws: &'a [u32],
    indices: &'a mut [u32],
}

impl Work for ToIndices<'_> {
    type Output = usize;

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "only inlined code takes the instruction set of its caller"
    )]
    fn run(self) -> usize {
        let Ok(n) = u32::try_from(self.bound.n) else {
            self.indices.copy_from_slice(self.draws);
            return self.draws.len();
        };
        let mut refused = 0_u32;
        for (index, draw) in self.indices.iter_mut().zip(self.draws) {
            let product = u64::from(*draw) * u64::from(n);
            *index = low_half(product >> 32);
            refused += u32::from(low_half(product) < self.bound.threshold);
        }
        self.draws.len() - refused as usize
    }
}

/// The number of draws that are accepted.
struct CountAccepted<'a> {
    bound: Bound,
    draws: &'a [u32],
}

impl Work for CountAccepted<'_> {
    type Output = usize;

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "only inlined code takes the instruction set of its caller"
    )]
    fn run(self) -> usize {
        // The low half of the product is the product of the low halves.
        let n = low_half(self.bound.n);
        let refused = |draw: &u32| u32::from(draw.wrapping_mul(n) < self.bound.threshold);
        self.draws.len() - self.draws.iter().map(refused).sum::<u32>() as usize
    }
}

/// How many 32-bit draws of a stream are accepted, window by window.
#[derive(Debug)]
pub(crate) struct AcceptedDraws {
    generator: Pcg64,
    bound: Bound,
    vectors: Vectors,
    /// Accepted draws before window 0, 1, 2, …
    before: Vec<u64>,
}

/// Blocks in a window: long enough that a jump to its start costs nothing beside it, short enough to spread over threads.
const WINDOW_BLOCKS: usize = 64;
const WINDOW: u64 = (WINDOW_BLOCKS * HalfDraws::BLOCK) as u64;

impl AcceptedDraws {
    /// Counts, on all threads, until at least `needed` draws are accepted.
    pub(crate) fn count(seed: &Seed, bound: Bound, needed: u64, vectors: Vectors) -> Self {
        let mut counts =
            Self { generator: Pcg64::from_seed(seed), bound, vectors, before: vec![0] };
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
            return NumpyIndices::after(&self.generator, start + ahead, self.bound, self.vectors);
        }
        let mut indices = NumpyIndices::after(&self.generator, start, self.bound, self.vectors);
        indices.fill(&mut vec![0; usize::try_from(ahead).expect("less than a window")]);
        indices
    }

    fn total(&self) -> u64 {
        self.before.last().copied().unwrap_or(0)
    }

    fn in_window(&self, window: u64) -> u64 {
        let mut draws =
            HalfDraws::after(&self.generator, u128::from(window * WINDOW / 2), self.vectors);
        let mut block = [0; HalfDraws::BLOCK];
        let mut count = 0;
        for _ in 0..WINDOW_BLOCKS {
            draws.fill(&mut block);
            count += self.vectors.run(CountAccepted { bound: self.bound, draws: &block }) as u64;
        }
        count
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low_half(number: u64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Half of the draws are refused.
    const REJECTION_HEAVY: u64 = (1 << 31) + 1;

    /// Lemire's method as rule B-04 states it, one draw at a time.
    fn by_definition(seed: &Seed, n: u64, len: usize) -> Vec<u32> {
        let mut generator = Pcg64::from_seed(seed);
        let mut kept = None;
        let mut draw = || {
            kept.take().unwrap_or_else(|| {
                let both = generator.next_u64();
                kept = Some(both >> 32);
                both & 0xffff_ffff
            })
        };
        let mut index = || {
            if n == 1 {
                return 0;
            }
            let mut product = draw() * n;
            if product & 0xffff_ffff < n {
                let threshold = (TWO_TO_32 - n) % n;
                while product & 0xffff_ffff < threshold {
                    product = draw() * n;
                }
            }
            (product >> 32) as u32
        };
        (0..len).map(|_| index()).collect()
    }

    #[test]
    fn the_first_indices_of_seed_42_stay() {
        let mut row = [0; 10];
        NumpyIndices::new(&Seed::from(42), 1000).unwrap().fill(&mut row);
        assert_eq!(row, [89, 773, 654, 438, 433, 858, 85, 697, 201, 94]);
    }

    #[test]
    fn a_bound_lies_between_1_and_2_to_32() {
        let seed = Seed::from(0);
        for bound in [0, TWO_TO_32 + 1, u64::MAX] {
            assert_eq!(
                NumpyIndices::new(&seed, bound).unwrap_err(),
                BootstrapError::IndexBound { bound }
            );
        }
        let mut row = [7; 3];
        NumpyIndices::new(&seed, 1).unwrap().fill(&mut row);
        assert_eq!(row, [0; 3]);
        NumpyIndices::new(&seed, TWO_TO_32).unwrap().fill(&mut row);
        let first = Pcg64::from_seed(&seed).next_u64();
        assert_eq!(row[..2], [low_half(first), low_half(first >> 32)]);
    }

    #[test]
    fn refused_draws_move_no_piece_of_the_stream() {
        let seed = Seed::from(20_260_426);
        let len = 300_000;
        for n in [1, 2, 1000, 3_000_000, REJECTION_HEAVY, TWO_TO_32 - 1, TWO_TO_32] {
            let expected = by_definition(&seed, n, len);
            for threads in [1, 2, 8] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                for vectors in Vectors::available() {
                    let bound = Bound::new(n).unwrap();
                    let accepted =
                        pool.install(|| AcceptedDraws::count(&seed, bound, len as u64, vectors));
                    for start in [0, 1, 65_535, 65_536, 65_537, 131_071, 200_001, len - 1] {
                        let mut piece = vec![0; (len - start).min(5000)];
                        accepted.indices_after(start as u64).fill(&mut piece);
                        assert!(
                            piece == expected[start..start + piece.len()],
                            "{n} from {start}, {threads} threads"
                        );
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn rows_of_any_length_give_the_same_indices(
            seed: u64,
            n in prop_oneof![1_u64..2000, Just(REJECTION_HEAVY), 1_u64..=TWO_TO_32],
            lengths in prop::collection::vec(0_usize..1500, 1..6),
        ) {
            let seed = Seed::from(seed);
            let mut stream = NumpyIndices::new(&seed, n).unwrap();
            let mut indices = Vec::new();
            for length in lengths {
                let mut row = vec![0; length];
                stream.fill(&mut row);
                indices.extend(row);
            }
            prop_assert_eq!(&indices, &by_definition(&seed, n, indices.len()));
        }
    }
}
