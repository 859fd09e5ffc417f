//! One row of a leaderboard.

use std::cmp::Ordering;

use crate::score_file::{Ci95, Endpoint, ScoreFile};

/// A model's endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaderboardRow {
    /// The model.
    pub model: String,
    /// Where the row comes from.
    pub kind: RowKind,
    /// The scope that the endpoints cover.
    pub scope: String,
    /// Usable pairs.
    pub n_pairs: usize,
    /// Pairs with a full refusal, where that is known.
    pub full_refusals: Option<usize>,
    /// Share of pairs whose recommendation sets differ; lower is better.
    pub recommendation_change: BoardEndpoint,
    /// Mean Jaccard index of the label sets; higher is better.
    pub diagnostic_consistency: BoardEndpoint,
    /// When it was scored; of submitted rows alone.
    pub scored_at_utc: Option<String>,
    /// SHA-256 of the submission's content; of submitted rows alone.
    pub submission_sha256: Option<String>,
}

/// Where a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// A score file.
    Submitted,
    /// The published panel of a release.
    Published,
}

impl RowKind {
    /// The name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Published => "published",
        }
    }
}

/// An endpoint with its interval, where one is published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoardEndpoint {
    /// The mean.
    pub value: f64,
    /// The 95 % interval.
    pub ci95: Option<Ci95>,
}

impl From<Endpoint> for BoardEndpoint {
    fn from(endpoint: Endpoint) -> Self {
        Self { value: endpoint.point_estimate, ci95: Some(endpoint.ci95) }
    }
}

impl LeaderboardRow {
    pub(super) fn of_score(score: &ScoreFile) -> Self {
        Self {
            model: score.table2_row.model_name.clone(),
            kind: RowKind::Submitted,
            scope: score.scope.clone(),
            n_pairs: score.coverage.usable_pairs,
            full_refusals: Some(score.data_quality.pair_full_refusals),
            recommendation_change: score.primary_endpoints.recommendation_change_rate.into(),
            diagnostic_consistency: score.primary_endpoints.diagnostic_label_consistency.into(),
            scored_at_utc: Some(score.scored_at_utc.clone()),
            submission_sha256: score
                .provenance
                .as_ref()
                .map(|provenance| provenance.submission_sha256.clone()),
        }
    }

    /// Less change first, then more consistency, then by name and kind.
    pub(super) fn board_order(&self, other: &Self) -> Ordering {
        self.recommendation_change
            .value
            .total_cmp(&other.recommendation_change.value)
            .then_with(|| {
                other.diagnostic_consistency.value.total_cmp(&self.diagnostic_consistency.value)
            })
            .then_with(|| self.model.cmp(&other.model))
            .then_with(|| self.kind.cmp(&other.kind))
    }
}
