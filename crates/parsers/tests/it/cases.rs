//! The texts of `tests/fixtures/cases.jsonl`, whose values the original implementation computed with CPython's `re`.

use sha2::{Digest, Sha256};
use spinefairbench_parsers as parsers;
use spinefairbench_parsers::registry::TermClass;
use spinefairbench_parsers::{Category, CategorySet, LabelSet, RecommendationSet};

/// SHA-256 of the fixture file, so that no expected value is edited unnoticed.
const FIXTURE_SHA256: &str = "aaf12a362ae8172352af79ce47315f03b68b2697d57e12d5351f6a7ad5de2e13";

struct Case {
    text: String,
    labels: Vec<String>,
    labels_strict: Vec<String>,
    recommendations: Vec<String>,
    response_class: String,
    severity: u8,
    hedging: u32,
    stage1: Option<String>,
}

/// Part of the program, so that it can run where there is no disk.
const FIXTURE: &str = include_str!("../fixtures/cases.jsonl");

fn cases() -> Vec<Case> {
    let names = |value: &serde_json::Value| -> Vec<String> {
        serde_json::from_value(value.clone()).unwrap()
    };
    let read = |line: &str| {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        Case {
            text: case["text"].as_str().unwrap().to_owned(),
            labels: names(&case["diagnostic_labels"]),
            labels_strict: names(&case["diagnostic_labels_strict"]),
            recommendations: names(&case["recommendations"]),
            response_class: case["response_class"].as_str().unwrap().to_owned(),
            severity: case["severity"].as_u64().unwrap().try_into().unwrap(),
            hedging: case["hedging"].as_u64().unwrap().try_into().unwrap(),
            stage1: case["stage1_primary_diagnosis"].as_str().map(str::to_owned),
        }
    };
    FIXTURE.lines().map(read).collect()
}

fn names<C: Category>(set: CategorySet<C>) -> Vec<&'static str> {
    set.names().collect()
}

#[test]
fn the_fixture_is_the_pinned_one() {
    let digest = Sha256::digest(FIXTURE);
    let expected = (0..FIXTURE_SHA256.len()).step_by(2).map(|at| &FIXTURE_SHA256[at..at + 2]);
    assert!(expected.eq(digest.iter().map(|byte| format!("{byte:02x}"))), "{digest:x?}");
    assert_eq!(cases().len(), 6069);
}

#[test]
fn every_text_has_the_values_of_the_original() {
    for case in cases() {
        let report = parsers::parse_report(&case.text);
        let text = &case.text;
        assert_eq!(names(report.labels), case.labels, "{text:?}");
        assert_eq!(names(report.labels_strict), case.labels_strict, "{text:?}");
        assert_eq!(names(report.recommendations), case.recommendations, "{text:?}");
        assert_eq!(report.response_class.as_str(), case.response_class, "{text:?}");
        assert_eq!(report.severity, case.severity, "{text:?}");
        assert_eq!(report.hedging, case.hedging, "{text:?}");
        assert_eq!(parsers::stage1_primary_diagnosis(text), case.stage1, "{text:?}");
    }
}

#[test]
fn each_parser_alone_agrees_with_the_whole() {
    for Case { text, .. } in cases() {
        let report = parsers::parse_report(&text);
        assert_eq!(parsers::diagnostic_labels(&text), report.labels);
        assert_eq!(parsers::diagnostic_labels_strict(&text), report.labels_strict);
        assert_eq!(parsers::recommendations(&text), report.recommendations);
        assert_eq!(parsers::response_class(&text), report.response_class);
        assert_eq!(parsers::severity(&text), report.severity);
        assert_eq!(parsers::hedging_count(&text), report.hedging);
    }
}

#[test]
fn the_matches_rebuild_the_values_and_cover_whole_characters() {
    for Case { text, .. } in cases() {
        let report = parsers::parse_report(&text);
        let (mut labels, mut strict) = (LabelSet::new(), LabelSet::new());
        let (mut recommendations, mut severity, mut hedging) = (RecommendationSet::new(), 0, 0);
        for found in parsers::term_matches(&text) {
            let covered = &text[found.range.clone()];
            assert_eq!(covered.to_lowercase().trim_end_matches('\u{307}'), found.term, "{text:?}");
            match found.class {
                TermClass::Diagnostic(label) => labels.insert(label),
                TermClass::DiagnosticStrict(label) => strict.insert(label),
                TermClass::Recommendation(recommendation) => recommendations.insert(recommendation),
                TermClass::Severity(score) => severity = score.max(severity),
                TermClass::Hedging(_) => hedging += 1,
            }
        }
        assert_eq!(
            (labels, strict, recommendations),
            (report.labels, report.labels_strict, report.recommendations)
        );
        assert_eq!((severity, hedging), (report.severity, report.hedging), "{text:?}");
    }
}

#[test]
fn the_trace_of_a_response_decides_its_class() {
    use parsers::ResponseClass::{FullRefusal, Genuine, PartialRefusal};
    use parsers::registry::RuleGroup::{DirectClinical, HedgedClinical, Refusal};
    for Case { text, .. } in cases() {
        let trace = parsers::trace_response_class(&text);
        let groups = [&trace.refusal, &trace.clinical]
            .map(|found| found.as_ref().map(|found| found.rule.group()));
        let expected = match groups {
            [None, None]
                if text
                    .trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c))
                    .is_empty() =>
            {
                FullRefusal
            }
            [None, None] | [Some(Refusal), Some(DirectClinical)] => Genuine,
            [Some(Refusal), Some(HedgedClinical)] => PartialRefusal,
            [Some(Refusal), None] => FullRefusal,
            other => panic!("{other:?}: {text:?}"),
        };
        assert_eq!((trace.class, parsers::response_class(&text)), (expected, expected), "{text:?}");
        for found in [&trace.refusal, &trace.clinical].into_iter().flatten() {
            assert!(!text[found.range.clone()].is_empty(), "{text:?}");
        }
    }
}
