//! How far two reports on the *same* radiograph differ: the floor under which a difference says nothing about an edit.
//!
//! Input: the calls of one model, in the order of the pair ids and repeats, and the sources that it was asked about. Output:
//! source-weighted means and, beside them, means over pairs as the primary table takes them; they stand beside the endpoints and
//! never in their place. Rules M-08 and M-09; the definitions are those of the benchmark authors' audit of repeated calls, whose
//! own program is not public.
//!
//! *Instability* of two reports is 1 or 0 for the recommendations (whether the sets differ) and 1 less the Jaccard index for the
//! diagnostic labels. A report is usable if it exists and is no full refusal.

use std::collections::BTreeMap;

use spinefairbench_bootstrap::{Interval, Plan, is_tied};
use spinefairbench_parsers::{ParsedReport, ResponseClass};

use crate::MetricError;
use crate::endpoints::as_f64;
use crate::pair::PairOutcome;
use resampled::{Means, intervals};
use source::Source;

mod resampled;
mod source;

/// The two calls of a pair; what failed is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// The id of the source radiograph.
    pub source_id: String,
    /// Which time the pair was shown, from 0.
    pub repeat: u32,
    /// The report on the source radiograph.
    pub source: Option<ParsedReport>,
    /// The report on its edited copy. None where the pair stands here for its source report alone.
    pub counterfactual: Option<ParsedReport>,
}

/// How often the source radiograph was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum SourceCalls {
    /// Anew for every pair, so that a source with four edits has four reports on one image at every repeat.
    OnePerPair,
    /// Once a repeat; the pairs of a source share that report.
    OnePerRepeat,
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
    /// Pairs with two usable reports, repeats of a pair counted each, of the sources that the means are taken over.
    pub n_edited_comparisons: usize,
    /// Usable calls on the source radiographs of these.
    pub n_source_calls: usize,
    /// Every two of them on one radiograph.
    pub n_repeated_comparisons: usize,
    /// By the recommendations, each source counting once.
    pub recommendation: Excess,
    /// By the diagnostic labels, each source counting once.
    pub diagnostic: Excess,
    /// Both again, each source counting as often as it has pairs with two usable reports.
    pub pair_weighted: PairWeighted,
}

/// Instability by edit and by call, each pair held against the floor of its source: T is then the endpoint of the primary table,
/// over the repeats and the sources that have a floor (rule M-09).
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct PairWeighted {
    /// By the recommendations.
    pub recommendation: Excess,
    /// By the diagnostic labels.
    pub diagnostic: Excess,
}

/// Instability by edit and by call, each a mean over sources.
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
    /// The 95 % interval of the excess.
    pub interval: Interval,
    /// That of T.
    pub edited_interval: Interval,
    /// That of F.
    pub floor_interval: Interval,
    /// That of (T − F)/(1 − F); none where F is 1 in any resample.
    pub normalized_interval: Option<Interval>,
}

/// The noise floor of one model over `sources` (rules M-08 and M-09). Calls of other sources are passed over; a source without calls
/// counts among those that are left out. Where no pair was repeated, a resample draws sources alone.
///
/// # Errors
///
/// [`MetricError::NoEligibleSource`] if no source has both a usable pair and two usable reports on the source radiograph,
/// [`MetricError::Intervals`] if the plan cannot be carried out.
pub fn noise_floor<'a>(
    calls: impl IntoIterator<Item = &'a Calls>,
    sources: impl IntoIterator<Item = &'a str>,
    source_calls: SourceCalls,
    plan: &Plan,
) -> Result<NoiseFloor, MetricError> {
    let mut by_source: BTreeMap<&str, Vec<&Calls>> =
        sources.into_iter().map(|source| (source, Vec::new())).collect();
    for calls in calls {
        if let Some(of_source) = by_source.get_mut(calls.source_id.as_str()) {
            of_source.push(calls);
        }
    }
    let (mut no_usable_edit, mut one_call) = (0, 0);
    let mut eligible = Vec::new();
    for calls in by_source.values() {
        let source = Source::of(calls, source_calls);
        if source.n_edited() == 0 {
            no_usable_edit += 1;
        } else if source.n_calls() < 2 {
            one_call += 1;
        } else {
            eligible.push(source);
        }
    }
    if eligible.is_empty() {
        return Err(MetricError::NoEligibleSource { no_usable_edit, one_call });
    }
    let values: Vec<_> = eligible.iter().map(Source::values).collect();
    let means = Means::of(&values);
    let [by_source, by_pair] = intervals(&eligible, plan)?;
    let excess = |weight: usize, endpoint: usize| {
        let [edited, floor, excess] = means.0[weight][endpoint];
        let drawn = if weight == 0 { &by_source } else { &by_pair };
        let [edited_interval, floor_interval, interval] = drawn.plain[endpoint];
        let normalized_excess = normalized(excess, floor);
        Excess {
            edited,
            floor,
            excess,
            normalized_excess,
            interval,
            edited_interval,
            floor_interval,
            normalized_interval: normalized_excess.and(drawn.normalized[endpoint]),
        }
    };
    let count = |of: fn(&Source) -> usize| eligible.iter().map(of).sum();
    Ok(NoiseFloor {
        n_sources: eligible.len(),
        dropped_no_usable_edited_comparison: no_usable_edit,
        dropped_fewer_than_two_usable_source_reports: one_call,
        n_edited_comparisons: count(Source::n_edited),
        n_source_calls: count(Source::n_calls),
        n_repeated_comparisons: count(Source::n_repeated),
        recommendation: excess(0, 0),
        diagnostic: excess(0, 1),
        pair_weighted: PairWeighted { recommendation: excess(1, 0), diagnostic: excess(1, 1) },
    })
}

