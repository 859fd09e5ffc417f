//! What a model said again: repeats of a submission and null controls, gathered for its noise floor.
//!
//! They are the rows that the score file's `noise_floor` rests on (rule M-09). Everything is pure.

use std::collections::{BTreeMap, BTreeSet};

use spinefairbench_artifacts::ids::SourceId;
use spinefairbench_metrics::{PairOutcome, SourceCalls};
use spinefairbench_parsers::{ParsedReport, ResponseClass};

use crate::coverage::{Coverage, judge_coverage};
use crate::index::BenchmarkIndex;
use crate::score_file::{CallRow, FloorEvidence, MAX_CALLS_OF_A_SOURCE, SourceCallsName};
use crate::submission::{
    Place, ProblemCode, ReportSide, Submission, SubmissionProblem, SubmittedPair, UnansweredPair,
    Version,
};

/// Every reason why `repeat` is no further submission of the model of `first` on the scope of `index`. Pairs may be missing from it.
#[must_use]
pub fn judge_repeat(
    repeat: &Submission,
    first: &Submission,
    index: &BenchmarkIndex,
) -> Vec<SubmissionProblem> {
    let (_, mut problems) = judge_coverage(repeat, index, Coverage::Partial);
    let (expected, found) = (&first.header.model_name, &repeat.header.model_name);
    if expected != found {
        let problem = SubmissionProblem::new(
            ProblemCode::FieldInvalid,
            Place::Header,
            "a repeat must be of the same model",
        );
        let shown = |name: &str| format!("`{}`", spinefairbench_artifacts::text::shown(name));
        problems.push(problem.in_field("model.name").comparing(shown(expected), shown(found)));
    }
    if repeat.content_digest == first.content_digest {
        problems.push(SubmissionProblem::new(
            ProblemCode::DuplicatePair,
            Place::Header,
            "the repeat is the submission itself, which says nothing of a second call",
        ));
    }
    problems
}

/// What the noise floor of `submission` rests on, with `repeats` as further rounds; none where nothing was asked for: a submission of
/// version 1 without repeats.
///
/// # Errors
///
/// The problem of sources with more calls than are compared with each other.
pub(crate) fn floor_evidence(
    submission: &Submission,
    repeats: &[Submission],
    index: &BenchmarkIndex,
) -> Result<Option<FloorEvidence>, Vec<SubmissionProblem>> {
    if submission.header.version == Version::One && repeats.is_empty() {
        return Ok(None);
    }
    let sources: BTreeSet<&SourceId> = index.pairs().map(|(_, pair)| &pair.source_id).collect();
    let mut gathered = Gathered::default();
    let mut first_repeat = 0;
    for submission in std::iter::once(submission).chain(repeats) {
        first_repeat = gathered.add(submission, first_repeat, index, &sources);
    }
    if let Some(problem) = gathered.too_many_calls() {
        return Err(vec![problem]);
    }
    let source_calls = gathered.source_calls();
    let mut rows = gathered.rows;
    rows.sort_unstable_by(|left, right| left.key().cmp(&right.key()));
    Ok(Some(FloorEvidence {
        controls_left_out: gathered.controls_left_out,
        repeat_submissions: repeats.iter().map(|repeat| repeat.content_digest).collect(),
        rows,
        source_calls: SourceCallsName(source_calls),
    }))
}

#[derive(Default)]
struct Gathered {
    rows: Vec<CallRow>,
    controls_left_out: usize,
    /// Of every source and round: whether its reports are one text, and how many they are.
    texts: BTreeMap<(SourceId, u32), Texts>,
}

#[derive(Default)]
struct Texts {
    fingerprint: Option<u64>,
    differ: bool,
    n: usize,
}

/// A pair with what became of its two reports.
struct Shown<'a> {
    reports: [Option<ParsedReport>; 2],
    fingerprint: Option<u64>,
    pair_id: &'a spinefairbench_artifacts::ids::PairId,
    source_id: Option<&'a SourceId>,
    repeat: u32,
    is_control: bool,
}

