//! A JSON document, walked so that every problem is named and none stops the walk.
//!
//! Input: a [`Value`] (a key that stands twice has a value of no type). Output: fields of the wanted type, or findings
//! that name the file and the place inside the document. A derived record stops at the first wrong field; a reviewer wants all.

use std::collections::BTreeMap;
use std::fmt;

use crate::finding::{Code, Finding};
use crate::json::{self, Value};
use crate::{table, text};

/// A value inside a document, with its place.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    path: &'a str,
    parent: Option<&'a Node<'a>>,
    step: Step<'a>,
    value: &'a Value,
    line: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Item(usize),
}

/// The problems of one part, while it is read.
pub type Problems = Vec<Finding>;

impl<'a> Node<'a> {
    /// The whole document `value` of the file `path`.
    #[must_use]
    pub fn root(path: &'a str, value: &'a Value) -> Self {
        Self { path, parent: None, step: Step::Root, value, line: None }
    }

    /// The whole value on line `line` of the file `path`.
    #[must_use]
    pub(crate) fn on_line(path: &'a str, line: u64, value: &'a Value) -> Self {
        Self { line: Some(line), ..Self::root(path, value) }
    }

    /// The field `name`, if this is an object that has it. Absence is no problem; another type is.
    pub fn optional<'b>(&'b self, name: &'b str, problems: &mut Problems) -> Option<Node<'b>> {
        let value = self.fields(problems)?.get(name)?;
        Some(Node {
            path: self.path,
            parent: Some(self),
            step: Step::Field(name),
            value,
            line: self.line,
        })
    }

    /// The field `name`; absence is a problem.
    pub fn field<'b>(&'b self, name: &'b str, problems: &mut Problems) -> Option<Node<'b>> {
        let fields = self.fields(problems)?;
        let Some(value) = fields.get(name) else {
            let place = format!("{}.{name}", self.place());
            problems.push(
                self.finding(Code::FIELD_MISSING, format!("`{place}` is missing"))
                    .comparing("a value", "nothing"),
            );
            return None;
        };
        Some(Node {
            path: self.path,
            parent: Some(self),
            step: Step::Field(name),
            value,
            line: self.line,
        })
    }

    /// The entries of an object.
    pub fn fields(&self, problems: &mut Problems) -> Option<&'a BTreeMap<String, Value>> {
        self.typed(self.value.as_object(), "an object", problems)
    }

    /// The entries of an object as nodes.
    pub fn entries<'b>(
        &'b self,
        problems: &mut Problems,
    ) -> Option<impl Iterator<Item = (&'b str, Node<'b>)> + use<'a, 'b>> {
        let fields = self.fields(problems)?;
        Some(fields.iter().map(move |(name, value)| {
            let step = Step::Field(name);
            (
                name.as_str(),
                Node { path: self.path, parent: Some(self), step, value, line: self.line },
            )
        }))
    }

    /// The items of a list as nodes.
    pub fn items<'b>(
        &'b self,
        problems: &mut Problems,
    ) -> Option<impl Iterator<Item = Node<'b>> + use<'a, 'b>> {
        let items = self.typed(self.value.as_array(), "a list", problems)?;
        Some(items.iter().enumerate().map(move |(index, value)| {
            let step = Step::Item(index);
            Node { path: self.path, parent: Some(self), step, value, line: self.line }
        }))
    }

    /// The text.
    pub fn text(&self, problems: &mut Problems) -> Option<&'a str> {
        self.typed(self.value.as_str(), "a string", problems)
    }

    /// The truth value.
    pub fn truth(&self, problems: &mut Problems) -> Option<bool> {
        self.typed(self.value.as_bool(), "a boolean", problems)
    }

    /// The whole number that is not negative. A float without a fraction is one too, as in Python's comparisons.
    pub fn count(&self, problems: &mut Problems) -> Option<u64> {
        self.typed(
            self.value.as_u64().or_else(|| whole(self.value.as_f64()?)),
            "a whole number",
            problems,
        )
    }

    /// The number.
    pub fn number(&self, problems: &mut Problems) -> Option<f64> {
        self.typed(self.value.as_f64(), "a number", problems)
    }

    /// The number, as Python's `float` takes it: a text that holds one will do, with advice.
    pub(crate) fn number_or_text(&self, problems: &mut Problems) -> Option<f64> {
        let read = self.value.as_str().and_then(|text| table::python_number(text).ok());
        self.said_as_text(read, problems).or_else(|| self.number(problems))
    }

    /// The count, where a text that holds one will do, with advice.
    pub(crate) fn count_or_text(&self, problems: &mut Problems) -> Option<u64> {
        let read = self.value.as_str().and_then(|text| text::stripped(text).parse().ok());
        self.said_as_text(read, problems).or_else(|| self.count(problems))
    }

    fn said_as_text<T>(&self, read: Option<T>, problems: &mut Problems) -> Option<T> {
        if read.is_some() {
            let message = format!("`{}` states its number as text", self.place());
            let finding = self.finding(Code::FIELD_INVALID, message).as_advice();
            problems.push(finding.comparing("a number", shorten(&self.value.to_string())));
        }
        read
    }

    /// What the value says to people: a text as it stands, nothing for `null`, and all else as JSON, with advice.
    pub fn shown(&self, problems: &mut Problems) -> Option<String> {
        match self.value {
            Value::String(text) => Some(text.clone()),
            other => {
                let mut mistyped = Vec::new();
                self.text(&mut mistyped);
                problems.extend(mistyped.into_iter().map(Finding::as_advice));
                Some(other).filter(|value| **value != Value::Null).map(Value::to_string)
            }
        }
    }

    /// The names that Python finds where it goes through the value: the texts of a list, or the keys of an object, with advice. An
    /// item that is no text is left out, with its problem.
    pub fn names(&self, problems: &mut Problems) -> Option<Vec<String>> {
        let Value::Object(entries) = self.value else { return self.texts(problems) };
        let message = format!("`{}` is an object, whose keys are read as the list", self.place());
        let finding = self.finding(Code::FIELD_INVALID, message).as_advice();
        problems.push(finding.comparing("a list", "an object"));
        Some(entries.keys().cloned().collect())
    }

    /// The list of texts; an item that is no text is left out, with its problem.
    pub fn texts(&self, problems: &mut Problems) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for item in self.items(problems)? {
            texts.extend(item.text(problems).map(str::to_owned));
        }
        Some(texts)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The value itself.
    #[must_use]
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// A finding at this place.
    #[must_use]
    pub fn finding(&self, code: Code, message: String) -> Finding {
        let finding = Finding::new(code, message).in_file(self.path);
        match self.line {
            Some(line) => finding.at_line(line),
            None => finding,
        }
    }

    /// The place inside the document, `$` for the whole.
    #[must_use]
    pub fn place(&self) -> Place<'_> {
        Place(self)
    }

    fn typed<T>(&self, found: Option<T>, wanted: &str, problems: &mut Problems) -> Option<T> {
        if found.is_none() {
            let message = format!("`{}` is not {wanted}", self.place());
            let actual = shorten(&self.value.to_string());
            problems.push(
                self.finding(Code::FIELD_INVALID, message)
                    .comparing(wanted, format!("{}: {actual}", self.value.kind())),
            );
        }
        found
    }
}

