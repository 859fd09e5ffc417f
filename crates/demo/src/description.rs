//! The release description of a demonstration bundle: what a check of it has to find.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout::{self, Panel};

use crate::blueprint::Blueprint;
use crate::documents::PROMPTS;
use crate::frozen_mitigation::MitigationOutcome;
use crate::frozen_summary::{ModelSummary, expectations};
use crate::models::MODELS;
use crate::radiologist;
use crate::staging::Stage;

/// The description of the bundle in `stage`, whose files are all written.
pub(crate) fn describe(
    blueprint: &Blueprint,
    models: &[ModelSummary],
    mitigation: &MitigationOutcome,
    supplement: &[u8],
    stage: &Stage<'_>,
) -> Value {
    let counts = blueprint.cohort.counts;
    let [full, baseline] = Panel::RETAINED.map(Panel::manifest);
    let anchors: BTreeMap<&str, String> = [
        layout::SHA256SUMS,
        layout::RADIOLOGIST_SHA256SUMS,
        layout::RELEASE_MANIFEST,
        layout::CORE_SUMMARY,
        layout::CANONICAL_DEFINITIONS,
        full.as_str(),
        baseline.as_str(),
    ]
    .into_iter()
    .filter_map(|path| Some((path, stage.written(path)?.digest.to_string())))
    .collect();
    let scope_manifests: BTreeMap<&str, String> =
        [layout::QC_PASSED_PAIRS, layout::CORE_SUBSET, layout::INTERSECTION_MANIFEST]
            .into_iter()
            .filter_map(|path| Some((path, stage.written(path)?.digest.to_string())))
            .collect();
    let prompts: BTreeMap<&str, String> = PROMPTS
        .iter()
        .map(|(name, text)| (*name, Sha256::of(text.as_bytes()).to_string()))
        .collect();
    let mut expected = json!({
        "radiologist": {
            "validated": radiologist::RATED_PAIRS - radiologist::EXCLUDED,
            "excluded": radiologist::EXCLUDED,
            "rated_pairs": radiologist::RATED_PAIRS,
            "detectability_rows": radiologist::DETECTABILITY_ROWS,
            "cannot_tell": radiologist::CANNOT_TELL,
            "per_reviewer_rows": radiologist::PER_REVIEWER_ROWS,
            "hidden_repeat_rows": radiologist::HIDDEN_REPEATS,
        },
        "mitigation": { "included": mitigation.included, "excluded_full": mitigation.excluded_full },
        "dataset": {
            "released_pngs": counts.passed_pairs(),
            "qc_passed_rows": counts.passed_pairs(),
            "attempted_qc_rows": counts.attempted_pairs(),
            "sources": counts.sources,
        },
    });
    for (part, value) in expectations(models) {
        expected[part] = value;
    }
    json!({
        "schema_version": "1.0",
        "release_id": format!("synthetic-demo-{}-seed-{}", blueprint.plan.scale, blueprint.plan.seed),
        "artifact_archive": {
            "repository": "local/synthetic",
            "revision": "demo",
            "filename": "spinefairbench_artifacts.tar.gz",
            "size_bytes": 0,
            "sha256": "0".repeat(64),
        },
        "frozen_prompt_registry": layout::CANONICAL_DEFINITIONS,
        "artifact_anchors": anchors,
        "scope_manifests": scope_manifests,
        "prompt_digests": prompts,
        "table2_models": MODELS.iter().map(|model| model.name).collect::<Vec<_>>(),
        "expected": expected,
        "supplemental_artifacts": {
            "retained_followup_audit": {
                "sha256": Sha256::of(supplement).to_string(),
                "size_bytes": supplement.len(),
            },
        },
    })
}
