//! Cluster sign-flip test of a paired comparison.
//!
//! Input: per cluster, the sum of its differences; a [`Plan`]. Output: how often a random sign for each cluster gives a
//! total at least as far from 0 as the observed one. Rule B-14 fixes it:
//!
//! - Clusters with a sum of 0 are left out; `k` remain, in the order of the keys. None: p = 1.
//! - The statistic is the absolute total. A total is taken from left to right in the order of the clusters, for the
//!   observed signs as for any other, so the observed pattern and its mirror image reach the statistic exactly.
//! - `k` ≤ 16: all 2ᵏ patterns, p = (patterns at or above the statistic) / 2ᵏ.
//! - More: as many random patterns as the plan has iterations, p = (1 + patterns at or above) / (1 + iterations). A pattern
//!   takes ⌈k/64⌉ 64-bit draws of one fresh generator, one pattern after the other; cluster `j` has a minus where bit
//!   `j mod 64` of draw `⌊j/64⌋` is set. (Which sign a set bit stands for cannot matter: the statistic is an absolute value.)

use crate::error::check_finite;
use crate::{BootstrapError, Generator, Mt19937, Pcg64, Plan};

/// Result of [`sign_flip`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlip {
    /// The absolute total of the cluster sums.
    pub statistic: f64,
    /// The share of sign patterns at or above the statistic.
    pub p_value: f64,
    /// Which patterns were looked at.
    pub patterns: SignPatterns,
}

/// The sign patterns of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The sign-flip test of `cluster_sums` (rule B-14), which are those of [`Clusters::sums`](crate::Clusters::sums) for the
/// differences of the pairs.
///
/// ```
/// # use spinefairbench_bootstrap::*;
/// let plan = Plan { generator: Generator::NumpyPcg64, iterations: Iterations::PUBLISHED, seed: Seed::from(42) };
/// let test = sign_flip(&[1.0, 2.0, 0.0, 3.0], &plan)?;
/// assert_eq!((test.statistic, test.p_value), (6.0, 0.25));
/// # Ok::<(), BootstrapError>(())
/// ```
///
/// # Errors
///
/// [`BootstrapError::NotFinite`] for a sum that is NaN or infinite, [`BootstrapError::Overflow`] if a total may leave the
/// range of `f64`.
pub fn sign_flip(cluster_sums: &[f64], plan: &Plan) -> Result<SignFlip, BootstrapError> {
    check_finite(cluster_sums)?;
    let sums: Vec<f64> = cluster_sums.iter().copied().filter(|sum| *sum != 0.0).collect();
    if !sums.iter().map(|sum| sum.abs()).sum::<f64>().is_finite() {
        return Err(BootstrapError::Overflow);
    }
    let statistic = sums.iter().fold(0.0, |total, sum| total + sum).abs();
    if sums.len() <= MOST_ENUMERATED {
        let totals = totals_of_all_patterns(&sums);
        let patterns = 1 << sums.len();
        let extreme = totals.into_iter().filter(|total| total.abs() >= statistic).count();
        let p_value = as_float(extreme) / f64::from(patterns);
        return Ok(SignFlip { statistic, p_value, patterns: SignPatterns::All { patterns } });
    }
    let extreme = match plan.generator {
        Generator::NumpyPcg64 => {
            let mut generator = Pcg64::from_seed(&plan.seed);
            count_sampled(&sums, statistic, plan, || generator.next_u64())
        }
        Generator::PythonMt19937 => {
            let mut generator = Mt19937::from_seed(&plan.seed);
            count_sampled(&sums, statistic, plan, || generator.next_u64())
        }
    };
    let patterns = plan.iterations.get();
    let p_value = (1.0 + as_float(extreme)) / (1.0 + f64::from(patterns));
    Ok(SignFlip { statistic, p_value, patterns: SignPatterns::Sampled { patterns } })
}

/// The totals of all sign patterns. Patterns with the same signs at the front share the sum of that front, each of
/// which is still taken from left to right.
fn totals_of_all_patterns(sums: &[f64]) -> Vec<f64> {
    sums.iter().fold(vec![0.0], |totals, sum| {
        totals.iter().flat_map(|total| [total + sum, total - sum]).collect()
    })
}

