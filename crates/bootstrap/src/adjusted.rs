//! p-values adjusted for the number of tests.
//!
//! Input: p-values in any order. Output: adjusted p-values in the same order, each in `0..=1`. Rule B-13 fixes the three
//! methods and the order of their operations.

use crate::BootstrapError;

/// Bonferroni: `min(1, p·m)` (rule B-13).
///
/// # Errors
///
/// [`BootstrapError::PValue`] for a p-value outside `0..=1`; likewise in the other methods.
pub fn bonferroni(p_values: &[f64]) -> Result<Vec<f64>, BootstrapError> {
    check(p_values)?;
    let m = count(p_values.len());
    Ok(p_values.iter().map(|p| (p * m).min(1.0)).collect())
}

/// Holm, step-down: the running maximum of `min(1, (m−k)·p₍ₖ₎)` from the smallest p-value on, `k` from 0
/// (rule B-13).
///
/// ```
/// # use spinefairbench_bootstrap::holm;
/// assert_eq!(holm(&[0.5, 0.125, 0.25])?, [0.5, 0.375, 0.5]);
/// # Ok::<(), spinefairbench_bootstrap::BootstrapError>(())
/// ```
///
/// # Errors
///
/// [`BootstrapError::PValue`] for a p-value outside `0..=1`.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, BootstrapError> {
    check(p_values)?;
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (k, position) in ascending(p_values).into_iter().enumerate() {
        largest = largest.max((count(p_values.len() - k) * p_values[position]).min(1.0));
        adjusted[position] = largest;
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg, step-up: the running minimum of `min(1, p₍ₖ₎·(m/k))` from the largest p-value down, `k` from 1
/// (rule B-13).
///
/// # Errors
///
/// [`BootstrapError::PValue`] for a p-value outside `0..=1`.
pub fn benjamini_hochberg(p_values: &[f64]) -> Result<Vec<f64>, BootstrapError> {
    check(p_values)?;
    let m = count(p_values.len());
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (k, position) in ascending(p_values).into_iter().enumerate().rev() {
        smallest = smallest.min(p_values[position] * (m / count(k + 1)));
        adjusted[position] = smallest;
    }
    Ok(adjusted)
}

fn check(p_values: &[f64]) -> Result<(), BootstrapError> {
    match p_values.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(index) => Err(BootstrapError::PValue { index, value: p_values[index] }),
        None => Ok(()),
    }
}

/// Positions from the smallest p-value to the largest, equal ones in input order.
fn ascending(p_values: &[f64]) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..p_values.len()).collect();
    positions.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    positions
}

#[expect(clippy::cast_precision_loss, reason = "a number of tests is far below 2⁵³")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_p_value_lies_between_0_and_1() {
        for adjust in [bonferroni, holm, benjamini_hochberg] {
            assert_eq!(adjust(&[]), Ok(vec![]));
            assert_eq!(adjust(&[0.5, 1.5]), Err(BootstrapError::PValue { index: 1, value: 1.5 }));
            assert!(adjust(&[f64::NAN]).is_err());
        }
    }

    proptest! {
        #[test]
        fn the_methods_are_ordered(p_values in prop::collection::vec(0.0..=1.0_f64, 0..30)) {
            let (bonferroni, holm) = (bonferroni(&p_values).unwrap(), holm(&p_values).unwrap());
            let hochberg = benjamini_hochberg(&p_values).unwrap();
            for (i, p) in p_values.iter().enumerate() {
                prop_assert!(*p <= hochberg[i] && hochberg[i] <= holm[i] && holm[i] <= bonferroni[i]);
                prop_assert!(bonferroni[i] <= 1.0);
            }
        }
    }
}
