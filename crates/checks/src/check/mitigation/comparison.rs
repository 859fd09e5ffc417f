//! Recomputed values against a frozen document.
//!
//! Every place where they differ is a finding. Counts, texts and truth values compare exactly, floats within the tolerance of
//! [`crate::published`]. Fields that the frozen document has besides are of no concern, except in maps whose keys are data.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use spinefairbench_artifacts::json::Value;
use spinefairbench_artifacts::node::shorten;

use super::RECOMPUTED_MISMATCH;
use crate::finding::{Finding, Findings};
use crate::mitigation::statistics::Statistic;
use crate::published::agree;

/// Compares with the frozen document in the file `path`.
pub(super) struct Comparison<'a> {
    pub(super) path: &'static str,
    pub(super) findings: &'a mut Findings,
}

type Fields = BTreeMap<String, Value>;

impl Comparison<'_> {
    /// The frozen object at `place`; where none is, all that was computed is missed.
    pub(super) fn object<'v>(
        &mut self,
        place: &str,
        computed: &impl Serialize,
        frozen: Option<&'v Value>,
    ) -> Option<&'v Fields> {
        let fields = frozen.and_then(Value::as_object);
        if fields.is_none() {
            self.differs(place, &shown(computed), frozen);
        }
        fields
    }

    /// The frozen object, whose keys are data: it may have no others than `names`. Called when its values were compared.
    pub(super) fn no_more_than<'n>(
        &mut self,
        place: &str,
        names: impl Iterator<Item = &'n str>,
        frozen: Option<&Value>,
    ) {
        let names: BTreeSet<&str> = names.collect();
        for (name, value) in frozen.and_then(Value::as_object).into_iter().flatten() {
            if !names.contains(name.as_str()) {
                self.finding(&format!("{place}.{name}"), &value.to_string(), "nothing");
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, place: &str, computed: &[String], frozen: Option<&Value>) {
        match frozen.and_then(Value::as_array) {
            Some(items) if items.len() == computed.len() => {
                for (index, (item, frozen)) in computed.iter().zip(items).enumerate() {
                    self.text(&format!("{place}[{index}]"), item, Some(frozen));
                }
            }
            _ => self.differs(place, &shown(&computed), frozen),
        }
    }

    /// A text.
    pub(super) fn text(&mut self, place: &str, computed: &str, frozen: Option<&Value>) {
        if frozen.and_then(Value::as_str) != Some(computed) {
            self.differs(place, &shown(&computed), frozen);
        }
    }

    /// A number, a count, a truth value, or both ends of an interval.
    pub(super) fn value(&mut self, place: &str, computed: Statistic, frozen: Option<&Value>) {
        if let (Statistic::Ends(ends), Some(Value::Array(items))) = (computed, frozen)
            && items.len() == ends.len()
        {
            for (index, (end, frozen)) in ends.into_iter().zip(items).enumerate() {
                self.value(&format!("{place}[{index}]"), Statistic::Number(end), Some(frozen));
            }
            return;
        }
        let is_equal = match (computed, frozen) {
            (Statistic::Number(computed), Some(Value::Number(frozen))) => {
                agree(computed, frozen.as_f64())
            }
            (Statistic::Count(computed), Some(Value::Number(frozen))) => {
                frozen.as_u64() == Some(computed)
            }
            (Statistic::Truth(computed), Some(Value::Bool(frozen))) => computed == *frozen,
            _ => false,
        };
        if !is_equal {
            self.differs(place, &shown(&computed), frozen);
        }
    }

    fn differs(&mut self, place: &str, computed: &str, frozen: Option<&Value>) {
        let frozen = frozen.map_or_else(|| "nothing".to_owned(), Value::to_string);
        self.finding(place, &frozen, computed);
    }

    fn finding(&mut self, place: &str, frozen: &str, computed: &str) {
        let message = format!("`{place}` differs from what was recomputed");
        let finding = Finding::new(RECOMPUTED_MISMATCH, message).in_file(self.path);
        self.findings.push(finding.comparing(shorten(frozen), shorten(computed)));
    }
}

/// A computed value as JSON writes it.
pub(super) fn shown(computed: &impl Serialize) -> String {
    serde_json::to_string(computed).unwrap_or_else(|error| error.to_string())
}
