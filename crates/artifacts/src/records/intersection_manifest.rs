//! The pairs on which all models have a usable report ([`layout::INTERSECTION_MANIFEST`]).

use crate::layout;
use crate::part::{Document, Part};

/// The stated number of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairCount(pub u64);

/// The stated number of pairs.
#[must_use]
pub fn document() -> Document<PairCount> {
    Document::at(layout::INTERSECTION_MANIFEST, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.field("pair_count", problems)?.count(problems).map(PairCount)
        })
    })
}
