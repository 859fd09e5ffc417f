//! Score files as evidence: whatever does not follow from the rows and the plan is refused by its field.

use serde_json::{Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_scoring::score_file::{ScoreFile, ScoreFileError};

use crate::bundle::{file, fixture, index};
use crate::score_files::score_bytes;

fn core() -> Value {
    serde_json::from_slice(&score_bytes(&file("metrics/core_submission.json"))).unwrap()
}

/// The fields that a reader of the core score refuses after `change`.
fn fields(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut value = core();
    change(&mut value);
    match ScoreFile::from_bytes("forged.json", value.to_string().as_bytes()) {
        Ok(_) => Vec::new(),
        Err(ScoreFileError::Contradicted { contradictions, .. }) => {
            contradictions.into_iter().map(|contradiction| contradiction.field).collect()
        }
        Err(error) => vec![error.to_string()],
    }
}

#[track_caller]
fn check(field: &str, change: impl FnOnce(&mut Value)) {
    let found = fields(change);
    assert!(found.iter().any(|found| found.contains(field)), "{field}: found {found:?}");
}

/// The place of the first usable row.
fn usable(value: &Value) -> usize {
    let rows = value["per_pair_results"].as_array().unwrap();
    rows.iter().position(|row| row["usable"] == true).unwrap()
}

#[test]
fn an_honest_file_is_read() {
    assert_eq!(fields(|_| ()), Vec::<String>::new());
}

#[test]
fn a_forged_endpoint_is_named() {
    let change = "primary_endpoints.recommendation_change_rate";
    for (name, value) in [("0", json!(0.0)), ("-1", json!(-1.0)), ("7.5", json!(7.5))] {
        check(&format!("{change}.point_estimate"), |file| {
            file["primary_endpoints"]["recommendation_change_rate"]["point_estimate"] = value;
        });
        assert_ne!(name, "");
    }
    check("primary_endpoints.diagnostic_label_consistency.point_estimate", |file| {
        file["primary_endpoints"]["diagnostic_label_consistency"]["point_estimate"] = json!(1.0);
    });
    check(&format!("{change}.ci95.lower"), |file| {
        file["primary_endpoints"]["recommendation_change_rate"]["ci95"] =
            json!({"lower": 0.9, "upper": 0.1});
    });
    check(&format!("{change}.n_pairs"), |file| {
        file["primary_endpoints"]["recommendation_change_rate"]["n_pairs"] = json!(9999);
    });
    check("table2_row.recommendation_change_rate", |file| {
        file["table2_row"]["recommendation_change_rate"] = json!(0.0);
    });
    check("table2_row.model_name", |file| file["table2_row"]["model_name"] = json!("another"));
    check("point_estimate", |file| {
        let text = file.to_string().replace("0.5217391304347826", "-0.0");
        *file = serde_json::from_str(&text).unwrap();
    });
}

#[test]
fn what_is_no_number_or_no_count_is_no_score_file() {
    let text = core().to_string();
    for (from, to, expected) in [
        ("0.5217391304347826", "NaN", "NaN"),
        ("0.5217391304347826", "1e999", "number"),
        ("\"usable_pairs\":46", "\"usable_pairs\":-1", "usable_pairs"),
        ("\"usable_pairs\":46", "\"usable_pairs\":1.5", "usable_pairs"),
        (
            "\"bootstrap_iterations\":1000",
            "\"bootstrap_iterations\":99999999999",
            "bootstrap_iterations",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let forged = text.replace(from, to);
        let error = ScoreFile::from_bytes("forged.json", forged.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(expected), "{to}: {error}");
    }
}

#[test]
fn a_forged_row_is_named() {
    let row = |field: &'static str, value: Value| {
        move |file: &mut Value| {
            let place = usable(file);
            file["per_pair_results"][place][field] = value;
        }
    };
    check("recommendation_changed", row("recommendation_changed", json!(0.25)));
    check("diagnostic_label_consistency", row("diagnostic_label_consistency", json!(0.123)));
    check("usable", row("usable", json!(false)));
    check("nonsense", row("counterfactual_recommendations", json!(["nonsense"])));
    check("in order", row("source_diagnostic_labels", json!(["Osteophytes", "Fracture"])));
    check("in order", row("source_diagnostic_labels", json!(["Fracture", "Fracture"])));
    check("no response class", row("source_response_class", json!("maybe")));
    check("usable", row("source_response_class", json!("full_refusal")));
    check("source_id", row("source_id", json!("buu_else")));
    check("source_id", row("pair_id", json!("buu_0002-M-049Y1__middle_aged")));
    check("per_pair_results", |file| file["per_pair_results"] = json!([]));
    check("pair_id", |file| {
        file["per_pair_results"].as_array_mut().unwrap().reverse();
    });
    check("pair_id", |file| {
        let again = file["per_pair_results"][0].clone();
        file["per_pair_results"].as_array_mut().unwrap().insert(0, again);
    });
}

#[test]
fn every_row_made_to_look_better_moves_what_follows() {
    // All rows say that nothing changed, and their sets say otherwise.
    check("recommendation_changed", |file| {
        for row in file["per_pair_results"].as_array_mut().unwrap() {
            if row["usable"] == true {
                row["recommendation_changed"] = json!(0.0);
            }
        }
    });
    // The sets say so too, and the endpoints, strata and intervals of old give it away.
    let found = fields(|file| {
        for row in file["per_pair_results"].as_array_mut().unwrap() {
            if row["usable"] == true {
                row["counterfactual_recommendations"] = row["source_recommendations"].clone();
                row["recommendation_changed"] = json!(0.0);
            }
        }
    });
    for part in ["primary_endpoints.recommendation_change_rate.point_estimate", "strata."] {
        assert!(found.iter().any(|field| field.starts_with(part)), "{part}: {found:?}");
    }
}

#[test]
fn counts_of_coverage_and_refusals_follow_from_the_rows() {
    for (part, field) in [
        ("coverage", "usable_pairs"),
        ("coverage", "submitted_pairs"),
        ("coverage", "expected_pairs"),
        ("coverage", "unique_sources_usable"),
        ("coverage", "unexpected_pairs"),
        ("data_quality", "usable_pairs"),
        ("data_quality", "pair_full_refusals"),
        ("data_quality", "source_full_refusals"),
        ("data_quality", "counterfactual_full_refusals"),
        ("data_quality", "pair_partial_refusals"),
    ] {
        check(&format!("{part}.{field}"), |file| file[part][field] = json!(999_999));
    }
    check("coverage.coverage_complete", |file| file["coverage"]["missing_pairs"] = json!(3));
    check("coverage.comparable_to_panel_scope", |file| {
        file["coverage"]["comparable_to_panel_scope"] = json!(false);
    });
    check("coverage.comparability_basis", |file| {
        file["coverage"]["comparability_basis"] = json!("Everything is verified.");
    });
    check("per_pair_results", |file| {
        file["per_pair_results"].as_array_mut().unwrap().truncate(3);
        // The first field that differs is a count; the list of rows is what was cut.
        file["per_pair_results"][0]["usable"] = json!("yes");
    });
    check("coverage.submitted_pairs", |file| {
        file["per_pair_results"].as_array_mut().unwrap().truncate(3);
    });
}

#[test]
fn the_plan_that_a_file_states_gives_its_intervals() {
    let config = |field: &'static str, value: Value| {
        move |file: &mut Value| file["scoring_config"][field] = value
    };
    check("ci95", config("bootstrap_iterations", json!(1)));
    check("ci95", |file| {
        for field in
            ["bootstrap_seed", "diagnostic_bootstrap_seed", "recommendation_bootstrap_seed"]
        {
            file["scoring_config"][field] = json!(43);
        }
    });
    check("diagnostic_bootstrap_seed", config("diagnostic_bootstrap_seed", json!(43)));
    check("scoring_config.bootstrap", config("bootstrap", json!("guessed")));
    check("ci95", config("bootstrap", json!("source_clustered_percentile")));
    check("bootstrap_iterations", config("bootstrap_iterations", json!(0)));
    check("not drawn again", config("bootstrap_iterations", json!(u32::MAX)));
    check("full_refusal_policy", config("full_refusal_policy", json!("count as unchanged")));
}