/// The place of a node, written as `$.a[3].b`.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a>(&'a Node<'a>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.0.parent {
            write!(formatter, "{}", parent.place())?;
        }
        match self.0.step {
            Step::Root => formatter.write_str("$"),
            Step::Field(name) => write!(formatter, ".{name}"),
            Step::Item(index) => write!(formatter, "[{index}]"),
        }
    }
}

/// Whether two JSON texts hold equal values; text that is no JSON equals nothing.
#[must_use]
pub fn same_value(left: &str, right: &str) -> bool {
    let read = |text: &str| json::released("", text.as_bytes()).ok();
    match (read(left), read(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// At most 60 characters of a text, for messages.
#[must_use]
pub fn shorten(text: &str) -> String {
    const LENGTH: usize = 60;
    let mut shortened: String = text.chars().take(LENGTH).collect();
    if shortened.len() < text.len() {
        shortened.push('…');
    }
    shortened
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked first"
)]
fn whole(number: f64) -> Option<u64> {
    const LIMIT: f64 = 9_007_199_254_740_992.0; // 2^53: every whole float below is exact.
    (number.fract() == 0.0 && (0.0..=LIMIT).contains(&number)).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_named_with_its_place() {
        let value: Value =
            json::from_slice("a.json", br#"{"a": [{"b": 1}, {"b": "x"}, 7, {}]}"#).unwrap();
        let mut problems = Vec::new();
        let root = Node::root("a.json", &value);
        let list = root.field("a", &mut problems).unwrap();
        let mut sum = 0;
        for item in list.items(&mut problems.clone()).unwrap() {
            sum += item.field("b", &mut problems).and_then(|b| b.count(&mut problems)).unwrap_or(0);
        }
        assert_eq!(sum, 1);
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "`$.a[1].b` is not a whole number",
                "`$.a[2]` is not an object",
                "`$.a[3].b` is missing"
            ]
        );
        assert_eq!(problems[0].actual.as_deref(), Some("a string: \"x\""));
    }

    #[test]
    fn values_are_compared_and_not_texts() {
        assert!(same_value(r#"{"a":1,"b":[2.50]}"#, r#"{"b": [2.5], "a": 1.0}"#));
        assert!(!same_value(r#"{"a":1}"#, r#"{"a":2}"#));
        assert!(!same_value("{", "{"));
    }
}
