//! A submission: a model's reports over the pairs of a scope.
//!
//! Input: a JSON object, or JSON Lines with the header on the first line; plain, gzip or zstd. Output: a [`Submission`], in
//! which every report has become a dozen integers and its text is dropped, or every problem that the file has. Form
//! and rules: `spinefairbench-submission-v1`, described by `docs/submission_schema.json`.

use std::collections::BTreeMap;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_artifacts::json::Value;
use spinefairbench_metrics::PairOutcome;

use crate::scope::Scope;

mod field;
mod header;
mod problem;
mod read;
mod result;

pub use problem::{LISTED_IDS, Place, ProblemCode, SubmissionProblem};
pub use read::{SubmissionError, read};

/// The schema version of a submission.
pub const SUBMISSION_SCHEMA_VERSION: &str = "spinefairbench-submission-v1";

/// A well-formed submission; whether it covers its scope is judged against a benchmark index.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// What it says of itself.
    pub header: Header,
    /// Its pairs, in file order, each id once.
    pub pairs: Vec<SubmittedPair>,
    /// The digest of its content: equal for equal content in any of the accepted forms and any order of results.
    pub content_digest: Sha256,
}

/// What a submission says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The pairs that it means to cover.
    pub scope: Scope,
    /// The model, as given.
    pub model: BTreeMap<String, Value>,
    /// The model's name.
    pub model_name: String,
}

/// One submitted pair.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmittedPair {
    /// The pair.
    pub pair_id: PairId,
    /// Its source, if the submission states one.
    pub source_id: Option<SourceId>,
    /// What the two reports say.
    pub outcome: PairOutcome,
    /// What `lint` wants to know of the texts.
    pub texts: TextFacts,
    /// The digest of the result's content.
    pub(crate) digest: Sha256,
}

/// Facts about the two texts of a pair that the frozen parsers do not look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextFacts {
    /// Whether the two reports are the same text.
    pub is_identical: bool,
    /// The length of the shorter report, in characters.
    pub shorter_chars: usize,
    /// Whether a report has zero-width, look-alike or bidirectional characters next to letters.
    pub has_hidden_characters: bool,
}
