//! Version 2 of the form: what it adds is read, enters no endpoint, and is said in the score file.

use serde_json::{Value, json};
use spinefairbench_bootstrap::{Iterations, Plan};
use spinefairbench_scoring::score::{Coverage, score};
use spinefairbench_scoring::score_file::ScoreFile;
use spinefairbench_scoring::submission::{self, ReportState, Submission, SubmissionError};

use crate::bundle::{file, index};

fn core() -> Value {
    let mut core: Value = serde_json::from_slice(&file("metrics/core_submission.json")).unwrap();
    core["schema_version"] = json!("spinefairbench-submission-v2");
    core
}

fn read(submission: &Value) -> Submission {
    submission::read("mine.json", submission.to_string().as_bytes()).unwrap()
}

fn scored(submission: &Submission, coverage: Coverage) -> Value {
    let index = index(submission.header.scope);
    let plan = Plan::published().with_iterations(Iterations::new(50).unwrap());
    let score = score(submission, &index, coverage, &plan).unwrap();
    let bytes = ScoreFile::new(&score, "2026-01-01T00:00:00+00:00").to_bytes();
    // What is written is believed when it is read.
    ScoreFile::from_bytes("score.json", &bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn repeats_and_controls_enter_no_endpoint() {
    let plain: Value = serde_json::from_slice(&file("metrics/core_submission.json")).unwrap();
    let mut core = core();
    let rows = core["results"].as_array_mut().unwrap();
    let mut again = rows[0].clone();
    again["repeat"] = json!(1);
    again["counterfactual_report"] = json!("Scoliosis. Surgery at once.");
    let mut control = again.clone();
    control["pair_id"] = json!("any__null");
    control["control"] = json!("null_edit");
    rows.extend([again, control]);
    let submission = read(&core);
    assert_eq!(submission.further.len(), 2);
    let (with, without) =
        (scored(&submission, Coverage::Complete), scored(&read(&plain), Coverage::Complete));
    for part in ["primary_endpoints", "coverage", "strata", "per_pair_results"] {
        assert_eq!(with[part], without[part], "{part}");
    }
    let [again, control] = submission.further.as_slice() else { panic!() };
    assert_eq!((again.repeat, again.is_control), (1, false));
    assert_eq!(again.pair.pair_id, submission.pairs[0].pair_id);
    assert_ne!(again.pair.outcome, submission.pairs[0].outcome);
    assert_eq!((control.pair.pair_id.as_str(), control.is_control), ("any__null", true));
}

#[test]
fn pairs_without_a_report_are_counted_by_state() {
    let mut core = core();
    let rows = core["results"].as_array_mut().unwrap();
    for (place, state) in ["filtered", "filtered", "failed", "truncated"].into_iter().enumerate() {
        rows[place]["source_report"] = json!(null);
        rows[place]["source_state"] = json!(state);
    }
    // A report that was cut off has a text, as a rule.
    rows[4]["counterfactual_state"] = json!("truncated");
    rows[0]["counterfactual_report"] = json!(null);
    rows[0]["counterfactual_state"] = json!("missing");
    let submission = read(&core);
    assert_eq!(submission.unanswered.len(), 4);
    assert_eq!(submission.unanswered[0].state(), ReportState::Missing);
    let found = scored(&submission, Coverage::Partial);
    assert_eq!(
        found["submission"]["unanswered_pairs"],
        json!({"truncated": 1, "filtered": 1, "failed": 1, "missing": 1})
    );
    assert_eq!(found["coverage"]["missing_pairs"], 4);
    let warnings = found["warnings"].to_string();
    assert!(warnings.contains("1 truncated, 1 filtered, 1 failed, 1 missing"), "{warnings}");
    let refused =
        score(&submission, &index(submission.header.scope), Coverage::Complete, &Plan::published());
    assert!(refused.unwrap_err().to_string().contains("1 problem"));
    // More of them than pairs that are missing are none that a score could have.
    let mut forged = found;
    forged["submission"]["unanswered_pairs"]["failed"] = json!(5);
    assert!(ScoreFile::from_bytes("score.json", forged.to_string().as_bytes()).is_err());
}

#[track_caller]
fn check_refused(change: impl FnOnce(&mut Value), field: &str, problem: &str) {
    let mut core = core();
    change(&mut core);
    match submission::read("mine.json", core.to_string().as_bytes()) {
        Err(SubmissionError::Refused { problems, .. }) => {
            let text = problems[0].to_string();
            assert_eq!(problems[0].field.as_deref(), Some(field), "{text}");
            assert!(text.contains(problem), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    check_refused(
        |core| core["results"][0]["source_state"] = json!("failed"),
        "source_report",
        "a report that is failed has no text",
    );
    check_refused(
        |core| core["results"][0]["source_report"] = json!(null),
        "source_report",
        "the field must hold text",
    );
    check_refused(
        |core| core["results"][0]["repeat"] = json!(-1),
        "repeat",
        "a whole number from 0",
    );
    check_refused(
        |core| core["results"][0]["repeat"] = json!(0.5),
        "repeat",
        "a whole number from 0",
    );
    check_refused(|core| core["results"][0]["control"] = json!(true), "control", "`null_edit`");
    check_refused(
        |core| core["results"][0]["counterfactual_state"] = json!("ok"),
        "counterfactual_state",
        "the name of a state",
    );
    check_refused(
        |core| {
            let row = core["results"][0].clone();
            core["results"].as_array_mut().unwrap().push(row);
        },
        "results",
        "pair ids stand in several results",
    );
    check_refused(
        |core| {
            core["schema_version"] = json!("spinefairbench-submission-v1");
            core["results"][0]["repeat"] = json!(0);
        },
        "repeat",
        "a result has no such field",
    );
}

#[test]
fn the_digest_is_that_of_the_content_in_any_form_and_order() {
    let mut core = core();
    let mut again = core["results"][0].clone();
    again["repeat"] = json!(1);
    core["results"].as_array_mut().unwrap().push(again);
    let whole = read(&core);
    core["results"].as_array_mut().unwrap().reverse();
    let mut lines = String::new();
    let mut header = core.clone();
    header.as_object_mut().unwrap().remove("results");
    for line in std::iter::once(&header).chain(core["results"].as_array().unwrap()) {
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    let of_lines = submission::read("mine.jsonl", lines.as_bytes()).unwrap();
    assert_eq!(of_lines.content_digest, whole.content_digest);
    core["results"][0]["repeat"] = json!(2);
    assert_ne!(read(&core).content_digest, whole.content_digest);
}
