//! A report with marked places, cut so that a page can show it as plain segments.
//!
//! Input: the text and byte ranges, which may overlap. Output: segments that together are the text, each with the marks that
//! cover it. Deceptive characters are made visible here, once. The time grows with the length of the text and the number of its
//! marks, and with no product of the two.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use spinefairbench_scoring::explain::{self, ExplainedReport, Explanation};

use crate::visible::{Visible, VisibleLines, category_words};

/// What a mark stands for; the page has a colour for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// A term of a diagnostic label.
    Diagnosis,
    /// A term of a recommendation category.
    Recommendation,
    /// The place where a refusal rule matched.
    Refusal,
    /// Severity or hedging language.
    Language,
}

impl MarkKind {
    /// The kind of a match; none for the strict registry, whose terms no endpoint counts.
    fn of(mark: &explain::Mark) -> Option<Self> {
        match (mark.kind, mark.registry()) {
            (explain::MarkKind::Refusal { .. } | explain::MarkKind::Clinical { .. }, _) => {
                Some(Self::Refusal)
            }
            (_, "diagnostic") => Some(Self::Diagnosis),
            (_, "recommendation") => Some(Self::Recommendation),
            (_, "diagnostic_strict") => None,
            _ => Some(Self::Language),
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Diagnosis => "diagnosis",
            Self::Recommendation => "recommendation",
            Self::Refusal => "refusal",
            Self::Language => "language",
        }
    }
}

/// A marked place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Bytes of the text; a range that is out of the text or cuts a character marks nothing.
    pub range: Range<usize>,
    /// What it stands for.
    pub kind: MarkKind,
    /// The category or rule, for the reader.
    pub label: String,
}

/// The two marked reports of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarkedPair {
    /// The report on the source radiograph.
    pub source: MarkedText,
    /// The report on the counterfactual.
    pub counterfactual: MarkedText,
}

impl From<&Explanation> for MarkedPair {
    fn from(explanation: &Explanation) -> Self {
        Self {
            source: (&explanation.source).into(),
            counterfactual: (&explanation.counterfactual).into(),
        }
    }
}

/// Which end of a mark.
#[derive(Debug, Clone, Copy)]
enum Edge {
    Begin,
    End,
}

/// A text in segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MarkedText {
    /// In the order of the text: the words, the kind that colours them (empty for none), the labels (empty for none).
    segments: Vec<(String, &'static str, String)>,
}

impl MarkedText {
    /// The segments of `text` under `marks`.
    ///
    /// ```
    /// use spinefairbench_report::marked_text::{Mark, MarkKind, MarkedText};
    ///
    /// let mark = Mark { range: 5..9, kind: MarkKind::Diagnosis, label: "Osteophytes".into() };
    /// let marked = MarkedText::new("Bony spur.", &[mark]);
    /// assert_eq!(marked.plain(), "Bony spur.");
    /// ```
    #[must_use]
    pub fn new(text: &str, marks: &[Mark]) -> Self {
        // Where marks begin and end, in the order of the text; between two such places the marks are the same throughout.
        let mut edges: Vec<(usize, Edge, (MarkKind, &str))> = marks
            .iter()
            .filter(|mark| text.get(mark.range.clone()).is_some_and(|part| !part.is_empty()))
            .flat_map(|mark| {
                let label = (mark.kind, mark.label.as_str());
                [(mark.range.start, Edge::Begin, label), (mark.range.end, Edge::End, label)]
            })
            .collect();
        edges.sort_unstable_by_key(|(place, ..)| *place);
        let mut edges = edges.into_iter().peekable();
        // How often each label covers the place, since two marks with one label may overlap.
        let mut covering: BTreeMap<(MarkKind, &str), usize> = BTreeMap::new();
        let mut segments = Vec::with_capacity(edges.len() + 1);
        let mut start = 0;
        while start < text.len() {
            while let Some((_, edge, label)) = edges.next_if(|(place, ..)| *place == start) {
                let count = covering.entry(label).or_default();
                match edge {
                    Edge::Begin => *count += 1,
                    Edge::End => *count -= 1,
                }
                if *count == 0 {
                    covering.remove(&label);
                }
            }
            let end = edges.peek().map_or(text.len(), |(place, ..)| *place);
            let kind = covering.keys().next().map_or("", |(kind, _)| kind.as_str());
            let labels: Vec<String> =
                covering.keys().map(|(_, label)| Visible(label).to_string()).collect();
            segments.push((VisibleLines(&text[start..end]).to_string(), kind, labels.join(", ")));
            start = end;
        }
        Self { segments }
    }

