//! A backtracking matcher over characters: the first way to match wins, exponential time and all.

use std::cell::Cell;

use super::{is_digit, is_space, is_word};

/// A pattern.
#[derive(Clone)]
pub(crate) enum Pattern {
    /// One character, ASCII letters in either case, with the equivalents of `i`, `s` and `k`.
    Literal(char),
    /// One whitespace character.
    Space,
    /// One character that is not whitespace.
    NotSpace,
    /// One decimal digit.
    Digit,
    /// One character that is not U+000A.
    InLine,
    /// Any one character.
    Any,
    /// Exactly one neighbour is a word character.
    Boundary,
    /// The text starts, or U+000A stands before.
    LineStart,
    /// The text ends, or U+000A follows.
    LineEnd,
    /// The text ends.
    TextEnd,
    /// One after the other.
    Row(Vec<Pattern>),
    /// The first alternative that leads to a match.
    Either(Vec<Pattern>),
    /// As often as possible.
    Many(Box<Pattern>),
    /// Once if possible.
    Optional(Box<Pattern>),
    /// Once, then as rarely as possible, and remembered.
    Capture(Box<Pattern>),
    /// What follows matches.
    Ahead(Box<Pattern>),
    /// What follows does not match.
    NotAhead(Box<Pattern>),
}

use Pattern::{
    Ahead, Any, Boundary, Capture, Digit, Either, InLine, LineEnd, LineStart, Literal, Many,
    NotAhead, NotSpace, Optional, Row, Space, TextEnd,
};

impl Pattern {
    /// The characters of a text, one after the other.
    pub(crate) fn text(text: &str) -> Self {
        Row(text.chars().map(Literal).collect())
    }

    pub(crate) fn many(self) -> Self {
        Many(Box::new(self))
    }

    pub(crate) fn optional(self) -> Self {
        Optional(Box::new(self))
    }

    /// Whether the pattern matches anywhere.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.capture_in(text).is_some()
    }

    /// What the pattern captures at the first place where it matches; empty if it captures nothing.
    pub(crate) fn capture_in(&self, text: &str) -> Option<String> {
        let text: Vec<char> = text.chars().collect();
        let captured = Cell::new((0, 0));
        let matches = |start: &usize| self.run(&text, *start, &captured, &mut |_| true);
        (0..=text.len()).find(matches)?;
        let (start, end) = captured.get();
        Some(text[start..end].iter().collect())
    }

    fn run(
        &self,
        text: &[char],
        at: usize,
        captured: &Cell<(usize, usize)>,
        then: &mut dyn FnMut(usize) -> bool,
    ) -> bool {
        let character = text.get(at).copied();
        let mut one = |matches: bool| matches && then(at + 1);
        match self {
            Literal(expected) => one(character.is_some_and(|found| equals(found, *expected))),
            Space => one(character.is_some_and(is_space)),
            NotSpace => one(character.is_some_and(|found| !is_space(found))),
            Digit => one(character.is_some_and(is_digit)),
            InLine => one(character.is_some_and(|found| found != '\n')),
            Any => one(character.is_some()),
            Boundary => {
                let before = at > 0 && is_word(text[at - 1]);
                before != character.is_some_and(is_word) && then(at)
            }
            LineStart => (at == 0 || text[at - 1] == '\n') && then(at),
            LineEnd => character.is_none_or(|found| found == '\n') && then(at),
            TextEnd => character.is_none() && then(at),
            Row(patterns) => match patterns.split_first() {
                None => then(at),
                Some((first, rest)) => {
                    let rest = Row(rest.to_vec());
                    first.run(text, at, captured, &mut |end| rest.run(text, end, captured, then))
                }
            },
            Either(patterns) => {
                patterns.iter().any(|pattern| pattern.run(text, at, captured, then))
            }
            Many(pattern) => {
                pattern.run(text, at, captured, &mut |end| {
                    end > at && self.run(text, end, captured, then)
                }) || then(at)
            }
            Optional(pattern) => pattern.run(text, at, captured, then) || then(at),
            Capture(pattern) => {
                let mut end = at;
                while pattern.run(text, end, captured, &mut |_| true) {
                    end += 1;
                    captured.set((at, end));
                    if then(end) {
                        return true;
                    }
                }
                false
            }
            Ahead(pattern) => pattern.run(text, at, captured, &mut |_| true) && then(at),
            NotAhead(pattern) => !pattern.run(text, at, captured, &mut |_| true) && then(at),
        }
    }
}

fn equals(found: char, expected: char) -> bool {
    let beyond = match expected.to_ascii_lowercase() {
        'i' => "\u{130}\u{131}",
        's' => "\u{17f}",
        'k' => "\u{212a}",
        _ => "",
    };
    found.eq_ignore_ascii_case(&expected) || beyond.contains(found)
}
