//! Reading: panels, digests of one file and of a folder of files, at 1, 4 and 16 times their usual size.
//!
//! Names: `artifacts/<function>/<factor>x`. The threads are those of the machine, or of `RAYON_NUM_THREADS`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::{manifest, panel};
use spinefairbench_benches::bundles;
use spinefairbench_benches::workload::{FACTORS, prepare};

fn panels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("artifacts/panel");
    group.sample_size(10);
    for factor in FACTORS {
        let bytes = bundles::panel(bundles::PANEL_BYTES * factor);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{factor}x")), |bencher| {
            bencher.iter(|| {
                panel::map_rows("results.json", black_box(&bytes), |_, row| {
                    row.map(|row| row.response.map_or(0, |response| response.len()))
                })
            });
        });
    }
    group.finish();
}

fn digests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("artifacts/sha256");
    for factor in FACTORS {
        let bytes = vec![7; bundles::FILE_BYTES * factor];
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{factor}x")), |bencher| {
            bencher.iter(|| Sha256::of(black_box(&bytes)));
        });
    }
    group.finish();
}

fn manifests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("artifacts/manifest");
    for factor in FACTORS {
        let line = |number: usize| format!("{}  files/{number:06}.bin\n", "5a".repeat(32));
        let text: String = (0..5000 * factor).map(line).collect();
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{factor}x")), |bencher| {
            bencher.iter(|| manifest::parse("SHA256SUMS.txt", black_box(text.as_bytes())));
        });
    }
    group.finish();
}

/// A folder of files as the suite reads it: opened, hashed and compared.
fn checksums(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("artifacts/checksums");
    group.sample_size(10);
    for factor in FACTORS {
        let mut work = prepare(&format!("checks/checksums/{factor}x")).expect("a known workload");
        group.throughput(Throughput::Bytes(work.bytes.unwrap_or_default() as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{factor}x")), |bencher| {
            bencher.iter(|| work.run().expect("the folder is as its manifest says"));
        });
    }
    group.finish();
}

criterion_group!(benches, panels, digests, manifests, checksums);
criterion_main!(benches);
