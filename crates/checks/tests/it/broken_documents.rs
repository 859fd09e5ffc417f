//! Small documents broken: prompts, counts, anchors, Stage-1 lists.

use serde_json::json;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_checks::check::dataset::Dataset;
use spinefairbench_checks::check::inspect::Inspect;
use spinefairbench_checks::check::release_identity::ReleaseIdentity;
use spinefairbench_checks::check::stage1_confidence::Stage1Confidence;
use spinefairbench_checks::{FindingCap, Unobserved, run};

use crate::bundle::{
    Overlay, assert_advised, assert_found, assert_passes, broken, release, run_check,
};

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
            => "prompt_missing", CANONICAL;
        "another pair count", Inspect,
            |bundle| bundle.edit(layout::INTERSECTION_MANIFEST, |file| file["pair_count"] = json!(26))
            => "intersection_count_mismatch", layout::INTERSECTION_MANIFEST, "25", "26";
        "no pair count", Inspect,
            |bundle| bundle.edit(layout::INTERSECTION_MANIFEST, |file| drop(file.as_object_mut().unwrap().remove("pair_count")))
            => "json_missing_field", layout::INTERSECTION_MANIFEST;
        "truncated JSON", Inspect,
            |bundle| bundle.put(layout::PANEL_FREEZE, "{\"prepared_at_utc\": \"2026") => "json_truncated", layout::PANEL_FREEZE;
        "a byte order mark", Inspect,
            |bundle| prepend(bundle, layout::INTERSECTION_MANIFEST, b"\xEF\xBB\xBF")
            => "encoding_bom", layout::INTERSECTION_MANIFEST;
        "bytes that are no UTF-8", Inspect,
            |bundle| bundle.put(layout::PANEL_FREEZE, b"{\"prepared_at_utc\": \"\xFF\"}".as_slice())
            => "encoding_utf8", layout::PANEL_FREEZE;
        "a key that is read and stands twice", Stage1Confidence,
            |bundle| bundle.replace(layout::PARSING_CONFIDENCE, "\"sample_size\": 200", "\"sample_size\": 200, \"sample_size\": 200")
            => "json_type", layout::PARSING_CONFIDENCE, "a whole number", "the value of a key that stands twice: 200";
        "NaN where a number is read", Stage1Confidence,
            |bundle| bundle.replace(layout::PARSING_CONFIDENCE, "\"stage1_diag_pass_rate\": 0.965", "\"stage1_diag_pass_rate\": NaN")
            => "json_type", layout::PARSING_CONFIDENCE, "a number", "no finite number: NaN";
        "a list where an object is", Inspect,
            |bundle| bundle.put(layout::RELEASE_MANIFEST, "[]")
            => "json_type", layout::RELEASE_MANIFEST, "an object", "a list: []";
        "a number in quotes", Dataset::default(),
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
        "a prompt added", ReleaseIdentity::default(),
            |bundle| bundle.edit(CANONICAL, |file| file["prompt_registry"]["extra"] = json!("text"))
            => "prompt_unexpected", CANONICAL;
    ]);
}

#[test]
fn what_is_only_shown_is_advice() {
    assert_advised(broken![
        "no common pairs", Inspect,
            |bundle| bundle.edit(layout::CORE_SUMMARY, |file| drop(file.as_object_mut().unwrap().remove("common_pairs")))
            => "json_missing_field", layout::CORE_SUMMARY;
        "a number in quotes that is shown", Inspect,
            |bundle| bundle.edit(layout::RELEASE_MANIFEST, |file| {
                file["pair_manifests"]["qc_passed_pair_rows"] = json!("62");
            })
            => "json_type", layout::RELEASE_MANIFEST, "a whole number", "a string: \"62\"";
        "a pair count in quotes", Inspect,
            |bundle| bundle.edit(layout::INTERSECTION_MANIFEST, |file| file["pair_count"] = json!(" 25\n"))
            => "json_type", layout::INTERSECTION_MANIFEST, "a number", "\" 25\\n\"";
        "no time", Inspect, |bundle| bundle.put(layout::PANEL_FREEZE, "{}")
            => "json_missing_field", layout::PANEL_FREEZE;
        "a key that is shown and stands twice", Inspect,
            |bundle| bundle.put(layout::PANEL_FREEZE, "{\"prepared_at_utc\": \"a\", \"prepared_at_utc\": \"a\"}")
            => "json_type", layout::PANEL_FREEZE, "a string", "the value of a key that stands twice: \"a\"";
        "a rate in quotes", Stage1Confidence,
            |bundle| bundle.edit(layout::PARSING_CONFIDENCE, |file| file["gpt-5.4"]["stage1_diag_pass_rate"] = json!(" 0.965 "))
            => "json_type", layout::PARSING_CONFIDENCE, "a number", "\" 0.965 \"";
    ]);
    // The other of the two numbers counts where the first says nothing.
    for first in [json!(null), json!(0), json!("")] {
        let mut bundle = Overlay::default();
        bundle.edit(layout::CORE_SUMMARY, |file| {
            file["common_pairs"] =
                json!({"intersection_9_all_models": first, "all9": {"count": 25}});
        });
        let report = run_check(&bundle, &Inspect);
        assert_eq!((report.findings, report.advice), (vec![], vec![]), "{first}");
    }
}

