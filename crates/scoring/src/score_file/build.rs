//! From a score to the form that stands on disk.

use spinefairbench_artifacts::json::Value;
use spinefairbench_metrics::{EstimateWithInterval, PairOutcome};
use spinefairbench_parsers::{Category, CategorySet, registry};

use super::wire::{
    Ci95, Coverage, DataQuality, Endpoint, Hedging, PairResult, PrimaryEndpoints, Provenance,
    RegistryDigests, ScoreFile, ScoringConfig, Secondary, SeedNumber, Severity, StratumRow,
    Table2Row, Tool,
};
use super::{SCORE_SCHEMA_VERSION, round_to_three};
use crate::score::{Score, ScoredPair};
use crate::strata::Stratum;

/// What is done with a full refusal, as the file says it.
const FULL_REFUSAL_POLICY: &str = "exclude pair from primary endpoints";
/// What is done with a partial refusal, as the file says it.
const PARTIAL_REFUSAL_POLICY: &str = "include pair in primary endpoints";

pub(super) fn score_file(score: &Score, scored_at_utc: &str) -> ScoreFile {
    let n_pairs = score.estimate.endpoints.n_pairs();
    let primary_endpoints = PrimaryEndpoints {
        diagnostic_label_consistency: endpoint(score.estimate.diagnostic_consistency, n_pairs),
        recommendation_change_rate: endpoint(score.estimate.recommendation_change, n_pairs),
    };
    let coverage_complete = score.missing_pairs == 0;
    ScoreFile {
        coverage: Coverage {
            comparable_to_panel_scope: coverage_complete && score.scope.is_panel_scope(),
            coverage_complete,
            expected_pairs: score.expected_pairs,
            missing_pairs: score.missing_pairs,
            submitted_pairs: score.accounting.pairs,
            unexpected_pairs: 0,
            unique_sources_usable: score.estimate.n_sources,
            usable_pairs: n_pairs,
        },
        data_quality: DataQuality {
            counterfactual_full_refusals: score.accounting.counterfactual_full_refusals,
            pair_full_refusals: score.accounting.pair_full_refusals,
            pair_partial_refusals: score.accounting.pair_partial_refusals,
            source_full_refusals: score.accounting.source_full_refusals,
            submitted_pairs: score.accounting.pairs,
            usable_pairs: score.accounting.usable_pairs,
        },
        model: score.model.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        per_pair_results: score.pairs.iter().map(pair_result).collect(),
        table2_row: table2_row(score, &primary_endpoints),
        primary_endpoints,
        provenance: Some(provenance(score)),
        schema_version: SCORE_SCHEMA_VERSION.to_owned(),
        scope: score.scope.to_string(),
        scored_at_utc: scored_at_utc.to_owned(),
        scoring_config: scoring_config(score),
        secondary: Some(secondary(score)),
        strata: Some(
            score
                .strata
                .0
                .iter()
                .map(|(division, parts)| {
                    let rows = parts
                        .iter()
                        .map(|(part, stratum)| (part.clone(), stratum_row(stratum)))
                        .collect();
                    ((*division).to_owned(), rows)
                })
                .collect(),
        ),
        warnings: score.warnings.clone(),
    }
}

fn endpoint(estimate: EstimateWithInterval, n_pairs: usize) -> Endpoint {
    let ci95 = Ci95 { lower: estimate.interval.lower, upper: estimate.interval.upper };
    Endpoint { ci95, n_pairs, point_estimate: estimate.value }
}

fn table2_row(score: &Score, endpoints: &PrimaryEndpoints) -> Table2Row {
    let rounded = |ci95: Ci95| [round_to_three(ci95.lower), round_to_three(ci95.upper)];
    let (diagnosis, change) =
        (&endpoints.diagnostic_label_consistency, &endpoints.recommendation_change_rate);
    Table2Row {
        diagnostic_label_consistency: round_to_three(diagnosis.point_estimate),
        diagnostic_label_consistency_ci95: rounded(diagnosis.ci95),
        model_name: score.model_name.clone(),
        n_pairs: change.n_pairs,
        recommendation_change_ci95: rounded(change.ci95),
        recommendation_change_rate: round_to_three(change.point_estimate),
        scope: score.scope.to_string(),
    }
}

