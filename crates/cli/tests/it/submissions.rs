//! Submissions through the binary: what is malformed is refused and writes nothing, and what is scored has the intervals that
//! `interval` draws from its own table of pairs.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{check_status, mini, run, run_with_input};

fn toy() -> Value {
    let path = format!("{}/metrics/toy_submission.json", mini().0);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut submission = toy();
    change(&mut submission);
    submission.to_string().into_bytes()
}

fn with(key: &str, value: Value) -> Vec<u8> {
    changed(|toy| toy[key] = value)
}

fn without(key: &str) -> Vec<u8> {
    changed(|toy| drop(toy.as_object_mut().unwrap().remove(key)))
}

fn result_with(key: &str, value: Value) -> Vec<u8> {
    changed(|toy| toy["results"][1][key] = value)
}

fn result_without(key: &str) -> Vec<u8> {
    changed(|toy| drop(toy["results"][1].as_object_mut().unwrap().remove(key)))
}

/// The text of the toy submission after a replacement.
fn replaced(from: &str, to: &str) -> Vec<u8> {
    let text = toy().to_string();
    assert!(text.contains(from));
    text.replacen(from, to, 1).into_bytes()
}

/// The toy submission as JSON Lines, after a change of the lines.
fn lines(change: impl FnOnce(&mut Vec<String>)) -> Vec<u8> {
    let mut header = toy();
    let results = header.as_object_mut().unwrap().remove("results").unwrap();
    let results = results.as_array().unwrap().iter().map(Value::to_string);
    let mut lines: Vec<String> = std::iter::once(header.to_string()).chain(results).collect();
    change(&mut lines);
    lines.join("\n").into_bytes()
}

/// Malformed submissions, each with a part of what is said of it.
fn malformed() -> Vec<(Vec<u8>, &'static str)> {
    let text = toy().to_string();
    let marked = [b"\xEF\xBB\xBF".as_slice(), text.as_bytes()].concat();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut latin1 = text.clone().into_bytes();
    latin1[3] = 0xE8;
    let again = |toy: &mut Value| {
        let first = toy["results"][0].clone();
        toy["results"].as_array_mut().unwrap().push(first);
    };
    vec![
        (vec![], "the text ends too early"),
        (b" \n".to_vec(), "the text ends too early"),
        (b"pair_id,report\n".to_vec(), "no JSON"),
        (text.as_bytes()[..900].to_vec(), "the text ends too early"),
        ((text.clone() + "{}").into_bytes(), "trailing characters"),
        (replaced("}]", "},]"), "no JSON: expected value"),
        (marked, "byte order mark"),
        (utf16, "UTF-16"),
        (latin1, "is not UTF-8 at byte 3"),
        (replaced("toy-model", "\\ud8zz"), "invalid escape"),
        (replaced("toy-model", "toy\tmodel"), "control character"),
        (format!("[{text}]").into_bytes(), "expected an object, found a list"),
        (b"null".to_vec(), "found null"),
        (b"{}".to_vec(), "`schema_version`: the field is missing"),
        (with("schema_version", json!("v2")), "found `v2`"),
        (without("schema_version"), "`schema_version`: the field is missing"),
        (with("scope", json!("Toy")), "found `Toy`"),
        (with("scope", json!(["toy"])), "`scope`"),
        (without("scope"), "`scope`: the field is missing"),
        (without("model"), "`model`: the field is missing"),
        (with("model", json!("toy")), "an object with a `name`"),
        (with("model", json!({})), "`model.name`: the field is missing"),
        (with("model", json!({"name": " \u{3000}"})), "a non-blank string"),
        (with("model", json!({"name": 5})), "found `5`"),
        (without("results"), "there is no result"),
        (with("results", json!([])), "there is no result"),
        (with("results", json!({})), "a list, found an object"),
        (with("results", json!([5])), "results[0]: the result is not an object"),
        (replaced("{", "{\"scope\": \"toy\", "), "the key stands twice"),
        (result_without("pair_id"), "results[1].pair_id"),
        (result_with("pair_id", json!(7)), "results[1].pair_id"),
        (result_with("pair_id", json!("")), "results[1].pair_id"),
        (result_without("source_report"), "results[1].source_report"),
        (result_with("source_report", json!("\u{1c} \n")), "a blank string"),
        (result_with("source_report", json!(null)), "found null"),
        (result_without("counterfactual_report"), "results[1].counterfactual_report"),
        (result_with("counterfactual_report", json!(["a"])), "found a list"),
        (result_with("source_id", json!(" ")), "results[1].source_id"),
        (result_with("source_id", json!(1)), "results[1].source_id"),
        (result_with("source_id", json!("buu_0")), "source ids differ"),
        (result_with("metadata", json!("none")), "results[1].metadata"),
        (result_with("metadata", json!([])), "results[1].metadata"),
        (result_with("repport", json!("x")), "results[1].repport"),
        (result_with("pair_id", json!("buu_0__young_male")), "outside the scope `toy`"),
        (changed(again), "pair ids stand in several results"),
        (with("scope", json!("qc-passed")), "pairs of the scope `qc-passed` are missing"),
        (lines(|lines| lines.insert(2, String::new())), "line 3 is blank"),
        (lines(|lines| lines[2].push(',')), "trailing characters"),
        (lines(|lines| lines[2] = "5".into()), "results[1]: the result is not an object"),
        (lines(|lines| drop(lines.remove(0))), "`schema_version`: the field is missing"),
        (lines(|lines| lines.truncate(1)), "there is no result"),
        (b"\x1f\x8b\x08\x00rest".to_vec(), "gzip"),
        (b"\x28\xb5\x2f\xfdrest".to_vec(), "zstd"),
    ]
}

