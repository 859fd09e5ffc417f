//! Rows of indices for a caller's own estimator, and single indices below changing bounds.
//!
//! Input: a bound, the length of a row, and a [`Plan`]. Output: what a function makes of each row, in the order of the rows. They
//! are those of one stream of indices from the plan's seed, row after row (rules B-22, B-04 and B-05), so that rows of as many indices as there
//! are clusters are those of rule B-10. The number of threads moves nothing.

use std::num::NonZeroU32;

use rayon::prelude::*;

use crate::bounded::{AcceptedDraws, Bound};
use crate::vectors::Vectors;
use crate::{BootstrapError, Generator, Pcg64, Plan, PythonIndices, Seed};

/// Indices in a piece of work: long enough to make a jump cheap beside it, short enough to spread over threads.
const INDICES_IN_PIECE: usize = 1 << 16;

/// `of_row` of the number (from 0) and the indices of each of the plan's rows, `len` indices below `bound` to a row (rule B-22).
///
/// ```
/// # use spinefairbench_bootstrap::{Iterations, Plan, map_rows};
/// let plan = Plan::published().with_iterations(Iterations::new(2)?);
/// let rows = map_rows(1000, 3, &plan, |_, row| row.to_vec())?;
/// assert_eq!(rows, [[89, 773, 654], [438, 433, 858]]);
/// # Ok::<(), spinefairbench_bootstrap::BootstrapError>(())
/// ```
///
/// # Errors
///
/// [`BootstrapError::NoValues`] for rows without an index, [`BootstrapError::IndexBound`] if `bound` is 0 or more than the generator can
/// draw from, [`BootstrapError::OutOfMemory`] for more indices than can be counted.
pub fn map_rows<T: Send>(
    bound: u64,
    len: usize,
    plan: &Plan,
    of_row: impl Fn(u32, &[u32]) -> T + Sync,
) -> Result<Vec<T>, BootstrapError> {
    if len == 0 {
        return Err(BootstrapError::NoValues);
    }
    let n_rows = plan.iterations.get();
    if plan.generator == Generator::PythonMt19937 {
        let mut indices = PythonIndices::new(&plan.seed, bound)?;
        let mut row = vec![0; len];
        let next = |number| {
            indices.fill(&mut row);
            of_row(number, &row)
        };
        return Ok((0..n_rows).map(next).collect());
    }
    let bound = Bound::new(bound)?;
    let needed = u64::from(n_rows).checked_mul(len as u64);
    let needed = needed.ok_or(BootstrapError::OutOfMemory { iterations: n_rows })?;
    let accepted = AcceptedDraws::count(&plan.seed, bound, needed, Vectors::detected());
    let rows_in_piece = u32::try_from((INDICES_IN_PIECE / len).max(1)).unwrap_or(u32::MAX);
    let starts = (0..n_rows).into_par_iter().step_by(rows_in_piece as usize);
    let pieces: Vec<Vec<T>> = starts
        .map(|start| {
            let mut indices = accepted.indices_after(u64::from(start) * len as u64);
            let mut row = vec![0; len];
            let end = start.saturating_add(rows_in_piece).min(n_rows);
            let next = |number| {
                indices.fill(&mut row);
                of_row(number, &row)
            };
            (start..end).map(next).collect()
        })
        .collect();
    Ok(pieces.into_iter().flatten().collect())
}

/// Indices one at a time, each below a bound of its own: those of NumPy's `integers(0, bound)` on one generator.
///
/// ```
/// # use spinefairbench_bootstrap::{NumpyDraws, Seed};
/// # use std::num::NonZeroU32;
/// let mut draws = NumpyDraws::new(&Seed::from(42));
/// let below = |bound| NonZeroU32::new(bound).expect("not 0");
/// assert_eq!([draws.index(below(1000)), draws.index(below(3)), draws.index(below(1))], [89, 2, 0]);
/// ```
#[derive(Debug, Clone)]
pub struct NumpyDraws {
    generator: Pcg64,
    /// The high half of the last draw, if it is not used yet.
    kept: Option<u32>,
}

impl NumpyDraws {
    /// The indices of `default_rng(seed)`.
    #[must_use]
    pub fn new(seed: &Seed) -> Self {
        Self { generator: Pcg64::from_seed(seed), kept: None }
    }

    /// The next index below `bound` (rule B-22); a bound of 1 takes nothing from the stream.
    pub fn index(&mut self, bound: NonZeroU32) -> u32 {
        let bound = bound.get();
        if bound == 1 {
            return 0;
        }
        // 2³² − bound, modulo bound.
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.next_half()) * u64::from(bound);
            let [low, high] = halves(product);
            if low >= threshold {
                return high;
            }
        }
    }

    fn next_half(&mut self) -> u32 {
        self.kept.take().unwrap_or_else(|| {
            let [low, high] = halves(self.generator.next_u64());
            self.kept = Some(high);
            low
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn halves(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Iterations, NumpyIndices};

    #[test]
    fn rows_are_one_stream_at_any_number_of_threads() {
        let plan = Plan::published().with_iterations(Iterations::new(700).unwrap());
        for (bound, len) in [(1, 5), (7, 1), (1000, 333), ((1 << 31) + 1, 100)] {
            for generator in Generator::ALL {
                let plan = plan.clone().with_generator(generator);
                let mut expected = vec![0; 700 * len];
                match generator {
                    Generator::NumpyPcg64 => {
                        NumpyIndices::new(&plan.seed, bound).unwrap().fill(&mut expected);
                    }
                    Generator::PythonMt19937 => {
                        PythonIndices::new(&plan.seed, bound).unwrap().fill(&mut expected);
                    }
                }
                for threads in [1, 2, 8] {
                    let pool =
                        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    let rows = pool.install(|| {
                        map_rows(bound, len, &plan, |number, row| (number, row.to_vec())).unwrap()
                    });
                    assert!(rows.iter().map(|row| row.0).eq(0..700), "{bound}, {threads} threads");
                    let found: Vec<u32> = rows.into_iter().flat_map(|row| row.1).collect();
                    assert!(found == expected, "{bound} by {len}, {generator}, {threads} threads");
                }
            }
        }
    }

    #[test]
    fn single_indices_below_one_bound_are_those_of_the_stream() {
        for bound in [1, 2, 3, 1000, (1 << 31) + 1] {
            let mut expected = [0; 2000];
            NumpyIndices::new(&Seed::from(9), bound).unwrap().fill(&mut expected);
            let mut draws = NumpyDraws::new(&Seed::from(9));
            let bound = NonZeroU32::new(u32::try_from(bound).unwrap()).unwrap();
            assert!(expected.iter().all(|index| draws.index(bound) == *index), "{bound}");
        }
    }

    #[test]
    fn rows_without_an_index_are_refused() {
        let plan = Plan::published();
        assert_eq!(map_rows(3, 0, &plan, |_, _| ()), Err(BootstrapError::NoValues));
        assert_eq!(map_rows(0, 3, &plan, |_, _| ()), Err(BootstrapError::IndexBound { bound: 0 }));
    }
}
