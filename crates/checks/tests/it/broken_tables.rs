//! The mitigation table and the radiologist validation broken.

use serde_json::json;
use spinefairbench_artifacts::layout;
use spinefairbench_bootstrap::Iterations;
use spinefairbench_checks::check::mitigation::{Analysis, Mitigation};
use spinefairbench_checks::check::radiologist::Radiologist;

use crate::bundle::{Overlay, assert_advised, assert_found, assert_passes, broken};

const TABLE: &str = layout::MITIGATION_TABLE;

/// Replaces a cell of the row that begins with `row`; columns count from 0.
fn set_cell(bundle: &mut Overlay, row: &str, column: usize, cell: &str) {
    let text = bundle.text(TABLE);
    let lines = text.lines().map(|line| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if line.starts_with(row) {
            cells[column] = cell;
        }
        cells.join(",")
    });
    let changed: Vec<String> = lines.collect();
    bundle.put(TABLE, changed.join("\n") + "\n");
}

/// Empties the Stage-1 texts of `gpt-5.4`'s sample.
fn empty_stage1(bundle: &mut Overlay) {
    const FOLDER: &str = "artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained/stage1_outputs/gpt-5.4";
    let listed: serde_json::Value =
        serde_json::from_str(&bundle.text(layout::CONFIDENCE_SAMPLE)).unwrap();
    for name in listed["models"]["gpt-5.4"].as_array().unwrap() {
        bundle.put(&format!("{FOLDER}/{}", name.as_str().unwrap()), "");
    }
}

