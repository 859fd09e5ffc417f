//! Intervals of many gaps between clustered means that hold together, so that the widest of them may be picked afterwards.
//!
//! Input: parts (subgroups of the values, or models) over shared clusters, and the gaps to look at. Output: each gap with an interval;
//! all of them hold together with 95 %, and so does the one that was picked for being the widest. Rule B-21, the single-step maximum
//! of studentised deviations (Westfall and Young 1993, section 2.5; Romano and Wolf 2005):
//!
//! - A part's mean is the sum of its values over their number; a gap is the mean of its first part minus that of its second. Its
//!   standard error is √(m/(m−1) · Σd²) over the m clusters, with d the difference of the parts' residuals over their numbers
//!   (B-17); where the parts share clusters, d has both.
//! - The resamples are those of B-10, of all clusters together. Each gives the largest |gap* − gap| / error over the gaps; in a
//!   resample without a value of a part the gaps of that part are passed over.
//!   It is taken times √(m/(m−1)), since resampling m clusters has that much less spread than B-17 says.
//! - The critical value is the 95 % percentile of the largest (B-08, B-09), and from there the value of Student's t with m − 1 degrees of freedom
//!   that has the same tail as it has in the normal distribution: an error that is estimated from few clusters is itself uncertain. An
//!   interval is gap ± critical value · error. A gap's p-value is the share (1 + resamples whose largest is at or above z) / (1 + resamples),
//!   with z the normal value that has the tail of |gap| / error in Student's t.
//!
//! A gap without spread, as between parts that are the same in every cluster, has no interval and does not take part.

use std::num::NonZeroU32;

use rayon::prelude::*;

use crate::clustered_mean::{residuals, standard_error};
use crate::columns::{ClusterTotals, Columns};
use crate::percentile::{percentile_by_selection, rule_of};
use crate::resample::{self, Division};
use crate::ties::TIE_TOLERANCE;
use crate::{BootstrapError, Interval, Plan, StudentT, pairwise_sum};

const CONFIDENCE: f64 = 0.95;

/// Values that have one mean.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The values.
    pub values: &'a [f64],
    /// The cluster of each, from 0, in the order of the clusters' keys (rule B-06).
    pub clusters: &'a [usize],
}

/// Gaps whose intervals hold together.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SimultaneousGaps {
    /// How many standard errors each interval reaches; none if no gap has a spread.
    pub critical_value: Option<f64>,
    /// The mean of each part.
    pub means: Vec<f64>,
    /// The gaps, in the order of the call.
    pub gaps: Vec<Gap>,
}

/// The difference of two parts' means.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Gap {
    /// The first part's mean minus the second's.
    pub difference: f64,
    /// Its standard error over the clusters.
    pub standard_error: f64,
    /// Its interval, which holds together with the others; none without spread.
    pub interval: Option<Interval>,
    /// Its p-value, adjusted for all gaps of the call; none without spread.
    pub p_value: Option<f64>,
}