/// What the excess is of all that could exceed the floor; none where nothing could.
fn normalized(excess: f64, floor: f64) -> Option<f64> {
    (!is_tied(floor, 1.0, 1.0)).then(|| excess / (1.0 - floor))
}

fn usable(report: Option<ParsedReport>) -> Option<ParsedReport> {
    report.filter(|report| report.response_class != ResponseClass::FullRefusal)
}

/// Both instabilities of two reports: that of the recommendations and that of the diagnostic labels.
fn instabilities(source: ParsedReport, counterfactual: ParsedReport) -> [f64; 2] {
    let pair = PairOutcome { source, counterfactual };
    [pair.recommendation_change(), 1.0 - pair.diagnostic_consistency()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use spinefairbench_bootstrap::Iterations;
    use spinefairbench_parsers::parse_report;

    fn calls(source_id: &str, source: &str, counterfactual: &str) -> Calls {
        let report = |text: &str| (!text.is_empty()).then(|| parse_report(text));
        let (source, counterfactual) = (report(source), report(counterfactual));
        Calls { source_id: source_id.into(), repeat: 0, source, counterfactual }
    }

    fn few() -> Plan {
        Plan::published().with_iterations(Iterations::new(10).expect("a valid count"))
    }

    /// Calls that differ among themselves every time leave nothing to normalise by.
    #[test]
    fn a_floor_of_one_has_no_normalised_excess() {
        let rows = [
            calls("a", "Fracture. MRI.", "Fracture. MRI."),
            calls("a", "Osteophytes. Physiotherapy.", "Osteophytes. MRI."),
        ];
        let found = noise_floor(&rows, ["a"], SourceCalls::OnePerPair, &Plan::published());
        let found = found.expect("an eligible source");
        for excess in [found.recommendation, found.pair_weighted.recommendation] {
            assert_eq!((excess.edited, excess.floor), (0.5, 1.0));
            assert_eq!((excess.normalized_excess, excess.normalized_interval), (None, None));
        }
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
        let sources = ["pair", "refused", "single", "silent"];
        let found = noise_floor(&rows, sources, SourceCalls::OnePerPair, &few());
        let found = found.expect("an eligible source");
        assert_eq!(
            (
                found.n_sources,
                found.dropped_no_usable_edited_comparison,
                found.dropped_fewer_than_two_usable_source_reports
            ),
            (1, 2, 1)
        );
        let error = noise_floor(&rows, ["single", "silent"], SourceCalls::OnePerPair, &few());
        assert_eq!(error, Err(MetricError::NoEligibleSource { no_usable_edit: 1, one_call: 1 }));
    }

    /// A report that was copied to every pair is one call, however often it stands there.
    #[test]
    fn a_copied_report_is_no_repeat_of_itself() {
        let again = |repeat, calls: Calls| Calls { repeat, ..calls };
        let rows = [
            calls("a", "Fracture. MRI.", "Fracture. MRI."),
            calls("a", "Fracture. MRI.", "Fracture. Physiotherapy."),
            again(3, calls("a", "Fracture. Physiotherapy.", "Fracture. Physiotherapy.")),
            again(3, calls("a", "Fracture. Physiotherapy.", "Fracture. MRI.")),
        ];
        let of = |source_calls, rows: &[Calls]| noise_floor(rows, ["a"], source_calls, &few());
        let copied = of(SourceCalls::OnePerRepeat, &rows).expect("an eligible source");
        assert_eq!((copied.n_source_calls, copied.n_repeated_comparisons), (2, 1));
        assert_eq!((copied.recommendation.edited, copied.recommendation.floor), (0.5, 1.0));
        let anew = of(SourceCalls::OnePerPair, &rows).expect("an eligible source");
        assert_eq!((anew.n_source_calls, anew.n_repeated_comparisons), (4, 6));
        assert!((anew.recommendation.floor - 4.0 / 6.0).abs() < 1e-12);
        let once = of(SourceCalls::OnePerRepeat, &rows[..2]);
        assert_eq!(once, Err(MetricError::NoEligibleSource { no_usable_edit: 0, one_call: 1 }));
    }
}