#[test]
fn a_broken_mitigation_table_is_named() {
    assert_found(broken![
        "a row taken away", Mitigation::default(),
            |bundle| {
                let text = bundle.text(TABLE);
                let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("gpt-5.4,condition_a")).collect();
                bundle.put(TABLE, kept.join("\n"));
            }
            => "condition_row_missing", TABLE, "one row", "none";
        "a row twice", Mitigation::default(),
            |bundle| {
                let text = bundle.text(TABLE);
                let row = text.lines().find(|line| line.starts_with("gpt-5.4,condition_b,")).unwrap();
                bundle.put(TABLE, format!("{text}{row}\n"));
            }
            => "duplicate_condition_row", TABLE;
        "another number of pairs", Mitigation::default(),
            |bundle| set_cell(bundle, "gpt-5.4,condition_b,", 2, "30") => "pair_counts_differ", TABLE, "31", "30";
        "NaN", Mitigation::default(),
            |bundle| set_cell(bundle, "gpt-5.4,condition_a,", 3, "NaN")
            => "number_invalid", TABLE, "a finite number", "\"NaN\"";
        "infinity", Mitigation::default(),
            |bundle| set_cell(bundle, "glm-4.6v,condition_b,", 12, "-inf")
            => "number_invalid", TABLE, "a finite number", "\"-inf\"";
        "a percent sign", Mitigation::default(),
            |bundle| set_cell(bundle, "glm-4.6v,condition_b,", 6, "18%")
            => "number_invalid", TABLE, "a finite number", "\"18%\"";
        "an empty cell", Mitigation::default(),
            |bundle| set_cell(bundle, "glm-4.6v,condition_b,", 6, "") => "number_invalid", TABLE;
        "a difference that is none", Mitigation::default(),
            |bundle| set_cell(bundle, "gpt-5.4,condition_b,", 11, "0.26") => "delta_mismatch", TABLE;
        "another outcome", Mitigation::default(),
            |bundle| set_cell(bundle, "gpt-5.4,condition_b,", 18, "True")
            => "rule_outcome_mismatch", TABLE, "false", "\"True\"";
        "an outcome that is no truth value", Mitigation::default(),
            |bundle| set_cell(bundle, "gpt-5.4,condition_b,", 18, "0") => "rule_outcome_mismatch", TABLE, "false", "\"0\"";
        "a gain where a loss was published", Mitigation::default(),
            |bundle| {
                set_cell(bundle, "gpt-5.4,condition_b,", 6, "0.36056067588325647");
                set_cell(bundle, "gpt-5.4,condition_b,", 12, "0.0");
            }
            => "rule_outcome_mismatch", TABLE, "< -0.05", "0";
        "a missing column", Mitigation::default(),
            |bundle| bundle.replace(TABLE, "delta_rec", "delta_recommendation") => "csv_missing_column", TABLE;
        "a column twice", Mitigation::default(),
            |bundle| bundle.replace(TABLE, "full_refusals", "n_pairs") => "csv_duplicate_column", TABLE;
        "pair counts in other words", Mitigation::default(),
            |bundle| set_cell(bundle, "gpt-5.4,condition_b,", 2, "31.0") => "pair_counts_differ", TABLE, "31", "31.0";
        "a gated-in model that was excluded in part", Mitigation::default(),
            |bundle| bundle.edit(layout::PARSING_CONFIDENCE, |file| file["gpt-5.4"]["decision"] = json!("excluded_diag_only"))
            => "gate_mismatch", layout::PARSING_CONFIDENCE, "included", "excluded_diag_only";
        "a gated-in model without a confidence", Mitigation::default(),
            |bundle| bundle.edit(layout::PARSING_CONFIDENCE, |file| { file.as_object_mut().unwrap().remove("glm-4.6v"); })
            => "gate_mismatch", layout::PARSING_CONFIDENCE, "its confidence", "none";
        "another frozen decision", Mitigation::default(),
            |bundle| bundle.edit(layout::PARSING_CONFIDENCE, |file| file["kimi-k2.5"]["decision"] = json!("included"))
            => "exclusions_mismatch", layout::PARSING_CONFIDENCE,
            "claude-opus-4-6, claude-sonnet-4-6, kimi-k2.5", "claude-opus-4-6, claude-sonnet-4-6";
        "a missing table", Mitigation::default(), |bundle| bundle.remove(TABLE) => "file_missing", TABLE;
    ]);
    assert_advised(broken![
        "a row too short", Mitigation::default(),
            |bundle| bundle.put(TABLE, bundle.text(TABLE) + "gpt-5.4,condition_e\n")
            => "csv_ragged_row", TABLE, "19 cells", "2 cells";
        "a column twice that nobody reads", Mitigation::default(),
            |bundle| bundle.replace(TABLE, "full_refusals", "partial_refusals") => "csv_duplicate_column", TABLE;
        "a recount that excludes a model", Mitigation::default(),
            empty_stage1 => "gate_mismatch", layout::PARSING_CONFIDENCE;
    ]);
    assert_passes("blanks around cells", &Mitigation::default(), |bundle| {
        set_cell(bundle, "gpt-5.4,condition_b,", 18, " False ");
        let rate = bundle.text(TABLE);
        let rate = rate.lines().find(|line| line.starts_with("gpt-5.4,condition_a,")).unwrap();
        let rate = format!(" {} ", rate.split(',').nth(3).unwrap());
        set_cell(bundle, "gpt-5.4,condition_a,", 3, &rate);
    });
    assert_passes("truth values in any case, CRLF", &Mitigation::default(), |bundle| {
        set_cell(bundle, "gpt-5.4,condition_b,", 18, "FALSE");
        bundle.put(TABLE, bundle.text(TABLE).replace('\n', "\r\n"));
    });
}

