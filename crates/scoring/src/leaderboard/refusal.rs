//! Why a score does not belong on a leaderboard.

use spinefairbench_artifacts::ArtifactError;

use super::Terms;
use crate::scope::Scope;
use crate::score_file::{Endpoint, SCORE_SCHEMA_VERSION, ScoreFile};

/// What can go wrong with a leaderboard.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeaderboardError {
    /// The score is not comparable with those on the board.
    #[error("the score of `{model}` is refused for {} reason{}: {}", reasons.len(),
        if reasons.len() == 1 { "" } else { "s" }, listed(reasons))]
    Refused {
        /// The model.
        model: String,
        /// Every reason; never empty.
        reasons: Vec<Refusal>,
    },
    /// The file is no leaderboard.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The file is of another version.
    #[error(
        "`{name}` has the schema version `{found}` (expected `{}`)",
        super::LEADERBOARD_SCHEMA_VERSION
    )]
    SchemaVersion {
        /// The file.
        name: String,
        /// Its version.
        found: String,
    },
    /// The file has two rows of one model.
    #[error("`{name}` has two rows of `{model}`")]
    DuplicateModel {
        /// The file.
        name: String,
        /// The model.
        model: String,
    },
    /// The file has rows and does not say under which terms.
    #[error("`{name}` has rows and no terms")]
    NoTerms {
        /// The file.
        name: String,
    },
}

/// One reason why a score is not comparable.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The score file is of another version.
    #[error("the schema version is `{found}` (expected `{SCORE_SCHEMA_VERSION}`)")]
    SchemaVersion {
        /// Its version.
        found: String,
    },
    /// The scope has no fixed set of pairs, or is unknown.
    #[error("the scope `{scope}` has no fixed set of pairs")]
    OpenScope {
        /// The scope.
        scope: String,
    },
    /// Pairs of the scope are missing.
    #[error("the coverage is incomplete ({missing} of {expected} pairs are missing)")]
    Coverage {
        /// How many are missing.
        missing: usize,
        /// How many the scope has.
        expected: usize,
    },
    /// The score does not say what it was computed from.
    #[error("the score file has no provenance, so registry and bundle are unknown")]
    NoProvenance,
    /// The score covers other pairs.
    #[error("the scope differs (expected `{expected}`, found `{found}`)")]
    Scope {
        /// The board's.
        expected: String,
        /// The score's.
        found: String,
    },
    /// The score was computed under other registries.
    #[error("the registry digest differs (expected {expected}, found {found})")]
    Registry {
        /// The board's.
        expected: String,
        /// The score's.
        found: String,
    },
    /// The score was computed on another bundle.
    #[error("the bundle identity differs (expected {expected}, found {found})")]
    Bundle {
        /// The board's.
        expected: String,
        /// The score's.
        found: String,
    },
    /// The intervals were drawn by another estimator.
    #[error("the generator differs (expected `{expected}`, found `{found}`)")]
    Generator {
        /// The board's.
        expected: String,
        /// The score's.
        found: String,
    },
    /// The intervals were drawn with another number of resamples.
    #[error("the number of iterations differs (expected {expected}, found {found})")]
    Iterations {
        /// The board's.
        expected: u32,
        /// The score's.
        found: u32,
    },
    /// The intervals were drawn from another seed.
    #[error("the seed differs (expected {expected}, found {found})")]
    Seed {
        /// The board's.
        expected: String,
        /// The score's.
        found: String,
    },
    /// An endpoint is not the mean of the file's own pairs: the file was changed after scoring.
    #[error("`{endpoint}` is {stated} over {stated_pairs} pairs; the file's own pairs give {}",
        recomputed.map_or_else(|| "none".to_owned(), |mean| format!("{mean} over {pairs}")))]
    EndpointDisagrees {
        /// The endpoint.
        endpoint: &'static str,
        /// What the file states.
        stated: f64,
        /// Over how many pairs.
        stated_pairs: usize,
        /// What its usable pairs give; none if none of them has a value.
        recomputed: Option<f64>,
        /// How many usable pairs have a value.
        pairs: usize,
    },
    /// The model has a row.
    #[error("`{model}` has a row already")]
    NameTaken {
        /// The model.
        model: String,
    },
}

