//! The JSON form of reports, `spinefairbench-check-v1`.
//!
//! Input: a [`CheckReport`] or [`SuiteReport`]. Output: a [`Json`] tree that `serde` writes: one object a check, floats in
//! the shortest form that reads back to the same bits, maps by model in the table's order. Names and shapes are fixed by
//! `checks.md`, so they are written out here and not derived from the result types.

use spinefairbench_artifacts::layout::Panel;
use spinefairbench_bootstrap::Interval;
use spinefairbench_metrics::{BothEmpty, PairOutcome, StabilityGaps};
use spinefairbench_parsers::{Category, CategorySet, ParsedReport};

use crate::both_empty::BothEmptyResult;
use crate::checksums::{ChecksumsResult, ManifestResult};
use crate::dataset::DatasetResult;
use crate::diagnostic_scoring::DiagnosticScoringResult;
use crate::finding::Finding;
use crate::gap_sensitivity::GapSensitivityResult;
use crate::inspect::InspectResult;
use crate::json_tree::{Json, list, object};
use crate::mitigation::{Condition, MitigationModel, MitigationResult};
use crate::parse_sample::ParseSampleResult;
use crate::radiologist::RadiologistResult;
use crate::release_identity::ReleaseIdentityResult;
use crate::report::{CheckReport, CheckResult, SuiteReport};
use crate::stage1_confidence::{Confidence, Stage1ConfidenceResult};
use crate::table2::{FrozenEndpoints, RecomputedIntervals, Table2Model, Table2Result};
use crate::wire_mitigation;

/// The version of the form.
pub const SCHEMA_VERSION: &str = "spinefairbench-check-v1";

/// The JSON form of one check.
#[must_use]
pub fn check(report: &CheckReport) -> Json {
    let mut fields = vec![
        ("schema_version", SCHEMA_VERSION.into()),
        ("check", report.check().as_str().into()),
        ("status", report.status().as_str().into()),
        ("findings", list(report.findings.iter().map(finding))),
        ("result", result(&report.result)),
    ];
    if !report.notes.is_empty() {
        fields.push(("notes", list(report.notes.iter().map(|note| note.as_str().into()))));
    }
    object(fields)
}

/// The JSON form of the suite, whose findings are those of its checks; the time is the caller's measurement.
#[must_use]
pub fn suite(report: &SuiteReport, elapsed_ms: u64) -> Json {
    let left_out = report.left_out();
    object([
        ("schema_version", SCHEMA_VERSION.into()),
        ("check", "verify".into()),
        ("status", report.status().as_str().into()),
        ("findings", list([])),
        (
            "result",
            object([
                ("checks", list(report.checks.iter().map(check))),
                ("passed", report.passed().into()),
                ("failed", report.failed().into()),
                ("left_out", list(left_out.iter().map(|name| name.as_str().into()))),
                ("elapsed_ms", elapsed_ms.into()),
            ]),
        ),
    ])
}

/// The JSON form of one finding; absent locations are left out.
#[must_use]
pub fn finding(finding: &Finding) -> Json {
    let mut fields =
        vec![("code", finding.code.as_str().into()), ("message", finding.message.as_str().into())];
    let texts =
        [("path", &finding.path), ("expected", &finding.expected), ("actual", &finding.actual)];
    let numbers = [("line", finding.line), ("row", finding.row)];
    let [path, expected, actual] =
        texts.map(|(name, text)| text.as_deref().map(|text| (name, text.into())));
    fields.extend(path);
    fields.extend(numbers.into_iter().filter_map(|(name, number)| Some((name, number?.into()))));
    fields.extend(expected);
    fields.extend(actual);
    object(fields)
}

/// The JSON form of a result.
#[must_use]
pub fn result(result: &CheckResult) -> Json {
    match result {
        CheckResult::Inspect(result) => inspect(result),
        CheckResult::ReleaseIdentity(result) => release_identity(result),
        CheckResult::Dataset(result) => dataset(result),
        CheckResult::Stage1Confidence(result) => stage1_confidence(result),
        CheckResult::Mitigation(result) => mitigation(result),
        CheckResult::ParseSample(result) => parse_sample(result),
        CheckResult::DiagnosticScoring(result) => diagnostic_scoring(result),
        CheckResult::Table2(result) => table2(result),
        CheckResult::GapSensitivity(result) => gap_sensitivity(result),
        CheckResult::BothEmptyDiagnostic(result) => both_empty(result),
        CheckResult::Radiologist(result) => radiologist(result),
        CheckResult::Checksums(result) => checksums(result),
    }
}