/// The `gaps` between `parts`, each as the numbers of its first and second part, over `n_clusters` clusters (rule B-21).
///
/// ```
/// # use spinefairbench_bootstrap::*;
/// let clusters = [0, 1, 2, 3, 4, 5];
/// let part = |values| Part { values, clusters: &clusters };
/// let parts = [part(&[0.0, 1.0, 0.0, 0.0, 1.0, 0.0]), part(&[1.0, 1.0, 1.0, 0.0, 1.0, 1.0])];
/// let found = simultaneous_gaps(&parts, 6, &[(1, 0)], &Plan::published())?;
/// assert_eq!(found.gaps[0].difference, 0.5);
/// # Ok::<(), BootstrapError>(())
/// ```
///
/// # Errors
///
/// [`BootstrapError::NoValues`] for a part without values, [`BootstrapError::ClusterLengths`] for one without a cluster per value,
/// [`BootstrapError::ClusterNumber`], [`BootstrapError::PartNumber`], [`BootstrapError::NotFinite`], [`BootstrapError::Overflow`],
/// [`BootstrapError::IndexBound`] and [`BootstrapError::OutOfMemory`].
pub fn simultaneous_gaps(
    parts: &[Part<'_>],
    n_clusters: usize,
    gaps: &[(usize, usize)],
    plan: &Plan,
) -> Result<SimultaneousGaps, BootstrapError> {
    let parts: Vec<Totals> =
        parts.iter().map(|part| Totals::of(part, n_clusters)).collect::<Result<_, _>>()?;
    let n_parts = parts.len();
    if let Some(gap) = gaps.iter().find(|(first, second)| *first.max(second) >= n_parts) {
        return Err(BootstrapError::PartNumber { gap: *gap, n_parts });
    }
    let mut found: Vec<Gap> =
        gaps.iter().map(|(first, second)| Gap::between(&parts[*first], &parts[*second])).collect();
    let with_spread: Vec<usize> =
        (0..gaps.len()).filter(|place| found[*place].standard_error > 0.0).collect();
    let means = parts.iter().map(|part| part.mean).collect();
    if with_spread.is_empty() {
        return Ok(SimultaneousGaps { critical_value: None, means, gaps: found });
    }
    let m = number(n_clusters);
    let less_spread = libm::sqrt(m / (m - 1.0));
    let largest = |row: &[f64]| {
        with_spread.iter().fold(0.0_f64, |largest, place| {
            let ((first, second), gap) = (gaps[*place], &found[*place]);
            // A part without a value has no mean, and NaN is passed over.
            largest.max(((row[first] - row[second]) - gap.difference).abs() / gap.standard_error)
        }) * less_spread
    };
    let totals: Vec<ClusterTotals<'_>> = parts.iter().map(Totals::columns).collect();
    let columns = Columns::new(&totals);
    let rows = resample::row_means(&columns, plan, Division::AllThreads)?;
    let mut largest: Vec<f64> = rows.par_chunks_exact(n_parts).map(largest).collect();
    let critical = percentile_by_selection(&mut largest, CONFIDENCE, rule_of(plan.generator));
    let tails = Tails::over(n_clusters);
    let critical = tails.t_for_normal(critical);
    if !critical.is_finite() {
        return Err(BootstrapError::Overflow);
    }
    largest.sort_unstable_by(f64::total_cmp);
    for place in with_spread {
        let gap = &mut found[place];
        let reach = critical * gap.standard_error;
        gap.interval =
            Some(Interval { lower: gap.difference - reach, upper: gap.difference + reach });
        let observed = tails.normal_for_t(gap.difference.abs() / gap.standard_error);
        gap.p_value = Some(share_at_or_above(&largest, observed));
    }
    Ok(SimultaneousGaps { critical_value: Some(critical), means, gaps: found })
}

/// (1 + resamples at or above) / (1 + resamples), of ascending `largest`; equal is equal by B-15.
fn share_at_or_above(largest: &[f64], observed: f64) -> f64 {
    let reached = observed - TIE_TOLERANCE * observed;
    let below = largest.partition_point(|value| *value < reached);
    (1.0 + number(largest.len() - below)) / (1.0 + number(largest.len()))
}

/// The normal distribution and Student's t, by their upper tails.
struct Tails(Option<StudentT>);

impl Tails {
    fn over(n_clusters: usize) -> Self {
        let freedom = u32::try_from(n_clusters - 1).ok().and_then(NonZeroU32::new);
        Self(freedom.map(StudentT::new))
    }

    /// The value of Student's t with the tail that `z` has in the normal distribution.
    fn t_for_normal(&self, z: f64) -> f64 {
        self.0.map_or(z, |t| t.above(normal_tail(z)))
    }

    /// The normal value with the tail that `t` has in Student's t; halved until no float lies between the ends.
    fn normal_for_t(&self, t: f64) -> f64 {
        let Some(student) = self.0 else { return t };
        let tail = student.upper_tail(t);
        // The normal tail is the thinner one, so that its value is the smaller one.
        let (mut low, mut high) = (0.0, t);
        loop {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                return middle;
            }
            if normal_tail(middle) > tail {
                low = middle;
            } else {
                high = middle;
            }
        }
    }
}

fn normal_tail(z: f64) -> f64 {
    libm::erfc(z / std::f64::consts::SQRT_2) / 2.0
}

/// A part's sums and counts by cluster.
struct Totals {
    sums: Vec<f64>,
    counts: Vec<u64>,
    n_values: f64,
    mean: f64,
    /// The largest absolute value.
    size: f64,
    residuals: Vec<f64>,
}

