//! Everything that reaches standard output or standard error.
//!
//! Standard output carries results, standard error carries progress and errors. A reader that goes away (`| head`) ends
//! the program quietly. Foreign text (paths, ids, report text) never reaches a terminal raw: control characters and
//! bidirectional marks are escaped.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result};

/// Where results go, and whether they may be coloured.
#[derive(Debug)]
pub(crate) struct Output {
    color: Color,
}

/// Whether text may carry terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    /// Plain text.
    Never,
    /// ANSI colours.
    Always,
}

/// What a word means, and so how it is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
    /// Something to look at.
    Warning,
    /// A heading.
    Heading,
    /// Beside the point.
    Faint,
}

impl Output {
    /// Standard output; coloured on a terminal unless `NO_COLOR` is set to something.
    #[must_use]
    pub(crate) fn standard() -> Self {
        let wants_plain = crate::environment::no_color();
        let color =
            if io::stdout().is_terminal() && !wants_plain { Color::Always } else { Color::Never };
        Self { color }
    }

    /// Writes one line of text.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written; a reader that went away counts as such and is told apart in
    /// [`is_broken_pipe`].
    #[expect(
        clippy::unused_self,
        reason = "what is printed goes through the one value that knows how"
    )]
    pub(crate) fn line(&self, text: impl Display) -> Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{text}").context("writing to standard output")
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    ///
    /// As [`Self::line`].
    #[expect(
        clippy::unused_self,
        reason = "what is printed goes through the one value that knows how"
    )]
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).context("writing to standard output")
    }

    /// `text` in the colour of `meaning`, or as it is.
    #[must_use]
    pub(crate) fn paint(&self, meaning: Meaning, text: impl Display) -> String {
        let code = match meaning {
            Meaning::Good => "32",
            Meaning::Bad => "31;1",
            Meaning::Warning => "33",
            Meaning::Heading => "1",
            Meaning::Faint => "2",
        };
        match self.color {
            Color::Always => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Color::Never => text.to_string(),
        }
    }

    /// Whether results may be coloured.
    #[must_use]
    pub(crate) fn color(&self) -> Color {
        self.color
    }
}

/// One line on standard error for something that is wrong with what was given.
pub(crate) fn print_problem(problem: &impl Display) {
    // A problem that cannot be shown has nowhere else to go; the exit status still says that there is one.
    let _ = writeln!(io::stderr().lock(), "error: {}", Shown(&problem.to_string()));
}

/// Whether `error` only says that the reader of standard output went away.
#[must_use]
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Text that is safe to show on a terminal: control characters, bidirectional marks and zero-width characters are
/// written as `\u{…}`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(is_unsafe_on_a_terminal) {
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
}

/// Whether a character could move the cursor, change colours, reorder the line or hide.
fn is_unsafe_on_a_terminal(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Shown(text).to_string(), expected);
    }

    #[test]
    fn control_and_bidirectional_characters_are_escaped() {
        check("dataset/pairs.json", "dataset/pairs.json");
        check("modèle ½", "modèle ½");
        check("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}");
        check("a\u{202e}b\u{2066}c\u{200b}", "a\\u{202e}b\\u{2066}c\\u{200b}");
        check("two\nlines", "two\\u{a}lines");
    }
}