#[test]
fn a_frozen_analysis_that_differs_from_its_outputs_is_named() {
    const SUMMARY: &str = layout::MITIGATION_SUMMARY;
    const COUNTS: &str = layout::MITIGATION_COUNTS;
    const REPORTS: &str = "artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained/evaluation_results.json";
    const RECOMPUTED: Mitigation = Mitigation { analysis: Analysis::Recomputed(None) };
    assert_found(broken![
        "another mean", RECOMPUTED,
            |bundle| bundle.edit(SUMMARY, |file| file["models"]["gpt-5.4"]["condition_d"]["rec_change"] = json!(0.96))
            => "recomputed_mismatch", SUMMARY, "0.96", "0.967741935483871";
        "another interval", RECOMPUTED,
            |bundle| bundle.edit(SUMMARY, |file| file["models"]["gpt-5.4"]["condition_b"]["delta_rec_ci"][0] = json!(0.077))
            => "recomputed_mismatch", SUMMARY, "0.077", "0.07685185185185192";
        "another number of reports", RECOMPUTED,
            |bundle| bundle.edit(COUNTS, |file| file["condition_a"]["gpt-5.4"]["genuine"] = json!(91))
            => "recomputed_mismatch", COUNTS, "91", "90";
        "a count of what there is none of", RECOMPUTED,
            |bundle| bundle.edit(COUNTS, |file| file["condition_a"]["gpt-5.4"]["api_failure"] = json!(1))
            => "recomputed_mismatch", COUNTS, "1", "nothing";
        "another test", RECOMPUTED,
            |bundle| bundle.edit(SUMMARY, |file| {
                file["multiple_testing"]["tests"]["gpt-5.4:condition_b:diagnostic"]["significant"] = json!(true);
            })
            => "recomputed_mismatch", SUMMARY, "true", "false";
        "another cell", RECOMPUTED,
            |bundle| set_cell(bundle, "gpt-5.4,condition_d,", 14, "0.1") => "recomputed_mismatch", TABLE, "\"0.1\"", "0.011511108108938992";
        "another model", RECOMPUTED,
            |bundle| bundle.edit(SUMMARY, |file| file["included_models"] = json!(["gpt-5.4"]))
            => "recomputed_mismatch", SUMMARY;
        "a path that leads out", RECOMPUTED,
            |bundle| bundle.edit(REPORTS, |rows| rows[0]["stage1_output_path"] = json!("../x.txt"))
            => "path_unsafe", REPORTS, "a path from the root", "../x.txt";
        "a text that is gone", RECOMPUTED,
            |bundle| {
                let folder = "artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained/stage1_outputs/gpt-5.4";
                bundle.remove(&format!("{folder}/x__buu_0008-F-095Y1__elderly_female__source.txt"));
            }
            => "recomputed_mismatch", COUNTS;
        "no candidates", RECOMPUTED,
            |bundle| bundle.remove("artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained/panel_manifest.json")
            => "file_missing", "artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained/panel_manifest.json";
    ]);
    let fewer = Mitigation { analysis: Analysis::Recomputed(Some(Iterations::new(50).unwrap())) };
    assert_passes("other intervals with fewer resamples", &fewer, |_| {});
}

#[test]
fn a_broken_validation_is_named() {
    const RATINGS: &str = layout::PAIR_RESULTS;
    const VALIDATED: &str = layout::VALIDATED_SUBSET;
    const EXCLUDED: &str = layout::EXCLUSION_LIST;
    const MANIFEST: &str = layout::VALIDATION_MANIFEST;
    assert_found(broken![
        "a rating taken away", Radiologist,
            |bundle| bundle.replace(RATINGS, "vindr_00000000000000000000000000000000__elderly_female,R2", "x,R2")
            => "validated_set_mismatch", VALIDATED, "442", "443";
        "a pair taken off the subset", Radiologist,
            |bundle| bundle.edit(VALIDATED, |file| {
                file["pair_ids"].as_array_mut().unwrap().pop();
            })
            => "validated_set_mismatch", VALIDATED, "443", "442";
        "a pair taken off the exclusions", Radiologist,
            |bundle| bundle.edit(EXCLUDED, |file| {
                file["excluded_pairs"].as_array_mut().unwrap().pop();
            })
            => "excluded_set_mismatch", EXCLUDED, "7", "6";
        "a pair listed twice", Radiologist,
            |bundle| bundle.edit(VALIDATED, |file| file["pair_ids"][1] = file["pair_ids"][0].clone())
            => "duplicate_pair_id", VALIDATED;
        "another answer", Radiologist,
            |bundle| bundle.replace(layout::DETECTABILITY, "R1,Cannot tell", "R1,Edited")
            => "published_value_mismatch", "", "1307", "1306";
        "a hidden repeat less", Radiologist,
            |bundle| {
                let text = bundle.text(layout::HIDDEN_REPEATS);
                bundle.put(layout::HIDDEN_REPEATS, text.trim_end().rsplit_once('\n').unwrap().0);
            }
            => "published_value_mismatch", "", "30", "29";
        "a missing column", Radiologist,
            |bundle| bundle.replace(RATINGS, "q1_clinical_plausibility", "q1") => "csv_missing_column", RATINGS;
        "a quote never closed", Radiologist,
            |bundle| bundle.put(RATINGS, bundle.text(RATINGS) + "x,R1,Yes,Yes,No,Cannot tell,\"open\n")
            => "csv_unclosed_quote", RATINGS, "a closing quote", "the end of the file";
        "a missing reviewer", Radiologist,
            |bundle| bundle.remove("validation_public/per_reviewer/reviews_R2_public_2026-04-28.csv")
            => "file_missing", "validation_public/per_reviewer/reviews_R2_public_2026-04-28.csv";
        "a path that leads out", Radiologist,
            |bundle| bundle.edit(MANIFEST, |file| file["files"]["per_reviewer_files"][0] = json!("../reviews.csv"))
            => "path_unsafe", MANIFEST, "a path from the root", "../reviews.csv";
        "a rated pair in place of an excluded one", Radiologist,
            |bundle| {
                let rated = bundle.text(VALIDATED);
                let rated: serde_json::Value = serde_json::from_str(&rated).unwrap();
                bundle.edit(EXCLUDED, |file| file["excluded_pairs"][0] = rated["pair_ids"][0].clone());
            }
            => "excluded_set_mismatch", EXCLUDED, "7", "7";
        "one excluded pair less, as objects", Radiologist,
            |bundle| bundle.edit(EXCLUDED, |file| {
                let pairs = file["excluded_pairs"].as_array().unwrap().iter().skip(1);
                file["excluded_pairs"] = pairs.map(|pair| json!({"reason": "q1", "at": pair})).collect();
            })
            => "published_value_mismatch", "", "7", "6";
        "a mark before the column that is read", Radiologist,
            |bundle| bundle.put(RATINGS, format!("\u{feff}{}", bundle.text(RATINGS)))
            => "csv_missing_column", RATINGS;
        "an answer cut off", Radiologist,
            |bundle| {
                let text = bundle.text(layout::DETECTABILITY);
                bundle.put(layout::DETECTABILITY, text.trim_end().rsplit_once(',').unwrap().0);
            }
            => "published_value_mismatch", "", "1307", "1306";
    ]);
}