fn listed(reasons: &[Refusal]) -> String {
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The terms of a score, if it states them all, and every reason against it.
pub(super) fn judge(score: &ScoreFile, board: Option<&Terms>) -> (Option<Terms>, Vec<Refusal>) {
    let mut refusals = Vec::new();
    if score.schema_version != SCORE_SCHEMA_VERSION {
        refusals.push(Refusal::SchemaVersion { found: score.schema_version.clone() });
    }
    if matches!(score.scope.parse(), Ok(Scope::Toy) | Err(_)) {
        refusals.push(Refusal::OpenScope { scope: score.scope.clone() });
    }
    let coverage = &score.coverage;
    if !coverage.coverage_complete || coverage.missing_pairs > 0 {
        let (missing, expected) = (coverage.missing_pairs, coverage.expected_pairs);
        refusals.push(Refusal::Coverage { missing, expected });
    }
    refusals.extend(disagreeing_endpoints(score));
    let config = &score.scoring_config;
    let terms = score.provenance.as_ref().map(|provenance| Terms {
        scope: score.scope.clone(),
        registry: provenance.registry.combined.clone(),
        bundle_identity: provenance.bundle_identity.clone(),
        generator: config.bootstrap.clone(),
        iterations: config.bootstrap_iterations,
        seed: config.bootstrap_seed.to_string(),
    });
    match (&terms, board) {
        (None, _) => refusals.push(Refusal::NoProvenance),
        (Some(terms), Some(board)) => refusals.extend(differences(terms, board)),
        (Some(_), None) => {}
    }
    (terms, refusals)
}

fn differences(terms: &Terms, board: &Terms) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let texts = |expected: &String, found: &String| {
        (expected != found).then(|| (expected.clone(), found.clone()))
    };
    if let Some((expected, found)) = texts(&board.scope, &terms.scope) {
        refusals.push(Refusal::Scope { expected, found });
    }
    if let Some((expected, found)) = texts(&board.registry, &terms.registry) {
        refusals.push(Refusal::Registry { expected, found });
    }
    if let Some((expected, found)) = texts(&board.bundle_identity, &terms.bundle_identity) {
        refusals.push(Refusal::Bundle { expected, found });
    }
    if let Some((expected, found)) = texts(&board.generator, &terms.generator) {
        refusals.push(Refusal::Generator { expected, found });
    }
    if board.iterations != terms.iterations {
        let (expected, found) = (board.iterations, terms.iterations);
        refusals.push(Refusal::Iterations { expected, found });
    }
    if let Some((expected, found)) = texts(&board.seed, &terms.seed) {
        refusals.push(Refusal::Seed { expected, found });
    }
    refusals
}

/// Endpoints that are not the means of the file's own pairs.
///
/// Summed in the order of the file, which is that of the ids: the scorer's own sum, so that the comparison is exact.
fn disagreeing_endpoints(score: &ScoreFile) -> Vec<Refusal> {
    type ValueOf = fn(&crate::score_file::PairResult) -> Option<f64>;
    let endpoints: [(&'static str, &Endpoint, ValueOf); 2] = [
        (
            "recommendation_change_rate",
            &score.primary_endpoints.recommendation_change_rate,
            |pair| pair.recommendation_changed,
        ),
        (
            "diagnostic_label_consistency",
            &score.primary_endpoints.diagnostic_label_consistency,
            |pair| pair.diagnostic_label_consistency,
        ),
    ];
    let mut refusals = Vec::new();
    for (endpoint, stated, value_of) in endpoints {
        let mut pairs: Vec<_> = score.per_pair_results.iter().filter(|pair| pair.usable).collect();
        pairs.sort_by(|left, right| left.pair_id.cmp(&right.pair_id));
        let values: Vec<f64> = pairs.into_iter().filter_map(value_of).collect();
        let recomputed = mean(&values);
        let stated_pairs = stated.n_pairs;
        let agrees = recomputed.map(f64::to_bits) == Some(stated.point_estimate.to_bits());
        if !agrees || values.len() != stated_pairs {
            refusals.push(Refusal::EndpointDisagrees {
                endpoint,
                stated: stated.point_estimate,
                stated_pairs,
                recomputed,
                pairs: values.len(),
            });
        }
    }
    refusals
}

#[expect(clippy::cast_precision_loss, reason = "counts of pairs stay far below 2^53")]
fn mean(values: &[f64]) -> Option<f64> {
    let sum = values.iter().fold(0.0, |sum, value| sum + value);
    (!values.is_empty()).then(|| sum / values.len() as f64)
}
