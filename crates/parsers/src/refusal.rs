//! The refusal detector: a report is genuine, a partial refusal or a full refusal.
//!
//! Input: the raw report. Output: a [`ResponseClass`], or a [`ResponseTrace`] with the rules behind it. The rules are those of
//! [`registry::rules`](crate::registry::rules) (frozen), case-insensitive on the original text.
//!
//! One pass evaluates all rules. The segments of a rule follow each other on a line with any text between, so it suffices
//! to take the occurrence of each segment that ends first among those that start after the segment before: any match of the
//! rule can be exchanged for that one. The time is linear in the text, however many partial matches there are.

use std::ops::{ControlFlow, Range};
use std::sync::LazyLock;

use crate::automaton::LiteralAutomaton;
use crate::category::ResponseClass;
use crate::character::{Class, is_space};
use crate::haystack::{Folded, Folding, Haystack, Offsets};
use crate::registry::{EMPTY_ANSWERS, Edge, Ending, Rule, RuleGroup, rules};

/// The class of a report and the rules that decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ResponseTrace {
    /// The class.
    pub class: ResponseClass,
    /// The first refusal rule that matches; `None` for a blank report and for one without refusal.
    pub refusal: Option<RuleMatch>,
    /// The first direct-clinical rule that matches, else the first hedged-clinical one; looked for after a refusal only.
    pub clinical: Option<RuleMatch>,
}

/// A rule and a place where it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RuleMatch {
    /// The rule.
    pub rule: &'static Rule,
    /// The bytes of the original text from the start of the first segment to the end of the last, of the match that ends
    /// first.
    pub range: Range<usize>,
}

/// The response class of a report, given whether a refusal rule may match.
pub(crate) fn classify(text: &str, may_refuse: bool) -> ResponseClass {
    if text.chars().all(is_space) {
        return ResponseClass::FullRefusal;
    }
    if !may_refuse {
        return ResponseClass::Genuine;
    }
    RULES.evaluate(&Folded::new(text, Folding::IgnoreCase)).decide().0
}

/// The response class of a report with the rules that decided it.
///
/// ```
/// use spinefairbench_parsers::{ResponseClass, trace_response_class};
///
/// let text = "I cannot interpret this image. Possible findings include osteophytes.";
/// let trace = trace_response_class(text);
/// assert_eq!(trace.class, ResponseClass::PartialRefusal);
/// let refusal = trace.refusal.unwrap();
/// assert_eq!((refusal.rule.id(), &text[refusal.range]), ("R2", "I cannot interpret this image"));
/// assert_eq!(trace.clinical.unwrap().rule.id(), "H2");
/// ```
#[must_use]
pub fn trace_response_class(text: &str) -> ResponseTrace {
    if text.chars().all(is_space) {
        return ResponseTrace { class: ResponseClass::FullRefusal, refusal: None, clinical: None };
    }
    let evidence = RULES.evaluate(&Folded::new(text, Folding::IgnoreCase));
    let (class, refusal, clinical) = evidence.decide();
    let offsets = Offsets::new(text, Folding::IgnoreCase);
    let locate = |number: usize| RuleMatch {
        rule: &rules()[number],
        range: evidence.matches[number].as_ref().map_or(0..0, |folded| offsets.original(folded)),
    };
    ResponseTrace { class, refusal: refusal.map(locate), clinical: clinical.map(locate) }
}

/// For each rule, in the order of [`rules`], the folded range of the match that ends first.
struct Evidence {
    matches: Vec<Option<Range<usize>>>,
}

impl Evidence {
    /// The class, the rule of the refusal and the clinical rule, by number.
    fn decide(&self) -> (ResponseClass, Option<usize>, Option<usize>) {
        let first = |group| {
            let found =
                |(rule, range): (&Rule, &Option<_>)| rule.group() == group && range.is_some();
            rules().iter().zip(&self.matches).position(found)
        };
        let refusal = first(RuleGroup::Refusal);
        if refusal.is_none() {
            return (ResponseClass::Genuine, None, None);
        }
        if let Some(direct) = first(RuleGroup::DirectClinical) {
            return (ResponseClass::Genuine, refusal, Some(direct));
        }
        match first(RuleGroup::HedgedClinical) {
            Some(hedged) => (ResponseClass::PartialRefusal, refusal, Some(hedged)),
            None => (ResponseClass::FullRefusal, refusal, None),
        }
    }
}

/// The automaton of all segments; literal 0 is U+000A, literal `n` belongs to `literals[n - 1]`.
struct Rules {
    automaton: LiteralAutomaton,
    literals: Vec<Literal>,
}

#[derive(Debug)]
struct Literal {
    length: usize,
    uses: Vec<Use>,
}

/// A segment that a literal is an alternative of.
#[derive(Debug, Clone, Copy)]
struct Use {
    rule: usize,
    segment: usize,
    left: Edge,
    right: Edge,
}

/// How much of a rule the current line has matched.
#[derive(Debug, Clone, Default)]
struct Progress {
    segments: usize,
    matched: Range<usize>,
}

static RULES: LazyLock<Rules> = LazyLock::new(Rules::new);

impl Rules {
    fn new() -> Self {
        let mut literals = std::collections::BTreeMap::<String, Vec<Use>>::new();
        for (rule_number, rule) in rules().iter().enumerate() {
            for (segment_number, segment) in rule.segments().iter().enumerate() {
                let (left, right) = (segment.left, segment.right);
                for literal in segment.literals() {
                    let uses = literals.entry(literal).or_default();
                    uses.push(Use { rule: rule_number, segment: segment_number, left, right });
                }
            }
        }
        let automaton =
            LiteralAutomaton::new(std::iter::once("\n").chain(literals.keys().map(String::as_str)));
        let literals =
            literals.into_iter().map(|(text, uses)| Literal { length: text.len(), uses }).collect();
        Self { automaton, literals }
    }

