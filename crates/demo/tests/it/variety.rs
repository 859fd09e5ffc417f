//! What the frozen parsers find in a small bundle: everything occurs, and the frozen outcomes are the published ones.

use std::collections::{BTreeMap, BTreeSet};

use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_demo::DemoBundle;
use spinefairbench_metrics::{SourcedPair, estimate, score_pair};
use spinefairbench_parsers::{
    Category, DiagnosticLabel, ParsedReport, Recommendation, ResponseClass, parse_report,
    stage1_primary_diagnosis,
};

use crate::{SHARED, json, small};

fn retained_reports(bundle: &DemoBundle) -> Vec<String> {
    Panel::RETAINED
        .iter()
        .flat_map(|panel| json(bundle, panel.results().as_str()).as_array().unwrap().clone())
        .map(|row| row["response"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_category_class_severity_and_hedge_occurs() {
    let texts = retained_reports(&SHARED);
    let parsed: Vec<ParsedReport> = texts.iter().map(|text| parse_report(text)).collect();
    let count = |wanted: &dyn Fn(&ParsedReport) -> bool| {
        parsed.iter().filter(|report| wanted(report)).count()
    };
    for label in DiagnosticLabel::ALL {
        assert!(count(&|report| report.labels.contains(*label)) >= 20, "{}", label.name());
    }
    for category in Recommendation::ALL {
        assert!(
            count(&|report| report.recommendations.contains(*category)) >= 50,
            "{}",
            category.name()
        );
    }
    for (class, least) in [
        (ResponseClass::Genuine, 1000),
        (ResponseClass::PartialRefusal, 5),
        (ResponseClass::FullRefusal, 20),
    ] {
        assert!(count(&|report| report.response_class == class) >= least, "{class:?}");
    }
    for severity in 1..=4 {
        assert!(count(&|report| report.severity == severity) >= 10, "severity {severity}");
    }
    assert!(count(&|report| report.severity == 0) >= 1);
    assert!(count(&|report| report.hedging >= 2) >= 50);
    assert!(count(&|report| report.hedging == 0) >= 50);
    assert!(
        count(&|report| report.labels != report.labels_strict) >= 5,
        "terms that the strict registry lacks"
    );
    for word in ["elderly woman", "young man", "year-old", "\u{2013}", "Schmorl\u{2019}s"] {
        assert!(texts.iter().any(|text| text.contains(word)), "{word}");
    }
    assert!(texts.iter().any(|text| text.contains("Schmorl's")));
    assert!(
        texts.iter().collect::<BTreeSet<_>>().len() * 10 > texts.len() * 9,
        "reports repeat each other"
    );
}

#[test]
fn a_disclaimer_in_front_of_a_report_leaves_it_genuine() {
    let texts = retained_reports(&SHARED);
    let disclaimed: Vec<&String> =
        texts.iter().filter(|text| text.contains("I cannot provide") && text.len() > 300).collect();
    assert!(!disclaimed.is_empty());
    assert!(
        disclaimed.iter().all(|text| parse_report(text).response_class == ResponseClass::Genuine)
    );
}

#[test]
fn pairs_without_any_label_occur() {
    let bundle = &*SHARED;
    let description: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&bundle.release_path).unwrap()).unwrap();
    assert!(description["expected"]["both_empty"]["pooled_both_empty"].as_u64().unwrap() >= 10);
}

#[test]
fn every_stage1_form_occurs_in_every_model() {
    let bundle = &*SHARED;
    let root = bundle.root.join(format!("{}/stage1_outputs", Panel::Mitigation.folder()));
    for model in std::fs::read_dir(root).unwrap() {
        let folder = model.unwrap().path();
        let mut forms: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "txt") {
                let text = std::fs::read_to_string(&path).unwrap();
                let lower = text.to_lowercase();
                let form = match stage1_primary_diagnosis(&text) {
                    None => "none",
                    Some(_) if lower.contains("diagnosis:") || lower.contains("diagnosis**:") => {
                        "inline"
                    }
                    Some(_) => "block",
                };
                *forms.entry(form).or_default() += 1;
            }
        }
        assert_eq!(
            forms.keys().copied().collect::<Vec<_>>(),
            ["block", "inline", "none"],
            "{}",
            folder.display()
        );
    }
}

