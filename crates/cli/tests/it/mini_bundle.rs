//! Every check on the mini bundle gives the original's values, field for field and bit for bit.

use serde_json::Value;

use crate::binary::{check_status, fixture, mini, run, stdout_json};

/// Fails where `found` lacks something of `expected` or differs from it.
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
fn check(command: &[&str], expected: &str) {
    let (root, release) = mini();
    let mut arguments = command.to_vec();
    arguments.extend(["--format", "json"]);
    arguments.extend(["--artifacts", root, "--release", release]);
    let output = run(arguments);
    check_status(&output, 0);
    let report = stdout_json(&output);
    let expected: Value = serde_json::from_slice(
        &std::fs::read(fixture("checks", &format!("mini.expected/{expected}.json"))).unwrap(),
    )
    .unwrap();
    assert_eq!(report["status"], "pass");
    assert_eq!(report["findings"], Value::Array(Vec::new()));
    check_contains("result", &expected, &report["result"]);
}

#[test]
fn checks_without_options_equal_the_original() {
    for name in [
        "inspect",
        "dataset",
        "stage1-confidence",
        "mitigation",
        "radiologist",
        "diagnostic-scoring",
    ] {
        check(&[name], name);
    }
    check(&["gap-sensitivity"], "gap-sensitivity");
    check(&["both-empty-diagnostic"], "both-empty-diagnostic");
}

/// The scoring rule is shown without a bundle too, as the original shows it.
#[test]
fn every_check_takes_the_common_options() {
    let (root, release) = mini();
    for check in ["release-identity", "checksums"] {
        check_status(&run([check, "--artifacts", root, "--release", release]), 0);
    }
    check_status(&run(["diagnostic-scoring"]), 0);
    check_status(&run(["checksums", "--artifacts", root, "--release", "absent.json"]), 2);
}

#[test]
fn samples_equal_the_original() {
    for model in ["gpt-5.4", "llama-4-scout", "gemma-4"] {
        check(&["parse-sample", "--model", model], &format!("parse-sample.{model}"));
    }
    // As the original has it, the first model of the table is meant without a name.
    check(&["parse-sample"], "parse-sample.gpt-5.4");
}

#[test]
fn the_table_and_its_intervals_equal_the_original() {
    check(&["table2", "--recompute-ci", "--model", "all"], "table2");
    check(&["table2", "--recompute-ci"], "table2");
    check(
        &["table3", "--recompute-ci", "--bootstrap-iterations", "10000", "--seed", "42"],
        "table2",
    );
}

/// Wilcoxon p and `d_z` may differ from SciPy's in their last bits; `checks` compares them, and here the rest.
#[test]
fn the_mitigation_analysis_is_recomputed() {
    let (root, release) = mini();
    let output = run([
        "mitigation",
        "--recompute",
        "--artifacts",
        root,
        "--release",
        release,
        "--format",
        "json",
    ]);
    check_status(&output, 0);
    let found = &stdout_json(&output)["result"]["recomputed"];
    let path = fixture("checks", "mini.expected/mitigation-recompute.json");
    let expected: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let expected = &expected["recomputed"];
    check_contains("rule_summary", &expected["rule_summary"], &found["rule_summary"]);
    check_contains("condition_counts", &expected["condition_counts"], &found["condition_counts"]);
    check_contains("included_models", &expected["included_models"], &found["included_models"]);
    for model in ["glm-4.6v", "gpt-5.4"] {
        for field in ["rec_change", "rec_change_ci", "delta_rec", "delta_diag_ci", "b_rule_pass"] {
            let of = |document: &Value| document["models"][model]["condition_b"][field].clone();
            check_contains(field, &of(expected), &of(found));
        }
    }
}

#[test]
fn images_agree_with_the_digests_of_their_rows() {
    check(&["dataset", "--hash"], "dataset");
}

#[test]
fn the_suite_passes_and_says_so_in_every_form() {
    let (root, release) = mini();
    let folder = tempfile::tempdir().unwrap();
    let [json, junit] = ["verdict.json", "verdict.xml"]
        .map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    let output = run([
        "verify",
        "--artifacts",
        root,
        "--release",
        release,
        "--json",
        &json,
        "--junit",
        &junit,
    ]);
    check_status(&output, 0);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("consistent: all 11 checks pass"), "{text}");
    let verdict: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let result = &verdict["result"];
    assert_eq!((&result["passed"], &result["failed"]), (&11.into(), &0.into()));
    assert!(result["elapsed_ms"].is_u64());
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(xml.contains("tests=\"11\" failures=\"0\""), "{xml}");
}

#[test]
fn a_part_of_the_suite_is_not_called_verified() {
    let (root, release) = mini();
    let bundle = ["--artifacts", root, "--release", release];
    for selection in [&["--only", "inspect", "table2"][..], &["--only", "inspect,table2"]] {
        let output = run([&["verify"][..], &bundle, selection].concat());
        check_status(&output, 0);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("2 of 11 checks ran and pass; left out: release-identity"), "{text}");
        assert!(!text.contains("verified"), "{text}");
    }
}

#[test]
fn an_archive_is_verified_without_being_unpacked() {
    let archive = fixture("checks", "mini.tar.gz");
    let release = fixture("checks", "mini.release.json");
    let release = release.to_str().unwrap();
    let output = run([
        "verify",
        "--archive",
        archive.to_str().unwrap(),
        "--release",
        release,
        "--format",
        "json",
    ]);
    check_status(&output, 0);
    let verdict = stdout_json(&output);
    let checks = verdict["result"]["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 11);
    let manifests = &checks.last().unwrap()["result"]["manifests"];
    assert_eq!(manifests["SHA256SUMS.txt"]["files_ok"], 2863);
    assert_eq!(manifests["radiologist_validation_SHA256SUMS.txt"]["files_ok"], 10);

    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.tar.gz");
    let bytes = std::fs::read(&archive).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let output = run(["verify", "--archive", cut.to_str().unwrap(), "--release", release]);
    check_status(&output, 1);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("archive_truncated") && text.contains("cut off after compressed byte"),
        "{text}"
    );
}
