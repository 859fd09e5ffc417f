//! Cluster sign-flip test of a paired comparison.
//!
//! Input: the differences of the pairs, their clusters, and a [`Plan`]. Output: how often a random sign for each cluster gives a
//! total at least as far from 0 as the observed one. Rule B-14 fixes it:
//!
//! - Clusters with a sum of 0 are left out; `k` remain, in the order of the keys. None: p = 1.
//! - The statistic is the absolute total of the cluster sums.
//! - `k` ≤ 16: all 2ᵏ patterns, p = (patterns at or above the statistic) / 2ᵏ.
//! - More: as many random patterns as the plan has iterations, p = (1 + patterns at or above) / (1 + iterations). A pattern
//!   takes ⌈k/64⌉ 64-bit draws of one fresh generator, one pattern after the other; cluster `j` has a minus where bit
//!   `j mod 64` of draw `⌊j/64⌋` is set. (Which sign a set bit stands for cannot matter: the statistic is an absolute value.)
//!
//! Sums that are equal but for rounding are equal (rule B-15): a total within the tolerance of the statistic is at it, and a
//! cluster whose differences cancel within it has a sum of 0. 2/3 − 1/4 and 3/4 − 1/3 are both 5/12 and one unit in the last
//! place apart; without the tolerance, whether a pattern counts would depend on which of the two its clusters have.
//!
//! The same test of another null value than 0, and of one side of it, is rule B-19 ([`sign_flip_against`]).

use crate::ties::TIE_TOLERANCE;
use crate::{Alternative, BootstrapError, Clusters, Generator, Mt19937, Pcg64, Plan};

/// Result of [`sign_flip`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SignFlip {
    /// The total of the cluster sums, less that under the null value: without its sign in a two-sided test, else in the direction
    /// of the alternative.
    pub statistic: f64,
    /// The share of sign patterns at or above the statistic.
    pub p_value: f64,
    /// Which patterns were looked at.
    pub patterns: SignPatterns,
}

/// The sign patterns of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum SignPatterns {
    /// Every pattern: the p-value is exact.
    All {
        /// Their number, 2ᵏ.
        patterns: u32,
    },
    /// Patterns drawn at random.
    Sampled {
        /// Their number.
        patterns: u32,
    },
}

/// The most clusters whose sign patterns are all looked at.
const MOST_ENUMERATED: usize = 16;
const BITS_IN_DRAW: usize = 64;
const BITS_IN_BYTE: usize = 8;

/// The sign-flip test of `differences` over their clusters (rule B-14).
///
/// ```
/// # use spinefairbench_bootstrap::*;
/// let plan = Plan::published();
/// let test = sign_flip(&[1.0, 2.0, 0.0, 3.0], &Clusters::new(["a", "b", "c", "d"]), &plan)?;
/// assert_eq!((test.statistic, test.p_value), (6.0, 0.25));
/// # Ok::<(), BootstrapError>(())
/// ```
///
/// # Errors
///
/// [`BootstrapError::ClusterLengths`] unless there is one difference per key, [`BootstrapError::NotFinite`] for a difference
/// that is NaN or infinite, [`BootstrapError::Overflow`] if a total may leave the range of `f64`.
pub fn sign_flip(
    differences: &[f64],
    clusters: &Clusters,
    plan: &Plan,
) -> Result<SignFlip, BootstrapError> {
    sign_flip_against(differences, clusters, 0.0, Alternative::TwoSided, plan)
}