#[test]
fn what_the_agreement_of_readers_does_not_need_is_advice() {
    const RATINGS: &str = layout::PAIR_RESULTS;
    const VALIDATED: &str = layout::VALIDATED_SUBSET;
    const EXCLUDED: &str = layout::EXCLUSION_LIST;
    const MANIFEST: &str = layout::VALIDATION_MANIFEST;
    assert_advised(broken![
        "a version that is no text", Radiologist,
            |bundle| bundle.edit(layout::VALIDATION_REPORT, |file| file["report_schema_version"] = json!(1.1))
            => "json_type", layout::VALIDATION_REPORT, "a string", "a number: 1.1";
        "no version", Radiologist, |bundle| bundle.put(layout::VALIDATION_REPORT, "{}")
            => "json_missing_field", layout::VALIDATION_REPORT;
        "other names of the excluded pairs", Radiologist,
            |bundle| bundle.edit(EXCLUDED, |file| {
                file["excluded_pairs"] = (0..7).map(|pair| json!(format!("VAL-{pair:04}"))).collect();
            })
            => "excluded_set_mismatch", EXCLUDED;
        "passing pairs as the keys of an object", Radiologist,
            |bundle| bundle.edit(VALIDATED, |file| {
                let pairs = file["pair_ids"].as_array().unwrap().iter();
                file["pair_ids"] = pairs.map(|pair| (pair.as_str().unwrap().to_owned(), json!(1))).collect();
            })
            => "json_type", VALIDATED, "a list", "an object";
        "a mark before a column that nobody reads", Radiologist,
            |bundle| bundle.put(layout::DETECTABILITY, format!("\u{feff}{}", bundle.text(layout::DETECTABILITY)))
            => "encoding_bom", layout::DETECTABILITY;
        "a row without its last cell", Radiologist,
            |bundle| {
                let text = bundle.text(RATINGS);
                bundle.put(RATINGS, text.trim_end().rsplit_once(',').unwrap().0);
            }
            => "csv_ragged_row", RATINGS, "8 cells", "7 cells";
    ]);
    assert_passes("excluded pairs with what else is known of them", &Radiologist, |bundle| {
        bundle.edit(EXCLUDED, |file| {
            let pairs = file["excluded_pairs"].as_array().unwrap().iter();
            file["excluded_pairs"] =
                pairs.map(|pair| json!({"pair_id": pair, "q1_yes": 1, "n": 3})).collect();
        });
    });
    assert_passes("idle segments in a path", &Radiologist, |bundle| {
        bundle.edit(MANIFEST, |file| {
            for path in file["files"]["per_reviewer_files"].as_array_mut().unwrap() {
                *path = json!(format!("./{}", path.as_str().unwrap().replace('/', "//")));
            }
        });
    });
}
