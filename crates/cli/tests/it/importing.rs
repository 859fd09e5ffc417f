//! `import` of what other tools wrote, and `export tasks`.
//!
//! The logs in `fixtures/import` were written by the packages that their names tell (`make.py` beside them says how), about eight images of
//! two sources of the demonstration bundle.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{check_status, demo, run, spinefairbench, stdout_json};

const SOURCES: [&str; 2] = ["buu_0001-F-067Y1", "vindr_e478441ae58f27cec8b8bfa722330871"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import").join(name)
}

/// A call of `import` on the demonstration bundle, and the submission if there is one.
fn import(file: &Path, options: &[&str]) -> (Output, Option<Value>) {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("submission.json");
    let mut command = spinefairbench();
    command.arg("import").arg(file).arg("--artifacts").arg(&demo().root);
    command.arg("--output").arg(&target).args(options);
    if !options.contains(&"--scope") {
        command.args(["--scope", "toy"]);
    }
    let output = command.output().unwrap();
    let submission = fs::read(target).ok().map(|bytes| serde_json::from_slice(&bytes).unwrap());
    (output, submission)
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Report and state of both sides of the pair of `source` and `edit`, the given repeat.
fn result<'a>(submission: &'a Value, source: usize, edit: &str, repeat: u64) -> [&'a Value; 4] {
    let pair = format!("{}__{edit}", SOURCES[source]);
    let rows = submission["results"].as_array().unwrap();
    let is_it = |row: &&Value| {
        row["pair_id"] == pair.as_str() && row["repeat"].as_u64().unwrap_or(0) == repeat
    };
    let row = rows.iter().find(is_it).unwrap_or_else(|| panic!("{pair} #{repeat}: {submission}"));
    ["source_report", "source_state", "counterfactual_report", "counterfactual_state"]
        .map(|key| &row[key])
}

/// What `make.py` had the model answer, as far as a form keeps it: a form without a reason to stop does not know what was cut off or filtered.
#[track_caller]
fn check_answers(submission: &Value, repeat: u64, keeps_reasons: bool) {
    let (none, second) = (Value::Null, if repeat == 1 { "second " } else { "" });
    let text = |text: &str| json!(text.replace("reading", &format!("{second}reading")));
    let first = text("Osteophytes at L4, reading 0.\nMRI is advised.");
    let whole = text("Osteophytes at L4, reading 1. No further \"imaging\", at all.");
    let cut = text("Osteophytes at L4, read");
    let state = |state: &str| if keeps_reasons { json!(state) } else { Value::Null };
    assert_eq!(result(submission, 0, "elderly_female", repeat), [&first, &none, &whole, &none]);
    assert_eq!(
        result(submission, 0, "elderly_male", repeat),
        [&first, &none, &cut, &state("truncated")]
    );
    let filtered = if keeps_reasons { json!("filtered") } else { json!("empty") };
    assert_eq!(result(submission, 0, "young_female", repeat), [&first, &none, &none, &filtered]);
    let fifth = text("Osteophytes at L4, reading 5 – café.");
    assert_eq!(result(submission, 1, "elderly_female", repeat)[2], &fifth);
    assert_eq!(result(submission, 1, "elderly_male", repeat)[3], "empty");
    // The words of VLMEvalKit are no report.
    assert_eq!(result(submission, 1, "young_female", repeat)[2..], [&none, &json!("failed")]);
}

#[test]
fn a_log_of_inspect_becomes_a_submission_in_both_of_its_forms() {
    let mut found = Vec::new();
    for name in ["inspect-0.3.285.eval", "inspect-0.3.285.json"] {
        let (output, submission) = import(&fixture(name), &["--format", "json"]);
        check_status(&output, 1);
        let submission = submission.unwrap();
        assert_eq!(submission["schema_version"], "spinefairbench-submission-v2");
        assert_eq!(submission["model"]["name"], "mockllm/model");
        assert_eq!(submission["model"]["import"]["from"], json!(["Inspect AI 0.3.285"]));
        for repeat in [0, 1] {
            check_answers(&submission, repeat, true);
        }
        // A sample that ended with an error has no report, whatever the error says.
        let failed = result(&submission, 1, "elderly_female", 1);
        assert_eq!(failed[..2], [&Value::Null, &json!("failed")]);
        assert_eq!(stdout_json(&output)["states"], submission["model"]["import"]["states"]);
        assert!(errors(&output).contains("2 texts are a runner's words"), "{}", errors(&output));
        assert!(!submission.to_string().contains("went away"));
        assert!(!submission.to_string().contains("Fracture?"));
        found.push(submission["results"].clone());
    }
    assert_eq!(found[0], found[1]);
}

