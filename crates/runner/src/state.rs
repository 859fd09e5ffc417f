//! What became of a report: a state, never a text.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

pub use spinefairbench_scoring::submission::ReportState as State;

/// How many reports are in which state; every state is there, also at 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tally(BTreeMap<State, u64>);

impl Tally {
    /// `missing` reports that nobody asked for yet.
    #[must_use]
    pub(crate) fn of_missing(missing: u64) -> Self {
        let mut counts: BTreeMap<State, u64> =
            State::ALL.into_iter().map(|state| (state, 0)).collect();
        counts.insert(State::Missing, missing);
        Self(counts)
    }

    /// The number in `state`.
    #[must_use]
    pub fn of(&self, state: State) -> u64 {
        self.0.get(&state).copied().unwrap_or_default()
    }

    /// One report goes from one state to another.
    pub(crate) fn move_one(&mut self, from: State, to: State) {
        if let Some(count) = self.0.get_mut(&from) {
            *count = count.saturating_sub(1);
        }
        self.add_one(to);
    }

    /// One more report, in `state`.
    pub fn add_one(&mut self, state: State) {
        *self.0.entry(state).or_default() += 1;
    }

    /// All reports.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Reports that are there or were given up.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.total() - self.of(State::Missing)
    }
}

/// `3990 answered, 8 filtered`: the states that occur.
impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = self.0.iter().filter(|(_, count)| **count > 0);
        let words: Vec<String> = there.map(|(state, count)| format!("{count} {state}")).collect();
        formatter.write_str(&if words.is_empty() { "none".to_owned() } else { words.join(", ") })
    }
}