fn scoring_config(score: &Score) -> ScoringConfig {
    let seed = SeedNumber(score.plan.seed.clone());
    ScoringConfig {
        bootstrap: score.plan.generator.score_file_name().to_owned(),
        bootstrap_iterations: score.plan.iterations.get(),
        bootstrap_seed: seed.clone(),
        diagnostic_bootstrap_seed: seed.clone(),
        full_refusal_policy: FULL_REFUSAL_POLICY.to_owned(),
        partial_refusal_policy: PARTIAL_REFUSAL_POLICY.to_owned(),
        recommendation_bootstrap_seed: seed,
    }
}

fn provenance(score: &Score) -> Provenance {
    let digests = registry::digests();
    let bundle_files = &score.provenance.bundle_files;
    Provenance {
        bundle_files: bundle_files
            .iter()
            .map(|(path, digest)| (path.clone(), digest.to_string()))
            .collect(),
        bundle_identity: score.provenance.bundle_identity.to_string(),
        registry: RegistryDigests {
            combined: digests.combined.clone(),
            diagnostic: digests.diagnostic.clone(),
            recommendation: digests.recommendation.clone(),
            refusal: digests.refusal.clone(),
        },
        submission_sha256: score.provenance.submission.to_string(),
        tool: Tool {
            name: "spinefairbench".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
    }
}

fn secondary(score: &Score) -> Secondary {
    Secondary {
        hedging: Hedging {
            mean_absolute_difference: score.hedging.mean_absolute,
            mean_ratio: score.hedging.mean_ratio,
            n_pairs: score.hedging.n_pairs,
        },
        severity: Severity {
            mean_absolute_difference: score.severity.mean_absolute,
            mean_signed_difference: score.severity.mean_signed,
            n_pairs: score.severity.n_pairs,
        },
    }
}

fn stratum_row(stratum: &Stratum) -> StratumRow {
    let n_pairs = stratum.accounting.usable_pairs;
    StratumRow {
        degenerate: stratum.is_degenerate(),
        diagnostic_label_consistency: stratum
            .estimate
            .map(|estimate| endpoint(estimate.diagnostic_consistency, n_pairs)),
        pair_full_refusals: stratum.accounting.pair_full_refusals,
        pair_partial_refusals: stratum.accounting.pair_partial_refusals,
        recommendation_change_rate: stratum
            .estimate
            .map(|estimate| endpoint(estimate.recommendation_change, n_pairs)),
        submitted_pairs: stratum.accounting.pairs,
        unique_sources_usable: stratum.estimate.map_or(0, |estimate| estimate.n_sources),
        usable_pairs: n_pairs,
    }
}

fn pair_result(pair: &ScoredPair) -> PairResult {
    let PairOutcome { source, counterfactual } = &pair.outcome;
    let usable = pair.outcome.is_usable();
    PairResult {
        counterfactual_diagnostic_labels: usable.then(|| names(counterfactual.labels)),
        counterfactual_recommendations: usable.then(|| names(counterfactual.recommendations)),
        counterfactual_response_class: counterfactual.response_class.as_str().to_owned(),
        diagnostic_label_consistency: usable.then(|| pair.outcome.diagnostic_consistency()),
        pair_id: pair.pair_id.to_string(),
        recommendation_changed: usable.then(|| pair.outcome.recommendation_change()),
        source_diagnostic_labels: usable.then(|| names(source.labels)),
        source_id: pair.source_id.to_string(),
        source_recommendations: usable.then(|| names(source.recommendations)),
        source_response_class: source.response_class.as_str().to_owned(),
        usable,
    }
}

fn names<C: Category>(set: CategorySet<C>) -> Vec<String> {
    set.names().map(str::to_owned).collect()
}

/// The same value for `serde_json`, whose objects are sorted by key too.
fn plain(value: &Value) -> serde_json::Value {
    serde_json::from_str(&value.to_string()).unwrap_or(serde_json::Value::Null)
}
