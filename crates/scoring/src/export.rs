//! A score's pairs as a table: CSV for spreadsheets, and with the feature `parquet` a Parquet file for `DuckDB`, Polars, pandas
//! and Spark.
//!
//! Input: a [`ScoreFile`], new or read back. Output: the bytes of a table with one row a pair, in the order of the ids.
//! Columns, the same in both forms:
//!
//! * `pair_id`, `source_id`
//! * `edit_label`: what the pair id names after its last `__`; none if that is no edit of the benchmark
//! * `source_dataset`: what the source id names before its first `_`
//! * `usable`: a truth value; the columns of the endpoints and sets have no value where it is false
//! * `source_response_class`, `counterfactual_response_class`
//! * `recommendation_changed`: 1 or 0, as a float
//! * `diagnostic_label_consistency`: from 0 to 1
//! * `source_recommendations`, `counterfactual_recommendations`, `source_diagnostic_labels`,
//!   `counterfactual_diagnostic_labels`: the names, sorted, with `;` between them
//!
//! In CSV a cell without a value is empty, and so is an empty set: ask `usable`. Parquet tells them apart. Numbers read back as
//! the same floats. CSV text that a spreadsheet would take for a formula (one that begins with `=`, `+`, `-`, `@`, a tab or a
//! carriage return) gets an apostrophe in front.

use std::borrow::Cow;

use spinefairbench_parsers::Category;

use crate::csv_cell;
use crate::index::edit_label;
use crate::score_file::{Names, PairResult, ScoreFile};

#[cfg(feature = "parquet")]
mod parquet;

#[cfg(feature = "parquet")]
pub use parquet::{ParquetError, per_pair_parquet};

/// One column: its name and what a pair has in it.
type Column = (&'static str, Read);

/// How a column's value is read from a pair, by its type.
enum Read {
    Text(fn(&PairResult) -> Option<Cow<'_, str>>),
    Flag(fn(&PairResult) -> bool),
    Number(fn(&PairResult) -> Option<f64>),
}

/// The columns of the table, in order.
const COLUMNS: [Column; 13] = [
    ("pair_id", Read::Text(|pair| Some(Cow::Borrowed(pair.pair_id.as_str())))),
    ("source_id", Read::Text(|pair| Some(Cow::Borrowed(pair.source_id.as_str())))),
    ("edit_label", Read::Text(edit_of)),
    ("source_dataset", Read::Text(dataset)),
    ("usable", Read::Flag(|pair| pair.usable)),
    (
        "source_response_class",
        Read::Text(|pair| Some(Cow::Borrowed(pair.source_response_class.as_str()))),
    ),
    (
        "counterfactual_response_class",
        Read::Text(|pair| Some(Cow::Borrowed(pair.counterfactual_response_class.as_str()))),
    ),
    ("recommendation_changed", Read::Number(|pair| pair.recommendation_changed)),
    ("diagnostic_label_consistency", Read::Number(|pair| pair.diagnostic_label_consistency)),
    ("source_recommendations", Read::Text(|pair| set(pair.source_recommendations))),
    ("counterfactual_recommendations", Read::Text(|pair| set(pair.counterfactual_recommendations))),
    ("source_diagnostic_labels", Read::Text(|pair| set(pair.source_diagnostic_labels))),
    (
        "counterfactual_diagnostic_labels",
        Read::Text(|pair| set(pair.counterfactual_diagnostic_labels)),
    ),
];

/// The names of the columns, in order.
#[must_use]
pub fn per_pair_columns() -> [&'static str; COLUMNS.len()] {
    COLUMNS.map(|(name, _)| name)
}

/// The pairs of `score` as a CSV table: UTF-8 text, a header line and one line a pair.
#[must_use]
pub fn per_pair_csv(score: &ScoreFile) -> String {
    let mut table = per_pair_columns().join(",");
    table.push('\n');
    for pair in &score.per_pair_results {
        for (place, (_, column)) in COLUMNS.iter().enumerate() {
            if place > 0 {
                table.push(',');
            }
            csv_cell::push_quoted(&mut table, &cell(column, pair));
        }
        table.push('\n');
    }
    table
}

fn cell<'a>(column: &Read, pair: &'a PairResult) -> Cow<'a, str> {
    match column {
        Read::Text(read) => read(pair).map_or(Cow::Borrowed(""), csv_cell::disarmed),
        Read::Flag(read) => Cow::Borrowed(if read(pair) { "true" } else { "false" }),
        // The shortest decimal that reads as the same float.
        Read::Number(read) => {
            read(pair).map_or(Cow::Borrowed(""), |value| Cow::Owned(format!("{value:?}")))
        }
    }
}

fn edit_of(pair: &PairResult) -> Option<Cow<'_, str>> {
    edit_label(&pair.pair_id).map(|label| Cow::Borrowed(label.as_str()))
}

#[expect(clippy::unnecessary_wraps, reason = "every text column may be without a value")]
fn dataset(pair: &PairResult) -> Option<Cow<'_, str>> {
    let source = pair.source_id.as_str();
    Some(Cow::Borrowed(source.split_once('_').map_or(source, |(dataset, _)| dataset)))
}

fn set<C: Category>(names: Option<Names<C>>) -> Option<Cow<'static, str>> {
    names.map(|names| Cow::Owned(names.iter().collect::<Vec<_>>().join(";")))
}
