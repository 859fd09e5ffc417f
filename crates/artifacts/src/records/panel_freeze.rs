//! When the panels were frozen ([`layout::PANEL_FREEZE`]).

use crate::layout;
use crate::part::{Document, Part};

/// The time, as the file has it.
#[must_use]
pub fn document() -> Document<String> {
    Document::at(layout::PANEL_FREEZE, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.field("prepared_at_utc", problems)?.text(problems).map(str::to_owned)
        })
    })
}