#[test]
fn the_frozen_outcomes_are_the_published_ones_for_every_seed() {
    for seed in 5..7 {
        let folder = tempfile::tempdir().unwrap();
        let bundle = small(seed, folder.path());
        let sums = |root: &std::path::Path| std::fs::read(root.join(layout::SHA256SUMS)).unwrap();
        assert_ne!(sums(&bundle.root), sums(&SHARED.root), "another seed gives another bundle");
        let confidence = json(&bundle, layout::PARSING_CONFIDENCE);
        for (model, gate) in confidence.as_object().unwrap() {
            let kept = ["gpt-5.4", "glm-4.6v"].contains(&model.as_str());
            assert_eq!(
                gate["decision"],
                if kept { "included" } else { "excluded_full" },
                "{model}"
            );
        }
        let summary = json(&bundle, layout::MITIGATION_SUMMARY);
        let failing = serde_json::json!(["glm-4.6v", "gpt-5.4"]);
        assert_eq!(summary["rule_summary"]["models_with_b_rule_fail"], failing);
        for model in ["glm-4.6v", "gpt-5.4"] {
            let b = &summary["models"][model]["condition_b"];
            let (rec, diag) = (b["delta_rec"].as_f64().unwrap(), b["delta_diag"].as_f64().unwrap());
            assert!(rec > 0.04, "seed {seed}, {model}: {rec}");
            assert!(diag < -0.09, "seed {seed}, {model}: {diag}");
            assert_eq!(b["b_rule_pass"], false);
        }
    }
}

#[test]
fn the_toy_submission_has_the_published_score() {
    use spinefairbench_metrics::bootstrap::{Iterations, Plan};
    let bundle = &*SHARED;
    let toy = json(bundle, layout::TOY_SUBMISSION);
    let mut pairs: Vec<(String, SourcedPair)> = toy["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let text = |field: &str| result[field].as_str().unwrap();
            let outcome = score_pair(text("source_report"), text("counterfactual_report"));
            (text("pair_id").to_owned(), SourcedPair::new(text("source_id"), outcome))
        })
        .collect();
    assert_eq!(pairs.len(), 5);
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    let pairs: Vec<SourcedPair> = pairs.into_iter().map(|(_, pair)| pair).collect();
    let plan = Plan::published().with_iterations(Iterations::new(1000).unwrap());
    let estimate = estimate(&pairs, &plan).unwrap();
    let shown = |estimate: spinefairbench_metrics::EstimateWithInterval| {
        let interval = estimate.interval;
        format!("{:.3} [{:.3}, {:.3}]", estimate.value, interval.lower, interval.upper)
    };
    assert_eq!(shown(estimate.recommendation_change), "0.400 [0.000, 0.500]");
    assert_eq!(shown(estimate.diagnostic_consistency), "1.000 [1.000, 1.000]");
}

#[test]
fn the_endpoints_differ_between_models_in_the_published_order() {
    let bundle = &*SHARED;
    let description: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&bundle.release_path).unwrap()).unwrap();
    let table = description["expected"]["table2"].as_object().unwrap();
    let change = |model: &str| table[model]["recommendation_change"].as_f64().unwrap();
    let order = ["qwen2.5-vl", "llama-4-scout", "gpt-5.4", "claude-opus-4-6", "claude-sonnet-4-6"];
    assert!(order.is_sorted_by_key(|model| change(model)), "{table:?}");
    assert_eq!(description["expected"]["gap_sensitivity"]["models"], 9);
    assert_eq!(description["expected"]["gap_sensitivity"]["negative"], 8);
}
