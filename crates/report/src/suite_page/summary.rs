//! What a check computed, in one line.

use spinefairbench_checks::CheckResult;
use spinefairbench_checks::checksums::ManifestResult;

/// What a check computed, in one line; a question mark stands for what the files did not allow. Names are as they stand in the
/// files, so the caller escapes the line.
#[must_use]
pub fn summary(result: &CheckResult) -> String {
    match result {
        CheckResult::Inspect(result) => format!(
            "{} required files; intersection of {} pairs, {} rows; {} images declared",
            known(result.required_files),
            known(result.all_model_intersection_count),
            known(result.all_model_intersection_rows),
            known(result.released_pngs)
        ),
        CheckResult::ReleaseIdentity(result) => format!(
            "{} of {} anchors and {} of {} frozen prompts agree; revision {}",
            result.anchors_ok,
            result.anchors,
            result.frozen_prompts_ok,
            result.frozen_prompts,
            result.revision
        ),
        CheckResult::Dataset(result) => format!(
            "{} images, {} passed of {} attempted rows, {} sources",
            known(result.released_pngs),
            known(result.qc_passed_rows),
            known(result.attempted_qc_rows),
            known(result.sources)
        ),
        CheckResult::Stage1Confidence(result) => {
            let included = result.models.iter().filter(|(_, confidence)| {
                confidence
                    .as_ref()
                    .is_some_and(|confidence| confidence.decision.as_str() == "included")
            });
            format!("{} models, {} included", result.models.len(), included.count())
        }
        CheckResult::Mitigation(result) => format!(
            "{} models pass the gate; left out: {}",
            result.models.len(),
            if result.stage1_full_exclusions.is_empty() {
                "none".to_owned()
            } else {
                result.stage1_full_exclusions.join(", ")
            }
        ),
        CheckResult::ParseSample(result) => result.pair.as_ref().map_or_else(
            || format!("{}: no usable pair", result.model),
            |(pair, outcome)| {
                format!(
                    "{}, pair {pair}: Jaccard {:.3}",
                    result.model,
                    outcome.diagnostic_consistency()
                )
            },
        ),
        CheckResult::DiagnosticScoring(result) => format!(
            "{} categories, registry {}",
            result.registry_size,
            result.registry_sha256.get(..16).unwrap_or(&result.registry_sha256)
        ),
        CheckResult::Table2(result) => format!("{} models", result.models.len()),
        CheckResult::GapSensitivity(result) => format!(
            "median gap {} exact and {} graded; graded gap negative for {} of {} models",
            known(result.median_gap_exact.map(|gap| format!("{gap:.6}"))),
            known(result.median_gap_graded.map(|gap| format!("{gap:.6}"))),
            result.gap_graded_negative_models,
            result.model_count
        ),
        CheckResult::BothEmptyDiagnostic(result) => result.pooled.as_ref().map_or_else(
            || "?".to_owned(),
            |pooled| {
                let rate = known(pooled.rate().map(|rate| format!("{:.4} %", rate * 100.0)));
                format!(
                    "{} of {} usable pairs have no label on either side ({rate})",
                    pooled.both_empty, pooled.usable_pairs
                )
            },
        ),
        CheckResult::Radiologist(result) => format!(
            "{} of {} rated pairs pass, {} excluded; {} of {} detectability answers are “Cannot tell”",
            known(result.majority_pass),
            known(result.rated_pairs),
            known(result.excluded),
            known(result.cannot_tell),
            known(result.detectability_rows)
        ),
        CheckResult::Checksums(result) => {
            let sum = |of: fn(&ManifestResult) -> u64| -> u64 {
                result.manifests.iter().filter_map(|(_, manifest)| manifest.as_ref()).map(of).sum()
            };
            format!(
                "{} of {} files have their digest ({} MB); {} files are not listed",
                sum(|manifest| manifest.files_ok),
                sum(|manifest| manifest.files),
                sum(|manifest| manifest.bytes) / 1_000_000,
                known(result.unlisted_files)
            )
        }
        _ => String::new(),
    }
}

fn known<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "?".to_owned(), |value| value.to_string())
}
