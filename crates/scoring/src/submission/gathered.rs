//! What was read of a submission so far, until it is judged as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use spinefairbench_artifacts::digest::{Hasher, Sha256};
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_artifacts::json::Value;
use spinefairbench_artifacts::limits::InputLimits;

use super::header::JudgedHeader;
use super::problem::{Place, ProblemCode, SubmissionProblem};
use super::result::{Judged, JudgedResult};
use super::version2::{FurtherPair, UnansweredPair};
use super::{Header, PairTexts, Stated, Submission, SubmittedPair};
use crate::scope::Scope;

/// Why there is no submission.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmissionError {
    /// The bytes could not be read.
    #[error("cannot read `{name}`")]
    Read {
        /// The file, as the user named it.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// The submission was judged and refused.
    #[error("`{name}` has {} problem{}", problems.len(), if problems.len() == 1 { "" } else { "s" })]
    Refused {
        /// The file, as the user named it.
        name: String,
        /// Every problem, those of the header first, then in file order; never empty.
        problems: Vec<SubmissionProblem>,
        /// What it states all the same; none where not even the scope could be read.
        stated: Option<Box<Stated>>,
    },
}

/// Everything that was read so far.
#[derive(Debug)]
pub(super) struct Gathered {
    /// How many problems are kept; more are only counted.
    most_problems: usize,
    /// Problems that were only counted.
    n_unlisted: usize,
    pub(super) header_problems: Vec<SubmissionProblem>,
    pub(super) problems: Vec<SubmissionProblem>,
    pub(super) n_results: usize,
    /// Whether something could not be read to its end, so that results may follow that nobody has seen.
    pub(super) is_cut: bool,
    pairs: Vec<SubmittedPair>,
    further: Vec<FurtherPair>,
    unanswered: Vec<UnansweredPair>,
    texts: BTreeMap<PairId, PairTexts>,
    /// The ids of results with problems.
    refused: Vec<(PairId, Option<SourceId>)>,
    has_nameless: bool,
}

impl Gathered {
    /// Nothing yet, under `limits`.
    pub(super) fn within(limits: &InputLimits) -> Self {
        Self {
            // One of them may have to say how many more there are.
            most_problems: limits.findings.saturating_sub(1),
            n_unlisted: 0,
            header_problems: Vec::new(),
            problems: Vec::new(),
            n_results: 0,
            is_cut: false,
            pairs: Vec::new(),
            further: Vec::new(),
            unanswered: Vec::new(),
            texts: BTreeMap::new(),
            refused: Vec::new(),
            has_nameless: false,
        }
    }

    pub(super) fn add(&mut self, judged: JudgedResult) {
        self.n_results += 1;
        match judged {
            Ok(Judged::Pair(pair, texts)) => {
                if let Some(texts) = texts {
                    self.texts.insert(pair.pair_id.clone(), texts);
                }
                self.pairs.push(*pair);
            }
            Ok(Judged::Further(further)) => self.further.push(*further),
            Ok(Judged::Unanswered(pair)) => self.unanswered.push(pair),
            Err(result) => {
                let room = self.most_problems.saturating_sub(self.problems.len());
                self.n_unlisted += result.problems.len().saturating_sub(room);
                self.problems.extend(result.problems.into_iter().take(room));
                self.has_nameless |= result.stated.is_none();
                self.refused.extend(result.stated);
            }
        }
    }

    /// The submission with the texts that were kept, or every problem.
    pub(super) fn finish(
        mut self,
        name: &str,
        judged: JudgedHeader,
    ) -> Result<(Submission, BTreeMap<PairId, PairTexts>), SubmissionError> {
        if self.n_results == 0 && !self.is_cut && !self.has_results_problem() {
            let problem =
                SubmissionProblem::new(ProblemCode::NoResults, Place::Header, "there is no result");
            self.header_problems
                .push(problem.in_field("results").comparing("at least one result", "none"));
        }
        self.problems.extend(self.repeated_pairs());
        if let Some(header) = &judged.header {
            self.problems.extend(self.foreign_stripped(header));
        }
        self.header_problems.append(&mut self.problems);
        self.n_unlisted += self.header_problems.len().saturating_sub(self.most_problems);
        self.header_problems.truncate(self.most_problems);
        if self.n_unlisted > 0 {
            let message = format!("{} more problems are not listed", self.n_unlisted);
            self.header_problems.push(SubmissionProblem::new(
                ProblemCode::More,
                Place::Header,
                message,
            ));
        }
        match judged.header {
            Some(header) if self.header_problems.is_empty() => {
                let Self { pairs, further, unanswered, texts, .. } = self;
                let content_digest = content_digest(&header, &pairs, &further, &unanswered);
                Ok((Submission { header, pairs, further, unanswered, content_digest }, texts))
            }
            _ => Err(SubmissionError::Refused {
                name: name.to_owned(),
                stated: judged.scope.map(|scope| Box::new(self.stated(scope))),
                problems: self.header_problems,
            }),
        }
    }

