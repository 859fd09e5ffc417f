//! `gap-sensitivity`: how much steadier the diagnosis is than the recommendation, at two granularities.
//!
//! Input: the retained pairs of each model. Output: per model the gaps of [`StabilityGaps`], and their medians.
//! Rules: `checks.md`, *gap-sensitivity*.

use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_metrics::{StabilityGaps, median};

use crate::finding::{Code, Finding, Findings};
use crate::models::ModelSelection;
use crate::published::{Published, nothing_published};
use crate::report::{CheckReport, CheckResult};
use crate::snapshot::Snapshot;

/// The gaps of each model and over all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GapSensitivityResult {
    /// In the table's order; `None` for a model whose rows are not valid.
    pub models: Vec<(String, Option<StabilityGaps>)>,
    /// Median over the models; `None` when one of them has no value.
    pub median_gap_exact: Option<f64>,
    /// Likewise.
    pub median_gap_graded: Option<f64>,
    /// How many models have a negative graded gap.
    pub gap_graded_negative_models: usize,
    /// How many models there are.
    pub model_count: usize,
}

/// Computes the gaps of the selected models.
#[must_use]
pub fn check(
    snapshot: &Snapshot,
    release: &ReleaseDescription,
    models: &ModelSelection,
    mut findings: Findings,
) -> CheckReport {
    let mut result = GapSensitivityResult::default();
    for model in models.of(release) {
        let pairs = snapshot.retained_pairs(model, &mut findings);
        let gaps = pairs.and_then(|pairs| {
            let outcomes = pairs.iter().map(|pair| &pair.sourced.outcome);
            StabilityGaps::of(outcomes)
                .map_err(|error| {
                    findings.push(Finding::new(Code::NoUsablePair, format!("`{model}`: {error}")));
                })
                .ok()
        });
        result.models.push((model.to_owned(), gaps));
    }
    let all: Option<Vec<StabilityGaps>> = result.models.iter().map(|(_, gaps)| *gaps).collect();
    let median_of = |gap: fn(&StabilityGaps) -> f64| {
        let values: Vec<f64> = all.as_ref()?.iter().map(gap).collect();
        median(&values)
    };
    result.median_gap_exact = median_of(|gaps| gaps.gap_exact);
    result.median_gap_graded = median_of(|gaps| gaps.gap_graded);
    let gaps = result.models.iter().filter_map(|(_, gaps)| *gaps);
    result.gap_graded_negative_models = gaps.filter(StabilityGaps::graded_gap_is_negative).count();
    result.model_count = result.models.len();

    let mut notes = Vec::new();
    match (&release.expected.gap_sensitivity, models) {
        (Some(expected), ModelSelection::All) => {
            let computed = all.is_some().then_some(result.gap_graded_negative_models);
            let mut published = Published::new(&mut findings, "gap_sensitivity");
            published.rounded(
                "median_gap_exact",
                6,
                expected.median_gap_exact_6dp,
                result.median_gap_exact,
            );
            published.rounded(
                "median_gap_graded",
                6,
                expected.median_gap_graded_6dp,
                result.median_gap_graded,
            );
            published.equal(
                "gap_graded_negative_models",
                expected.negative,
                computed.map(|count| count as u64),
            );
            published.equal("model_count", expected.models, Some(result.model_count as u64));
        }
        (Some(_), ModelSelection::One(_)) => {
            notes.push("the published medians are over all models: not compared".to_owned());
        }
        (None, _) => notes.push(nothing_published("gap_sensitivity")),
    }
    CheckReport { findings: findings.finish(), notes, result: CheckResult::GapSensitivity(result) }
}