fn count_sampled(
    sums: &[f64],
    statistic: f64,
    plan: &Plan,
    mut next_u64: impl FnMut() -> u64,
) -> usize {
    let mut total = || {
        sums.chunks(BITS_IN_DRAW).fold(0.0, |total, sums| {
            let signs = next_u64();
            sums.iter()
                .enumerate()
                .fold(total, |total, (bit, sum)| total + with_sign(*sum, signs >> bit))
        })
    };
    (0..plan.iterations.get()).filter(|_| total().abs() >= statistic).count()
}

/// `sum`, negated if the lowest bit of `minus` is set. Without a branch: the signs are random, so no branch is predicted.
fn with_sign(sum: f64, minus: u64) -> f64 {
    f64::from_bits(sum.to_bits() ^ (minus << 63))
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

    /// The sampled test, a bit at a time.
    fn sampled_by_definition(sums: &[f64], iterations: u32, mut draw: impl FnMut() -> u64) -> f64 {
        let observed = sums.iter().fold(0.0, |total, sum| total + sum).abs();
        let mut extreme = 0;
        for _ in 0..iterations {
            let draws: Vec<u64> = (0..sums.len().div_ceil(64)).map(|_| draw()).collect();
            let mut total = 0.0;
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
            let test = sign_flip(sums, &plan(Generator::NumpyPcg64, 10)).unwrap();
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
    fn sums_must_be_finite() {
        let plan = plan(Generator::NumpyPcg64, 10);
        assert!(matches!(
            sign_flip(&[1.0, f64::NAN], &plan),
            Err(BootstrapError::NotFinite { index: 1, .. })
        ));
        assert_eq!(sign_flip(&[f64::MAX, f64::MAX], &plan), Err(BootstrapError::Overflow));
    }

    /// A total near 0 is reached by nearly every pattern, and one of equal signs by nearly none.
    #[test]
    fn a_sampled_p_value_tells_a_difference_from_none() {
        let p_value =
            |sums: &[f64]| sign_flip(sums, &plan(Generator::NumpyPcg64, 1000)).unwrap().p_value;
        let alternating: Vec<f64> =
            (0..40).map(|place| if place % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert_eq!(p_value(&alternating), 1.0);
        assert_eq!(p_value(&[1.0; 40]), 1.0 / 1001.0);
    }

    #[test]
    fn seventeen_clusters_are_sampled() {
        let test = sign_flip(&[1.0; 17], &plan(Generator::NumpyPcg64, 100)).unwrap();
        assert_eq!(test.patterns, SignPatterns::Sampled { patterns: 100 });
        let test = sign_flip(&[1.0; 16], &plan(Generator::NumpyPcg64, 100)).unwrap();
        assert_eq!(test.patterns, SignPatterns::All { patterns: 65536 });
        assert_eq!(test.p_value, 2.0 / 65536.0);
    }

    proptest! {
        // Of both signs, so that many patterns reach the statistic: with one sign almost none does, and every p-value is the least.
        #[test]
        fn sampling_equals_its_definition(sums in prop::collection::vec(-1.0..1.0_f64, 20..200), seed: u64) {
            let mut plan = plan(Generator::NumpyPcg64, 50);
            plan.seed = Seed::from(seed);
            let mut numpy = Pcg64::from_seed(&plan.seed);
            let sums: Vec<f64> = sums.into_iter().filter(|sum| *sum != 0.0).collect();
            prop_assume!(sums.len() > MOST_ENUMERATED);
            let expected = sampled_by_definition(&sums, 50, || numpy.next_u64());
            prop_assert_eq!(sign_flip(&sums, &plan).unwrap().p_value, expected);
            plan.generator = Generator::PythonMt19937;
            let mut python = Mt19937::from_seed(&plan.seed);
            let expected = sampled_by_definition(&sums, 50, || python.next_u64());
            prop_assert_eq!(sign_flip(&sums, &plan).unwrap().p_value, expected);
        }

        #[test]
        fn the_observed_pattern_and_its_mirror_always_count(sums in prop::collection::vec(-1.0..1.0_f64, 1..=12)) {
            let test = sign_flip(&sums, &plan(Generator::NumpyPcg64, 10)).unwrap();
            let SignPatterns::All { patterns } = test.patterns else { panic!("sampled") };
            prop_assert!(test.p_value * f64::from(patterns) >= f64::from(patterns.min(2)));
            let negated: Vec<f64> = sums.iter().map(|sum| -sum).collect();
            prop_assert_eq!(sign_flip(&negated, &plan(Generator::NumpyPcg64, 10)).unwrap(), test);
        }
    }
}
