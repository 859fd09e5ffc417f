//! What is wrong with the retained reports of a model.

/// One problem, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{fault}", row.map(|row| format!("row {row}: ")).unwrap_or_default(),
    pair_id.as_ref().map(|pair| format!("pair `{pair}`: ")).unwrap_or_default())]
pub struct RetainedProblem {
    /// The row's position in the panel, from 0; none where a row is missing.
    pub row: Option<usize>,
    /// The pair, as far as the row names one.
    pub pair_id: Option<String>,
    /// What is wrong.
    pub fault: RetainedFault,
}

/// The kinds of trouble with retained reports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RetainedFault {
    /// The row could not be read.
    #[error("{problem}")]
    Unread {
        /// What stood in the way.
        problem: String,
    },
    /// The row records that the model failed.
    #[error("the row carries an error")]
    ReportError,
    /// The pair id is absent or empty.
    #[error("the pair id is not a non-empty string")]
    NoPairId,
    /// The report is absent or blank.
    #[error("the response has no text")]
    Blank,
    /// The role is neither of the two.
    #[error("the role `{role}` is neither `source` nor `generated`")]
    UnknownRole {
        /// The role, as the row has it.
        role: String,
    },
    /// A side of the pair has no report.
    #[error("there is no `{role}` report")]
    Unpaired {
        /// The side.
        role: &'static str,
    },
    /// A side of the pair has several reports.
    #[error("there are {found} `{role}` reports")]
    Repeated {
        /// The side.
        role: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A row declares no source.
    #[error("the row declares no source")]
    NoSource,
    /// The rows of the pair declare different sources.
    #[error("the row declares the source `{found}`, another one `{expected}`")]
    SourcesDisagree {
        /// What the first row declares.
        expected: String,
        /// What this one declares.
        found: String,
    },
    /// The pair id is not made of its source.
    #[error("the pair id does not begin with `{source_id}__`")]
    PairIdPrefix {
        /// The declared source.
        source_id: String,
    },
    /// The panel has no row of the model.
    #[error("the panel has no row of the model")]
    NoRow,
}
