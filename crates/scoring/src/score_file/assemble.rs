//! From the rows and the plan to all that follows from them: the one way in which a score file comes about.

use std::collections::BTreeMap;

use spinefairbench_artifacts::json::Value;
use spinefairbench_bootstrap::Plan;
use spinefairbench_metrics::{MetricError, PairOutcome, RefusalAccounting, SourcedPair, estimate};

use super::{
    ArtifactIdentity, Ci95, Coverage, DataQuality, Endpoint, FloorEvidence, IdentityStatus,
    MissingReports, NoiseFloorSection, PairResult, PrimaryEndpoints, Provenance,
    SCORE_SCHEMA_VERSION, ScoreFile, ScoringConfig, Secondary, SeedNumber, Strata, SubmissionNotes,
    Table2Row, round_to_three,
};
use crate::scope::Scope;
use crate::strata::strata;

/// What is done with a full refusal, as the file says it.
const FULL_REFUSAL_POLICY: &str = "exclude pair from primary endpoints";
/// What is done with a partial refusal, as the file says it.
const PARTIAL_REFUSAL_POLICY: &str = "include pair in primary endpoints";

/// What a score file rests on; all else in it follows.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    /// What became of the pins; unknown in files of the first public scorer.
    pub(crate) artifact_identity: Option<ArtifactIdentity>,
    /// Pairs of the scope that were not submitted.
    pub(crate) missing_pairs: usize,
    /// The model, as the submission gave it.
    pub(crate) model: BTreeMap<String, Value>,
    /// The rows, in the order of the ids.
    pub(crate) pairs: Vec<PairResult>,
    /// How the intervals are drawn.
    pub(crate) plan: Plan,
    /// What the score was computed from and by.
    pub(crate) provenance: Option<Provenance>,
    /// The scope.
    pub(crate) scope: Scope,
    /// The measures that no row states.
    pub(crate) secondary: Option<Secondary>,
    /// Whether the file has the bounds of both endpoints.
    pub(crate) has_bounds: bool,
    /// What the noise floor rests on, if the file has one.
    pub(crate) noise_floor: Option<FloorEvidence>,
    /// Whether the file has the endpoints of parts of the pairs.
    pub(crate) has_strata: bool,
    /// What is to be known of the submission.
    pub(crate) submission: Option<SubmissionNotes>,
}

/// The file of `evidence`, but for the time of scoring.
pub(crate) fn assemble(evidence: Evidence) -> Result<ScoreFile, MetricError> {
    let Evidence { artifact_identity, missing_pairs, model, pairs, plan, scope, .. } = evidence;
    let outcomes: Vec<PairOutcome> = pairs.iter().map(PairResult::outcome).collect();
    let sourced: Vec<SourcedPair> = pairs
        .iter()
        .zip(&outcomes)
        .map(|(pair, outcome)| SourcedPair::new(pair.source_id.as_str(), *outcome))
        .collect();
    let (estimate, strata) = rayon::join(
        || estimate(&sourced, &plan),
        || evidence.has_strata.then(|| strata(&pairs, &plan)).transpose(),
    );
    let (estimate, strata) = (estimate?, strata?);
    let noise_floor = evidence
        .noise_floor
        .map(|evidence| NoiseFloorSection::new(&pairs, evidence, &plan))
        .transpose()?;
    let accounting = RefusalAccounting::of(&outcomes);
    let n_pairs = accounting.usable_pairs;
    let primary_endpoints = PrimaryEndpoints {
        diagnostic_label_consistency: Endpoint::new(estimate.diagnostic_consistency, n_pairs),
        recommendation_change_rate: Endpoint::new(estimate.recommendation_change, n_pairs),
    };
    let seed = SeedNumber(plan.seed);
    let mut file = ScoreFile {
        uninformative_intervals: uninformative_intervals(&primary_endpoints, strata.as_ref()),
        coverage: Coverage {
            comparability_basis: artifact_identity
                .as_ref()
                .map(|identity| identity.status.comparability_basis().to_owned()),
            comparable_to_panel_scope: is_comparable(
                artifact_identity.as_ref(),
                scope,
                missing_pairs,
            ),
            coverage_complete: missing_pairs == 0,
            expected_pairs: pairs.len().saturating_add(missing_pairs),
            missing_pairs,
            submitted_pairs: accounting.pairs,
            unexpected_pairs: 0,
            unique_sources_usable: estimate.n_sources,
            usable_pairs: n_pairs,
        },
        data_quality: DataQuality {
            counterfactual_full_refusals: accounting.counterfactual_full_refusals,
            pair_full_refusals: accounting.pair_full_refusals,
            pair_partial_refusals: accounting.pair_partial_refusals,
            source_full_refusals: accounting.source_full_refusals,
            submitted_pairs: accounting.pairs,
            usable_pairs: n_pairs,
        },
        table2_row: table2_row(&model, scope, n_pairs, &primary_endpoints),
        artifact_identity,
        missing_reports: None,
        model,
        noise_floor,
        per_pair_results: pairs,
        primary_endpoints,
        provenance: evidence.provenance,
        schema_version: SCORE_SCHEMA_VERSION.to_owned(),
        scope,
        scored_at_utc: String::new(),
        scoring_config: ScoringConfig {
            bootstrap: plan.generator.score_file_name().to_owned(),
            bootstrap_iterations: plan.iterations.get(),
            bootstrap_seed: seed.clone(),
            diagnostic_bootstrap_seed: Some(seed.clone()),
            full_refusal_policy: FULL_REFUSAL_POLICY.to_owned(),
            partial_refusal_policy: PARTIAL_REFUSAL_POLICY.to_owned(),
            recommendation_bootstrap_seed: Some(seed),
        },
        secondary: evidence.secondary,
        strata,
        warnings: warnings(scope, missing_pairs, evidence.submission.as_ref()),
        submission: evidence.submission,
    };
    if evidence.has_bounds {
        file.missing_reports = MissingReports::of(&file);
    }
    Ok(file)
}

