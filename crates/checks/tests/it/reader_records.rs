//! What is known of the readers' records: labels that change places, and an aggregate report older than the answers.

use std::fmt::Write as _;

use serde_json::{Value, json};
use spinefairbench_artifacts::layout;
use spinefairbench_checks::check::radiologist::Radiologist;
use spinefairbench_checks::{CheckReport, FindingCap, Status, Unobserved, run};

use crate::bundle::{Overlay, fixture, release};

fn judge(bundle: &Overlay) -> (CheckReport, Value) {
    let cap = FindingCap::default();
    let report = run(&bundle.source, &release(), &Radiologist, cap, &Unobserved).unwrap();
    let json = serde_json::to_string(&report).unwrap();
    (report, serde_json::from_str(&json).unwrap())
}

/// The values are an independent implementation's.
#[test]
fn the_coefficients_of_agreement_are_computed_from_the_answers() {
    let expected = std::fs::read(fixture("followup/mini.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let (_, found) = judge(&Overlay::default());
    for (question, expected) in expected["reader_reliability"].as_object().unwrap() {
        let found = &found["result"]["agreement"][question];
        for name in ["raw_agreement", "fleiss_kappa", "gwet_ac1"] {
            match (found[name].as_f64(), expected[name].as_f64()) {
                (Some(found), Some(expected)) => {
                    assert!((found - expected).abs() < 1e-14, "{question} {name}");
                }
                (found, expected) => assert_eq!(found, expected, "{question} {name}"),
            }
        }
    }
}

#[test]
fn a_coefficient_that_the_report_states_otherwise_is_named_and_no_failure() {
    let mut bundle = Overlay::default();
    let report = json!({
        "report_schema_version": "1.1",
        "agreement": { "q1": { "gwet_ac1": 0.9451 }, "q2": { "gwet_ac1": 0.9804, "n": 450 } },
    });
    bundle.put(layout::VALIDATION_REPORT, report.to_string());
    let (report, _) = judge(&bundle);
    assert_eq!(report.status(), Status::Pass);
    let stale: Vec<&String> = report.notes.iter().filter(|note| note.contains("stale")).collect();
    let [note] = stale[..] else { panic!("{stale:?}") };
    assert!(note.starts_with("`$.agreement.q2.gwet_ac1`") && note.contains("0.9804"), "{note}");
}

/// Each reader's own file, made of the combined table: the first two by the other's label.
fn with_own_files(swapped: bool) -> Overlay {
    let mut bundle = Overlay::default();
    let combined = bundle.text(layout::PAIR_RESULTS);
    let labels = if swapped { ["R2", "R1", "R3"] } else { ["R1", "R2", "R3"] };
    for (own, label) in ["R1", "R2", "R3"].into_iter().zip(labels) {
        let path = format!("validation_public/per_reviewer/reviews_{own}_public_2026-04-28.csv");
        let mut text = "display_index,pair_id,q1,q2\n".to_owned();
        // The answers stand before the comments, of which some hold line breaks.
        let rows = combined.lines().filter(|line| line.contains(&format!(",{label},")));
        for (place, row) in rows.enumerate() {
            let cells: Vec<&str> = row.split(',').collect();
            writeln!(text, "{place},{},{},{}", cells[0], cells[2], cells[3]).unwrap();
        }
        bundle.put(&path, text);
    }
    bundle
}

#[test]
fn labels_of_readers_change_places_between_the_files() {
    let (report, found) = judge(&with_own_files(true));
    let mapping = &found["result"]["label_mapping"];
    assert_eq!((&mapping["compared"], &mapping["differing"]), (&json!(1350), &json!(0)));
    assert!(!report.notes.iter().any(|note| note.contains("combined table")));

    let (report, found) = judge(&with_own_files(false));
    assert!(found["result"]["label_mapping"]["differing"].as_u64().unwrap() > 0);
    assert!(report.notes.iter().any(|note| note.contains("differ from the combined table")));
}
