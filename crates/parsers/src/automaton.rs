//! Many ASCII literals found in one pass, whatever their case and however they overlap.
//!
//! Input: bytes. Output: every occurrence of every literal, as its number and its end. The time is linear in the bytes and the
//! occurrences. An Aho-Corasick automaton in its full table form (a DFA) does the work: one table look-up a byte. Each look-up
//! waits for the one before, which is why [`LiteralAutomaton::visit_in_lanes`] walks several stretches of a text at once.

use std::ops::ControlFlow;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind, StartKind};

/// The table of a set of literals.
#[derive(Debug)]
pub(crate) struct LiteralAutomaton {
    table: DFA,
    start: StateID,
    /// The length of the longest literal.
    longest: usize,
}

/// The stretches of a text that are walked at once, so that the processor overlaps their look-ups.
const LANES: usize = 4;

/// The shortest stretch for which starting a lane pays; chosen by measurement.
const SHORTEST_LANE: usize = 64;

impl LiteralAutomaton {
    /// The automaton of `literals`, which are numbered from 0; ASCII letters match both cases.
    pub(crate) fn new<L: AsRef<[u8]>>(literals: impl IntoIterator<Item = L>) -> Self {
        let table = DFA::builder()
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Unanchored)
            .ascii_case_insensitive(true)
            .prefilter(false)
            .build(literals)
            .expect("the frozen literals fit a table");
        let start =
            table.start_state(Anchored::No).expect("the table was built for unanchored search");
        let longest = table.max_pattern_len();
        Self { table, start, longest }
    }

    /// Calls `visit` with the number and the end of every occurrence, in no particular order.
    pub(crate) fn visit_in_lanes(
        &self,
        bytes: &[u8],
        mut visit: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let stretch = bytes.len() / LANES;
        if stretch < SHORTEST_LANE.max(self.longest) {
            return self.visit(bytes, visit);
        }
        // A lane owns the occurrences that end in its stretch. It knows them all if it has seen the bytes before the stretch
        // that the longest literal can reach back to.
        let starts: [usize; LANES] = std::array::from_fn(|lane| lane * stretch);
        let mut states = starts.map(|start| {
            let before = &bytes[start.saturating_sub(self.longest - 1)..start];
            before
                .iter()
                .fold(self.start, |state, &byte| self.table.next_state(Anchored::No, state, byte))
        });
        for offset in 0..stretch {
            for lane in 0..LANES {
                states[lane] =
                    self.table.next_state(Anchored::No, states[lane], bytes[starts[lane] + offset]);
            }
            for lane in 0..LANES {
                if self.table.is_special(states[lane]) {
                    self.visit_state(states[lane], starts[lane] + offset + 1, &mut visit)?;
                }
            }
        }
        let rest = LANES * stretch;
        self.visit_from(states[LANES - 1], &bytes[rest..], rest, &mut visit)
    }

    /// Calls `visit` with the number and the end of every occurrence, in order of the ends.
    pub(crate) fn visit(
        &self,
        bytes: &[u8],
        mut visit: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.visit_from(self.start, bytes, 0, &mut visit)
    }

    /// Continues from a state over `bytes`, which start at `position` of the text.
    fn visit_from(
        &self,
        mut state: StateID,
        bytes: &[u8],
        position: usize,
        visit: &mut impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for (offset, &byte) in bytes.iter().enumerate() {
            state = self.table.next_state(Anchored::No, state, byte);
            if self.table.is_special(state) {
                self.visit_state(state, position + offset + 1, visit)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn visit_state(
        &self,
        state: StateID,
        end: usize,
        visit: &mut impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if self.table.is_match(state) {
            for number in 0..self.table.match_len(state) {
                visit(self.table.match_pattern(state, number).as_usize(), end)?;
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ends(automaton: &LiteralAutomaton, text: &str, lanes: bool) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut record = |number, end| {
            found.push((end, number));
            ControlFlow::Continue(())
        };
        let completed = if lanes {
            automaton.visit_in_lanes(text.as_bytes(), &mut record)
        } else {
            automaton.visit(text.as_bytes(), &mut record)
        };
        assert!(completed.is_continue());
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn lanes_find_what_one_walk_finds(text in "[ab]{0,900}") {
            let automaton = LiteralAutomaton::new(["a", "ab", "bab", "babaabab", "aaaaaaaaa"]);
            prop_assert_eq!(ends(&automaton, &text, true), ends(&automaton, &text, false));
        }
    }
}