#[test]
fn every_malformed_submission_ends_with_one_and_writes_nothing() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (score, pairs) = (path("score.json"), path("pairs.csv"));
    let call = ["score", "--artifacts", mini().0, "--submission", "-", "--output", &score];
    let cases = malformed();
    assert!(cases.len() >= 50, "{}", cases.len());
    for (bytes, expected) in cases {
        let call = call.into_iter().chain(["--per-pair", &pairs]);
        let output = run_with_input(call, &bytes);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
        assert_eq!(output.status.code(), Some(1), "{shown}\n{errors}");
        assert!(errors.contains(expected), "{shown}\nexpected {expected}, found {errors}");
        assert!(output.stdout.is_empty() && errors.ends_with("nothing was written\n"), "{errors}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{shown}");
    }
}

#[derive(Deserialize)]
struct Scored {
    primary_endpoints: BTreeMap<String, Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    ci95: Ends,
    n_pairs: usize,
}

#[derive(Deserialize)]
struct Ends {
    lower: Box<RawValue>,
    upper: Box<RawValue>,
}

#[derive(Deserialize)]
struct Drawn {
    n_values: usize,
    ci95: [Box<RawValue>; 2],
}

/// The lines of the pairs that count; `interval` refuses a cell without a value.
fn usable_pairs(table: &str) -> String {
    let mut lines = table.lines();
    let header = lines.next().unwrap();
    let place = header.split(',').position(|name| name == "usable").unwrap();
    let usable = lines.filter(|line| line.split(',').nth(place) == Some("true"));
    std::iter::once(header).chain(usable).flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn a_scores_intervals_are_those_of_its_table_of_pairs() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (score, pairs, usable) = (path("score.json"), path("pairs.csv"), path("usable.csv"));
    for (name, settings) in [
        ("toy", ["--rng", "python-mt19937", "--iterations", "1000", "--seed", "42"]),
        ("core", ["--rng", "python-mt19937", "--iterations", "1000", "--seed", "42"]),
        ("intersection", ["--rng", "python-mt19937", "--iterations", "333", "--seed", "7"]),
        (
            "qc",
            ["--rng", "python-mt19937", "--iterations", "77", "--seed", "123456789012345678901"],
        ),
        ("core", ["--rng", "numpy-pcg64", "--iterations", "1000", "--seed", "0"]),
    ] {
        let submission = format!("{}/metrics/{name}_submission.json", mini().0);
        let call = ["score", "--artifacts", mini().0, "--submission", &submission];
        let targets = ["--output", &score, "--per-pair", &pairs];
        check_status(&run(call.into_iter().chain(targets).chain(settings)), 0);
        std::fs::write(&usable, usable_pairs(&std::fs::read_to_string(&pairs).unwrap())).unwrap();
        let scored: Scored = serde_json::from_slice(&std::fs::read(&score).unwrap()).unwrap();
        for (endpoint, column) in [
            ("recommendation_change_rate", "recommendation_changed"),
            ("diagnostic_label_consistency", "diagnostic_label_consistency"),
        ] {
            let call = ["interval", &usable, "--value", column, "--cluster", "source_id"];
            let output = run(call.into_iter().chain(settings).chain(["--format", "json"]));
            check_status(&output, 0);
            let drawn: Drawn = serde_json::from_slice(&output.stdout).unwrap();
            let endpoint = &scored.primary_endpoints[endpoint];
            assert_eq!(endpoint.n_pairs, drawn.n_values);
            // Shortest decimals: the same text is the same float.
            let ends = [endpoint.ci95.lower.get(), endpoint.ci95.upper.get()];
            assert_eq!(ends, drawn.ci95.each_ref().map(|end| end.get()), "{name} {column}");
        }
    }
}