#[track_caller]
fn check_samples(name: &str, tool: &str, repeats: usize) {
    let (output, submission) = import(&fixture(name), &["--model", "my-vlm"]);
    check_status(&output, 1);
    let submission = submission.unwrap();
    assert_eq!(submission["model"]["import"]["from"], json!([tool]));
    check_answers(&submission, 0, false);
    let rows = submission["results"].as_array().unwrap();
    assert_eq!(rows.len(), 6 * repeats, "{name}");
    let (output, submission) = import(&fixture(name), &[]);
    check_status(&output, 2);
    assert!(submission.is_none() && errors(&output).contains("does not name its model"));
}

#[test]
fn samples_of_both_evaluation_harnesses_become_a_submission() {
    check_samples("lm-eval-0.4.13.jsonl", "lm-evaluation-harness", 2);
    check_samples("lmms-eval-0.7.3.jsonl", "lmms-eval", 1);
}

#[test]
fn a_result_of_vlmevalkit_becomes_a_submission_in_each_of_its_forms() {
    let mut found = Vec::new();
    for name in ["vlmevalkit.xlsx", "vlmevalkit.tsv", "vlmevalkit.json"] {
        let (output, submission) = import(&fixture(name), &["--model", "my-vlm"]);
        check_status(&output, 1);
        let submission = submission.unwrap();
        assert_eq!(submission["model"]["import"]["from"], json!(["VLMEvalKit"]), "{name}");
        assert!(errors(&output).contains("1 texts are a runner's words"), "{}", errors(&output));
        let results = submission["results"].clone();
        // pandas writes a blank cell of a workbook not at all: a report that is not there, and not one without words.
        found.push(results.to_string().replace("\"empty\"", "\"missing\""));
    }
    assert!(found.windows(2).all(|two| two[0] == two[1]), "{found:?}");
    let (_, submission) = import(&fixture("vlmevalkit.json"), &["--model", "my-vlm"]);
    check_answers(&submission.unwrap(), 0, false);
}

