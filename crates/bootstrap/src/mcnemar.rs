//! McNemar's exact test of a table of matched yes-or-no answers.

/// The two-sided p-value of McNemar's exact test (rule B-20): of the `only_first + only_second` pairs on which the two differ, how
/// unlikely it is that chance alone, with a coin for each, divides them at least as unevenly. 1 where there is none.
///
/// The test takes the pairs for independent, which pairs of one source are not: it is given for reference. A p-value below the smallest
/// float is 0.
///
/// ```
/// # use spinefairbench_bootstrap::mcnemar_exact;
/// assert_eq!(mcnemar_exact(0, 4), 0.125);
/// assert_eq!(mcnemar_exact(3, 3), 1.0);
/// ```
#[must_use]
pub fn mcnemar_exact(only_first: u64, only_second: u64) -> f64 {
    let fewer = only_first.min(only_second);
    let n = only_first + only_second;
    // The probability of `fewer` heads in n throws, the halvings spread over the product so that it stays in range.
    let mut at = 1.0_f64;
    let mut halvings = n;
    for step in 1..=fewer {
        at *= float(n - fewer + step) / float(step);
        while at > 1.0 && halvings > 0 {
            at /= 2.0;
            halvings -= 1;
        }
    }
    let at = at * halved(halvings);
    // Each number of heads below is less likely by a known factor.
    let (mut sum, mut term) = (1.0, 1.0);
    for heads in (1..=fewer).rev() {
        term *= float(heads) / float(n - heads + 1);
        sum += term;
    }
    (2.0 * at * sum).min(1.0)
}

/// 2 to the power of minus `halvings`; 0 below the smallest float.
fn halved(halvings: u64) -> f64 {
    let exponent = i32::try_from(halvings).unwrap_or(i32::MAX);
    2.0_f64.powi(-exponent)
}

#[expect(clippy::cast_precision_loss, reason = "a number of pairs is far below 2⁵³")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_tables_follow_from_counting() {
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert_eq!(mcnemar_exact(1, 0), 1.0);
        assert_eq!(mcnemar_exact(0, 2), 0.5);
        assert_eq!(mcnemar_exact(1, 5), 2.0 * 7.0 / 64.0);
        assert_eq!(mcnemar_exact(5, 1), mcnemar_exact(1, 5));
        assert_eq!(mcnemar_exact(1, 1_000_000), 0.0);
    }
}
