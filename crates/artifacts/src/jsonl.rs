//! JSON Lines: one JSON value a line.
//!
//! Every line has its number, and its record or its problem. Lines end at a line feed and nowhere else: U+2028 is an ordinary
//! character of a string. A carriage return before the line feed is accepted, the last line feed may be missing, a blank line is an
//! error.

use std::marker::PhantomData;

use serde::Deserialize;

use crate::error::{ArtifactError, Diagnostic};
use crate::json::{self, JsonError};
use crate::text;

/// What is wrong with one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// Nothing but white space.
    #[error("`{path}` line {line} is blank")]
    Blank {
        /// The file.
        path: Box<str>,
        /// Line, from 1.
        line: u64,
    },
    /// No JSON, or not of the shape that the reader wants.
    #[error(transparent)]
    Json(Box<JsonError>),
}

impl Diagnostic for LineProblem {
    fn code(&self) -> &'static str {
        match self {
            Self::Blank { .. } => "jsonl_blank_line",
            Self::Json(error) => error.code(),
        }
    }

    fn path(&self) -> Option<&str> {
        match self {
            Self::Blank { path, .. } => Some(path),
            Self::Json(error) => error.path(),
        }
    }

    fn line(&self) -> Option<u64> {
        match self {
            Self::Blank { line, .. } => Some(*line),
            Self::Json(error) => error.line(),
        }
    }

    fn expected(&self) -> Option<String> {
        match self {
            Self::Blank { .. } => Some("a JSON value".to_owned()),
            Self::Json(error) => error.expected(),
        }
    }

    fn actual(&self) -> Option<String> {
        match self {
            Self::Blank { .. } => Some("a blank line".to_owned()),
            Self::Json(error) => error.actual(),
        }
    }
}

/// The lines of the file `path`, each as a `T`.
///
/// # Errors
///
/// [`ArtifactError::Encoding`] for the file as a whole; each line has a result of its own.
///
/// ```
/// # use spinefairbench_artifacts::jsonl;
/// let lines = jsonl::lines::<u8>("a.jsonl", b"1\n\n3\n")?;
/// let found: Vec<_> = lines.map(|(line, record)| (line, record.ok())).collect();
/// assert_eq!(found, [(1, Some(1)), (2, None), (3, Some(3))]);
/// # Ok::<(), spinefairbench_artifacts::ArtifactError>(())
/// ```
pub fn lines<'a, T: Deserialize<'a>>(
    path: &'a str,
    bytes: &'a [u8],
) -> Result<Lines<'a, T>, ArtifactError> {
    Ok(Lines { path, rest: text::decode(path, bytes)?, line: 0, record: PhantomData })
}

/// The lines of a file, with their numbers from 1.
#[derive(Debug)]
pub struct Lines<'a, T> {
    path: &'a str,
    rest: &'a str,
    line: u64,
    record: PhantomData<fn() -> T>,
}

impl<'a, T: Deserialize<'a>> Iterator for Lines<'a, T> {
    type Item = (u64, Result<T, LineProblem>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line += 1;
        let line = line.strip_suffix('\r').unwrap_or(line);
        let record = if line.trim().is_empty() {
            Err(LineProblem::Blank { path: self.path.into(), line: self.line })
        } else {
            json::from_text(self.path, line, self.line).map_err(LineProblem::Json)
        };
        Some((self.line, record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Value;

    #[track_caller]
    fn check(text: &str, expected: &[(u64, &str)]) {
        let found: Vec<(u64, String)> = lines::<Value>("a.jsonl", text.as_bytes())
            .unwrap()
            .map(|(line, record)| {
                (
                    line,
                    record.map_or_else(
                        |problem| problem.code().to_owned(),
                        |value| value.to_string(),
                    ),
                )
            })
            .collect();
        let found: Vec<(u64, &str)> =
            found.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(found, expected, "text: {text:?}");
    }

    #[test]
    fn every_line_is_given() {
        check("", &[]);
        check("1\n2", &[(1, "1"), (2, "2")]);
        check("1\r\n2\r\n", &[(1, "1"), (2, "2")]);
        check(
            "1\n\n  \n2\n",
            &[(1, "1"), (2, "jsonl_blank_line"), (3, "jsonl_blank_line"), (4, "2")],
        );
        check("\"a\u{2028}b\"\n", &[(1, "\"a\u{2028}b\"")]);
        check("{\"a\": 1}\n{\"a\": \n", &[(1, "{\"a\":1}"), (2, "json_truncated")]);
        check("{\"a\":1,\"a\":2}\n[1] 2\n", &[(1, "{\"a\":2}"), (2, "json_syntax")]);
    }

    #[test]
    fn a_problem_names_the_line_of_the_file() {
        let problem =
            lines::<Value>("a.jsonl", b"1\n\n[1,\n").unwrap().nth(2).unwrap().1.unwrap_err();
        assert_eq!(problem.line(), Some(3));
    }
}
