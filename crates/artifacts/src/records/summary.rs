//! The frozen summary of the common core.

use serde::Deserialize;

use crate::json::UniqueMap;

/// What the frozen summary says ([`crate::layout::CORE_SUMMARY`]).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "wire::CoreSummary")]
pub struct CoreSummary {
    /// Models of the full pipeline panel.
    pub full: UniqueMap<FrozenModel>,
    /// Models of the baseline panel.
    pub baseline: UniqueMap<FrozenModel>,
    /// Iterations of the bootstrap; absent in some releases.
    pub iterations: Option<u64>,
    /// Seed of the bootstrap; absent in some releases.
    pub seed: Option<u64>,
    /// Name of the generator of the bootstrap; absent in the release.
    pub rng: Option<String>,
    /// Pairs that all models answered, by whichever of its two names the file has.
    pub all_model_intersection: Option<u64>,
}

/// Frozen numbers of one model.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(from = "wire::Model")]
pub struct FrozenModel {
    /// Usable pairs.
    pub usable_pairs: u64,
    /// Pairs with a full refusal.
    pub full_refusals: u64,
    /// Pairs with a partial refusal.
    pub partial_refusals: u64,
    /// Share of pairs with equal recommendations: one less the recommendation change.
    pub agreement_rate: f64,
    /// Interval of that share.
    pub agreement_interval: FrozenInterval,
    /// Mean diagnostic consistency.
    pub diagnostic_mean: f64,
    /// Interval of that mean.
    pub diagnostic_interval: FrozenInterval,
}

/// A frozen interval.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct FrozenInterval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

mod wire {
    use serde::Deserialize;

    use super::FrozenInterval;
    use crate::json::UniqueMap;

    #[derive(Deserialize)]
    pub(super) struct CoreSummary {
        panels: Panels,
        #[serde(default)]
        source_clustered_bootstrap: Bootstrap,
        #[serde(default)]
        common_pairs: CommonPairs,
    }

    #[derive(Deserialize)]
    struct Panels {
        full: Panel,
        baseline: Panel,
    }

    #[derive(Deserialize)]
    struct Panel {
        models: UniqueMap<super::FrozenModel>,
    }

    #[derive(Default, Deserialize)]
    struct Bootstrap {
        iterations: Option<u64>,
        seed: Option<u64>,
        rng: Option<String>,
    }

    #[derive(Default, Deserialize)]
    struct CommonPairs {
        intersection_9_all_models: Option<u64>,
        all9: Option<Count>,
    }

    #[derive(Deserialize)]
    struct Count {
        count: u64,
    }

    #[derive(Deserialize)]
    pub(super) struct Model {
        data_quality: DataQuality,
        primary_secondary_stats: Stats,
    }

    #[derive(Deserialize)]
    #[expect(clippy::struct_field_names, reason = "the names of the file")]
    struct DataQuality {
        pair_usable: u64,
        pair_full_refusals: u64,
        pair_partial_refusals: u64,
    }

    #[derive(Deserialize)]
    struct Stats {
        recommendation: Recommendation,
        diagnostic_label: Diagnostic,
    }

    #[derive(Deserialize)]
    struct Recommendation {
        agreement_rate: f64,
        bootstrap_ci: FrozenInterval,
    }

    #[derive(Deserialize)]
    struct Diagnostic {
        mean: f64,
        bootstrap_ci: FrozenInterval,
    }

    impl From<CoreSummary> for super::CoreSummary {
        fn from(wire: CoreSummary) -> Self {
            let pairs = wire.common_pairs;
            Self {
                full: wire.panels.full.models,
                baseline: wire.panels.baseline.models,
                iterations: wire.source_clustered_bootstrap.iterations,
                seed: wire.source_clustered_bootstrap.seed,
                rng: wire.source_clustered_bootstrap.rng,
                all_model_intersection: pairs
                    .intersection_9_all_models
                    .or(pairs.all9.map(|all| all.count)),
            }
        }
    }

    impl From<Model> for super::FrozenModel {
        fn from(wire: Model) -> Self {
            let stats = wire.primary_secondary_stats;
            Self {
                usable_pairs: wire.data_quality.pair_usable,
                full_refusals: wire.data_quality.pair_full_refusals,
                partial_refusals: wire.data_quality.pair_partial_refusals,
                agreement_rate: stats.recommendation.agreement_rate,
                agreement_interval: stats.recommendation.bootstrap_ci,
                diagnostic_mean: stats.diagnostic_label.mean,
                diagnostic_interval: stats.diagnostic_label.bootstrap_ci,
            }
        }
    }
}
