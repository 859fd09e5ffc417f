//! What holds for every interval, whatever the data.

use crate::intervals::plan;
use proptest::prelude::*;
use spinefairbench_bootstrap::*;

fn rows() -> impl Strategy<Value = Vec<(String, f64)>> {
    let value = prop_oneof![-100.0..100.0_f64, Just(0.0), Just(1.0), any::<f64>()];
    prop::collection::vec(("[a-f]{1,2}", value), 1..80)
}

fn split(rows: &[(String, f64)]) -> (Clusters, Vec<f64>) {
    (Clusters::new(rows.iter().map(|(key, _)| key)), rows.iter().map(|(_, value)| *value).collect())
}

proptest! {
    #[test]
    fn tasks_do_not_move_one_another(tasks in prop::collection::vec(rows(), 1..6), seed: u64, iterations in 1_u64..60) {
        let data: Vec<_> = tasks.iter().map(|rows| split(rows)).collect();
        let tasks: Vec<Task<'_>> = data.iter().map(|(clusters, values)| Task { values, clusters }).collect();
        for generator in Generator::ALL {
            let plan = plan(generator, iterations, seed);
            let alone: Result<Vec<Interval>, _> =
                tasks.iter().map(|task| clustered_interval(task.values, task.clusters, &plan)).collect();
            for threads in [1, 2, 8] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let together = pool.install(|| clustered_intervals(&tasks, &plan));
                // Errors may carry a NaN, which equals nothing.
                prop_assert_eq!(together.is_ok(), alone.is_ok());
                prop_assert_eq!(together.ok(), alone.clone().ok());
            }
        }
    }

    #[test]
    fn an_interval_lies_between_the_cluster_means(rows in rows(), seed: u64) {
        let rows: Vec<_> = rows.into_iter().filter(|(_, value)| value.abs() <= 100.0).collect();
        prop_assume!(!rows.is_empty());
        let (clusters, values) = split(&rows);
        let sums = clusters.sums(&values).unwrap();
        let means: Vec<f64> = sums.iter().zip(clusters.counts()).map(|(sum, count)| sum / *count as f64).collect();
        let lowest = means.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for generator in Generator::ALL {
            let interval = clustered_interval(&values, &clusters, &plan(generator, 50, seed)).unwrap();
            prop_assert!(interval.lower <= interval.upper + ROUNDING, "{interval:?}");
            prop_assert!(lowest - ROUNDING <= interval.lower && interval.upper <= highest + ROUNDING, "{interval:?}");
        }
    }

    #[test]
    fn the_order_of_rows_is_irrelevant_to_whole_numbers(
        rows in prop::collection::vec(("[a-f]", 0_u8..3), 1..60),
        order in any::<prop::sample::Index>(),
    ) {
        let rows: Vec<(String, f64)> = rows.into_iter().map(|(key, value)| (key, f64::from(value))).collect();
        let mut moved = rows.clone();
        moved.rotate_left(order.index(rows.len()));
        let plan = plan(Generator::NumpyPcg64, 100, 42);
        let intervals = [rows, moved].map(|rows| {
            let (clusters, values) = split(&rows);
            clustered_interval(&values, &clusters, &plan).unwrap()
        });
        prop_assert_eq!(intervals[0], intervals[1]);
    }
}

/// Sums of at most 80 values of at most 100 each, a few units in the last place apart.
const ROUNDING: f64 = 1e-11;
