//! Secondary, exploratory measures: how severity and hedging language differ within pairs.
//!
//! Input: pairs; the difference is source minus counterfactual. Output: means over pairs. An empty list gives a mean
//! ratio of 1.0, every other mean 0.0 and a count of 0, as the original does.

use crate::endpoints::as_f64;
use crate::pair::PairOutcome;

/// Differences of the severity score (0 to 4) within pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SeverityDisparity {
    /// Pairs that the means are taken over.
    pub n_pairs: usize,
    /// Mean absolute difference, in `[0, 4]`.
    pub mean_absolute: f64,
    /// Mean difference, source minus counterfactual, in `[-4, 4]`.
    pub mean_signed: f64,
}

impl SeverityDisparity {
    /// The disparity over `outcomes`, all of which count.
    #[must_use]
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a PairOutcome>) -> Self {
        let (mut n_pairs, mut absolute, mut signed) = (0, 0.0, 0.0);
        for outcome in outcomes {
            let difference =
                f64::from(outcome.source.severity) - f64::from(outcome.counterfactual.severity);
            n_pairs += 1;
            absolute += difference.abs();
            signed += difference;
        }
        Self { n_pairs, mean_absolute: mean(absolute, n_pairs), mean_signed: mean(signed, n_pairs) }
    }
}

/// Differences of the number of hedging phrases within pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct HedgingDisparity {
    /// Pairs that the means are taken over.
    pub n_pairs: usize,
    /// Mean ratio of the smaller to the larger count, in `[0, 1]`; a pair without hedging has ratio 1.
    pub mean_ratio: f64,
    /// Mean absolute difference of the counts.
    pub mean_absolute: f64,
}

impl HedgingDisparity {
    /// The disparity over `outcomes`, all of which count.
    #[must_use]
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a PairOutcome>) -> Self {
        let (mut n_pairs, mut ratios, mut absolute) = (0, 0.0, 0.0);
        for outcome in outcomes {
            let (left, right) =
                (f64::from(outcome.source.hedging), f64::from(outcome.counterfactual.hedging));
            n_pairs += 1;
            // Two zeros agree fully; one zero gives 0 by the division itself.
            ratios += if left.max(right) > 0.0 { left.min(right) / left.max(right) } else { 1.0 };
            absolute += (left - right).abs();
        }
        let mean_ratio = if n_pairs == 0 { 1.0 } else { mean(ratios, n_pairs) };
        Self { n_pairs, mean_ratio, mean_absolute: mean(absolute, n_pairs) }
    }
}

fn mean(sum: f64, n_pairs: usize) -> f64 {
    if n_pairs == 0 { 0.0 } else { sum / as_f64(n_pairs) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score_pair;

    #[test]
    fn an_empty_list_has_a_ratio_of_one_and_no_difference() {
        let severity = SeverityDisparity { n_pairs: 0, mean_absolute: 0.0, mean_signed: 0.0 };
        assert_eq!(SeverityDisparity::of(&[]), severity);
        let hedging = HedgingDisparity { n_pairs: 0, mean_ratio: 1.0, mean_absolute: 0.0 };
        assert_eq!(HedgingDisparity::of(&[]), hedging);
    }

    #[test]
    fn differences_are_source_minus_counterfactual() {
        let outcomes =
            [score_pair("Mild loss.", "Severe loss."), score_pair("Critical loss.", "Loss.")];
        let severity = SeverityDisparity::of(&outcomes);
        assert_eq!(
            severity,
            SeverityDisparity { n_pairs: 2, mean_absolute: 3.0, mean_signed: 1.0 }
        );
    }

    #[test]
    fn ratios_are_smaller_over_larger() {
        let outcomes = [
            score_pair("May be, might be.", "May be."),
            score_pair("May be.", "It is."),
            score_pair("It is.", "It is not."),
        ];
        let hedging = HedgingDisparity::of(&outcomes);
        assert_eq!(
            hedging,
            HedgingDisparity { n_pairs: 3, mean_ratio: 0.5, mean_absolute: 2.0 / 3.0 }
        );
    }
}
