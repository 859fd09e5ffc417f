//! Text files: UTF-8 without a byte order mark, and how parts of them are shown in messages.
//!
//! Text that was read is untrusted: [`shown`] keeps control characters, direction marks and gigabyte-long lines out of messages.

use std::fmt::Write as _;
use std::ops::Range;

use crate::error::ArtifactError;
use crate::signature::Signature;

/// The longest excerpt of a file that a message shows, in characters; chosen to fit a terminal line with its context.
pub const EXCERPT_CHARS: usize = 60;

/// What is wrong with the encoding of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingProblem {
    /// The file starts with the bytes EF BB BF.
    #[error("starts with a UTF-8 byte order mark")]
    ByteOrderMark,
    /// The file starts like UTF-16.
    #[error("is UTF-16, not UTF-8")]
    Utf16,
    /// The file starts like UTF-32.
    #[error("is UTF-32, not UTF-8")]
    Utf32,
    /// The file is no text: compressed, an archive, a table of another kind.
    #[error("is {0}, not plain text")]
    Foreign(Signature),
    /// Some bytes are no UTF-8.
    #[error("is not UTF-8 at byte {offset} (line {line})")]
    InvalidUtf8 {
        /// Offset of the first wrong byte.
        offset: usize,
        /// Its line, from 1.
        line: u64,
    },
}

/// The text of the file `path`.
///
/// # Errors
///
/// [`ArtifactError::Encoding`] for a byte order mark, UTF-16, UTF-32, what is no text at all, and invalid UTF-8.
pub fn decode<'a>(path: &str, bytes: &'a [u8]) -> Result<&'a str, ArtifactError> {
    check_encoding(bytes).map_err(|problem| ArtifactError::Encoding { path: path.into(), problem })
}

/// Whether `text` is empty or only white space, by Python's `str.isspace`: Unicode's white space and U+001C to U+001F.
///
/// A zero-width space is not white space: a report of nothing else is not blank.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_python_space)
}

/// Whether `character` ends a line for Python's `str.splitlines`.
pub(crate) const fn is_line_end(character: char) -> bool {
    matches!(
        character,
        '\n' | '\x0b' | '\x0c' | '\r' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Where the lines of `text` stand as Python's `str.splitlines` cuts them, with their numbers from 1; CRLF is one end.
pub(crate) fn python_lines(text: &str) -> impl Iterator<Item = (u64, Range<usize>)> {
    let mut start = 0;
    (1..).zip(std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find(is_line_end).unwrap_or(rest.len());
        let end = rest[length..].chars().next().map_or(0, char::len_utf8);
        let end = if rest[length..].starts_with("\r\n") { 2 } else { end };
        let line = start..start + length;
        start = line.end + end;
        Some(line)
    }))
}

/// Text without the white space around it, by Python's `str.strip`.
#[must_use]
pub fn stripped(text: &str) -> &str {
    text.trim_matches(is_python_space)
}

fn is_python_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// The text that `bytes` are.
pub(crate) fn check_encoding(bytes: &[u8]) -> Result<&str, EncodingProblem> {
    refuse_marks(bytes)?;
    std::str::from_utf8(bytes).map_err(|error| invalid_utf8(bytes, error.valid_up_to()))
}

/// Refuses what is no plain UTF-8 text, looking only at the first bytes.
pub(crate) const fn refuse_marks(bytes: &[u8]) -> Result<(), EncodingProblem> {
    match Signature::of(bytes) {
        None => Ok(()),
        Some(Signature::Utf8Mark) => Err(EncodingProblem::ByteOrderMark),
        Some(Signature::Utf16) => Err(EncodingProblem::Utf16),
        Some(Signature::Utf32) => Err(EncodingProblem::Utf32),
        Some(other) => Err(EncodingProblem::Foreign(other)),
    }
}

pub(crate) fn invalid_utf8(bytes: &[u8], offset: usize) -> EncodingProblem {
    EncodingProblem::InvalidUtf8 { offset, line: line_at(bytes, offset) }
}