impl Totals {
    fn of(part: &Part<'_>, n_clusters: usize) -> Result<Self, BootstrapError> {
        let Part { values, clusters } = part;
        if values.len() != clusters.len() {
            let (values, keys) = (values.len(), clusters.len());
            return Err(BootstrapError::ClusterLengths { values, keys });
        }
        if values.is_empty() {
            return Err(BootstrapError::NoValues);
        }
        crate::error::check_finite(values)?;
        let (mut sums, mut counts) = (vec![0.0; n_clusters], vec![0; n_clusters]);
        for (index, (value, cluster)) in values.iter().zip(*clusters).enumerate() {
            let (Some(sum), Some(count)) = (sums.get_mut(*cluster), counts.get_mut(*cluster))
            else {
                return Err(BootstrapError::ClusterNumber { index, cluster: *cluster, n_clusters });
            };
            *sum += value;
            *count += 1;
        }
        let n_values = number(values.len());
        let mean = pairwise_sum(values) / n_values;
        let size = values.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
        let residuals = residuals(&sums, &counts, mean);
        if !mean.is_finite() || !residuals.iter().all(|residual| residual.is_finite()) {
            return Err(BootstrapError::Overflow);
        }
        Ok(Self { sums, counts, n_values, mean, size, residuals })
    }

    fn columns(&self) -> ClusterTotals<'_> {
        ClusterTotals { sums: self.sums.clone(), counts: &self.counts }
    }
}

impl Gap {
    /// The gap with its standard error, before any resample.
    fn between(first: &Totals, second: &Totals) -> Self {
        let squares =
            first.residuals.iter().zip(&second.residuals).fold(0.0, |sum, (one, other)| {
                let difference = one / first.n_values - other / second.n_values;
                sum + difference * difference
            });
        let m = first.residuals.len();
        let error = if m < 2 { 0.0 } else { standard_error(squares, 1.0, m) };
        // What is left of equal numbers by rounding is no spread.
        let is_none = error <= TIE_TOLERANCE * first.size.max(second.size);
        Self {
            difference: first.mean - second.mean,
            standard_error: if is_none { 0.0 } else { error },
            interval: None,
            p_value: None,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a number of values is far below 2⁵³")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTERS: [usize; 5] = [0, 1, 2, 3, 4];

    fn part(values: &[f64]) -> Part<'_> {
        Part { values, clusters: &CLUSTERS[..values.len()] }
    }

    #[test]
    fn a_gap_that_is_the_same_in_every_cluster_has_no_interval() {
        let (low, high) = ([0.1, 0.5, 0.2, 0.3, 0.4], [0.2, 0.6, 0.3, 0.4, 0.5]);
        let other = [0.9, 0.1, 0.4, 0.4, 0.2];
        let parts = [part(&low), part(&high), part(&other)];
        let found = simultaneous_gaps(&parts, 5, &[(1, 0), (2, 0)], &Plan::published()).unwrap();
        assert_eq!((found.gaps[0].interval, found.gaps[0].p_value), (None, None));
        let alone = simultaneous_gaps(&parts, 5, &[(2, 0)], &Plan::published()).unwrap();
        assert_eq!(found.gaps[1], alone.gaps[0]);
        let none = simultaneous_gaps(&parts, 5, &[(1, 0)], &Plan::published()).unwrap();
        assert_eq!(none.critical_value, None);
    }

    #[test]
    fn more_gaps_reach_further() {
        let values =
            [[0.0, 1.0, 0.3, 0.2, 0.9], [0.4, 0.1, 0.8, 0.9, 0.2], [0.5, 0.5, 0.1, 0.9, 0.6]];
        let parts: Vec<Part<'_>> = values.iter().map(|values| part(values)).collect();
        let one = simultaneous_gaps(&parts, 5, &[(0, 1)], &Plan::published()).unwrap();
        let all =
            simultaneous_gaps(&parts, 5, &[(0, 1), (0, 2), (1, 2)], &Plan::published()).unwrap();
        assert!(all.critical_value > one.critical_value);
        assert!(all.gaps[0].p_value > one.gaps[0].p_value);
    }

    #[test]
    fn wrong_parts_are_told() {
        let plan = Plan::published();
        let parts = [part(&[0.0, 1.0]), part(&[1.0, 0.0])];
        assert_eq!(
            simultaneous_gaps(&parts, 5, &[(0, 2)], &plan),
            Err(BootstrapError::PartNumber { gap: (0, 2), n_parts: 2 })
        );
        assert_eq!(
            simultaneous_gaps(&parts, 1, &[(0, 1)], &plan),
            Err(BootstrapError::ClusterNumber { index: 1, cluster: 1, n_clusters: 1 })
        );
        assert_eq!(simultaneous_gaps(&[part(&[])], 1, &[], &plan), Err(BootstrapError::NoValues));
    }
}
