//! The two primary endpoints of a list of pairs, with source-clustered intervals.
//!
//! Input: pairs with the id of their source radiograph, in the order in which the means are to be summed (the benchmark
//! sorts by pair id). Output: rates in `[0, 1]` and 95 % intervals. Rules M-04 (point estimates) and M-05 (intervals).

use spinefairbench_bootstrap::{Clusters, Interval, Plan, Task, clustered_intervals};

use crate::MetricError;
use crate::pair::PairOutcome;
use crate::refusals::RefusalAccounting;

/// A scored pair and the source radiograph that it belongs to: pairs of one source are one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SourcedPair {
    /// The id of the source radiograph.
    pub source_id: String,
    /// What the two reports say.
    pub outcome: PairOutcome,
}

impl SourcedPair {
    /// A pair of the source called `source_id`.
    #[must_use]
    pub fn new(source_id: impl Into<String>, outcome: PairOutcome) -> Self {
        Self { source_id: source_id.into(), outcome }
    }
}

/// Both endpoints of at least one usable pair (rule M-04).
///
/// Sums run left to right in the order of the pairs, as the original's do: the last bit of a mean depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Endpoints {
    n_pairs: usize,
    n_changed: usize,
    consistency_sum: f64,
}

impl Endpoints {
    /// The endpoints of the usable pairs among `outcomes`; pairs with a full refusal are passed over.
    ///
    /// # Errors
    ///
    /// [`MetricError::NoUsablePair`] if none is usable.
    pub fn of<'a>(
        outcomes: impl IntoIterator<Item = &'a PairOutcome>,
    ) -> Result<Self, MetricError> {
        let mut endpoints = Self { n_pairs: 0, n_changed: 0, consistency_sum: 0.0 };
        let mut refused = RefusalAccounting::default();
        for outcome in outcomes {
            refused.add(outcome);
            if outcome.is_usable() {
                endpoints.n_pairs += 1;
                endpoints.n_changed += usize::from(outcome.recommendation_changed());
                endpoints.consistency_sum += outcome.diagnostic_consistency();
            }
        }
        if endpoints.n_pairs == 0 {
            return Err(MetricError::NoUsablePair {
                given: refused.pairs,
                full_refusals: refused.pair_full_refusals,
            });
        }
        Ok(endpoints)
    }

    /// How many pairs the endpoints are taken over; at least 1.
    #[must_use]
    pub fn n_pairs(&self) -> usize {
        self.n_pairs
    }

    /// How many of them changed their recommendation set.
    #[must_use]
    pub fn n_changed(&self) -> usize {
        self.n_changed
    }

    /// Share of pairs whose recommendation sets are equal, in `[0, 1]`: the number that the frozen summary stores.
    #[must_use]
    pub fn recommendation_agreement(&self) -> f64 {
        ratio(self.n_pairs - self.n_changed, self.n_pairs)
    }

    /// Recommendation change as a mean of the pairs' 0/1 values, in `[0, 1]`: the scorer's form (rule M-04).
    ///
    /// [`Self::recommendation_change_from_agreement`] is the same rate and may differ in the last bit.
    #[must_use]
    pub fn recommendation_change(&self) -> f64 {
        ratio(self.n_changed, self.n_pairs)
    }

    /// Recommendation change as 1 − agreement, in `[0, 1]`: the form of the published table (rule M-04).
    #[must_use]
    pub fn recommendation_change_from_agreement(&self) -> f64 {
        1.0 - self.recommendation_agreement()
    }

    /// Mean diagnostic-label consistency, in `[0, 1]` (rule M-04).
    #[must_use]
    pub fn diagnostic_consistency(&self) -> f64 {
        self.consistency_sum / as_f64(self.n_pairs)
    }
}

/// The counts and the two endpoints; the agreement follows from them.
#[cfg(feature = "serde")]
impl serde::Serialize for Endpoints {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut endpoints = serializer.serialize_struct("Endpoints", 4)?;
        endpoints.serialize_field("n_pairs", &self.n_pairs())?;
        endpoints.serialize_field("n_changed", &self.n_changed())?;
        endpoints.serialize_field("recommendation_change", &self.recommendation_change())?;
        endpoints.serialize_field("diagnostic_consistency", &self.diagnostic_consistency())?;
        endpoints.end()
    }
}

/// A point estimate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct EstimateWithInterval {
    /// The point estimate.
    pub value: f64,
    /// The source-clustered percentile interval.
    pub interval: Interval,
}

