//! Refusal accounting: how many reports and pairs were refused, and what that leaves.
//!
//! Input: pairs in any order. Output: counts that add up: `usable_pairs + pair_full_refusals == pairs`.

use spinefairbench_parsers::ResponseClass;

use crate::pair::{PairOutcome, Usability};

/// The counts of rule M-01 over a list of pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RefusalAccounting {
    /// All pairs.
    pub pairs: usize,
    /// Source reports that are full refusals.
    pub source_full_refusals: usize,
    /// Counterfactual reports that are full refusals.
    pub counterfactual_full_refusals: usize,
    /// Pairs with a full refusal on either side; excluded from the endpoints.
    pub pair_full_refusals: usize,
    /// Pairs without a full refusal and with a partial one on either side; kept.
    pub pair_partial_refusals: usize,
    /// Pairs that enter the endpoints.
    pub usable_pairs: usize,
}

impl RefusalAccounting {
    /// Counts `outcomes`.
    #[must_use]
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a PairOutcome>) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            counts.add(outcome);
        }
        counts
    }

    /// Counts one more pair.
    pub fn add(&mut self, outcome: &PairOutcome) {
        let is_full = |class| usize::from(class == ResponseClass::FullRefusal);
        self.pairs += 1;
        self.source_full_refusals += is_full(outcome.source.response_class);
        self.counterfactual_full_refusals += is_full(outcome.counterfactual.response_class);
        match outcome.usability() {
            Usability::FullRefusal => self.pair_full_refusals += 1,
            Usability::PartialRefusal => {
                self.pair_partial_refusals += 1;
                self.usable_pairs += 1;
            }
            Usability::Genuine => self.usable_pairs += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score_pair;

    #[test]
    fn a_pair_refused_twice_is_one_excluded_pair() {
        let refusal = "I'm unable to help.";
        let outcomes = [
            score_pair("Osteophytes.", "Osteophytes."),
            score_pair(refusal, refusal),
            score_pair("Osteophytes.", refusal),
            score_pair("Osteophytes.", "I'm unable to say. It could include a fracture."),
        ];
        let expected = RefusalAccounting {
            pairs: 4,
            source_full_refusals: 1,
            counterfactual_full_refusals: 2,
            pair_full_refusals: 2,
            pair_partial_refusals: 1,
            usable_pairs: 2,
        };
        assert_eq!(RefusalAccounting::of(&outcomes), expected);
    }
}