/// The same answers as [`a_result_of_vlmevalkit_becomes_a_submission_in_each_of_its_forms`] reads, under a column `report`.
#[cfg(feature = "parquet")]
#[test]
fn a_parquet_table_becomes_a_submission() {
    let (output, submission) = import(&fixture("pyarrow.parquet"), &["--model", "my-vlm"]);
    check_status(&output, 1);
    let submission = submission.unwrap();
    assert_eq!(submission["model"]["import"]["from"], json!(["a table"]));
    assert!(errors(&output).contains("1 texts are a runner's words"), "{}", errors(&output));
    check_answers(&submission, 0, false);
    let (_, of_json) = import(&fixture("vlmevalkit.json"), &["--model", "my-vlm"]);
    assert_eq!(submission["results"], of_json.unwrap()["results"]);
    // A column of numbers holds no report.
    let columns = ["--model", "my-vlm", "--text-column", "index"];
    let (output, submission) = import(&fixture("pyarrow.parquet"), &columns);
    check_status(&output, 1);
    assert!(submission.is_none(), "{}", errors(&output));
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_parquet_table_is_refused_by_name_in_a_build_that_reads_none() {
    let (output, submission) = import(&fixture("pyarrow.parquet"), &["--model", "my-vlm"]);
    check_status(&output, 1);
    assert!(submission.is_none());
    let expected = "pyarrow.parquet`: a Parquet table, which this build does not read; it needs the feature `parquet`";
    assert!(errors(&output).contains(expected), "{}", errors(&output));
}

#[test]
fn a_table_of_any_form_becomes_a_submission() {
    let folder = TempDir::new().unwrap();
    let [a, b] = SOURCES;
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let rows = |separator: &str| {
        [
            ["image", "of", "which", "said"].join(separator),
            [a, "", "source", "\"Osteophytes,\n\"\"mild\"\".\""].join(separator),
            [a, &format!("{a}__elderly_male"), "counterfactual", "MRI."].join(separator),
            ["", &format!("{b}__young_male"), "source", "Normal."].join(separator),
            ["", &format!("{b}__young_male"), "counterfactual", "Fracture."].join(separator),
        ]
        .join("\n")
    };
    let lines = [
        json!({"image": a, "of": null, "which": "source", "said": "Osteophytes,\n\"mild\"."}),
        json!({"of": format!("{a}__elderly_male"), "which": "counterfactual", "said": "MRI."}),
        json!({"of": format!("{b}__young_male"), "which": "source", "said": "Normal."}),
        json!({"of": format!("{b}__young_male"), "which": "counterfactual", "said": "Fracture."}),
    ];
    let columns = [
        "--model",
        "m",
        "--source-column",
        "image",
        "--pair-column",
        "of",
        "--side-column",
        "which",
        "--text-column",
        "said",
    ];
    let jsonl: String = lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
    let mut found = Vec::new();
    for path in [
        file("a.csv", &rows(",")),
        file("a.tsv", &rows("\t")),
        file("a.jsonl", &jsonl),
        file("a.json", &json!(lines).to_string()),
    ] {
        let (output, submission) = import(&path, &columns);
        check_status(&output, 0);
        let results = submission.unwrap()["results"].clone();
        assert_eq!(results[0]["source_report"], "Osteophytes,\n\"mild\".", "{}", path.display());
        found.push(results);
    }
    assert!(found.windows(2).all(|two| two[0] == two[1]), "{found:?}");
    // A row for each pair, with a column for each side.
    let pairs = file(
        "pairs.csv",
        &format!(
            "pair_id,before,after\n{a}__elderly_male,\"Osteophytes,\n\"\"mild\"\".\",MRI.\n{b}__young_male,Normal.,Fracture.\n"
        ),
    );
    let both =
        ["--model", "m", "--source-text-column", "before", "--counterfactual-text-column", "after"];
    let (output, submission) = import(&pairs, &both);
    check_status(&output, 0);
    assert_eq!(submission.unwrap()["results"], found[0]);
}

#[test]
fn what_cannot_be_taken_is_said_with_its_place() {
    let folder = TempDir::new().unwrap();
    let [a, b] = SOURCES;
    let pair = format!("{a}__elderly_male");
    for (name, text, expected) in [
        (
            "a.csv",
            format!("pair_id,report\n{a}__nobody,x\n"),
            "a.csv` line 2: the benchmark has no pair",
        ),
        ("a.csv", format!("pair_id,source_id,report\n{pair},{b},x\n"), "and not of `vindr_e47"),
        (
            "a.csv",
            format!("pair_id,report\n{pair},x\n{pair},y\n"),
            "line 3: another report on the counterfactual of pair",
        ),
        ("a.csv", "pair_id,report\n,x\n".to_owned(), "line 2: nothing says whose report it is"),
        (
            "a.csv",
            format!("pair_id,side,report\n{pair},left,x\n"),
            "`side` is `left` (expected `source` or `counterfactual`)",
        ),
        (
            "a.csv",
            format!("pair_id,words\n{pair},x\n"),
            "no column of reports is known (columns: `pair_id`, `words`)",
        ),
        (
            "a.csv",
            format!("pair_id,report,text\n{pair},x,y\n"),
            "`report` and `text` could both be",
        ),
        ("a.csv", format!("pair_id,report\n{pair},x,y\n"), "line 2: 3 cells instead of 2"),
        ("a.json", "{\n\"results\": {}}".to_owned(), "neither a log of Inspect AI"),
        (
            "a.json",
            "{\"schema_version\": \"spinefairbench-submission-v1\"}".to_owned(),
            "this is a submission already",
        ),
        ("a.eval", "PK\u{3}\u{4}".to_owned(), "no whole zip file"),
        ("a.xlsx", String::new(), "the file is empty"),
        ("a.parquet", "PAR1....".to_owned(), "Parquet"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, &text).unwrap();
        let (output, submission) = import(&path, &["--model", "m"]);
        check_status(&output, 1);
        assert!(submission.is_none(), "{text}");
        assert!(errors(&output).contains(expected), "{text}: {}", errors(&output));
    }
}

#[test]
fn a_scope_leaves_out_what_it_does_not_hold_and_names_what_is_missing() {
    let name = fixture("inspect-0.3.285.eval");
    let (output, submission) = import(&name, &["--scope", "qc-passed"]);
    check_status(&output, 1);
    let submission = submission.unwrap();
    let rows = submission["results"].as_array().unwrap();
    let missing = rows.iter().filter(|row| row["counterfactual_state"] == "missing").count();
    assert!(rows.len() > 400 && missing > 400, "{} {missing}", rows.len());
    let pairs = |scope: &str| -> Vec<String> {
        let root = demo().root.to_str().unwrap();
        let output = run(["template", "--artifacts", root, "--scope", scope]);
        let template = stdout_json(&output);
        let rows = template["results"].as_array().unwrap().iter();
        rows.map(|row| row["pair_id"].as_str().unwrap().to_owned()).collect()
    };
    let core = pairs("common-core-1000");
    let outside = pairs("qc-passed").into_iter().find(|pair| !core.contains(pair)).unwrap();
    let folder = TempDir::new().unwrap();
    let table = folder.path().join("a.csv");
    let rows = format!("{},x,y\n{outside},x,y\n", core[0]);
    fs::write(&table, format!("pair_id,source_report,counterfactual_report\n{rows}")).unwrap();
    let (output, submission) = import(&table, &["--scope", "common-core-1000", "--model", "m"]);
    check_status(&output, 1);
    assert!(
        errors(&output).contains("note: 2 reports are on images outside of"),
        "{}",
        errors(&output)
    );
    assert!(!submission.unwrap().to_string().contains(&outside));
}
