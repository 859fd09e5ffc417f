//! What is wrong with a bundle, as every reader and every check says it.
//!
//! A [`Finding`] has a stable [`Code`], a sentence, the place, what was expected and what was found, and its [`Weight`]: what makes
//! a number, an identity or a membership wrong is an error, all else is advice. `Display` is the form on one line that terminals
//! and JUnit show; serialized it is an element of `findings` or of `advice`.

use std::fmt;

use serde::Serialize;

use crate::error::Diagnostic;

/// The stable name of a kind of problem, in `snake_case`; scripts and the tests of other projects may match it.
///
/// Codes are open: whoever judges declares those that it alone gives. Here stand the ones that several readers or checks share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Code(&'static str);

impl Code {
    /// A file that must be there is not.
    pub const FILE_MISSING: Self = Self("file_missing");
    /// A path that should be a file is a folder or something else.
    pub const NOT_A_FILE: Self = Self("not_a_file");
    /// A path that is not a plain release-relative path, or that leaves the bundle.
    pub const UNSAFE_PATH: Self = Self("path_unsafe");
    /// A field that a reader needs is absent.
    pub const FIELD_MISSING: Self = Self("json_missing_field");
    /// A field is there and of another type or form than it must have.
    pub const FIELD_INVALID: Self = Self("json_type");
    /// A pair id occurs twice.
    pub const DUPLICATE_PAIR_ID: Self = Self("duplicate_pair_id");
    /// An edit label is none of the four.
    pub const EDIT_LABEL_UNKNOWN: Self = Self("edit_label_unknown");
    /// A pair id is not source, two underscores, label.
    pub const PAIR_ID_MALFORMED: Self = Self("pair_id_malformed");
    /// A row names another image path than its pair gives.
    pub const IMAGE_PATH_UNEXPECTED: Self = Self("image_path_unexpected");
    /// No panel manifest lists the model.
    pub const MODEL_UNLISTED: Self = Self("model_unlisted");
    /// A retained row carries an error.
    pub const REPORT_ERROR: Self = Self("report_error");
    /// A retained row's pair id is not a non-empty string.
    pub const PAIR_ID_INVALID: Self = Self("pair_id_invalid");
    /// A retained row's report is absent or blank.
    pub const REPORT_BLANK: Self = Self("report_blank");
    /// A retained row's role is neither `source` nor `generated`.
    pub const ROLE_UNKNOWN: Self = Self("role_unknown");
    /// A pair has two rows of one role.
    pub const DUPLICATE_REPORT: Self = Self("duplicate_report");
    /// A pair lacks one of its two reports.
    pub const UNPAIRED_REPORT: Self = Self("unpaired_report");
    /// A row declares no source.
    pub const SOURCE_UNDECLARED: Self = Self("source_undeclared");
    /// The rows of a pair declare different sources.
    pub const SOURCE_DISAGREES: Self = Self("source_disagrees");
    /// A pair id does not begin with its source.
    pub const PAIR_ID_PREFIX: Self = Self("pair_id_prefix");
    /// A model has no pair left to compute from.
    pub const NO_USABLE_PAIR: Self = Self("no_usable_pair");
    /// A check was asked about a part of the bundle that was not read.
    pub const PART_NOT_READ: Self = Self("part_not_read");
    /// Bytes follow the closing chunk of an image; no decoder reads them.
    pub const PNG_TRAILING_BYTES: Self = Self("png_trailing_bytes");

