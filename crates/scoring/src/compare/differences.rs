//! The per-pair differences of a comparison, and their table.

use std::fmt::Write as _;

use spinefairbench_artifacts::ids::{PairId, SourceId};

use super::Comparison;
use crate::pair_score::{PairScore, PrimaryEndpoint};

/// A shared usable pair with the values of both models.
#[derive(Debug, Clone, PartialEq)]
pub struct PairDifference {
    /// The pair.
    pub pair_id: PairId,
    /// Its source: its cluster.
    pub source_id: SourceId,
    /// The first model's values.
    pub first: PairScore,
    /// The second model's values.
    pub second: PairScore,
}

impl PairDifference {
    /// First minus second.
    #[must_use]
    pub fn difference(&self, endpoint: PrimaryEndpoint) -> f64 {
        self.first.of(endpoint) - self.second.of(endpoint)
    }
}

impl Comparison {
    /// The differences as a CSV table in the order of the pair ids, with the columns `pair_id`, `source_id`,
    /// `recommendation_change_rate` and `diagnostic_label_consistency`.
    ///
    /// Numbers are written so that reading them gives the same floats: `interval --value … --cluster source_id` over this
    /// table repeats the comparison's interval bit for bit. Ids stand as they are, since they are keys; a spreadsheet may
    /// take one that begins with `=` for a formula.
    #[must_use]
    pub fn differences_csv(&self) -> String {
        let mut table = String::from("pair_id,source_id");
        for endpoint in PrimaryEndpoint::ALL {
            table.push(',');
            table.push_str(endpoint.as_str());
        }
        table.push('\n');
        for pair in &self.pairs {
            push_cell(&mut table, pair.pair_id.as_str());
            table.push(',');
            push_cell(&mut table, pair.source_id.as_str());
            for endpoint in PrimaryEndpoint::ALL {
                let _never_fails = write!(table, ",{}", pair.difference(endpoint));
            }
            table.push('\n');
        }
        table
    }
}

fn push_cell(table: &mut String, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        table.push('"');
        table.push_str(&text.replace('"', "\"\""));
        table.push('"');
    } else {
        table.push_str(text);
    }
}
