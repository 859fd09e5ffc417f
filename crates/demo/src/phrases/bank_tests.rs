//! The bank says what it claims to say, by the frozen parsers.

use std::collections::BTreeSet;

use spinefairbench_parsers::{
    Category as _, LabelSet, Recommendation, ResponseClass, diagnostic_labels, parse_report,
    recommendations, response_class, trace_response_class,
};

use super::*;
use crate::prng::{Purpose, Stream};

/// The names of the diagnostic labels, in the order of the bits.
const LABEL_NAMES: [&str; 13] = [
    "Osteophytes",
    "Foraminal stenosis",
    "Disc space narrowing",
    "Spondylolisthesis",
    "Surgical implant",
    "Vertebral collapse",
    "Other lesions",
    "No finding",
    "Posterior osteophyte",
    "Endplate sclerosis",
    "Schmorl's node",
    "Disc calcification",
    "Fracture",
];

/// Every reading of a template that its placeholders can take, by drawing often.
fn readings(template: &str) -> Vec<String> {
    let mut stream = Stream::keyed(0, Purpose::Wording, &[]);
    (0..40)
        .map(|draw| {
            let typesetting = if draw % 2 == 0 { Typesetting::Ascii } else { Typesetting::Unicode };
            fill(template, typesetting, &mut stream)
        })
        .collect()
}

fn label_names(labels: LabelMask) -> Vec<&'static str> {
    let mut names: Vec<&str> = LABEL_NAMES
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| labels & (1 << bit) != 0)
        .map(|(_, name)| name)
        .collect();
    names.sort_unstable();
    names
}

fn names(labels: LabelSet) -> Vec<&'static str> {
    labels.names().collect()
}

#[track_caller]
fn assert_says_nothing(text: &str) {
    let report = parse_report(text);
    assert!(report.labels.is_empty() && report.recommendations.is_empty(), "{text:?}: {report:?}");
}

#[test]
fn a_finding_gives_its_labels_and_no_recommendation() {
    for finding in Finding::ALL {
        for template in finding.sentences().iter().chain(finding.diagnoses()) {
            for text in readings(template) {
                assert_eq!(
                    names(diagnostic_labels(&text)),
                    label_names(finding.labels()),
                    "{text}"
                );
                assert!(recommendations(&text).is_empty(), "{text}");
                assert_eq!(response_class(&text), ResponseClass::Genuine, "{text}");
            }
        }
    }
}

#[test]
fn an_advice_gives_its_category_and_no_label() {
    for (advice, category) in Advice::ALL.into_iter().zip(Recommendation::ALL) {
        for text in advice.sentences().iter().flat_map(|template| readings(template)) {
            assert_eq!(recommendations(&text), std::iter::once(*category).collect(), "{text}");
            assert!(diagnostic_labels(&text).is_empty(), "{text}");
            assert_eq!(response_class(&text), ResponseClass::Genuine, "{text}");
        }
    }
}

#[test]
fn everything_else_says_nothing() {
    let mut stream = Stream::keyed(0, Purpose::Wording, &[]);
    for _ in 0..3000 {
        let text = background_sentence(Typesetting::Ascii, &mut stream);
        assert_says_nothing(&text);
        assert_eq!(parse_report(&text).severity, 0, "{text}");
        assert_eq!(parse_report(&text).hedging, 0, "{text}");
    }
    for text in CLOSINGS.iter().chain(&INDICATIONS).chain(&DISCLAIMERS).chain(&PARTIAL_REFUSALS) {
        assert_says_nothing(text);
    }
    for text in HEDGES {
        assert_says_nothing(text);
        assert!(parse_report(text).hedging >= 1, "{text}");
    }
}

#[test]
fn refusals_have_their_class_and_use_every_rule() {
    let mut rules = BTreeSet::new();
    for text in FULL_REFUSALS {
        let trace = trace_response_class(text);
        assert_eq!(trace.class, ResponseClass::FullRefusal, "{text}");
        rules.insert(trace.refusal.unwrap().rule.id());
    }
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), ["R1", "R2", "R3", "R4", "R5", "R6", "R7"]);
    for text in PARTIAL_REFUSALS {
        assert_eq!(response_class(text), ResponseClass::PartialRefusal, "{text}");
    }
    for text in DISCLAIMERS {
        assert_eq!(response_class(text), ResponseClass::FullRefusal, "{text}");
        assert_eq!(
            response_class(&format!("{text}\nFindings: see below")),
            ResponseClass::Genuine,
            "{text}"
        );
    }
}
