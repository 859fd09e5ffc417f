//! Comparisons of computed numbers with frozen and published ones.
//!
//! Counts compare exactly, means within [`MEAN_TOLERANCE`], rounded constants at their own number of decimals. A value
//! that could not be computed is not compared: the problem that stood in its way is a finding already.

use std::fmt;

use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_bootstrap::Plan;

use crate::check::Notes;
use crate::finding::{Finding, Findings, codes};
use crate::models::ModelSelection;

codes! {
    /// A computed value differs from the release description.
    PUBLISHED_VALUE_MISMATCH = "published_value_mismatch";
}

/// How far a recomputed mean or interval end may lie from a frozen one: far above the rounding of
/// a sum of some thousand terms in `[0, 1]`, far below the effect of a single changed pair.
pub(crate) const MEAN_TOLERANCE: f64 = 1e-12;

/// Whether two numbers agree within [`MEAN_TOLERANCE`]; a number that is not finite agrees with nothing.
#[must_use]
pub(crate) fn agree(left: f64, right: f64) -> bool {
    (left - right).abs() <= MEAN_TOLERANCE
}

/// Whether both ends of two intervals agree.
#[must_use]
pub(crate) fn intervals_agree(left: [f64; 2], right: [f64; 2]) -> bool {
    agree(left[0], right[0]) && agree(left[1], right[1])
}

/// How the published intervals were drawn; what a frozen summary leaves open is as here.
pub(crate) fn published_plan(release: &ReleaseDescription) -> Plan {
    Plan::published().with_seed(release.bootstrap_seed())
}

/// An interval as people read it, at full precision.
pub(crate) fn show_interval([lower, upper]: [f64; 2]) -> String {
    format!("[{lower}, {upper}]")
}

/// A set of names as people read it.
pub(crate) fn show_names<Name: AsRef<str>>(names: impl IntoIterator<Item = Name>) -> String {
    let names: Vec<Name> = names.into_iter().collect();
    let shown: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}

/// Comparisons with the constants of the release description.
#[derive(Debug)]
pub(crate) struct Published<'a> {
    findings: &'a mut Findings,
    part: &'static str,
}

impl<'a> Published<'a> {
    /// Comparisons with the part `part` of the description's `expected`.
    pub(crate) fn new(findings: &'a mut Findings, part: &'static str) -> Self {
        Self { findings, part }
    }

    /// Compares counts.
    pub(crate) fn equal<Count: TryInto<u64> + Copy + fmt::Display>(
        &mut self,
        field: &str,
        published: u64,
        computed: Option<Count>,
    ) {
        let is_other = |computed: &Count| (*computed).try_into().ok() != Some(published);
        if let Some(computed) = computed.filter(is_other) {
            self.differs(field, &published.to_string(), &computed.to_string());
        }
    }

    /// Compares means.
    pub(crate) fn mean(&mut self, field: &str, published: f64, computed: Option<f64>) {
        if let Some(computed) = computed.filter(|computed| !agree(*computed, published)) {
            self.differs(field, &published.to_string(), &computed.to_string());
        }
    }

    /// Compares numbers rounded to `decimals` (half to even on the exact binary value).
    pub(crate) fn rounded(
        &mut self,
        field: &str,
        decimals: usize,
        published: f64,
        computed: Option<f64>,
    ) {
        // A negative number that rounds to 0 is 0: a median of gaps may be an ulp below it.
        let round = |value: f64| match format!("{value:.decimals$}") {
            text if text.trim_matches(['-', '0', '.']).is_empty() => text.replace('-', ""),
            text => text,
        };
        if let Some(computed) = computed.filter(|computed| round(*computed) != round(published)) {
            self.differs(field, &round(published), &format!("{} ({computed})", round(computed)));
        }
    }

    fn differs(&mut self, field: &str, published: &str, computed: &str) {
        let message =
            format!("`{field}` differs from `expected.{}` of the release description", self.part);
        self.findings
            .push(Finding::new(PUBLISHED_VALUE_MISMATCH, message).comparing(published, computed));
    }
}

/// Notes that a release without models leaves a check over all of them nothing to do.
pub(crate) fn note_no_models(
    release: &ReleaseDescription,
    models: &ModelSelection,
    notes: &mut Notes,
) {
    if *models == ModelSelection::All && release.table2_models.is_empty() {
        notes.not_compared("the release description names no model: nothing was computed");
    }
}

/// The note of a check that had no published constants to compare with.
pub(crate) fn nothing_published(part: &str) -> String {
    format!(
        "the release description has no `expected.{part}`: nothing was compared with published values"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_to_even_on_the_exact_value() {
        let mut findings = Findings::default();
        let mut published = Published::new(&mut findings, "table2");
        published.rounded("a", 3, 0.678, Some(0.678_499));
        published.rounded("b", 0, 2.0, Some(2.5));
        assert_eq!(std::mem::take(&mut findings).finish(), []);
        Published::new(&mut findings, "table2").rounded("zero", 6, 0.0, Some(-2.7e-17));
        assert_eq!(std::mem::take(&mut findings).finish(), []);
        Published::new(&mut findings, "table2").rounded("c", 3, 0.678, Some(0.6786));
        let found = findings.finish();
        assert_eq!(found[0].expected.as_deref(), Some("0.678"));
        assert_eq!(found[0].actual.as_deref(), Some("0.679 (0.6786)"));
    }

    #[test]
    fn a_value_that_is_not_finite_agrees_with_nothing() {
        assert!(!agree(f64::NAN, f64::NAN));
        assert!(!agree(f64::INFINITY, f64::INFINITY));
        assert!(agree(0.1 + 0.2, 0.3));
    }
}
