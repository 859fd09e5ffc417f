//! `parse-sample`: one pair of a model, parsed, to look at.
//!
//! Input: the retained pairs of the model. Output: what both reports of the first usable pair say, first in the order of
//! the panel's `generated` rows. Rules: `checks.md`.

use spinefairbench_metrics::PairOutcome;

use crate::finding::{Code, Finding, Findings};
use crate::report::{CheckReport, CheckResult};
use crate::snapshot::Snapshot;

/// The pair shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ParseSampleResult {
    /// The model asked for.
    pub model: String,
    /// The pair and what its reports say; `None` when the model has no usable pair or its rows are not valid.
    pub pair: Option<(String, PairOutcome)>,
}

/// Picks the first usable pair of `model`.
#[must_use]
pub fn check(snapshot: &Snapshot, model: &str, mut findings: Findings) -> CheckReport {
    let mut result = ParseSampleResult { model: model.to_owned(), pair: None };
    if let Some(pairs) = snapshot.retained_pairs(model, &mut findings) {
        let usable = pairs.iter().filter(|pair| pair.sourced.outcome.is_usable());
        let first = usable.min_by_key(|pair| pair.generated_row);
        result.pair = first.map(|pair| (pair.pair_id.clone(), pair.sourced.outcome));
        if first.is_none() {
            findings
                .push(Finding::new(Code::NoUsablePair, format!("`{model}` has no usable pair")));
        }
    }
    CheckReport {
        findings: findings.finish(),
        notes: Vec::new(),
        result: CheckResult::ParseSample(result),
    }
}
