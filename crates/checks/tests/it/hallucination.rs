//! The saved hallucination means on the mini bundle with the lists of the later release: the authors' own programs' values.

use serde_json::Value;
use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_checks::check::hallucination::Hallucination;
use spinefairbench_checks::{CheckReport, FindingCap, Status, Unobserved, run};

use crate::bundle::{Overlay, fixture, release};

fn read(name: &str) -> Vec<u8> {
    std::fs::read(fixture(&format!("hallucination/{name}"))).unwrap()
}

fn bundle() -> Overlay {
    let mut bundle = Overlay::default();
    bundle.put(layout::CORE_SUMMARY, read("summary.json"));
    bundle.put(layout::CORE_SUBSET, read("core.json"));
    let lists = ["full_pairs.json", "baseline_pairs.json"];
    for (panel, list) in Panel::RETAINED.into_iter().zip(lists) {
        bundle.put(panel.pairs().unwrap().as_str(), read(list));
    }
    bundle
}

fn judge(bundle: &Overlay) -> (CheckReport, Value) {
    let cap = FindingCap::default();
    let report = run(&bundle.source, &release(), &Hallucination, cap, &Unobserved).unwrap();
    let json = serde_json::to_string(&report.result).unwrap();
    (report, serde_json::from_str(&json).unwrap())
}

/// Equal as numbers, bit for bit, and as maps.
#[track_caller]
fn assert_field(found: &Value, expected: &Value, name: &str, model: &str) {
    match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) => {
            assert_eq!(found.to_bits(), expected.to_bits(), "{model} {name}: {found}, {expected}");
        }
        _ => assert_eq!(found, expected, "{model} {name}"),
    }
}

#[test]
fn both_ways_of_pairing_give_the_authors_values_bit_for_bit() {
    let (report, found) = judge(&bundle());
    assert_eq!(report.findings, []);
    assert_eq!(found["verified_models"], 9);
    let expected: Value = serde_json::from_slice(&read("expected.json")).unwrap();
    for (model, expected) in expected["models"].as_object().unwrap() {
        let found = &found["models"][model];
        for name in [
            "n_pairs",
            "source_dataset_pair_counts",
            "computed_mean_abs_difference",
            "saved_mean_disparity",
        ] {
            assert_field(&found[name], &expected[name], name, model);
        }
        for name in ["n_pairs", "source_dataset_pair_counts", "mean_abs_difference"] {
            let (found, expected) =
                (&found["recorded_base_pairing"], &expected["recorded_base_pairing"]);
            assert_field(&found[name], &expected[name], name, model);
        }
    }
    let recovered: Value = serde_json::from_slice(&read("recovered.json")).unwrap();
    for (model, expected) in recovered["models"].as_object().unwrap() {
        for name in ["input_source_count", "input_sources_outside_core_count"] {
            assert_field(&found["models"][model][name], &expected[name], name, model);
        }
    }
}

#[test]
fn an_altered_mean_or_number_of_pairs_is_judged_as_by_the_authors() {
    let cases: Value = serde_json::from_slice(&read("cases.json")).unwrap();
    let mut n_judged = 0;
    for case in cases.as_array().unwrap() {
        let Some(field) = case["field"].as_str() else { continue };
        let model = case["model"].as_str().unwrap();
        let mut bundle = bundle();
        bundle.edit(layout::CORE_SUMMARY, |summary| {
            for panel in ["full", "baseline"] {
                let saved = summary.pointer_mut(&format!(
                    "/panels/{panel}/models/{model}/primary_secondary_stats/hallucination/{field}"
                ));
                if let Some(saved) = saved {
                    *saved = case["value"].clone();
                }
            }
        });
        let (report, _) = judge(&bundle);
        assert_eq!(report.status() == Status::Fail, case["exit"] == 1, "{}", case["name"]);
        n_judged += 1;
    }
    assert_eq!(n_judged, 3);
}
