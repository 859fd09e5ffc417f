//! The resampled means: rows of indices drawn, gathered and summed.
//!
//! Input: columns of cluster totals and a plan. Output: one mean per row and task, row after row. The rows, their order and
//! the order of every sum are fixed by rule B-10, so any number of threads gives the same bits.

use crate::bounded::{AcceptedDraws, Bound};
use crate::columns::Columns;
use crate::lanes::{Lanes, Octet, Pair, Quad};
use crate::sum::{left_to_right, pairwise};
use crate::vectors::Vectors;
use crate::{BootstrapError, Generator, NumpyIndices, Pcg64, Plan, PythonIndices};
use rayon::prelude::*;

/// Whether a pass over the stream is cut into pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Division {
    /// From the first row to the last. The plain form, which the other must equal.
    OneThread,
    /// Pieces of some rows, each of which jumps to its place in the stream. This needs a count of the accepted draws
    /// beforehand, about a third of the work of an interval. Only PCG64 can jump.
    AllThreads,
}

/// The means of all rows, `columns.n_tasks()` to a row.
pub(crate) fn row_means(
    columns: &Columns,
    plan: &Plan,
    division: Division,
) -> Result<Vec<f64>, BootstrapError> {
    let vectors = Vectors::detected();
    match columns.columns().len().min(vectors.width()) {
        0..=2 => row_means_in_lanes::<Pair>(columns, plan, division, vectors),
        3..=4 => row_means_in_lanes::<Quad>(columns, plan, division, vectors),
        _ => row_means_in_lanes::<Octet>(columns, plan, division, vectors),
    }
}

fn row_means_in_lanes<L: Lanes>(
    columns: &Columns,
    plan: &Plan,
    division: Division,
    vectors: Vectors,
) -> Result<Vec<f64>, BootstrapError> {
    let iterations = plan.iterations.get();
    let mut means = Vec::new();
    let len = columns.n_tasks().checked_mul(plan.iterations.as_usize());
    len.and_then(|len| means.try_reserve_exact(len).ok().map(|()| means.resize(len, 0.0)))
        .ok_or(BootstrapError::OutOfMemory { iterations })?;
    let tables = Tables::<L>::new(columns, vectors);
    let bound = columns.n_clusters() as u64;
    match (plan.generator, division) {
        (Generator::PythonMt19937, _) => {
            PythonIndices::new(&plan.seed, bound)?.write_means(&tables, &mut means);
        }
        (Generator::NumpyPcg64, Division::OneThread) => {
            let generator = Pcg64::from_seed(&plan.seed);
            NumpyIndices::after(&generator, 0, Bound::new(bound)?, vectors)
                .write_means(&tables, &mut means);
        }
        (Generator::NumpyPcg64, Division::AllThreads) => {
            write_means_in_parallel(&tables, plan, Bound::new(bound)?, &mut means);
        }
    }
    Ok(means)
}

/// The columns side by side, as many to a table as a register holds, so that one addition serves all of them.
struct Tables<'a, L> {
    columns: &'a Columns,
    /// Per table, one row per cluster.
    side_by_side: Vec<Vec<L>>,
    vectors: Vectors,
}

impl<'a, L: Lanes> Tables<'a, L> {
    fn new(columns: &'a Columns, vectors: Vectors) -> Self {
        let table = |columns: &[Vec<f64>]| {
            let cell = |cluster: usize, lane: usize| {
                columns.get(lane).map_or(0.0, |column| column[cluster])
            };
            (0..columns[0].len()).map(|cluster| L::from_fn(|lane| cell(cluster, lane))).collect()
        };
        Self {
            columns,
            side_by_side: columns.columns().chunks(L::WIDTH).map(table).collect(),
            vectors,
        }
    }
}

/// Indices in a piece of work: long enough to make a jump cheap beside it, short enough to spread over threads.
const INDICES_IN_PIECE: usize = 1 << 17;

fn write_means_in_parallel<L: Lanes>(
    tables: &Tables<'_, L>,
    plan: &Plan,
    bound: Bound,
    means: &mut [f64],
) {
    let columns = tables.columns;
    let n_clusters = columns.n_clusters();
    let rows_in_piece = (INDICES_IN_PIECE / n_clusters).max(1);
    let needed = u64::from(plan.iterations.get()) * n_clusters as u64;
    let accepted = AcceptedDraws::count(&plan.seed, bound, needed, tables.vectors);
    means.par_chunks_mut(rows_in_piece * columns.n_tasks()).enumerate().for_each(
        |(piece, means)| {
            let indices_before = (piece * rows_in_piece) as u64 * n_clusters as u64;
            accepted.indices_after(indices_before).write_means(tables, means);
        },
    );
}

/// A stream of indices, and the order of sums that belongs to it.
trait RowStream {
    fn next_row(&mut self, indices: &mut [u32]);

    fn row_sum<L: Lanes>(table: &[L], indices: &[u32], vectors: Vectors) -> L;

    fn write_means<L: Lanes>(&mut self, tables: &Tables<'_, L>, means: &mut [f64]) {
        let mut indices = vec![0; tables.columns.n_clusters()];
        let mut sums = vec![0.0; tables.side_by_side.len() * L::WIDTH];
        for means in means.chunks_exact_mut(tables.columns.n_tasks()) {
            self.next_row(&mut indices);
            for (sums, table) in sums.chunks_exact_mut(L::WIDTH).zip(&tables.side_by_side) {
                sums.copy_from_slice(Self::row_sum(table, &indices, tables.vectors).as_slice());
            }
            tables.columns.write_means(&sums, means);
        }
    }
}

