//! Every published constant is compared: each one altered is a finding, and each part left out is noted.

use serde_json::{Value, json};
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::release::{GENERATED_ORIGIN, ReleaseDescription};
use spinefairbench_checks::bundle::{self, Bundle, Needs};
use spinefairbench_checks::check::release_identity::ReleaseIdentity;
use spinefairbench_checks::check::table2::{self, Table2};
use spinefairbench_checks::check::{checksums, dataset as dataset_check};
use spinefairbench_checks::suite::judge as judge_one;
use spinefairbench_checks::{
    Check, CheckReport, FindingCap, Selection, Status, Unobserved, Verdict, run, verify,
};

use crate::bundle::{MINI, Overlay, fixture, release};

/// The mini bundle's description with every part of `expected`, from the original's results.
fn full_description() -> Value {
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(fixture(name)).unwrap()).unwrap()
    };
    let mut description = read("mini.release.json");
    let table2 = read("mini.expected/table2.json");
    let gaps = read("mini.expected/gap-sensitivity.json");
    let both_empty = read("mini.expected/both-empty-diagnostic.json");
    let round = |value: &Value, digits: usize| {
        let rounded: f64 = format!("{:.digits$}", value.as_f64().unwrap()).parse().unwrap();
        json!(rounded)
    };
    let expected = &mut description["expected"];
    expected["dataset"] =
        json!({"released_pngs": 62, "qc_passed_rows": 62, "attempted_qc_rows": 64, "sources": 16});
    let mut models = serde_json::Map::new();
    for (model, row) in table2["models"].as_object().unwrap() {
        let interval = |name: &str| -> Vec<Value> {
            row["frozen"][name].as_array().unwrap().iter().map(|end| round(end, 3)).collect()
        };
        models.insert(
            model.clone(),
            json!({
                "pairs": row["usable_pairs"],
                "recommendation_change": row["recommendation_change"],
                "diagnostic_consistency": row["diagnostic_consistency"],
                "recommendation_change_ci95_3dp": interval("recommendation_change_ci95"),
                "diagnostic_consistency_ci95_3dp": interval("diagnostic_consistency_ci95"),
            }),
        );
    }
    expected["table2"] = Value::Object(models);
    expected["gap_sensitivity"] = json!({
        "median_gap_exact_6dp": round(&gaps["median_gap_exact"], 6),
        "median_gap_graded_6dp": round(&gaps["median_gap_graded"], 6),
        "negative": 8, "models": 9,
    });
    expected["both_empty"] = json!({
        "pooled_both_empty": both_empty["pooled_both_empty"],
        "pooled_usable_pairs": both_empty["pooled_usable_pairs"],
    });
    description
}

/// The suite but for the checksums, judged by another description. The intervals are the frozen ones: drawing them anew
/// for every constant would only repeat what another test shows.
fn judge(bundle: &Bundle, description: &Value) -> Vec<CheckReport> {
    let release = described(description);
    checks()
        .iter()
        .map(|check| {
            judge_one(check.as_ref(), bundle, &release, FindingCap::default(), &Unobserved).unwrap()
        })
        .collect()
}

fn checks() -> Vec<Box<dyn Check>> {
    let skip = [checksums::LISTING.name, table2::LISTING.name].into();
    let mut checks = Selection { skip, ..Selection::default() }.checks();
    checks.push(Box::new(Table2::default()));
    checks
}

fn read() -> Bundle {
    let release = described(&full_description());
    let needs =
        checks().iter().map(|check| check.needs(&release)).fold(Needs::default(), Needs::union);
    bundle::read(&*MINI, needs, &Unobserved)
}

fn described(description: &Value) -> ReleaseDescription {
    ReleaseDescription::parse("release.json", description.to_string().as_bytes()).unwrap()
}

/// Pointers to every leaf of `value`.
fn leaves(value: &Value, place: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(value, format!("{place}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                leaves(item, format!("{place}/{index}"), found);
            }
        }
        _ => found.push(place),
    }
}

#[test]
fn the_original_results_are_the_published_ones() {
    let suite = verify(
        &*MINI,
        &described(&full_description()),
        &Selection::default(),
        FindingCap::default(),
        &Unobserved,
    );
    for report in suite.unwrap().checks {
        assert_eq!(report.findings, [], "{}", report.check);
        // The readers' own files of the mini bundle were drawn apart from its combined table, which is said and no failure.
        let known = |note: &&String| !note.contains("differ from the combined table");
        assert_eq!(report.notes.iter().filter(known).count(), 0, "{:?}", report.notes);
    }
}

/// The verdict of the whole suite by a description that was altered.
#[track_caller]
fn assert_consistent(alter: impl FnOnce(&mut Value), not_compared: &[&str]) {
    let mut description = full_description();
    alter(&mut description);
    let release = described(&description);
    let suite = verify(&*MINI, &release, &Selection::default(), FindingCap::default(), &Unobserved);
    let suite = suite.unwrap();
    let Verdict::Consistent { not_compared: found } = suite.verdict() else {
        panic!("{:?}", suite.verdict());
    };
    let found: Vec<&str> = found.iter().map(|name| name.as_str()).collect();
    assert_eq!(found, not_compared);
}

