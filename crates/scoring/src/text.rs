//! Text as Python sees it, where a rule of the submission format depends on it.

/// Whether `text` is empty or only white space, by Python's `str.isspace`: Unicode's white space and U+001C to U+001F.
///
/// A zero-width space is not white space: a report of nothing else is not blank.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}'))
}

/// Whether a character is invisible, reorders the line, or looks like an ASCII letter without being one.
///
/// The look-alikes are the Cyrillic and Greek letters that share a shape with an ASCII letter, and full-width forms: enough
/// to catch a keyword that was typed with one of them. No score depends on this list.
#[must_use]
pub fn is_hidden_or_confusable(character: char) -> bool {
    const LOOK_ALIKES: &str = "асеорхуіјѕһԁԛԝАВЕКМНОРСТХІЈЅοιαρνΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
    match character {
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => {
            true
        }
        '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{ff21}'..='\u{ff3a}'
        | '\u{ff41}'..='\u{ff5a}' => true,
        other => !other.is_ascii() && LOOK_ALIKES.contains(other),
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
    fn look_alikes_and_hidden_characters_are_told_from_accents() {
        assert!("оsteophyte".chars().any(is_hidden_or_confusable), "Cyrillic о");
        assert!("frac\u{200b}ture".chars().any(is_hidden_or_confusable));
        assert!(!"Höhenminderung, ½, ²".chars().any(is_hidden_or_confusable));
    }
}
