//! Numbers in cells: one grammar for all tables of users, and a wider one for what Python wrote and reads.
//!
//! Input: the text of a cell. Output: a finite number, or why it is none. The grammar is
//! `[+-]? (digits [. digits?] | . digits) ([eE] [+-]? digits)?` in ASCII. Rust's own parser would take `NaN` and `inf`,
//! Python's also blanks, underscores and full-width digits; each of them is named instead.

use crate::text::stripped;

/// Why a cell is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberFault {
    /// Nothing in the cell.
    #[error("is empty")]
    Empty,
    /// `NaN`, `inf`, or a number beyond the largest float.
    #[error("is not finite")]
    NotFinite,
    /// White space in or around the number.
    #[error("holds white space")]
    WhiteSpace,
    /// A comma, for thousands or as the decimal point.
    #[error("holds a comma (numbers have a decimal point and no marks between thousands)")]
    Comma,
    /// An underscore between digits.
    #[error("holds an underscore")]
    Underscore,
    /// A percent sign.
    #[error("holds a percent sign")]
    Percent,
    /// Digits that are not `0` to `9`, such as full-width ones.
    #[error("holds characters that are not ASCII")]
    NotAscii,
    /// Anything else.
    #[error("is no decimal number")]
    Other,
}

/// The finite decimal number in `cell`, correctly rounded.
///
/// # Errors
///
/// [`NumberFault`].
///
/// ```
/// # use spinefairbench_artifacts::table::{NumberFault, number};
/// assert_eq!(number("-1.5e3"), Ok(-1500.0));
/// assert_eq!(number("1,000"), Err(NumberFault::Comma));
/// ```
pub fn number(cell: &str) -> Result<f64, NumberFault> {
    if !follows_the_grammar(cell.as_bytes()) {
        return Err(fault(cell));
    }
    // The grammar is a part of what the standard parser takes.
    let value: f64 = cell.parse().map_err(|_| NumberFault::Other)?;
    if value.is_finite() { Ok(value) } else { Err(NumberFault::NotFinite) }
}

/// The finite number in `text`, as Python's `float` takes it: white space around it and underscores between digits are passed
/// over. Digits of other scripts are not read.
///
/// # Errors
///
/// [`NumberFault`].
///
/// ```
/// # use spinefairbench_artifacts::table::{NumberFault, python_number};
/// assert_eq!(python_number(" 1_000.5\n"), Ok(1000.5));
/// assert_eq!(python_number("1__0"), Err(NumberFault::Underscore));
/// ```
pub fn python_number(text: &str) -> Result<f64, NumberFault> {
    let bare = stripped(text);
    if !bare.contains('_') {
        return number(bare);
    }
    let between_digits = |place: usize| {
        let is_digit = |at: Option<usize>| {
            at.and_then(|at| bare.as_bytes().get(at)).is_some_and(u8::is_ascii_digit)
        };
        is_digit(place.checked_sub(1)) && is_digit(Some(place + 1))
    };
    if !bare.match_indices('_').all(|(place, _)| between_digits(place)) {
        return Err(NumberFault::Underscore);
    }
    number(&bare.replace('_', ""))
}

fn follows_the_grammar(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unsigned = |text: &[u8]| usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let mut rest = &text[unsigned(text)..];
    let whole = digits(rest);
    rest = &rest[whole..];
    let mut fraction = 0;
    if rest.first() == Some(&b'.') {
        fraction = digits(&rest[1..]);
        rest = &rest[1 + fraction..];
    }
    if whole + fraction == 0 {
        return false;
    }
    if matches!(rest.first(), Some(b'e' | b'E')) {
        rest = &rest[1..];
        rest = &rest[unsigned(rest)..];
        let exponent = digits(rest);
        return exponent > 0 && exponent == rest.len();
    }
    rest.is_empty()
}

fn fault(cell: &str) -> NumberFault {
    let bare = cell.trim_start_matches(['+', '-']);
    if cell.is_empty() {
        NumberFault::Empty
    } else if ["nan", "inf", "infinity"].iter().any(|word| bare.eq_ignore_ascii_case(word)) {
        NumberFault::NotFinite
    } else if cell.contains(char::is_whitespace) {
        NumberFault::WhiteSpace
    } else if !cell.is_ascii() {
        NumberFault::NotAscii
    } else if cell.contains(',') {
        NumberFault::Comma
    } else if cell.contains('_') {
        NumberFault::Underscore
    } else if cell.contains('%') {
        NumberFault::Percent
    } else {
        NumberFault::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, expected: Result<f64, NumberFault>) {
        assert_eq!(number(cell), expected, "cell: {cell:?}");
    }

    #[test]
    fn the_grammar_is_read() {
        for (cell, value) in [
            ("0", 0.0),
            ("-0", 0.0),
            ("+1", 1.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("1e-3", 1e-3),
            ("1.5E+2", 150.0),
        ] {
            check(cell, Ok(value));
        }
        check("0.1", Ok(0.1));
        check("1e-400", Ok(0.0));
    }

    #[test]
    fn python_passes_over_white_space_and_single_underscores() {
        for (text, value) in [(" 0.5 ", 0.5), ("\u{a0}-1_0e-1\u{1f}", -1.0), ("1_0.2_5", 10.25)] {
            assert_eq!(python_number(text), Ok(value), "{text:?}");
        }
        for text in ["_1", "1_", "1__0", "1_.5", "1_e5"] {
            assert_eq!(python_number(text), Err(NumberFault::Underscore), "{text:?}");
        }
        for text in ["nan", " inf "] {
            assert_eq!(python_number(text), Err(NumberFault::NotFinite), "{text:?}");
        }
        assert_eq!(python_number(" "), Err(NumberFault::Empty));
        assert_eq!(python_number("1 0"), Err(NumberFault::WhiteSpace));
    }

    #[test]
    fn everything_else_is_named() {
        check("", Err(NumberFault::Empty));
        for cell in ["NaN", "-nan", "inf", "+Infinity", "1e999"] {
            check(cell, Err(NumberFault::NotFinite));
        }
        for cell in [" 1", "1 ", " ", "1\u{a0}000"] {
            check(cell, Err(NumberFault::WhiteSpace));
        }
        check("1,000", Err(NumberFault::Comma));
        check("1_000", Err(NumberFault::Underscore));
        check("5%", Err(NumberFault::Percent));
        check("１", Err(NumberFault::NotAscii));
        for cell in [".", "-", "e5", "1e", "1e+", "0x1p3", "1.2.3", "--1", "=cmd", "1f"] {
            check(cell, Err(NumberFault::Other));
        }
    }
}
