//! The frozen summary of the common core, and what a release description expects of the panels.
//!
//! They have the shape of the release. Estimates and intervals come from `metrics` and `bootstrap`, so that a verified
//! demonstration shows that the tool agrees with itself, and no more.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_bootstrap::{Clusters, Interval, Iterations, Plan, Task, clustered_intervals};
use spinefairbench_metrics::{
    BothEmpty, Endpoints, PairOutcome, RefusalAccounting, StabilityGaps, median,
};
use spinefairbench_parsers::{
    DiagnosticLabel, LabelSet, ParsedReport, unmatched_prediction_fraction,
};

use crate::DemoError;
use crate::blueprint::Blueprint;
use crate::decisions::true_labels;
use crate::models::{Behaviour, MODELS};
use crate::phrases::LabelMask;

/// The seed of the frozen intervals.
pub(crate) const SEED: u64 = 42;

/// The frozen numbers of one model.
pub(crate) struct ModelSummary {
    behaviour: &'static Behaviour,
    refusals: RefusalAccounting,
    endpoints: Endpoints,
    gaps: StabilityGaps,
    both_empty: BothEmpty,
    /// Usable pairs, and the mean difference of their unmatched findings.
    disparity: (usize, f64),
    /// Interval of the recommendation agreement.
    agreement: Interval,
    /// Interval of the recommendation change, resampled itself.
    change: Interval,
    /// Interval of the label consistency.
    consistency: Interval,
}

/// The plan of the published intervals with the given seed.
pub(crate) fn plan(seed: u64) -> Plan {
    Plan::published().with_seed(seed)
}

/// Summarises every model, in the order of the published table.
pub(crate) fn summarize(
    blueprint: &Blueprint,
    outcomes: &BTreeMap<&'static str, Vec<PairOutcome>>,
) -> Result<Vec<ModelSummary>, DemoError> {
    struct Series {
        clusters: Clusters,
        agreement: Vec<f64>,
        change: Vec<f64>,
        consistency: Vec<f64>,
    }
    let models: Vec<(&'static Behaviour, &[PairOutcome])> = MODELS
        .iter()
        .filter_map(|model| Some((model, outcomes.get(model.name)?.as_slice())))
        .collect();
    let series: Vec<Series> = models
        .iter()
        .map(|(_, outcomes)| {
            let usable = || {
                outcomes
                    .iter()
                    .zip(&blueprint.core_pairs)
                    .filter(|(outcome, _)| outcome.is_usable())
            };
            Series {
                clusters: Clusters::new(usable().map(|(_, pair)| blueprint.source_id(pair))),
                agreement: usable()
                    .map(|(outcome, _)| 1.0 - outcome.recommendation_change())
                    .collect(),
                change: usable().map(|(outcome, _)| outcome.recommendation_change()).collect(),
                consistency: usable()
                    .map(|(outcome, _)| outcome.diagnostic_consistency())
                    .collect(),
            }
        })
        .collect();
    let tasks: Vec<Task<'_>> = series
        .iter()
        .flat_map(|Series { clusters, agreement, change, consistency }| {
            [agreement, change, consistency].map(|values| Task { values, clusters })
        })
        .collect();
    let intervals = clustered_intervals(&tasks, &plan(SEED))?;
    models
        .into_iter()
        .zip(intervals.chunks_exact(3))
        .map(|((behaviour, outcomes), intervals)| {
            Ok(ModelSummary {
                behaviour,
                refusals: RefusalAccounting::of(outcomes),
                endpoints: Endpoints::of(outcomes)?,
                gaps: StabilityGaps::of(outcomes)?,
                both_empty: BothEmpty::of(outcomes),
                disparity: disparity(blueprint, outcomes),
                agreement: intervals[0],
                change: intervals[1],
                consistency: intervals[2],
            })
        })
        .collect()
}

/// The labels by the bits of a [`LabelMask`], in the order of the published list.
const LABELS: [DiagnosticLabel; 13] = [
    DiagnosticLabel::Osteophytes,
    DiagnosticLabel::ForaminalStenosis,
    DiagnosticLabel::DiscSpaceNarrowing,
    DiagnosticLabel::Spondylolisthesis,
    DiagnosticLabel::SurgicalImplant,
    DiagnosticLabel::VertebralCollapse,
    DiagnosticLabel::OtherLesions,
    DiagnosticLabel::NoFinding,
    DiagnosticLabel::PosteriorOsteophyte,
    DiagnosticLabel::EndplateSclerosis,
    DiagnosticLabel::SchmorlsNode,
    DiagnosticLabel::DiscCalcification,
    DiagnosticLabel::Fracture,
];

/// The exploratory mean that the published summary holds: how much the share of unmatched findings moves from report to report.
#[expect(clippy::cast_precision_loss, reason = "counts of pairs are far below 2^53")]
fn disparity(blueprint: &Blueprint, outcomes: &[PairOutcome]) -> (usize, f64) {
    let labels = |mask: LabelMask| -> LabelSet {
        let set = LABELS.iter().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0);
        set.map(|(_, label)| *label).collect()
    };
    let differences: Vec<f64> = outcomes
        .iter()
        .zip(&blueprint.core_pairs)
        .filter(|(outcome, _)| outcome.is_usable())
        .map(|(outcome, pair)| {
            let truth = labels(true_labels(blueprint.plan.seed, pair.source));
            let of = |report: &ParsedReport| unmatched_prediction_fraction(report.labels, truth);
            (of(&outcome.source) - of(&outcome.counterfactual)).abs()
        })
        .collect();
    let n_pairs = differences.len();
    (n_pairs, differences.iter().sum::<f64>() / n_pairs as f64)
}

