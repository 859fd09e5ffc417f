//! Why a pair scored as it did: both reports with everything that the frozen rules matched.
//!
//! Input: the two texts of a pair. Output: an [`Explanation`]: for each report its values and a [`Mark`] for every matched term
//! and rule, with byte and character positions in the original text; the sets compared; and the reasons in sentences. The marks
//! rebuild the sets of [`parse_report`] exactly. [`changes`] does the same for a whole submission, by what was lost and gained.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use spinefairbench_metrics::PairOutcome;
use spinefairbench_parsers::registry::{Rule, TermClass};
use spinefairbench_parsers::{
    Category, CategorySet, DiagnosticLabel, ParsedReport, Recommendation, parse_report,
    term_matches, trace_response_class,
};

mod changes;
mod reasons;
mod wire;

pub use changes::{Changes, Transition, changes};
pub use wire::{
    ChangesFile, ExplainedReportFile, ExplainedSets, ExplanationFile, MarkRow, TransitionRow,
};

/// A pair explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The report on the source radiograph.
    pub source: ExplainedReport,
    /// The report on its counterfactual copy.
    pub counterfactual: ExplainedReport,
}

/// A report with everything that was matched in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedReport {
    /// The report.
    pub text: String,
    /// What the rules make of it.
    pub parsed: ParsedReport,
    /// Every match, in the order of where it starts and ends.
    pub marks: Vec<Mark>,
}

/// One match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What matched.
    pub kind: MarkKind,
    /// Where, in bytes of the text's UTF-8.
    pub bytes: Range<usize>,
    /// Where, in Unicode code points: the indices that Python's strings have.
    pub chars: Range<usize>,
}

/// What a mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// A term of a registry.
    Term {
        /// The registry and category.
        class: TermClass,
        /// The term as it stands in the registry.
        term: &'static str,
    },
    /// The refusal rule that fired first.
    Refusal {
        /// The rule.
        rule: &'static Rule,
    },
    /// The clinical rule that made the refusal partial, or no refusal at all.
    Clinical {
        /// The rule.
        rule: &'static Rule,
    },
}

/// Two sets of categories, side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetComparison<C: Category> {
    /// The source report's.
    pub source: CategorySet<C>,
    /// The counterfactual report's.
    pub counterfactual: CategorySet<C>,
}

/// A piece of a report between two neighbouring ends of marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where, in bytes.
    pub bytes: Range<usize>,
    /// The marks that cover it, by their position in [`ExplainedReport::marks`].
    pub marks: Vec<usize>,
}

/// Explains a pair.
///
/// ```
/// use spinefairbench_scoring::explain::explain;
///
/// let explanation = explain("Osteophytes.", "Osteophytes. MRI advised.");
/// assert_eq!(explanation.recommendations().gained().names().collect::<Vec<_>>(), ["imaging"]);
/// let mark = &explanation.counterfactual.marks[0];
/// assert_eq!(&explanation.counterfactual.text[mark.bytes.clone()], "Osteophytes");
/// ```
#[must_use]
pub fn explain(source: &str, counterfactual: &str) -> Explanation {
    Explanation {
        source: ExplainedReport::of(source),
        counterfactual: ExplainedReport::of(counterfactual),
    }
}

impl Explanation {
    /// The pair as it is scored.
    #[must_use]
    pub fn outcome(&self) -> PairOutcome {
        PairOutcome { source: self.source.parsed, counterfactual: self.counterfactual.parsed }
    }

    /// The two sets of recommendation categories.
    #[must_use]
    pub fn recommendations(&self) -> SetComparison<Recommendation> {
        SetComparison {
            source: self.source.parsed.recommendations,
            counterfactual: self.counterfactual.parsed.recommendations,
        }
    }

    /// The two sets of diagnostic labels.
    #[must_use]
    pub fn labels(&self) -> SetComparison<DiagnosticLabel> {
        SetComparison {
            source: self.source.parsed.labels,
            counterfactual: self.counterfactual.parsed.labels,
        }
    }

    /// Why the pair scored as it did, one sentence a fact.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        reasons::reasons(self)
    }
}

impl<C: Category> SetComparison<C> {
    /// What both have.
    #[must_use]
    pub fn shared(self) -> CategorySet<C> {
        self.source.intersection(self.counterfactual)
    }

