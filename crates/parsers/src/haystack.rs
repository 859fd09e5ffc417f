//! The two forms of a text that the automata run over.
//!
//! All frozen terms are ASCII, so what matters of any other character is its class alone. [`Utf8`] is the text itself: no
//! allocation, and a neighbour of a match is decoded only where it is not ASCII. [`Folded`] has one byte for each character,
//! with non-ASCII characters replaced by a byte for their class, and serves the texts in which U+0130, U+0131, U+017F or
//! U+212A stand for ASCII letters.

use std::borrow::Cow;
use std::ops::Range;

use crate::character::{Class, ascii_class, class_of, ignore_case};

/// Bytes in which ASCII stands for itself, with the word boundaries of the text behind them.
pub(crate) trait Haystack {
    fn bytes(&self) -> &[u8];

    /// Whether a word character stands directly before `position`, the start of an ASCII character.
    fn word_before(&self, position: usize) -> bool;

    /// Whether a word character stands directly after `position`, the end of an ASCII character.
    fn word_after(&self, position: usize) -> bool;
}

/// A text as it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Utf8<'a>(pub(crate) &'a str);

impl Haystack for Utf8<'_> {
    fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn word_before(&self, position: usize) -> bool {
        match position.checked_sub(1).map(|before| self.0.as_bytes()[before]) {
            None => false,
            Some(byte) if byte.is_ascii() => ascii_class(byte).is_word(),
            Some(_) => self.0[..position]
                .chars()
                .next_back()
                .is_some_and(|character| class_of(character).is_word()),
        }
    }

    fn word_after(&self, position: usize) -> bool {
        match self.0.as_bytes().get(position) {
            None => false,
            Some(byte) if byte.is_ascii() => ascii_class(*byte).is_word(),
            Some(_) => self.0[position..]
                .chars()
                .next()
                .is_some_and(|character| class_of(character).is_word()),
        }
    }
}

/// Which characters beyond ASCII count as ASCII letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folding {
    /// As in the lowered text: U+212A gives `k`, and U+0130 gives `i` and a mark. Every other character lowers to one of its
    /// own class beyond ASCII, whatever the final-sigma rule makes of it; `tables/character_classes.py` proves it.
    Lowered,
    /// As in a case-insensitive rule on the original text, see [`ignore_case`].
    IgnoreCase,
}

const OTHER: u8 = 0x80;
const WORD: u8 = 0x81;
const DIGIT: u8 = 0x82;
const SPACE: u8 = 0x83;

/// A text with one byte for each character (two for U+0130 when lowered); ASCII text is borrowed.
///
/// ASCII keeps its case, which the automata ignore.
#[derive(Debug, Clone)]
pub(crate) struct Folded<'a> {
    bytes: Cow<'a, [u8]>,
}

impl<'a> Folded<'a> {
    pub(crate) fn new(text: &'a str, folding: Folding) -> Self {
        if text.is_ascii() {
            return Self { bytes: Cow::Borrowed(text.as_bytes()) };
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(position) = rest.bytes().position(|byte| !byte.is_ascii()) {
            bytes.extend_from_slice(&rest.as_bytes()[..position]);
            let mut characters = rest[position..].chars();
            while let Some(character) =
                characters.clone().next().filter(|character| !character.is_ascii())
            {
                characters.next();
                push_folded(&mut bytes, character, folding);
            }
            rest = characters.as_str();
        }
        bytes.extend_from_slice(rest.as_bytes());
        Self { bytes: Cow::Owned(bytes) }
    }

    /// The class of the character behind the byte at `position`, if there is one.
    pub(crate) fn class_at(&self, position: usize) -> Option<Class> {
        self.bytes.get(position).map(|&byte| class_of_folded(byte))
    }

    /// The end of the whitespace that starts at `position`.
    pub(crate) fn skip_space(&self, position: usize) -> usize {
        let rest = &self.bytes[position..];
        position
            + rest
                .iter()
                .position(|&byte| class_of_folded(byte) != Class::Space)
                .unwrap_or(rest.len())
    }

    /// The end of `literal` (ASCII) at `position`, if it stands there in any case.
    pub(crate) fn skip_literal(&self, position: usize, literal: &str) -> Option<usize> {
        let end = position + literal.len();
        let found = self.bytes.get(position..end)?;
        found.eq_ignore_ascii_case(literal.as_bytes()).then_some(end)
    }
}

impl Haystack for Folded<'_> {
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn word_before(&self, position: usize) -> bool {
        position.checked_sub(1).and_then(|before| self.class_at(before)).is_some_and(Class::is_word)
    }

    fn word_after(&self, position: usize) -> bool {
        self.class_at(position).is_some_and(Class::is_word)
    }
}

fn class_of_folded(byte: u8) -> Class {
    match byte {
        WORD => Class::Word,
        DIGIT => Class::Digit,
        SPACE => Class::Space,
        _ => ascii_class(byte),
    }
}

fn push_folded(bytes: &mut Vec<u8>, character: char, folding: Folding) {
    match (folding, character) {
        (Folding::Lowered, '\u{130}') => bytes.extend([b'i', OTHER]),
        (Folding::Lowered, '\u{212a}') => bytes.push(b'k'),
        (Folding::IgnoreCase, _) if ignore_case(character).is_ascii() => {
            bytes.push(ignore_case(character) as u8);
        }
        _ => bytes.push(match class_of(character) {
            Class::Other => OTHER,
            Class::Word => WORD,
            Class::Digit => DIGIT,
            Class::Space => SPACE,
        }),
    }
}

/// Where the bytes of a folded text stand in the original.
#[derive(Debug)]
pub(crate) struct Offsets {
    /// For each folded byte, the bytes of its character in the original.
    characters: Vec<Range<usize>>,
}

impl Offsets {
    pub(crate) fn new(text: &str, folding: Folding) -> Self {
        let mut characters = Vec::with_capacity(text.len());
        for (start, character) in text.char_indices() {
            let range = start..start + character.len_utf8();
            if folding == Folding::Lowered && character == '\u{130}' {
                characters.push(range.clone());
            }
            characters.push(range);
        }
        Self { characters }
    }

    /// The bytes of the original behind a range of folded bytes that is not empty.
    pub(crate) fn original(&self, folded: &Range<usize>) -> Range<usize> {
        self.characters[folded.start].start..self.characters[folded.end - 1].end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, folding: Folding, expected: &[u8]) {
        let folded = Folded::new(text, folding);
        assert_eq!(folded.bytes(), expected, "{text:?}");
        assert_eq!(Offsets::new(text, folding).characters.len(), expected.len());
    }

    #[test]
    fn each_character_folds_to_itself_or_to_its_class() {
        check("Plain text", Folding::Lowered, b"Plain text");
        check(
            "a²٣\u{a0}\u{301}–b",
            Folding::Lowered,
            &[b'a', WORD, DIGIT, SPACE, OTHER, OTHER, b'b'],
        );
        check(
            "MRİ ıſ\u{212a}",
            Folding::Lowered,
            &[b'M', b'R', b'i', OTHER, b' ', WORD, WORD, b'k'],
        );
        check("MRİ ıſ\u{212a}", Folding::IgnoreCase, b"MRi isk");
    }

    #[test]
    fn folded_ranges_cover_whole_characters_of_the_original() {
        let offsets = Offsets::new("éMRİ \u{212a}", Folding::Lowered);
        assert_eq!(offsets.original(&(1..4)), 2..6);
        assert_eq!(offsets.original(&(6..7)), 7..10);
    }
}
