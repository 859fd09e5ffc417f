//! When the panels were frozen ([`layout::PANEL_FREEZE`]).

use crate::finding::Finding;
use crate::layout;
use crate::part::{Document, Part};

/// The time, as the file has it; a file without one gives advice.
#[must_use]
pub fn document() -> Document<String> {
    Document::at(layout::PANEL_FREEZE, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.fields(problems)?;
            let mut missing = Vec::new();
            let time = root.field("prepared_at_utc", &mut missing);
            problems.extend(missing.into_iter().map(Finding::as_advice));
            time?.shown(problems)
        })
    })
}
