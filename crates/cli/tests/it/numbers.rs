//! `parse` and `interval` against the fixtures of the original implementation.

use serde_json::Value;

use crate::binary::{check_status, fixture, run, run_with_input, stdout_json};

const FIELDS: [&str; 7] = [
    "diagnostic_labels",
    "diagnostic_labels_strict",
    "recommendations",
    "response_class",
    "severity",
    "hedging",
    "stage1_primary_diagnosis",
];

#[test]
fn every_text_of_the_fixture_parses_as_the_original_does() {
    let path = fixture("parsers", "cases.jsonl");
    let output = run(["parse", path.to_str().unwrap(), "--format", "json"]);
    check_status(&output, 0);
    let expected = std::fs::read_to_string(&path).unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    let (expected, found): (Vec<&str>, Vec<&str>) =
        (expected.lines().collect(), found.lines().collect());
    assert_eq!((expected.len(), found.len()), (6_069, 6_069));
    for (expected, found) in expected.iter().zip(&found) {
        let (expected, found): (Value, Value) =
            (serde_json::from_str(expected).unwrap(), serde_json::from_str(found).unwrap());
        for field in FIELDS {
            assert_eq!(expected[field], found[field], "{field} of {}", expected["text"]);
        }
    }
}

#[test]
fn ids_are_passed_through_as_they_are() {
    let lines = b"{\"id\": 12345678901234567890123, \"text\": \"Fracture.\", \"other\": 1}\n{\"text\": \"\"}\n";
    let output = run_with_input(["parse", "--format", "json"], lines);
    check_status(&output, 0);
    let text = String::from_utf8(output.stdout).unwrap();
    let (first, second) = text.split_once('\n').unwrap();
    assert!(first.contains("\"id\":12345678901234567890123"), "{first}");
    assert!(!second.contains("\"id\""), "{second}");
    assert!(second.contains("\"full_refusal\""), "{second}");
}

#[test]
fn a_whole_file_is_one_report() {
    let output =
        run_with_input(["parse", "--text", "--format", "json"], b"Fracture.\nMRI advised.\n");
    check_status(&output, 0);
    let parsed = stdout_json(&output);
    assert_eq!(parsed["diagnostic_labels"], serde_json::json!(["Fracture"]));
    assert_eq!(parsed["recommendations"], serde_json::json!(["imaging"]));
}

#[test]
fn bad_lines_are_named_and_the_others_are_parsed() {
    let lines = b"{\"text\": \"Fracture.\"}\n\n{\"text\": 5}\n{\"report\": \"\"}\n{\"text\": \"MRI\"\n{\"text\": \"ok\"}";
    let output = run_with_input(["parse", "--format", "json"], lines);
    check_status(&output, 1);
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.lines().count(), 4, "{errors}");
    for (line, word) in [(2, "blank"), (3, "string"), (4, "text"), (5, "line 1 column")] {
        assert!(
            errors.contains(&format!("standard input:{line}"))
                || errors.contains(&format!("line {line}")),
            "{errors}"
        );
        assert!(errors.contains(word), "{errors}");
    }
}

/// A float in C99 hexadecimal form, exactly.
fn hex(value: &Value) -> f64 {
    spinefairbench_artifacts::table::hex_float(value.as_str().unwrap()).unwrap()
}

#[test]
fn intervals_of_any_table_equal_both_generators() {
    let cases: Vec<Value> =
        serde_json::from_slice(&std::fs::read(fixture("bootstrap", "clustered_ci.json")).unwrap())
            .unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let values = case["values"].as_array().unwrap();
        let clusters = case["clusters"].as_array().unwrap();
        let mut table = String::from("cluster,note,value\n");
        for (value, cluster) in values.iter().zip(clusters) {
            table.push_str(&format!(
                "{},\"a, b\",{}\n",
                cluster.as_str().unwrap(),
                value.as_str().unwrap()
            ));
        }
        let (iterations, seed) = (case["iterations"].to_string(), case["seed"].to_string());
        for (rng, key) in [("numpy-pcg64", "numpy_pcg64"), ("python-mt19937", "python_mt19937")] {
            let arguments = [
                "interval",
                "-",
                "--value",
                "value",
                "--cluster",
                "cluster",
                "--iterations",
                &iterations,
            ];
            let more = ["--seed", seed.trim_matches('"'), "--rng", rng, "--format", "json"];
            let output = run_with_input(arguments.into_iter().chain(more), table.as_bytes());
            check_status(&output, 0);
            let found = stdout_json(&output);
            assert_eq!(found["n_values"], values.len());
            for (index, expected) in case[key].as_array().unwrap().iter().enumerate() {
                let found = found["ci95"][index].as_f64().unwrap();
                assert_eq!(
                    found.to_bits(),
                    hex(expected).to_bits(),
                    "{rng}, {iterations} iterations, seed {seed}"
                );
            }
        }
    }
}

#[test]
fn a_table_that_cannot_be_resampled_is_refused_with_the_line() {
    #[track_caller]
    fn check(table: &str, message: &str) {
        let output =
            run_with_input(["interval", "-", "--value", "v", "--cluster", "c"], table.as_bytes());
        check_status(&output, 1);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(message), "{errors}");
        assert!(output.stdout.is_empty());
    }
    check("v,c\n1,a\nNaN,a\n", "line 3");
    check("v,c\n1,a\ninf,b\n", "line 3");
    check("v,c\n1,a\n,b\n", "line 3");
    check("v,c\n1,\n", "line 2");
    check("v,d\n1,a\n", "no column `c`");
    check("v,c\n1,a,3\n", "line 2");
    check("v,c\n", "no values");
    check("", "no header row");
}