fn inspect(result: &InspectResult) -> Json {
    object([
        ("required_files", result.required_files.into()),
        ("all_model_intersection_count", result.all_model_intersection_count.into()),
        ("all_model_intersection_rows", result.all_model_intersection_rows.into()),
        ("panel_freeze_timestamp", result.panel_freeze_timestamp.as_deref().into()),
        ("released_pngs", result.released_pngs.into()),
        ("qc_passed_rows", result.qc_passed_rows.into()),
        ("source_pngs", result.source_pngs.into()),
        (
            "prompts",
            object([
                ("system", result.system_prompt.as_deref().into()),
                ("primary", result.primary_prompt.as_deref().into()),
            ]),
        ),
    ])
}

fn release_identity(result: &ReleaseIdentityResult) -> Json {
    object([
        ("anchors_ok", result.anchors_ok.into()),
        ("anchors", result.anchors.into()),
        ("revision", result.revision.as_str().into()),
        ("frozen_prompts_ok", result.frozen_prompts_ok.into()),
        ("frozen_prompts", result.frozen_prompts.into()),
    ])
}

fn dataset(result: &DatasetResult) -> Json {
    object([
        ("released_pngs", result.released_pngs.into()),
        ("qc_passed_rows", result.qc_passed_rows.into()),
        ("attempted_qc_rows", result.attempted_qc_rows.into()),
        ("source_pngs", result.source_pngs.into()),
        ("sources", result.sources.into()),
        ("source_radiograph_policy", result.source_radiograph_policy.as_deref().into()),
    ])
}

fn stage1_confidence(result: &Stage1ConfidenceResult) -> Json {
    let model = |confidence: &Option<Confidence>| {
        confidence.as_ref().map(|confidence| {
            object([
                ("pass", confidence.pass.into()),
                ("sample", confidence.sample.into()),
                ("rate", confidence.rate.into()),
                ("decision", confidence.decision.as_str().into()),
            ])
        })
    };
    object([("models", by_model(&result.models, |confidence| model(confidence).into()))])
}

fn mitigation(result: &MitigationResult) -> Json {
    let exclusions = result.stage1_full_exclusions.iter().map(|model| model.as_str().into());
    let mut fields = vec![
        ("models", by_model(&result.models, mitigation_model)),
        ("stage1_full_exclusions", list(exclusions)),
    ];
    fields.extend(
        result
            .recomputed
            .as_ref()
            .map(|analysis| ("recomputed", wire_mitigation::recomputed(analysis))),
    );
    object(fields)
}

fn mitigation_model(model: &MitigationModel) -> Json {
    let condition = |condition: &Condition| {
        object([
            ("rec_change", condition.rec_change.into()),
            ("diag_consistency", condition.diag_consistency.into()),
        ])
    };
    object([
        ("stage1_pass", model.stage1.map(|stage1| stage1.pass).into()),
        ("stage1_sample", model.stage1.map(|stage1| stage1.sample).into()),
        ("stage1_rate", model.stage1.map(|stage1| stage1.rate).into()),
        ("condition_a", condition(&model.condition_a)),
        ("condition_b", condition(&model.condition_b)),
        ("delta_rec", model.delta_rec.into()),
        ("delta_diag", model.delta_diag.into()),
        ("b_rule_pass", model.b_rule_pass.into()),
    ])
}

fn parse_sample(result: &ParseSampleResult) -> Json {
    fn names<C: Category>(set: CategorySet<C>) -> Json {
        list(set.iter().map(|category| category.name().into()))
    }
    let report = |report: &ParsedReport| {
        object([
            ("recommendations", names(report.recommendations)),
            ("diagnostic_labels", names(report.labels)),
        ])
    };
    let pair = result.pair.as_ref();
    let outcome = pair.map(|(_, outcome)| outcome);
    object([
        ("model", result.model.as_str().into()),
        ("pair_id", pair.map(|(pair_id, _)| pair_id.as_str()).into()),
        ("source", outcome.map(|outcome| report(&outcome.source)).into()),
        ("generated", outcome.map(|outcome| report(&outcome.counterfactual)).into()),
        ("diagnostic_jaccard", outcome.map(PairOutcome::diagnostic_consistency).into()),
    ])
}

fn diagnostic_scoring(result: &DiagnosticScoringResult) -> Json {
    object([
        ("registry_size", result.registry_size.into()),
        ("categories", list(result.categories.iter().map(|category| (*category).into()))),
        ("both_empty_jaccard", result.both_empty_jaccard.into()),
        ("registry_sha256", result.registry_sha256.as_str().into()),
    ])
}

fn table2(result: &Table2Result) -> Json {
    object([("models", by_model(&result.models, table2_model))])
}

