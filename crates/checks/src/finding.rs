//! The findings of one check, collected with a cap on repetition.
//!
//! They stand in the order of judgement, and no code occurs more often than the cap allows; one more finding then says how many
//! were left out, so that nothing is dropped in silence.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

pub use spinefairbench_artifacts::finding::{Code, Finding, Weight};

/// Declares the codes that one check alone gives, and `CODES`, the list of them.
macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $text:literal;)+) => {
        $($(#[$doc])+ pub(crate) const $name: $crate::finding::Code = $crate::finding::Code::new($text);)+

        /// All of the above.
        pub(crate) const CODES: &[$crate::finding::Code] = &[$($name),+];
    };
}
pub(crate) use codes;

/// How often one code may occur in one check before the rest is only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingCap(pub NonZeroUsize);

impl Default for FindingCap {
    /// One thousand: chosen so that a wholly broken bundle still gives a readable report.
    fn default() -> Self {
        Self(NonZeroUsize::new(1_000).unwrap_or(NonZeroUsize::MIN))
    }
}

/// The findings of one check while it runs.
#[derive(Debug, Default)]
pub struct Findings {
    cap: FindingCap,
    kept: Vec<Finding>,
    counts: BTreeMap<(Code, Weight), usize>,
}

impl Findings {
    /// An empty list that keeps at most `cap` findings of one code.
    #[must_use]
    pub fn new(cap: FindingCap) -> Self {
        Self { cap, ..Self::default() }
    }

    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        let count = self.counts.entry((finding.code, finding.weight)).or_default();
        *count += 1;
        if *count <= self.cap.0.get() {
            self.kept.push(finding);
        }
    }

    /// The list, closed by one finding for each code that went over the cap, by the names of the codes.
    #[must_use]
    pub fn finish(mut self) -> Vec<Finding> {
        for ((code, weight), count) in self.counts {
            let omitted = count.saturating_sub(self.cap.0.get());
            if omitted > 0 {
                let message = format!("{omitted} more findings of this code are not listed");
                self.kept.push(Finding { weight, ..Finding::new(code, message) });
            }
        }
        self.kept
    }
}

impl Extend<Finding> for Findings {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_counts_what_it_leaves_out() {
        let mut findings = Findings::new(FindingCap(NonZeroUsize::new(2).unwrap()));
        for index in 0..5_u64 {
            findings.push(Finding::new(Code::NOT_A_FILE, "blank").at_line(index));
        }
        findings.push(Finding::new(Code::FILE_MISSING, "gone"));
        let finished = findings.finish();
        assert_eq!(finished.len(), 4);
        assert_eq!(finished[3].message, "3 more findings of this code are not listed");
        assert_eq!(finished[3].code, Code::NOT_A_FILE);
    }
}
