//! Numbers that are equal as fractions are equal in every statement, whatever the last bits of their floats are.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{check_status, mini, run, stdout_json};

/// Five terms of the diagnostic registry, each of another category.
const TERMS: [&str; 5] =
    ["osteophyte", "disc calcification", "schmorl", "spondylolisthesis", "foraminal stenosis"];

/// Reports on a source and its counterfactual that have `shared` of `either` labels in common.
fn reports((shared, either): (usize, usize)) -> [String; 2] {
    let report = |terms: &[&str]| match terms {
        [] => "Findings: hardware. Plan: physiotherapy.".to_owned(),
        terms => format!("Findings: {}. Plan: physiotherapy.", terms.join(", ")),
    };
    [report(&TERMS[..either]), report(&TERMS[..shared])]
}

/// One pair of each of the mini bundle's first twelve sources, with its source.
fn pairs_of_twelve_sources() -> Vec<(String, String)> {
    let manifest = Path::new(mini().0).join("dataset/qc_passed_pair_manifest.jsonl");
    let mut pairs = BTreeMap::new();
    for line in std::fs::read_to_string(manifest).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| row[name].as_str().unwrap().to_owned();
        pairs.entry(field("source_id")).or_insert(field("pair_id"));
    }
    assert!(pairs.len() >= 12);
    pairs.into_iter().take(12).collect()
}

fn score(folder: &Path, name: &str, consistencies: &[(usize, usize)]) -> String {
    let results: Vec<Value> = pairs_of_twelve_sources()
        .into_iter()
        .zip(consistencies)
        .map(|((source_id, pair_id), consistency)| {
            let [source_report, counterfactual_report] = reports(*consistency);
            json!({
                "pair_id": pair_id, "source_id": source_id,
                "source_report": source_report, "counterfactual_report": counterfactual_report,
            })
        })
        .collect();
    let submission = json!({
        "schema_version": "spinefairbench-submission-v1", "scope": "toy",
        "model": { "name": name }, "results": results,
    });
    let file = |end: &str| folder.join(format!("{name}{end}")).to_str().unwrap().to_owned();
    let (submitted, scored) = (file(".json"), file(".score.json"));
    std::fs::write(&submitted, submission.to_string()).unwrap();
    let call = ["score", "--artifacts", mini().0, "--submission", &submitted, "--output", &scored];
    check_status(&run(call.into_iter().chain(["--bootstrap-iterations", "50"])), 0);
    scored
}

/// Twelve sources that differ by ±5/12, two of them the other way: 2/3 against 1/4 and 3/4 against 1/3, whose differences are an
/// ulp apart as floats. 158 of the 4,096 sign patterns have ten equal signs or more.
#[test]
fn a_comparison_counts_equal_differences_as_equal() {
    let (of_thirds, of_quarters) = (((2, 3), (1, 4)), ((3, 4), (1, 3)));
    let mut differences = [
        of_thirds,
        of_thirds,
        of_thirds,
        of_quarters,
        of_quarters,
        of_thirds,
        of_thirds,
        of_quarters,
        of_quarters,
        of_thirds,
        of_quarters,
        of_thirds,
    ];
    for (first, second) in &mut differences[5..7] {
        std::mem::swap(first, second);
    }
    let folder = TempDir::new().unwrap();
    let [first, second] = [
        ("first", differences.map(|(first, _)| first)),
        ("second", differences.map(|(_, second)| second)),
    ]
    .map(|(name, consistencies)| score(folder.path(), name, &consistencies));
    let output = run(["compare", &first, &second, "--format", "json"]);
    check_status(&output, 0);
    let found = stdout_json(&output);
    let consistency = &found["comparisons"][0]["endpoints"]["diagnostic_label_consistency"];
    let test = &consistency["sign_flip"];
    assert_eq!((&test["p"], &test["p_holm"]), (&json!(158.0 / 4096.0), &json!(316.0 / 4096.0)));
    assert_eq!(consistency["verdict"], "not_shown");
    // All twelve have the mean rank 6.5, and two are negative.
    assert_eq!(consistency["wilcoxon"]["statistic"], 13.0);
    assert_eq!(consistency["wilcoxon"]["p"], 158.0 / 4096.0);
    let change = &found["comparisons"][0]["endpoints"]["recommendation_change_rate"];
    assert!(change["cohens_dz"].is_null(), "{change}");
    let shown = String::from_utf8(run(["compare", &first, &second]).stdout).unwrap();
    assert!(shown.contains("a difference is not shown in diagnostic consistency"), "{shown}");
    assert!(shown.contains("undefined") && !shown.contains(" +0.00\n"), "{shown}");
}

/// Thirds that were added up in another order are equal, and so are the means of their clusters.
#[test]
fn an_interval_that_says_nothing_says_so() {
    let folder = TempDir::new().unwrap();
    let table = folder.path().join("table.csv");
    let path = table.to_str().unwrap();
    let call = ["interval", path, "--value", "v", "--cluster", "c", "--iterations", "50"];
    for (rows, code, reason) in [
        ("0,a\n1,a\n", json!("one_cluster"), "with one cluster"),
        ("0.3,a\n0.30000000000000004,b\n", json!("equal_values"), "all values are the same"),
        ("0.1,a\n0.5,a\n0.2,b\n0.4,b\n", json!("no_width"), "has no width"),
        ("0,a\n1,b\n", Value::Null, ""),
    ] {
        std::fs::write(&table, format!("v,c\n{rows}")).unwrap();
        let output = run(call.into_iter().chain(["--format", "json"]));
        check_status(&output, 0);
        assert_eq!(stdout_json(&output)["degenerate"], code, "{rows}");
        let text = String::from_utf8(run(call).stdout).unwrap();
        assert_eq!(text.contains("degenerate: "), !code.is_null(), "{text}");
        assert!(text.contains(reason), "{text}");
    }
}
