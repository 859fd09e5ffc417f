//! The score files of the four submissions equal the original's, in every field that it has and bit for bit.

use std::io::Write;

use serde_json::Value;
use spinefairbench_bootstrap::{Iterations, Plan};
use spinefairbench_scoring::score::{Coverage, score};
use spinefairbench_scoring::score_file::ScoreFile;
use spinefairbench_scoring::submission;

use crate::bundle::{file, fixture, index};

const TIME: &str = "2026-01-01T00:00:00+00:00";

fn plan() -> Plan {
    Plan::published().with_iterations(Iterations::new(1_000).unwrap())
}

pub(crate) fn score_bytes(submission: &[u8]) -> Vec<u8> {
    let submission = submission::read("submission", submission).unwrap();
    let index = index(submission.header.scope);
    let score = score(&submission, &index, Coverage::Complete, &plan()).unwrap();
    ScoreFile::new(&score, TIME).to_bytes()
}

/// Fails where `found` lacks something of `expected` or differs from it; what `found` has beyond it is ours.
#[track_caller]
fn check_contains(place: &str, expected: &Value, found: &Value) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                let inside = found.get(key).unwrap_or_else(|| panic!("{place}.{key} is absent"));
                check_contains(&format!("{place}.{key}"), value, inside);
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            assert_eq!(expected.len(), found.len(), "{place}: number of elements");
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                check_contains(&format!("{place}[{index}]"), expected, found);
            }
        }
        (Value::Number(expected), Value::Number(found)) if expected.is_f64() || found.is_f64() => {
            let bits = |number: &serde_json::Number| number.as_f64().unwrap().to_bits();
            assert_eq!(bits(expected), bits(found), "{place}: {expected} against {found}");
        }
        (expected, found) => assert_eq!(expected, found, "{place}"),
    }
}

#[track_caller]
fn check(submission: &str, expected: &str) {
    let expected: Value = serde_json::from_slice(&fixture(expected)).unwrap();
    let found: Value = serde_json::from_slice(&score_bytes(&file(submission))).unwrap();
    check_contains("$", &expected, &found);
}

#[test]
fn the_toy_submission_scores_as_the_original() {
    check("metrics/toy_submission.json", "score.toy.json");
}

#[test]
fn the_core_submission_scores_as_the_original() {
    check("metrics/core_submission.json", "score.core.json");
}

#[test]
fn the_intersection_submission_scores_as_the_original() {
    check("metrics/intersection_submission.json", "score.intersection.json");
}

#[test]
fn the_quality_controlled_submission_scores_as_the_original() {
    check("metrics/qc_submission.json", "score.qc.json");
}

/// The same submission as JSON Lines.
fn as_lines(submission: &[u8]) -> Vec<u8> {
    let mut header: Value = serde_json::from_slice(submission).unwrap();
    let results = header.as_object_mut().unwrap().remove("results").unwrap();
    let mut lines = format!("{header}\n");
    for result in results.as_array().unwrap() {
        lines.push_str(&result.to_string());
        lines.push('\n');
    }
    lines.into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The score of every third result of the core submission, which is incomplete.
fn partial_core() -> Value {
    let mut object: Value = serde_json::from_slice(&file("metrics/core_submission.json")).unwrap();
    let results = object["results"].as_array().unwrap();
    object["results"] = results.iter().step_by(3).cloned().collect();
    let submission = submission::read("partial", object.to_string().as_bytes()).unwrap();
    let index = index(submission.header.scope);
    let score = score(&submission, &index, Coverage::Partial, &plan()).unwrap();
    serde_json::from_slice(&ScoreFile::new(&score, TIME).to_bytes()).unwrap()
}

#[test]
fn the_later_release_scores_the_same_submissions_alike() {
    for name in ["toy", "core", "intersection", "qc", "core-partial"] {
        let mut expected: Value =
            serde_json::from_slice(&fixture(&format!("later/score.{name}.json"))).unwrap();
        let mut found = match name {
            "core-partial" => partial_core(),
            name => {
                let submission = file(&format!("metrics/{name}_submission.json"));
                serde_json::from_slice(&score_bytes(&submission)).unwrap()
            }
        };
        // The fixtures hold the first rows alone, and their sentence about missing pairs has other words.
        let n_rows = expected["per_pair_results"].as_array().unwrap().len();
        found["per_pair_results"].as_array_mut().unwrap().truncate(n_rows);
        let sentences = expected.as_object_mut().unwrap().remove("warnings").unwrap();
        assert_eq!(
            sentences.as_array().unwrap().len(),
            found["warnings"].as_array().unwrap().len(),
            "{name}"
        );
        check_contains(name, &expected, &found);
    }
}

#[test]
fn every_form_of_a_submission_gives_the_same_bytes() {
    for path in
        ["toy", "core", "intersection", "qc"].map(|name| format!("metrics/{name}_submission.json"))
    {
        let object = file(&path);
        let lines = as_lines(&object);
        let expected = score_bytes(&object);
        for form in
            [&lines, &gzip(&object), &gzip(&lines), &zstd::encode_all(lines.as_slice(), 1).unwrap()]
        {
            assert!(score_bytes(form) == expected, "{path}: another form gives another file");
        }
        let read = ScoreFile::from_bytes("score.json", &expected).unwrap();
        assert!(read.to_bytes() == expected, "{path}: a file that was read is written as it was");
    }
}

#[test]
fn keys_are_sorted_at_every_level() {
    fn check_sorted(bytes: &[u8]) {
        // `serde_json` keeps objects sorted, so writing the parsed file again sorts what was not.
        let parsed: Value = serde_json::from_slice(bytes).unwrap();
        let mut sorted = serde_json::to_vec_pretty(&parsed).unwrap();
        sorted.push(b'\n');
        assert!(sorted == bytes, "a key is out of order");
    }
    check_sorted(&score_bytes(&file("metrics/core_submission.json")));
}
