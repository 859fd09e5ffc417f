//! Many ASCII literals found in one pass, whatever their case and however they overlap.
//!
//! Input: bytes. Output: every occurrence of every literal, as its number and its end. The time is linear in the bytes and the
//! occurrences. An Aho-Corasick automaton in its full table form (a DFA) does the work: one table look-up a byte.

use std::ops::ControlFlow;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind, StartKind};

/// The table of a set of literals.
#[derive(Debug)]
pub(crate) struct LiteralAutomaton {
    table: DFA,
    start: StateID,
}

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
        Self { table, start }
    }

    /// Calls `visit` with the number and the end of every occurrence, in order of the ends.
    pub(crate) fn visit(
        &self,
        bytes: &[u8],
        mut visit: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut state = self.start;
        for (position, &byte) in bytes.iter().enumerate() {
            state = self.table.next_state(Anchored::No, state, byte);
            if self.table.is_special(state) {
                self.visit_state(state, position + 1, &mut visit)?;
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
