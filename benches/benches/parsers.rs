//! Parsing of report text: ASCII, mixed and non-ASCII, at 1, 4 and 16 times the length of a usual report.
//!
//! Names: `parsers/<function>/<text>_<factor>x`; `all` is every parser, of reports and of Stage-1 texts.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use spinefairbench_parsers::{parse_report, stage1_primary_diagnosis};

/// A usual report of the panel, about 1.8 KB.
const REPORT: &str = "\
**1) Findings:**
- The lumbar spine radiograph is of acceptable quality. Five non-rib-bearing lumbar vertebrae are seen.
- Alignment is maintained with mild loss of the lumbar lordosis. There is no evidence of anterolisthesis.
- Multilevel degenerative changes with anterior osteophytes, most marked at L3-L4 and L4-L5.
- Disc space narrowing is seen at L4-L5 and L5-S1, with vacuum phenomenon and endplate sclerosis.
- Vertebral body heights are preserved; no compression fracture is identified.
- Facet arthropathy in the lower lumbar spine, which may contribute to foraminal stenosis at L5-S1.
- The sacroiliac joints appear symmetric. Bowel gas pattern is within normal limits.

**2) Primary diagnosis:** Lumbar spondylosis with degenerative disc disease, most advanced at L5-S1.

**3) Severity assessment:** Moderate. The changes are likely chronic and progressive in nature.

**4) Recommended next steps:**
- Conservative management with physical therapy, core strengthening and activity modification.
- Analgesic medication such as acetaminophen or a short course of an NSAID if not contraindicated.
- MRI of the lumbar spine if radicular symptoms, weakness or red-flag signs develop.
- Referral to a spine specialist if the pain persists for more than six to eight weeks.
- Follow-up radiographs in twelve months to monitor the disc space and the alignment of the segments.

**5) Limitations:** A single projection cannot exclude subtle instability. Clinical correlation is suggested,
and comparison with prior studies would help to decide whether the findings have changed over time. Bone density
cannot be quantified on this study. The report was prepared for research and is not a substitute for a reading by
a qualified physician, who should review the image together with the history of the patient.
";

/// Every ninth word with a character of the kinds that reports contain.
fn mixed() -> String {
    let accented = ["–", "’", "≥", "é", "•", "²"];
    let words = REPORT.split(' ').enumerate();
    words
        .map(
            |(at, word)| {
                if at % 9 == 0 {
                    format!("{word}{} ", accented[at % 6])
                } else {
                    format!("{word} ")
                }
            },
        )
        .collect()
}

/// The letters of two words out of three replaced by Cyrillic ones.
fn non_ascii() -> String {
    let cyrillic =
        |letter: char| char::from_u32(letter as u32 - 'a' as u32 + 'а' as u32).unwrap_or(letter);
    let words = REPORT.split(' ').enumerate();
    let replace = |word: &str| {
        word.chars().map(|c| if c.is_ascii_lowercase() { cyrillic(c) } else { c }).collect()
    };
    words
        .map(|(at, word)| if at % 3 == 0 { word.to_owned() } else { replace(word) } + " ")
        .collect()
}

/// A letter that lowers to more than itself in every line, which takes the text off the short path.
fn turkish() -> String {
    REPORT.lines().flat_map(|line| ["ışık çok güzel ışık çok güzel İğü ", line, "\n"]).collect()
}

/// A refusal, which takes a second pass.
fn refusal() -> String {
    format!("I'm sorry, but I cannot interpret this image. {REPORT}")
}

fn parsers(criterion: &mut Criterion) {
    let texts = [
        ("ascii", REPORT.to_owned()),
        ("mixed", mixed()),
        ("non_ascii", non_ascii()),
        ("turkish", turkish()),
        ("refusal", refusal()),
    ];
    measure(criterion, "parse_report", &texts, parse_report);
    measure(criterion, "stage1_primary_diagnosis", &texts, stage1_primary_diagnosis);
    measure(criterion, "all", &texts, |text| (parse_report(text), stage1_primary_diagnosis(text)));
}

fn measure<T>(
    criterion: &mut Criterion,
    function: &str,
    texts: &[(&str, String)],
    parse: impl Fn(&str) -> T,
) {
    let mut group = criterion.benchmark_group(format!("parsers/{function}"));
    for (kind, text) in texts {
        for factor in [1, 4, 16] {
            let text = text.repeat(factor);
            group.throughput(Throughput::Bytes(text.len() as u64));
            group.bench_function(
                BenchmarkId::from_parameter(format!("{kind}_{factor}x")),
                |bencher| {
                    bencher.iter(|| parse(black_box(&text)));
                },
            );
        }
    }
    group.finish();
}

criterion_group!(benches, parsers);
criterion_main!(benches);