#[test]
fn strata_and_secondary_measures_follow_too() {
    check("strata.edited_sex.male.usable_pairs", |file| {
        file["strata"]["edited_sex"]["male"]["usable_pairs"] = json!(1);
    });
    check("strata.edited_age.middle", |file| {
        file["strata"]["edited_age"]["middle"] = file["strata"]["edited_age"]["young"].clone();
    });
    check("strata", |file| file["strata"] = json!({}));
    for (part, field) in [
        ("hedging", "mean_absolute_difference"),
        ("hedging", "mean_ratio"),
        ("severity", "mean_absolute_difference"),
        ("severity", "mean_signed_difference"),
    ] {
        check(&format!("secondary.{part}.{field}"), |file| {
            file["secondary"][part][field] = json!(0.987);
        });
    }
    check("secondary.severity.n_pairs", |file| {
        file["secondary"]["severity"]["n_pairs"] = json!(7);
    });
    check("secondary", |file| {
        file["secondary"]["hedging"]["pairs_by_counts"] = json!({"0,0": u64::MAX, "0,1": u64::MAX});
    });
}

#[test]
fn what_a_file_says_of_its_manifests_agrees_with_itself() {
    check("artifact_identity.status", |file| {
        file["artifact_identity"]["status"] = json!("not_a_frozen_panel_scope");
    });
    check("artifact_identity.manifest_sha256", |file| {
        file["artifact_identity"]["manifest_sha256"] = json!({});
    });
    let path = "dataset/qc_passed_pair_manifest.jsonl";
    check(path, |file| file["artifact_identity"]["manifest_sha256"][path] = json!("0".repeat(64)));
    check("provenance.bundle_identity", |file| {
        file["provenance"]["bundle_identity"] = json!("0".repeat(64));
    });
    check("provenance.registry.refusal", |file| {
        file["provenance"]["registry"]["refusal"] = json!("0".repeat(64));
    });
    check("provenance.registry.combined", |file| {
        file["provenance"]["registry"]["combined"] = json!("another version");
    });
    check(path, |file| {
        let files = file["provenance"]["bundle_files"].as_object_mut().unwrap();
        files.retain(|file, _| file == "SHA256SUMS.txt");
    });
    // Without provenance nobody knows what was read, so that what is verified can only be what is published.
    check(path, |file| drop(file.as_object_mut().unwrap().remove("provenance")));
    check("scored_at_utc", |file| file["scored_at_utc"] = json!("checked by everybody"));
    check("warnings", |file| file["warnings"] = json!(["Every number was verified."]));
    check("scope", |file| file["scope"] = json!("common-core-1001"));
    check("artifact_identity", |file| file["scope"] = json!("toy"));
    check("model.name", |file| file["model"] = json!({}));
}

