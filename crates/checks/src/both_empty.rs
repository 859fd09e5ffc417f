//! `both-empty-diagnostic`: usable pairs in which neither report has a diagnostic label.
//!
//! Input: the retained pairs of each model. Output: their number and rate, by model and pooled. Such pairs score 1.0 by
//! the frozen definition. Rules: `checks.md`, *both-empty-diagnostic*.

use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_metrics::BothEmpty;

use crate::finding::Findings;
use crate::models::ModelSelection;
use crate::published::{Published, nothing_published};
use crate::report::{CheckReport, CheckResult};
use crate::snapshot::Snapshot;

/// The counts of each model and over all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BothEmptyResult {
    /// In the table's order; `None` for a model whose rows are not valid.
    pub models: Vec<(String, Option<BothEmpty>)>,
    /// Over all models; `None` when one of them has no value.
    pub pooled: Option<BothEmpty>,
}

/// Counts the pairs of the selected models.
#[must_use]
pub fn check(
    snapshot: &Snapshot,
    release: &ReleaseDescription,
    models: &ModelSelection,
    mut findings: Findings,
) -> CheckReport {
    let mut result = BothEmptyResult { models: Vec::new(), pooled: Some(BothEmpty::default()) };
    for model in models.of(release) {
        let pairs = snapshot.retained_pairs(model, &mut findings);
        let counts =
            pairs.map(|pairs| BothEmpty::of(pairs.iter().map(|pair| &pair.sourced.outcome)));
        result.pooled = result.pooled.zip(counts).map(|(mut pooled, counts)| {
            pooled += counts;
            pooled
        });
        result.models.push((model.to_owned(), counts));
    }
    let mut notes = Vec::new();
    match (&release.expected.both_empty, models) {
        (Some(expected), ModelSelection::All) => {
            let pooled = |count: fn(&BothEmpty) -> usize| {
                result.pooled.as_ref().map(|pooled| count(pooled) as u64)
            };
            let mut published = Published::new(&mut findings, "both_empty");
            published.equal(
                "pooled_both_empty",
                expected.pooled_both_empty,
                pooled(|counts| counts.both_empty),
            );
            published.equal(
                "pooled_usable_pairs",
                expected.pooled_usable_pairs,
                pooled(|counts| counts.usable_pairs),
            );
        }
        (Some(_), ModelSelection::One(_)) => {
            notes.push("the published counts are over all models: not compared".to_owned());
        }
        (None, _) => notes.push(nothing_published("both_empty")),
    }
    CheckReport {
        findings: findings.finish(),
        notes,
        result: CheckResult::BothEmptyDiagnostic(result),
    }
}
