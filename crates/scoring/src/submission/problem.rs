//! What can be wrong with a submission: one [`SubmissionProblem`] per fault, all of them collected.

use std::fmt;

/// How many ids a problem lists before it only counts them.
pub const LISTED_IDS: usize = 10;

/// The stable code of a kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProblemCode {
    /// The file is not readable JSON or JSON Lines; the message names it.
    Unreadable,
    /// A field that must be there is not.
    FieldMissing,
    /// A field is there and of another type or form than it must have.
    FieldInvalid,
    /// A field that a result may not have.
    FieldUnknown,
    /// A field stands twice.
    FieldDuplicate,
    /// The schema version is another one.
    SchemaVersion,
    /// The scope is none of the four, or not the one asked for.
    Scope,
    /// There is no result.
    NoResults,
    /// A pair id stands in two results.
    DuplicatePair,
    /// Pairs that the scope does not hold.
    OutsideScope,
    /// Pairs of the scope that no result covers.
    MissingPairs,
    /// A source id differs from the benchmark's.
    SourceMismatch,
    /// Every pair was excluded.
    NoUsablePair,
    /// Reasoning in a report has no end, or not one that is certain, and cannot be taken out.
    ReasoningUnclosed,
    /// A report is nothing but reasoning, which cannot be taken out.
    ReasoningAlone,
    /// Reasoning was taken out before.
    StrippedBefore,
    /// There are more problems than are listed.
    More,
}

impl ProblemCode {
    /// The code in `snake_case`, as it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::FieldMissing => "field_missing",
            Self::FieldInvalid => "field_invalid",
            Self::FieldUnknown => "field_unknown",
            Self::FieldDuplicate => "field_duplicate",
            Self::SchemaVersion => "schema_version",
            Self::Scope => "scope",
            Self::NoResults => "no_results",
            Self::DuplicatePair => "duplicate_pair",
            Self::OutsideScope => "outside_scope",
            Self::MissingPairs => "missing_pairs",
            Self::SourceMismatch => "source_mismatch",
            Self::NoUsablePair => "no_usable_pair",
            Self::ReasoningUnclosed => "reasoning_unclosed",
            Self::ReasoningAlone => "reasoning_alone",
            Self::StrippedBefore => "stripped_before",
            Self::More => "more_problems",
        }
    }
}

/// Where in a submission a problem stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The submission as a whole, or its header.
    Header,
    /// Element `index` of `results`, counted from 0; in JSON Lines the result line `index`, the header not counted.
    Result {
        /// The index.
        index: usize,
    },
}

/// One fault of a submission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SubmissionProblem {
    /// The kind of fault.
    pub code: ProblemCode,
    /// Where it stands.
    pub place: Place,
    /// The field, if it is about one.
    pub field: Option<String>,
    /// What is wrong, as a clause without location.
    pub message: String,
    /// What should have been there.
    pub expected: Option<String>,
    /// What was there.
    pub found: Option<String>,
    /// At most [`LISTED_IDS`] of the ids that it concerns.
    pub ids: Vec<String>,
    /// How many ids it concerns in all; 0 if it is about none.
    pub total_ids: usize,
}

impl SubmissionProblem {
    /// A problem at `place`.
    pub fn new(code: ProblemCode, place: Place, message: impl Into<String>) -> Self {
        Self {
            code,
            place,
            field: None,
            message: message.into(),
            expected: None,
            found: None,
            ids: Vec::new(),
            total_ids: 0,
        }
    }

    /// The same problem, about `field`.
    #[must_use]
    pub(crate) fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same problem, with what was expected and what was found.
    #[must_use]
    pub fn comparing(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.found = Some(found.into());
        self
    }

    /// The same problem, about `ids`.
    #[must_use]
    pub fn about<'a>(mut self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        for id in ids {
            if self.ids.len() < LISTED_IDS {
                self.ids.push(id.to_owned());
            }
            self.total_ids += 1;
        }
        self
    }
}

impl fmt::Display for SubmissionProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.place, &self.field) {
            (Place::Header, None) => {}
            (Place::Header, Some(field)) => write!(formatter, "`{field}`: ")?,
            (Place::Result { index }, None) => write!(formatter, "results[{index}]: ")?,
            (Place::Result { index }, Some(field)) => {
                write!(formatter, "results[{index}].{field}: ")?;
            }
        }
        formatter.write_str(&self.message)?;
        match (&self.expected, &self.found) {
            (Some(expected), Some(found)) => {
                write!(formatter, " (expected {expected}, found {found})")?;
            }
            (Some(expected), None) => write!(formatter, " (expected {expected})")?,
            (None, Some(found)) => write!(formatter, " (found {found})")?,
            (None, None) => {}
        }
        if self.total_ids > 0 {
            let more = if self.total_ids > self.ids.len() { ", …" } else { "" };
            write!(formatter, ": {}{more} ({} in all)", self.ids.join(", "), self.total_ids)?;
        }
        Ok(())
    }
}
