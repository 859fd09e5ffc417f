//! Phrases that a model could not leave again.
//!
//! Input: a report. Output: whether a phrase stands in it so often in a row that no reader would have written it: of up to
//! [`WORDS`] words anywhere, or of any length at the end of the last [`TAIL`] bytes. The time is linear in the text.

use std::hash::{DefaultHasher, Hasher as _};

/// The longest phrase that is looked for anywhere, in words.
const WORDS: usize = 32;
/// How many bytes of the end are searched for repetitions of any length.
const TAIL: usize = 4096;

/// How often a phrase must stand in a row, and how many bytes that must be. Chosen: a table of a spine may say `normal` for each
/// of two dozen levels, in six columns; nobody writes a sentence six times, or a paragraph three times.
const LOOPS: [(usize, usize); 2] = [(6, 160), (3, 600)];
/// The same where the phrases differ in their numbers alone: more than a spine has levels.
const NUMBERED: [(usize, usize); 1] = [(32, 600)];

/// Whether a phrase is repeated in `text` beyond what a report needs.
pub(super) fn is_loop(text: &str) -> bool {
    text.len() >= LOOPS[0].1
        && (repeats_at_the_end(text.trim_end().as_bytes()) || repeats_words(text))
}

/// A word, with its place.
struct Word {
    from: usize,
    exact: u64,
    /// Without regard to which digits it has.
    numbered: u64,
}

fn repeats_words(text: &str) -> bool {
    let words: Vec<Word> = text.split_whitespace().map(|word| Word::of(word, text)).collect();
    // Three copies have so many words that equal the ones a period before; nearly every text has fewer, and counting them is quick.
    let numbered: Vec<u64> = words.iter().map(|word| word.numbered).collect();
    let may_repeat = |period: usize| {
        let equal = numbered.iter().zip(&numbered[period..]).filter(|(one, other)| one == other);
        equal.count() >= 2 * period
    };
    (1..=WORDS.min(words.len() / 2)).filter(|period| may_repeat(*period)).any(|period| {
        repeats(text, &words, period, |word| word.exact, &LOOPS)
            || repeats(text, &words, period, |word| word.numbered, &NUMBERED)
    })
}

impl Word {
    /// `word`, a slice of `text`.
    fn of(word: &str, text: &str) -> Self {
        let exact = hash(word.as_bytes());
        let numbered = if word.bytes().any(|byte| byte.is_ascii_digit()) {
            hash(word.replace(|character: char| character.is_ascii_digit(), "0").as_bytes())
        } else {
            exact
        };
        Self { from: word.as_ptr().addr() - text.as_ptr().addr(), exact, numbered }
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Whether `period` words follow each other as often as one of `limits` says.
fn repeats(
    text: &str,
    words: &[Word],
    period: usize,
    key: impl Fn(&Word) -> u64,
    limits: &[(usize, usize)],
) -> bool {
    let mut run = 0;
    (period..words.len()).any(|place| {
        run = if key(&words[place]) == key(&words[place - period]) { run + 1 } else { 0 };
        if run == 0 || run % period != 0 {
            return false;
        }
        let from = words[place + 1 - period - run].from;
        let end = words.get(place + 1).map_or(text.len(), |next| next.from);
        exceeds(run / period + 1, end - from, limits) && says_something(&text[from..end])
    })
}

fn exceeds(copies: usize, bytes: usize, limits: &[(usize, usize)]) -> bool {
    limits.iter().any(|&(least, long)| copies >= least && bytes >= long)
}

/// Rules of dashes, dots and the frames of tables are no phrase; a row of exclamation marks is what a broken model says.
fn says_something(phrase: &str) -> bool {
    phrase.contains(|character: char| character.is_alphanumeric() || matches!(character, '!' | '?'))
}

/// Whether the end of `bytes` is one phrase again and again, the last copy perhaps cut off.
fn repeats_at_the_end(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    let reversed: Vec<u8> = tail.iter().rev().copied().collect();
    let matched = z_function(&reversed);
    (1..reversed.len() / 2).any(|period| {
        let length = matched[period] + period;
        exceeds(length / period, length, &LOOPS)
            && says_something(&String::from_utf8_lossy(&tail[tail.len() - length..]))
    })
}

/// For each place, how many bytes from there on equal the bytes from the start on.
fn z_function(bytes: &[u8]) -> Vec<usize> {
    let mut matched = vec![0; bytes.len()];
    let (mut left, mut right) = (0, 0);
    for place in 1..bytes.len() {
        let known = if place < right { matched[place - left].min(right - place) } else { 0 };
        let beyond = bytes[known..]
            .iter()
            .zip(&bytes[place + known..])
            .take_while(|(start, here)| start == here);
        matched[place] = known + beyond.count();
        if place + matched[place] > right {
            (left, right) = (place, place + matched[place]);
        }
    }
    matched
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn listed(numbers: Range<usize>, line: impl Fn(usize) -> String) -> String {
        numbers.map(line).collect::<Vec<_>>().concat()
    }

    #[test]
    fn what_models_repeat_is_a_loop() {
        let report = "The lumbar spine is straight. ";
        for looped in [
            "I think. ".repeat(40),
            "!".repeat(200),
            "Other; ".repeat(30),
            "无法评估。".repeat(20),
            "Mild osteophytes at L4-L5 without a fracture, otherwise normal for the age of the patient. ".repeat(6),
            format!("{}{}", report.repeat(8), "Then it goes on with other findings of the spine."),
            listed(1..60, |number| format!("{number}. Mild osteophytes.\n")),
            "No fracture.\nDisc height is preserved at all levels of the lumbar spine.\nNo listhesis.\n".repeat(12),
        ] {
            assert!(is_loop(&looped), "{looped:?}");
            assert!(is_loop(&format!("{report}{looped}")), "{looped:?}");
        }
        // Six copies of 27 bytes are long enough, five are not often enough, and six of 26 are too short.
        let rest = "Then it goes on with other findings of the spine, and ends.";
        for (phrase, copies, expected) in [
            ("No acute fracture is seen. ", 6, true),
            ("No acute fracture is seen. ", 5, false),
            ("No acute fracture was it. ", 6, false),
        ] {
            let text = format!("{report}{}{rest}", phrase.repeat(copies));
            assert_eq!(is_loop(&text), expected, "{text:?}");
        }
    }

    #[test]
    fn lists_and_tables_of_a_spine_are_no_loop() {
        let levels =
            listed(1..25, |level| format!("| T{level} | normal | normal | none | none | none |\n"));
        let list =
            listed(1..18, |level| format!("- L{level}: No significant abnormality is seen.\n"));
        for report in [
            levels.as_str(),
            &list,
            &"-".repeat(400),
            &"| --- ".repeat(60),
            &"_ ".repeat(200),
            "L1-L2: Normal.\nL2-L3: Normal.\nL3-L4: Normal.\nL4-L5: Normal.\nL5-S1: Normal.\nSacroiliac joints: Normal.\n\
             Hips: Normal.\nPedicles: Normal. Soft tissue: Normal.\nAlignment: Normal. Bone density: Normal.",
            "",
        ] {
            assert!(!is_loop(report), "{report:?}");
        }
    }
}
