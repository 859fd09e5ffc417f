//! From the parser's error, and what a reader found, to a [`JsonError`].

use serde_json::error::Category;

use super::python::{self, OddityKind};
use super::strict::Failure;
use super::{JsonError, JsonProblem};
use crate::text::{excerpt, shown};

/// So many levels the parser goes down.
const LEVELS: usize = 128;

pub(super) fn explain(
    path: &str,
    text: &str,
    first_line: u64,
    place: &str,
    Failure { error, problem }: Failure<serde_json::Error>,
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
        problem: problem.unwrap_or_else(|| parser_problem(text, offset, &error)),
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

/// Why the parser stopped, by the text that it read until then.
fn parser_problem(text: &str, offset: usize, error: &serde_json::Error) -> JsonProblem {
    /// An escape has six characters; the parser may have read the start of the next one.
    const REACH: usize = 6;
    let detail = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let detail = shown(detail.strip_suffix(&place).unwrap_or(&detail));
    if error.classify() == Category::Eof {
        return JsonProblem::Truncated { detail };
    }
    let read = &text.as_bytes()[..=offset.min(text.len().saturating_sub(1))];
    if depth(read) >= LEVELS {
        return JsonProblem::TooDeep;
    }
    // The parser stops at the first one.
    match python::oddities(text.as_bytes()).next() {
        Some(oddity) if (oddity.bytes.start..=oddity.bytes.end + REACH).contains(&offset) => {
            match oddity.kind {
                OddityKind::NotFinite(token) => JsonProblem::NotFinite { token },
                OddityKind::LoneSurrogate => JsonProblem::LoneSurrogate,
            }
        }
        _ => JsonProblem::Syntax { detail },
    }
}

/// How many lists and objects are open at the end of `read`.
fn depth(read: &[u8]) -> usize {
    let (mut depth, mut in_string, mut at) = (0_usize, false, 0);
    while let Some(byte) = read.get(at) {
        match byte {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    depth
}