    /// All of the above.
    pub const SHARED: &'static [Self] = &[
        Self::FILE_MISSING,
        Self::NOT_A_FILE,
        Self::UNSAFE_PATH,
        Self::FIELD_MISSING,
        Self::FIELD_INVALID,
        Self::DUPLICATE_PAIR_ID,
        Self::EDIT_LABEL_UNKNOWN,
        Self::PAIR_ID_MALFORMED,
        Self::IMAGE_PATH_UNEXPECTED,
        Self::MODEL_UNLISTED,
        Self::REPORT_ERROR,
        Self::PAIR_ID_INVALID,
        Self::REPORT_BLANK,
        Self::ROLE_UNKNOWN,
        Self::DUPLICATE_REPORT,
        Self::UNPAIRED_REPORT,
        Self::SOURCE_UNDECLARED,
        Self::SOURCE_DISAGREES,
        Self::PAIR_ID_PREFIX,
        Self::NO_USABLE_PAIR,
        Self::PART_NOT_READ,
        Self::PNG_TRAILING_BYTES,
    ];

    /// The code called `name`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name, as it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0)
    }
}

/// What a finding means for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Weight {
    /// A number, an identity or a membership is wrong, or cannot be computed.
    #[default]
    Error,
    /// Worth knowing, and no number depends on it: the bundle passes nevertheless.
    Advice,
}

/// One problem: what, where, expected and found. Absent places are left out of the JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The kind of problem.
    pub code: Code,
    /// A sentence for people, without location.
    pub message: String,
    /// The file, from the bundle root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The element of a JSON list or the data row of a table, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// What should have been found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// What it means for the verdict; in JSON the list that it stands in says that.
    #[serde(skip)]
    pub weight: Weight,
}

impl Finding {
    /// A finding without location.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: None,
            line: None,
            row: None,
            expected: None,
            actual: None,
            weight: Weight::Error,
        }
    }

    /// The finding for a problem of reading.
    #[must_use]
    pub fn of(problem: &(impl Diagnostic + ?Sized)) -> Self {
        Self {
            code: Code(problem.code()),
            message: problem.to_string(),
            path: problem.path().map(str::to_owned),
            line: problem.line(),
            row: None,
            expected: problem.expected(),
            actual: problem.actual(),
            weight: Weight::Error,
        }
    }

    /// The same finding, as advice.
    #[must_use]
    pub fn as_advice(self) -> Self {
        Self { weight: Weight::Advice, ..self }
    }

    /// Whether the verdict is none the worse for it.
    #[must_use]
    pub fn is_advice(&self) -> bool {
        self.weight == Weight::Advice
    }

    /// The same finding, in the file `path`.
    #[must_use]
    pub fn in_file(mut self, path: impl fmt::Display) -> Self {
        self.path = Some(path.to_string());
        self
    }

    /// The same finding, at line `line`.
    #[must_use]
    pub fn at_line(mut self, line: impl Into<u64>) -> Self {
        self.line = Some(line.into());
        self
    }

    /// The same finding, at element `row` of the file's list.
    #[must_use]
    pub fn at_row(mut self, row: impl Into<u64>) -> Self {
        self.row = Some(row.into());
        self
    }

    /// The same finding, with what was expected and what was found.
    #[must_use]
    pub fn comparing(mut self, expected: impl fmt::Display, actual: impl fmt::Display) -> Self {
        self.expected = Some(expected.to_string());
        self.actual = Some(actual.to_string());
        self
    }
}

impl fmt::Display for Finding {
    /// On one line: code, place, message, expected and found.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{}]", self.code)?;
        // A message of a reader names its file itself.
        let is_named = |path: &&String| self.message.starts_with(&format!("`{path}`"));
        if let Some(path) = self.path.as_ref().filter(|path| !is_named(path)) {
            write!(formatter, " {path}")?;
        }
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        if let Some(row) = self.row {
            write!(formatter, " row {row}")?;
        }
        write!(formatter, " {}", self.message)?;
        match (&self.expected, &self.actual) {
            (Some(expected), Some(actual)) => {
                write!(formatter, " (expected {expected}, found {actual})")
            }
            (Some(expected), None) => write!(formatter, " (expected {expected})"),
            (None, Some(actual)) => write!(formatter, " (found {actual})"),
            (None, None) => Ok(()),
        }
    }
}