impl<'a> Shown<'a> {
    fn answered(pair: &'a SubmittedPair, repeat: u32, is_control: bool) -> Self {
        let PairOutcome { source, counterfactual } = pair.outcome;
        Self {
            reports: [Some(source), Some(counterfactual)],
            fingerprint: Some(pair.texts.of(ReportSide::Source).fingerprint),
            pair_id: &pair.pair_id,
            source_id: pair.source_id.as_ref(),
            repeat,
            is_control,
        }
    }

    fn unanswered(pair: &'a UnansweredPair) -> Self {
        Self {
            reports: pair.reports,
            fingerprint: pair.source_fingerprint,
            pair_id: &pair.pair_id,
            source_id: pair.source_id.as_ref(),
            repeat: pair.repeat,
            is_control: pair.is_control,
        }
    }
}

impl Gathered {
    /// Takes the pairs of `submission`, its rounds counted from `first_repeat`, and gives the number of the round after them.
    fn add(
        &mut self,
        submission: &Submission,
        first_repeat: u32,
        index: &BenchmarkIndex,
        sources: &BTreeSet<&SourceId>,
    ) -> u32 {
        let answered = submission.pairs.iter().map(|pair| Shown::answered(pair, 0, false));
        let further = submission.further.iter();
        let further = further.map(|row| Shown::answered(&row.pair, row.repeat, row.is_control));
        let unanswered = submission.unanswered.iter().map(Shown::unanswered);
        let mut after = first_repeat;
        for mut shown in answered.chain(further).chain(unanswered) {
            shown.repeat = shown.repeat.saturating_add(first_repeat);
            after = after.max(shown.repeat.saturating_add(1));
            self.add_pair(&shown, index, sources);
        }
        after
    }

    fn add_pair(
        &mut self,
        shown: &Shown<'_>,
        index: &BenchmarkIndex,
        sources: &BTreeSet<&SourceId>,
    ) {
        let source_id = if shown.is_control {
            shown.source_id.filter(|source| sources.contains(source))
        } else {
            index.get(shown.pair_id).map(|pair| &pair.source_id)
        };
        let Some(source_id) = source_id else {
            self.controls_left_out += usize::from(shown.is_control);
            return;
        };
        if let Some(fingerprint) = shown.fingerprint {
            let texts = self.texts.entry((source_id.clone(), shown.repeat)).or_default();
            texts.n += 1;
            texts.differ |= *texts.fingerprint.get_or_insert(fingerprint) != fingerprint;
        }
        let is_usable = |report: &Option<ParsedReport>| {
            report.is_some_and(|report| report.response_class != ResponseClass::FullRefusal)
        };
        // Usable pairs of the first round stand among the rows of the score; of the others those that say anything.
        let is_first = shown.repeat == 0 && !shown.is_control;
        let n_usable = shown.reports.iter().filter(|report| is_usable(report)).count();
        let is_row = if is_first { n_usable == 1 } else { n_usable > 0 };
        if is_row {
            self.rows.push(CallRow::new(
                shown.pair_id.clone(),
                source_id.clone(),
                shown.repeat,
                shown.is_control,
                shown.reports,
            ));
        }
    }

    fn too_many_calls(&self) -> Option<SubmissionProblem> {
        let mut calls: BTreeMap<&SourceId, usize> = BTreeMap::new();
        for ((source, _), texts) in &self.texts {
            *calls.entry(source).or_default() += texts.n;
        }
        let too_many = calls.iter().filter(|(_, calls)| **calls > MAX_CALLS_OF_A_SOURCE);
        let too_many: Vec<&str> = too_many.map(|(source, _)| source.as_str()).collect();
        let problem = SubmissionProblem::new(
            ProblemCode::FieldInvalid,
            Place::Header,
            "sources have more reports than are compared with each other",
        );
        (!too_many.is_empty()).then(|| {
            problem
                .in_field("results")
                .comparing(format!("at most {MAX_CALLS_OF_A_SOURCE} of a source"), "more")
                .about(too_many)
        })
    }

    /// Whether the source was called once a round: if wherever a round has several reports on a source, they are one text. Which
    /// of the two it was cannot be told from a model that always says the same; then no floor is made up from copies.
    fn source_calls(&self) -> SourceCalls {
        if self.texts.values().any(|texts| texts.differ) {
            SourceCalls::OnePerPair
        } else {
            SourceCalls::OnePerRepeat
        }
    }
}
