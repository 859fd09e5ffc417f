//! The noise floor against a case that was checked by hand and computed by a program of its own with NumPy.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests read fixtures and may fail loudly")]

use std::collections::BTreeMap;

use serde_json::Value;
use spinefairbench_metrics::bootstrap::{Iterations, Plan};
use spinefairbench_metrics::parsers::{ParsedReport, parse_report};
use spinefairbench_metrics::{Calls, Excess, noise_floor};

/// Sums of a few terms, in one order or another.
const ROUNDING: f64 = 1e-12;

#[track_caller]
fn check(found: &Excess, expected: &Value) {
    let number = |value: &Value| value.as_f64().unwrap();
    for (name, found, expected) in [
        ("T", found.edited, number(&expected["T"])),
        ("F", found.floor, number(&expected["F"])),
        ("excess", found.excess, number(&expected["excess"])),
        (
            "normalized excess",
            found.normalized_excess.unwrap(),
            number(&expected["normalized_excess"]),
        ),
        ("lower", found.interval.lower, number(&expected["ci95"][0])),
        ("upper", found.interval.upper, number(&expected["ci95"][1])),
    ] {
        assert!((found - expected).abs() <= ROUNDING, "{name}: {found} against {expected}");
    }
}

#[test]
fn the_noise_floor_is_that_of_the_case_checked_by_hand() {
    let case: Value = serde_json::from_str(include_str!("fixtures/repeated_calls.json")).unwrap();
    let mut pairs: BTreeMap<String, Calls> = BTreeMap::new();
    for row in case["rows"].as_array().unwrap() {
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let report: Option<ParsedReport> =
            row["error"].is_null().then(|| parse_report(&text("response")));
        let pair = pairs.entry(text("pair_id")).or_insert_with(|| Calls {
            source_id: text("pair_source_id"),
            source: None,
            counterfactual: None,
        });
        match text("image_role").as_str() {
            "source" => pair.source = report,
            "generated" => pair.counterfactual = report,
            role => panic!("{role}"),
        }
    }
    let sources: Vec<&str> =
        case["core"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let iterations = Iterations::new(case["iterations"].as_u64().unwrap()).unwrap();
    let plan = Plan::published().with_iterations(iterations);
    assert_eq!(case["seed"], 42);
    let found = noise_floor(pairs.values(), sources, &plan).unwrap();
    let expected = &case["expected"];
    assert_eq!(expected["n_sources"], found.n_sources);
    assert_eq!(
        expected["dropped_no_usable_edited_comparison"],
        found.dropped_no_usable_edited_comparison
    );
    assert_eq!(
        expected["dropped_fewer_than_two_usable_source_reports"],
        found.dropped_fewer_than_two_usable_source_reports
    );
    check(&found.recommendation, &expected["recommendation"]);
    check(&found.diagnostic, &expected["diagnostic"]);
}
