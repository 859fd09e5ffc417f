//! The pairs that the radiologists did not pass ([`layout::EXCLUSION_LIST`]).

use crate::layout;
use crate::part::{Document, Part};

/// The pairs, in the order of the file.
#[must_use]
pub fn document() -> Document<Vec<String>> {
    Document::at(layout::EXCLUSION_LIST, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.field("excluded_pairs", problems)?.texts(problems)
        })
    })
}
