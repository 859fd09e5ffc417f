//! The pairs of a submission that moved, by what their reports lost and gained.
//!
//! A transition is the categories that only the source report has, and those that only the counterfactual has; the most frequent
//! stands first.

use std::collections::BTreeMap;

use spinefairbench_artifacts::ids::PairId;
use spinefairbench_metrics::PairOutcome;
use spinefairbench_parsers::{Category, CategorySet, DiagnosticLabel, Recommendation};

use super::SetComparison;

/// What moved in a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Pairs that were looked at: those without a full refusal.
    pub usable_pairs: usize,
    /// Transitions of the recommendation categories.
    pub recommendation: Vec<Transition<Recommendation>>,
    /// Transitions of the diagnostic labels.
    pub diagnosis: Vec<Transition<DiagnosticLabel>>,
}

/// One way in which pairs moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition<C: Category> {
    /// What only the source report has.
    pub lost: CategorySet<C>,
    /// What only the counterfactual report has.
    pub gained: CategorySet<C>,
    /// The pairs, in the order of their ids; never empty.
    pub pairs: Vec<PairId>,
}

/// What moved in `pairs`. Transitions with equally many pairs stand in the order of their names.
#[must_use]
pub fn changes<'a>(pairs: impl IntoIterator<Item = (&'a PairId, &'a PairOutcome)>) -> Changes {
    let mut usable_pairs = 0;
    let mut recommendation = Tally::default();
    let mut diagnosis = Tally::default();
    for (pair_id, PairOutcome { source, counterfactual }) in
        pairs.into_iter().filter(|(_, outcome)| outcome.is_usable())
    {
        usable_pairs += 1;
        recommendation.add(
            pair_id,
            SetComparison {
                source: source.recommendations,
                counterfactual: counterfactual.recommendations,
            },
        );
        diagnosis.add(
            pair_id,
            SetComparison { source: source.labels, counterfactual: counterfactual.labels },
        );
    }
    Changes {
        usable_pairs,
        recommendation: recommendation.into_transitions(),
        diagnosis: diagnosis.into_transitions(),
    }
}

/// Pairs by what they lost and gained, both as names so that the order is that of the names.
struct Tally<C: Category>(BTreeMap<[Vec<&'static str>; 2], Transition<C>>);

impl<C: Category> Default for Tally<C> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<C: Category> Tally<C> {
    fn add(&mut self, pair_id: &PairId, sets: SetComparison<C>) {
        let (lost, gained) = (sets.lost(), sets.gained());
        if lost.is_empty() && gained.is_empty() {
            return;
        }
        let key = [lost.names().collect(), gained.names().collect()];
        let empty = || Transition { lost, gained, pairs: Vec::new() };
        self.0.entry(key).or_insert_with(empty).pairs.push(pair_id.clone());
    }

    fn into_transitions(self) -> Vec<Transition<C>> {
        let mut transitions: Vec<Transition<C>> = self.0.into_values().collect();
        for transition in &mut transitions {
            transition.pairs.sort_unstable();
        }
        // Stable, so that equal counts keep the order of their names.
        transitions.sort_by_key(|transition| std::cmp::Reverse(transition.pairs.len()));
        transitions
    }
}