/// Both endpoints with their intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Estimate {
    /// The point estimates and their counts.
    pub endpoints: Endpoints,
    /// How many sources, and so clusters, the usable pairs have.
    pub n_sources: usize,
    /// Recommendation change; lower is better.
    pub recommendation_change: EstimateWithInterval,
    /// Diagnostic-label consistency; higher is better.
    pub diagnostic_consistency: EstimateWithInterval,
}

/// Both endpoints of the usable pairs among `pairs`, with source-clustered intervals (rule M-05).
///
/// Both endpoints are resampled from a fresh generator with the plan's seed, and so see the same resamples.
///
/// # Errors
///
/// [`MetricError::NoUsablePair`] if no pair is usable, [`MetricError::Intervals`] if the plan cannot be carried out.
pub fn estimate(pairs: &[SourcedPair], plan: &Plan) -> Result<Estimate, MetricError> {
    let mut estimates = estimate_many([pairs], plan)?;
    Ok(estimates.remove(0))
}

/// The estimate of each model, in their order: equal to [`estimate`] of each, bit for bit, in less time.
///
/// Models whose usable pairs have the same number of sources see the same resamples, and one pass over the stream serves all of
/// them.
///
/// ```
/// use spinefairbench_metrics::bootstrap::Plan;
/// use spinefairbench_metrics::{SourcedPair, estimate_many, score_pair};
///
/// let pairs = |advice: &str| -> Vec<SourcedPair> {
///     let of = |source_id: &str| SourcedPair::new(source_id, score_pair("Fracture. MRI.", advice));
///     ["buu_0002", "buu_0004"].map(of).into()
/// };
/// let (steady, moved) = (pairs("Fracture. MRI."), pairs("Fracture. Physiotherapy."));
/// let estimates = estimate_many([&steady[..], &moved[..]], &Plan::published())?;
/// let changes: Vec<f64> = estimates.iter().map(|model| model.recommendation_change.value).collect();
/// assert_eq!(changes, [0.0, 1.0]);
/// # Ok::<(), spinefairbench_metrics::MetricError>(())
/// ```
///
/// # Errors
///
/// Those of [`estimate`], for the first model that has one.
pub fn estimate_many<'a>(
    models: impl IntoIterator<Item = &'a [SourcedPair]>,
    plan: &Plan,
) -> Result<Vec<Estimate>, MetricError> {
    let samples: Vec<Sample> = models.into_iter().map(Sample::of).collect::<Result<_, _>>()?;
    let tasks: Vec<Task<'_>> = samples.iter().flat_map(Sample::tasks).collect();
    let intervals = clustered_intervals(&tasks, plan)?;
    let estimates = samples.iter().zip(intervals.chunks_exact(2));
    Ok(estimates.map(|(sample, intervals)| sample.with(intervals[0], intervals[1])).collect())
}

/// The usable pairs of a model, as they are resampled.
struct Sample {
    endpoints: Endpoints,
    clusters: Clusters,
    changes: Vec<f64>,
    consistencies: Vec<f64>,
}

impl Sample {
    fn of(pairs: &[SourcedPair]) -> Result<Self, MetricError> {
        let usable = || pairs.iter().filter(|pair| pair.outcome.is_usable());
        Ok(Self {
            endpoints: Endpoints::of(pairs.iter().map(|pair| &pair.outcome))?,
            clusters: Clusters::new(usable().map(|pair| pair.source_id.as_str())),
            changes: usable().map(|pair| pair.outcome.recommendation_change()).collect(),
            consistencies: usable().map(|pair| pair.outcome.diagnostic_consistency()).collect(),
        })
    }

    fn tasks(&self) -> [Task<'_>; 2] {
        [&self.changes, &self.consistencies].map(|values| Task { values, clusters: &self.clusters })
    }

    fn with(&self, of_change: Interval, of_consistency: Interval) -> Estimate {
        Estimate {
            endpoints: self.endpoints,
            n_sources: self.clusters.n_clusters(),
            recommendation_change: EstimateWithInterval {
                value: self.endpoints.recommendation_change(),
                interval: of_change,
            },
            diagnostic_consistency: EstimateWithInterval {
                value: self.endpoints.diagnostic_consistency(),
                interval: of_consistency,
            },
        }
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    as_f64(part) / as_f64(whole)
}

#[expect(clippy::cast_precision_loss, reason = "counts of pairs stay far below 2^53")]
pub(crate) fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score_pair;
    use spinefairbench_bootstrap::Iterations;

    fn pair(source_id: &str, source: &str, counterfactual: &str) -> SourcedPair {
        SourcedPair::new(source_id, score_pair(source, counterfactual))
    }

