//! Strict JSON: text to typed records, with errors that name the place.
//!
//! Input: the bytes of a file. Output: a record, or a [`JsonError`] with line, column, the path inside the document and
//! a short excerpt. A byte order mark, invalid UTF-8, `NaN`, lone surrogates and nesting beyond 128 levels are errors;
//! a duplicate key is an error wherever its value is read: in records, in [`Value`] and in [`UniqueMap`]. Released files,
//! which Python wrote and Python's reader takes, are read by [`released`].

use std::borrow::Cow;

use serde::Deserialize;

use crate::error::{ArtifactError, Diagnostic};
use crate::text;

mod failure;
mod python;
mod strict;
mod truth;
mod unique_map;
mod unrepeated;
mod value;

pub use python::as_python_reads;
pub(crate) use python::not_finite;
pub use truth::Truth;
pub use unique_map::UniqueMap;
pub(crate) use unrepeated::Unrepeated;
pub use value::{Number, Value};

use strict::Strict;

/// The record in the JSON file `path` whose content is `bytes`; it may borrow from them.
///
/// # Errors
///
/// [`ArtifactError::Encoding`] or [`ArtifactError::Json`].
///
/// ```
/// # use spinefairbench_artifacts::{Diagnostic, json};
/// #[derive(Debug, serde::Deserialize)]
/// struct Subset { source_ids: Vec<String> }
///
/// let subset: Subset = json::from_slice("subset.json", br#"{"source_ids": ["a"]}"#)?;
/// assert_eq!(subset.source_ids, ["a"]);
/// let error = json::from_slice::<Subset>("subset.json", br#"{"source_ids": ["a", 5]}"#).unwrap_err();
/// assert_eq!(error.actual().as_deref(), Some("integer `5`"));
/// # Ok::<(), spinefairbench_artifacts::ArtifactError>(())
/// ```
pub fn from_slice<'a, T: Deserialize<'a>>(path: &str, bytes: &'a [u8]) -> Result<T, ArtifactError> {
    let text = text::decode(path, bytes)?;
    from_text(path, text, 1).map_err(ArtifactError::Json)
}

/// The value in the released file `path`, as Python's `json` reads it: numbers that are none, numbers beyond the largest float,
/// half surrogate pairs and keys that stand twice stop only who reads them.
///
/// # Errors
///
/// [`ArtifactError::Encoding`] or [`ArtifactError::Json`].
///
/// ```
/// # use spinefairbench_artifacts::json::released;
/// let value = released("a.json", br#"{"n": 1, "latency": [NaN, 1e999], "note": 1, "note": 2}"#)?;
/// assert_eq!(value.get("n").and_then(|n| n.as_u64()), Some(1));
/// assert_eq!(value.get("note").and_then(|note| note.as_u64()), None);
/// # Ok::<(), spinefairbench_artifacts::ArtifactError>(())
/// ```
pub fn released(path: &str, bytes: &[u8]) -> Result<Value, ArtifactError> {
    let text = text::decode(path, bytes)?;
    released_text(path, text, 1).map_err(ArtifactError::Json)
}

/// The value in `text`, which starts at line `first_line` of the released file `path`.
pub(crate) fn released_text(
    path: &str,
    text: &str,
    first_line: u64,
) -> Result<Value, Box<JsonError>> {
    let text = match as_python_reads(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // What is rewritten is ASCII and stays so.
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    };
    from_text(path, &text, first_line).or_else(|error| {
        if !error.is_number_beyond_floats() {
            return Err(error);
        }
        let rewritten = python::with_numbers_beyond_floats(text.as_bytes());
        from_text(path, &String::from_utf8_lossy(&rewritten), first_line)
    })
}

/// The bytes as [`as_python_reads`] gives them, numbers beyond the largest float marked too.
#[must_use]
pub fn as_python_reads_all(bytes: &[u8]) -> Vec<u8> {
    python::with_numbers_beyond_floats(&as_python_reads(bytes))
}

/// The record in `text`, which starts at line `first_line` of the file `path`.
pub(crate) fn from_text<'a, T: Deserialize<'a>>(
    path: &str,
    text: &'a str,
    first_line: u64,
) -> Result<T, Box<JsonError>> {
    let mut parser = serde_json::Deserializer::from_str(text);
    let record = T::deserialize(Strict(&mut parser));
    let whole = record.and_then(|record| Ok(parser.end().map(|()| record)?));
    // Following the path inside the document costs time, so it is done only once it is known to be needed.
    whole.map_err(|failure| {
        let mut parser = serde_json::Deserializer::from_str(text);
        let place = match serde_path_to_error::deserialize::<_, T>(Strict(&mut parser)) {
            Err(located) => located.path().to_string(),
            // The value is whole, so what is wrong comes after it.
            Ok(_) => ".".to_owned(),
        };
        Box::new(failure::explain(path, text, first_line, &place, failure))
    })
}

