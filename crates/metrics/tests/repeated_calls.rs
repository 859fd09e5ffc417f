//! The noise floor against a case that was checked by hand and computed by a program of its own with NumPy.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests read fixtures and may fail loudly")]

use std::collections::BTreeMap;

use serde_json::Value;
use spinefairbench_metrics::bootstrap::{Iterations, Plan};
use spinefairbench_metrics::parsers::{ParsedReport, parse_report};
use spinefairbench_metrics::{Calls, Excess, NoiseFloor, SourceCalls, noise_floor};

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
            repeat: 0,
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
    let found = noise_floor(pairs.values(), sources, SourceCalls::OnePerPair, &plan).unwrap();
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

/// A case of made-up calls with repeats and copies, valued by `fixtures/noise_floor.py`.
struct Case {
    value: Value,
}

impl Case {
    fn floor(&self) -> NoiseFloor {
        let report = |text: &Value| text.as_str().map(parse_report);
        let calls: Vec<Calls> = self.value["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| Calls {
                source_id: row["source_id"].as_str().unwrap().to_owned(),
                repeat: u32::try_from(row["repeat"].as_u64().unwrap()).unwrap(),
                source: report(&row["source"]),
                counterfactual: report(&row["counterfactual"]),
            })
            .collect();
        let source_calls = match self.value["source_calls"].as_str().unwrap() {
            "one_per_pair" => SourceCalls::OnePerPair,
            "one_per_repeat" => SourceCalls::OnePerRepeat,
            other => panic!("{other}"),
        };
        let iterations = Iterations::new(self.value["iterations"].as_u64().unwrap()).unwrap();
        let plan = Plan::published()
            .with_iterations(iterations)
            .with_seed(self.value["seed"].as_u64().unwrap());
        let sources = self.value["sources"].as_array().unwrap();
        let sources = sources.iter().map(|source| source.as_str().unwrap());
        noise_floor(&calls, sources, source_calls, &plan).unwrap()
    }
}

#[track_caller]
fn check_all(name: &str, found: &Excess, expected: &Value) {
    let (found, expected) = (numbers(found), expected.as_array().unwrap());
    assert_eq!(found.len(), expected.len());
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        match (found, expected.as_f64()) {
            (Some(found), Some(expected)) => {
                assert!(
                    (found - expected).abs() <= ROUNDING,
                    "{name}, {place}: {found} {expected}"
                );
            }
            (found, expected) => assert_eq!(*found, expected, "{name}, {place}"),
        }
    }
}

/// T, F, T − F and the normalised excess, each with its interval.
fn numbers(excess: &Excess) -> Vec<Option<f64>> {
    let ends = |interval: Option<spinefairbench_metrics::bootstrap::Interval>| {
        [interval.map(|ends| ends.lower), interval.map(|ends| ends.upper)]
    };
    [
        (Some(excess.edited), ends(Some(excess.edited_interval))),
        (Some(excess.floor), ends(Some(excess.floor_interval))),
        (Some(excess.excess), ends(Some(excess.interval))),
        (excess.normalized_excess, ends(excess.normalized_interval)),
    ]
    .into_iter()
    .flat_map(|(value, [lower, upper])| [value, lower, upper])
    .collect()
}

#[test]
fn repeats_give_what_numpy_gives() {
    let cases: Value = serde_json::from_str(include_str!("fixtures/noise_floor.json")).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    assert!(cases.len() >= 4);
    for value in cases {
        let case = Case { value: value.clone() };
        let (name, expected) = (value["name"].as_str().unwrap(), &value["expected"]);
        let found = case.floor();
        let counts = [
            found.n_sources,
            found.dropped_no_usable_edited_comparison,
            found.dropped_fewer_than_two_usable_source_reports,
            found.n_edited_comparisons,
            found.n_source_calls,
            found.n_repeated_comparisons,
        ];
        assert_eq!(serde_json::json!(counts), expected["counts"], "{name}");
        for (part, found) in [
            ("recommendation", &found.recommendation),
            ("diagnostic", &found.diagnostic),
            ("recommendation_by_pair", &found.pair_weighted.recommendation),
            ("diagnostic_by_pair", &found.pair_weighted.diagnostic),
        ] {
            check_all(&format!("{name}: {part}"), found, &expected[part]);
        }
    }
}

#[cfg(not(target_family = "wasm"))]
#[test]
fn any_number_of_threads_gives_the_same_floor() {
    let cases: Value = serde_json::from_str(include_str!("fixtures/noise_floor.json")).unwrap();
    let mut case = Case { value: cases["cases"][0].clone() };
    // Enough rows for several pieces of the stream.
    case.value["iterations"] = serde_json::json!(9000);
    let expected = case.floor();
    for threads in [1, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert_eq!(pool.install(|| case.floor()), expected, "{threads} threads");
    }
}
