//! The phrase bank: what the invented reports say, sentence by sentence.
//!
//! Every finding sentence gives exactly the labels that [`Finding::labels`] promises and no recommendation category; every
//! advice sentence gives exactly its category and no label; everything else gives neither. The integration tests hold the
//! bank to that with the frozen parsers. Placeholders: `{level}` a disc level, `{body}` a vertebra, `{grade}` a
//! severity word, `{Grade}` the same with a capital.

mod advice;
mod background;
mod findings;
mod refusals;

pub(crate) use advice::Advice;
pub(crate) use background::{CLOSINGS, HEDGES, INDICATIONS, background_sentence};
pub(crate) use findings::{Finding, LabelMask};
pub(crate) use refusals::{DISCLAIMERS, FULL_REFUSALS, PARTIAL_REFUSALS};

use crate::prng::Stream;

/// The disc levels, with a hyphen.
const LEVELS: [&str; 7] = ["L1-L2", "L2-L3", "L3-L4", "L4-L5", "L5-S1", "T11-T12", "T12-L1"];
/// Some of them as other writers print them: with an en dash or a slash, so that reports are not all ASCII.
const TYPESET_LEVELS: [&str; 5] =
    ["L2\u{2013}L3", "L3\u{2013}L4", "L4\u{2013}L5", "L5/S1", "T12\u{2013}L1"];
/// The vertebrae.
const BODIES: [&str; 7] = ["T11", "T12", "L1", "L2", "L3", "L4", "L5"];
/// Severity words of all four levels of the frozen severity registry.
const GRADES: [&str; 14] = [
    "minimal",
    "mild",
    "slight",
    "minor",
    "subtle",
    "moderate",
    "intermediate",
    "moderate",
    "severe",
    "marked",
    "pronounced",
    "advanced",
    "extensive",
    "extreme",
];

/// How the levels of a report are typeset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typesetting {
    Ascii,
    Unicode,
}

/// A sentence with its placeholders filled in.
pub(crate) fn fill(template: &str, typesetting: Typesetting, stream: &mut Stream) -> String {
    let mut text = String::with_capacity(template.len() + 8);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').map_or(rest.len(), |offset| open + offset + 1);
        text.push_str(&rest[..open]);
        match &rest[open..close] {
            "{level}" => text.push_str(level(typesetting, stream)),
            "{body}" => text.push_str(stream.phrase(&BODIES)),
            "{grade}" => text.push_str(stream.phrase(&GRADES)),
            "{Grade}" => text.push_str(&capitalized(stream.phrase(&GRADES))),
            other => text.push_str(other),
        }
        rest = &rest[close..];
    }
    text.push_str(rest);
    text
}

/// A disc level.
pub(crate) fn level(typesetting: Typesetting, stream: &mut Stream) -> &'static str {
    match typesetting {
        Typesetting::Ascii => stream.phrase(&LEVELS),
        Typesetting::Unicode => stream.phrase(&TYPESET_LEVELS),
    }
}

/// A severity word.
pub(crate) fn grade(stream: &mut Stream) -> &'static str {
    stream.phrase(&GRADES)
}

/// The text with its first letter, an ASCII one, as a capital.
pub(crate) fn capitalized(text: &str) -> String {
    let mut copy = text.to_owned();
    if let Some(first) = copy.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    copy
}

#[cfg(test)]
mod bank_tests;
