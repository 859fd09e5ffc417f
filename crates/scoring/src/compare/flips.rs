//! On which pairs two models, or two runs of one model, change their recommendation.

use spinefairbench_bootstrap::mcnemar_exact;

use super::PairDifference;
use crate::pair_score::PrimaryEndpoint;

/// The shared usable pairs by which of the two changed its recommendation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlipTable {
    /// Both changed.
    pub both: u64,
    /// Only the first changed.
    pub only_first: u64,
    /// Only the second changed.
    pub only_second: u64,
    /// Neither changed.
    pub neither: u64,
}

impl FlipTable {
    pub(super) fn of(pairs: &[PairDifference]) -> Self {
        let mut table = Self::default();
        for pair in pairs {
            let changed = [pair.first, pair.second]
                .map(|values| values.of(PrimaryEndpoint::RecommendationChange) > 0.5);
            *match changed {
                [true, true] => &mut table.both,
                [true, false] => &mut table.only_first,
                [false, true] => &mut table.only_second,
                [false, false] => &mut table.neither,
            } += 1;
        }
        table
    }

    /// McNemar's exact p-value (rule B-20), for reference: it takes the pairs of one source for independent. The finding rests on the
    /// sign-flip test of the recommendation change, whose clusters are the sources.
    #[must_use]
    pub fn mcnemar(self) -> f64 {
        mcnemar_exact(self.only_first, self.only_second)
    }
}
