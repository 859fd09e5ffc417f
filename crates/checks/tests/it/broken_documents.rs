//! Small documents broken: prompts, counts, anchors, Stage-1 lists.

use serde_json::json;
use spinefairbench_artifacts::layout;
use spinefairbench_checks::check::inspect::Inspect;
use spinefairbench_checks::check::release_identity::ReleaseIdentity;
use spinefairbench_checks::check::stage1_confidence::Stage1Confidence;

use crate::bundle::{Overlay, assert_found, assert_passes, broken, run_check};

const CANONICAL: &str = layout::CANONICAL_DEFINITIONS;
const STAGE1: &str =
    "artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained/stage1_outputs";

fn prepend(bundle: &mut Overlay, path: &str, start: &[u8]) {
    let bytes = bundle.bytes(path);
    bundle.put(path, [start, &bytes].concat());
}

#[test]
fn each_required_file_is_missed() {
    for path in layout::required_files() {
        let mut bundle = Overlay::default();
        bundle.remove(path.as_str());
        let report = run_check(&bundle, &Inspect);
        let found = report.findings.iter().any(|finding| {
            finding.code.as_str() == "file_missing"
                && finding.path.as_deref() == Some(path.as_str())
        });
        assert!(found, "{path}: {:?}", report.findings);
    }
}

#[test]
fn a_broken_account_of_the_bundle_is_named() {
    assert_found(broken![
        "a blank prompt", Inspect,
            |bundle| bundle.edit(CANONICAL, |file| file["prompt_registry"]["system"] = json!(" \n"))
            => "prompt_missing", CANONICAL;
        "a prompt that is no text", Inspect,
            |bundle| bundle.edit(CANONICAL, |file| file["prompt_registry"]["primary"] = json!(5))
            => "json_type", CANONICAL, "a string", "a number: 5";
        "another pair count", Inspect,
            |bundle| bundle.edit(layout::INTERSECTION_MANIFEST, |file| file["pair_count"] = json!(26))
            => "intersection_count_mismatch", layout::INTERSECTION_MANIFEST, "25", "26";
        "no common pairs", Inspect,
            |bundle| bundle.edit(layout::CORE_SUMMARY, |file| file["common_pairs"] = json!({}))
            => "json_missing_field", layout::CORE_SUMMARY;
        "truncated JSON", Inspect,
            |bundle| bundle.put(layout::PANEL_FREEZE, "{\"prepared_at_utc\": \"2026") => "json_truncated", layout::PANEL_FREEZE;
        "a byte order mark", Inspect,
            |bundle| prepend(bundle, layout::INTERSECTION_MANIFEST, b"\xEF\xBB\xBF")
            => "encoding_bom", layout::INTERSECTION_MANIFEST;
        "bytes that are no UTF-8", Inspect,
            |bundle| bundle.put(layout::PANEL_FREEZE, b"{\"prepared_at_utc\": \"\xFF\"}".as_slice())
            => "encoding_utf8", layout::PANEL_FREEZE;
        "a key that is read and stands twice", Inspect,
            |bundle| bundle.put(layout::PANEL_FREEZE, "{\"prepared_at_utc\": \"a\", \"prepared_at_utc\": \"a\"}")
            => "json_type", layout::PANEL_FREEZE, "a string", "the value of a key that stands twice: \"a\"";
        "NaN", Inspect,
            |bundle| bundle.replace(layout::CORE_SUMMARY, "\"iterations\": 10000", "\"iterations\": NaN")
            => "json_not_finite", layout::CORE_SUMMARY;
        "a list where an object is", Inspect,
            |bundle| bundle.put(layout::RELEASE_MANIFEST, "[]")
            => "json_type", layout::RELEASE_MANIFEST, "an object", "a list: []";
        "a number in quotes", Inspect,
            |bundle| bundle.edit(layout::RELEASE_MANIFEST, |file| {
                file["pair_manifests"]["qc_passed_pair_rows"] = json!("62");
            })
            => "json_type", layout::RELEASE_MANIFEST, "a whole number", "a string: \"62\"";
        "a folder instead of a file", Inspect,
            |bundle| {
                bundle.remove("croissant.json");
                bundle.put("croissant.json/inside", "");
            }
            => "not_a_file", "croissant.json", "a file", "directory";
    ]);
}

