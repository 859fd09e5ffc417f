//! The two primary endpoints, and what one usable pair adds to them.

use spinefairbench_metrics::PairOutcome;

/// One of the two primary endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrimaryEndpoint {
    /// Share of pairs whose recommendation sets differ; lower is better.
    RecommendationChange,
    /// Mean Jaccard index of the label sets; higher is better.
    DiagnosticConsistency,
}

impl PrimaryEndpoint {
    /// Both, in the order in which they are reported.
    pub const ALL: [Self; 2] = [Self::RecommendationChange, Self::DiagnosticConsistency];

    /// The name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecommendationChange => "recommendation_change_rate",
            Self::DiagnosticConsistency => "diagnostic_label_consistency",
        }
    }

    /// The endpoint in words.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::RecommendationChange => "recommendation change",
            Self::DiagnosticConsistency => "diagnostic consistency",
        }
    }
}

/// The values of one usable pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairScore {
    /// 1.0 if the recommendation sets differ, else 0.0.
    pub recommendation_change: f64,
    /// Jaccard index of the label sets.
    pub diagnostic_consistency: f64,
}

impl PairScore {
    /// The values of a pair; none if a full refusal excludes it.
    #[must_use]
    pub(crate) fn of_usable(outcome: &PairOutcome) -> Option<Self> {
        outcome.is_usable().then(|| Self {
            recommendation_change: outcome.recommendation_change(),
            diagnostic_consistency: outcome.diagnostic_consistency(),
        })
    }

    /// The value of an endpoint.
    #[must_use]
    pub const fn of(self, endpoint: PrimaryEndpoint) -> f64 {
        match endpoint {
            PrimaryEndpoint::RecommendationChange => self.recommendation_change,
            PrimaryEndpoint::DiagnosticConsistency => self.diagnostic_consistency,
        }
    }
}
