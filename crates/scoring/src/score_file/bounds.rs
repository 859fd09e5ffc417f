//! How far both endpoints could be from what was measured, had every missing or unusable pair been a usable one (rule S-11).
//!
//! The ends are those that both endpoints have if all of these pairs had changed, or none had; together, and for each reason alone.
//! They are no interval: nothing is assumed of the pairs that are not there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ScoreFile;

/// The reason of a pair that a full refusal excludes.
pub(crate) const FULL_REFUSAL: &str = "full_refusal";
/// The reason of a pair of the scope that the submission does not name.
pub(crate) const NOT_SUBMITTED: &str = "not_submitted";

/// The ends of both endpoints with the pairs that are missing or unusable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingReports {
    /// The ends with the pairs of one reason alone, by reason: `full_refusal`, the state of a report that is not there, or
    /// `not_submitted`.
    pub by_reason: BTreeMap<String, Bounds>,
    /// The ends with all of them.
    pub together: Bounds,
}

/// The ends of both endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// If the labels of none of these pairs, or of all of them, agreed.
    pub diagnostic_label_consistency: Ends,
    /// How many pairs are missing or unusable.
    pub pairs: usize,
    /// If the recommendations of none of these pairs, or of all of them, had changed.
    pub recommendation_change_rate: Ends,
}

/// The least and the greatest value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ends {
    /// The least.
    pub lower: f64,
    /// The greatest.
    pub upper: f64,
}

impl MissingReports {
    /// The ends of `file` (rule S-11); none where every pair of the scope is usable.
    #[must_use]
    pub fn of(file: &ScoreFile) -> Option<Self> {
        let rows = &file.per_pair_results;
        let sum = |of: fn(&super::PairResult) -> Option<f64>| rows.iter().filter_map(of).sum();
        let measured = Measured {
            usable_pairs: file.coverage.usable_pairs,
            changed: sum(|row| row.recommendation_changed),
            consistent: sum(|row| row.diagnostic_label_consistency),
        };
        let by_reason: BTreeMap<String, Bounds> = reasons(file)
            .into_iter()
            .filter(|(_, pairs)| *pairs > 0)
            .map(|(reason, pairs)| (reason, measured.with(pairs)))
            .collect();
        let all = by_reason.values().map(|bounds| bounds.pairs).sum();
        (all > 0).then(|| Self { together: measured.with(all), by_reason })
    }
}

/// How many pairs are missing or unusable for which reason.
fn reasons(file: &ScoreFile) -> Vec<(String, usize)> {
    let unanswered = file.submission.as_ref().and_then(|notes| notes.unanswered_pairs.as_ref());
    let named: Vec<(String, usize)> = unanswered
        .into_iter()
        .flatten()
        .map(|(state, pairs)| (state.to_string(), *pairs))
        .collect();
    let n_named = named.iter().fold(0_usize, |sum, (_, pairs)| sum.saturating_add(*pairs));
    // A scope that may leave out any pair has no others.
    let not_named = file.coverage.missing_pairs.saturating_sub(n_named);
    let refused = file.data_quality.pair_full_refusals;
    let others = [(FULL_REFUSAL.to_owned(), refused), (NOT_SUBMITTED.to_owned(), not_named)];
    others.into_iter().chain(named).collect()
}

/// What the usable pairs add up to.
struct Measured {
    usable_pairs: usize,
    changed: f64,
    consistent: f64,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "counts of pairs stay far below 2^53")]
    fn with(&self, pairs: usize) -> Bounds {
        let all = self.usable_pairs.saturating_add(pairs) as f64;
        let ends = |sum: f64| Ends { lower: sum / all, upper: (sum + pairs as f64) / all };
        Bounds {
            diagnostic_label_consistency: ends(self.consistent),
            pairs,
            recommendation_change_rate: ends(self.changed),
        }
    }
}
