//! The report of the radiologist validation ([`layout::VALIDATION_REPORT`]).

use crate::layout;
use crate::part::{Document, Part};

/// The version of the report's schema.
#[must_use]
pub fn document() -> Document<String> {
    Document::at(layout::VALIDATION_REPORT, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.field("report_schema_version", problems)?.text(problems).map(str::to_owned)
        })
    })
}
