//! The pairs that the radiologists passed ([`layout::VALIDATED_SUBSET`]).

use crate::layout;
use crate::part::{Document, Part};

/// The pairs, in the order of the file.
#[must_use]
pub fn document() -> Document<Vec<String>> {
    Document::at(layout::VALIDATED_SUBSET, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.field("pair_ids", problems)?.names(problems)
        })
    })
}
