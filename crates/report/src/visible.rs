//! Foreign text as a page may show it.
//!
//! Input: any text. Output: the same text, with every character that moves, reorders or hides others written as
//! `\u{…}`: controls, bidirectional marks, zero-width and tag characters. Escaping of markup is `maud`'s.

use std::fmt::{self, Display, Write as _};

use maud::{Escaper, Render};

/// Text on one line: line breaks and tabs are made visible too.
#[derive(Debug, Clone, Copy)]
pub struct Visible<'a>(pub &'a str);

impl Display for Visible<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_visible(formatter, self.0, is_deceptive)
    }
}

impl Render for Visible<'_> {
    fn render_to(&self, buffer: &mut String) {
        // Writing to a `String` cannot fail.
        let _ = write!(Escaper::new(buffer), "{self}");
    }
}

/// Text of several lines, a report: line feeds and tabs stay.
#[derive(Debug, Clone, Copy)]
pub struct VisibleLines<'a>(pub &'a str);

impl Display for VisibleLines<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_visible(formatter, self.0, |character| {
            !matches!(character, '\n' | '\t') && is_deceptive(character)
        })
    }
}

/// The name of a category as words: `physical_therapy` as `physical therapy`.
#[must_use]
pub fn category_words(name: &str) -> String {
    Visible(name).to_string().replace('_', " ")
}

fn write_visible(
    formatter: &mut fmt::Formatter<'_>,
    text: &str,
    is_hidden: impl Fn(char) -> bool,
) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.find(&is_hidden) {
        let (plain, tail) = rest.split_at(at);
        formatter.write_str(plain)?;
        let mut characters = tail.chars();
        if let Some(character) = characters.next() {
            write!(formatter, "{}", character.escape_unicode())?;
        }
        rest = characters.as_str();
    }
    formatter.write_str(rest)
}

/// Whether a character moves, reorders or hides text.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_reorders_or_hides_is_written_out() {
        assert_eq!(Visible("modèle ½").to_string(), "modèle ½");
        assert_eq!(Visible("a\u{202e}b\u{0}c\nd").to_string(), "a\\u{202e}b\\u{0}c\\u{a}d");
        assert_eq!(VisibleLines("a\n\tb\u{2066}\r").to_string(), "a\n\tb\\u{2066}\\u{d}");
        assert_eq!(Visible("tag\u{e0041}").to_string(), "tag\\u{e0041}");
        assert_eq!(Visible("<b>").render().0, "&lt;b&gt;");
    }
}
