//! The keyword parsers: every bounded term of every registry, in one pass over the text.
//!
//! Input: a report. Output: a [`TermTally`] (labels, recommendations, severity, hedging count), or the matches one by one.
//! A term matches in the lowered text, between characters that are no word characters (rule P-01, frozen). Lowering
//! is not carried out: a term is ASCII, and beyond ASCII only U+0130 and U+212A lower to it, so the automaton ignores the
//! case of ASCII letters and runs on the text itself. Where it meets one of the four characters that stand for an ASCII
//! letter in some rule, the text is folded first ([`Folded`]) and the pass starts again.
//!
//! The bounded occurrences of one hedging pattern never overlap, so counting occurrences counts the non-overlapping ones.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::LazyLock;

use crate::automaton::LiteralAutomaton;
use crate::haystack::{Folded, Folding, Haystack, Offsets, Utf8};
use crate::registry::{self, Edge, RuleGroup, TermClass};
use crate::set::{LabelSet, RecommendationSet};

/// What the terms of a text add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TermTally {
    pub(crate) labels: LabelSet,
    pub(crate) labels_strict: LabelSet,
    pub(crate) recommendations: RecommendationSet,
    pub(crate) severity: u8,
    pub(crate) hedging: u32,
    /// Whether a refusal rule may match; where it is false, none does.
    pub(crate) may_refuse: bool,
}

impl TermTally {
    fn add(&mut self, other: &Self) {
        self.labels = self.labels.union(other.labels);
        self.labels_strict = self.labels_strict.union(other.labels_strict);
        self.recommendations = self.recommendations.union(other.recommendations);
        self.severity = self.severity.max(other.severity);
        self.hedging = self.hedging.saturating_add(other.hedging);
        self.may_refuse |= other.may_refuse;
    }

    fn add_class(&mut self, class: TermClass) {
        match class {
            TermClass::Diagnostic(label) => self.labels.insert(label),
            TermClass::DiagnosticStrict(label) => self.labels_strict.insert(label),
            TermClass::Recommendation(recommendation) => {
                self.recommendations.insert(recommendation);
            }
            TermClass::Severity(score) => self.severity = self.severity.max(score),
            TermClass::Hedging(_) => self.hedging += 1,
        }
    }
}

/// An occurrence of a term of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TermMatch {
    /// The registry and category that the term stands for.
    pub class: TermClass,
    /// The term as it stands in the registry.
    pub term: &'static str,
    /// The bytes of the original text that the term covers.
    pub range: Range<usize>,
}

/// The tally of a text.
pub(crate) fn tally(text: &str) -> TermTally {
    let terms = &*TERMS;
    let mut tally = TermTally::default();
    if terms.visit(&Utf8(text), |term, _| tally.add(&term.tally)).is_break() {
        tally = TermTally { may_refuse: true, ..TermTally::default() };
        terms.visit_folded(&Folded::new(text, Folding::Lowered), |term, _| tally.add(&term.tally));
    }
    tally
}

/// Every match of every term, in order of position; of a term of several categories, one match for each.
///
/// The sets of [`crate::parse_report`] are exactly the categories of the matches, and its hedging count is the number of
/// matches of hedging patterns.
///
/// ```
/// use spinefairbench_parsers::{DiagnosticLabel, registry::TermClass, term_matches};
///
/// let text = "İ: Mild bony spur.";
/// let spur = &term_matches(text)[1];
/// assert_eq!(spur.class, TermClass::Diagnostic(DiagnosticLabel::Osteophytes));
/// assert_eq!((spur.term, &text[spur.range.clone()]), ("bony spur", "bony spur"));
/// ```
#[must_use]
pub fn term_matches(text: &str) -> Vec<TermMatch> {
    let terms = &*TERMS;
    let mut ranges = Vec::new();
    let mut record = |term: &'static Term, end: usize| ranges.push((term, end - term.length..end));
    if terms.visit(&Utf8(text), &mut record).is_break() {
        ranges.clear();
        terms.visit_folded(&Folded::new(text, Folding::Lowered), |term, end| {
            ranges.push((term, end - term.length..end));
        });
        let offsets = Offsets::new(text, Folding::Lowered);
        for (_, range) in &mut ranges {
            *range = offsets.original(range);
        }
    }
    let mut matches: Vec<TermMatch> = ranges
        .into_iter()
        .flat_map(|(term, range)| {
            term.meanings.iter().map(move |&(class, term)| TermMatch {
                class,
                term,
                range: range.clone(),
            })
        })
        .collect();
    matches.sort_by(|a, b| {
        (a.range.start, a.range.end, a.class).cmp(&(b.range.start, b.range.end, b.class))
    });
    matches
}

/// A literal of the automaton: a term of one or more categories, or the opening of a refusal rule.
#[derive(Debug, Default)]
struct Term {
    length: usize,
    /// What one occurrence adds.
    tally: TermTally,
    meanings: Vec<(TermClass, &'static str)>,
}

/// The automaton of all terms. Literals from `terms.len()` on are the characters beyond ASCII that stand for ASCII letters.
struct Terms {
    automaton: LiteralAutomaton,
    terms: Vec<Term>,
}

static TERMS: LazyLock<Terms> = LazyLock::new(Terms::new);

/// The characters that a rule equates with `i`, `s` or `k`: in the lowered text, or where case is ignored.
const LETTERS_BEYOND_ASCII: [&str; 4] = ["\u{130}", "\u{131}", "\u{17f}", "\u{212a}"];

impl Terms {
    fn new() -> Self {
        let mut terms: BTreeMap<String, Term> = BTreeMap::new();
        for (class, class_terms) in registry::term_classes() {
            for &text in class_terms {
                let term = terms.entry(text.to_owned()).or_default();
                term.tally.add_class(class);
                term.meanings.push((class, text));
            }
        }
        for rule in registry::rules().iter().filter(|rule| rule.group() == RuleGroup::Refusal) {
            let opening = &rule.segments()[0];
            assert!(
                opening.left == Edge::Boundary && opening.right == Edge::Boundary,
                "openings are bounded as terms are"
            );
            for literal in opening.literals() {
                terms.entry(literal).or_default().tally.may_refuse = true;
            }
        }
        for (text, term) in &mut terms {
            term.length = text.len();
        }
        let literals = terms.keys().map(String::as_str).chain(LETTERS_BEYOND_ASCII);
        Self { automaton: LiteralAutomaton::new(literals), terms: terms.into_values().collect() }
    }

    /// Visits the bounded occurrences; breaks off where a letter beyond ASCII stands.
    fn visit<'t>(
        &'t self,
        text: &Utf8<'_>,
        mut visit: impl FnMut(&'t Term, usize),
    ) -> ControlFlow<()> {
        self.automaton.visit_in_lanes(text.bytes(), |number, end| {
            let Some(term) = self.terms.get(number) else { return ControlFlow::Break(()) };
            if !text.word_after(end) && !text.word_before(end - term.length) {
                visit(term, end);
            }
            ControlFlow::Continue(())
        })
    }

    /// Visits the bounded occurrences in a folded text, which has no letters beyond ASCII.
    fn visit_folded<'t>(&'t self, text: &Folded<'_>, mut visit: impl FnMut(&'t Term, usize)) {
        let _completed = self.automaton.visit_in_lanes(text.bytes(), |number, end| {
            let term = &self.terms[number];
            if !text.word_after(end) && !text.word_before(end - term.length) {
                visit(term, end);
            }
            ControlFlow::Continue(())
        });
    }
}
