//! A computed JSON tree against a frozen one.
//!
//! Input: what was computed, and the frozen document. Output: a finding for every place where they differ. Counts, texts and
//! truth values compare exactly, floats within the tolerance of [`crate::published`]. Fields that the frozen document has
//! besides are of no concern, except in maps whose keys are data.

use std::collections::BTreeMap;

use spinefairbench_artifacts::json::Value;

use crate::document::shorten;
use crate::finding::{Code, Finding, Findings};
use crate::json_tree::Json;
use crate::published::agree;

/// Which intervals are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompareIntervals {
    /// All.
    Yes,
    /// None: fields that end in `_ci` were drawn with another number of iterations.
    No,
}

/// Compares `computed` with the frozen document in the file `path`.
pub(crate) struct Comparison<'a> {
    pub(crate) path: &'a str,
    pub(crate) intervals: CompareIntervals,
    pub(crate) findings: &'a mut Findings,
}

impl Comparison<'_> {
    /// Compares a value; `place` is where it stands in the document.
    pub(crate) fn value(&mut self, place: &str, computed: &Json, frozen: Option<&Value>) {
        let Some(frozen) = frozen else {
            self.differs(place, computed, "nothing");
            return;
        };
        let equal = match (computed, frozen) {
            (Json::Object(fields), Value::Object(frozen)) => {
                self.fields(place, fields, frozen);
                return;
            }
            (Json::List(items), Value::Array(frozen)) if items.len() == frozen.len() => {
                for (index, (item, frozen)) in items.iter().zip(frozen).enumerate() {
                    self.value(&format!("{place}[{index}]"), item, Some(frozen));
                }
                return;
            }
            (Json::Null, Value::Null) => true,
            (Json::Bool(computed), Value::Bool(frozen)) => computed == frozen,
            (Json::Whole(computed), Value::Number(_)) => frozen.as_u64() == Some(*computed),
            (Json::Float(computed), Value::Number(frozen)) => agree(*computed, frozen.as_f64()),
            (Json::Text(computed), Value::String(frozen)) => computed == frozen,
            _ => false,
        };
        if !equal {
            self.differs(place, computed, &frozen.to_string());
        }
    }

    /// Compares maps whose keys are data: neither may have a key that the other lacks.
    pub(crate) fn same_keys(&mut self, place: &str, computed: &Json, frozen: Option<&Value>) {
        let (Json::Object(fields), Some(Value::Object(frozen))) = (computed, frozen) else {
            return;
        };
        for name in frozen.keys().filter(|name| !fields.iter().any(|(field, _)| field == *name)) {
            let shown = frozen.get(name).map_or_else(String::new, Value::to_string);
            self.finding(&format!("{place}.{name}"), &shown, "nothing");
        }
    }

    fn fields(&mut self, place: &str, fields: &[(String, Json)], frozen: &BTreeMap<String, Value>) {
        for (name, computed) in fields {
            if self.intervals == CompareIntervals::Yes || !name.ends_with("_ci") {
                self.value(&format!("{place}.{name}"), computed, frozen.get(name));
            }
        }
    }

    fn differs(&mut self, place: &str, computed: &Json, frozen: &str) {
        self.finding(place, frozen, &computed.to_string());
    }

    fn finding(&mut self, place: &str, frozen: &str, computed: &str) {
        let message = format!("`{place}` differs from what was recomputed");
        let finding = Finding::new(Code::RecomputedMismatch, message).in_file(self.path);
        self.findings.push(finding.comparing(shorten(frozen), shorten(computed)));
    }
}
