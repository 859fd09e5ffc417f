//! Wilcoxon's signed-rank test, two-sided, and Cohen's `d_z`.
//!
//! Input: two paired samples. Output: the smaller rank sum with its p-value, and a standardised mean difference. Rule B-11
//! fixes the test as SciPy 1.17 computes `scipy.stats.wilcoxon(x, y)` with its defaults, rule B-12 fixes `d_z`. Rule B-16 is the
//! test for new comparisons: as B-11, but differences that are equal but for rounding are ties, which B-11 ranks apart as SciPy does.

use crate::error::check_finite;
use crate::ties::is_tied;
use crate::{BootstrapError, pairwise_sum};

/// Result of [`wilcoxon`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SignedRank {
    /// The smaller of the two rank sums.
    pub statistic: f64,
    /// The two-sided p-value.
    pub p_value: f64,
}

/// The signed-rank test of the differences `x − y` (rule B-11): zeros are dropped, ties share their mean rank.
///
/// The p-value is exact for up to 50 differences without zeros or ties and for up to 13 differences in any case (zeros
/// counted); otherwise it comes from the normal approximation, with tie correction and without continuity correction.
/// Samples that are equal within NumPy's `allclose` give statistic 0 and p = 1, and so do empty ones.
///
/// ```
/// # use spinefairbench_bootstrap::wilcoxon;
/// let test = wilcoxon(&[1.0, 2.0, 3.0, 4.0], &[0.0, 0.0, 0.0, 0.0])?;
/// assert_eq!((test.statistic, test.p_value), (0.0, 0.125));
/// # Ok::<(), spinefairbench_bootstrap::BootstrapError>(())
/// ```
///
/// # Errors
///
/// [`BootstrapError::PairLengths`], [`BootstrapError::NotFinite`], and [`BootstrapError::Overflow`] if a difference leaves
/// the range of `f64`.
pub fn wilcoxon(x: &[f64], y: &[f64]) -> Result<SignedRank, BootstrapError> {
    Ok(test(&differences(x, y)?, x, y))
}

/// The signed-rank test of the differences `x − y`, as [`wilcoxon`] but for ties: differences that are equal but for rounding
/// share their mean rank, and those that are 0 but for rounding are dropped (rule B-16).
///
/// The size of the terms that [`is_tied`] asks for is the largest of the values that two differences were computed from.
///
/// ```
/// # use spinefairbench_bootstrap::{wilcoxon, wilcoxon_with_ties};
/// // 5/12 twice, and −1/2: the floats of 2/3 − 1/4 and 3/4 − 1/3 differ in the last bit.
/// let (x, y) = ([2.0 / 3.0, 3.0 / 4.0, 0.0], [1.0 / 4.0, 1.0 / 3.0, 1.0 / 2.0]);
/// assert_eq!(wilcoxon_with_ties(&x, &y)?.statistic, 3.0);
/// # Ok::<(), spinefairbench_bootstrap::BootstrapError>(())
/// ```
///
/// # Errors
///
/// Those of [`wilcoxon`].
pub fn wilcoxon_with_ties(x: &[f64], y: &[f64]) -> Result<SignedRank, BootstrapError> {
    let mut differences = differences(x, y)?;
    equalise_ties(&mut differences, x, y);
    Ok(test(&differences, x, y))
}

fn test(differences: &[f64], x: &[f64], y: &[f64]) -> SignedRank {
    if x.iter().zip(y).all(|(x, y)| (x - y).abs() <= CLOSE_ABSOLUTE + CLOSE_RELATIVE * y.abs()) {
        return SignedRank { statistic: 0.0, p_value: 1.0 };
    }
    let ranked = Ranked::new(differences);
    let p_value = match method(&ranked, differences.len()) {
        Method::AllSignPatterns => ranked.exact_p(),
        Method::Normal => ranked.normal_p(),
    };
    let statistic = ranked.doubled_positive.min(ranked.doubled_negative());
    SignedRank { statistic: halved(statistic), p_value }
}

