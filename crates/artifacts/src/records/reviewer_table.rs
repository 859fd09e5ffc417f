//! The display events of one reviewer, and the hidden repeats ([`layout::HIDDEN_REPEATS`]): tables of which only the rows count.

use crate::layout;
use crate::part::{Document, Part};
use crate::path::ReleasePath;

/// How many rows a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCount(pub u64);

/// The reviewer's table at `path`, which the validation's manifest lists.
#[must_use]
pub fn document(path: ReleasePath) -> Document<RowCount> {
    Document::new(path, |path, bytes| Part::of_table_rows(path, bytes, RowCount))
}

/// The hidden repeats.
#[must_use]
pub fn hidden_repeats() -> Document<RowCount> {
    document(layout::constant(layout::HIDDEN_REPEATS))
}
