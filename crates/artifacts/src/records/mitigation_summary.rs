//! The frozen mitigation analysis ([`layout::MITIGATION_SUMMARY`]), compared field by field with what is recomputed.

use crate::json::Value;
use crate::layout;
use crate::part::{Document, Part};

/// The analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct MitigationSummary(pub Value);

/// The whole file.
#[must_use]
pub fn document() -> Document<MitigationSummary> {
    Document::at(layout::MITIGATION_SUMMARY, |path, bytes| {
        Part::of_json(path, bytes, |root, _| Some(MitigationSummary(root.value().clone())))
    })
}