impl RowStream for NumpyIndices {
    fn next_row(&mut self, indices: &mut [u32]) {
        self.fill(indices);
    }

    fn row_sum<L: Lanes>(table: &[L], indices: &[u32], vectors: Vectors) -> L {
        pairwise(indices, |index| table[*index as usize], vectors)
    }
}

impl RowStream for PythonIndices {
    fn next_row(&mut self, indices: &mut [u32]) {
        self.fill(indices);
    }

    fn row_sum<L: Lanes>(table: &[L], indices: &[u32], vectors: Vectors) -> L {
        left_to_right(indices, |index| table[*index as usize], vectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::ClusterTotals;
    use crate::{Iterations, Seed, pairwise_sum};
    use proptest::prelude::*;

    fn plan(generator: Generator, iterations: u64, seed: u64) -> Plan {
        Plan { generator, iterations: Iterations::new(iterations).unwrap(), seed: Seed::from(seed) }
    }

    /// The estimator as rule B-10 states it: one task, one row, one element at a time.
    fn by_definition(totals: &[ClusterTotals<'_>], plan: &Plan) -> Vec<f64> {
        let n = totals[0].sums.len();
        let mut numpy = NumpyIndices::new(&plan.seed, n as u64).unwrap();
        let mut python = PythonIndices::new(&plan.seed, n as u64).unwrap();
        let mut means = Vec::new();
        for _ in 0..plan.iterations.get() {
            let mut row = vec![0; n];
            match plan.generator {
                Generator::NumpyPcg64 => numpy.fill(&mut row),
                Generator::PythonMt19937 => python.fill(&mut row),
            }
            for task in totals {
                let sums: Vec<f64> = row.iter().map(|index| task.sums[*index as usize]).collect();
                let count: u64 = row.iter().map(|index| task.counts[*index as usize]).sum();
                let sum = match plan.generator {
                    Generator::NumpyPcg64 => pairwise_sum(&sums),
                    Generator::PythonMt19937 => sums.iter().fold(0.0, |sum, value| sum + value),
                };
                means.push(sum / count as f64);
            }
        }
        means
    }

    fn bits(means: &[f64]) -> Vec<u64> {
        means.iter().map(|mean| mean.to_bits()).collect()
    }

    fn all_forms(columns: &Columns, plan: &Plan, division: Division) -> Vec<Vec<f64>> {
        let form = |vectors| {
            [
                row_means_in_lanes::<Pair>(columns, plan, division, vectors).unwrap(),
                row_means_in_lanes::<Quad>(columns, plan, division, vectors).unwrap(),
                row_means_in_lanes::<Octet>(columns, plan, division, vectors).unwrap(),
            ]
        };
        Vectors::available().into_iter().flat_map(form).collect()
    }

    #[test]
    fn any_number_of_threads_gives_the_same_means() {
        let sums: Vec<f64> = (0..3000).map(|cluster| f64::from(cluster % 7) / 3.0).collect();
        let counts: Vec<u64> = (0..3000).map(|cluster| 1 + cluster % 4).collect();
        let totals = [ClusterTotals { sums, counts: &counts }];
        let columns = Columns::new(&totals);
        let plan = plan(Generator::NumpyPcg64, 500, 42);
        let expected = bits(&row_means(&columns, &plan, Division::OneThread).unwrap());
        assert_eq!(expected, bits(&by_definition(&totals, &plan)));
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let means = pool.install(|| row_means(&columns, &plan, Division::AllThreads)).unwrap();
            assert_eq!(bits(&means), expected, "{threads} threads");
        }
    }

    #[test]
    fn more_clusters_than_python_draws_in_one_output_are_refused() {
        assert_eq!(
            PythonIndices::new(&Seed::from(1), 1 << 32).unwrap_err(),
            BootstrapError::IndexBound { bound: 1 << 32 }
        );
    }

    /// Sums of one task: whole numbers (packed), fractions, numbers too large to pack, of both signs.
    fn sums(n: usize) -> impl Strategy<Value = Vec<f64>> {
        let whole = prop::collection::vec((0_u32..5).prop_map(f64::from), n);
        let wide = prop::collection::vec((0_u64..1 << 50).prop_map(|number| number as f64), n);
        let negative = prop::collection::vec((-5_i32..5).prop_map(f64::from), n);
        let fractions = prop::collection::vec(-10.0..10.0_f64, n);
        prop_oneof![whole, wide, negative, fractions]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_form_equals_the_definition(
            (tasks, counts) in (1_usize..300).prop_flat_map(|n| (
                prop::collection::vec((sums(n), 0_usize..3), 1..12),
                prop::collection::vec(prop::collection::vec(1_u64..6, n), 3),
            )),
            iterations in 1_u64..40,
            seed: u64,
        ) {
            let totals: Vec<ClusterTotals<'_>> =
                tasks.into_iter().map(|(sums, which)| ClusterTotals { sums, counts: &counts[which] }).collect();
            let columns = Columns::new(&totals);
            for generator in Generator::ALL {
                let plan = plan(generator, iterations, seed);
                let expected = bits(&by_definition(&totals, &plan));
                for division in [Division::OneThread, Division::AllThreads] {
                    for means in all_forms(&columns, &plan, division) {
                        prop_assert_eq!(&bits(&means), &expected);
                    }
                }
            }
        }
    }
}