#[test]
fn the_number_of_pairs_is_that_of_the_published_manifests() {
    let release = spinefairbench_artifacts::release::ReleaseDescription::pinned();
    // Where one manifest is another, nothing is known of its number.
    let elsewhere = fields(|file| {
        let path = "dataset/qc_passed_pair_manifest.jsonl";
        let digest = json!(release.scope_manifests.get(path).unwrap().to_string());
        file["artifact_identity"]["manifest_sha256"][path] = digest.clone();
        file["provenance"]["bundle_files"][path] = digest;
    });
    assert_eq!(elsewhere, Vec::<String>::new());
    check("coverage.expected_pairs", |file| {
        for (path, digest) in release.scope_manifests.iter() {
            let digest = json!(digest.to_string());
            if file["artifact_identity"]["manifest_sha256"].get(path).is_some() {
                file["artifact_identity"]["manifest_sha256"][path] = digest.clone();
                file["provenance"]["bundle_files"][path] = digest;
            }
        }
    });
}

#[test]
fn the_rows_are_those_of_the_scope() {
    let bytes = score_bytes(&file("metrics/core_submission.json"));
    let core = ScoreFile::from_bytes("core.json", &bytes).unwrap();
    let index_of = |scope: &str| index(scope.parse().unwrap());
    core.check_scope("core.json", &index_of("common-core-1000")).unwrap();
    let error = core.check_scope("core.json", &index_of("qc-passed")).unwrap_err().to_string();
    assert!(error.contains("`scope`") && error.contains("expected_pairs"), "{error}");
    let mut elsewhere = core.clone();
    elsewhere.per_pair_results[0].source_id = "buu_else".parse().unwrap();
    elsewhere.per_pair_results[1].pair_id = "buu_else__young_male".parse().unwrap();
    let files = &mut elsewhere.provenance.as_mut().unwrap().bundle_files;
    *files.get_mut("dataset/qc_passed_pair_manifest.jsonl").unwrap() = Sha256::of(b"another");
    let error =
        elsewhere.check_scope("core.json", &index_of("common-core-1000")).unwrap_err().to_string();
    assert!(error.contains("provenance.bundle_files.dataset/qc_passed"), "{error}");
    assert!(error.contains("per_pair_results[0].source_id"), "{error}");
    assert!(error.contains("per_pair_results[1].pair_id"), "{error}");
}

#[test]
fn files_of_the_public_scorers_are_read() {
    for name in ["toy", "core", "intersection", "qc"] {
        let mut original: Value =
            serde_json::from_slice(&fixture(&format!("score.{name}.json"))).unwrap();
        original["scored_at_utc"] = json!("2026-01-01T00:00:00+00:00");
        let read = ScoreFile::from_bytes(name, original.to_string().as_bytes())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(read.artifact_identity.is_none() && read.provenance.is_none());
    }
    let mut later: Value = serde_json::from_slice(&fixture("later/score.toy.json")).unwrap();
    later["scored_at_utc"] = json!("2026-09-10T00:00:00+00:00");
    ScoreFile::from_bytes("later", later.to_string().as_bytes()).unwrap();
}

#[test]
fn a_file_of_an_older_version_of_this_program_is_read() {
    // What it lacked: the manifests' pins, and the counts behind the secondary measures.
    let mut old = core();
    old.as_object_mut().unwrap().remove("artifact_identity");
    old["coverage"].as_object_mut().unwrap().remove("comparability_basis");
    old["secondary"]["hedging"].as_object_mut().unwrap().remove("pairs_by_counts");
    old["secondary"]["severity"].as_object_mut().unwrap().remove("pairs_by_scores");
    ScoreFile::from_bytes("old.json", old.to_string().as_bytes()).unwrap();
    for impossible in [-1.0, 4.5] {
        let mut forged = old.clone();
        forged["secondary"]["severity"]["mean_absolute_difference"] = json!(impossible);
        assert!(ScoreFile::from_bytes("old.json", forged.to_string().as_bytes()).is_err());
    }
}
