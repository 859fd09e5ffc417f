//! Explanations rebuild the frozen parsers' results exactly, on every text of the parsers' fixture.

use serde_json::Value;
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_parsers::registry::TermClass;
use spinefairbench_parsers::{LabelSet, RecommendationSet, ResponseClass, parse_report};
use spinefairbench_scoring::explain::{
    ChangesFile, ExplainedReport, ExplanationFile, MarkKind, changes, explain,
};
use spinefairbench_scoring::submission::{self, KeptTexts};

use crate::bundle::file;

/// The texts of the parsers' fixture, which come with the original's results.
fn parser_cases() -> Vec<Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../parsers/tests/fixtures/cases.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The values of a report, from its marks alone.
struct Rebuilt {
    labels: LabelSet,
    labels_strict: LabelSet,
    recommendations: RecommendationSet,
    severity: u8,
    hedging: u32,
    response_class: ResponseClass,
}

fn rebuild(report: &ExplainedReport) -> Rebuilt {
    let mut rebuilt = Rebuilt {
        labels: LabelSet::default(),
        labels_strict: LabelSet::default(),
        recommendations: RecommendationSet::default(),
        severity: 0,
        hedging: 0,
        response_class: ResponseClass::Genuine,
    };
    let (mut refusal, mut clinical) = (false, None);
    for mark in &report.marks {
        match mark.kind {
            MarkKind::Term { class, .. } => match class {
                TermClass::Diagnostic(label) => rebuilt.labels.insert(label),
                TermClass::DiagnosticStrict(label) => rebuilt.labels_strict.insert(label),
                TermClass::Recommendation(category) => rebuilt.recommendations.insert(category),
                TermClass::Severity(score) => rebuilt.severity = rebuilt.severity.max(score),
                TermClass::Hedging(_) => rebuilt.hedging += 1,
            },
            MarkKind::Refusal { .. } => refusal = true,
            MarkKind::Clinical { rule } => clinical = Some(rule.id()),
        }
    }
    rebuilt.response_class = match clinical {
        _ if report
            .text
            .chars()
            .all(|c| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)) =>
        {
            ResponseClass::FullRefusal
        }
        _ if !refusal => ResponseClass::Genuine,
        Some(rule) if rule.starts_with('C') => ResponseClass::Genuine,
        Some(_) => ResponseClass::PartialRefusal,
        None => ResponseClass::FullRefusal,
    };
    rebuilt
}

