//! The parsers in their plainest form, from the tests of `parsers`, for the characters that [`crate::report_parsers`]
//! makes texts of.

#![allow(dead_code, reason = "the tests of `parsers` use more of these files")]

#[path = "../../crates/parsers/tests/it/naive/backtracking.rs"]
pub(crate) mod backtracking;
#[path = "../../crates/parsers/tests/it/naive/refusal.rs"]
pub(crate) mod refusal;
#[path = "../../crates/parsers/tests/it/naive/stage1.rs"]
pub(crate) mod stage1;
#[path = "../../crates/parsers/tests/it/naive/terms.rs"]
pub(crate) mod terms;

/// Characters that tell the definitions of lowering, word, digit and whitespace apart.
pub(crate) const ODD: &str =
    "İıſ\u{212a}éßжς中²½٣\u{301}\u{307}\u{200b}\u{feff}–’\u{a0}\u{2003}\u{2028}\u{85}";

/// Word characters, for ASCII and [`ODD`].
pub(crate) fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || "_éßжς中²½\u{130}\u{131}\u{17f}\u{212a}".contains(character)
        || is_digit(character)
}

/// Decimal digits, for ASCII and [`ODD`].
pub(crate) fn is_digit(character: char) -> bool {
    character.is_ascii_digit() || character == '٣'
}

/// Whitespace, for ASCII and [`ODD`].
pub(crate) fn is_space(character: char) -> bool {
    "\t\n\u{b}\u{c}\r\u{1c}\u{1d}\u{1e}\u{1f} \u{85}\u{a0}\u{2003}\u{2028}".contains(character)
}
