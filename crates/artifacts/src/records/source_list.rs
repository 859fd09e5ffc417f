//! The two lists of sources ([`layout::DATASET_PAIRS`], [`layout::SOURCE_METADATA`]), which have one form.

use std::collections::BTreeMap;

use crate::layout;
use crate::node::{Node, Problems};
use crate::part::{Document, Part};

/// One source of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEntry {
    /// Index in the list, from 0.
    pub row: u64,
    /// `source_id`.
    pub source_id: String,
    /// `counterfactual_images`: edit label → path.
    pub images: Option<BTreeMap<String, String>>,
    /// `qc_passed_counterfactuals`, in file order.
    pub labels: Option<Vec<String>>,
}

/// `dataset/pairs.json`.
#[must_use]
pub fn pairs() -> Document<Vec<SourceEntry>> {
    Document::at(layout::DATASET_PAIRS, entries)
}

/// `dataset/source_metadata.json`.
#[must_use]
pub fn metadata() -> Document<Vec<SourceEntry>> {
    Document::at(layout::SOURCE_METADATA, entries)
}

fn entries(path: &str, bytes: &[u8]) -> Part<Vec<SourceEntry>> {
    Part::of_json(path, bytes, |root, problems| {
        let mut entries = Vec::new();
        for (node, row) in root.items(problems)?.zip(0..) {
            let Some(source_id) =
                node.field("source_id", problems).and_then(|source| source.text(problems))
            else {
                continue;
            };
            let images = node.field("counterfactual_images", problems);
            let labels = node.field("qc_passed_counterfactuals", problems);
            entries.push(SourceEntry {
                row,
                source_id: source_id.to_owned(),
                images: images.and_then(|images| image_map(&images, problems)),
                labels: labels.and_then(|labels| labels.names(problems)),
            });
        }
        Some(entries)
    })
}

fn image_map(node: &Node<'_>, problems: &mut Problems) -> Option<BTreeMap<String, String>> {
    let mut images = BTreeMap::new();
    for (label, image) in node.entries(problems)? {
        images.extend(image.text(problems).map(|image| (label.to_owned(), image.to_owned())));
    }
    Some(images)
}
