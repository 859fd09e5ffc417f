//! The frozen outcome of the Stage-1 gate ([`layout::PARSING_CONFIDENCE`]).

use std::collections::BTreeMap;

use crate::layout;
use crate::node::{Node, Problems};
use crate::part::{Document, Part};

/// A model's frozen Stage-1 confidence; a field that could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrozenConfidence {
    /// `sample_size`.
    pub sample_size: Option<u64>,
    /// `stage1_diag_pass_count`.
    pub pass_count: Option<u64>,
    /// `stage1_diag_pass_rate`.
    pub pass_rate: Option<f64>,
    /// `decision`.
    pub decision: Option<String>,
}

/// The confidences by model.
#[must_use]
pub fn document() -> Document<BTreeMap<String, Part<FrozenConfidence>>> {
    Document::at(layout::PARSING_CONFIDENCE, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            let models = root.entries(problems)?.map(|(model, node)| {
                let confidence = Part::gather(|problems| Some(confidence(&node, problems)));
                (model.to_owned(), confidence)
            });
            Some(models.collect())
        })
    })
}

fn confidence(node: &Node<'_>, problems: &mut Problems) -> FrozenConfidence {
    if node.fields(problems).is_none() {
        return FrozenConfidence::default();
    }
    let mut count = |name| node.field(name, problems)?.count(problems);
    let (sample_size, pass_count) = (count("sample_size"), count("stage1_diag_pass_count"));
    let pass_rate = node
        .field("stage1_diag_pass_rate", problems)
        .and_then(|rate| rate.number_or_text(problems));
    let decision = node.field("decision", problems).and_then(|text| text.text(problems));
    FrozenConfidence { sample_size, pass_count, pass_rate, decision: decision.map(str::to_owned) }
}
