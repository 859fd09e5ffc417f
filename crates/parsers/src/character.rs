//! Character classes as CPython's `str` has them, with the tables of Unicode 14.0.0.
//!
//! Input: a character. Output: its [`Class`]. A *word* character is `_` or one of general category L* or N*; a *digit* is
//! one of Nd; *whitespace* is what `str.isspace()` accepts. Marks, U+200B..U+200D and U+FEFF are none of these. This is the
//! frozen rule P-01; `char::is_alphanumeric` and `\w` of regex engines differ from it, which is why there is a table.
//! Code points assigned after Unicode 14.0 are [`Class::Other`].

#[path = "../tables/character_classes.rs"]
mod table;

/// What the frozen rules ask about a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// None of the others.
    Other,
    /// `_`, a letter, or a number that is no decimal digit.
    Word,
    /// A decimal digit, which is a word character too.
    Digit,
    /// Whitespace.
    Space,
}

impl Class {
    pub(crate) const fn is_word(self) -> bool {
        matches!(self, Self::Word | Self::Digit)
    }
}

/// The class of any character.
pub(crate) fn class_of(character: char) -> Class {
    let code_point = character as usize;
    match table::INDEX.get(code_point / 256) {
        None => Class::Other,
        Some(&block) => {
            let word = table::BLOCKS[usize::from(block) * 8 + code_point % 256 / 32];
            match (word >> (code_point % 32 * 2)) & 3 {
                0 => Class::Other,
                1 => Class::Word,
                2 => Class::Digit,
                _ => Class::Space,
            }
        }
    }
}

/// Whether the character is whitespace.
pub(crate) fn is_space(character: char) -> bool {
    if character.is_ascii() {
        ascii_class(character as u8) == Class::Space
    } else {
        class_of(character) == Class::Space
    }
}

/// Whether the character is a decimal digit.
pub(crate) fn is_digit(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_digit()
    } else {
        class_of(character) == Class::Digit
    }
}

/// The class of an ASCII byte; [`Class::Other`] for every other byte.
pub(crate) const fn ascii_class(byte: u8) -> Class {
    match byte {
        b'0'..=b'9' => Class::Digit,
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => Class::Word,
        0x09..=0x0d | 0x1c..=0x20 => Class::Space,
        _ => Class::Other,
    }
}

/// The ASCII letter, in lower case, that a character equals in a case-insensitive rule; other characters stay.
///
/// Beside A to Z, CPython's `re.IGNORECASE` takes U+0130 and U+0131 for `i`, U+017F for `s` and U+212A for `k`.
pub(crate) const fn ignore_case(character: char) -> char {
    match character {
        '\u{130}' | '\u{131}' => 'i',
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        _ => character.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// SHA-256 of one class number a code point, U+0000 to U+10FFFF, as CPython 3.11.7 (Unicode 14.0.0) classifies them.
    const CPYTHON_CLASSES: &str =
        "c846e7c3ee036f3b35a8d3769028489360d9d8a0bd14a08514ecd1d1199759b7";

    #[test]
    fn every_code_point_has_the_class_that_cpython_gives_it() {
        let classes: Vec<u8> = (0..=0x10_ffff)
            .map(|code| char::from_u32(code).map_or(0, |c| class_of(c) as u8))
            .collect();
        assert_eq!(crate::registry::hex(&Sha256::digest(classes)), CPYTHON_CLASSES);
    }

    #[test]
    fn ascii_has_the_same_class_in_both_forms() {
        for byte in 0..0x80_u8 {
            assert_eq!(ascii_class(byte), class_of(char::from(byte)), "{byte:#x}");
        }
    }

    #[track_caller]
    fn check(characters: &str, expected: Class) {
        for character in characters.chars() {
            assert_eq!(class_of(character), expected, "{character:?}");
        }
    }

    #[test]
    fn the_characters_that_regex_engines_class_otherwise_are_classed_as_in_python() {
        check("²Ⅷ½①ªαж中ᄀ_", Class::Word);
        check("0٣０", Class::Digit);
        check(
            "\u{301}\u{307}\u{345}\u{24b6}\u{200b}\u{200c}\u{200d}\u{feff}\u{ad}\u{10ffff}",
            Class::Other,
        );
        check(
            "\u{1c}\u{1f}\u{85}\u{a0}\u{1680}\u{2000}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}",
            Class::Space,
        );
    }
}
