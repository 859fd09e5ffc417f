//! The sources of the common core ([`layout::CORE_SUBSET`]).

use crate::layout;
use crate::part::{Document, Part};

/// The sources, in the order of the file.
#[must_use]
pub fn document() -> Document<Vec<String>> {
    Document::at(layout::CORE_SUBSET, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.field("source_ids", problems)?.texts(problems)
        })
    })
}
