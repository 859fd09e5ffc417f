//! The rules in their plainest form: a backtracking matcher and the rules as the specification writes them.
//!
//! Slow on purpose, and independent of the crate: nothing here uses its data, its tables or its matchers. Character classes
//! are spelled out for the characters that [`crate::properties`] puts into texts.

pub(crate) mod backtracking;
pub(crate) mod refusal;
pub(crate) mod stage1;
pub(crate) mod terms;

/// Word characters, for the test's alphabet.
pub(crate) fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || "_éßжς中²½\u{130}\u{131}\u{17f}\u{212a}".contains(character)
        || is_digit(character)
}

/// Decimal digits, for the test's alphabet.
pub(crate) fn is_digit(character: char) -> bool {
    character.is_ascii_digit() || character == '٣'
}

/// Whitespace, for the test's alphabet.
pub(crate) fn is_space(character: char) -> bool {
    "\t\n\u{b}\u{c}\r\u{1c}\u{1d}\u{1e}\u{1f} \u{85}\u{a0}\u{2003}\u{2028}".contains(character)
}
