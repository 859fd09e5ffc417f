//! A leaderboard as CSV, as Markdown and as JSON. Model names are foreign text and are escaped for each form.

use std::fmt::Write as _;

use serde::Serialize;
use spinefairbench_artifacts::digest::Sha256;

use super::{Assurance, BoardEndpoint, RankedRow};
use crate::scope::Scope;
use crate::score_file::Ci95;

const CSV_HEADER: &str = "model,kind,scope,n_pairs,full_refusals,recommendation_change_rate,recommendation_change_rate_lower,\
recommendation_change_rate_upper,diagnostic_label_consistency,diagnostic_label_consistency_lower,\
diagnostic_label_consistency_upper,scored_at_utc,submission_sha256,place,assurance\n";

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
            "{},{},{},{},{},{change},{consistency},{},{},{place},{}",
            csv_text(&row.model),
            row.kind.as_str(),
            row.scope,
            row.n_pairs,
            row.full_refusals.map(|number| number.to_string()).unwrap_or_default(),
            csv_text(row.scored_at_utc.as_deref().unwrap_or_default()),
            row.submission_sha256.map(|digest| digest.to_string()).unwrap_or_default(),
            row.kind.assurance().map_or("", Assurance::as_str),
        );
    }
    table
}

/// The rows as JSON, in order, each with its place; what is unknown is null. Numbers are written in full.
///
/// # Panics
///
/// Never: every value is a JSON value.
#[must_use]
pub fn to_json(rows: &[RankedRow<'_>]) -> Vec<u8> {
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
        submission_sha256: row.submission_sha256,
    });
    let board = ShownBoard { rows: rows.collect() };
    let mut bytes = serde_json::to_vec_pretty(&board).expect("the rows have only JSON values");
    bytes.push(b'\n');
    bytes
}

#[derive(Debug, Serialize)]
struct ShownBoard<'a> {
    rows: Vec<ShownRow<'a>>,
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
    submission_sha256: Option<Sha256>,
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
            row.kind.in_words(),
            row.n_pairs,
            markdown_endpoint(row.recommendation_change),
            markdown_endpoint(row.diagnostic_consistency),
        );
    }
    table
}

fn csv_endpoint(endpoint: BoardEndpoint) -> String {
    match endpoint.ci95 {
        Some(Ci95 { lower, upper }) => format!("{},{lower},{upper}", endpoint.value),
        None => format!("{},,", endpoint.value),
    }
}

fn markdown_endpoint(endpoint: BoardEndpoint) -> String {
    match endpoint.ci95 {
        Some(Ci95 { lower, upper }) => format!("{:.3} [{lower:.3}, {upper:.3}]", endpoint.value),
        None => format!("{:.3}", endpoint.value),
    }
}

fn csv_text(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// Text that stays in its cell and is nothing but text: marks are escaped, line breaks become spaces, and characters that
/// are invisible or turn the line around become U+FFFD.
fn markdown_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => escaped.push(' '),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '!' | '#' | '~' | '$' | '@' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ if is_unprintable(character) => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_text_in_a_spreadsheet() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+a", "'+a"),
            ("-a", "'-a"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\ta", "'\ta"),
            ("\ra", "\"'\ra\""),
            ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
            ("gpt-5.4", "gpt-5.4"),
            ("a\nb", "\"a\nb\""),
        ] {
            assert_eq!(csv_text(text), expected);
        }
    }

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
        ] {
            assert_eq!(markdown_text(text), expected);
        }
    }
}
