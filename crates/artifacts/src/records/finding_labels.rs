//! Which findings a source has, as a panel's list of sources says it (`pairs.json` of the panel).
//!
//! A label is an index into a list that is the readers' business. Rows without labels are passed over; of two rows of one source
//! the last counts, as the original reads them.

use std::collections::BTreeMap;

use crate::json::Value;
use crate::layout::Panel;
use crate::part::{Document, Part};

/// The labels of each source that has a list of them, empty or not; indices as they stand, what is no index left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindingLabels(pub BTreeMap<String, Vec<u64>>);

/// The labels by source, of a panel that has such a list.
#[must_use]
pub fn document(panel: Panel) -> Option<Document<FindingLabels>> {
    let path = panel.pairs()?;
    Some(Document::new(path, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            let mut labels = BTreeMap::new();
            for row in root.items(problems)? {
                let Some(list) = row.value().get("pathology_labels").and_then(Value::as_array)
                else {
                    continue;
                };
                let Some(source) = row.field("source_id", problems) else { continue };
                let Some(source) = source.text(problems) else { continue };
                labels.insert(source.to_owned(), list.iter().filter_map(Value::as_u64).collect());
            }
            Some(FindingLabels(labels))
        })
    }))
}
