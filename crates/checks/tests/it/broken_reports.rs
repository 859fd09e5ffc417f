//! Retained reports and the frozen summary broken.

use serde_json::{Value, json};
use spinefairbench_artifacts::layout;
use spinefairbench_bootstrap::Iterations;
use spinefairbench_checks::check::both_empty_diagnostic::BothEmptyDiagnostic;
use spinefairbench_checks::check::gap_sensitivity::GapSensitivity;
use spinefairbench_checks::check::parse_sample::ParseSample;
use spinefairbench_checks::check::table2::{CompareWithFrozen, Intervals, Table2};
use spinefairbench_checks::{
    Check, CheckError, FindingCap, ModelSelection, PlanRequest, Unobserved, run,
};

use crate::bundle::{MINI, Overlay, assert_found, assert_passes, broken, release, run_check};

const REPORTS: &str =
    "artifacts/Results/final_inputs/panels/full_pipeline_retained/evaluation_results.json";
const SUMMARY: &str = layout::CORE_SUMMARY;
const MODEL: &str = "gpt-5.4";

fn both_empty() -> BothEmptyDiagnostic {
    BothEmptyDiagnostic { models: ModelSelection::One(MODEL.to_owned()) }
}

fn table2(intervals: Intervals) -> Table2 {
    Table2 { models: ModelSelection::One(MODEL.to_owned()), intervals }
}

fn recomputed() -> Intervals {
    Intervals::Recomputed { plan: PlanRequest::default(), comparison: CompareWithFrozen::Yes }
}

/// The first row of the model, in one role.
fn edit_row(bundle: &mut Overlay, role: &str, edit: impl FnOnce(&mut Value)) {
    bundle.edit(REPORTS, |rows| {
        let rows = rows.as_array_mut().unwrap();
        edit(
            rows.iter_mut().find(|row| row["model"] == MODEL && row["image_role"] == role).unwrap(),
        );
    });
}

fn edit_frozen(bundle: &mut Overlay, edit: impl FnOnce(&mut Value)) {
    bundle.edit(SUMMARY, |file| edit(&mut file["panels"]["full"]["models"][MODEL]));
}

#[test]
fn broken_reports_are_named() {
    assert_found(broken![
        "an error", both_empty(),
            |bundle| edit_row(bundle, "source", |row| row["error"] = json!("timeout")) => "report_error", REPORTS;
        "a blank report", both_empty(),
            |bundle| edit_row(bundle, "source", |row| row["response"] = json!(" \n\u{1f}\u{a0}"))
            => "report_blank", REPORTS;
        "no report", both_empty(),
            |bundle| edit_row(bundle, "source", |row| row["response"] = json!(null)) => "report_blank", REPORTS;
        "an unknown role", both_empty(),
            |bundle| edit_row(bundle, "generated", |row| row["image_role"] = json!("counterfactual"))
            => "role_unknown", REPORTS;
        "a report without its partner", both_empty(),
            |bundle| edit_row(bundle, "generated", |row| row["model"] = json!("someone")) => "unpaired_report", REPORTS, "1", "0";
        "a report twice", both_empty(),
            |bundle| bundle.edit(REPORTS, |rows| {
                let row = rows.as_array().unwrap().iter().find(|row| row["model"] == MODEL).unwrap().clone();
                rows.as_array_mut().unwrap().push(row);
            })
            => "duplicate_report", REPORTS, "1", "2";
        "an empty pair id", both_empty(),
            |bundle| edit_row(bundle, "source", |row| row["pair_id"] = json!("")) => "pair_id_invalid", REPORTS;
        "a pair id that is a number", both_empty(),
            |bundle| edit_row(bundle, "source", |row| row["pair_id"] = json!(7)) => "panel_row_type", REPORTS;
        "another source", both_empty(),
            |bundle| edit_row(bundle, "source", |row| row["source_id"] = json!("vindr_other"))
            => "source_disagrees", REPORTS;
        "no source", both_empty(),
            |bundle| edit_row(bundle, "source", |row| {
                row["pair_source_id"] = json!(null);
                row["source_id"] = json!("");
            })
            => "source_undeclared", REPORTS;
        "a source that the pair id does not begin with", both_empty(),
            |bundle| bundle.edit(REPORTS, |rows| {
                let rows = rows.as_array_mut().unwrap();
                let pair = rows.iter().find(|row| row["model"] == MODEL).unwrap()["pair_id"].clone();
                for row in rows.iter_mut().filter(|row| row["pair_id"] == pair && row["model"] == MODEL) {
                    row["pair_source_id"] = json!("buu");
                    row["source_id"] = json!("buu");
                }
            })
            => "pair_id_prefix", REPORTS;
        "a row that is null", both_empty(),
            |bundle| bundle.edit(REPORTS, |rows| rows.as_array_mut().unwrap().push(json!(null))) => "panel_row_not_object", REPORTS;
        "a panel cut short", both_empty(),
            |bundle| {
                let mut bytes = bundle.bytes(REPORTS);
                bytes.truncate(bytes.len() / 2);
                bundle.put(REPORTS, bytes);
            }
            => "json_truncated", REPORTS;
        "a panel that is an object", both_empty(), |bundle| bundle.put(REPORTS, "{}") => "json_type", REPORTS;
        "an empty panel", both_empty(), |bundle| bundle.put(REPORTS, "[]") => "no_usable_pair", REPORTS;
        "a missing panel", both_empty(), |bundle| bundle.remove(REPORTS) => "file_missing", REPORTS;
        "a model taken off its panel", both_empty(),
            |bundle| bundle.edit("artifacts/Results/final_inputs/panels/full_pipeline_retained/panel_manifest.json", |file| {
                file["models"] = json!(["gemma-4"]);
            })
            => "model_unlisted", "artifacts/Results/final_inputs/panels/full_pipeline_retained/panel_manifest.json";
    ]);
}