/// Gives absolute differences that are equal but for rounding the same value, and those that are 0 but for rounding 0.
fn equalise_ties(differences: &mut [f64], x: &[f64], y: &[f64]) {
    let size = |place: usize| x[place].abs().max(y[place].abs());
    for (place, difference) in differences.iter_mut().enumerate() {
        if is_tied(*difference, 0.0, size(place)) {
            *difference = 0.0;
        }
    }
    let mut ascending: Vec<usize> =
        (0..differences.len()).filter(|place| differences[*place] != 0.0).collect();
    ascending.sort_by(|one, other| differences[*one].abs().total_cmp(&differences[*other].abs()));
    for two in 1..ascending.len() {
        let (before, place) = (ascending[two - 1], ascending[two]);
        let (smaller, larger) = (differences[before].abs(), differences[place].abs());
        if is_tied(smaller, larger, size(before).max(size(place))) {
            differences[place] = smaller.copysign(differences[place]);
        }
    }
}

/// Cohen's `d_z` of the differences `x − y` (rule B-12): their mean over their standard deviation; 0 for fewer than two pairs and
/// for a standard deviation of exactly 0.
///
/// # Errors
///
/// Those of [`wilcoxon`].
pub fn cohens_dz(x: &[f64], y: &[f64]) -> Result<f64, BootstrapError> {
    let differences = differences(x, y)?;
    if differences.len() < 2 {
        return Ok(0.0);
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of pairs is far below 2⁵³")]
    let n = differences.len() as f64;
    let mean = pairwise_sum(&differences) / n;
    let squares: Vec<f64> =
        differences.iter().map(|difference| (difference - mean) * (difference - mean)).collect();
    let deviation = (pairwise_sum(&squares) / (n - 1.0)).sqrt();
    if deviation == 0.0 {
        return Ok(0.0);
    }
    if deviation.is_finite() && mean.is_finite() {
        Ok(mean / deviation)
    } else {
        Err(BootstrapError::Overflow)
    }
}

/// NumPy's defaults of `allclose`.
const CLOSE_ABSOLUTE: f64 = 1e-8;
const CLOSE_RELATIVE: f64 = 1e-5;
/// SciPy's bounds, zeros counted.
const LONGEST_EXACT: usize = 50;
const LONGEST_EXACT_WITH_TIES: usize = 13;

enum Method {
    AllSignPatterns,
    Normal,
}

fn method(ranked: &Ranked, n_differences: usize) -> Method {
    let has_zeros = ranked.doubled_ranks.len() < n_differences;
    let longest =
        if has_zeros || ranked.has_ties() { LONGEST_EXACT_WITH_TIES } else { LONGEST_EXACT };
    if n_differences <= longest { Method::AllSignPatterns } else { Method::Normal }
}

fn differences(x: &[f64], y: &[f64]) -> Result<Vec<f64>, BootstrapError> {
    if x.len() != y.len() {
        return Err(BootstrapError::PairLengths { first: x.len(), second: y.len() });
    }
    check_finite(x)?;
    check_finite(y)?;
    let differences: Vec<f64> = x.iter().zip(y).map(|(x, y)| x - y).collect();
    if differences.iter().all(|difference| difference.is_finite()) {
        Ok(differences)
    } else {
        Err(BootstrapError::Overflow)
    }
}

/// The ranks of the absolute differences that are not zero. Ranks are doubled, which makes the mean rank of a tie whole.
struct Ranked {
    doubled_ranks: Vec<u64>,
    /// Sizes of the groups of equal absolute differences.
    tie_sizes: Vec<u64>,
    /// Sum of the doubled ranks of positive differences.
    doubled_positive: u64,
}

impl Ranked {
    fn new(differences: &[f64]) -> Self {
        let mut sorted: Vec<f64> =
            differences.iter().copied().filter(|difference| *difference != 0.0).collect();
        sorted.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
        let mut ranked = Self {
            doubled_ranks: Vec::with_capacity(sorted.len()),
            tie_sizes: Vec::new(),
            doubled_positive: 0,
        };
        #[expect(clippy::float_cmp, reason = "a tie is exact equality")]
        for tie in sorted.chunk_by(|a, b| a.abs() == b.abs()) {
            let before = ranked.doubled_ranks.len() as u64;
            let size = tie.len() as u64;
            // The mean of the ranks before + 1 to before + size, twice.
            let doubled_rank = 2 * before + size + 1;
            let n_positive = tie.iter().filter(|difference| **difference > 0.0).count() as u64;
            ranked.doubled_positive += doubled_rank * n_positive;
            ranked.doubled_ranks.extend(tie.iter().map(|_| doubled_rank));
            ranked.tie_sizes.push(size);
        }
        ranked
    }

    fn has_ties(&self) -> bool {
        self.tie_sizes.len() < self.doubled_ranks.len()
    }

    fn doubled_negative(&self) -> u64 {
        self.doubled_ranks.iter().sum::<u64>() - self.doubled_positive
    }

    /// Over all sign patterns, which are counted by their rank sum: at most 2⁵⁰ patterns and 2,550 doubled sums.
    fn exact_p(&self) -> f64 {
        let total = as_index(self.doubled_ranks.iter().sum());
        let mut patterns = vec![0_u64; total + 1];
        patterns[0] = 1;
        let mut reached = 0;
        for rank in self.doubled_ranks.iter().copied().map(as_index) {
            reached += rank;
            for sum in (rank..=reached).rev() {
                patterns[sum] += patterns[sum - rank];
            }
        }
        let observed = as_index(self.doubled_positive);
        let at_most: u64 = patterns[..=observed].iter().sum();
        let at_least: u64 = patterns[observed..].iter().sum();
        let all: u64 = patterns.iter().sum();
        (2.0 * as_float(at_most.min(at_least)) / as_float(all)).min(1.0)
    }

    fn normal_p(&self) -> f64 {
        let n = as_float(self.doubled_ranks.len() as u64);
        let mean = n * (n + 1.0) * 0.25;
        let tie_term: f64 = self
            .tie_sizes
            .iter()
            .copied()
            .map(as_float)
            .map(|size| size * (size * size - 1.0))
            .sum();
        let variance = (n * (n + 1.0) * (2.0 * n + 1.0) - 0.5 * tie_term) / 24.0;
        let z = (halved(self.doubled_positive) - mean) / variance.sqrt();
        libm::erfc(z.abs() / std::f64::consts::SQRT_2)
    }
}

fn as_index(number: u64) -> usize {
    usize::try_from(number).expect("a rank sum of at most 50 differences")
}

fn halved(doubled: u64) -> f64 {
    as_float(doubled) / 2.0
}

#[expect(clippy::cast_precision_loss, reason = "counts below 2⁵³; patterns number at most 2⁵⁰")]
fn as_float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact_by_enumeration(differences: &[f64]) -> f64 {
        let ranked = Ranked::new(differences);
        let m = ranked.doubled_ranks.len();
        let sums: Vec<u64> = (0_u32..1 << m)
            .map(|signs| {
                (0..m).filter(|j| signs >> j & 1 == 1).map(|j| ranked.doubled_ranks[j]).sum()
            })
            .collect();
        let at_most = sums.iter().filter(|sum| **sum <= ranked.doubled_positive).count();
        let at_least = sums.iter().filter(|sum| **sum >= ranked.doubled_positive).count();
        (2.0 * at_most.min(at_least) as f64 / sums.len() as f64).min(1.0)
    }

    #[test]
    fn samples_must_pair_up_and_be_finite() {
        assert_eq!(wilcoxon(&[1.0], &[]), Err(BootstrapError::PairLengths { first: 1, second: 0 }));
        assert!(matches!(
            wilcoxon(&[f64::INFINITY], &[1.0]),
            Err(BootstrapError::NotFinite { index: 0, .. })
        ));
        assert!(matches!(
            cohens_dz(&[1.0], &[f64::NAN]),
            Err(BootstrapError::NotFinite { index: 0, .. })
        ));
        assert_eq!(wilcoxon(&[f64::MAX], &[f64::MIN]), Err(BootstrapError::Overflow));
    }

    /// SciPy 1.17.1 gives this for 16 differences with ties and without a zero; by all sign patterns it would be 0.0335.
    #[test]
    fn sixteen_differences_with_ties_are_approximated() {
        let differences = [1, -1, 2, 2, -2, 3, 3, 4, -4, 5, 5, 6, -6, 7, 7, 8]
            .map(|number: i8| f64::from(number));
        let test = wilcoxon(&differences, &[0.0; 16]).unwrap();
        assert_eq!(test.statistic, 26.5);
        let expected = 0.031_594_072_330_834_51;
        assert!(((test.p_value - expected) / expected).abs() < 1e-12, "{}", test.p_value);
    }

    /// The squares leave the range of `f64`; the mean does not.
    #[test]
    fn an_effect_whose_deviation_overflows_is_none() {
        assert_eq!(cohens_dz(&[1e200, -1e200], &[0.0; 2]), Err(BootstrapError::Overflow));
    }

    /// 5/12 as 2/3 − 1/4 and as 3/4 − 1/3, and 1/2 in between as 1 − 1/2: three equal pairs of ranks, not six ranks.
    #[test]
    fn differences_that_rounding_took_apart_are_tied() {
        let (x, y) = ([2.0 / 3.0, 1.0 / 3.0, 1.0, 2.0 / 3.0], [0.25, 0.75, 0.5, 1.0 / 6.0]);
        let exact = wilcoxon(&[5.0, -5.0, 6.0, 6.0], &[0.0; 4]).unwrap();
        assert_eq!(wilcoxon_with_ties(&x, &y).unwrap(), exact);
        assert_ne!(wilcoxon(&x, &y).unwrap(), exact);
    }

    /// A difference of 0 with large terms is no reason to drop a small difference of small terms.
    #[test]
    fn small_differences_of_small_terms_stay() {
        let (x, y) = ([1e6, 3e-7, 2e-7, 0.5], [1e6, 0.0, 0.0, 0.0]);
        assert_eq!(wilcoxon_with_ties(&x, &y).unwrap(), wilcoxon(&x, &y).unwrap());
    }

    #[test]
    fn equal_samples_have_no_effect() {
        assert_eq!(
            wilcoxon(&[0.1; 4], &[0.1 + 1e-9; 4]).unwrap(),
            SignedRank { statistic: 0.0, p_value: 1.0 }
        );
        assert_eq!(cohens_dz(&[0.5; 4], &[0.25; 4]).unwrap(), 0.0);
        assert_eq!(cohens_dz(&[0.5], &[0.25]).unwrap(), 0.0);
    }

    proptest! {
        #[test]
        fn the_exact_p_equals_the_enumeration(differences in prop::collection::vec(-4_i8..=4, 1..=10)) {
            let differences: Vec<f64> = differences.into_iter().map(f64::from).collect();
            prop_assume!(differences.iter().any(|difference| *difference != 0.0));
            prop_assert_eq!(Ranked::new(&differences).exact_p(), exact_by_enumeration(&differences));
        }

        #[test]
        fn the_test_is_symmetric(pairs in prop::collection::vec((-5_i8..=5, -5_i8..=5), 0..80)) {
            let x: Vec<f64> = pairs.iter().map(|(x, _)| f64::from(*x)).collect();
            let y: Vec<f64> = pairs.iter().map(|(_, y)| f64::from(*y)).collect();
            let (one, other) = (wilcoxon(&x, &y).unwrap(), wilcoxon(&y, &x).unwrap());
            prop_assert_eq!(one.statistic, other.statistic);
            prop_assert!((one.p_value - other.p_value).abs() <= 1e-14);
            prop_assert!((0.0..=1.0).contains(&one.p_value));
        }
    }
}