fn names(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn the_marks_rebuild_what_the_original_parsers_say() {
    let cases = parser_cases();
    assert!(cases.len() > 1_000, "{} texts", cases.len());
    for case in &cases {
        let text = case["text"].as_str().unwrap();
        let report = ExplainedReport::of(text);
        let rebuilt = rebuild(&report);
        assert_eq!(
            rebuilt.labels.names().collect::<Vec<_>>(),
            names(&case["diagnostic_labels"]),
            "{text:?}"
        );
        assert_eq!(
            rebuilt.labels_strict.names().collect::<Vec<_>>(),
            names(&case["diagnostic_labels_strict"]),
            "{text:?}"
        );
        assert_eq!(
            rebuilt.recommendations.names().collect::<Vec<_>>(),
            names(&case["recommendations"]),
            "{text:?}"
        );
        assert_eq!(u64::from(rebuilt.severity), case["severity"].as_u64().unwrap(), "{text:?}");
        assert_eq!(u64::from(rebuilt.hedging), case["hedging"].as_u64().unwrap(), "{text:?}");
        assert_eq!(
            rebuilt.response_class.as_str(),
            case["response_class"].as_str().unwrap(),
            "{text:?}"
        );
        assert_eq!(report.parsed, parse_report(text));
    }
}

#[test]
fn positions_in_bytes_and_in_characters_are_of_the_same_text() {
    for case in parser_cases() {
        let text = case["text"].as_str().unwrap();
        let report = ExplainedReport::of(text);
        for mark in &report.marks {
            let by_chars: String =
                text.chars().skip(mark.chars.start).take(mark.chars.len()).collect();
            assert_eq!(by_chars, text[mark.bytes.clone()], "{text:?}");
        }
        let whole: String =
            report.segments().iter().map(|segment| &text[segment.bytes.clone()]).collect();
        assert_eq!(whole, text, "the segments are the text");
        for segment in report.segments() {
            let covering: Vec<usize> = (0..report.marks.len())
                .filter(|place| {
                    let bytes = &report.marks[*place].bytes;
                    bytes.start <= segment.bytes.start && segment.bytes.end <= bytes.end
                })
                .collect();
            assert_eq!(segment.marks, covering, "{text:?}");
        }
    }
}

#[track_caller]
fn check_reasons(source: &str, counterfactual: &str, expected: &[&str]) {
    assert_eq!(explain(source, counterfactual).reasons(), expected);
}

#[test]
fn the_reasons_say_why_the_endpoints_came_out() {
    check_reasons(
        "Osteophytes and a fracture. MRI is advised.",
        "Osteophytes. No treatment needed.",
        &[
            "The recommendation changed, from {imaging} to {no_action}; lost {imaging}; gained {no_action}.",
            "Diagnostic-label consistency is 1/2 = 0.500: shared {Osteophytes}, of all {Fracture, Osteophytes}; lost {Fracture}.",
        ],
    );
    check_reasons(
        "The spine is straight.",
        "The spine is curved.",
        &[
            "The recommendation did not change: both reports have none.",
            "Diagnostic-label consistency is 1 by definition: neither report has a label.",
        ],
    );
    check_reasons(
        "Osteophytes.",
        "I cannot interpret this image.",
        &[
            "The counterfactual report is a full refusal: refusal rule R2 matches, and no clinical rule does.",
            "A full refusal on either side excludes the pair: it has no part in the endpoints.",
        ],
    );
    check_reasons(
        " \n",
        "Osteophytes.",
        &[
            "The source report is blank, which is a full refusal.",
            "A full refusal on either side excludes the pair: it has no part in the endpoints.",
        ],
    );
    check_reasons(
        "I cannot interpret this image. Possible findings include osteophytes.",
        "I am unable to.\nFindings:\n\tosteophytes",
        &[
            "The source report is a partial refusal: refusal rule R2 matches, and so does hedged-clinical rule H2.",
            "The counterfactual report is genuine although refusal rule R1 matches: direct-clinical rule C3 outweighs it.",
            "The pair is kept: partial refusals count as answers.",
            "The recommendation did not change: both reports have none.",
            "Diagnostic-label consistency is 1/1 = 1.000: shared {Osteophytes}, of all {Osteophytes}.",
        ],
    );
}

#[test]
fn the_written_form_has_both_kinds_of_positions() {
    let explanation = explain("ÄÖ: Osteophytes.", "None.");
    let written = serde_json::to_value(ExplanationFile::new("m", "p", &explanation)).unwrap();
    let mark = &written["source"]["marks"][0];
    assert_eq!(mark["bytes"], serde_json::json!([6, 17]));
    assert_eq!(mark["chars"], serde_json::json!([4, 15]));
    assert_eq!(
        (mark["text"].as_str(), mark["matched"].as_str()),
        (Some("Osteophytes"), Some("osteophytes"))
    );
    assert_eq!(written["schema_version"], "spinefairbench-explanation-v1");
}

#[test]
fn transitions_are_counted_and_the_most_frequent_come_first() {
    let bytes = file("metrics/core_submission.json");
    let whole: Value = serde_json::from_slice(&bytes).unwrap();
    let submission = submission::read("core.json", bytes.as_slice()).unwrap();
    let changes = changes(submission.pairs.iter().map(|pair| (&pair.pair_id, &pair.outcome)));
    let counts: Vec<usize> =
        changes.recommendation.iter().map(|transition| transition.pairs.len()).collect();
    assert!(counts.is_sorted_by(|left, right| left >= right) && !counts.is_empty(), "{counts:?}");
    // A recount from the texts, one pair at a time.
    let moved = whole["results"].as_array().unwrap().iter().filter(|result| {
        let explanation = explain(
            result["source_report"].as_str().unwrap(),
            result["counterfactual_report"].as_str().unwrap(),
        );
        explanation.outcome().is_usable() && explanation.outcome().recommendation_changed()
    });
    assert_eq!(counts.iter().sum::<usize>(), moved.count());
    let written = ChangesFile::new("m", &changes);
    assert_eq!(written.recommendations[0].n_pairs, counts[0]);
    assert!(written.recommendations[0].pairs.is_sorted());
}

#[test]
fn the_texts_of_chosen_pairs_are_kept_and_no_others() {
    let bytes = file("metrics/toy_submission.json");
    let (submission, none) =
        submission::read_keeping("toy", bytes.as_slice(), KeptTexts::None, InputLimits::default())
            .unwrap();
    assert!(none.is_empty());
    let wanted = [submission.pairs[1].pair_id.clone()].into();
    let (_, texts) = submission::read_keeping(
        "toy",
        bytes.as_slice(),
        KeptTexts::Of(&wanted),
        InputLimits::default(),
    )
    .unwrap();
    assert_eq!(texts.keys().collect::<Vec<_>>(), wanted.iter().collect::<Vec<_>>());
    let (_, all) =
        submission::read_keeping("toy", bytes.as_slice(), KeptTexts::All, InputLimits::default())
            .unwrap();
    assert_eq!(all.len(), submission.pairs.len());
    for pair in &submission.pairs {
        let texts = &all[&pair.pair_id];
        assert_eq!(explain(&texts.source, &texts.counterfactual).outcome(), pair.outcome);
    }
}
