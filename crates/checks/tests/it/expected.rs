//! The mini bundle as it is: every field equal to the original's, floats bit for bit.

use std::fs;

use serde_json::Value;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::source::FileSource as _;
use spinefairbench_checks::check::both_empty_diagnostic::BothEmptyDiagnostic;
use spinefairbench_checks::check::checksums::Checksums;
use spinefairbench_checks::check::dataset::{Dataset, ImageDigests};
use spinefairbench_checks::check::diagnostic_scoring::DiagnosticScoring;
use spinefairbench_checks::check::gap_sensitivity::GapSensitivity;
use spinefairbench_checks::check::inspect::{self, Inspect};
use spinefairbench_checks::check::mitigation::{Analysis, Mitigation};
use spinefairbench_checks::check::parse_sample::ParseSample;
use spinefairbench_checks::check::radiologist::Radiologist;
use spinefairbench_checks::check::release_identity::ReleaseIdentity;
use spinefairbench_checks::check::stage1_confidence::Stage1Confidence;
use spinefairbench_checks::check::table2::{CompareWithFrozen, Intervals, Table2};
use spinefairbench_checks::table::Detail;
use spinefairbench_checks::{
    Check, CheckReport, FindingCap, ModelSelection, PlanRequest, Selection, Status, Unobserved,
    Verdict, run, verify,
};

use crate::bundle::{MINI, fixture, release};

fn run_on_mini(check: &dyn Check) -> CheckReport {
    run(&*MINI, &release(), check, FindingCap::default(), &Unobserved).unwrap()
}

fn json(report: &CheckReport) -> Value {
    // Through text, so that what is compared is what is printed.
    serde_json::from_str(&serde_json::to_string(report).unwrap()).unwrap()
}

/// Every expected field is there, with the same value; numbers with the same bits.
fn assert_holds(found: &Value, expected: &Value, place: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (name, value) in expected {
                let found = found.get(name).unwrap_or_else(|| panic!("{place}.{name} is missing"));
                assert_holds(found, value, &format!("{place}.{name}"));
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{place}");
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert_holds(found, expected, &format!("{place}[{index}]"));
            }
        }
        (Value::Number(found), Value::Number(expected)) => {
            let (left, right) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            // SciPy's normal distribution rounds otherwise than ours in the last bits; all else is the same bits.
            let is_test =
                ["wilcoxon_p_", "cohens_dz_", "p_value"].iter().any(|name| place.contains(name));
            if is_test {
                assert!((left - right).abs() <= 1e-12 * right.abs(), "{place}: {left} and {right}");
            } else {
                assert_eq!(left.to_bits(), right.to_bits(), "{place}: {left} and {right}");
            }
        }
        _ => assert_eq!(found, expected, "{place}"),
    }
}

#[track_caller]
fn check(name: &str, check: &dyn Check) {
    let report = run_on_mini(check);
    assert_eq!(report.findings, [], "{name}");
    let expected: Value =
        serde_json::from_slice(&fs::read(fixture(&format!("mini.expected/{name}.json"))).unwrap())
            .unwrap();
    let found = json(&report);
    assert_eq!(found["schema_version"], "spinefairbench-check-v1");
    assert_eq!(found["check"], report.check.as_str());
    assert_eq!(found["status"], "pass");
    assert_eq!(found["findings"], Value::Array(Vec::new()));
    assert_holds(&found["result"], &expected, name);
}

fn recomputed() -> Intervals {
    Intervals::Recomputed { plan: PlanRequest::default(), comparison: CompareWithFrozen::Yes }
}

#[test]
fn every_result_equals_the_original() {
    check("inspect", &Inspect);
    check("dataset", &Dataset::default());
    check("dataset", &Dataset { digests: ImageDigests::Compare });
    check("stage1-confidence", &Stage1Confidence);
    check("mitigation", &Mitigation::default());
    check("mitigation", &Mitigation { analysis: Analysis::Recomputed(None) });
    check("mitigation-recompute", &Mitigation { analysis: Analysis::Recomputed(None) });
    for model in ["gpt-5.4", "gemma-4", "llama-4-scout"] {
        check(&format!("parse-sample.{model}"), &ParseSample::of(model));
    }
    check("diagnostic-scoring", &DiagnosticScoring);
    check("table2", &Table2 { models: ModelSelection::All, intervals: recomputed() });
    check("gap-sensitivity", &GapSensitivity::default());
    check("both-empty-diagnostic", &BothEmptyDiagnostic::default());
    check("radiologist", &Radiologist);
}

