//! Text as Python sees it, where a rule of the submission format depends on it, and characters that are not what they look
//! like.

use std::borrow::Cow;

pub use spinefairbench_artifacts::text::{is_blank, is_deceptive};
use spinefairbench_parsers::{parse_report, term_matches};
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::is_nfc;

/// What [`is_moment`] takes, as messages show it.
pub(crate) const MOMENT: &str = "a time such as 2026-04-28T12:00:00+00:00";

/// Whether `text` is a time of RFC 3339 in whole seconds of UTC, as score files and boards have them; how many days the month has is not
/// asked.
pub(crate) fn is_moment(text: &str) -> bool {
    let Some((day_and_time, "")) = text.split_once("+00:00") else { return false };
    let form = "0000-00-00T00:00:00";
    let has_form = day_and_time.len() == form.len()
        && day_and_time.bytes().zip(form.bytes()).all(|(found, form)| match form {
            b'0' => found.is_ascii_digit(),
            _ => found == form,
        });
    has_form
        && [("01".."13", 5), ("01".."32", 8), ("00".."24", 11), ("00".."60", 14), ("00".."61", 17)]
            .into_iter()
            .all(|(range, place)| range.contains(&&day_and_time[place..place + 2]))
}

/// Whether `text` begins or ends with white space, as Python's `str.strip` takes it away.
#[must_use]
pub(crate) fn is_padded(text: &str) -> bool {
    text.chars().next().is_some_and(is_white) || text.chars().next_back().is_some_and(is_white)
}

fn is_white(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// Whether `text` has accents as characters of their own, where Unicode has one character for letter and accent.
#[must_use]
pub(crate) fn is_decomposed(text: &str) -> bool {
    !text.is_ascii() && text.contains(is_combining_mark) && !is_nfc(text)
}

/// What invisible and look-alike characters do in a report, from harmless to harmful. No score depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disguise {
    /// There are none that matter.
    #[default]
    None,
    /// Invisible or reordering characters that no rule stumbles over.
    Hidden,
    /// Such characters inside or next to a keyword, or look-alikes inside one: a reader sees another report than the rules.
    InKeyword,
}

/// What invisible and look-alike characters do in `text`.
///
/// ```
/// use spinefairbench_scoring::text::{Disguise, disguise};
///
/// assert_eq!(disguise("Höhenminderung, 5 μm."), Disguise::None);
/// assert_eq!(disguise("Seen on\u{200b} review: fracture."), Disguise::Hidden);
/// assert_eq!(disguise("A frac\u{200b}ture."), Disguise::InKeyword);
/// assert_eq!(disguise("Follow\u{2011}up in one year."), Disguise::InKeyword);
/// ```
#[must_use]
pub fn disguise(text: &str) -> Disguise {
    if text.is_ascii() {
        return Disguise::None;
    }
    let plain = undisguised(text);
    if plain == text {
        return Disguise::None;
    }
    if parse_report(&plain) != parse_report(text) {
        return Disguise::InKeyword;
    }
    if !text.contains(is_hidden) {
        return Disguise::None;
    }
    let touches = term_matches(text).iter().any(|found| {
        text[..found.range.start].chars().next_back().is_some_and(is_hidden)
            || text[found.range.end..].chars().next().is_some_and(is_hidden)
    });
    if touches { Disguise::InKeyword } else { Disguise::Hidden }
}

/// `text` as a reader sees it: without invisible characters, and with the ASCII character for each look-alike.
#[must_use]
pub(crate) fn undisguised(text: &str) -> Cow<'_, str> {
    let mut seen = String::new();
    // How much of the text stands in `seen`: all up to the last character that is not what it looks like.
    let mut copied = 0;
    for (place, character) in non_ascii(text) {
        let plain = ascii_look_alike(character);
        if plain.is_none() && !is_hidden(character) {
            continue;
        }
        seen.push_str(&text[copied..place]);
        seen.extend(plain);
        copied = place + character.len_utf8();
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    seen.push_str(&text[copied..]);
    Cow::Owned(seen)
}

/// The characters that are not ASCII, with their places. Runs of ASCII, most of any report, are passed over in blocks.
fn non_ascii(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = &text.as_bytes()[from..];
        let (blocks, _) = rest.as_chunks::<16>();
        let passed = 16 * blocks.iter().take_while(|block| block.is_ascii()).count();
        let place = from + passed + rest[passed..].iter().position(|byte| !byte.is_ascii())?;
        let character = text[place..].chars().next()?;
        from = place + character.len_utf8();
        Some((place, character))
    })
}

