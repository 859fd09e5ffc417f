//! A score's pairs as a CSV table, for spreadsheets, `DuckDB`, Polars, pandas.
//!
//! Input: a [`ScoreFile`], new or read back. Output: UTF-8 text with a header line and one line a pair, in the order of the
//! ids. Columns:
//!
//! * `pair_id`, `source_id`
//! * `edit_label`: what the pair id names after its last `__`; empty if that is no edit of the benchmark
//! * `source_dataset`: what the source id names before its first `_`
//! * `usable`: `true` or `false`; the columns of the endpoints and sets are empty where it is `false`
//! * `source_response_class`, `counterfactual_response_class`
//! * `recommendation_changed`: `1.0` or `0.0`
//! * `diagnostic_label_consistency`: from `0.0` to `1.0`
//! * `source_recommendations`, `counterfactual_recommendations`, `source_diagnostic_labels`,
//!   `counterfactual_diagnostic_labels`: the names, sorted, with `;` between them; empty for an empty set too, so ask `usable`
//!
//! Numbers read back as the same floats. Text that a spreadsheet would take for a formula (one that begins with `=`, `+`,
//! `-`, `@`, a tab or a carriage return) gets an apostrophe in front.

use std::borrow::Cow;

use spinefairbench_artifacts::ids::PairId;

use crate::index::edit_label;
use crate::score_file::{PairResult, ScoreFile};

/// The columns of the table.
pub const PER_PAIR_COLUMNS: [&str; 13] = [
    "pair_id",
    "source_id",
    "edit_label",
    "source_dataset",
    "usable",
    "source_response_class",
    "counterfactual_response_class",
    "recommendation_changed",
    "diagnostic_label_consistency",
    "source_recommendations",
    "counterfactual_recommendations",
    "source_diagnostic_labels",
    "counterfactual_diagnostic_labels",
];

/// The pairs of `score` as a CSV table.
#[must_use]
pub fn per_pair_csv(score: &ScoreFile) -> String {
    let mut table = PER_PAIR_COLUMNS.join(",");
    table.push('\n');
    for pair in &score.per_pair_results {
        let cells = cells(pair);
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                table.push(',');
            }
            push_quoted(&mut table, cell);
        }
        table.push('\n');
    }
    table
}

fn cells(pair: &PairResult) -> [Cow<'_, str>; PER_PAIR_COLUMNS.len()] {
    let label = pair.pair_id.parse::<PairId>().ok().and_then(|pair_id| edit_label(&pair_id));
    let dataset = pair.source_id.split_once('_').map_or(&*pair.source_id, |(dataset, _)| dataset);
    [
        text(&pair.pair_id),
        text(&pair.source_id),
        Cow::Borrowed(label.map_or("", |label| label.as_str())),
        text(dataset),
        Cow::Borrowed(if pair.usable { "true" } else { "false" }),
        text(&pair.source_response_class),
        text(&pair.counterfactual_response_class),
        number(pair.recommendation_changed),
        number(pair.diagnostic_label_consistency),
        set(pair.source_recommendations.as_deref()),
        set(pair.counterfactual_recommendations.as_deref()),
        set(pair.source_diagnostic_labels.as_deref()),
        set(pair.counterfactual_diagnostic_labels.as_deref()),
    ]
}

/// The shortest decimal that reads as the same float.
fn number(value: Option<f64>) -> Cow<'static, str> {
    value.map_or(Cow::Borrowed(""), |value| Cow::Owned(format!("{value:?}")))
}

fn set(names: Option<&[String]>) -> Cow<'static, str> {
    names.map_or(Cow::Borrowed(""), |names| Cow::Owned(text(&names.join(";")).into_owned()))
}

/// Text that no spreadsheet takes for a formula.
fn text(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn push_quoted(table: &mut String, cell: &str) {
    if cell.contains([',', '"', '\n', '\r']) {
        table.push('"');
        table.push_str(&cell.replace('"', "\"\""));
        table.push('"');
    } else {
        table.push_str(cell);
    }
}