#[test]
fn what_an_inspection_says_beyond_its_summary_are_the_values_of_its_result() {
    let report = run_on_mini(&Inspect);
    let result = &json(&report)["result"];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let expected = [
        format!("panel frozen at {}", text(&result["panel_freeze_timestamp"])),
        format!("source images declared: {}", text(&result["source_pngs"])),
        format!("system prompt: {}", text(&result["prompts"]["system"])),
        format!("primary prompt: {}", text(&result["prompts"]["primary"])),
    ];
    assert_eq!(report.result.details(), expected.map(Detail::Line));
}

#[test]
fn several_models_are_shown_as_a_table() {
    let shown = |models: ModelSelection| {
        run_on_mini(&Table2 { models, intervals: Intervals::default() }).result.details()
    };
    assert_eq!(shown(ModelSelection::One("gpt-5.4".to_owned())), []);
    let [Detail::Table(table)] = &shown(ModelSelection::All)[..] else { panic!() };
    assert_eq!(table.rows.len(), release().table2_models.len());
}

#[test]
fn checks_without_an_expected_file_pass_too() {
    let identity = run_on_mini(&ReleaseIdentity::default());
    assert_eq!(identity.findings, []);
    let result = &json(&identity)["result"];
    assert_eq!((&result["anchors_ok"], &result["anchors"]), (&7.into(), &7.into()));
    assert_eq!((&result["frozen_prompts_ok"], &result["frozen_prompts"]), (&11.into(), &11.into()));
    let checksums = run_on_mini(&Checksums::default());
    assert_eq!(checksums.findings, []);
    let result = &json(&checksums)["result"];
    let whole = &result["manifests"]["SHA256SUMS.txt"];
    assert_eq!((&whole["files_ok"], &whole["files"]), (&2863.into(), &2863.into()));
    let manifest = MINI.read(&layout::SHA256SUMS.parse().unwrap()).unwrap();
    let paths = std::str::from_utf8(&manifest).unwrap().lines().map(|line| &line[66..]);
    let n_bytes: usize = paths.map(|path| MINI.read(&path.parse().unwrap()).unwrap().len()).sum();
    assert_eq!(whole["bytes"], n_bytes);
    assert_eq!(result["manifests"]["radiologist_validation_SHA256SUMS.txt"]["files_ok"], 10);
    assert_eq!(result["unlisted_files"], 0);
}

#[test]
fn the_suite_passes() {
    let suite =
        verify(&*MINI, &release(), &Selection::default(), FindingCap::default(), &Unobserved)
            .unwrap();
    for report in &suite.checks {
        assert_eq!(report.findings, [], "{}", report.check);
        // A question mark stands for what the files did not allow.
        let summary = report.result.summary();
        assert!(!summary.is_empty() && !summary.contains('?'), "{}: {summary}", report.check);
    }
    assert_eq!((suite.status(), suite.passed(), suite.failed()), (Status::Pass, 11, 0));
    let found: Value =
        serde_json::from_str(&serde_json::to_string(&suite.timed(7)).unwrap()).unwrap();
    assert_eq!((&found["check"], &found["status"]), (&"verify".into(), &"pass".into()));
    assert_eq!(found["findings"], serde_json::json!([]));
    let result = &found["result"];
    assert_eq!(
        (&result["passed"], &result["failed"], &result["elapsed_ms"]),
        (&11.into(), &0.into(), &7.into())
    );
    assert_eq!(result["checks"][6]["check"], "table2");
    // The mini bundle's description publishes nothing of four checks.
    let Verdict::Consistent { not_compared } = suite.verdict() else {
        panic!("{:?}", suite.verdict());
    };
    let not_compared: Vec<&str> = not_compared.iter().map(|name| name.as_str()).collect();
    assert_eq!(not_compared, ["dataset", "table2", "gap-sensitivity", "both-empty-diagnostic"]);
    assert_eq!(result["verdict"], "consistent");
    assert_eq!(
        (&result["release"]["release_id"], &result["release"]["pin"]["kind"]),
        (&release().release_id.into(), &"file".into())
    );
}

#[test]
fn a_part_of_the_suite_verifies_nothing() {
    let selection = Selection { only: [inspect::LISTING.name].into(), ..Selection::default() };
    let suite = verify(&*MINI, &release(), &selection, FindingCap::default(), &Unobserved).unwrap();
    let Verdict::PassedInPart { left_out } = suite.verdict() else {
        panic!("{:?}", suite.verdict());
    };
    assert_eq!((left_out.len(), left_out.contains(&inspect::LISTING.name)), (10, false));
}