fn table2_model(model: &Table2Model) -> Json {
    let endpoints = model.endpoints.as_ref();
    object([
        ("panel", model.panel.map(Panel::name).into()),
        ("usable_pairs", endpoints.map(|endpoints| endpoints.usable_pairs).into()),
        ("full_refusal_pairs", endpoints.map(|endpoints| endpoints.full_refusal_pairs).into()),
        (
            "partial_refusal_pairs",
            endpoints.map(|endpoints| endpoints.partial_refusal_pairs).into(),
        ),
        (
            "recommendation_change",
            endpoints.map(|endpoints| endpoints.recommendation_change).into(),
        ),
        (
            "diagnostic_consistency",
            endpoints.map(|endpoints| endpoints.diagnostic_consistency).into(),
        ),
        ("frozen", model.frozen.as_ref().map(frozen).into()),
        ("recomputed", model.recomputed.as_ref().map(recomputed).into()),
    ])
}

fn frozen(frozen: &FrozenEndpoints) -> Json {
    object([
        ("usable_pairs", frozen.usable_pairs.into()),
        ("recommendation_change", frozen.recommendation_change.into()),
        ("recommendation_change_ci95", frozen.recommendation_interval.map(interval).into()),
        ("diagnostic_consistency", frozen.diagnostic_consistency.into()),
        ("diagnostic_consistency_ci95", frozen.diagnostic_interval.map(interval).into()),
    ])
}

fn recomputed(recomputed: &RecomputedIntervals) -> Json {
    let plan = &recomputed.plan;
    // A seed has any size; one beyond 64 bits has no exact JSON number that readers agree on, so it is text.
    let seed = plan.seed.to_string();
    let seed: Json = seed.parse::<u64>().map_or_else(|_| seed.as_str().into(), Json::from);
    object([
        ("rng", plan.generator.name().into()),
        ("iterations", plan.iterations.get().into()),
        ("seed", seed),
        ("recommendation_change_ci95", interval(recomputed.recommendation_change)),
        ("diagnostic_consistency_ci95", interval(recomputed.diagnostic_consistency)),
    ])
}

fn interval(interval: Interval) -> Json {
    list([interval.lower.into(), interval.upper.into()])
}

fn gap_sensitivity(result: &GapSensitivityResult) -> Json {
    let model = |gaps: &StabilityGaps| {
        object([
            ("usable_pairs", gaps.usable_pairs.into()),
            ("rec_change", gaps.rec_change.into()),
            ("rec_exact_stability", gaps.rec_exact_stability.into()),
            ("rec_jaccard", gaps.rec_jaccard.into()),
            ("diag_jaccard", gaps.diag_jaccard.into()),
            ("gap_exact", gaps.gap_exact.into()),
            ("gap_graded", gaps.gap_graded.into()),
        ])
    };
    object([
        ("models", by_model(&result.models, |gaps| gaps.as_ref().map(model).into())),
        ("median_gap_exact", result.median_gap_exact.into()),
        ("median_gap_graded", result.median_gap_graded.into()),
        ("gap_graded_negative_models", result.gap_graded_negative_models.into()),
        ("model_count", result.model_count.into()),
    ])
}

fn both_empty(result: &BothEmptyResult) -> Json {
    let model = |counts: &BothEmpty| {
        object([
            ("usable_pairs", counts.usable_pairs.into()),
            ("both_empty", counts.both_empty.into()),
            ("rate", counts.rate().into()),
        ])
    };
    object([
        ("models", by_model(&result.models, |counts| counts.as_ref().map(model).into())),
        ("pooled_both_empty", result.pooled.map(|pooled| pooled.both_empty).into()),
        ("pooled_usable_pairs", result.pooled.map(|pooled| pooled.usable_pairs).into()),
        ("pooled_rate", result.pooled.and_then(|pooled| pooled.rate()).into()),
    ])
}

fn radiologist(result: &RadiologistResult) -> Json {
    object([
        ("report_schema_version", result.report_schema_version.as_deref().into()),
        ("validated", result.validated.into()),
        ("excluded", result.excluded.into()),
        ("majority_pass", result.majority_pass.into()),
        ("rated_pairs", result.rated_pairs.into()),
        ("detectability_rows", result.detectability_rows.into()),
        ("cannot_tell", result.cannot_tell.into()),
        ("per_reviewer_rows", result.per_reviewer_rows.into()),
        ("hidden_repeat_rows", result.hidden_repeat_rows.into()),
    ])
}

fn checksums(result: &ChecksumsResult) -> Json {
    let manifest = |counts: &ManifestResult| {
        object([
            ("files_ok", counts.files_ok.into()),
            ("files", counts.files.into()),
            ("bytes", counts.bytes.into()),
        ])
    };
    object([
        ("manifests", by_model(&result.manifests, |counts| counts.as_ref().map(manifest).into())),
        ("unlisted_files", result.unlisted_files.into()),
    ])
}

fn by_model<T>(entries: &[(String, T)], value: impl Fn(&T) -> Json) -> Json {
    Json::Object(entries.iter().map(|(name, entry)| (name.clone(), value(entry))).collect())
}
