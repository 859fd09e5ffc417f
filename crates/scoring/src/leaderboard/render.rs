//! A leaderboard as CSV, as Markdown and as JSON. Model names are foreign text and are escaped for each form.

use std::fmt::Write as _;

use serde::Serialize;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::text::is_deceptive;

use super::{Assurance, BoardEndpoint, LeaderboardRow, RankedRow};
use crate::compare::RanksRow;
use crate::csv_cell;
use crate::ranks::Ranks;
use crate::scope::Scope;
use crate::score_file::Ci95;

const CSV_HEADER: &str = "model,kind,scope,n_pairs,full_refusals,recommendation_change_rate,recommendation_change_rate_lower,\
recommendation_change_rate_upper,diagnostic_label_consistency,diagnostic_label_consistency_lower,\
diagnostic_label_consistency_upper,scored_at_utc,submission_sha256,place,assurance,submission_changed,\
uninformative_intervals\n";

/// The rows as CSV, one line each and a header; what is unknown is an empty cell. Numbers are written in full.
///
/// A text cell that a spreadsheet would take for a formula begins with a single quote.
#[must_use]
pub fn to_csv(rows: &[RankedRow<'_>]) -> String {
    let mut table = CSV_HEADER.to_owned();
    for RankedRow { place, row } in rows {
        let [change, consistency] =
            [row.recommendation_change, row.diagnostic_consistency].map(csv_endpoint);
        let _never_fails = writeln!(
            table,
            "{},{},{},{},{},{change},{consistency},{},{},{place},{},{},{}",
            csv_cell::of(&row.model),
            row.kind.as_str(),
            row.scope,
            row.n_pairs,
            row.full_refusals.map(|number| number.to_string()).unwrap_or_default(),
            csv_cell::of(row.scored_at_utc.as_deref().unwrap_or_default()),
            row.submission_sha256.map(|digest| digest.to_string()).unwrap_or_default(),
            row.kind.assurance().map_or("", Assurance::as_str),
            row.is_changed,
            uninformative(row).join(";"),
        );
    }
    table
}

/// The rows as JSON, in order, each with its place; what is unknown is null. Numbers are written in full. `ranks` are the places that the data
/// leave open, where the board's score files were given.
///
/// # Panics
///
/// Never: every value is a JSON value.
#[must_use]
pub fn to_json(rows: &[RankedRow<'_>], ranks: Option<&Ranks>) -> Vec<u8> {
    let rows = rows.iter().map(|RankedRow { place, row }| ShownRow {
        place: *place,
        model: &row.model,
        kind: row.kind.as_str(),
        assurance: row.kind.assurance().map(Assurance::as_str),
        scope: row.scope,
        n_pairs: row.n_pairs,
        full_refusals: row.full_refusals,
        recommendation_change_rate: row.recommendation_change.into(),
        diagnostic_label_consistency: row.diagnostic_consistency.into(),
        scored_at_utc: row.scored_at_utc.as_deref(),
        submission_changed: row.is_changed,
        submission_sha256: row.submission_sha256,
        uninformative_intervals: uninformative(row),
    });
    let board = ShownBoard { rows: rows.collect(), ranks: ranks.map(RanksRow::from) };
    let mut bytes = serde_json::to_vec_pretty(&board).expect("the rows have only JSON values");
    bytes.push(b'\n');
    bytes
}

#[derive(Debug, Serialize)]
struct ShownBoard<'a> {
    rows: Vec<ShownRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ranks: Option<RanksRow>,
}

#[derive(Debug, Serialize)]
struct ShownRow<'a> {
    place: usize,
    model: &'a str,
    kind: &'static str,
    assurance: Option<&'static str>,
    scope: Scope,
    n_pairs: usize,
    full_refusals: Option<usize>,
    recommendation_change_rate: ShownEndpoint,
    diagnostic_label_consistency: ShownEndpoint,
    scored_at_utc: Option<&'a str>,
    submission_changed: bool,
    submission_sha256: Option<Sha256>,
    uninformative_intervals: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct ShownEndpoint {
    point_estimate: f64,
    ci95: Option<Ci95>,
}

impl From<BoardEndpoint> for ShownEndpoint {
    fn from(endpoint: BoardEndpoint) -> Self {
        Self { point_estimate: endpoint.value, ci95: endpoint.ci95 }
    }
}

/// The rows as a Markdown table, rounded to three decimals as the published table is.
#[must_use]
pub fn to_markdown(rows: &[RankedRow<'_>]) -> String {
    let mut table = String::from(
        "| Model | | Pairs | Recommendation change (lower is better) | Diagnostic consistency (higher is better) |\n\
         | --- | --- | ---: | --- | --- |\n",
    );
    for RankedRow { row, .. } in rows {
        let _never_fails = writeln!(
            table,
            "| {} | {} | {} | {} | {} |",
            markdown_text(&row.model),
            row.kind_in_words(),
            row.n_pairs,
            markdown_endpoint(row.recommendation_change),
            markdown_endpoint(row.diagnostic_consistency),
        );
    }
    table
}

/// The endpoints whose interval has no width.
fn uninformative(row: &LeaderboardRow) -> Vec<&'static str> {
    [
        ("recommendation_change_rate", row.recommendation_change),
        ("diagnostic_label_consistency", row.diagnostic_consistency),
    ]
    .into_iter()
    .filter(|(_, endpoint)| endpoint.ci95.is_some_and(Ci95::has_no_width))
    .map(|(name, _)| name)
    .collect()
}

fn csv_endpoint(endpoint: BoardEndpoint) -> String {
    match endpoint.ci95 {
        Some(Ci95 { lower, upper }) => format!("{},{lower},{upper}", endpoint.value),
        None => format!("{},,", endpoint.value),
    }
}

fn markdown_endpoint(endpoint: BoardEndpoint) -> String {
    match endpoint.ci95 {
        Some(ci95 @ Ci95 { lower, upper }) => {
            let mark = if ci95.has_no_width() { " (no width)" } else { "" };
            format!("{:.3} [{lower:.3}, {upper:.3}]{mark}", endpoint.value)
        }
        None => format!("{:.3}", endpoint.value),
    }
}

/// Text that stays in its cell and is nothing but text: marks are escaped, line breaks become spaces, addresses are no links, and
/// characters that are invisible or turn the line around become U+FFFD.
fn markdown_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (place, character) in text.char_indices() {
        match character {
            '\n' | '\r' | '\t' => escaped.push(' '),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // A backslash does not keep these from making a link of an address.
            ':' => escaped.push_str("&#58;"),
            '@' => escaped.push_str("&#64;"),
            '.' if ends_in_www(&text[..place]) => escaped.push_str("&#46;"),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '!' | '#' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ if is_deceptive(character) => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn ends_in_www(text: &str) -> bool {
    text.len()
        .checked_sub(3)
        .and_then(|at| text.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_markdown_cell() {
        for (text, expected) in [
            ("a|b", "a\\|b"),
            ("a\\|b", "a\\\\\\|b"),
            ("<script>", "&lt;script&gt;"),
            ("a\nb", "a b"),
            ("[x](y)", "\\[x\\](y)"),
            ("a\u{202e}b\u{7}", "a\u{fffd}b\u{fffd}"),
            ("qwen2.5-vl", "qwen2.5-vl"),
            ("$x$", "\\$x\\$"),
            ("https://a.example", "https&#58;//a.example"),
            ("see WWW.a.example", "see WWW&#46;a.example"),
            ("a@b.example", "a&#64;b.example"),
            ("\u{e0041}\u{3164}", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(markdown_text(text), expected);
        }
    }
}
