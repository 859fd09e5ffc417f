//! How values vary within and between their sources.
//!
//! The intraclass correlation is that of one-way analysis of variance with unequal numbers (Donner 1986; the mean squares are
//! those of `statsmodels` `anova_lm`); the error of the mean is that of rule B-17.

use serde::Serialize;
use spinefairbench_bootstrap::{BootstrapError, Clusters, clustered_mean, pairwise_sum};

/// What is known of clustered values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClusterFacts {
    /// (Mean square between − within)/(that between + (n₀ − 1) within); absent where no source has two pairs or nothing varies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intraclass_correlation: Option<f64>,
    /// The mean.
    pub mean: f64,
    /// The number of pairs.
    pub pairs: usize,
    /// The number of sources.
    pub sources: usize,
    /// The cluster-robust standard error of the mean.
    pub standard_error: f64,
    /// The variance of all values, sources aside.
    pub variance: f64,
    /// The mean square between sources: that of their means, times their numbers of pairs.
    pub variance_between: f64,
    /// The mean square within sources; absent where no source has two pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance_within: Option<f64>,
    /// (standard error)² over what it would be if pairs were independent; absent where nothing varies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub design_effect: Option<f64>,
}

impl ClusterFacts {
    /// The facts of `values` (rule S-12); none with fewer than two clusters.
    pub(super) fn of(values: &[f64], clusters: &Clusters) -> Result<Option<Self>, BootstrapError> {
        let n_clusters = clusters.n_clusters();
        if n_clusters < 2 {
            return Ok(None);
        }
        let mean = clustered_mean(values, clusters)?;
        let Some(standard_error) = mean.standard_error else { return Ok(None) };
        let (n, m, mean) = (float(values.len() as u64), float(n_clusters as u64), mean.mean);
        let deviations: Vec<f64> = values.iter().map(|value| (value - mean).powi(2)).collect();
        let total = pairwise_sum(&deviations);
        let sums = clusters.sums(values)?;
        let counts: Vec<f64> = clusters.counts().iter().map(|count| float(*count)).collect();
        let between: Vec<f64> = sums
            .iter()
            .zip(&counts)
            .map(|(sum, count)| count * (sum / count - mean).powi(2))
            .collect();
        let between = pairwise_sum(&between);
        let variance_between = between / (m - 1.0);
        let within_freedom = n - m;
        let variance_within =
            (within_freedom > 0.0).then(|| ((total - between) / within_freedom).max(0.0));
        let squares: f64 = counts.iter().map(|count| count * count).sum();
        let usual_number = (n - squares / n) / (m - 1.0);
        let intraclass_correlation = variance_within.and_then(|within| {
            let all = variance_between + (usual_number - 1.0) * within;
            (all > NOTHING).then(|| (variance_between - within) / all)
        });
        let variance = total / (n - 1.0);
        let design_effect = (variance > NOTHING).then(|| standard_error.powi(2) / (variance / n));
        Ok(Some(Self {
            intraclass_correlation,
            mean,
            pairs: values.len(),
            sources: n_clusters,
            standard_error,
            variance,
            variance_between,
            variance_within,
            design_effect,
        }))
    }

    /// The standard deviation that, over the root of a number of sources, is the error of the mean.
    pub(super) fn deviation_of_a_source(&self) -> f64 {
        self.standard_error * float(self.sources as u64).sqrt()
    }
}

/// Variances of shares below this are rounding.
const NOTHING: f64 = 1e-20;

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}