/// Whether a character is invisible or reorders the line.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Letters that share a shape with an ASCII letter, each with that letter: Cyrillic, then Greek. Chosen to catch a keyword
/// that was typed with one of them.
const LOOK_ALIKES: [(&str, &str); 4] = [
    ("асеорхуіјѕһԁԛԝ", "aceopxyijshdqw"),
    ("АВЕКМНОРСТХІЈЅ", "ABEKMHOPCTXIJS"),
    ("οιαρν", "oiapv"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
];

/// The ASCII character that `character` looks like: letters of other scripts, full-width forms, and the dashes, spaces and
/// apostrophes that word processors and language models put for the plain ones.
#[must_use]
pub(crate) fn ascii_look_alike(character: char) -> Option<char> {
    /// From a full-width form to its ASCII character.
    const FULL_WIDTH_OFFSET: u32 = 0xFEE0;
    match character {
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Some(' '),
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => Some('\''),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - FULL_WIDTH_OFFSET),
        other if other.is_ascii() => None,
        other => LOOK_ALIKES.iter().find_map(|(alike, ascii)| {
            let place = alike.chars().position(|letter| letter == other)?;
            ascii.chars().nth(place)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_is_what_python_strips_away() {
        assert!(is_blank(""));
        assert!(is_blank(" \n\u{1c}\u{1f}\u{85}\u{3000}"));
        assert!(!is_blank("\u{200b}"));
        assert!(!is_blank("\u{feff}"));
    }

    #[test]
    fn a_moment_has_one_form() {
        assert!(is_moment("2026-04-28T12:00:00+00:00"));
        for other in [
            "",
            "2026-04-28T12:00:00Z",
            "2026-04-28T12:00:00+01:00",
            "2026-04-28T12:00:00+00:00 ",
            "2026-04-28T12:00:00+00:00+00:00",
            "2026-04-28 12:00:00+00:00",
            "2026-04-28T12:00:00.5+00:00",
            "2026-4-28T12:00:000+00:00",
            "0000-00-00T00:00:00+00:00",
            "2026-13-28T12:00:00+00:00",
            "2026-12-32T12:00:00+00:00",
            "2026-12-31T24:00:00+00:00",
            "2026-12-31T12:60:00+00:00",
            "2026-12-31T12:00:61+00:00",
            "٢026-04-28T12:00:0+00:00",
            "yesterday",
        ] {
            assert!(!is_moment(other), "{other}");
        }
    }

    #[track_caller]
    fn check(text: &str, expected: Disguise) {
        assert_eq!(disguise(text), expected, "{text:?}");
    }

    #[test]
    fn a_disguised_keyword_is_one_that_the_rules_read_otherwise() {
        check("оsteophyte", Disguise::InKeyword); // Cyrillic о
        check("ｏsteophyte", Disguise::InKeyword);
        check("disc\u{a0}space narrowing", Disguise::InKeyword);
        check("frac\u{ad}ture", Disguise::InKeyword);
        check("x\u{200b}fracture", Disguise::InKeyword);
        check("fracture\u{202e}", Disguise::InKeyword);
        check("Plain fracture.", Disguise::None);
    }

    #[test]
    fn a_reader_sees_each_character_in_its_plain_form() {
        /// One character at a time.
        fn by_definition(text: &str) -> String {
            let seen = text.chars().filter(|character| !is_hidden(*character));
            seen.map(|character| ascii_look_alike(character).unwrap_or(character)).collect()
        }
        let long = "No fracture is seen at any level of the lumbar spine. ".repeat(3);
        for text in [
            "",
            "plain",
            "\u{200b}",
            "é",
            "“L4–L5”",
            "о\u{ad}\u{ad}é—ü",
            &format!("{long}\u{2011}{long}é{long}\u{200b}"),
            &format!("é{long}ο"),
        ] {
            assert_eq!(undisguised(text), by_definition(text), "{text:?}");
        }
    }

    #[test]
    fn accents_and_typography_are_no_disguise() {
        check("Höhenminderung – ½ cm², “mild”", Disguise::None);
        check("osteophytes–mild", Disguise::None);
        check("Das Röntgenbild: Οστεόφυτα", Disguise::None);
        check("\u{feff}The spine is straight.", Disguise::Hidden);
    }

    #[test]
    fn each_look_alike_has_its_letter() {
        for (alike, ascii) in LOOK_ALIKES {
            assert_eq!(alike.chars().count(), ascii.len());
            assert!(!alike.chars().any(|letter| letter.is_ascii()));
        }
    }
}