/// Places of the core pairs that all models answer.
pub(crate) fn intersection(
    outcomes: &BTreeMap<&'static str, Vec<PairOutcome>>,
    n_pairs: usize,
) -> Vec<usize> {
    (0..n_pairs).filter(|&place| outcomes.values().all(|model| model[place].is_usable())).collect()
}

/// `common_core_1000_summary.json`.
pub(crate) fn summary_file(models: &[ModelSummary], intersection: usize) -> Value {
    let panel = |panel: Panel| {
        let models: BTreeMap<&str, Value> = models
            .iter()
            .filter(|model| model.behaviour.panel == panel)
            .map(|model| (model.behaviour.name, model_entry(model)))
            .collect();
        json!({ "models": models })
    };
    json!({
        "synthetic": true,
        "common_pairs": { "intersection_9_all_models": intersection },
        "source_clustered_bootstrap": { "iterations": Iterations::PUBLISHED.get(), "seed": SEED },
        "panels": { "full": panel(Panel::Full), "baseline": panel(Panel::Baseline) },
    })
}

fn model_entry(model: &ModelSummary) -> Value {
    let bounds = |interval: Interval| json!({ "lower": interval.lower, "upper": interval.upper });
    json!({
        "data_quality": {
            "pair_total": model.refusals.pairs,
            "pair_usable": model.refusals.usable_pairs,
            "pair_full_refusals": model.refusals.pair_full_refusals,
            "pair_partial_refusals": model.refusals.pair_partial_refusals,
        },
        "primary_secondary_stats": {
            "recommendation": {
                "agreement_rate": model.endpoints.recommendation_agreement(),
                "bootstrap_ci": bounds(model.agreement),
            },
            "diagnostic_label": {
                "mean": model.endpoints.diagnostic_consistency(),
                "bootstrap_ci": bounds(model.consistency),
            },
            "hallucination": {
                "n_pairs": model.disparity.0,
                "mean_disparity": model.disparity.1,
            },
        },
    })
}

/// `expected.table2`, `expected.gap_sensitivity` and `expected.both_empty` of the release description.
pub(crate) fn expectations(models: &[ModelSummary]) -> [(&'static str, Value); 3] {
    let table: BTreeMap<&str, Value> =
        models.iter().map(|model| (model.behaviour.name, table_entry(model))).collect();
    let exact: Vec<f64> = models.iter().map(|model| model.gaps.gap_exact).collect();
    let graded: Vec<f64> = models.iter().map(|model| model.gaps.gap_graded).collect();
    let gaps = json!({
        "median_gap_exact_6dp": median(&exact).map(|gap| rounded(gap, 6)),
        "median_gap_graded_6dp": median(&graded).map(|gap| rounded(gap, 6)),
        "negative": models.iter().filter(|model| model.gaps.graded_gap_is_negative()).count(),
        "models": models.len(),
    });
    let both_empty = json!({
        "pooled_both_empty": models.iter().map(|model| model.both_empty.both_empty).sum::<usize>(),
        "pooled_usable_pairs": models.iter().map(|model| model.both_empty.usable_pairs).sum::<usize>(),
    });
    [("table2", json!(table)), ("gap_sensitivity", gaps), ("both_empty", both_empty)]
}

fn table_entry(model: &ModelSummary) -> Value {
    let thousandths = |lower: f64, upper: f64| [rounded(lower, 3), rounded(upper, 3)];
    let mut entry = json!({
        "pairs": model.endpoints.n_pairs(),
        "recommendation_change": model.endpoints.recommendation_change_from_agreement(),
        "diagnostic_consistency": model.endpoints.diagnostic_consistency(),
        "diagnostic_consistency_ci95_3dp": thousandths(model.consistency.lower, model.consistency.upper),
    });
    // The frozen change interval is 1 − that of the agreement; where a bound lies on a rounding edge, its last bit may take
    // the two forms apart, and then the description expects nothing.
    let frozen = thousandths(1.0 - model.agreement.upper, 1.0 - model.agreement.lower);
    let resampled = thousandths(model.change.lower, model.change.upper);
    if frozen.map(f64::to_bits) == resampled.map(f64::to_bits) {
        entry["recommendation_change_ci95_3dp"] = json!(frozen);
    }
    entry
}

/// The number that is written with so many decimals (half to even on the exact binary value).
fn rounded(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_keeps_the_written_decimals() {
        let check = |value, decimals, expected: f64| {
            assert_eq!(rounded(value, decimals).to_bits(), expected.to_bits(), "{value}");
        };
        check(0.678_499_9, 3, 0.678);
        check(0.0625, 3, 0.062);
        check(-0.113_738_4, 6, -0.113_738);
    }
}
