//! The frozen counts of the mitigation conditions ([`layout::MITIGATION_COUNTS`]), compared whole with what is recomputed.

use crate::json::Value;
use crate::layout;
use crate::part::{Document, Part};

/// The counts: condition, model, what → how many.
#[derive(Debug, Clone, PartialEq)]
pub struct MitigationCounts(pub Value);

/// The whole file.
#[must_use]
pub fn document() -> Document<MitigationCounts> {
    Document::at(layout::MITIGATION_COUNTS, |path, bytes| {
        Part::of_json(path, bytes, |root, _| Some(MitigationCounts(root.value().clone())))
    })
}
