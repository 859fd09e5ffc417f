//! Percentiles by linear interpolation, in the two forms that published intervals were made with.
//!
//! Input: values in any order and a quantile in `0..=1`. Output: the interpolated value, the same to the last bit. Rule
//! B-08 fixes NumPy's form (`numpy/lib/_function_base_impl.py`, method `linear`), rule B-09 that of the first scorer.

use crate::error::check_finite;
use crate::{BootstrapError, Generator};

/// How two neighbouring values are interpolated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PercentileRule {
    /// `numpy.percentile`: from the nearer end, `a + d·g` or `b − d·(1−g)` (rule B-08).
    Numpy,
    /// The first public scorer: `a·(1−f) + b·f` (rule B-09).
    Cpython,
}

/// The value below which a fraction `quantile` of `values` lies (rules B-08 and B-09).
///
/// ```
/// # use spinefairbench_bootstrap::{PercentileRule, percentile};
/// assert_eq!(percentile(&[4.0, 1.0, 2.0], 0.75, PercentileRule::Numpy)?, 3.0);
/// # Ok::<(), spinefairbench_bootstrap::BootstrapError>(())
/// ```
///
/// # Errors
///
/// [`BootstrapError::NoValues`], [`BootstrapError::NotFinite`], [`BootstrapError::Quantile`] outside `0..=1`, and
/// [`BootstrapError::Overflow`] if the distance of two neighbours exceeds the range of `f64`.
pub fn percentile(
    values: &[f64],
    quantile: f64,
    rule: PercentileRule,
) -> Result<f64, BootstrapError> {
    if values.is_empty() {
        return Err(BootstrapError::NoValues);
    }
    if !(0.0..=1.0).contains(&quantile) {
        return Err(BootstrapError::Quantile { quantile });
    }
    check_finite(values)?;
    let percentile = percentile_by_selection(&mut values.to_vec(), quantile, rule);
    if percentile.is_finite() { Ok(percentile) } else { Err(BootstrapError::Overflow) }
}

/// The percentile that belongs to a generator.
pub(crate) fn rule_of(generator: Generator) -> PercentileRule {
    match generator {
        Generator::NumpyPcg64 => PercentileRule::Numpy,
        Generator::PythonMt19937 => PercentileRule::Cpython,
    }
}

/// The percentile of finite `values`, at least one, which come back in another order. Selecting the two neighbours costs a
/// fraction of sorting them all.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a position lies in 0..=n-1"
)]
pub(crate) fn percentile_by_selection(
    values: &mut [f64],
    quantile: f64,
    rule: PercentileRule,
) -> f64 {
    let position = (values.len() - 1) as f64 * quantile;
    let fraction = position - position.floor();
    let (_, below, others) =
        values.select_nth_unstable_by(position.floor() as usize, f64::total_cmp);
    let below = *below;
    let above = others.iter().copied().min_by(f64::total_cmp).unwrap_or(below);
    match rule {
        PercentileRule::Numpy => {
            let distance = above - below;
            if fraction < 0.5 {
                below + distance * fraction
            } else {
                above - distance * (1.0 - fraction)
            }
        }
        PercentileRule::Cpython if fraction == 0.0 => below,
        PercentileRule::Cpython => below * (1.0 - fraction) + above * fraction,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Both rules over the sorted values.
    fn by_sorting(values: &[f64], quantile: f64, rule: PercentileRule) -> f64 {
        let mut x = values.to_vec();
        x.sort_by(f64::total_cmp);
        let n = x.len();
        let p = (n - 1) as f64 * quantile;
        let k = p.floor() as usize;
        match rule {
            PercentileRule::Numpy => {
                let (a, b, g) = (x[k], x[(k + 1).min(n - 1)], p - p.floor());
                let d = b - a;
                if g < 0.5 { a + d * g } else { b - d * (1.0 - g) }
            }
            PercentileRule::Cpython => {
                let (lower, upper) = (p.floor(), p.ceil());
                if lower == upper {
                    return x[k];
                }
                x[k] * (1.0 - (p - lower)) + x[upper as usize] * (p - lower)
            }
        }
    }

    /// CPython takes the value itself where the position is a whole number; zero times the next one would lose its sign.
    #[test]
    fn a_position_on_a_value_gives_that_value() {
        for rule in [PercentileRule::Cpython, PercentileRule::Numpy] {
            let found = percentile(&[3.0, 1.0, 2.0], 0.5, rule).unwrap();
            assert_eq!(found.to_bits(), 2.0_f64.to_bits());
        }
        let found = percentile(&[1.0, -0.0, 2.0], 0.0, PercentileRule::Cpython).unwrap();
        assert_eq!(found.to_bits(), (-0.0_f64).to_bits());
    }

    /// NumPy counts down from the upper value from the middle on; 2.4.6 gives 0.6 here, and counting up would give one bit more.
    #[test]
    fn the_middle_is_counted_from_above() {
        let found = percentile(&[1.0, 0.2], 0.5, PercentileRule::Numpy).unwrap();
        assert_eq!(found.to_bits(), 0.6_f64.to_bits());
        assert_ne!((0.2 + (1.0 - 0.2) * 0.5_f64).to_bits(), 0.6_f64.to_bits());
    }

    #[test]
    fn a_percentile_needs_values_and_a_quantile() {
        assert_eq!(percentile(&[], 0.5, PercentileRule::Numpy), Err(BootstrapError::NoValues));
        let error = percentile(&[1.0], 1.1, PercentileRule::Numpy);
        assert_eq!(error, Err(BootstrapError::Quantile { quantile: 1.1 }));
        assert!(percentile(&[1.0], f64::NAN, PercentileRule::Numpy).is_err());
        assert_eq!(
            percentile(&[f64::MIN, f64::MAX], 0.3, PercentileRule::Numpy),
            Err(BootstrapError::Overflow)
        );
    }

    proptest! {
        #[test]
        fn selection_equals_sorting(
            values in prop::collection::vec(prop_oneof![-1e3..1e3_f64, Just(0.0), Just(1.0)], 1..200),
            quantile in 0.0..=1.0_f64,
        ) {
            for rule in [PercentileRule::Numpy, PercentileRule::Cpython] {
                let selected = percentile(&values, quantile, rule).unwrap();
                prop_assert_eq!(selected.to_bits(), by_sorting(&values, quantile, rule).to_bits());
            }
        }
    }
}