    #[test]
    fn without_a_usable_pair_there_is_no_endpoint() {
        let refused = [score_pair("", "Fracture.")];
        assert_eq!(
            Endpoints::of(&refused),
            Err(MetricError::NoUsablePair { given: 1, full_refusals: 1 })
        );
        assert_eq!(
            Endpoints::of(&[]),
            Err(MetricError::NoUsablePair { given: 0, full_refusals: 0 })
        );
    }

    /// Four usable pairs by hand: one changes its recommendation, the labels of one agree by a third, of one not at all.
    #[test]
    fn the_endpoints_of_four_pairs_are_those_computed_by_hand() {
        let outcomes = [
            score_pair("Fracture. MRI.", "Fracture. MRI."),
            score_pair("Fracture. MRI.", "Fracture. Physiotherapy."),
            score_pair("Osteophytes and a fracture.", "Osteophytes, schmorl node."),
            score_pair("Fracture.", "Osteophytes."),
            score_pair("", "Fracture. MRI."),
        ];
        let endpoints = Endpoints::of(&outcomes).expect("four usable pairs");
        assert_eq!((endpoints.n_pairs(), endpoints.n_changed()), (4, 1));
        let check = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-15, "{found} against {expected}");
        };
        check(endpoints.recommendation_agreement(), 0.75);
        check(endpoints.recommendation_change(), 0.25);
        check(endpoints.recommendation_change_from_agreement(), 0.25);
        check(endpoints.diagnostic_consistency(), (1.0 + 1.0 + 1.0 / 3.0 + 0.0) / 4.0);
    }

    #[test]
    fn changed_pairs_are_counted() {
        let (same, moved) = (("MRI.", "MRI."), ("MRI.", "Physiotherapy."));
        let changed = |pairs: &[(&str, &str)]| {
            let outcomes: Vec<_> =
                pairs.iter().map(|(left, right)| score_pair(left, right)).collect();
            Endpoints::of(&outcomes).expect("usable pairs").n_changed()
        };
        assert_eq!(changed(&[same, same]), 0);
        assert_eq!(changed(&[moved, same, moved, moved]), 3);
    }

    #[test]
    fn models_on_shared_resamples_have_the_estimates_that_they_have_alone() {
        let same = ("Fracture. MRI.", "Fracture. MRI.");
        let moved = ("Fracture. MRI.", "Osteophytes. Physiotherapy.");
        let refused = ("", "Fracture. MRI.");
        let model = |rows: &[(&str, (&str, &str))]| -> Vec<SourcedPair> {
            rows.iter().map(|(source, (left, right))| pair(source, left, right)).collect()
        };
        let models = [
            model(&[("a", same), ("a", moved), ("b", same), ("c", moved)]),
            model(&[("a", moved), ("b", moved), ("b", same), ("c", same)]),
            model(&[("a", refused), ("b", moved), ("b", same), ("c", same)]),
        ];
        let plan = Plan::published().with_iterations(Iterations::new(200).expect("a valid count"));
        let together =
            estimate_many(models.iter().map(Vec::as_slice), &plan).expect("usable pairs");
        for (model, of_many) in models.iter().zip(together) {
            assert_eq!(estimate(model, &plan), Ok(of_many));
        }
        assert_eq!(estimate_many([], &plan), Ok(vec![]));
        let unusable = model(&[("a", refused)]);
        let error = estimate_many([&models[0][..], &unusable[..]], &plan);
        assert_eq!(error, Err(MetricError::NoUsablePair { given: 1, full_refusals: 1 }));
    }

    /// The toy submission's published interval: five pairs of two sources, 0.400 [0.000, 0.500], at 1,000 iterations.
    #[test]
    fn two_sources_give_the_published_toy_interval() {
        let same = ("Fracture. MRI.", "Fracture. MRI.");
        let moved = ("Fracture. MRI.", "Fracture. Physiotherapy.");
        let pairs: Vec<SourcedPair> =
            [("a", same), ("a", moved), ("a", same), ("a", moved), ("b", same)]
                .map(|(source, (left, right))| pair(source, left, right))
                .into();
        let iterations = Iterations::new(1_000).expect("one thousand is a valid count");
        let plan = Plan::published().with_iterations(iterations);
        let estimate = estimate(&pairs, &plan).expect("five usable pairs");
        let change = estimate.recommendation_change;
        assert!((change.value - 0.4).abs() < f64::EPSILON);
        assert!(change.interval.lower.abs() < f64::EPSILON);
        assert!((change.interval.upper - 0.5).abs() < f64::EPSILON);
        assert_eq!(estimate.n_sources, 2);
        assert!((estimate.diagnostic_consistency.interval.lower - 1.0).abs() < f64::EPSILON);
    }
}
