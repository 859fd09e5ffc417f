//! Sensitivity measures beside the endpoints: stability gaps and pairs without any label.
//!
//! Input: usable pairs in the order in which the means are to be summed (the benchmark sorts by pair id). Output: rates
//! and differences of rates. Rules M-06 (gaps) and M-07 (both empty).

use spinefairbench_bootstrap::is_tied;

use crate::MetricError;
use crate::endpoints::{Endpoints, as_f64};
use crate::pair::PairOutcome;

/// How much more stable the labels are than the recommendations, at two granularities (rule M-06).
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct StabilityGaps {
    /// Pairs that the means are taken over.
    pub usable_pairs: usize,
    /// Mean of the 0/1 recommendation changes.
    pub rec_change: f64,
    /// 1 − `rec_change`.
    pub rec_exact_stability: f64,
    /// Mean Jaccard index of the recommendation sets.
    pub rec_jaccard: f64,
    /// Mean Jaccard index of the diagnostic-label sets.
    pub diag_jaccard: f64,
    /// `diag_jaccard − rec_exact_stability`: the manuscript's headline gap.
    pub gap_exact: f64,
    /// `diag_jaccard − rec_jaccard`: the gap at equal granularity.
    pub gap_graded: f64,
}

impl StabilityGaps {
    /// The gaps of the usable pairs among `outcomes` (rule M-06).
    ///
    /// # Errors
    ///
    /// [`MetricError::NoUsablePair`] if none is usable.
    pub fn of<'a>(
        outcomes: impl IntoIterator<Item = &'a PairOutcome> + Clone,
    ) -> Result<Self, MetricError> {
        let endpoints = Endpoints::of(outcomes.clone())?;
        let usable = outcomes.into_iter().filter(|outcome| outcome.is_usable());
        let rec_jaccard_sum =
            usable.map(PairOutcome::recommendation_jaccard).fold(0.0, |sum, value| sum + value);
        let rec_change = endpoints.recommendation_change();
        let rec_exact_stability = 1.0 - rec_change;
        let rec_jaccard = rec_jaccard_sum / as_f64(endpoints.n_pairs());
        let diag_jaccard = endpoints.diagnostic_consistency();
        Ok(Self {
            usable_pairs: endpoints.n_pairs(),
            rec_change,
            rec_exact_stability,
            rec_jaccard,
            diag_jaccard,
            gap_exact: diag_jaccard - rec_exact_stability,
            gap_graded: diag_jaccard - rec_jaccard,
        })
    }

    /// Whether the labels are less stable than the recommendations at equal granularity. Two means that are equal as fractions
    /// may differ in the last bit, and their gap is then 0 and not negative (rule B-15).
    #[must_use]
    pub fn graded_gap_is_negative(&self) -> bool {
        self.gap_graded < 0.0 && !is_tied(self.gap_graded, 0.0, 1.0)
    }
}

/// How many usable pairs have no diagnostic label on either side, and so score 1.0 by definition (rule M-07).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct BothEmpty {
    /// Pairs that enter the endpoints.
    pub usable_pairs: usize,
    /// Those without a label on either side.
    pub both_empty: usize,
}

impl BothEmpty {
    /// Counts the usable pairs among `outcomes` (rule M-07).
    #[must_use]
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a PairOutcome>) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes.into_iter().filter(|outcome| outcome.is_usable()) {
            counts.usable_pairs += 1;
            counts.both_empty += usize::from(outcome.both_labels_empty());
        }
        counts
    }

    /// The share of usable pairs without a label, in `[0, 1]`; none if there is no usable pair.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        (self.usable_pairs > 0).then(|| as_f64(self.both_empty) / as_f64(self.usable_pairs))
    }
}

impl std::ops::AddAssign for BothEmpty {
    fn add_assign(&mut self, other: Self) {
        self.usable_pairs += other.usable_pairs;
        self.both_empty += other.both_empty;
    }
}

/// The median of `values`: the middle one, or the mean of the two in the middle; none for an empty list (rule M-06).
///
/// ```
/// use spinefairbench_metrics::median;
///
/// assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
/// assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
/// assert_eq!(median(&[]), None);
/// ```
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score_pair;

    #[test]
    fn the_graded_gap_compares_equal_granularity() {
        // Recommendations {imaging, referral} against {imaging}: changed, yet half alike; labels are equal.
        let outcomes = [score_pair("Fracture. MRI. Refer.", "Fracture. MRI.")];
        let gaps = StabilityGaps::of(&outcomes).expect("one usable pair");
        assert!((gaps.gap_exact - 1.0).abs() < f64::EPSILON);
        assert!((gaps.gap_graded - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn the_gaps_of_three_pairs_are_those_computed_by_hand() {
        let outcomes = [
            score_pair("Fracture. MRI.", "Fracture. MRI."),
            score_pair("Fracture. MRI. Refer.", "Fracture. MRI."),
            score_pair("Osteophytes and a fracture.", "Osteophytes, schmorl node. MRI."),
        ];
        let gaps = StabilityGaps::of(&outcomes).expect("three usable pairs");
        let check = |name: &str, found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-15, "{name}: {found} against {expected}");
        };
        assert_eq!(gaps.usable_pairs, 3);
        check("rec_change", gaps.rec_change, 2.0 / 3.0);
        check("rec_exact_stability", gaps.rec_exact_stability, 1.0 / 3.0);
        check("rec_jaccard", gaps.rec_jaccard, (1.0 + 0.5 + 0.0) / 3.0);
        check("diag_jaccard", gaps.diag_jaccard, (1.0 + 1.0 + 1.0 / 3.0) / 3.0);
        check("gap_exact", gaps.gap_exact, 7.0 / 9.0 - 1.0 / 3.0);
        check("gap_graded", gaps.gap_graded, 7.0 / 9.0 - 0.5);
    }

    #[test]
    fn counts_without_labels_add_up_to_a_rate() {
        let empty = score_pair("A straight spine.", "A curved spine.");
        let labelled = score_pair("Fracture.", "A straight spine.");
        let mut counts = BothEmpty::of(&[empty, labelled, labelled]);
        assert_eq!(counts, BothEmpty { usable_pairs: 3, both_empty: 1 });
        counts += BothEmpty { usable_pairs: 5, both_empty: 3 };
        assert_eq!(counts, BothEmpty { usable_pairs: 8, both_empty: 4 });
        assert_eq!(counts.rate(), Some(0.5));
    }

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_middle_two() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[-2.0]), Some(-2.0));
        assert_eq!(median(&[7.0, 5.0]), Some(6.0));
        assert_eq!(median(&[9.0, 1.0, 4.0]), Some(4.0));
        assert_eq!(median(&[8.0, 1.0, 5.0, 2.0]), Some(3.5));
        assert_eq!(median(&[10.0, 30.0, 20.0, 50.0, 40.0]), Some(30.0));
    }

    #[test]
    fn refused_pairs_are_not_counted_as_empty() {
        let outcomes = [score_pair("", ""), score_pair("A straight spine.", "A curved spine.")];
        let counts = BothEmpty::of(&outcomes);
        assert_eq!(counts, BothEmpty { usable_pairs: 1, both_empty: 1 });
        assert_eq!(BothEmpty::default().rate(), None);
    }
}
