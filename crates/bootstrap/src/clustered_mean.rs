//! A mean over clusters with its linearised standard error, and the t interval and t tests that follow.
//!
//! Input: values with their clusters. Output: the mean Σs/Σn over the clusters' sums s and counts n, and the standard error of
//! such a ratio with clusters as the units (rule B-17): √(m/(m−1) · Σ(s − mean·n)²) / Σn over m clusters. This is the cluster-robust
//! variance of an intercept (Liang and Zeger 1986; `statsmodels` `cov_type="cluster"`), referred to Student's t with m − 1 degrees of
//! freedom.

use std::num::NonZeroU32;

use crate::{BootstrapError, Clusters, Interval, StudentT, pairwise_sum};

/// The mean of clustered values with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ClusteredMean {
    /// The mean of all values.
    pub mean: f64,
    /// Its standard error over the clusters; none for one cluster.
    pub standard_error: Option<f64>,
    /// How many clusters.
    pub n_clusters: usize,
}

/// Which departures from a null value count against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alternative {
    /// The mean is greater than the null value.
    Greater,
    /// The mean is less than the null value.
    Less,
    /// The mean is another than the null value.
    TwoSided,
}

/// The mean of `values` with its standard error over their clusters (rule B-17).
///
/// ```
/// # use spinefairbench_bootstrap::*;
/// let mean = clustered_mean(&[0.0, 1.0, 1.0, 1.0], &Clusters::new(["a", "a", "b", "c"]))?;
/// assert_eq!((mean.mean, mean.n_clusters), (0.75, 3));
/// # Ok::<(), BootstrapError>(())
/// ```
///
/// # Errors
///
/// [`BootstrapError::NoValues`], [`BootstrapError::ClusterLengths`], [`BootstrapError::NotFinite`], and
/// [`BootstrapError::Overflow`] if a sum leaves the range of `f64`.
pub fn clustered_mean(
    values: &[f64],
    clusters: &Clusters,
) -> Result<ClusteredMean, BootstrapError> {
    let sums = clusters.sums(values)?;
    if sums.is_empty() {
        return Err(BootstrapError::NoValues);
    }
    let n_values = number(values.len());
    let mean = pairwise_sum(values) / n_values;
    let residuals = residuals(&sums, clusters.counts(), mean);
    let squares = residuals.iter().fold(0.0, |sum, residual| sum + residual * residual);
    let standard_error = (sums.len() > 1).then(|| standard_error(squares, n_values, sums.len()));
    if !mean.is_finite() || standard_error.is_some_and(|error| !error.is_finite()) {
        return Err(BootstrapError::Overflow);
    }
    Ok(ClusteredMean { mean, standard_error, n_clusters: sums.len() })
}

/// What each cluster's sum has beyond its count times the mean.
pub(crate) fn residuals(sums: &[f64], counts: &[u64], mean: f64) -> Vec<f64> {
    let residual = |(sum, count): (&f64, &u64)| sum - mean * count_as_float(*count);
    sums.iter().zip(counts).map(residual).collect()
}

/// The standard error of a ratio whose residuals have this sum of squares.
pub(crate) fn standard_error(squares: f64, n_values: f64, n_clusters: usize) -> f64 {
    let m = number(n_clusters);
    libm::sqrt(m / (m - 1.0) * squares) / n_values
}

impl ClusteredMean {
    /// The interval mean ± t · standard error, at a confidence such as 0.95 (rule B-17); none for one cluster.
    #[must_use]
    pub fn t_interval(self, confidence: f64) -> Option<Interval> {
        let (standard_error, t) = self.standard_error.zip(self.student_t())?;
        let reach = t.quantile(0.5 + confidence / 2.0) * standard_error;
        Some(Interval { lower: self.mean - reach, upper: self.mean + reach })
    }

    /// The p-value of the t test that the mean is `null`, or on the side of it that `alternative` does not name; none for one
    /// cluster (rule B-17).
    ///
    /// Where no cluster departs from the mean the test has nothing to measure by: 0 if the mean lies beyond `null`, else 1.
    #[must_use]
    pub fn t_test(self, null: f64, alternative: Alternative) -> Option<f64> {
        let (standard_error, t) = self.standard_error.zip(self.student_t())?;
        let beyond = match alternative {
            Alternative::Greater => self.mean - null,
            Alternative::Less => null - self.mean,
            Alternative::TwoSided => (self.mean - null).abs(),
        };
        if standard_error == 0.0 {
            return Some(if beyond > 0.0 { 0.0 } else { 1.0 });
        }
        let tail = t.upper_tail(beyond / standard_error);
        Some(if alternative == Alternative::TwoSided { 2.0 * tail } else { tail })
    }

    fn student_t(self) -> Option<StudentT> {
        let freedom = u32::try_from(self.n_clusters).ok()?.checked_sub(1)?;
        NonZeroU32::new(freedom).map(StudentT::new)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number of values is far below 2⁵³")]
fn number(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "a count is far below 2⁵³")]
fn count_as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cluster_has_a_mean_and_no_more() {
        let mean = clustered_mean(&[0.0, 1.0], &Clusters::new(["a", "a"])).unwrap();
        assert_eq!((mean.mean, mean.standard_error), (0.5, None));
        assert_eq!(mean.t_interval(0.95), None);
        assert_eq!(mean.t_test(0.0, Alternative::TwoSided), None);
        let none: [&str; 0] = [];
        assert_eq!(clustered_mean(&[], &Clusters::new(none)), Err(BootstrapError::NoValues));
    }

    #[test]
    fn clusters_of_one_value_give_the_ordinary_t_interval() {
        // Standard error 0.5 of four values 0, 0, 2, 2 about their mean 1: √(4/3 · 4) / 4.
        let mean = clustered_mean(&[0.0, 0.0, 2.0, 2.0], &Clusters::new(["a", "b", "c", "d"]));
        let error = mean.unwrap().standard_error.unwrap();
        assert!((error - (4.0_f64 / 3.0).sqrt() / 2.0).abs() < 1e-15);
    }

    #[test]
    fn equal_values_leave_no_doubt_either_way() {
        let mean = clustered_mean(&[0.25, 0.25], &Clusters::new(["a", "b"])).unwrap();
        assert_eq!(mean.t_test(0.0, Alternative::Greater), Some(0.0));
        assert_eq!(mean.t_test(0.0, Alternative::Less), Some(1.0));
        assert_eq!(mean.t_test(0.25, Alternative::TwoSided), Some(1.0));
        assert_eq!(mean.t_interval(0.95), Some(Interval { lower: 0.25, upper: 0.25 }));
    }
}