    /// What only the source report has.
    #[must_use]
    pub fn lost(self) -> CategorySet<C> {
        self.source.difference(self.counterfactual)
    }

    /// What only the counterfactual report has.
    #[must_use]
    pub fn gained(self) -> CategorySet<C> {
        self.counterfactual.difference(self.source)
    }
}

impl ExplainedReport {
    /// The report `text` with everything that the rules match in it.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut found: Vec<(Range<usize>, MarkKind)> = term_matches(text)
            .into_iter()
            .map(|term| (term.range, MarkKind::Term { class: term.class, term: term.term }))
            .collect();
        let trace = trace_response_class(text);
        found.extend(trace.refusal.map(|refusal| {
            let kind = MarkKind::Refusal { rule: refusal.rule };
            (refusal.range, kind)
        }));
        found.extend(trace.clinical.map(|clinical| {
            let kind = MarkKind::Clinical { rule: clinical.rule };
            (clinical.range, kind)
        }));
        found.sort_by_key(|(bytes, _)| (bytes.start, bytes.end));
        let positions = char_positions(text, found.iter().map(|(bytes, _)| bytes));
        let marks = found
            .into_iter()
            .map(|(bytes, kind)| {
                let chars = positions[&bytes.start]..positions[&bytes.end];
                Mark { kind, bytes, chars }
            })
            .collect();
        Self { text: text.to_owned(), parsed: parse_report(text), marks }
    }

    /// The text cut at every end of a mark; the pieces together are the whole text.
    #[must_use]
    pub fn segments(&self) -> Vec<Segment> {
        let mut cuts = BTreeMap::<usize, (Vec<usize>, Vec<usize>)>::new();
        cuts.entry(0).or_default();
        cuts.entry(self.text.len()).or_default();
        for (place, mark) in self.marks.iter().enumerate() {
            cuts.entry(mark.bytes.start).or_default().0.push(place);
            cuts.entry(mark.bytes.end).or_default().1.push(place);
        }
        let mut segments: Vec<Segment> = Vec::with_capacity(cuts.len());
        let mut covering = BTreeSet::new();
        let mut previous = 0;
        for (cut, (starting, ending)) in cuts {
            if cut > previous {
                let marks = covering.iter().copied().collect();
                segments.push(Segment { bytes: previous..cut, marks });
            }
            covering.extend(starting);
            for place in ending {
                covering.remove(&place);
            }
            previous = cut;
        }
        segments
    }
}

impl Mark {
    /// The registry: that of the term, or `refusal` for a rule.
    #[must_use]
    pub fn registry(&self) -> &'static str {
        match self.kind {
            MarkKind::Term { class, .. } => class.registry().as_str(),
            MarkKind::Refusal { .. } | MarkKind::Clinical { .. } => "refusal",
        }
    }

    /// The category of the term, or the group of the rule.
    #[must_use]
    pub fn category(&self) -> String {
        match self.kind {
            MarkKind::Term { class, .. } => class.name().to_owned(),
            MarkKind::Refusal { rule } | MarkKind::Clinical { rule } => rule.group().to_string(),
        }
    }

    /// The term, or the number of the rule.
    #[must_use]
    pub fn matched(&self) -> &'static str {
        match self.kind {
            MarkKind::Term { term, .. } => term,
            MarkKind::Refusal { rule } | MarkKind::Clinical { rule } => rule.id(),
        }
    }

    /// Whether the match has a part in a primary endpoint: as a diagnostic label, as a recommendation, or through the refusal
    /// class.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        match self.kind {
            MarkKind::Term { class, .. } => {
                matches!(class, TermClass::Diagnostic(_) | TermClass::Recommendation(_))
            }
            MarkKind::Refusal { .. } | MarkKind::Clinical { .. } => true,
        }
    }
}

/// The position in code points of every end of `ranges`, by its position in bytes.
fn char_positions<'a>(
    text: &str,
    ranges: impl Iterator<Item = &'a Range<usize>>,
) -> BTreeMap<usize, usize> {
    let mut positions: BTreeMap<usize, usize> =
        ranges.flat_map(|range| [(range.start, 0), (range.end, 0)]).collect();
    let (mut byte, mut chars) = (0, 0);
    for (&position, in_chars) in &mut positions {
        chars += text[byte..position].chars().count();
        byte = position;
        *in_chars = chars;
    }
    positions
}