/// The sign-flip test that the mean of `differences` is `null`, or on the side of it that `alternative` does not name (rule B-19):
/// `null` is taken from each difference, and the rest is B-14 with the total in the direction of the alternative in place of its
/// absolute value. Against 0 and two-sided it is B-14.
///
/// The test asks that cluster sums less their part of `null` be as likely as their negatives. A null value other than 0 makes that an
/// assumption, which [`ClusteredMean::t_test`](crate::ClusteredMean::t_test) does not need over many clusters.
///
/// ```
/// # use spinefairbench_bootstrap::*;
/// let (differences, clusters) = ([1.0, 2.0, 0.0, 3.0], Clusters::new(["a", "b", "c", "d"]));
/// let plan = Plan::published();
/// let test = sign_flip_against(&differences, &clusters, -1.0, Alternative::Greater, &plan)?;
/// assert_eq!((test.statistic, test.p_value), (10.0, 0.0625));
/// # Ok::<(), BootstrapError>(())
/// ```
///
/// # Errors
///
/// Those of [`sign_flip`].
pub fn sign_flip_against(
    differences: &[f64],
    clusters: &Clusters,
    null: f64,
    alternative: Alternative,
    plan: &Plan,
) -> Result<SignFlip, BootstrapError> {
    let shifted: Vec<f64> = differences.iter().map(|difference| difference - null).collect();
    let sums = clusters.sums(&shifted)?;
    let terms: Vec<f64> =
        differences.iter().map(|difference| difference.abs() + null.abs()).collect();
    let sizes = clusters.sums(&terms)?;
    let size: f64 = sizes.iter().sum();
    if !size.is_finite() {
        return Err(BootstrapError::Overflow);
    }
    let is_zero = |sum: f64, size: f64| sum.abs() <= TIE_TOLERANCE * size;
    let sums: Vec<f64> = sums
        .into_iter()
        .zip(sizes)
        .filter_map(|(sum, size)| (!is_zero(sum, size)).then_some(sum))
        .collect();
    let directed = |total: f64| match alternative {
        Alternative::Greater => total,
        Alternative::Less => -total,
        Alternative::TwoSided => total.abs(),
    };
    let total = sums.iter().fold(0.0, |total, sum| total + sum);
    let statistic = if is_zero(total, size) { 0.0 } else { directed(total) };
    // What a total must reach to be at the statistic.
    let reached = statistic - TIE_TOLERANCE * size;
    let is_extreme = |total: f64| directed(total) >= reached;
    if sums.len() <= MOST_ENUMERATED {
        let totals = totals_of_all_patterns(&sums);
        let patterns = 1 << sums.len();
        let extreme = totals.into_iter().filter(|total| is_extreme(*total)).count();
        let p_value = as_float(extreme) / f64::from(patterns);
        return Ok(SignFlip { statistic, p_value, patterns: SignPatterns::All { patterns } });
    }
    let extreme = match plan.generator {
        Generator::NumpyPcg64 => {
            let mut generator = Pcg64::from_seed(&plan.seed);
            count_sampled(&sums, plan, || generator.next_u64(), is_extreme)
        }
        Generator::PythonMt19937 => {
            let mut generator = Mt19937::from_seed(&plan.seed);
            count_sampled(&sums, plan, || generator.next_u64(), is_extreme)
        }
    };
    let patterns = plan.iterations.get();
    let p_value = (1.0 + as_float(extreme)) / (1.0 + f64::from(patterns));
    Ok(SignFlip { statistic, p_value, patterns: SignPatterns::Sampled { patterns } })
}

/// The totals of all sign patterns. Patterns with the same signs at the front share the sum of that front.
fn totals_of_all_patterns(sums: &[f64]) -> Vec<f64> {
    sums.iter().fold(vec![0.0], |totals, sum| {
        totals.iter().flat_map(|total| [total + sum, total - sum]).collect()
    })
}

/// How many of the plan's random patterns have an extreme total.
///
/// The totals of eight clusters are looked up by the byte of their signs, a block of patterns at a time, so that the tables of one draw
/// stay in the cache. Another order of adding moves a total by less than the tolerance of B-15.
fn count_sampled(
    sums: &[f64],
    plan: &Plan,
    mut next_u64: impl FnMut() -> u64,
    is_extreme: impl Fn(f64) -> bool,
) -> usize {
    const PATTERNS_IN_BLOCK: usize = 256;
    let tables: Vec<Box<[f64]>> = sums.chunks(BITS_IN_BYTE).map(totals_by_signs).collect();
    let n_draws = sums.len().div_ceil(BITS_IN_DRAW);
    let mut left = plan.iterations.as_usize();
    let mut extreme = 0;
    while left > 0 {
        let in_block = left.min(PATTERNS_IN_BLOCK);
        let draws: Vec<u64> = (0..in_block * n_draws).map(|_| next_u64()).collect();
        let mut totals = [0.0; PATTERNS_IN_BLOCK];
        for (draw, tables) in tables.chunks(BITS_IN_DRAW / BITS_IN_BYTE).enumerate() {
            for (total, draws) in totals.iter_mut().zip(draws.chunks_exact(n_draws)) {
                let signs = draws[draw].to_le_bytes();
                let part: f64 =
                    tables.iter().zip(signs).map(|(table, byte)| table[usize::from(byte)]).sum();
                *total += part;
            }
        }
        extreme += totals[..in_block].iter().filter(|total| is_extreme(**total)).count();
        left -= in_block;
    }
    extreme
}

