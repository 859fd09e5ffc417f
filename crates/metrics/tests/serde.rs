//! What the feature `serde` writes of results, through all three crates.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, missing_docs, reason = "tests may fail loudly")]

use serde_json::{Value, json};
use spinefairbench_metrics::bootstrap::{
    Clusters, Generator, Interval, Iterations, Plan, sign_flip, wilcoxon,
};
use spinefairbench_metrics::{
    BothEmpty, HedgingDisparity, RefusalAccounting, SeverityDisparity, SourcedPair, StabilityGaps,
    Usability, estimate, score_pair,
};

fn pairs() -> [SourcedPair; 3] {
    [
        SourcedPair::new("a", score_pair("Mild fracture. MRI.", "Severe fracture. MRI.")),
        SourcedPair::new("b", score_pair("Fracture. MRI.", "Possibly osteophytes. Physiotherapy.")),
        SourcedPair::new("b", score_pair("I'm unable to help.", "Fracture.")),
    ]
}

fn written(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn an_estimate_is_its_endpoints_and_intervals() {
    let plan = Plan::published().with_iterations(Iterations::new(20).unwrap());
    let estimate = estimate(&pairs(), &plan).unwrap();
    let [change, consistency] =
        [estimate.recommendation_change.interval, estimate.diagnostic_consistency.interval];
    let expected = json!({
        "endpoints": {
            "n_pairs": 2, "n_changed": 1, "recommendation_change": 0.5, "diagnostic_consistency": 0.5,
        },
        "n_sources": 2,
        "recommendation_change":
            { "value": 0.5, "interval": { "lower": change.lower, "upper": change.upper } },
        "diagnostic_consistency":
            { "value": 0.5, "interval": { "lower": consistency.lower, "upper": consistency.upper } },
    });
    assert_eq!(written(estimate), expected);
    let read: Interval = serde_json::from_value(written(change)).unwrap();
    assert_eq!(read, change);
}

#[test]
fn what_stands_beside_the_endpoints_is_written_by_field() {
    let pairs = pairs();
    let outcomes = || pairs.iter().map(|pair| &pair.outcome);
    let accounting = json!({
        "pairs": 3, "source_full_refusals": 1, "counterfactual_full_refusals": 0,
        "pair_full_refusals": 1, "pair_partial_refusals": 0, "usable_pairs": 2,
    });
    assert_eq!(written(RefusalAccounting::of(outcomes())), accounting);
    assert_eq!(written(StabilityGaps::of(outcomes()).unwrap())["gap_exact"], 0.0);
    let both_empty = json!({ "usable_pairs": 2, "both_empty": 0 });
    assert_eq!(written(BothEmpty::of(outcomes())), both_empty);
    let severity = json!({ "n_pairs": 2, "mean_absolute": 1.0, "mean_signed": -1.0 });
    assert_eq!(written(SeverityDisparity::of(outcomes().take(2))), severity);
    assert_eq!(written(HedgingDisparity::of(outcomes().take(2)))["mean_ratio"], 0.5);
    let pair = written(&pairs[0]);
    assert_eq!(pair["source_id"], "a");
    assert_eq!(pair["outcome"]["source"]["diagnostic_labels"], json!(["Fracture"]));
    assert_eq!(written(Usability::PartialRefusal), "partial_refusal");
}

#[test]
fn plans_and_tests_are_written_by_field() {
    let plan = Plan::published().with_generator(Generator::PythonMt19937);
    let expected = json!({ "generator": "python-mt19937", "iterations": 10_000, "seed": "42" });
    assert_eq!(written(&plan), expected);
    let test = sign_flip(&[1.0, 2.0], &Clusters::new(["a", "b"]), &plan).unwrap();
    let expected =
        json!({ "statistic": 3.0, "p_value": 0.5, "patterns": { "all": { "patterns": 4 } } });
    assert_eq!(written(test), expected);
    let test = wilcoxon(&[1.0, 2.0], &[0.0, 0.0]).unwrap();
    assert_eq!(written(test), json!({ "statistic": 0.0, "p_value": 0.5 }));
}
