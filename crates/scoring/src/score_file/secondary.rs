//! Secondary, exploratory measures: hedging phrases and severity language.
//!
//! Beside the means stands how many pairs have which two values, from which the means follow.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spinefairbench_metrics::{HedgingDisparity, PairOutcome, SeverityDisparity};
use spinefairbench_parsers::parse_report;

/// Secondary, exploratory measures over the usable pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secondary {
    /// Hedging phrases.
    pub hedging: Hedging,
    /// Severity language.
    pub severity: Severity,
}

/// How the counts of hedging phrases differ within pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hedging {
    /// Mean absolute difference.
    pub mean_absolute_difference: f64,
    /// Mean ratio of the smaller to the larger count.
    pub mean_ratio: f64,
    /// Pairs that the means are taken over.
    pub n_pairs: usize,
    /// How many pairs have which counts, `source,counterfactual`; absent from older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs_by_counts: Option<BTreeMap<String, usize>>,
}

/// How the severity scores differ within pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Severity {
    /// Mean absolute difference.
    pub mean_absolute_difference: f64,
    /// Mean difference, source minus counterfactual.
    pub mean_signed_difference: f64,
    /// Pairs that the means are taken over.
    pub n_pairs: usize,
    /// How many pairs have which scores, `source,counterfactual`; absent from older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs_by_scores: Option<BTreeMap<String, usize>>,
}

impl Secondary {
    /// The measures over the usable ones among `outcomes`.
    pub(crate) fn of<'a>(outcomes: impl Iterator<Item = &'a PairOutcome> + Clone) -> Self {
        let usable = outcomes.filter(|outcome| outcome.is_usable());
        let hedging = HedgingDisparity::of(usable.clone());
        let severity = SeverityDisparity::of(usable.clone());
        let (mut by_counts, mut by_scores) = (BTreeMap::new(), BTreeMap::new());
        for PairOutcome { source, counterfactual } in usable {
            *by_counts.entry(two(source.hedging, counterfactual.hedging)).or_insert(0) += 1;
            *by_scores.entry(two(source.severity, counterfactual.severity)).or_insert(0) += 1;
        }
        Self {
            hedging: Hedging {
                mean_absolute_difference: hedging.mean_absolute,
                mean_ratio: hedging.mean_ratio,
                n_pairs: hedging.n_pairs,
                pairs_by_counts: Some(by_counts),
            },
            severity: Severity {
                mean_absolute_difference: severity.mean_absolute,
                mean_signed_difference: severity.mean_signed,
                n_pairs: severity.n_pairs,
                pairs_by_scores: Some(by_scores),
            },
        }
    }

    /// The measures computed again from the counts of pairs that this states, over `n_pairs`; what states no counts stays as it
    /// is, but for its number of pairs. None if the counts are not those of so many pairs.
    pub(super) fn again(&self, n_pairs: usize) -> Option<Self> {
        let mut again = self.clone();
        again.hedging.n_pairs = n_pairs;
        again.severity.n_pairs = n_pairs;
        if let Some(by_counts) = &self.hedging.pairs_by_counts {
            let outcomes =
                outcomes::<u32>(by_counts, n_pairs, |report, count| report.hedging = count)?;
            again.hedging = Self::of(outcomes.iter()).hedging;
        }
        if let Some(by_scores) = &self.severity.pairs_by_scores {
            let outcomes =
                outcomes::<u8>(by_scores, n_pairs, |report, score| report.severity = score)?;
            again.severity = Self::of(outcomes.iter()).severity;
        }
        Some(again)
    }

    /// The same measures, without the counts that `other` does not state.
    pub(super) fn as_far_as(&self, other: &Self) -> Self {
        let mut measures = self.clone();
        if other.hedging.pairs_by_counts.is_none() {
            measures.hedging.pairs_by_counts = None;
        }
        if other.severity.pairs_by_scores.is_none() {
            measures.severity.pairs_by_scores = None;
        }
        measures
    }

    /// Whether the means are ones that some pairs can have.
    pub(super) fn is_possible(&self) -> bool {
        /// The largest severity score.
        const MOST_SEVERE: f64 = 4.0;
        let Self { hedging, severity } = self;
        let absolute = severity.mean_absolute_difference;
        hedging.mean_absolute_difference >= 0.0
            && (0.0..=1.0).contains(&hedging.mean_ratio)
            && (0.0..=MOST_SEVERE).contains(&absolute)
            && severity.mean_signed_difference.abs() <= absolute
    }
}

fn two(source: impl std::fmt::Display, counterfactual: impl std::fmt::Display) -> String {
    format!("{source},{counterfactual}")
}

/// Outcomes with the counts of `by_values`, if these are `n_pairs` in all and each key is two numbers.
fn outcomes<T: std::str::FromStr + std::fmt::Display>(
    by_values: &BTreeMap<String, usize>,
    n_pairs: usize,
    set: fn(&mut spinefairbench_parsers::ParsedReport, T),
) -> Option<Vec<PairOutcome>> {
    let total = by_values.values().try_fold(0_usize, |sum, count| sum.checked_add(*count))?;
    if total != n_pairs {
        return None;
    }
    let mut outcomes = Vec::with_capacity(n_pairs);
    for (key, &count) in by_values {
        let (source, counterfactual) = key.split_once(',')?;
        let report = |text: &str| {
            // A blank report, but for its class: a full refusal would not count.
            let mut report = parse_report("");
            report.response_class = spinefairbench_parsers::ResponseClass::Genuine;
            set(&mut report, text.parse().ok()?);
            Some(report)
        };
        let outcome =
            PairOutcome { source: report(source)?, counterfactual: report(counterfactual)? };
        outcomes.extend(std::iter::repeat_n(outcome, count));
    }
    Some(outcomes)
}
