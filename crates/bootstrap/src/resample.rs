//! The resampled means: rows of indices drawn, gathered and summed.
//!
//! Input: columns of cluster totals and a plan. Output: one mean per row and task, row after row. The rows, their order and
//! the order of every sum are fixed by rule B-10, so any number of threads gives the same bits.

use crate::bounded::{AcceptedDraws, Bound};
use crate::columns::{Columns, Pair};
use crate::sum::{Summand, left_to_right, pairwise};
use crate::{BootstrapError, Generator, NumpyIndices, Plan, PythonIndices};
use rayon::prelude::*;

/// Whether a pass over the stream is cut into pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Division {
    /// From the first row to the last. The plain form, which the other must equal.
    OneThread,
    /// Pieces of some rows, each of which jumps to its place in the stream. This needs a count of the accepted draws
    /// beforehand, about a quarter of the work of an interval. Only PCG64 can jump.
    AllThreads,
}

/// The means of all rows, `columns.n_tasks()` to a row.
pub(crate) fn row_means(
    columns: &Columns,
    plan: &Plan,
    division: Division,
) -> Result<Vec<f64>, BootstrapError> {
    let bound = columns.n_clusters() as u64;
    let iterations = plan.iterations.get();
    let mut means = Vec::new();
    let len = columns.n_tasks().checked_mul(plan.iterations.as_usize());
    len.and_then(|len| means.try_reserve_exact(len).ok().map(|()| means.resize(len, 0.0)))
        .ok_or(BootstrapError::OutOfMemory { iterations })?;
    match (plan.generator, division) {
        (Generator::PythonMt19937, _) => {
            PythonIndices::new(&plan.seed, bound)?.write_means(columns, &mut means);
        }
        (Generator::NumpyPcg64, Division::OneThread) => {
            NumpyIndices::new(&plan.seed, bound)?.write_means(columns, &mut means);
        }
        (Generator::NumpyPcg64, Division::AllThreads) => {
            write_means_in_parallel(columns, plan, Bound::new(bound)?, &mut means);
        }
    }
    Ok(means)
}

/// Indices in a piece of work: long enough to make a jump cheap beside it, short enough to spread over threads.
const INDICES_IN_PIECE: usize = 1 << 17;

fn write_means_in_parallel(columns: &Columns, plan: &Plan, bound: Bound, means: &mut [f64]) {
    let n_clusters = columns.n_clusters();
    let rows_in_piece = (INDICES_IN_PIECE / n_clusters).max(1);
    let needed = u64::from(plan.iterations.get()) * n_clusters as u64;
    let accepted = AcceptedDraws::count(&plan.seed, bound, needed);
    means.par_chunks_mut(rows_in_piece * columns.n_tasks()).enumerate().for_each(
        |(piece, means)| {
            let indices_before = (piece * rows_in_piece) as u64 * n_clusters as u64;
            accepted.indices_after(indices_before).write_means(columns, means);
        },
    );
}

/// A stream of indices, and the order of sums that belongs to it.
trait RowStream {
    fn next_row(&mut self, indices: &mut [u32]);

    fn row_sum(table: &[Pair], indices: &[u32]) -> Pair;

    fn write_means(&mut self, columns: &Columns, means: &mut [f64]) {
        let mut indices = vec![0; columns.n_clusters()];
        let mut sums = vec![Pair::ZERO; columns.tables().len()];
        for means in means.chunks_exact_mut(columns.n_tasks()) {
            self.next_row(&mut indices);
            for (sum, table) in sums.iter_mut().zip(columns.tables()) {
                *sum = Self::row_sum(table, &indices);
            }
            columns.write_means(&sums, means);
        }
    }
}

impl RowStream for NumpyIndices {
    fn next_row(&mut self, indices: &mut [u32]) {
        self.fill(indices);
    }

    fn row_sum(table: &[Pair], indices: &[u32]) -> Pair {
        pairwise(indices, |index| table[*index as usize])
    }
}

impl RowStream for PythonIndices {
    fn next_row(&mut self, indices: &mut [u32]) {
        self.fill(indices);
    }

    fn row_sum(table: &[Pair], indices: &[u32]) -> Pair {
        left_to_right(indices, |index| table[*index as usize])
    }
}
