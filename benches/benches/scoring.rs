//! Submissions: `scoring/<function>/<pairs>`, read from JSON and scored with a thousand resamples.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spinefairbench_benches::resampling::plan;
use spinefairbench_benches::submissions::{PAIRS, index, submission};
use spinefairbench_bootstrap::Generator;
use spinefairbench_scoring::coverage::Coverage;
use spinefairbench_scoring::score::score;
use spinefairbench_scoring::submission::read;

const SIZES: [usize; 3] = [PAIRS / 16, PAIRS / 4, PAIRS];

fn submissions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scoring/read");
    group.sample_size(10);
    for pairs in SIZES {
        let bytes = submission(pairs);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(pairs), |bencher| {
            bencher.iter(|| read("submission.json", black_box(bytes.as_slice())));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("scoring/score");
    group.sample_size(10);
    let plan = plan(Generator::NumpyPcg64, 1000);
    for pairs in SIZES {
        let index = index(pairs).expect("the made-up bundle is whole");
        let submission = read("submission.json", submission(pairs).as_slice());
        let submission = submission.expect("the made-up submission has no problem");
        group.bench_function(BenchmarkId::from_parameter(pairs), |bencher| {
            bencher.iter(|| score(black_box(&submission), &index, Coverage::Complete, &plan));
        });
    }
    group.finish();
}

criterion_group!(benches, submissions);
criterion_main!(benches);