#[test]
fn a_description_that_says_less_never_verifies() {
    let whole = described(&full_description());
    let suite = verify(&*MINI, &whole, &Selection::default(), FindingCap::default(), &Unobserved);
    assert_eq!(suite.unwrap().verdict(), Verdict::Verified);
    assert_consistent(|release| release["artifact_anchors"] = json!({}), &["release-identity"]);
    assert_consistent(
        |release| {
            let anchors = release["artifact_anchors"].as_object_mut().unwrap();
            anchors.remove("SHA256SUMS.txt").unwrap();
        },
        &["release-identity"],
    );
    assert_consistent(
        |release| release["expected"] = json!({}),
        &[
            "dataset",
            "mitigation",
            "table2",
            "gap-sensitivity",
            "both-empty-diagnostic",
            "radiologist",
        ],
    );
    assert_consistent(
        |release| {
            release["table2_models"] = json!([]);
            release["expected"]["gap_sensitivity"] = Value::Null;
            release["expected"]["both_empty"] = Value::Null;
        },
        &["table2", "gap-sensitivity", "both-empty-diagnostic"],
    );
    assert_consistent(|release| release["expected"]["table2"] = json!({}), &["table2"]);
    assert_consistent(|release| release["prompt_digests"] = json!({}), &["release-identity"]);
}

#[test]
fn each_published_constant_is_compared() {
    let original = full_description();
    let bundle = read();
    let mut places = Vec::new();
    for part in ["expected", "artifact_anchors", "prompt_digests"] {
        leaves(&original[part], format!("/{part}"), &mut places);
    }
    assert!(places.len() > 90, "{}", places.len());
    for place in places {
        let mut description = original.clone();
        let leaf = description.pointer_mut(&place).unwrap();
        *leaf = match leaf.clone() {
            Value::Number(number) if number.is_u64() => json!(number.as_u64().unwrap() + 1),
            Value::Number(number) => json!(number.as_f64().unwrap() + 0.002),
            // Another digest; another model that is in the bundle, so that the set differs.
            Value::String(text) if text.len() == 64 => {
                json!(text.chars().rev().collect::<String>())
            }
            Value::String(text) => json!(if text == "kimi-k2.5" { "gpt-5.4" } else { "kimi-k2.5" }),
            other => panic!("{place}: {other}"),
        };
        let reports = judge(&bundle, &description);
        let failing: Vec<String> = reports
            .iter()
            .filter(|report| report.status() == Status::Fail)
            .map(|report| report.check.to_string())
            .collect();
        assert_eq!(failing.len(), 1, "{place}: {failing:?}");
    }
}

#[test]
fn parts_that_are_not_published_are_noted() {
    let mut description = full_description();
    description["expected"] = json!({});
    let noted: Vec<&str> = judge(&read(), &description)
        .iter()
        .filter(|report| report.notes.iter().any(|note| note.contains("nothing was compared")))
        .map(|report| report.check.as_str())
        .collect();
    assert_eq!(
        noted,
        [
            "dataset",
            "mitigation",
            "gap-sensitivity",
            "both-empty-diagnostic",
            "radiologist",
            "table2"
        ]
    );
}

#[test]
fn a_release_that_does_not_pin_the_manifest_is_told_apart() {
    let mut description: Value = serde_json::from_str(&release().to_json()).unwrap();
    let notes = |description: &Value| {
        let release = ReleaseDescription::parse("r", description.to_string().as_bytes()).unwrap();
        let report =
            run(&*MINI, &release, &ReleaseIdentity::default(), FindingCap::default(), &Unobserved)
                .unwrap();
        assert_eq!(report.findings, []);
        report.notes
    };
    assert_eq!(notes(&description), Vec::<String>::new());
    description["artifact_anchors"].as_object_mut().unwrap().remove("SHA256SUMS.txt").unwrap();
    let found = notes(&description);
    assert!(found.len() == 1 && found[0].contains("does not anchor `SHA256SUMS.txt`"), "{found:?}");
}

#[test]
fn a_release_that_calls_itself_generated_is_not_verified() {
    let mut bundle = Overlay::default();
    bundle.edit(layout::RELEASE_MANIFEST, |file| file["dataset_origin"] = GENERATED_ORIGIN.into());
    let release = described(&full_description());
    let suite =
        verify(&bundle.source, &release, &Selection::default(), FindingCap::default(), &Unobserved);
    let suite = suite.unwrap();
    assert_eq!(suite.verdict(), Verdict::NotVerified);
    let dataset = &suite.checks[2];
    assert_eq!((dataset.check, dataset.status()), (dataset_check::LISTING.name, Status::Pass));
    assert!(dataset.notes[0].contains("which is not the release"), "{:?}", dataset.notes);
    let identity = &suite.checks[1];
    assert_eq!(identity.findings[0].path.as_deref(), Some(layout::RELEASE_MANIFEST));
}
