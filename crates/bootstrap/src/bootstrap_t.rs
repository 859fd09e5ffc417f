//! The bootstrap-t interval of a clustered mean.
//!
//! Input: values with their clusters, and a [`Plan`]. Output: an interval whose width and skew follow the resampled t values, so
//! that it does not run short over few clusters as the percentile interval does. Rule B-18: the resamples are those of B-10; each
//! gives t* = (mean* − mean) / error*, with the standard error of B-17 computed within the resample, and the interval is from
//! mean − t*₀.₉₇₅ · error to mean − t*₀.₀₂₅ · error (Efron and Tibshirani 1993, section 12.5; Davison and Hinkley 1997, section 5.2).
//!
//! A resample whose clusters do not differ has no standard error: its t* is 0 if its mean is the mean, else infinite with the sign
//! of the difference. Where an end rests on such a t*, there is no interval.

use rayon::prelude::*;

use crate::clustered_mean::residuals;
use crate::columns::{ClusterTotals, Columns};
use crate::interval::{LOWER_QUANTILE, UPPER_QUANTILE};
use crate::percentile::{self, percentile_by_selection};
use crate::resample::{self, Division};
use crate::ties::is_tied;
use crate::{BootstrapError, Interval, Plan, Task, clustered_mean};

/// The 95 % bootstrap-t interval of each task (rule B-18), in their order; none where there is one cluster, where the clusters do not
/// differ, or where an end rests on resamples that do not.
///
/// # Errors
///
/// Those of [`clustered_interval`](crate::clustered_interval), the first in the order of the tasks.
pub fn bootstrap_t_intervals(
    tasks: &[Task<'_>],
    plan: &Plan,
) -> Result<Vec<Option<Interval>>, BootstrapError> {
    tasks
        .par_iter()
        .map(|task| bootstrap_t_interval(task, plan))
        .collect::<Vec<_>>()
        .into_iter()
        .collect()
}

fn bootstrap_t_interval(task: &Task<'_>, plan: &Plan) -> Result<Option<Interval>, BootstrapError> {
    let observed = clustered_mean(task.values, task.clusters)?;
    let Some(error) = observed.standard_error.filter(|error| *error > 0.0) else {
        return Ok(None);
    };
    let counts = task.clusters.counts();
    let ones = vec![1; counts.len()];
    let sums = task.clusters.sums(task.values)?;
    let residuals = residuals(&sums, counts, observed.mean);
    let count = |cluster: usize| count_as_float(counts[cluster]);
    let column = |of: &dyn Fn(usize, f64) -> f64| ClusterTotals {
        sums: residuals
            .iter()
            .enumerate()
            .map(|(cluster, residual)| of(cluster, *residual))
            .collect(),
        counts: &ones,
    };
    let columns = Columns::new(&[
        column(&|_, residual| residual),
        column(&|cluster, _| count(cluster)),
        column(&|_, residual| residual * residual),
        column(&|cluster, residual| residual * count(cluster)),
        column(&|cluster, _| count(cluster) * count(cluster)),
    ]);
    let rows = resample::row_means(&columns, plan, Division::AllThreads)?;
    let m = count_as_float(counts.len() as u64);
    let mut values: Vec<f64> =
        rows.chunks_exact(columns.n_tasks()).map(|row| t_of_row(row, m)).collect();
    if values.iter().any(|value| value.is_nan()) {
        return Err(BootstrapError::Overflow);
    }
    let rule = percentile::rule_of(plan.generator);
    let lower = observed.mean - error * percentile_by_selection(&mut values, UPPER_QUANTILE, rule);
    let upper = observed.mean - error * percentile_by_selection(&mut values, LOWER_QUANTILE, rule);
    Ok((lower.is_finite() && upper.is_finite()).then_some(Interval { lower, upper }))
}

/// t* of a resample of `m` clusters, from the means over them of residuals r, counts n, r², r·n and n².
fn t_of_row(row: &[f64], m: f64) -> f64 {
    let [residual, count, squares, products, count_squares] = row else { return f64::NAN };
    let difference = residual / count;
    // Σ(r − difference·n)², divided by m.
    let spread = squares - 2.0 * difference * products + difference * difference * count_squares;
    if is_tied(spread, 0.0, squares + difference * difference * count_squares) {
        let none = is_tied(*residual, 0.0, libm::sqrt(*squares));
        return if none { 0.0 } else { difference.signum() * f64::INFINITY };
    }
    difference / (libm::sqrt(spread / (m - 1.0)) / count)
}

#[expect(clippy::cast_precision_loss, reason = "a count is far below 2⁵³")]
fn count_as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clusters;

    fn interval(values: &[f64], keys: &[&str]) -> Option<Interval> {
        let clusters = Clusters::new(keys);
        let task = Task { values, clusters: &clusters };
        bootstrap_t_intervals(&[task], &Plan::published()).unwrap()[0]
    }

    #[test]
    fn clusters_that_do_not_differ_have_no_interval() {
        assert_eq!(interval(&[0.0, 1.0], &["a", "a"]), None);
        assert_eq!(interval(&[0.5, 0.5, 0.5], &["a", "b", "c"]), None);
    }

    /// Of two clusters every other resample draws one twice.
    #[test]
    fn an_end_that_rests_on_resamples_without_spread_is_none() {
        assert_eq!(interval(&[0.0, 1.0], &["a", "b"]), None);
    }

    #[test]
    fn the_interval_is_wider_than_the_percentile_interval_over_few_clusters() {
        let values = [0.0, 0.1, 0.9, 0.4, 0.3, 0.8, 0.2, 0.6, 0.5, 0.7];
        let keys = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let percentile =
            crate::clustered_interval(&values, &Clusters::new(keys), &Plan::published());
        let studentised = interval(&values, &keys).unwrap();
        assert!(studentised.width() > percentile.unwrap().width());
    }
}
