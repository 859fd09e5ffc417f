//! Source-clustered percentile bootstrap: the 95 % intervals of the benchmark.
//!
//! Input: values with their clusters, and a [`Plan`]. Output: the 2.5 and 97.5 percentiles of the resampled means. Rule
//! B-10 fixes the estimator: each resample draws as many clusters as there are, with replacement, and its mean is the sum
//! of their sums over the sum of their counts. Every task starts its own stream at the plan's seed, so tasks with the same
//! number of clusters see the same rows of indices, and one pass over the stream serves all of them.
//!
//! Neither the number of threads nor the other tasks of a call can move an interval.

use crate::columns::{ClusterTotals, Columns};
use crate::percentile::{percentile_by_selection, rule_of};
use crate::resample::{self, Division};
use crate::ties::is_tied;
use crate::{BootstrapError, Clusters, Generator, Plan};
use rayon::prelude::*;
use std::collections::BTreeMap;

pub(crate) const LOWER_QUANTILE: f64 = 0.025;
pub(crate) const UPPER_QUANTILE: f64 = 0.975;

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Interval {
    /// The 2.5 percentile.
    pub lower: f64,
    /// The 97.5 percentile.
    pub upper: f64,
}

impl Interval {
    /// The distance of the ends.
    #[must_use]
    pub fn width(self) -> f64 {
        self.upper - self.lower
    }

    /// Whether both ends are the same number but for rounding (rule B-15; `scale` is the size of the values): all clusters have
    /// one mean, or there is one cluster. Such an interval says nothing about the uncertainty.
    #[must_use]
    pub fn is_degenerate(self, scale: f64) -> bool {
        is_tied(self.lower, self.upper, scale)
    }

    /// Whether `value` lies between the ends, both included.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        (self.lower..=self.upper).contains(&value)
    }
}

/// Why an interval says nothing about the uncertainty of its mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Degeneracy {
    /// There is one cluster, so that every resample is the same.
    OneCluster,
    /// All values are the same but for rounding.
    EqualValues,
    /// The ends are the same but for rounding, although values differ: the clusters have one mean, or too few resamples were drawn.
    NoWidth,
}

impl Degeneracy {
    /// Why `interval` says nothing, if so: the first reason that holds of the values that it was drawn from.
    #[must_use]
    pub fn of(interval: Interval, values: &[f64], clusters: &Clusters) -> Option<Self> {
        let ends =
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
                (value.min(least), value.max(most))
            });
        let scale = ends.0.abs().max(ends.1.abs());
        if clusters.n_clusters() < 2 {
            Some(Self::OneCluster)
        } else if is_tied(ends.0, ends.1, scale) {
            Some(Self::EqualValues)
        } else if interval.is_degenerate(scale) {
            Some(Self::NoWidth)
        } else {
            None
        }
    }

    /// The reason as a clause.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::OneCluster => "with one cluster every resample is the same",
            Self::EqualValues => "all values are the same",
            Self::NoWidth => "the interval has no width",
        }
    }
}

/// Values to resample by cluster.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The values, in the order of the keys that `clusters` was made of.
    pub values: &'a [f64],
    /// Their clusters.
    pub clusters: &'a Clusters,
}

/// The interval of the mean of `values` (rule B-10).
///
/// ```
/// # use spinefairbench_bootstrap::*;
/// let clusters = Clusters::new(["a", "a", "b", "b", "b", "c", "d"]);
/// let plan = Plan::published().with_iterations(Iterations::new(1031)?);
/// let interval = clustered_interval(&[0.0, 1.0, 0.2, 0.4, 0.8, 0.3, 0.7], &clusters, &plan)?;
/// assert_eq!(interval, Interval { lower: 0.3833333333333333, upper: 0.605 });
/// # Ok::<(), BootstrapError>(())
/// ```
///
/// # Errors
///
/// [`BootstrapError::NoValues`], [`BootstrapError::ClusterLengths`], [`BootstrapError::NotFinite`],
/// [`BootstrapError::Overflow`] if a sum leaves the range of `f64`, [`BootstrapError::IndexBound`] for more clusters than the
/// generator can draw from, [`BootstrapError::OutOfMemory`].
pub fn clustered_interval(
    values: &[f64],
    clusters: &Clusters,
    plan: &Plan,
) -> Result<Interval, BootstrapError> {
    let intervals = clustered_intervals(&[Task { values, clusters }], plan)?;
    Ok(intervals[0])
}

/// The interval of each task (rule B-10), in their order; equal to [`clustered_interval`] of each.
///
/// # Errors
///
/// Those of [`clustered_interval`], the first in the order of the tasks.
pub fn clustered_intervals(
    tasks: &[Task<'_>],
    plan: &Plan,
) -> Result<Vec<Interval>, BootstrapError> {
    let passes = passes_over_the_stream(tasks)?;
    let all_work: usize = passes.iter().map(Pass::work).sum();
    let threads = rayon::current_num_threads();
    let intervals_of = |pass: Pass<'_>| {
        // A pass that is a small part of the work keeps one thread busy while others take other passes.
        let is_small = pass.work() <= all_work / (2 * threads);
        let division =
            if threads == 1 || is_small { Division::OneThread } else { Division::AllThreads };
        pass.intervals(plan, division)
    };
    let mut results: Vec<_> = passes.into_par_iter().flat_map(intervals_of).collect();
    results.sort_unstable_by_key(|(position, _)| *position);
    results.into_iter().map(|(_, interval)| interval).collect()
}