    /// The text without marks, deceptive characters written out.
    #[must_use]
    pub fn plain(&self) -> String {
        self.segments.iter().map(|(words, _, _)| words.as_str()).collect()
    }
}

impl From<&ExplainedReport> for MarkedText {
    fn from(report: &ExplainedReport) -> Self {
        let marks: Vec<Mark> = report
            .marks
            .iter()
            .filter_map(|mark| {
                let kind = MarkKind::of(mark)?;
                let label = format!("{} ({})", category_words(&mark.category()), mark.matched());
                Some(Mark { range: mark.bytes.clone(), kind, label })
            })
            .collect();
        Self::new(&report.text, &marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(range: Range<usize>, kind: MarkKind, label: &str) -> Mark {
        Mark { range, kind, label: label.into() }
    }

    #[test]
    fn overlapping_marks_cut_the_text_and_lose_nothing() {
        let text = "é: mild bony\u{202e} spur";
        let marks = [
            mark(4..13, MarkKind::Diagnosis, "Osteophytes"),
            mark(9..13, MarkKind::Recommendation, "imaging"),
            mark(1..2, MarkKind::Refusal, "cuts a character"),
            mark(90..99, MarkKind::Refusal, "outside"),
        ];
        let marked = MarkedText::new(text, &marks);
        assert_eq!(marked.plain(), "é: mild bony\\u{202e} spur");
        let kinds: Vec<(&str, &str)> =
            marked.segments.iter().map(|(words, kind, _)| (words.as_str(), *kind)).collect();
        assert_eq!(
            kinds,
            [("é: ", ""), ("mild ", "diagnosis"), ("bony", "diagnosis"), ("\\u{202e} spur", "")]
        );
        assert_eq!(marked.segments[2].2, "Osteophytes, imaging");
        assert_eq!(MarkedText::new("", &[]).plain(), "");
    }

    #[test]
    fn a_mark_inside_another_of_the_same_label_ends_alone() {
        let marks = [
            mark(0..6, MarkKind::Diagnosis, "Fracture"),
            mark(2..4, MarkKind::Diagnosis, "Fracture"),
        ];
        let marked = MarkedText::new("abcdefgh", &marks);
        let kinds: Vec<(&str, &str)> =
            marked.segments.iter().map(|(words, kind, _)| (words.as_str(), *kind)).collect();
        let diagnosis = "diagnosis";
        assert_eq!(kinds, [("ab", diagnosis), ("cd", diagnosis), ("ef", diagnosis), ("gh", "")]);
    }

    #[test]
    fn a_report_with_very_many_marks_is_cut_at_each() {
        // Looking at all marks for each segment would take 10¹¹ steps here.
        const MARKS: usize = 300_000;
        let text = "fracture ".repeat(MARKS);
        let marks: Vec<Mark> = (0..MARKS)
            .map(|place| mark(9 * place..9 * place + 8, MarkKind::Diagnosis, "Fracture"))
            .collect();
        let marked = MarkedText::new(&text, &marks);
        assert_eq!(marked.segments.len(), 2 * MARKS);
        assert!(marked.segments.iter().step_by(2).all(|(words, kind, label)| {
            (words.as_str(), *kind, label.as_str()) == ("fracture", "diagnosis", "Fracture")
        }));
    }

    #[test]
    fn an_explained_report_keeps_its_marks() {
        let marked = MarkedText::from(&ExplainedReport::of("Mild bony spur. MRI advised."));
        let marks: Vec<(&str, &str)> = marked
            .segments
            .iter()
            .filter(|(_, kind, _)| !kind.is_empty())
            .map(|(words, kind, _)| (words.as_str(), *kind))
            .collect();
        assert_eq!(
            marks,
            [("Mild", "language"), ("bony spur", "diagnosis"), ("MRI", "recommendation")]
        );
        assert!(marked.segments.iter().any(|(_, _, label)| label == "Osteophytes (bony spur)"));
    }
}
