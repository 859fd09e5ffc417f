//! Endpoints: `metrics/<function>/<size>`, from two reports to a scored pair, and from the pairs of a model to its row.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spinefairbench_benches::resampling::plan;
use spinefairbench_benches::texts::{self, Kind};
use spinefairbench_metrics::bootstrap::Generator;
use spinefairbench_metrics::{BothEmpty, SourcedPair, StabilityGaps, estimate, score_pair};

fn pairs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("metrics/score_pair");
    for kind in Kind::ALL {
        let reports = texts::corpus(kind, 200);
        let bytes: usize = reports.iter().map(String::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(
            BenchmarkId::from_parameter(format!("{}_100", kind.name())),
            |bencher| {
                bencher.iter(|| {
                    let pairs = black_box(&reports).chunks_exact(2);
                    pairs
                        .filter(|pair| score_pair(&pair[0], &pair[1]).recommendation_changed())
                        .count()
                });
            },
        );
    }
    group.finish();
}

/// The pairs of a model, four to a source.
fn sourced(n: usize) -> Vec<SourcedPair> {
    let reports = texts::corpus(Kind::Mixed, 401);
    let report = |number: usize| reports[number % reports.len()].as_str();
    (0..n)
        .map(|number| {
            let outcome = score_pair(report(number * 2), report(number * 3 + 1));
            SourcedPair::new(format!("buu_{:06}", number / 4), outcome)
        })
        .collect()
}

fn endpoints(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("metrics/estimate");
    group.sample_size(20);
    let plan = plan(Generator::NumpyPcg64, 1000);
    for n in [1000, 4000, 16_000] {
        let pairs = sourced(n);
        group.bench_function(BenchmarkId::from_parameter(format!("{n}x1000")), |bencher| {
            bencher.iter(|| estimate(black_box(&pairs), &plan));
        });
    }
    group.finish();
    let pairs = sourced(4000);
    let outcomes: Vec<_> = pairs.iter().map(|pair| pair.outcome).collect();
    criterion.bench_function("metrics/stability_gaps/4000", |bencher| {
        bencher.iter(|| StabilityGaps::of(black_box(&outcomes)));
    });
    criterion.bench_function("metrics/both_empty/4000", |bencher| {
        bencher.iter(|| BothEmpty::of(black_box(&outcomes)));
    });
}

criterion_group!(benches, pairs, endpoints);
criterion_main!(benches);
