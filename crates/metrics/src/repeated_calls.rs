//! How far two reports on the *same* radiograph differ: the floor under which a difference says nothing about an edit.
//!
//! Input: the calls of one model, in the order of the pair ids, and the sources that it was asked about. The source radiograph of
//! a pair was called anew for every pair, so that a source with four edits has four reports on one image. Output: source-weighted
//! means, beside the endpoints and never in their place. Rule M-08; it follows the definitions of the benchmark authors' audit
//! of repeated calls, whose own program is not public.
//!
//! *Instability* of two reports is 1 or 0 for the recommendations (whether the sets differ) and 1 less the Jaccard index for the
//! diagnostic labels. A report is usable if it exists and is no full refusal.

use std::collections::BTreeMap;

use spinefairbench_bootstrap::{
    Clusters, Interval, Plan, Task, clustered_intervals, is_tied, pairwise_sum,
};
use spinefairbench_parsers::{ParsedReport, ResponseClass};

use crate::MetricError;
use crate::endpoints::as_f64;
use crate::pair::PairOutcome;

/// The two calls of a pair; what failed is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// The id of the source radiograph.
    pub source_id: String,
    /// The report on the source radiograph.
    pub source: Option<ParsedReport>,
    /// The report on its edited copy.
    pub counterfactual: Option<ParsedReport>,
}

/// The endpoints between the source and its edits, between calls on the source alone, and what the first exceeds the second by.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct NoiseFloor {
    /// Sources that the means are taken over.
    pub n_sources: usize,
    /// Sources left out since no pair of theirs has two usable reports.
    pub dropped_no_usable_edited_comparison: usize,
    /// Other sources left out since they have fewer than two usable reports on the source radiograph.
    pub dropped_fewer_than_two_usable_source_reports: usize,
    /// By the recommendations.
    pub recommendation: Excess,
    /// By the diagnostic labels.
    pub diagnostic: Excess,
}

/// Instability by edit and by call, each a mean over sources of means within the source.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Excess {
    /// Between source and counterfactual: T.
    pub edited: f64,
    /// Between two calls on the source: F, the floor.
    pub floor: f64,
    /// The mean of the sources' differences: T − F.
    pub excess: f64,
    /// (T − F)/(1 − F), after averaging; none where F is 1.
    pub normalized_excess: Option<f64>,
    /// The 95 % interval of the excess, every source its own cluster.
    pub interval: Interval,
}

/// The noise floor of one model over `sources` (rule M-08). Calls of other sources are passed over; a source without calls counts
/// among those that are left out.
///
/// # Errors
///
/// [`MetricError::NoUsablePair`] if no source has both a usable pair and two usable reports on the source radiograph,
/// [`MetricError::Intervals`] if the plan cannot be carried out.
pub fn noise_floor<'a>(
    calls: impl IntoIterator<Item = &'a Calls>,
    sources: impl IntoIterator<Item = &'a str>,
    plan: &Plan,
) -> Result<NoiseFloor, MetricError> {
    let mut by_source: BTreeMap<&str, SourceReports> =
        sources.into_iter().map(|source| (source, SourceReports::default())).collect();
    let mut given = 0;
    for calls in calls {
        if let Some(reports) = by_source.get_mut(calls.source_id.as_str()) {
            reports.add(calls);
            given += 1;
        }
    }
    let (mut no_edit, mut one_call) = (0, 0);
    let mut eligible: Vec<(&str, SourceReports)> = Vec::new();
    for (source, reports) in by_source {
        if reports.edited.is_empty() {
            no_edit += 1;
        } else if reports.calls.len() < 2 {
            one_call += 1;
        } else {
            eligible.push((source, reports));
        }
    }
    if eligible.is_empty() {
        return Err(MetricError::NoUsablePair { given, full_refusals: 0 });
    }
    let clusters = Clusters::new(eligible.iter().map(|(source, _)| source));
    let samples = [Instability::RECOMMENDATION, Instability::DIAGNOSTIC]
        .map(|instability| Sample::of(&eligible, instability));
    let tasks =
        samples.each_ref().map(|sample| Task { values: &sample.excess, clusters: &clusters });
    let intervals = clustered_intervals(&tasks, plan)?;
    Ok(NoiseFloor {
        n_sources: eligible.len(),
        dropped_no_usable_edited_comparison: no_edit,
        dropped_fewer_than_two_usable_source_reports: one_call,
        recommendation: samples[0].with(intervals[0]),
        diagnostic: samples[1].with(intervals[1]),
    })
}

/// The usable reports of one source.
#[derive(Debug, Default)]
struct SourceReports {
    /// Pairs whose reports are both usable.
    edited: Vec<PairOutcome>,
    /// Reports on the source radiograph, usable edit or not.
    calls: Vec<ParsedReport>,
}

