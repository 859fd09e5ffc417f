//! The pairs that the radiologists did not pass ([`layout::EXCLUSION_LIST`]).
//!
//! How many there are is what is published; by which names they go differs between releases: pair ids, objects with a pair id, or
//! names of the display.

use crate::json::Value;
use crate::layout;
use crate::node::{Node, Problems};
use crate::part::{Document, Part};

/// The excluded pairs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExcludedPairs {
    /// How many entries the list has.
    pub count: u64,
    /// What they are called, in the order of the file; an entry without a name is left out.
    pub names: Vec<String>,
}

/// The excluded pairs.
#[must_use]
pub fn document() -> Document<ExcludedPairs> {
    Document::at(layout::EXCLUSION_LIST, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            excluded(&root.field("excluded_pairs", problems)?, problems)
        })
    })
}

fn excluded(list: &Node<'_>, problems: &mut Problems) -> Option<ExcludedPairs> {
    if let Value::Object(_) = list.value() {
        let names = list.names(problems)?;
        return Some(ExcludedPairs { count: names.len() as u64, names });
    }
    let mut excluded = ExcludedPairs::default();
    for item in list.items(problems)? {
        excluded.count += 1;
        let name = item.value().as_str().or_else(|| item.value().get("pair_id")?.as_str());
        excluded.names.extend(name.map(str::to_owned));
    }
    Some(excluded)
}
