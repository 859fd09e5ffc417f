//! The pairs on which all models have a usable report ([`layout::INTERSECTION_MANIFEST`]).

use crate::finding::Finding;
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
            let stated = root.field("pair_count", problems)?;
            let mut mistyped = Vec::new();
            let count = stated.count_or_text(&mut mistyped);
            // The number is shown; where it cannot be read nothing else is wrong.
            problems.extend(mistyped.into_iter().map(Finding::as_advice));
            count.map(PairCount)
        })
    })
}
