//! Resampling: `bootstrap/<function>/<clusters>x<iterations>`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use spinefairbench_benches::resampling::{NineModels, changes, clusters, consistencies, plan};
use spinefairbench_bootstrap::{
    Clusters, Generator, clustered_interval, clustered_intervals, sign_flip, wilcoxon,
};

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
        let models = NineModels::new(missing_per_model);
        let tasks = models.tasks();
        let plan = plan(Generator::NumpyPcg64, 10_000);
        group.bench_function(name, |bencher| {
            bencher.iter(|| clustered_intervals(black_box(&tasks), &plan));
        });
    }
    group.finish();
}

fn paired_tests(criterion: &mut Criterion) {
    let (x, y) = (consistencies(4000, 0), changes(4000, 1));
    criterion.bench_function("bootstrap/wilcoxon/4000", |bencher| {
        bencher.iter(|| wilcoxon(black_box(&x), &y));
    });
    let differences: Vec<f64> = x.iter().zip(&y).take(1000).map(|(x, y)| x - y + 0.125).collect();
    let clusters = Clusters::new((0..1000).map(|place| format!("{place:04}")));
    let plan = plan(Generator::NumpyPcg64, 10_000);
    criterion.bench_function("bootstrap/sign_flip/1000x10000", |bencher| {
        bencher.iter(|| sign_flip(black_box(&differences), &clusters, &plan));
    });
}

criterion_group!(benches, one_interval, eighteen_intervals, paired_tests);
criterion_main!(benches);
