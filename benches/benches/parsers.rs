//! Parsing of report text of every kind, at 1, 4 and 16 times the length of a usual report.
//!
//! Names: `parsers/<function>/<kind>_<factor>x`; `all` is every parser, of reports and of Stage-1 texts.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spinefairbench_benches::texts::{Kind, REPORT};
use spinefairbench_parsers::{parse_report, stage1_primary_diagnosis};

fn parsers(criterion: &mut Criterion) {
    measure(criterion, "parse_report", parse_report);
    measure(criterion, "stage1_primary_diagnosis", stage1_primary_diagnosis);
    measure(criterion, "all", |text| (parse_report(text), stage1_primary_diagnosis(text)));
}

fn measure<T>(criterion: &mut Criterion, function: &str, parse: impl Fn(&str) -> T) {
    let mut group = criterion.benchmark_group(format!("parsers/{function}"));
    for kind in Kind::ALL {
        for factor in [1, 4, 16] {
            let text = kind.of(REPORT).repeat(factor);
            let name = format!("{}_{factor}x", kind.name());
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| parse(black_box(&text)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, parsers);
criterion_main!(benches);
