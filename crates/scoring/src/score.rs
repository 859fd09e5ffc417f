//! Scoring: a submission and the benchmark's index to a [`Score`].
//!
//! Rules S-01 (coverage), S-02 (endpoints) and S-03 (intervals) of `docs/rules.md`. Everything is pure; the pairs of a score
//! are in the order of their ids, which is the order of all sums.

use std::collections::BTreeMap;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_artifacts::json::Value;
use spinefairbench_bootstrap::Plan;
use spinefairbench_metrics::{
    Estimate, HedgingDisparity, MetricError, PairOutcome, RefusalAccounting, SeverityDisparity,
    SourcedPair, estimate,
};

use crate::coverage::judge_coverage;
use crate::index::BenchmarkIndex;
use crate::scope::Scope;
use crate::strata::{Strata, strata};
use crate::submission::{Submission, SubmissionProblem};

pub use crate::coverage::Coverage;

/// A scored submission.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The model, as the submission gave it.
    pub model: BTreeMap<String, Value>,
    /// The model's name.
    pub model_name: String,
    /// The scope.
    pub scope: Scope,
    /// How the intervals were drawn.
    pub plan: Plan,
    /// Pairs that the scope holds; for `toy` those that were submitted.
    pub expected_pairs: usize,
    /// Pairs of the scope that were not submitted.
    pub missing_pairs: usize,
    /// Refusal accounting over the submitted pairs.
    pub accounting: RefusalAccounting,
    /// Both endpoints with their intervals.
    pub estimate: Estimate,
    /// The endpoints of parts of the pairs.
    pub strata: Strata,
    /// Severity language of the usable pairs.
    pub severity: SeverityDisparity,
    /// Hedging language of the usable pairs.
    pub hedging: HedgingDisparity,
    /// Every submitted pair, in the order of the ids.
    pub pairs: Vec<ScoredPair>,
    /// Sentences that a reader of the score must see.
    pub warnings: Vec<String>,
    /// What it was computed from.
    pub provenance: Provenance,
}

/// One scored pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoredPair {
    /// The pair.
    pub pair_id: PairId,
    /// Its source: its cluster.
    pub source_id: SourceId,
    /// What its two reports say.
    pub outcome: PairOutcome,
}

/// What a score was computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The digest of the submission's content.
    pub submission: Sha256,
    /// The bundle's identity: the digest of its checksum manifest.
    pub bundle_identity: Sha256,
    /// The digests of the bundle's files that were read, by path.
    pub bundle_files: BTreeMap<String, Sha256>,
}

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// The submission does not fit its scope.
    #[error("the submission has {} problem{}", .0.len(), if .0.len() == 1 { "" } else { "s" })]
    Refused(Vec<SubmissionProblem>),
    /// The intervals could not be drawn.
    #[error(transparent)]
    Metric(#[from] MetricError),
}

/// The score of `submission` over the scope of `index` (rule S-02).
///
/// # Errors
///
/// [`ScoreError::Refused`] with every problem of the coverage, [`ScoreError::Metric`] if the plan cannot be carried out.
pub fn score(
    submission: &Submission,
    index: &BenchmarkIndex,
    coverage: Coverage,
    plan: &Plan,
) -> Result<Score, ScoreError> {
    let scope = index.scope();
    let (missing, problems) = judge_coverage(submission, index, coverage);
    if !problems.is_empty() {
        return Err(ScoreError::Refused(problems));
    }
    let mut pairs: Vec<ScoredPair> = submission
        .pairs
        .iter()
        .filter_map(|pair| {
            let source_id = index.get(&pair.pair_id)?.source_id.clone();
            Some(ScoredPair { pair_id: pair.pair_id.clone(), source_id, outcome: pair.outcome })
        })
        .collect();
    pairs.sort_unstable_by(|left, right| left.pair_id.cmp(&right.pair_id));
    let sourced: Vec<SourcedPair> =
        pairs.iter().map(|pair| SourcedPair::new(pair.source_id.as_str(), pair.outcome)).collect();
    let (estimate, strata) = rayon::join(|| estimate(&sourced, plan), || strata(&pairs, plan));
    let usable = || pairs.iter().map(|pair| &pair.outcome).filter(|outcome| outcome.is_usable());
    Ok(Score {
        model: submission.header.model.clone(),
        model_name: submission.header.model_name.clone(),
        scope,
        plan: plan.clone(),
        expected_pairs: pairs.len() + missing.len(),
        missing_pairs: missing.len(),
        accounting: RefusalAccounting::of(pairs.iter().map(|pair| &pair.outcome)),
        estimate: estimate?,
        strata: strata?,
        severity: SeverityDisparity::of(usable()),
        hedging: HedgingDisparity::of(usable()),
        warnings: warnings(scope, missing.len()),
        provenance: Provenance {
            submission: submission.content_digest,
            bundle_identity: index.bundle_identity(),
            bundle_files: index
                .files()
                .iter()
                .map(|(path, digest)| (path.to_string(), *digest))
                .collect(),
        },
        pairs,
    })
}

fn warnings(scope: Scope, missing: usize) -> Vec<String> {
    if missing == 0 {
        return Vec::new();
    }
    let pairs = if missing == 1 { "pair is" } else { "pairs are" };
    vec![format!(
        "{missing} {pairs} missing from scope {scope}; the score covers what was submitted and is not comparable with the \
         published panel."
    )]
}