/// The line, from 1, that holds byte `offset`.
pub(crate) fn line_at(bytes: &[u8], offset: usize) -> u64 {
    let before = &bytes[..offset.min(bytes.len())];
    memchr::memchr_iter(b'\n', before).count() as u64 + 1
}

/// `text` as a message may show it: at most [`EXCERPT_CHARS`] characters, those that steer a terminal escaped.
///
/// ```
/// # use spinefairbench_artifacts::text::shown;
/// assert_eq!(shown("a\u{1b}[31mb"), "a\\u{1b}[31mb");
/// ```
#[must_use]
pub fn shown(text: &str) -> String {
    let mut out = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == EXCERPT_CHARS {
            out.push('…');
            break;
        }
        match character {
            '"' | '\'' | '\\' => out.push(character),
            // Line breaks and tabs have names.
            other if is_deceptive(other) && !matches!(other, '\0' | '\t' | '\n' | '\r') => {
                out.extend(other.escape_unicode());
            }
            // Writing to a `String` cannot fail.
            other => drop(write!(out, "{}", other.escape_debug())),
        }
    }
    out
}

/// Whether a character moves, reorders or hides text: controls (C0, DEL and C1), direction marks, characters without width,
/// variation selectors, tags, and the invisible letters of Hangul and Khmer. The only list of such characters in the workspace.
#[must_use]
pub fn is_deceptive(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text around byte `offset` of `text`, from its own line on, as a message may show it.
pub(crate) fn excerpt(text: &str, offset: usize) -> String {
    /// Characters before the place that the excerpt keeps as context.
    const LEAD: usize = 20;
    let offset = text.floor_char_boundary(offset.min(text.len()));
    let same_line =
        text[..offset].char_indices().rev().take_while(|(_, character)| *character != '\n');
    let start = same_line.take(LEAD).last().map_or(offset, |(index, _)| index);
    shown(text[start..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Diagnostic as _;

    #[track_caller]
    fn check(bytes: &[u8], code: &str, message: &str) {
        let error = decode("a.json", bytes).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, message));
    }

    #[test]
    fn wrong_encodings_are_named() {
        check(b"\xEF\xBB\xBF{}", "encoding_bom", "`a.json` starts with a UTF-8 byte order mark");
        check(b"\xFF\xFE{\0", "encoding_utf16", "`a.json` is UTF-16, not UTF-8");
        check(b"{\0}\0", "encoding_utf16", "`a.json` is UTF-16, not UTF-8");
        check(b"\xFF\xFE\0\0{\0\0\0", "encoding_utf32", "`a.json` is UTF-32, not UTF-8");
        check(b"\xFD7zXZ\0", "not_text", "`a.json` is compressed with xz, not plain text");
        check(b"a\nb\xC0\xAF", "encoding_utf8", "`a.json` is not UTF-8 at byte 3 (line 2)");
    }

    #[test]
    fn lines_end_where_python_ends_them() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            let found: Vec<&str> = python_lines(text).map(|(_, line)| &text[line]).collect();
            assert_eq!(found, expected, "text: {text:?}");
        }
        check("", &[]);
        check("a", &["a"]);
        check("a\r\nb\rc\n", &["a", "b", "c"]);
        check("\n\n", &["", ""]);
        check(
            "a\u{85}b\u{2028}c\u{2029}d\u{b}e\u{c}f\u{1c}g\u{1f}",
            &["a", "b", "c", "d", "e", "f", "g\u{1f}"],
        );
        assert_eq!(python_lines("a\r\n\rb").last(), Some((3, 4..5)));
    }

    #[test]
    fn long_text_and_direction_marks_are_tamed() {
        assert_eq!(shown(&"x".repeat(100)).chars().count(), EXCERPT_CHARS + 1);
        assert_eq!(shown("a\u{202e}b\n"), "a\\u{202e}b\\n");
    }
}