impl SourceReports {
    fn add(&mut self, calls: &Calls) {
        let usable = |report: Option<ParsedReport>| {
            report.filter(|report| report.response_class != ResponseClass::FullRefusal)
        };
        let (source, counterfactual) = (usable(calls.source), usable(calls.counterfactual));
        self.calls.extend(source);
        if let (Some(source), Some(counterfactual)) = (source, counterfactual) {
            self.edited.push(PairOutcome { source, counterfactual });
        }
    }

    /// Every two reports on the source radiograph.
    fn repeats(&self) -> impl Iterator<Item = PairOutcome> {
        self.calls.iter().enumerate().flat_map(|(place, source)| {
            let later = &self.calls[place + 1..];
            later.iter().map(|other| PairOutcome { source: *source, counterfactual: *other })
        })
    }
}

/// How two reports are held against each other.
#[derive(Clone, Copy)]
struct Instability(fn(&PairOutcome) -> f64);

impl Instability {
    const RECOMMENDATION: Self = Self(PairOutcome::recommendation_change);
    const DIAGNOSTIC: Self = Self(|pair| 1.0 - pair.diagnostic_consistency());
}

/// Per source: the mean over its edits, the mean over its repeats, and their difference.
struct Sample {
    edited: Vec<f64>,
    floor: Vec<f64>,
    excess: Vec<f64>,
}

impl Sample {
    fn of(sources: &[(&str, SourceReports)], Instability(of): Instability) -> Self {
        let within = |pairs: &mut dyn Iterator<Item = PairOutcome>| {
            mean(&pairs.map(|pair| of(&pair)).collect::<Vec<f64>>())
        };
        let edited: Vec<f64> = sources
            .iter()
            .map(|(_, reports)| within(&mut reports.edited.iter().copied()))
            .collect();
        let floor: Vec<f64> =
            sources.iter().map(|(_, reports)| within(&mut reports.repeats())).collect();
        let excess = edited.iter().zip(&floor).map(|(edited, floor)| edited - floor).collect();
        Self { edited, floor, excess }
    }

    fn with(&self, interval: Interval) -> Excess {
        let (floor, excess) = (mean(&self.floor), mean(&self.excess));
        Excess {
            edited: mean(&self.edited),
            floor,
            excess,
            normalized_excess: (!is_tied(floor, 1.0, 1.0)).then(|| excess / (1.0 - floor)),
            interval,
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    pairwise_sum(values) / as_f64(values.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use spinefairbench_bootstrap::Iterations;
    use spinefairbench_parsers::parse_report;

    fn calls(source_id: &str, source: &str, counterfactual: &str) -> Calls {
        let report = |text: &str| (!text.is_empty()).then(|| parse_report(text));
        let (source, counterfactual) = (report(source), report(counterfactual));
        Calls { source_id: source_id.into(), source, counterfactual }
    }

    /// Calls that differ among themselves every time leave nothing to normalise by.
    #[test]
    fn a_floor_of_one_has_no_normalised_excess() {
        let rows = [
            calls("a", "Fracture. MRI.", "Fracture. MRI."),
            calls("a", "Osteophytes. Physiotherapy.", "Osteophytes. MRI."),
        ];
        let found = noise_floor(&rows, ["a"], &Plan::published()).expect("an eligible source");
        assert_eq!((found.recommendation.edited, found.recommendation.floor), (0.5, 1.0));
        assert_eq!(found.recommendation.normalized_excess, None);
        assert_eq!((found.diagnostic.edited, found.diagnostic.floor), (0.0, 1.0));
    }

    #[test]
    fn a_source_is_left_out_for_its_first_reason() {
        let rows = [
            calls("pair", "Fracture. MRI.", "Fracture. MRI."),
            calls("pair", "Fracture. MRI.", ""),
            calls("refused", "I'm unable to help.", "Fracture. MRI."),
            calls("single", "Fracture. MRI.", "Fracture. MRI."),
            calls("single", "I'm unable to help.", "Fracture. MRI."),
            calls("elsewhere", "Fracture. MRI.", "Fracture. MRI."),
        ];
        let plan = Plan::published().with_iterations(Iterations::new(10).expect("a valid count"));
        let sources = ["pair", "refused", "single", "silent"];
        let found = noise_floor(&rows, sources, &plan).expect("an eligible source");
        assert_eq!(
            (
                found.n_sources,
                found.dropped_no_usable_edited_comparison,
                found.dropped_fewer_than_two_usable_source_reports
            ),
            (1, 2, 1)
        );
        let error = noise_floor(&rows, ["single", "silent"], &plan);
        assert_eq!(error, Err(MetricError::NoUsablePair { given: 2, full_refusals: 0 }));
    }
}
