//! The embedded release description, and that of the mini bundle.

use spinefairbench_artifacts::Diagnostic as _;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::release::{ReleaseDescription, VariantName};

use crate::bundle::fixture;

#[test]
fn the_pinned_description_holds_the_published_values() {
    let release = ReleaseDescription::pinned();
    assert_eq!(release.artifact_archive.size_bytes, 3_734_719_959);
    assert_eq!(release.artifact_archive.revision, "fc283334897cc47e07757184f27f00c575537657");
    let models: Vec<&str> = release.table2_models.iter().map(AsRef::as_ref).collect();
    assert_eq!(
        models,
        [
            "gpt-5.4",
            "claude-sonnet-4-6",
            "claude-opus-4-6",
            "glm-4.6v",
            "kimi-k2.5",
            "gemma-4",
            "llama-4-scout",
            "qwen2.5-vl",
            "radfm"
        ]
    );
    assert_eq!((release.anchors().unwrap().len(), release.prompt_digests.len()), (17, 11));
    let table2 = release.expected.table2.as_ref().unwrap();
    assert_eq!(table2.keys().collect::<Vec<_>>(), models);
    let gpt = table2.get("gpt-5.4").unwrap();
    assert_eq!(gpt.recommendation_change.to_bits(), 0.693_846_923_461_730_8_f64.to_bits());
    assert_eq!(gpt.diagnostic_consistency_ci95_3dp, Some([0.640, 0.657]));
    let radfm = table2.get("radfm").unwrap();
    assert_eq!((radfm.pairs, radfm.diagnostic_consistency), (3998, 0.263_313_204_221_158_17));
    assert_eq!(radfm.recommendation_change_ci95_3dp, None);
    let pooled: u64 = table2.iter().map(|(_, model)| model.pairs).sum();
    assert_eq!(release.expected.both_empty.unwrap().pooled_usable_pairs, pooled);
    assert_eq!(release.expected.radiologist.unwrap().rated_pairs, 450);
    assert_eq!(release.expected.dataset.unwrap().released_pngs, 11_795);
    assert_eq!(release.expected.gap_sensitivity.unwrap().negative, 8);
    assert_eq!(release.generator.unwrap().never_load.filename, "latest.pt");
}

#[test]
fn the_other_archive_differs_in_itself_and_three_anchors() {
    let anonymous = ReleaseDescription::pinned();
    let personal = anonymous.clone().with_variant(VariantName::Personal).unwrap();
    assert_eq!(personal.artifact_archive.repository, "ahmedtaha100/spinefairbench-artifacts");
    assert_eq!(personal.artifact_archive.size_bytes, 3_734_718_993);
    assert_eq!(personal.basis().revision, "ee679338f9a54d5c5e281eebeb841edac06332fe");
    let differing: Vec<&String> = personal
        .artifact_anchors
        .iter()
        .filter(|(path, digest)| anonymous.artifact_anchors.get(path) != Some(digest))
        .map(|(path, _)| path)
        .collect();
    let expected = [layout::SHA256SUMS, layout::RELEASE_MANIFEST, layout::CANONICAL_DEFINITIONS];
    assert_eq!(differing, expected);
    assert_eq!(personal.artifact_anchors.len(), anonymous.artifact_anchors.len());
    let entries = |release: &ReleaseDescription| {
        release.counts.as_ref().unwrap().manifest_entries.get(layout::SHA256SUMS).copied()
    };
    assert_eq!((entries(&anonymous), entries(&personal)), (Some(91_844), Some(91_845)));
    // And back: nothing is lost on the way.
    let again = personal.with_variant(VariantName::Anonymous).unwrap();
    assert_eq!(again.artifact_archive, anonymous.artifact_archive);
    assert_eq!(again.artifact_anchors, anonymous.artifact_anchors);
    assert_eq!(entries(&again), Some(91_844));
    let mini = std::fs::read_to_string(fixture("mini.release.json")).unwrap();
    let mini = ReleaseDescription::parse("r.json", mini.as_bytes()).unwrap();
    let error = mini.with_variant(VariantName::Personal).unwrap_err();
    assert_eq!(error.to_string(), "the release description has no archive variant `personal`");
}

#[test]
fn a_description_is_written_as_it_is_read() {
    for text in [
        ReleaseDescription::pinned().to_json(),
        std::fs::read_to_string(fixture("mini.release.json")).unwrap(),
    ] {
        let release = ReleaseDescription::parse("r.json", text.as_bytes()).unwrap();
        let again = ReleaseDescription::parse("r.json", release.to_json().as_bytes()).unwrap();
        // The pin is that of the bytes, which may be set otherwise.
        assert_eq!(release, ReleaseDescription { pin: release.pin, ..again });
        let left: serde_json::Value = serde_json::from_str(&text).unwrap();
        let right: serde_json::Value = serde_json::from_str(&release.to_json()).unwrap();
        assert_eq!(left, right);
    }
}

#[test]
fn absent_parts_stay_absent_and_unknown_fields_are_passed_over() {
    let text = std::fs::read_to_string(fixture("mini.release.json")).unwrap();
    let release = ReleaseDescription::parse("r.json", text.as_bytes()).unwrap();
    assert_eq!(release.release_id, "synthetic-mini");
    assert!(release.expected.dataset.is_none() && release.expected.table2.is_none());
    assert!(release.expected.mitigation.is_some());
    let more = text.replacen('{', "{\"note\": {\"by\": 1}, ", 1);
    let with_more = ReleaseDescription::parse("r.json", more.as_bytes()).unwrap();
    assert_ne!(with_more.pin, release.pin);
    assert_eq!(ReleaseDescription { pin: release.pin, ..with_more }, release);
}

#[track_caller]
fn check(from: &str, to: &str, code: &str, place: &str) {
    let text = ReleaseDescription::pinned().to_json();
    assert!(text.contains(from), "{from}");
    let error =
        ReleaseDescription::parse("r.json", text.replacen(from, to, 1).as_bytes()).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(&format!("at `{place}`")), "{error}");
}

#[test]
fn wrong_types_and_duplicate_keys_are_errors() {
    check(
        "\"size_bytes\": 3734719959",
        "\"size_bytes\": \"x\"",
        "json_type",
        "$.artifact_archive.size_bytes",
    );
    check("7fc99c95", "7fc99c9", "json_value", "$.artifact_archive.sha256");
    check(
        "\"released_pngs\": 11795",
        "\"released_pngs\": 1.5",
        "json_type",
        "$.expected.dataset.released_pngs",
    );
    check("\"gpt-5.4\",", "\" \",", "json_value", "$.table2_models[0]");
    check(
        "\"frozen_prompt_registry\": \"",
        "\"frozen_prompt_registry\": \"/",
        "json_value",
        "$.frozen_prompt_registry",
    );
    check(
        "\"release_id\":",
        "\"note\": 1, \"note\": 2, \"release_id\":",
        "json_duplicate_key",
        "$",
    );
}