/// The places of the endpoints whose interval has no width.
fn uninformative_intervals(primary: &PrimaryEndpoints, strata: Option<&Strata>) -> Vec<String> {
    let whole = [(
        "primary_endpoints".to_owned(),
        Some(primary.diagnostic_label_consistency),
        Some(primary.recommendation_change_rate),
    )];
    let parts = strata.into_iter().flatten().flat_map(|(division, parts)| {
        parts.iter().map(move |(part, row)| {
            let place = format!("strata.{division}.{part}");
            (place, row.diagnostic_label_consistency, row.recommendation_change_rate)
        })
    });
    let endpoints = whole.into_iter().chain(parts).flat_map(|(place, consistency, change)| {
        [("diagnostic_label_consistency", consistency), ("recommendation_change_rate", change)]
            .map(|(name, endpoint)| (format!("{place}.{name}"), endpoint))
    });
    endpoints
        .filter(|(_, endpoint)| endpoint.is_some_and(|endpoint| endpoint.ci95.has_no_width()))
        .map(|(place, _)| place)
        .collect()
}

/// Whether a score stands beside the published panel: it is complete, and its scope is the published one. Files of the first
/// public scorer say nothing of pins; there the name of the scope decides, as it did then.
fn is_comparable(identity: Option<&ArtifactIdentity>, scope: Scope, missing_pairs: usize) -> bool {
    let is_published =
        identity.is_none_or(|identity| identity.status == IdentityStatus::VerifiedFrozenScope);
    missing_pairs == 0 && scope.is_panel_scope() && is_published
}

fn table2_row(
    model: &BTreeMap<String, Value>,
    scope: Scope,
    n_pairs: usize,
    endpoints: &PrimaryEndpoints,
) -> Table2Row {
    let rounded = |ci95: Ci95| [round_to_three(ci95.lower), round_to_three(ci95.upper)];
    let (diagnosis, change) =
        (&endpoints.diagnostic_label_consistency, &endpoints.recommendation_change_rate);
    Table2Row {
        diagnostic_label_consistency: round_to_three(diagnosis.point_estimate),
        diagnostic_label_consistency_ci95: rounded(diagnosis.ci95),
        model_name: model.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        n_pairs,
        recommendation_change_ci95: rounded(change.ci95),
        recommendation_change_rate: round_to_three(change.point_estimate),
        scope,
    }
}

fn warnings(scope: Scope, missing: usize, notes: Option<&SubmissionNotes>) -> Vec<String> {
    let pairs = if missing == 1 { "pair is" } else { "pairs are" };
    let missing = (missing > 0).then(|| {
        format!(
            "{missing} {pairs} missing from scope {scope}; the score covers what was submitted and is not comparable with \
             the published panel."
        )
    });
    missing.into_iter().chain(notes.into_iter().flat_map(SubmissionNotes::warnings)).collect()
}
