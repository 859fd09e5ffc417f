//! Why a score does not belong on a leaderboard.

use spinefairbench_artifacts::ArtifactError;

use super::Terms;
use crate::scope::Scope;
use crate::score_file::{Contradiction, ScoreFile};

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
    /// A row has values that no score has.
    #[error("`{name}`: the row of `{model}` cannot be: {contradiction}")]
    Contradicted {
        /// The file.
        name: String,
        /// The model.
        model: String,
        /// The field.
        contradiction: Contradiction,
    },
    /// The terms are ones that no score states.
    #[error("`{name}` contradicts itself: {contradiction}")]
    OtherTerms {
        /// The file.
        name: String,
        /// The field.
        contradiction: Contradiction,
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
    /// The scope has no fixed set of pairs.
    #[error("the scope `{scope}` has no fixed set of pairs")]
    OpenScope {
        /// The scope.
        scope: Scope,
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
        expected: Scope,
        /// The score's.
        found: Scope,
    },
    /// The score was computed under other registries.
    #[error("the registry digest differs (expected {expected}, found {found})")]
    Registry {
        /// The board's.
        expected: String,
        /// The score's.
        found: String,
    },
    /// The scope holds other pairs, since its manifests differ.
    #[error("the manifests of the scope differ: {}", manifests.join("; "))]
    Benchmark {
        /// Each manifest that differs, with both digests.
        manifests: Vec<String>,
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
    if score.scope == Scope::Toy {
        refusals.push(Refusal::OpenScope { scope: score.scope });
    }
    let coverage = &score.coverage;
    if !coverage.coverage_complete || coverage.missing_pairs > 0 {
        let (missing, expected) = (coverage.missing_pairs, coverage.expected_pairs);
        refusals.push(Refusal::Coverage { missing, expected });
    }
    let terms = Terms::of(score);
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
    if board.scope != terms.scope {
        refusals.push(Refusal::Scope { expected: board.scope, found: terms.scope });
    }
    if let Some((expected, found)) = texts(&board.registry, &terms.registry) {
        refusals.push(Refusal::Registry { expected, found });
    }
    let manifests = board.other_benchmark(terms);
    if !manifests.is_empty() {
        refusals.push(Refusal::Benchmark { manifests });
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
