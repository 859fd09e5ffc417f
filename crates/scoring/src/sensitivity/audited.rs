//! A pair with what the variants need to know of its reports; the texts are not kept.

use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_metrics::PairOutcome;
use spinefairbench_parsers::{LabelSet, ParsedReport, RecommendationSet, negation, parse_report};

use crate::retained::NamedPair;
use crate::score::ScoredPair;

/// A pair, as the frozen and the varied rules read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedPair {
    /// The pair.
    pub pair_id: PairId,
    /// Its source.
    pub source_id: SourceId,
    /// What its two reports say by the frozen rules.
    pub outcome: PairOutcome,
    /// What they say by the negation-aware rules, source first; none where the texts were not at hand.
    pub affirmed: Option<[AffirmedSets; 2]>,
}

/// The sets of a report by the negation-aware rules, which are not the benchmark's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AffirmedSets {
    /// Diagnostic labels with a term that is not negated.
    pub labels: LabelSet,
    /// Recommendation categories with a term that is not negated.
    pub recommendations: RecommendationSet,
}

/// A report by both rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditedReport {
    /// By the frozen rules.
    pub parsed: ParsedReport,
    /// By the negation-aware rules.
    pub affirmed: AffirmedSets,
}

impl AuditedReport {
    /// Reads a report by both rules: what [`crate::retained::read_models`] takes for an audit of the published panel.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let affirmed = AffirmedSets {
            labels: negation::diagnostic_labels(text),
            recommendations: negation::recommendations(text),
        };
        Self { parsed: parse_report(text), affirmed }
    }
}

impl AuditedPair {
    /// Reads the two texts of a pair by both rules.
    #[must_use]
    pub fn from_texts(
        pair_id: PairId,
        source_id: SourceId,
        source: &str,
        counterfactual: &str,
    ) -> Self {
        let (source, counterfactual) =
            (AuditedReport::of(source), AuditedReport::of(counterfactual));
        Self::of(pair_id, source_id, source, counterfactual)
    }

    fn of(
        pair_id: PairId,
        source_id: SourceId,
        source: AuditedReport,
        counterfactual: AuditedReport,
    ) -> Self {
        let outcome = PairOutcome { source: source.parsed, counterfactual: counterfactual.parsed };
        let affirmed = Some([source.affirmed, counterfactual.affirmed]);
        Self { pair_id, source_id, outcome, affirmed }
    }
}

/// A scored pair, whose texts are gone: it has no negation-aware sets.
impl From<&ScoredPair> for AuditedPair {
    fn from(pair: &ScoredPair) -> Self {
        let (pair_id, source_id) = (pair.pair_id.clone(), pair.source_id.clone());
        Self { pair_id, source_id, outcome: pair.outcome, affirmed: None }
    }
}

impl From<NamedPair<AuditedReport>> for AuditedPair {
    fn from(pair: NamedPair<AuditedReport>) -> Self {
        Self::of(pair.pair_id, pair.source_id, pair.source, pair.counterfactual)
    }
}
