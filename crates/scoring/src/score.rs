//! Scoring: a submission and the benchmark's index to a [`Score`].
//!
//! Rules S-01 (coverage), S-02 (endpoints) and S-03 (intervals) of `docs/rules.md`. Everything is pure; the pairs of a score
//! are in the order of their ids, which is the order of all sums.

use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_bootstrap::Plan;
use spinefairbench_metrics::{MetricError, PairOutcome};

use crate::coverage::judge_coverage;
use crate::index::BenchmarkIndex;
use crate::repeats::floor_evidence;
use crate::score_file::{
    Evidence, PairResult, Provenance, RegistryDigests, ScoreFile, Secondary, SubmissionNotes, Tool,
    assemble,
};
use crate::submission::{Submission, SubmissionProblem, Version};

pub use crate::coverage::Coverage;

/// A scored submission.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Every submitted pair with all that its reports say, in the order of the ids.
    pub pairs: Vec<ScoredPair>,
    /// All that is written of it, but for the time of scoring.
    pub(crate) file: ScoreFile,
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
    score_repeated(submission, &[], index, coverage, plan)
}

/// The same with the noise floor of `repeats`: further submissions of the same model, each of which
/// [`judge_repeat`](crate::repeats::judge_repeat) found nothing wrong with. They enter no endpoint (rule M-09).
///
/// # Errors
///
/// As [`score`].
pub fn score_repeated(
    submission: &Submission,
    repeats: &[Submission],
    index: &BenchmarkIndex,
    coverage: Coverage,
    plan: &Plan,
) -> Result<Score, ScoreError> {
    let (missing, problems) = judge_coverage(submission, index, coverage);
    if !problems.is_empty() {
        return Err(ScoreError::Refused(problems));
    }
    let noise_floor = floor_evidence(submission, repeats, index).map_err(ScoreError::Refused)?;
    let mut pairs: Vec<ScoredPair> = submission
        .pairs
        .iter()
        .filter_map(|pair| {
            let source_id = index.get(&pair.pair_id)?.source_id.clone();
            Some(ScoredPair { pair_id: pair.pair_id.clone(), source_id, outcome: pair.outcome })
        })
        .collect();
    pairs.sort_unstable_by(|left, right| left.pair_id.cmp(&right.pair_id));
    let file = assemble(Evidence {
        artifact_identity: Some(index.artifact_identity().clone()),
        missing_pairs: missing.len(),
        model: submission.header.model.clone(),
        pairs: pairs
            .iter()
            .map(|pair| {
                PairResult::new(pair.pair_id.clone(), pair.source_id.clone(), &pair.outcome)
            })
            .collect(),
        plan: plan.clone(),
        provenance: Some(Provenance {
            bundle_files: index
                .files()
                .iter()
                .map(|(path, digest)| (path.to_string(), *digest))
                .collect(),
            bundle_identity: index.bundle_identity(),
            registry: RegistryDigests::own(),
            submission_sha256: submission.content_digest,
            tool: Tool::own(),
        }),
        scope: index.scope(),
        secondary: Some(Secondary::of(pairs.iter().map(|pair| &pair.outcome))),
        has_bounds: submission.header.version == Version::Two,
        noise_floor,
        has_strata: true,
        submission: SubmissionNotes::of(submission),
    })?;
    Ok(Score { pairs, file })
}
