//! A negation-aware variant of the keyword parsers, for sensitivity analyses. It is **not** the benchmark's.
//!
//! Input: a report. Output: the label set or recommendation set that remains when a category is dropped whose every matched
//! term is negated. The terms, boundaries and case rules are those of the frozen registries; what is new, and was chosen here,
//! is what negates:
//!
//! * A term is negated when a cue of [`CUES`] stands before it in the same sentence, bounded as terms are, with no word of
//!   [`TURNS`] between the two.
//! * A sentence ends at U+000A, `;`, `!`, `?`, and at a `.` that is not directly followed by a word character, so that
//!   `3.5 mm` stays whole.
//! * A term that begins with a cue is never negated: `no fracture, no abnormality` still states `No finding`.
//!
//! Double negation, cues after the term (`fracture: none`) and the scope of lists beyond the sentence are not modelled.

use std::ops::{ControlFlow, Range};
use std::sync::LazyLock;

use crate::automaton::LiteralAutomaton;
use crate::category::Category;
use crate::haystack::{Haystack, Utf8};
use crate::registry::TermClass;
use crate::set::{CategorySet, LabelSet, RecommendationSet};
use crate::terms::term_matches;

/// The phrases that negate the terms after them; `no` covers `no evidence of` and its like.
pub const CUES: [&str; 12] = [
    "no",
    "not",
    "without",
    "denies",
    "denied",
    "negative for",
    "absence of",
    "absent",
    "free of",
    "never",
    "neither",
    "nor",
];

/// The words that end the reach of a cue within a sentence.
pub const TURNS: [&str; 6] = ["but", "however", "although", "though", "except", "yet"];

/// The diagnostic labels with a term that is not negated.
///
/// ```
/// use spinefairbench_parsers::{diagnostic_labels, negation};
///
/// let text = "No evidence of fracture or lesion. Osteophytes at L3.";
/// assert_eq!(diagnostic_labels(text).len(), 3);
/// assert_eq!(negation::diagnostic_labels(text).names().collect::<Vec<_>>(), ["Osteophytes"]);
/// ```
#[must_use]
pub fn diagnostic_labels(text: &str) -> LabelSet {
    affirmed(text, |class| match class {
        TermClass::Diagnostic(label) => Some(label),
        _ => None,
    })
}

/// The recommendation categories with a term that is not negated.
///
/// ```
/// use spinefairbench_parsers::negation;
///
/// let text = "Surgery is not indicated; no MRI, but physiotherapy.";
/// assert_eq!(negation::recommendations(text).names().collect::<Vec<_>>(), ["physical_therapy", "surgery"]);
/// ```
#[must_use]
pub fn recommendations(text: &str) -> RecommendationSet {
    affirmed(text, |class| match class {
        TermClass::Recommendation(recommendation) => Some(recommendation),
        _ => None,
    })
}

fn affirmed<C: Category>(text: &str, category: impl Fn(TermClass) -> Option<C>) -> CategorySet<C> {
    let mut scopes = NegatedScopes::of(text);
    let mut affirmed = CategorySet::new();
    // The matches come in order of their starts, as the scopes do.
    for found in term_matches(text) {
        if let Some(category) = category(found.class)
            && (begins_with_cue(found.term) || !scopes.contains(found.range.start))
        {
            affirmed.insert(category);
        }
    }
    affirmed
}

fn begins_with_cue(term: &str) -> bool {
    term.split(' ').next().is_some_and(|word| CUES.contains(&word))
}

/// The ranges of a text in which a term is negated, in order and apart from each other.
struct NegatedScopes {
    ranges: std::iter::Peekable<std::vec::IntoIter<Range<usize>>>,
}

/// What changes whether a term is negated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Cue,
    TurnOrStop,
}

impl NegatedScopes {
    fn of(text: &str) -> Self {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut open = None;
        for (mark, end) in marks(text) {
            match (mark, open) {
                (Mark::Cue, None) => open = Some(end),
                (Mark::TurnOrStop, Some(start)) => {
                    ranges.push(start..end);
                    open = None;
                }
                (Mark::Cue, Some(_)) | (Mark::TurnOrStop, None) => {}
            }
        }
        ranges.extend(open.map(|start| start..text.len()));
        Self { ranges: ranges.into_iter().peekable() }
    }

    /// Whether `position`, not less than any asked about before, lies in a scope.
    fn contains(&mut self, position: usize) -> bool {
        while self.ranges.next_if(|range| range.end <= position).is_some() {}
        self.ranges.peek().is_some_and(|range| range.contains(&position))
    }
}

struct Marks {
    automaton: LiteralAutomaton,
}

static MARKS: LazyLock<Marks> = LazyLock::new(|| {
    let stops = ["\n", ";", "!", "?", "."];
    Marks { automaton: LiteralAutomaton::new(CUES.into_iter().chain(TURNS).chain(stops)) }
});

/// Cues, turns and sentence ends with the ends of their bytes, in order.
fn marks(text: &str) -> Vec<(Mark, usize)> {
    let haystack = Utf8(text);
    let mut marks = Vec::new();
    let _completed = MARKS.automaton.visit(text.as_bytes(), |number, end| {
        let words = CUES.iter().chain(&TURNS).nth(number);
        let counts = match words {
            Some(word) => !haystack.word_before(end - word.len()) && !haystack.word_after(end),
            None => !text[..end].ends_with('.') || !haystack.word_after(end),
        };
        if counts {
            marks.push((if number < CUES.len() { Mark::Cue } else { Mark::TurnOrStop }, end));
        }
        ControlFlow::Continue(())
    });
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(diagnostic_labels(text).names().collect::<Vec<_>>(), expected, "{text:?}");
    }

    #[test]
    fn a_cue_reaches_to_the_end_of_its_sentence() {
        check("No fracture, lesion or osteophytes.", &[]);
        check("No fracture. Lesion at L2.", &["Other lesions"]);
        check("There is no 2.5 mm lesion", &[]);
        check("Negative for fracture\nhardware in place", &["Surgical implant"]);
        check("Without spondylolisthesis; broken screw", &["Fracture"]);
    }

    #[test]
    fn a_turn_ends_the_reach_of_a_cue() {
        check("No fracture but osteophytes", &["Osteophytes"]);
        check("Not normal; however a lesion", &["Other lesions"]);
        check("No butterfly lesion", &[]);
    }

    #[test]
    fn a_cue_counts_only_as_a_whole_word_before_the_term() {
        check("Notable lesion", &["Other lesions"]);
        check("Lesion: not seen", &["Other lesions"]);
        check("éno lesion", &["Other lesions"]);
        check("NO LESİON", &[]);
    }

    #[test]
    fn a_term_that_begins_with_a_cue_is_not_negated() {
        check("No fracture, no abnormality.", &["No finding"]);
        check("No finding.", &["No finding"]);
        check("No abnormality", &["No finding"]);
        check("Not within normal limits", &[]);
    }

    #[test]
    fn recommendations_are_negated_as_labels_are() {
        let names = |text| recommendations(text).names().collect::<Vec<_>>();
        assert_eq!(
            names("Surgery is not indicated; no MRI, but physiotherapy."),
            ["physical_therapy", "surgery"]
        );
        assert!(names("No fracture, no surgery.").is_empty());
    }

    #[test]
    fn one_affirmed_term_keeps_the_category() {
        check("No fracture at L1. Fracture at L2.", &["Fracture"]);
    }
}
