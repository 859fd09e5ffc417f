//! The report of the radiologist validation ([`layout::VALIDATION_REPORT`]).

use crate::finding::Finding;
use crate::layout;
use crate::part::{Document, Part};

/// The version of the report's schema, as text; a file without one gives advice.
#[must_use]
pub fn document() -> Document<String> {
    Document::at(layout::VALIDATION_REPORT, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.fields(problems)?;
            let mut missing = Vec::new();
            let version = root.field("report_schema_version", &mut missing);
            problems.extend(missing.into_iter().map(Finding::as_advice));
            version?.shown(problems)
        })
    })
}