#[test]
fn every_problem_of_the_rows_is_named_at_once() {
    let mut bundle = Overlay::default();
    edit_row(&mut bundle, "source", |row| row["error"] = json!(true));
    edit_row(&mut bundle, "generated", |row| row["response"] = json!(""));
    let report = run_check(&bundle, &both_empty());
    let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert!(codes.contains(&"report_error") && codes.contains(&"report_blank"), "{codes:?}");
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.row.is_some() && finding.message.contains("pair `"))
    );
}

#[test]
fn what_is_none_of_a_models_business_does_not_matter() {
    assert_passes("another model's errors", &both_empty(), |bundle| {
        bundle.edit(REPORTS, |rows| {
            for row in
                rows.as_array_mut().unwrap().iter_mut().filter(|row| row["model"] == "kimi-k2.5")
            {
                row["error"] = json!("timeout");
            }
        });
    });
    assert_passes("falsy errors", &both_empty(), |bundle| {
        edit_row(bundle, "source", |row| row["error"] = json!([]));
        edit_row(bundle, "generated", |row| row["error"] = json!(0));
    });
    assert_passes("rows in another order", &table2(recomputed()), |bundle| {
        bundle.edit(REPORTS, |rows| rows.as_array_mut().unwrap().reverse());
    });
}

#[test]
fn a_full_refusal_is_a_valid_report_and_is_counted() {
    assert_found(broken![
        "one more full refusal", table2(Intervals::Frozen),
            |bundle| edit_row(bundle, "source", |row| row["response"] = json!("I'm unable to interpret this image."))
            => "full_refusals_mismatch", SUMMARY, "1", "2";
        "one usable pair less", table2(Intervals::Frozen),
            |bundle| edit_row(bundle, "source", |row| row["response"] = json!("I'm unable to interpret this image."))
            => "usable_pairs_mismatch", SUMMARY, "46", "45";
    ]);
}