/// A prompt that the registry lacks, or has without a text, is no other prompt.
#[test]
fn an_absent_prompt_is_advice() {
    for with in [None, Some(json!(null))] {
        let mut bundle = Overlay::default();
        bundle.edit(CANONICAL, |file| {
            let registry = file["prompt_registry"].as_object_mut().unwrap();
            match &with {
                None => drop(registry.remove("sentinel")),
                Some(value) => drop(registry.insert("sentinel".into(), value.clone())),
            }
        });
        let report = run_check(&bundle, &ReleaseIdentity::default());
        // The file is anchored, and another one now.
        let codes: Vec<&str> =
            report.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, ["anchor_mismatch"]);
        assert_eq!(report.advice[0].code.as_str(), "prompt_missing");
    }
}

/// What stands in a file that is pinned is published, whatever the description knows of it.
#[test]
fn a_prompt_in_a_pinned_file_is_advice() {
    let mut bundle = Overlay::default();
    bundle.edit(CANONICAL, |file| file["prompt_registry"]["extra"] = json!("text"));
    let mut release = release();
    let digest = Sha256::of(&bundle.bytes(CANONICAL));
    release.artifact_anchors = release
        .artifact_anchors
        .into_iter()
        .map(|(path, pinned)| if path == CANONICAL { (path, digest) } else { (path, pinned) })
        .collect();
    let report = run(
        &bundle.source,
        &release,
        &ReleaseIdentity::default(),
        FindingCap::default(),
        &Unobserved,
    )
    .unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.advice[0].code.as_str(), "prompt_unexpected");
}

#[test]
fn a_broken_stage1_sample_is_named() {
    const SAMPLE: &str = layout::CONFIDENCE_SAMPLE;
    const FROZEN: &str = layout::PARSING_CONFIDENCE;
    const TEXT: &str = "artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained/stage1_outputs/gpt-5.4/00000__vindr_4c123b1612dd272d1371c17149d43953__elderly_female__source.txt";
    const SUB: &str = "artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained/stage1_outputs/gpt-5.4/sub/00000__vindr_4c123b1612dd272d1371c17149d43953__elderly_female__source.txt";
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
        "a folder that the files do not stand in", Stage1Confidence,
            |bundle| bundle.edit(SAMPLE, |file| {
                let name = file["models"]["gpt-5.4"][0].as_str().unwrap().to_owned();
                file["models"]["gpt-5.4"][0] = json!(format!("sub/{name}"));
            })
            => "stage1_file_missing", SUB;
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
    assert_passes("lists of models that nobody asks about", &Stage1Confidence, |bundle| {
        bundle.edit(SAMPLE, |file| {
            file["models"]["other"] = json!(["gone.txt", "../x"]);
            file["models"]["another"] = json!(null);
            file["note"] = json!([1.5]);
        });
    });
    assert_passes("files in a folder of the model's", &Stage1Confidence, |bundle| {
        let (folder, name) = TEXT.rsplit_once('/').unwrap();
        for name in [name.to_owned(), name.replace(".txt", ".validation.json")] {
            bundle.put(&format!("{folder}/sub/{name}"), bundle.bytes(&format!("{folder}/{name}")));
            bundle.remove(&format!("{folder}/{name}"));
        }
        bundle.edit(SAMPLE, |file| {
            let list = file["models"]["gpt-5.4"].as_array_mut().unwrap();
            let place = list.iter().position(|listed| listed == name).unwrap();
            list[place] = json!(format!("./sub/{name}"));
        });
    });
    assert_passes("a sidecar as Python writes it", &Stage1Confidence, |bundle| {
        let sidecar = r#"{"status": "valid", "score": NaN, "note": "\ud800", "x": 1, "x": 2}"#;
        bundle.put(&TEXT.replace(".txt", ".validation.json"), sidecar);
    });
}
