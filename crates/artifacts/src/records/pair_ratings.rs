//! The ratings by pair and reviewer ([`layout::PAIR_RESULTS`]).

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::layout;
use crate::part::{Document, Part};

/// The ratings of one pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rating {
    /// Rows.
    pub rows: u64,
    /// Rows that call the image clinically plausible.
    pub plausible: u64,
    /// Rows that call the pathology preserved.
    pub preserved: u64,
}

/// The ratings by pair.
#[must_use]
pub fn document() -> Document<BTreeMap<String, Rating>> {
    Document::at(layout::PAIR_RESULTS, |path, bytes| {
        Part::of_table(path, bytes, |table, problems| {
            let mut column = |name| {
                table.column(name).map_err(|problem| problems.push(Finding::of(&problem))).ok()
            };
            let pair = column("pair_id");
            let plausible = column("q1_clinical_plausibility");
            let preserved = column("q2_pathology_preservation");
            let (pair, plausible, preserved) = (pair?, plausible?, preserved?);
            let mut ratings: BTreeMap<String, Rating> = BTreeMap::new();
            for row in table.rows() {
                let rating = ratings.entry(row.cell(pair).to_owned()).or_default();
                rating.rows += 1;
                rating.plausible += u64::from(row.cell(plausible) == "Yes");
                rating.preserved += u64::from(row.cell(preserved) == "Yes");
            }
            Some(ratings)
        })
    })
}
