//! The frozen mitigation table ([`layout::MITIGATION_TABLE`]).

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::layout;
use crate::part::{Document, Part};

/// The columns that must be there.
const WANTED: [&str; 8] = [
    "model",
    "condition",
    "n_pairs",
    "rec_change",
    "diag_consistency",
    "delta_rec",
    "delta_diag",
    "b_rule_pass",
];

/// One row of the mitigation table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConditionRow {
    /// Data row, from 0.
    pub row: u64,
    /// Line on which it begins, from 1.
    pub line: u64,
    /// The cells by column, as they stand.
    pub cells: BTreeMap<String, String>,
}

impl ConditionRow {
    /// The cell under `column`; a cell that is absent reads as empty.
    #[must_use]
    pub fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// The rows, in file order.
#[must_use]
pub fn document() -> Document<Vec<ConditionRow>> {
    Document::at(layout::MITIGATION_TABLE, |path, bytes| {
        Part::of_table(path, bytes, |table, problems| {
            for column in WANTED {
                problems.extend(table.column(column).err().map(|problem| Finding::of(&problem)));
            }
            let columns: Vec<(String, _)> = table
                .columns()
                .iter()
                .filter_map(|name| Some((name.clone(), table.column(name).ok()?)))
                .collect();
            let cells = |row: crate::table::Row<'_>| {
                let cell =
                    |(name, column): &(String, _)| (name.clone(), row.cell(*column).to_owned());
                columns.iter().map(cell).collect()
            };
            let rows = table.rows().zip(0..);
            Some(
                rows.map(|(row, index)| ConditionRow {
                    row: index,
                    line: row.line(),
                    cells: cells(row),
                })
                .collect(),
            )
        })
    })
}