/// What a reader of keys says about a key that stands twice; [`strict`] knows it again.
fn duplicate_key(key: &str) -> String {
    format!("{DUPLICATE_KEY}{key}")
}

const DUPLICATE_KEY: &str = "duplicate key: ";

/// Why a JSON text could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` line {line} column {column}, at `{place}`: {problem} (near `{excerpt}`)")]
pub struct JsonError {
    /// The file.
    pub path: Box<str>,
    /// Line, from 1.
    pub line: u64,
    /// Column in bytes, from 1.
    pub column: u64,
    /// Path inside the document, `$` for the whole.
    pub place: String,
    /// What is wrong.
    pub problem: JsonProblem,
    /// At most [`text::EXCERPT_CHARS`] characters around the place, escaped.
    pub excerpt: String,
}

/// What is wrong with a JSON text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonProblem {
    /// The text ends too early.
    #[error("the text ends too early ({detail})")]
    Truncated {
        /// What the parser says.
        detail: String,
    },
    /// The text is no JSON.
    #[error("no JSON: {detail}")]
    Syntax {
        /// What the parser says.
        detail: String,
    },
    /// `NaN` or `Infinity`, which Python writes and JSON has not.
    #[error("`{token}` is no JSON number")]
    NotFinite {
        /// The token.
        token: &'static str,
    },
    /// A surrogate without its partner, which is no character.
    #[error("a `\\u` escape is half of a surrogate pair")]
    LoneSurrogate,
    /// More than 128 levels.
    #[error("nested deeper than 128 levels")]
    TooDeep,
    /// A key stands twice in one object.
    #[error("duplicate key `{key}`")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A field is not there.
    #[error("missing field `{field}`")]
    MissingField {
        /// The field.
        field: String,
    },
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    Type {
        /// What the reader wants.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A value of the right type that means nothing.
    #[error("{detail}")]
    Value {
        /// Why.
        detail: String,
    },
}

impl JsonError {
    /// Whether the parser met a number that no float holds.
    pub(crate) fn is_number_beyond_floats(&self) -> bool {
        matches!(&self.problem, JsonProblem::Syntax { detail } if detail == "number out of range")
    }
}

impl Diagnostic for JsonError {
    fn code(&self) -> &'static str {
        match self.problem {
            JsonProblem::Truncated { .. } => "json_truncated",
            JsonProblem::Syntax { .. } => "json_syntax",
            JsonProblem::NotFinite { .. } => "json_not_finite",
            JsonProblem::LoneSurrogate => "json_lone_surrogate",
            JsonProblem::TooDeep => "json_too_deep",
            JsonProblem::DuplicateKey { .. } => "json_duplicate_key",
            JsonProblem::MissingField { .. } => "json_missing_field",
            JsonProblem::Type { .. } => "json_type",
            JsonProblem::Value { .. } => "json_value",
        }
    }

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn line(&self) -> Option<u64> {
        Some(self.line)
    }

    fn expected(&self) -> Option<String> {
        Some(match &self.problem {
            JsonProblem::Truncated { .. } | JsonProblem::Syntax { .. } => "JSON text".to_owned(),
            JsonProblem::NotFinite { .. } => "a finite number".to_owned(),
            JsonProblem::LoneSurrogate => "a whole surrogate pair".to_owned(),
            JsonProblem::TooDeep => "at most 128 levels".to_owned(),
            JsonProblem::DuplicateKey { .. } => "each key once".to_owned(),
            JsonProblem::MissingField { field } => format!("a field `{field}`"),
            JsonProblem::Type { expected, .. } => expected.clone(),
            JsonProblem::Value { .. } => "a valid value".to_owned(),
        })
    }

    fn actual(&self) -> Option<String> {
        Some(match &self.problem {
            JsonProblem::Type { found, .. } => found.clone(),
            JsonProblem::NotFinite { token } => (*token).to_owned(),
            JsonProblem::DuplicateKey { key } => format!("`{key}` twice"),
            JsonProblem::MissingField { .. } => "no such field".to_owned(),
            _ => self.excerpt.clone(),
        })
    }
}