/// The total of at most eight `sums` for each byte of signs: sum `j` has a minus where bit `j` is set.
fn totals_by_signs(sums: &[f64]) -> Box<[f64]> {
    let mut totals = vec![sums.iter().sum::<f64>()];
    for sum in sums {
        let with_minus: Vec<f64> = totals.iter().map(|total| total - 2.0 * sum).collect();
        totals.extend(with_minus);
    }
    // Bits past the last sum have no meaning.
    while totals.len() < 1 << BITS_IN_BYTE {
        totals.extend_from_within(..);
    }
    totals.into_boxed_slice()
}

#[expect(clippy::cast_precision_loss, reason = "a number of patterns is at most 2³²")]
fn as_float(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Iterations, Seed};
    use proptest::prelude::*;

    fn plan(generator: Generator, iterations: u64) -> Plan {
        Plan { generator, iterations: Iterations::new(iterations).unwrap(), seed: Seed::from(42) }
    }

    /// The test with one difference to a cluster, in the order given.
    fn test_of(sums: &[f64], plan: &Plan) -> Result<SignFlip, BootstrapError> {
        let keys = (0..sums.len()).map(|place| format!("{place:05}"));
        sign_flip(sums, &Clusters::new(keys), plan)
    }

    /// The sampled test, a bit at a time.
    fn sampled_by_definition(sums: &[i32], iterations: u32, mut draw: impl FnMut() -> u64) -> f64 {
        let observed = sums.iter().sum::<i32>().abs();
        let mut extreme = 0;
        for _ in 0..iterations {
            let draws: Vec<u64> = (0..sums.len().div_ceil(64)).map(|_| draw()).collect();
            let mut total = 0;
            for (j, sum) in sums.iter().enumerate() {
                total += if draws[j / 64] >> (j % 64) & 1 == 1 { -sum } else { *sum };
            }
            extreme += u32::from(total.abs() >= observed);
        }
        f64::from(1 + extreme) / f64::from(1 + iterations)
    }

    #[test]
    fn no_difference_gives_no_evidence() {
        for sums in [&[][..], &[0.0, -0.0]] {
            let test = test_of(sums, &plan(Generator::NumpyPcg64, 10)).unwrap();
            assert_eq!(
                test,
                SignFlip {
                    statistic: 0.0,
                    p_value: 1.0,
                    patterns: SignPatterns::All { patterns: 1 }
                }
            );
        }
    }

    #[test]
    fn differences_must_be_finite_and_have_a_cluster_each() {
        let plan = plan(Generator::NumpyPcg64, 10);
        assert!(matches!(
            test_of(&[1.0, f64::NAN], &plan),
            Err(BootstrapError::NotFinite { index: 1, .. })
        ));
        assert_eq!(test_of(&[f64::MAX, f64::MAX], &plan), Err(BootstrapError::Overflow));
        let lengths = BootstrapError::ClusterLengths { values: 1, keys: 2 };
        assert_eq!(sign_flip(&[1.0], &Clusters::new(["a", "b"]), &plan), Err(lengths));
    }

    /// Twelve clusters of ±5/12, ten of them positive, as 2/3 − 1/4 and as 3/4 − 1/3: 158 of the 4,096 patterns have ten equal
    /// signs or more.
    #[test]
    fn equal_differences_count_as_equal_however_they_came_about() {
        let (one, other) = (2.0 / 3.0 - 1.0 / 4.0, 3.0 / 4.0 - 1.0 / 3.0);
        assert_ne!(one, other);
        let sums = [one, one, one, other, other, -one, -one, other, other, one, other, one];
        let test = test_of(&sums, &plan(Generator::NumpyPcg64, 10)).unwrap();
        assert_eq!(test.p_value, 158.0 / 4096.0);
    }

    /// 2/3 − 1/4 less 3/4 − 1/3 is 0 as a number and an ulp as floats: the cluster has no sign to flip.
    #[test]
    fn a_cluster_whose_differences_cancel_is_left_out() {
        let cancelling = [2.0 / 3.0 - 1.0 / 4.0, -(3.0 / 4.0 - 1.0 / 3.0)];
        assert_ne!(cancelling[0] + cancelling[1], 0.0);
        let clusters = Clusters::new(["a", "a", "b"]);
        let differences = [cancelling[0], cancelling[1], 0.5];
        let test = sign_flip(&differences, &clusters, &plan(Generator::NumpyPcg64, 10)).unwrap();
        assert_eq!(test.patterns, SignPatterns::All { patterns: 2 });
        assert_eq!((test.statistic, test.p_value), (0.5, 1.0));
        let clusters = Clusters::new(["a", "a"]);
        let test = sign_flip(&cancelling, &clusters, &plan(Generator::NumpyPcg64, 10)).unwrap();
        assert_eq!((test.statistic, test.p_value), (0.0, 1.0));
    }

    /// A total near 0 is reached by nearly every pattern, and one of equal signs by nearly none.
    #[test]
    fn a_sampled_p_value_tells_a_difference_from_none() {
        let p_value =
            |sums: &[f64]| test_of(sums, &plan(Generator::NumpyPcg64, 1000)).unwrap().p_value;
        let alternating: Vec<f64> =
            (0..40).map(|place| if place % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert_eq!(p_value(&alternating), 1.0);
        assert_eq!(p_value(&[1.0; 40]), 1.0 / 1001.0);
    }

    #[test]
    fn seventeen_clusters_are_sampled() {
        let test = test_of(&[1.0; 17], &plan(Generator::NumpyPcg64, 100)).unwrap();
        assert_eq!(test.patterns, SignPatterns::Sampled { patterns: 100 });
        let test = test_of(&[1.0; 16], &plan(Generator::NumpyPcg64, 100)).unwrap();
        assert_eq!(test.patterns, SignPatterns::All { patterns: 65536 });
        assert_eq!(test.p_value, 2.0 / 65536.0);
    }

    proptest! {
        // Of both signs, so that many patterns reach the statistic: with one sign almost none does, and every p-value is the least.
        #[test]
        fn sampling_equals_its_definition(sums in prop::collection::vec(-40..40_i32, 20..200), seed: u64) {
            let mut plan = plan(Generator::NumpyPcg64, 50);
            plan.seed = Seed::from(seed);
            let mut numpy = Pcg64::from_seed(&plan.seed);
            let sums: Vec<i32> = sums.into_iter().filter(|sum| *sum != 0).collect();
            prop_assume!(sums.len() > MOST_ENUMERATED);
            let floats: Vec<f64> = sums.iter().map(|sum| f64::from(*sum)).collect();
            let expected = sampled_by_definition(&sums, 50, || numpy.next_u64());
            prop_assert_eq!(test_of(&floats, &plan).unwrap().p_value, expected);
            plan.generator = Generator::PythonMt19937;
            let mut python = Mt19937::from_seed(&plan.seed);
            let expected = sampled_by_definition(&sums, 50, || python.next_u64());
            prop_assert_eq!(test_of(&floats, &plan).unwrap().p_value, expected);
        }

        #[test]
        fn the_observed_pattern_and_its_mirror_always_count(sums in prop::collection::vec(-1.0..1.0_f64, 1..=12)) {
            let test = test_of(&sums, &plan(Generator::NumpyPcg64, 10)).unwrap();
            let SignPatterns::All { patterns } = test.patterns else { panic!("sampled") };
            prop_assert!(test.p_value * f64::from(patterns) >= f64::from(patterns.min(2)));
            let negated: Vec<f64> = sums.iter().map(|sum| -sum).collect();
            prop_assert_eq!(test_of(&negated, &plan(Generator::NumpyPcg64, 10)).unwrap(), test);
        }
    }
}