/// The tasks with one number of clusters.
#[derive(Debug, Default)]
struct Pass<'a> {
    /// Where the tasks stand in the call.
    positions: Vec<usize>,
    totals: Vec<ClusterTotals<'a>>,
}

fn passes_over_the_stream<'a>(tasks: &[Task<'a>]) -> Result<Vec<Pass<'a>>, BootstrapError> {
    let mut passes: BTreeMap<usize, Pass<'a>> = BTreeMap::new();
    for (position, task) in tasks.iter().enumerate() {
        let sums = task.clusters.sums(task.values)?;
        if sums.is_empty() {
            return Err(BootstrapError::NoValues);
        }
        let pass = passes.entry(sums.len()).or_default();
        pass.positions.push(position);
        pass.totals.push(ClusterTotals { sums, counts: task.clusters.counts() });
    }
    Ok(passes.into_values().collect())
}

impl Pass<'_> {
    /// Grows with the time that the pass takes.
    fn work(&self) -> usize {
        self.totals.iter().map(|totals| totals.sums.len()).sum()
    }

    fn intervals(
        &self,
        plan: &Plan,
        division: Division,
    ) -> Vec<(usize, Result<Interval, BootstrapError>)> {
        let columns = Columns::new(&self.totals);
        let means = match resample::row_means(&columns, plan, division) {
            Ok(means) => means,
            Err(error) => {
                return self
                    .positions
                    .iter()
                    .map(|position| (*position, Err(error.clone())))
                    .collect();
            }
        };
        let n_tasks = self.positions.len();
        let interval_of = |task: usize| {
            let mut means: Vec<f64> = means.iter().skip(task).step_by(n_tasks).copied().collect();
            (self.positions[task], interval_of_means(&mut means, plan.generator))
        };
        (0..n_tasks).into_par_iter().map(interval_of).collect()
    }
}

fn interval_of_means(means: &mut [f64], generator: Generator) -> Result<Interval, BootstrapError> {
    let rule = rule_of(generator);
    if !means.iter().all(|mean| mean.is_finite()) {
        return Err(BootstrapError::Overflow);
    }
    let lower = percentile_by_selection(means, LOWER_QUANTILE, rule);
    let upper = percentile_by_selection(means, UPPER_QUANTILE, rule);
    if lower.is_finite() && upper.is_finite() {
        Ok(Interval { lower, upper })
    } else {
        Err(BootstrapError::Overflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_without_width_is_degenerate_and_no_other() {
        assert!(Interval { lower: 0.25, upper: 0.25_f64.next_up() }.is_degenerate(1.0));
        assert!(!Interval { lower: 0.25, upper: 0.25 + 1e-9 }.is_degenerate(1.0));
        assert!(Interval { lower: 0.25, upper: 0.25 + 1e-9 }.is_degenerate(1e6));
        assert!(!Interval { lower: -0.5, upper: 0.5 }.is_degenerate(1.0));
        assert!((Interval { lower: -0.5, upper: 0.25 }.width() - 0.75).abs() < f64::EPSILON);
    }

    /// Thirds that were summed in another order are equal, and so are their means.
    #[test]
    fn the_reason_for_an_interval_without_width_is_told() {
        let reason = |values: &[f64], keys: &[&str]| {
            let clusters = Clusters::new(keys);
            let plan = Plan::published();
            let interval = clustered_interval(values, &clusters, &plan).unwrap();
            Degeneracy::of(interval, values, &clusters)
        };
        assert_eq!(reason(&[0.0, 1.0], &["a", "a"]), Some(Degeneracy::OneCluster));
        assert_eq!(reason(&[0.3, 0.1 + 0.2], &["a", "b"]), Some(Degeneracy::EqualValues));
        let (third, two_thirds) = (1.0 / 3.0, 1.0 - 1.0 / 3.0);
        let values = [0.0, third, two_thirds, third, third, third];
        let keys = ["a", "a", "a", "b", "b", "b"];
        assert_eq!(reason(&values, &keys), Some(Degeneracy::NoWidth));
        assert_eq!(reason(&[0.0, 1.0, 1.0], &["a", "b", "c"]), None);
    }

    #[test]
    fn an_interval_holds_its_ends() {
        let interval = Interval { lower: -0.5, upper: 0.5 };
        assert!(interval.contains(-0.5) && interval.contains(0.0) && interval.contains(0.5));
        assert!(
            !interval.contains((-0.5_f64).next_down()) && !interval.contains(0.5_f64.next_up())
        );
    }

    /// One end alone interpolates between numbers whose difference no float holds.
    #[test]
    fn an_end_that_overflows_is_an_error() {
        for mut means in [[f64::MIN, f64::MAX, f64::MAX], [f64::MIN, f64::MIN, f64::MAX]] {
            let outcome = interval_of_means(&mut means, Generator::NumpyPcg64);
            assert!(matches!(outcome, Err(BootstrapError::Overflow)), "{outcome:?}");
        }
        let outcome = interval_of_means(&mut [1.0, f64::INFINITY], Generator::NumpyPcg64);
        assert!(matches!(outcome, Err(BootstrapError::Overflow)), "{outcome:?}");
    }
}
