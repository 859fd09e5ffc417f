//! One forging a tolerance: what is tolerated stands beside what is wrong, and the wrong is found.

use serde_json::json;
use spinefairbench_artifacts::layout;
use spinefairbench_checks::check::checksums::{Checksums, Unlisted};
use spinefairbench_checks::check::dataset::{Dataset, ImageDigests};
use spinefairbench_checks::check::mitigation::Mitigation;
use spinefairbench_checks::check::radiologist::Radiologist;
use spinefairbench_checks::check::release_identity::ReleaseIdentity;
use spinefairbench_checks::check::stage1_confidence::Stage1Confidence;
use spinefairbench_checks::check::table2::Table2;

use crate::bundle::{assert_found, broken};

const PANEL: &str =
    "artifacts/Results/final_inputs/panels/full_pipeline_retained/evaluation_results.json";
const SUMMARY: &str = layout::CORE_SUMMARY;
const TABLE: &str = layout::MITIGATION_TABLE;
const HASHED: Dataset = Dataset { digests: ImageDigests::Compare };
const SUITE: Checksums = Checksums { manifests: Vec::new(), unlisted: Unlisted::Fail };

#[test]
fn a_tolerance_hides_no_wrong_number() {
    assert_found(broken![
        "NaN beside changed reports", Table2::default(),
            |bundle| {
                let text = bundle.text(PANEL).replace("\"error\": null", "\"latency\": NaN, \"error\": null");
                bundle.put(PANEL, text.replace("racture", "ormal"));
            }
            => "diagnostic_consistency_mismatch", SUMMARY;
        "half a surrogate pair inside a term", Table2::default(),
            |bundle| bundle.put(PANEL, bundle.text(PANEL).replace("ormal", "or\\ud800mal"))
            => "diagnostic_consistency_mismatch", SUMMARY;
        "a row of no model", Table2::default(),
            |bundle| bundle.edit(PANEL, |rows| rows[0]["model"] = json!(["glm-4.6v"])) => "unpaired_report", PANEL;
        "a source that states nothing", Table2::default(),
            |bundle| bundle.edit(PANEL, |rows| rows[0]["pair_source_id"] = json!(false)) => "source_undeclared", PANEL;
        "a key that is read and stands twice", Table2::default(),
            |bundle| bundle.replace(PANEL, "\"response\": \"", "\"response\": \"Fracture.\", \"response\": \"")
            => "panel_row_duplicate_key", PANEL;
        "no models in a manifest", Table2::default(),
            |bundle| bundle.edit("artifacts/Results/final_inputs/panels/full_pipeline_retained/panel_manifest.json", |file| {
                file["models"] = json!(null);
            })
            => "model_unlisted", "artifacts/Results/final_inputs/panels/full_pipeline_retained/panel_manifest.json";
        "another order and another row", HASHED,
            |bundle| {
                let text = bundle.text(layout::QC_PASSED_PAIRS).replacen("0.8481", "0.9481", 1);
                let reversed: Vec<&str> = text.lines().rev().collect();
                bundle.put(layout::QC_PASSED_PAIRS, reversed.join("\n"));
            }
            => "passed_row_differs", layout::QC_PASSED_PAIRS;
        "another digest with a prefix", HASHED,
            |bundle| for path in [layout::QC_METADATA, layout::QC_PASSED_PAIRS] {
                bundle.replace(path, "\"7648122c", "\"sha256:8648122c");
            }
            => "png_digest_mismatch",
            "dataset/counterfactual_images/vindr_4c123b1612dd272d1371c17149d43953/elderly_female.png";
        "a listed file under a name that systems leave", SUITE,
            |bundle| {
                bundle.put("._README.md", bundle.bytes("README.md"));
                bundle.remove("README.md");
            }
            => "file_missing", "README.md";
        "a rate as text", Stage1Confidence,
            |bundle| bundle.edit(layout::PARSING_CONFIDENCE, |file| file["gpt-5.4"]["stage1_diag_pass_rate"] = json!(" 0.966 "))
            => "pass_rate_mismatch", layout::PARSING_CONFIDENCE, "0.966", "0.965";
        "blanks around an outcome", Mitigation::default(),
            |bundle| bundle.replace(TABLE, "False,False", " False , True ") => "rule_outcome_mismatch", TABLE, "false", "\"True\"";
        "excluded pairs as objects that name others", Radiologist,
            |bundle| {
                let rated: serde_json::Value =
                    serde_json::from_str(&bundle.text(layout::VALIDATED_SUBSET)).unwrap();
                bundle.edit(layout::EXCLUSION_LIST, |file| {
                    let pairs = rated["pair_ids"].as_array().unwrap().iter().take(7);
                    file["excluded_pairs"] = pairs.map(|pair| json!({"pair_id": pair})).collect();
                });
            }
            => "excluded_set_mismatch", layout::EXCLUSION_LIST;
        "a row cut before an answer", Radiologist,
            |bundle| {
                let text = bundle.text(layout::DETECTABILITY);
                bundle.put(layout::DETECTABILITY, text.trim_end().rsplit_once(',').unwrap().0);
            }
            => "published_value_mismatch", "", "1307", "1306";
        "a prompt changed beside one that is gone", ReleaseIdentity::default(),
            |bundle| bundle.edit(layout::CANONICAL_DEFINITIONS, |file| {
                file["prompt_registry"]["sentinel"] = json!(null);
                file["prompt_registry"]["system"] = json!("another");
            })
            => "prompt_digest_mismatch", layout::CANONICAL_DEFINITIONS;
    ]);
}
