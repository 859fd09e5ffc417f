//! Whether a submission fits its scope (rule S-01): pairs outside it, pairs that are missing, sources that differ.
//!
//! The scope is for the caller to choose, and may be another than the submission states; a refused submission is judged by what it
//! states all the same. Everything is pure.

use std::collections::BTreeSet;

use spinefairbench_artifacts::ids::{PairId, SourceId};

use crate::index::BenchmarkIndex;
use crate::scope::Scope;
use crate::submission::{Place, ProblemCode, Stated, Submission, SubmissionProblem};

/// Whether a submission may leave out pairs of its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Every pair of the scope must be there.
    Complete,
    /// What is there is scored, with a warning.
    Partial,
}

/// The pairs of the scope that are missing, and every problem of the coverage (rule S-01).
#[must_use]
pub fn judge_coverage<'a>(
    submission: &Submission,
    index: &'a BenchmarkIndex,
    coverage: Coverage,
) -> (Vec<&'a PairId>, Vec<SubmissionProblem>) {
    let pairs: Vec<StatedPair<'_>> = submission
        .pairs
        .iter()
        .map(|pair| StatedPair { pair_id: &pair.pair_id, source_id: pair.source_id.as_ref() })
        .collect();
    let missing = missing_pairs(&pairs, index);
    let mut problems = Vec::new();
    // A repeat or a pair without a report must be one of the scope too; a control is none of the benchmark's.
    let unanswered = submission.unanswered.iter().filter(|pair| !pair.is_control);
    let unanswered = unanswered
        .map(|pair| StatedPair { pair_id: &pair.pair_id, source_id: pair.source_id.as_ref() });
    let further = submission.further.iter().filter(|further| !further.is_control);
    let further = further.map(|further| StatedPair {
        pair_id: &further.pair.pair_id,
        source_id: further.pair.source_id.as_ref(),
    });
    let all: Vec<StatedPair<'_>> = pairs.iter().copied().chain(further).chain(unanswered).collect();
    judge_pairs(&all, index, &mut problems);
    if coverage == Coverage::Complete {
        problems.extend(missing_problem(&missing, index));
    }
    problems.extend(judge_usability(submission));
    (missing, problems)
}

/// Every problem of the coverage of a submission that was refused for other reasons, so that all can be reported at once.
#[must_use]
pub fn judge_stated(
    stated: &Stated,
    index: &BenchmarkIndex,
    coverage: Coverage,
) -> Vec<SubmissionProblem> {
    let pairs: Vec<StatedPair<'_>> = stated
        .pairs
        .iter()
        .map(|(pair_id, source_id)| StatedPair { pair_id, source_id: source_id.as_ref() })
        .collect();
    let mut problems = Vec::new();
    judge_pairs(&pairs, index, &mut problems);
    if coverage == Coverage::Complete && stated.is_whole {
        problems.extend(missing_problem(&missing_pairs(&pairs, index), index));
    }
    problems
}

/// Whether any pair of the submission can be scored, whatever its scope is.
#[must_use]
pub fn judge_usability(submission: &Submission) -> Option<SubmissionProblem> {
    let given = submission.pairs.len();
    let usable = submission.pairs.iter().any(|pair| pair.outcome.is_usable());
    (!usable).then(|| {
        SubmissionProblem::new(ProblemCode::NoUsablePair, Place::Header, "no usable pair is left")
            .comparing(
                "at least one pair without a full refusal",
                format!("{given} pairs, each with a full refusal"),
            )
    })
}

#[derive(Clone, Copy)]
struct StatedPair<'a> {
    pair_id: &'a PairId,
    source_id: Option<&'a SourceId>,
}

fn missing_pairs<'a>(pairs: &[StatedPair<'_>], index: &'a BenchmarkIndex) -> Vec<&'a PairId> {
    if index.scope() == Scope::Toy {
        return Vec::new();
    }
    let submitted: BTreeSet<&PairId> = pairs.iter().map(|pair| pair.pair_id).collect();
    index
        .pairs()
        .map(|(pair_id, _)| pair_id)
        .filter(|pair_id| !submitted.contains(pair_id))
        .collect()
}

fn missing_problem(missing: &[&PairId], index: &BenchmarkIndex) -> Option<SubmissionProblem> {
    let message = format!("pairs of the scope `{}` are missing", index.scope());
    (!missing.is_empty()).then(|| {
        SubmissionProblem::new(ProblemCode::MissingPairs, Place::Header, message)
            .about(missing.iter().map(|pair_id| pair_id.as_str()))
    })
}

/// Pairs outside the scope, and sources that differ from the benchmark's.
fn judge_pairs(
    pairs: &[StatedPair<'_>],
    index: &BenchmarkIndex,
    problems: &mut Vec<SubmissionProblem>,
) {
    let outside: BTreeSet<&str> = pairs
        .iter()
        .filter(|pair| !index.holds(pair.pair_id))
        .map(|pair| pair.pair_id.as_str())
        .collect();
    if !outside.is_empty() {
        let message = format!("pair ids are outside the scope `{}`", index.scope());
        problems.push(
            SubmissionProblem::new(ProblemCode::OutsideScope, Place::Header, message)
                .about(outside),
        );
    }
    let mismatches: Vec<String> = pairs
        .iter()
        .filter_map(|pair| {
            let (stated, indexed) = (pair.source_id?, &index.get(pair.pair_id)?.source_id);
            (stated != indexed)
                .then(|| format!("{} (expected {indexed}, found {stated})", pair.pair_id))
        })
        .collect();
    if !mismatches.is_empty() {
        problems.push(
            SubmissionProblem::new(
                ProblemCode::SourceMismatch,
                Place::Header,
                "source ids differ from the benchmark's",
            )
            .about(mismatches.iter().map(String::as_str)),
        );
    }
}
