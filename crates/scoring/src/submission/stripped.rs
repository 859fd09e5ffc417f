//! What was taken out of a submission before it was scored, as the submission itself records it.
//!
//! Input and output: the top-level field `stripped`, written by [`strip`](crate::strip). Fields are declared in the order of their
//! names: that is the order of the keys.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::Value;

use super::ReportSide;
use super::field::Field;
use super::problem::{Place, ProblemCode, SubmissionProblem};

/// The name of the field.
pub(super) const FIELD: &str = "stripped";

/// The record of what was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stripped {
    /// The digest of the original's content, as `provenance.submission_sha256` of its score would have it.
    pub original_sha256: String,
    /// Each report that was changed.
    pub reports: Vec<StrippedReport>,
    /// The program that did it.
    pub tool: StrippingTool,
}

/// What was taken out of one report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrippedReport {
    /// How many characters, marks and the white space behind them included.
    pub characters: usize,
    /// In which forms it stood there, in order.
    pub forms: Vec<String>,
    /// The pair.
    pub pair_id: String,
    /// Which of its reports.
    pub side: ReportSide,
}

/// The program that changed a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrippingTool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Stripped {
    /// The sum of all characters that were taken out.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.reports.iter().map(|report| report.characters).sum()
    }

    /// Every form that was taken out, each once.
    #[must_use]
    pub fn forms(&self) -> BTreeSet<&str> {
        self.reports.iter().flat_map(|report| &report.forms).map(String::as_str).collect()
    }

    /// The record as JSON on one line.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a record has only texts and numbers")
    }
}

/// The record in `field`; what is wrong with it goes to `problems`.
pub(super) fn judge(field: &Field<'_>, problems: &mut Vec<SubmissionProblem>) -> Option<Stripped> {
    let read = match field {
        Field::Other(value @ Value::Object(_)) => {
            serde_json::from_str::<Stripped>(&value.to_string()).map_err(|error| error.to_string())
        }
        other => Err(other.found()),
    };
    let judged = read.and_then(|record| {
        if record.reports.is_empty() {
            return Err("no report".to_owned());
        }
        match record.original_sha256.parse::<Sha256>() {
            Ok(_) => Ok(record),
            Err(_) => Err("an `original_sha256` that is no digest".to_owned()),
        }
    });
    judged
        .map_err(|found| {
            let problem = SubmissionProblem::new(
                ProblemCode::FieldInvalid,
                Place::Header,
                "the field is not what `submission strip` writes",
            );
            problems.push(
                problem
                    .in_field(FIELD)
                    .comparing("an object with `original_sha256`, `reports` and `tool`", found),
            );
        })
        .ok()
}
