//! What a score file says and what follows from the rest of it, field by field.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::Value as Json;
use spinefairbench_artifacts::text::shown;

use super::ScoreFileError;

/// How many contradictions are listed before they are only counted.
const LISTED: usize = 10;

/// How far a float may be from the one that is computed again: sums of a few thousand values in another order stay far below.
pub(super) const ROUNDING: f64 = 1e-12;

/// A field that does not follow from the rest of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// Where it stands.
    pub field: String,
    /// What follows from the rest.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, expected, found } = self;
        write!(formatter, "`{field}` (expected {expected}, found {found})")
    }
}

pub(super) fn listed(contradictions: &[Contradiction], total: usize) -> String {
    let mut text =
        contradictions.iter().map(ToString::to_string).collect::<Vec<String>>().join("; ");
    if total > contradictions.len() {
        text.push_str("; …");
    }
    text
}

/// The contradictions that were found, of which a few are kept.
#[derive(Debug, Default)]
pub(super) struct Contradictions {
    kept: Vec<Contradiction>,
    total: usize,
}

impl Contradictions {
    pub(super) fn add(
        &mut self,
        field: impl fmt::Display,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) {
        self.total += 1;
        if self.kept.len() < LISTED {
            let (field, expected, found) =
                (field.to_string(), expected.to_string(), found.to_string());
            self.kept.push(Contradiction { field, expected, found });
        }
    }

    pub(super) fn require(
        &mut self,
        holds: bool,
        field: &str,
        expected: &str,
        found: impl fmt::Display,
    ) {
        if !holds {
            self.add(field, expected, found);
        }
    }

    pub(super) fn total(&self) -> usize {
        self.total
    }

    pub(super) fn into_result(self, name: &str) -> Result<(), ScoreFileError> {
        if self.total == 0 { Ok(()) } else { Err(self.into_error(name)) }
    }

    pub(super) fn into_error(self, name: &str) -> ScoreFileError {
        let Self { kept: contradictions, total } = self;
        ScoreFileError::Contradicted { name: name.to_owned(), contradictions, total }
    }
}

pub(super) fn json_of(part: &impl Serialize) -> Json {
    serde_json::to_value(part).expect("the parts of a score file have only JSON values")
}

pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", shown(text))
}

/// Adds every leaf below `field` in which `found` is not `expected`; floats may be `tolerance` apart.
pub(super) fn differ(
    field: &str,
    expected: &Json,
    found: &Json,
    tolerance: f64,
    wrong: &mut Contradictions,
) {
    match (expected, found) {
        (Json::Object(expected), Json::Object(found)) => {
            let keys: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
            for key in keys {
                let here = format!("{field}.{key}");
                match (expected.get(key), found.get(key)) {
                    (Some(expected), Some(found)) => {
                        differ(&here, expected, found, tolerance, wrong);
                    }
                    (expected, found) => wrong.add(&here, leaf(expected), leaf(found)),
                }
            }
        }
        (Json::Number(expected), Json::Number(found)) if are_close(expected, found, tolerance) => {}
        (expected, found) if expected == found => {}
        (Json::Array(expected), Json::Array(found)) if expected.len() == found.len() => {
            for (place, (expected, found)) in expected.iter().zip(found).enumerate() {
                differ(&format!("{field}[{place}]"), expected, found, tolerance, wrong);
            }
        }
        (expected, found) => wrong.add(field, leaf(Some(expected)), leaf(Some(found))),
    }
}

/// Whether two floats are equal but for `tolerance`; whole numbers are equal or not.
fn are_close(expected: &serde_json::Number, found: &serde_json::Number, tolerance: f64) -> bool {
    if !(expected.is_f64() && found.is_f64()) {
        return expected == found;
    }
    let (Some(expected), Some(found)) = (expected.as_f64(), found.as_f64()) else { return false };
    (expected - found).abs() <= tolerance && expected.is_sign_negative() == found.is_sign_negative()
}

/// A value in a few words.
fn leaf(value: Option<&Json>) -> String {
    match value {
        None => "no such field".to_owned(),
        Some(Json::String(text)) => quoted(text),
        Some(Json::Object(_)) => "an object".to_owned(),
        Some(other) => shown(&other.to_string()),
    }
}
