//! The header of a submission: everything but `results`, judged field by field.

use std::collections::BTreeMap;

use spinefairbench_artifacts::json::Value;

use super::field::Field;
use super::problem::{Place, ProblemCode, SubmissionProblem};
use super::{Header, Version, stripped};
use crate::scope::Scope;
use crate::text::is_blank;

/// The header's fields as they stand in the file.
#[derive(Debug, Default)]
pub(super) struct RawHeader<'a> {
    pub(super) schema_version: Option<Field<'a>>,
    pub(super) scope: Option<Field<'a>>,
    pub(super) model: Option<Field<'a>>,
    pub(super) stripped: Option<Field<'a>>,
    pub(super) duplicates: Vec<String>,
    /// Other keys, in file order.
    pub(super) unread: Vec<String>,
}

/// A header as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct JudgedHeader {
    /// The whole of it, if nothing in it is wrong that it cannot be without.
    pub(super) header: Option<Header>,
    /// The scope, which may be known where the rest is wrong.
    pub(super) scope: Option<Scope>,
    /// The version, the first where it is wrong.
    pub(super) version: Version,
}

impl RawHeader<'_> {
    /// As [`Field::tell_numbers`], for every field.
    pub(super) fn tell_numbers(&mut self) {
        let fields =
            [&mut self.schema_version, &mut self.scope, &mut self.model, &mut self.stripped];
        fields.into_iter().flatten().for_each(Field::tell_numbers);
    }

    /// The header as far as it is right; every problem in it goes to `problems`.
    pub(super) fn judge(self, problems: &mut Vec<SubmissionProblem>) -> JudgedHeader {
        for key in &self.duplicates {
            problems.push(
                SubmissionProblem::new(
                    ProblemCode::FieldDuplicate,
                    Place::Header,
                    "the key stands twice",
                )
                .in_field(key),
            );
        }
        let version = judge_schema_version(self.schema_version.as_ref(), problems);
        let scope = judge_scope(self.scope.as_ref(), problems);
        let model = judge_model(self.model, problems);
        let stripped = self.stripped.as_ref().and_then(|field| stripped::judge(field, problems));
        let header = scope.zip(model).map(|(scope, (model, model_name))| Header {
            version,
            scope,
            model,
            model_name,
            stripped,
            unread_keys: self.unread,
        });
        JudgedHeader { header, scope, version }
    }
}

fn missing(field: &str, expected: &str) -> SubmissionProblem {
    SubmissionProblem::new(ProblemCode::FieldMissing, Place::Header, "the field is missing")
        .in_field(field)
        .comparing(expected, "no such field")
}

fn invalid(code: ProblemCode, field: &str, expected: &str, found: String) -> SubmissionProblem {
    SubmissionProblem::new(code, Place::Header, "the field is not what it must be")
        .in_field(field)
        .comparing(expected, found)
}

fn judge_schema_version(
    field: Option<&Field<'_>>,
    problems: &mut Vec<SubmissionProblem>,
) -> Version {
    let [first, second] = [Version::One, Version::Two].map(Version::as_str);
    let expected = format!("`{first}` or `{second}`");
    match field {
        None => problems.push(missing("schema_version", &expected)),
        Some(Field::Text(text)) if text == first => {}
        Some(Field::Text(text)) if text == second => return Version::Two,
        Some(other) => {
            problems.push(invalid(
                ProblemCode::SchemaVersion,
                "schema_version",
                &expected,
                other.found(),
            ));
        }
    }
    Version::One
}

fn judge_scope(field: Option<&Field<'_>>, problems: &mut Vec<SubmissionProblem>) -> Option<Scope> {
    let names: Vec<String> = Scope::ALL.iter().map(|scope| format!("`{scope}`")).collect();
    let expected = format!("one of {}", names.join(", "));
    let Some(field) = field else {
        problems.push(missing("scope", &expected));
        return None;
    };
    if let Field::Text(text) = field
        && let Ok(scope) = text.parse()
    {
        return Some(scope);
    }
    problems.push(invalid(ProblemCode::Scope, "scope", &expected, field.found()));
    None
}

/// Whether a value has a form in JSON.
fn is_written_again(value: &Value) -> bool {
    match value {
        Value::NotFinite(_) => false,
        Value::Array(items) => items.iter().all(is_written_again),
        Value::Object(entries) => entries.values().all(is_written_again),
        Value::Repeated(last) => is_written_again(last),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn judge_model(
    field: Option<Field<'_>>,
    problems: &mut Vec<SubmissionProblem>,
) -> Option<(BTreeMap<String, Value>, String)> {
    let entries = match field {
        None => {
            problems.push(missing("model", "an object with a `name`"));
            return None;
        }
        Some(Field::Other(Value::Object(entries))) if entries.values().all(is_written_again) => {
            entries
        }
        Some(Field::Other(Value::Object(_))) => {
            problems.push(invalid(
                ProblemCode::FieldInvalid,
                "model",
                "finite numbers, since the score file repeats them",
                "`NaN` or an infinity".to_owned(),
            ));
            return None;
        }
        Some(other) => {
            problems.push(invalid(
                ProblemCode::FieldInvalid,
                "model",
                "an object with a `name`",
                other.found(),
            ));
            return None;
        }
    };
    match entries.get("name") {
        Some(Value::String(name)) if !is_blank(name) => {
            let name = name.clone();
            Some((entries, name))
        }
        Some(other) => {
            let found = Field::from(other.clone()).found();
            problems.push(invalid(
                ProblemCode::FieldInvalid,
                "model.name",
                "a non-blank string",
                found,
            ));
            None
        }
        None => {
            problems.push(missing("model.name", "a non-blank string"));
            None
        }
    }
}
