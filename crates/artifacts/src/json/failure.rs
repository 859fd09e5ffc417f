//! From the parser's error to a [`JsonError`].
//!
//! The parser gives a message with line and column. The kinds that a reader of a report wants told apart are read from
//! that message and from the text at that place; a message of an unknown form stays as it is.

use serde_json::error::Category;

use super::{JsonError, JsonProblem};
use crate::text::{excerpt, shown};

pub(super) fn explain(
    path: &str,
    text: &str,
    first_line: u64,
    place: &str,
    error: &serde_json::Error,
) -> JsonError {
    let offset = offset_of(text, error.line(), error.column());
    JsonError {
        path: path.into(),
        line: first_line + (error.line() as u64).saturating_sub(1),
        column: error.column().max(1) as u64,
        place: if place == "." {
            "$".to_owned()
        } else {
            shown(&format!("$.{place}").replace(".[", "["))
        },
        problem: problem(
            error,
            &text[..text.ceil_char_boundary(offset)],
            &text[text.floor_char_boundary(offset)..],
        ),
        excerpt: excerpt(text, offset),
    }
}

/// The byte at which the parser stopped: its columns count bytes from 1, and 0 stands for the line break before.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let start = match line.checked_sub(2) {
        None => 0,
        Some(index) => {
            memchr::memchr_iter(b'\n', text.as_bytes()).nth(index).map_or(text.len(), |at| at + 1)
        }
    };
    (start + column.saturating_sub(1)).min(text.len())
}

fn problem(error: &serde_json::Error, before: &str, from: &str) -> JsonProblem {
    let message = error.to_string();
    let detail = message.rsplit_once(" at line ").map_or(message.as_str(), |(detail, _)| detail);
    match error.classify() {
        Category::Data => data_problem(detail),
        Category::Eof => JsonProblem::Truncated { detail: detail.to_owned() },
        Category::Syntax | Category::Io => syntax_problem(detail, before, from),
    }
}

fn data_problem(detail: &str) -> JsonProblem {
    let quoted = |rest: &str| rest.split('`').nth(1).map(shown).unwrap_or_default();
    if let Some(rest) =
        detail.strip_prefix("duplicate field ").or_else(|| detail.strip_prefix("duplicate key "))
    {
        return JsonProblem::DuplicateKey { key: quoted(rest) };
    }
    if let Some(rest) = detail.strip_prefix("missing field ") {
        return JsonProblem::MissingField { field: quoted(rest) };
    }
    let typed = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "]
        .iter()
        .find_map(|prefix| detail.strip_prefix(prefix))
        .and_then(|rest| rest.rsplit_once(", expected "));
    match typed {
        Some((found, expected)) => {
            JsonProblem::Type { expected: plain(expected), found: shown(&plain(found)) }
        }
        None => JsonProblem::Value { detail: shown(detail) },
    }
}

/// What the parser calls by the names of its own language, in the words of JSON.
fn plain(kind: &str) -> String {
    match kind {
        "map" | "a map" => "an object".to_owned(),
        "sequence" | "a sequence" => "a list".to_owned(),
        "u64" | "usize" => "a whole number from 0".to_owned(),
        "f64" => "a number".to_owned(),
        _ if kind.starts_with("struct ") => "an object".to_owned(),
        _ => kind.to_owned(),
    }
}

fn syntax_problem(detail: &str, before: &str, from: &str) -> JsonProblem {
    if detail.contains("recursion limit") {
        return JsonProblem::TooDeep;
    }
    for token in ["NaN", "Infinity", "-Infinity"] {
        // The parser stops at the token's first letter, or at the one after the sign.
        if from.starts_with(token)
            || token
                .strip_prefix('-')
                .is_some_and(|rest| from.starts_with(rest) && before.ends_with('-'))
        {
            let signed = if before.ends_with('-') { "-Infinity" } else { token };
            return JsonProblem::NotFinite { token: signed };
        }
    }
    if detail.contains("hex escape") && names_a_surrogate(before, from) {
        return JsonProblem::LoneSurrogate;
    }
    JsonProblem::Syntax { detail: detail.to_owned() }
}

/// Whether one of the last escapes up to the place where the parser stopped is a surrogate.
fn names_a_surrogate(before: &str, from: &str) -> bool {
    /// An escape has six characters; the parser may have read the start of the next one.
    const REACH: usize = 12;
    let start = before.floor_char_boundary(before.len().saturating_sub(REACH));
    let near: String = before[start..]
        .chars()
        .chain(from.chars().take(1))
        .collect::<String>()
        .to_ascii_lowercase();
    ["\\ud8", "\\ud9", "\\uda", "\\udb", "\\udc", "\\udd", "\\ude", "\\udf"]
        .iter()
        .any(|escape| near.contains(escape))
}