    fn evaluate(&self, text: &Folded<'_>) -> Evidence {
        let mut evidence = Evidence { matches: vec![None; rules().len()] };
        let mut progress = vec![Progress::default(); rules().len()];
        let _completed = self.automaton.visit(text.bytes(), |number, end| {
            let Some(literal) = number.checked_sub(1).map(|number| &self.literals[number]) else {
                progress.fill(Progress::default());
                return ControlFlow::Continue(());
            };
            let start = end - literal.length;
            for occurrence in &literal.uses {
                let line = &mut progress[occurrence.rule];
                let next = occurrence.segment == line.segments && start >= line.matched.end;
                if next
                    && evidence.matches[occurrence.rule].is_none()
                    && is_bounded(text, *occurrence, start, end)
                {
                    line.matched =
                        if line.segments == 0 { start..end } else { line.matched.start..end };
                    line.segments += 1;
                    let rule = &rules()[occurrence.rule];
                    if line.segments == rule.segments().len() {
                        evidence.matches[occurrence.rule] =
                            ending_end(text, rule.ending(), end).map(|end| line.matched.start..end);
                        *line = Progress::default();
                    }
                }
            }
            ControlFlow::Continue(())
        });
        evidence
    }
}

fn is_bounded(text: &Folded<'_>, occurrence: Use, start: usize, end: usize) -> bool {
    (occurrence.left == Edge::Open || !text.word_before(start))
        && (occurrence.right == Edge::Open || !text.word_after(end))
}

/// The end of a rule's match whose segments end at `position`, if what follows is as the rule asks.
fn ending_end(text: &Folded<'_>, ending: Ending, position: usize) -> Option<usize> {
    if ending == Ending::None {
        return Some(position);
    }
    let answer = text.skip_space(position);
    debug_assert_ne!(text.class_at(answer), Some(Class::Space));
    text.class_at(answer)?;
    let is_empty_answer = ending == Ending::Answer
        && EMPTY_ANSWERS.iter().any(|words| has_words(text, answer, words));
    (!is_empty_answer).then_some(answer + 1)
}

/// Whether the words stand at `position`, with any whitespace between and a boundary after them.
fn has_words(text: &Folded<'_>, position: usize, words: &[&str]) -> bool {
    let mut end = position;
    for (number, word) in words.iter().enumerate() {
        let start = if number == 0 { end } else { text.skip_space(end) };
        match text.skip_literal(start, word) {
            Some(word_end) => end = word_end,
            None => return false,
        }
    }
    !text.word_after(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected` names the class, then the rules with what they match, each after a ` | `.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let trace = trace_response_class(text);
        let rules = [trace.refusal, trace.clinical].into_iter().flatten();
        let rules = rules.map(|found| format!(" | {} {}", found.rule.id(), &text[found.range]));
        assert_eq!(trace.class.to_string() + &rules.collect::<String>(), expected, "{text:?}");
    }

    #[test]
    fn a_blank_report_is_a_full_refusal() {
        check("", "full_refusal");
        check(" \t\r\n\u{1c}\u{85}\u{a0}\u{2003}\u{3000}", "full_refusal");
        check("\u{200b}", "genuine");
        check("\u{feff}", "genuine");
    }

    #[test]
    fn the_verb_of_r2_ends_at_a_boundary() {
        check("I cannot read this scan.", "full_refusal | R2 I cannot read this scan");
        check("I cannot make a readable scan.", "genuine");
        check("I can't reread radiographs.", "full_refusal | R2 I can't reread radiograph");
    }

    #[test]
    fn h3_begins_with_generall_or_generally() {
        check(
            "I am unable to. Generally we look for it",
            "partial_refusal | R1 I am unable to | H3 Generally we look for",
        );
        check("I am unable to. In general we look for it", "full_refusal | R1 I am unable to");
    }

    #[test]
    fn segments_stay_on_one_line_and_in_order() {
        check("I cannot read\nthis scan.", "genuine");
        check("The scan I cannot read.", "genuine");
        check("I cannot read it.\nI cannot read\rscans", "full_refusal | R2 I cannot read\rscan");
    }

    #[test]
    fn a_heading_needs_an_answer_that_says_something() {
        check(
            "I am unable to.\nFindings:\n\tnone",
            "genuine | R1 I am unable to | C3 Findings:\n\tn",
        );
        check("I am unable to. Impression: Follow\u{2003}up", "full_refusal | R1 I am unable to");
        check("I am unable to. Impression: n/a", "full_refusal | R1 I am unable to");
        check(
            "I am unable to. Impression: nausea",
            "genuine | R1 I am unable to | C6 Impression: n",
        );
        check("I am unable to. Impression:", "full_refusal | R1 I am unable to");
    }

    #[test]
    fn letters_beyond_ascii_count_as_the_original_counts_them() {
        check("\u{131} am unable to", "full_refusal | R1 \u{131} am unable to");
        check("é\u{130}'m unable to; consult a medical", "full_refusal | R6 consult a medical");
        check(
            "con\u{17f}ult a rad\u{130}olog\u{131}st",
            "full_refusal | R6 con\u{17f}ult a rad\u{130}olog\u{131}st",
        );
        check("I can’t read this scan", "genuine");
    }
}
