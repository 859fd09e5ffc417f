//! The answers on detectability ([`layout::DETECTABILITY`]).

use crate::finding::Finding;
use crate::layout;
use crate::part::{Document, Part};

/// The answers, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Detectability {
    /// Rows.
    pub rows: u64,
    /// Rows that say `Cannot tell`.
    pub cannot_tell: u64,
}

/// The counts of the table.
#[must_use]
pub fn document() -> Document<Detectability> {
    Document::at(layout::DETECTABILITY, |path, bytes| {
        Part::of_table(path, bytes, |table, problems| {
            let answer = table
                .column("q4_detectability")
                .map_err(|problem| problems.push(Finding::of(&problem)))
                .ok()?;
            let cannot_tell = table.rows().filter(|row| row.cell(answer) == "Cannot tell").count();
            Some(Detectability { rows: table.len() as u64, cannot_tell: cannot_tell as u64 })
        })
    })
}
