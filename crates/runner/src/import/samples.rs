//! Sample logs of lm-evaluation-harness and lmms-eval: JSON Lines, one document a line.
//!
//! The fields of a line are those of `doc`. lmms-eval keeps no document; there they are those of whatever a task's
//! `process_results` gave that names a pair or a source. `resps` has the model's own texts, several where a document was asked
//! several times. `filtered_resps` is what a task made of them, and counts only where the model's own are not kept, since they are
//! the same.

use std::collections::BTreeMap;

use spinefairbench_artifacts::json::Value;

use super::{Answer, Columns, Origin, Record};

/// Whether a line has what only these logs have.
pub(super) fn is_sample(line: &BTreeMap<String, Value>) -> bool {
    let has = |key: &str| line.contains_key(key);
    has("doc_id") && has("doc_hash") && (has("resps") || has("filtered_resps"))
}

/// Which of the two tools wrote the line: lmms-eval alone keeps what it asked as `input`.
pub(super) fn origin(line: &BTreeMap<String, Value>) -> Origin {
    let tool = if line.contains_key("input") { "lmms-eval" } else { "lm-evaluation-harness" };
    Origin { tool, ..Origin::default() }
}

/// The record of a line that [`is_sample`].
pub(super) fn record(
    place: String,
    mut line: BTreeMap<String, Value>,
    columns: &Columns,
) -> Record {
    let mut take = |key: &str| line.remove(key).filter(|value| *value != Value::Null);
    let mut texts = Vec::new();
    gather(take("resps").or_else(|| take("filtered_resps")), &mut texts);
    let answers = (0..).zip(texts).map(|(repeat, text)| Answer::of(text, repeat)).collect();
    let names = |fields: &BTreeMap<String, Value>| {
        [&columns.pair, &columns.source].iter().any(|column| fields.contains_key(*column))
    };
    let doc = take("doc");
    let objects = doc.into_iter().chain(line.into_values());
    let mut objects = objects.filter_map(|value| match value {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    let fields = objects.find(names).unwrap_or_default();
    Record { place, fields, id: None, answers }
}

/// The texts in lists of lists; what is neither list nor text is an answer without one.
fn gather(value: Option<Value>, texts: &mut Vec<Option<String>>) {
    match value {
        Some(Value::Array(values)) => {
            for value in values {
                gather(Some(value), texts);
            }
        }
        Some(Value::String(text)) => texts.push(Some(text)),
        _ => texts.push(None),
    }
}