    /// Whether it was said already why there is no result: the whole could not be read, or its `results` are none.
    fn has_results_problem(&self) -> bool {
        self.header_problems
            .iter()
            .any(|problem| problem.field.is_none() || problem.field.as_deref() == Some("results"))
    }

    fn repeated_pairs(&self) -> Option<SubmissionProblem> {
        let whole = self.pairs.iter().map(|pair| (pair.pair_id.as_str(), 0, false));
        let refused = self.refused.iter().map(|(pair_id, _)| (pair_id.as_str(), 0, false));
        let further = self.further.iter();
        let further = further.map(|row| (row.pair.pair_id.as_str(), row.repeat, row.is_control));
        let unanswered = self.unanswered.iter();
        let unanswered = unanswered.map(|row| (row.pair_id.as_str(), row.repeat, row.is_control));
        let mut ids: Vec<(&str, u32, bool)> =
            whole.chain(refused).chain(further).chain(unanswered).collect();
        ids.sort_unstable();
        let mut repeated: Vec<&str> =
            ids.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0].0).collect();
        repeated.dedup();
        let problem = SubmissionProblem::new(
            ProblemCode::DuplicatePair,
            Place::Header,
            "pair ids stand in several results",
        );
        (!repeated.is_empty()).then(|| problem.in_field("results").about(repeated))
    }

    /// Pairs that the record of what was taken out names and no result has.
    fn foreign_stripped(&self, header: &Header) -> Option<SubmissionProblem> {
        let record = header.stripped.as_ref()?;
        if self.is_cut {
            return None;
        }
        let whole = self.pairs.iter().map(|pair| pair.pair_id.as_str());
        let known: BTreeSet<&str> =
            whole.chain(self.refused.iter().map(|(pair_id, _)| pair_id.as_str())).collect();
        let foreign: BTreeSet<&str> = record
            .reports
            .iter()
            .map(|report| report.pair_id.as_str())
            .filter(|pair_id| !known.contains(pair_id))
            .collect();
        let problem = SubmissionProblem::new(
            ProblemCode::FieldInvalid,
            Place::Header,
            "the record names pairs that have no result",
        );
        (!foreign.is_empty()).then(|| problem.in_field(super::stripped::FIELD).about(foreign))
    }

    fn stated(&mut self, scope: Scope) -> Stated {
        let whole = self.pairs.drain(..).map(|pair| (pair.pair_id, pair.source_id));
        Stated {
            scope,
            pairs: whole.chain(self.refused.drain(..)).collect(),
            is_whole: !self.is_cut && !self.has_nameless,
        }
    }
}

/// The digest of the header and of all results in the order of their ids. What was taken out belongs to it, so that a copy
/// without the record is another submission.
pub(super) fn content_digest(
    header: &Header,
    pairs: &[SubmittedPair],
    further: &[FurtherPair],
    unanswered: &[UnansweredPair],
) -> Sha256 {
    let mut hasher = Hasher::default();
    hasher.update(header.version.as_str().as_bytes());
    hasher.update(b"\n");
    hasher.update(header.scope.as_str().as_bytes());
    hasher.update(b"\n");
    hasher.update(Value::Object(header.model.clone()).to_string().as_bytes());
    hasher.update(b"\n");
    if let Some(stripped) = &header.stripped {
        hasher.update(stripped.to_json().as_bytes());
        hasher.update(b"\n");
    }
    let pairs = pairs.iter().map(|pair| (&pair.pair_id, 0, pair.digest));
    let further = further.iter().map(|row| (&row.pair.pair_id, row.repeat, row.pair.digest));
    let unanswered = unanswered.iter().map(|row| (&row.pair_id, row.repeat, row.digest));
    let mut in_order: Vec<_> = pairs.chain(further).chain(unanswered).collect();
    in_order.sort_unstable();
    for (_, _, digest) in in_order {
        hasher.update(digest.to_string().as_bytes());
        hasher.update(b"\n");
    }
    hasher.finish()
}
