//! Foreign text as people may be shown it: on a page, on a terminal, in a JSON document.
//!
//! Every character that moves, reorders or hides others is written out: as `\u{…}` in text, as `\u…` in JSON, where it is the same
//! string. Escaping of markup is `maud`'s; which characters those are is [`is_deceptive`]'s.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

use maud::{Escaper, Render};
pub use spinefairbench_scoring::text::is_deceptive;

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
        write_visible(formatter, self.0, is_deceptive_in_lines)
    }
}

/// The JSON document `text` with the same value and every deceptive character in its strings written as `\u…`.
///
/// ```
/// # use spinefairbench_report::visible::visible_json;
/// assert_eq!(visible_json("[\n  \"a\u{202e}b\u{e0041}\"\n]"), "[\n  \"a\\u202eb\\udb40\\udc41\"\n]");
/// ```
#[must_use]
pub fn visible_json(text: &str) -> Cow<'_, str> {
    // Between strings JSON has no other control character than white space, and in them it has none raw but DEL and C1.
    let is_hidden = |character: char| character != '\r' && is_deceptive_in_lines(character);
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        if is_hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// The name of a category as words: `physical_therapy` as `physical therapy`.
#[must_use]
pub(crate) fn category_words(name: &str) -> String {
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

fn is_deceptive_in_lines(character: char) -> bool {
    !matches!(character, '\n' | '\t') && is_deceptive(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_reorders_or_hides_is_written_out() {
        assert_eq!(Visible("modèle ½").to_string(), "modèle ½");
        assert_eq!(Visible("a\u{202e}b\u{0}c\nd").to_string(), "a\\u{202e}b\\u{0}c\\u{a}d");
        assert_eq!(VisibleLines("a\n\tb\u{2066}\r").to_string(), "a\n\tb\\u{2066}\\u{d}");
        assert_eq!(Visible("tag\u{e0041}\u{fe0f}").to_string(), "tag\\u{e0041}\\u{fe0f}");
        assert_eq!(
            Visible("\u{1b}[31mred\u{9b}0m\u{7f}").to_string(),
            "\\u{1b}[31mred\\u{9b}0m\\u{7f}"
        );
        assert_eq!(Visible("<b>").render().0, "&lt;b&gt;");
    }

    #[test]
    fn a_json_document_keeps_its_value_and_shows_every_character() {
        let value = serde_json::json!({
            "a\u{9b}\u{7f}": ["\u{202e}x\u{e0041}", "line\nbreak\ttab\r", "\u{1b}]0;t\u{7}", "½ 🦴"],
        });
        for text in [serde_json::to_string_pretty(&value), serde_json::to_string(&value)] {
            let text = text.unwrap();
            let shown = visible_json(&text);
            assert!(!shown.chars().any(is_deceptive_in_lines), "{shown}");
            assert!(shown.contains("½ 🦴"), "{shown}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
        assert!(matches!(visible_json("{\r\n\t\"a\": 1}"), Cow::Borrowed(_)));
    }
}
