//! When a comparison says less than its numbers seem to.

use std::collections::BTreeSet;

use spinefairbench_bootstrap::{Interval, is_tied};

/// A reason to read an endpoint's comparison with care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Degeneracy {
    /// The shared pairs are all of one source: nothing can be said about other sources.
    OneSource,
    /// Fewer than [`FEW_SOURCES`] sources: percentile intervals are too narrow then.
    FewSources,
    /// Every difference is 0.
    NoDifference,
    /// All differences are the same number, up to rounding, and not 0: Cohen's `d_z` has no meaning.
    EqualDifferences,
    /// The ends of the interval are the same number, up to rounding.
    ZeroWidth,
}

/// Below how many sources a comparison is flagged; chosen, since the sign-flip test cannot fall below p = 2⁻⁸ there.
pub const FEW_SOURCES: usize = 10;

/// The size of the terms of a difference: values in `[0, 1]`.
const SCALE: f64 = 1.0;

impl Degeneracy {
    /// The name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneSource => "one_source",
            Self::FewSources => "few_sources",
            Self::NoDifference => "no_difference",
            Self::EqualDifferences => "equal_differences",
            Self::ZeroWidth => "zero_width_interval",
        }
    }

    /// The reason as a clause.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::OneSource => "all shared pairs are of one source",
            Self::FewSources => "there are few sources, so the interval is too narrow",
            Self::NoDifference => "no pair differs",
            Self::EqualDifferences => "all differences are equal, so their spread says nothing",
            Self::ZeroWidth => "the interval has no width",
        }
    }
}

pub(super) fn degeneracies(
    differences: &[f64],
    interval: Interval,
    n_sources: usize,
) -> BTreeSet<Degeneracy> {
    let mut found = BTreeSet::new();
    if n_sources < 2 {
        found.insert(Degeneracy::OneSource);
    } else if n_sources < FEW_SOURCES {
        found.insert(Degeneracy::FewSources);
    }
    let smallest = differences.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = differences.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if differences.iter().all(|difference| is_tied(*difference, 0.0, SCALE)) {
        found.insert(Degeneracy::NoDifference);
    } else if is_tied(smallest, largest, SCALE) {
        found.insert(Degeneracy::EqualDifferences);
    }
    if is_tied(interval.lower, interval.upper, SCALE) {
        found.insert(Degeneracy::ZeroWidth);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(differences: &[f64], interval: [f64; 2], n_sources: usize, expected: &[Degeneracy]) {
        let interval = Interval { lower: interval[0], upper: interval[1] };
        let found: Vec<Degeneracy> =
            degeneracies(differences, interval, n_sources).into_iter().collect();
        assert_eq!(found, expected, "{differences:?}");
    }

    #[test]
    fn each_reason_is_told_apart() {
        use Degeneracy::{EqualDifferences, FewSources, NoDifference, OneSource, ZeroWidth};
        check(&[0.0, 1.0], [0.0, 1.0], 40, &[]);
        check(&[0.0, 1.0], [0.0, 1.0], 9, &[FewSources]);
        check(&[0.0, 1.0], [0.5, 0.5], 1, &[OneSource, ZeroWidth]);
        check(&[0.0, -0.0], [0.0, 0.0], 40, &[NoDifference, ZeroWidth]);
        check(&[0.1, 0.3 - 0.2], [0.1, 0.1 + 1e-17], 40, &[EqualDifferences, ZeroWidth]);
        check(&[1.0, 0.0, 1.0], [0.5, 0.5], 40, &[ZeroWidth]);
    }
}