#[test]
fn another_release_is_named() {
    assert_found(broken![
        "a replaced manifest", ReleaseIdentity::default(),
            |bundle| bundle.put(layout::SHA256SUMS, "")
            => "anchor_mismatch", layout::SHA256SUMS,
            "9aa69ba46d5a00dbbecb4f7533cd8066b1e33eaedf7331f22f12fa7949fce132",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        "a missing anchor", ReleaseIdentity::default(),
            |bundle| bundle.remove(layout::CORE_SUMMARY) => "file_missing", layout::CORE_SUMMARY;
        "a changed prompt", ReleaseIdentity::default(),
            |bundle| bundle.replace(CANONICAL, "synthetic minimal", "synthetic Minimal")
            => "prompt_digest_mismatch", CANONICAL;
        "a prompt taken away", ReleaseIdentity::default(),
            |bundle| bundle.edit(CANONICAL, |file| {
                file["prompt_registry"].as_object_mut().unwrap().remove("sentinel");
            })
            => "prompt_missing", CANONICAL;
        "a prompt added", ReleaseIdentity::default(),
            |bundle| bundle.edit(CANONICAL, |file| file["prompt_registry"]["extra"] = json!("text"))
            => "prompt_unexpected", CANONICAL;
    ]);
}

#[test]
fn a_broken_stage1_sample_is_named() {
    const SAMPLE: &str = layout::CONFIDENCE_SAMPLE;
    const FROZEN: &str = layout::PARSING_CONFIDENCE;
    const TEXT: &str = "artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained/stage1_outputs/gpt-5.4/00000__vindr_4c123b1612dd272d1371c17149d43953__elderly_female__source.txt";
    assert!(TEXT.starts_with(STAGE1));
    assert_found(broken![
        "a missing text", Stage1Confidence, |bundle| bundle.remove(TEXT) => "stage1_file_missing", TEXT;
        "a sidecar that is not clean", Stage1Confidence,
            |bundle| bundle.put(&TEXT.replace(".txt", ".validation.json"), "{\"status\": \"invalid\"}")
            => "pass_count_mismatch", FROZEN, "193", "192";
        "a sidecar that is gone", Stage1Confidence,
            |bundle| bundle.remove(&TEXT.replace(".txt", ".validation.json"))
            => "pass_rate_mismatch", FROZEN, "0.965", "0.96";
        "another decision", Stage1Confidence,
            |bundle| bundle.edit(FROZEN, |file| file["gpt-5.4"]["decision"] = json!("excluded_full"))
            => "decision_mismatch", FROZEN, "excluded_full", "included";
        "another rate", Stage1Confidence,
            |bundle| bundle.edit(FROZEN, |file| file["gpt-5.4"]["stage1_diag_pass_rate"] = json!(0.966))
            => "pass_rate_mismatch", FROZEN, "0.966", "0.965";
        "another sample size", Stage1Confidence,
            |bundle| bundle.edit(FROZEN, |file| file["gpt-5.4"]["sample_size"] = json!(199))
            => "sample_size_mismatch", FROZEN, "199", "200";
        "a model without a list", Stage1Confidence,
            |bundle| bundle.edit(SAMPLE, |file| {
                file["models"].as_object_mut().unwrap().remove("glm-4.6v");
            })
            => "sample_list_missing", SAMPLE;
        "a file listed twice", Stage1Confidence,
            |bundle| bundle.edit(SAMPLE, |file| {
                let first = file["models"]["gpt-5.4"][0].clone();
                file["models"]["gpt-5.4"][1] = first;
            })
            => "duplicate_sample_file", SAMPLE;
        "a name that leads out", Stage1Confidence,
            |bundle| bundle.edit(SAMPLE, |file| file["models"]["gpt-5.4"][0] = json!("a/.."))
            => "path_unsafe", SAMPLE, "a file name", "a/..";
        "a confidence that is no object", Stage1Confidence,
            |bundle| bundle.edit(FROZEN, |file| file["gpt-5.4"] = json!(null)) => "json_type", FROZEN, "an object", "null: null";
    ]);
    assert_passes(
        "the trace manifest's list stands in for the other",
        &Stage1Confidence,
        |bundle| {
            bundle.remove(SAMPLE);
        },
    );
}
