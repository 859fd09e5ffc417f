//! Foreign text in a cell of a CSV table.
//!
//! A cell reads back as its text, but for an apostrophe in front of what a spreadsheet would carry out as a formula.

use std::borrow::Cow;

/// Text that no spreadsheet takes for a formula.
pub(crate) fn disarmed(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        text
    }
}

/// Appends `cell` to `table`, in quotes where it needs them.
pub(crate) fn push_quoted(table: &mut String, cell: &str) {
    if cell.contains([',', '"', '\n', '\r']) {
        table.push('"');
        table.push_str(&cell.replace('"', "\"\""));
        table.push('"');
    } else {
        table.push_str(cell);
    }
}

/// `text` as a cell.
pub(crate) fn of(text: &str) -> String {
    let mut cell = String::new();
    push_quoted(&mut cell, &disarmed(Cow::Borrowed(text)));
    cell
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
            assert_eq!(of(text), expected);
        }
    }
}