#[test]
fn altered_frozen_values_are_named() {
    assert_found(broken![
        "another agreement", table2(Intervals::Frozen),
            |bundle| edit_frozen(bundle, |model| {
                model["primary_secondary_stats"]["recommendation"]["agreement_rate"] = json!(0.27);
            })
            => "recommendation_change_mismatch", SUMMARY, "0.73", "0.7391304347826086";
        "another consistency", table2(Intervals::Frozen),
            |bundle| edit_frozen(bundle, |model| {
                model["primary_secondary_stats"]["diagnostic_label"]["mean"] = json!(0.372_929_606_627);
            })
            => "diagnostic_consistency_mismatch", SUMMARY, "0.372929606627", "0.3729296066252587";
        "another number of usable pairs", table2(Intervals::Frozen),
            |bundle| edit_frozen(bundle, |model| model["data_quality"]["pair_usable"] = json!(47))
            => "usable_pairs_mismatch", SUMMARY, "47", "46";
        "another number of full refusals", table2(Intervals::Frozen),
            |bundle| edit_frozen(bundle, |model| model["data_quality"]["pair_full_refusals"] = json!(0))
            => "full_refusals_mismatch", SUMMARY, "0", "1";
        "another number of partial refusals", table2(Intervals::Frozen),
            |bundle| edit_frozen(bundle, |model| model["data_quality"]["pair_partial_refusals"] = json!(3))
            => "partial_refusals_mismatch", SUMMARY, "3", "2";
        "another recommendation interval", table2(recomputed()),
            |bundle| edit_frozen(bundle, |model| {
                model["primary_secondary_stats"]["recommendation"]["bootstrap_ci"]["lower"] = json!(0.11);
            })
            => "recommendation_interval_mismatch", SUMMARY, "[0.5625, 0.89]", "[0.5625, 0.8888888888888888]";
        "another diagnostic interval", table2(recomputed()),
            |bundle| edit_frozen(bundle, |model| {
                model["primary_secondary_stats"]["diagnostic_label"]["bootstrap_ci"]["upper"] = json!(0.5);
            })
            => "diagnostic_interval_mismatch", SUMMARY, "[0.256049114331723, 0.5]", "[0.256049114331723, 0.49122190032928065]";
        "no frozen values of the model", table2(Intervals::Frozen),
            |bundle| bundle.edit(SUMMARY, |file| {
                file["panels"]["full"]["models"].as_object_mut().unwrap().remove(MODEL);
            })
            => "frozen_model_missing", SUMMARY;
        "a frozen value that is no number", table2(Intervals::Frozen),
            |bundle| edit_frozen(bundle, |model| model["data_quality"]["pair_usable"] = json!("46"))
            => "json_type", SUMMARY, "a whole number", "a string: \"46\"";
        "another report", table2(Intervals::Frozen),
            |bundle| edit_row(bundle, "source", |row| row["response"] = json!("Fracture. MRI. Surgery. Follow-up."))
            => "diagnostic_consistency_mismatch", SUMMARY;
    ]);
}

#[test]
fn intervals_are_compared_only_with_intervals_drawn_alike() {
    let fewer =
        PlanRequest { iterations: Some(Iterations::new(100).unwrap()), ..PlanRequest::default() };
    let intervals = |comparison| Intervals::Recomputed { plan: fewer.clone(), comparison };
    let call = |check: &Table2| run(&*MINI, &release(), check, FindingCap::default(), &Unobserved);
    let refused = call(&table2(intervals(CompareWithFrozen::Yes))).unwrap_err();
    assert!(matches!(refused, CheckError::PlanDiffersFromFrozen { .. }));
    assert_eq!(
        refused.to_string(),
        "the frozen intervals were drawn with `numpy-pcg64`, 10000 iterations, seed 42, \
         not with `numpy-pcg64`, 100 iterations, seed 42"
    );
    let shown = call(&table2(intervals(CompareWithFrozen::No))).unwrap();
    assert_eq!(shown.findings, []);
    assert!(shown.notes.iter().any(|note| note.contains("not compared")));
}

#[test]
fn an_unknown_model_is_no_call() {
    let models = || ModelSelection::One("gpt-6".to_owned());
    let checks: [&dyn Check; 4] = [
        &ParseSample::of("gpt-6"),
        &Table2 { models: models(), intervals: Intervals::default() },
        &GapSensitivity { models: models() },
        &BothEmptyDiagnostic { models: models() },
    ];
    for check in checks {
        let called = run(&*MINI, &release(), check, FindingCap::default(), &Unobserved);
        assert!(matches!(called, Err(CheckError::UnknownModel { .. })), "{}", check.name());
    }
}
