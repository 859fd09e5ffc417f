//! A submission: a model's reports over the pairs of a scope.
//!
//! Input: a JSON object, or JSON Lines with the header on the first line; plain, gzip or zstd. Output: a [`Submission`], in
//! which every report has become a dozen integers and its text is dropped, or every problem that the file has. Form
//! and rules: `spinefairbench-submission-v1`, described by `docs/submission_schema.json`. Version 2 also holds repeats, null controls and
//! pairs without a report, which enter no endpoint but a noise floor.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_artifacts::json::Value;
use spinefairbench_metrics::PairOutcome;

use crate::lint::Signs;
use crate::scope::Scope;
use crate::text::Disguise;

mod build;
mod field;
mod gathered;
mod header;
mod problem;
mod read;
mod result;
mod stripped;
mod version2;

pub use build::SubmissionBuilder;
pub use gathered::SubmissionError;
pub use problem::{LISTED_IDS, Place, ProblemCode, SubmissionProblem};
pub use read::{read, read_keeping};
pub use stripped::{Stripped, StrippedReport, StrippingTool};
pub use version2::{FurtherPair, ReportState, UnansweredPair};

/// The schema version of a submission.
pub const SUBMISSION_SCHEMA_VERSION: &str = "spinefairbench-submission-v1";
/// The schema version of a submission with repeats, null controls and states.
pub const SUBMISSION_SCHEMA_VERSION_2: &str = "spinefairbench-submission-v2";

/// The version of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Version {
    /// One result a pair, with both of its reports.
    #[default]
    One,
    /// Also repeats, null controls, and pairs without a report.
    Two,
}

impl Version {
    /// What the field `schema_version` says.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => SUBMISSION_SCHEMA_VERSION,
            Self::Two => SUBMISSION_SCHEMA_VERSION_2,
        }
    }
}

/// A well-formed submission; whether it covers its scope is judged against a benchmark index.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// What it says of itself.
    pub header: Header,
    /// Its pairs, in file order, each id once.
    pub pairs: Vec<SubmittedPair>,
    /// Repeats and null controls, in file order; none in version 1.
    pub further: Vec<FurtherPair>,
    /// Pairs of which a report is not there, in file order; none in version 1.
    pub unanswered: Vec<UnansweredPair>,
    /// The digest of its content: equal for equal content in any of the accepted forms and any order of results.
    pub content_digest: Sha256,
}

/// What a submission says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The version of its form.
    pub version: Version,
    /// The pairs that it means to cover.
    pub scope: Scope,
    /// The model, as given.
    pub model: BTreeMap<String, Value>,
    /// The model's name.
    pub model_name: String,
    /// What was taken out of it before, if anything.
    pub stripped: Option<Stripped>,
    /// Top-level keys that no rule reads, in file order.
    pub unread_keys: Vec<String>,
}

/// What a refused submission states all the same: enough to judge its coverage together with its other problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The pairs that it means to cover.
    pub scope: Scope,
    /// Each pair whose id could be read.
    pub pairs: Vec<(PairId, Option<SourceId>)>,
    /// Whether every result's id could be read; if not, nothing can be said of missing pairs.
    pub is_whole: bool,
}

/// Which reports are kept as text beside what was read from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptTexts<'a> {
    /// None: memory stays small however long the reports are.
    None,
    /// Those of these pairs.
    Of(&'a BTreeSet<PairId>),
    /// All of them.
    All,
}

impl KeptTexts<'_> {
    fn keeps(self, pair_id: &PairId) -> bool {
        match self {
            Self::None => false,
            Self::Of(pairs) => pairs.contains(pair_id),
            Self::All => true,
        }
    }
}

/// The two reports of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairTexts {
    /// The report on the source radiograph.
    pub source: String,
    /// The report on its counterfactual copy.
    pub counterfactual: String,
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

/// One of the two reports of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportSide {
    /// The report on the source radiograph.
    Source,
    /// The report on its counterfactual copy.
    Counterfactual,
}

impl ReportSide {
    /// Both, in the order in which a result has them.
    pub const ALL: [Self; 2] = [Self::Source, Self::Counterfactual];

    /// The side's name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Counterfactual => "counterfactual",
        }
    }
}

impl fmt::Display for ReportSide {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Facts about the two texts of a pair that the frozen parsers do not look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextFacts {
    /// Whether the two reports are the same text.
    pub is_identical: bool,
    /// Each report, in the order of [`ReportSide::ALL`].
    pub reports: [ReportFacts; 2],
}

impl TextFacts {
    pub(crate) fn of(&self, side: ReportSide) -> &ReportFacts {
        &self.reports[side as usize]
    }
}

/// Facts about one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportFacts {
    /// Its length in characters.
    pub chars: usize,
    /// Its length in bytes.
    pub bytes: usize,
    /// What invisible and look-alike characters do in it.
    pub disguise: Disguise,
    /// Whether it has accents as characters of their own.
    pub is_decomposed: bool,
    /// What it shows of how it came about.
    pub(crate) signs: Signs,
    /// A hash of it, to find texts that stand everywhere.
    pub(crate) fingerprint: u64,
}
