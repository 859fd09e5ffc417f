//! Text in the form in which lint compares it.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// `text` without accents, with plain quotation marks and in lower case where it is not ASCII; ASCII as it is, since the rules are
/// looked for without regard to its case.
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain =
        text.nfkd().filter(|character| !is_combining_mark(*character) && *character != '\u{640}');
    Cow::Owned(plain.flat_map(char::to_lowercase).map(plain_quote).collect())
}

fn plain_quote(character: char) -> char {
    match character {
        '‘' | '’' | '‛' | 'ʼ' | '`' | '´' => '\'',
        '“' | '”' | '„' => '"',
        other => other,
    }
}
