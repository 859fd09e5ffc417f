//! Resampling: `bootstrap/<function>/<clusters>x<iterations>`.
//!
//! Cluster sizes and values are made up by a fixed rule; four values per cluster, as in the release.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use spinefairbench_bootstrap::{
    Clusters, Generator, Iterations, Plan, Seed, Task, clustered_interval, clustered_intervals,
    sign_flip, wilcoxon,
};
use std::hint::black_box;

const CLUSTER_SIZE: usize = 4;

fn plan(generator: Generator, iterations: u64) -> Plan {
    Plan {
        generator,
        iterations: Iterations::new(iterations).expect("at least one"),
        seed: Seed::from(42),
    }
}

/// Each model lacks a few other values, as refusals leave them out, so that no two models share their counts.
fn clusters(n: usize, model: usize) -> Clusters {
    let kept = |value: &usize| value.is_multiple_of(CLUSTER_SIZE) || value % 37 != model;
    Clusters::new(
        (0..n * CLUSTER_SIZE).filter(kept).map(|value| format!("buu_{:06}", value / CLUSTER_SIZE)),
    )
}

/// Zeros and ones, as the recommendation endpoint has them.
fn changes(n: usize, model: usize) -> Vec<f64> {
    (0..n).map(|value| if (value * 7919 + model) % 10 < 4 { 1.0 } else { 0.0 }).collect()
}

/// Fractions, as the diagnostic endpoint has them.
fn consistencies(n: usize, model: usize) -> Vec<f64> {
    const FRACTIONS: [f64; 6] = [1.0, 0.5, 1.0 / 3.0, 0.0, 2.0 / 3.0, 0.25];
    (0..n).map(|value| FRACTIONS[(value * 104_729 + value * model / 7) % FRACTIONS.len()]).collect()
}

fn one_interval(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bootstrap/clustered_interval");
    for (n, iterations) in [(1000, 1000), (1000, 10_000), (4000, 10_000), (16_000, 10_000)] {
        let clusters = clusters(n, 0);
        let values = consistencies(clusters.n_values(), 0);
        let plan = plan(Generator::NumpyPcg64, iterations);
        group.bench_function(BenchmarkId::from_parameter(format!("{n}x{iterations}")), |bencher| {
            bencher.iter(|| clustered_interval(black_box(&values), &clusters, &plan));
        });
    }
    let clusters = clusters(1000, 0);
    let values = consistencies(clusters.n_values(), 0);
    let plan = plan(Generator::PythonMt19937, 10_000);
    group.bench_function("python-mt19937/1000x10000", |bencher| {
        bencher.iter(|| clustered_interval(black_box(&values), &clusters, &plan));
    });
    group.finish();
}

/// Nine models with both endpoints each: one pass over the stream for all, and one for each model.
fn eighteen_intervals(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bootstrap/clustered_intervals");
    for (name, missing_per_model) in [("18x1000x10000", 0), ("18x992..1000x10000", 1)] {
        let models: Vec<_> = (0..9)
            .map(|model| {
                let clusters = clusters(1000 - model * missing_per_model, model);
                let n = clusters.n_values();
                (clusters, changes(n, model), consistencies(n, model))
            })
            .collect();
        let tasks: Vec<Task<'_>> = models
            .iter()
            .flat_map(|(clusters, changes, consistencies)| {
                [Task { values: changes, clusters }, Task { values: consistencies, clusters }]
            })
            .collect();
        let plan = plan(Generator::NumpyPcg64, 10_000);
        group.bench_function(name, |bencher| {
            bencher.iter(|| clustered_intervals(black_box(&tasks), &plan));
        });
    }
    group.finish();
}

fn paired_tests(criterion: &mut Criterion) {
    let (x, y) = (consistencies(4000, 0), consistencies(4000, 1));
    criterion.bench_function("bootstrap/wilcoxon/4000", |bencher| {
        bencher.iter(|| wilcoxon(black_box(&x), &y));
    });
    let sums: Vec<f64> = x.iter().zip(&y).take(1000).map(|(x, y)| x - y + 0.125).collect();
    let plan = plan(Generator::NumpyPcg64, 10_000);
    criterion.bench_function("bootstrap/sign_flip/1000x10000", |bencher| {
        bencher.iter(|| sign_flip(black_box(&sums), &plan));
    });
}

criterion_group!(benches, one_interval, eighteen_intervals, paired_tests);
criterion_main!(benches);
