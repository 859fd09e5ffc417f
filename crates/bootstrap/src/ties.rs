//! When two computed numbers stand for the same one.
//!
//! Input: numbers that were computed in floating point, and the size of the terms that went into them. Output: whether they
//! are equal, and the places that they take among one another. Rule B-15 fixes how far apart rounding may take two equal
//! numbers: [`TIE_TOLERANCE`] of the size of their terms.
//!
//! Values of the benchmark are 0, 1 and Jaccard indices of at most thirteen labels: multiples of 1/360360, the least common
//! multiple of 1 to 13. So are their differences and every sum of them. Two sums of fewer than 2,000,000 such numbers that are
//! not equal are therefore further apart than the tolerance, and with fewer than 4,000 clusters two that are equal are closer:
//! within these bounds a comparison gives what exact arithmetic gives.

/// How far apart two equal numbers may have been rounded, relative to the size of the terms that they were computed from.
pub const TIE_TOLERANCE: f64 = 1e-12;

/// Whether `left` and `right` are equal but for rounding (rule B-15). `scale` is the size of the terms that they were
/// computed from: 1 for rates and for differences of rates, the sum of the absolute terms for a sum.
///
/// ```
/// # use spinefairbench_bootstrap::is_tied;
/// let (one, other) = (2.0 / 3.0 - 1.0 / 4.0, 3.0 / 4.0 - 1.0 / 3.0);
/// assert_ne!(one, other);
/// assert!(is_tied(one, other, 1.0));
/// ```
#[must_use]
pub fn is_tied(left: f64, right: f64, scale: f64) -> bool {
    (left - right).abs() <= TIE_TOLERANCE * scale
}

/// The place of each value from the smallest up: one more than the number of values that are smaller. Values that are equal
/// but for rounding share a place (rule B-15; `scale` as in [`is_tied`]), so that places can be compared where values cannot.
///
/// ```
/// # use spinefairbench_bootstrap::places;
/// assert_eq!(places(&[0.5, 1.0 - 72.0 / 102.0, 30.0 / 102.0], 1.0), [3, 1, 1]);
/// ```
#[must_use]
pub fn places(values: &[f64], scale: f64) -> Vec<usize> {
    let mut ascending: Vec<usize> = (0..values.len()).collect();
    ascending.sort_by(|left, right| values[*left].total_cmp(&values[*right]));
    let mut places = vec![0; values.len()];
    let mut before = 0;
    for tie in ascending.chunk_by(|left, right| is_tied(values[*left], values[*right], scale)) {
        for position in tie {
            places[*position] = before + 1;
        }
        before += tie.len();
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_an_ulp_apart_share_a_place_and_others_do_not() {
        let apart = 1.0 / 360_360.0;
        let values = [0.5, 0.5_f64.next_up(), 0.5 + apart, 0.5 - apart, 0.5_f64.next_down()];
        assert_eq!(places(&values, 1.0), [2, 2, 5, 1, 2]);
        assert_eq!(places(&[], 1.0), Vec::<usize>::new());
    }

    #[test]
    fn the_tolerance_follows_the_size_of_the_terms() {
        assert!(is_tied(1e9, 1e9 + 1e-4, 1e9) && !is_tied(1e9, 1e9 + 1e-4, 1.0));
        assert!(is_tied(5e-17, 0.0, 1.0) && !is_tied(5e-17, 0.0, 1e-6));
    }
}
