//! Which places of a ranking the data leave open, and which models are not told apart from the best.
//!
//! Input: scored models and a plan. Output: for each endpoint and model its place, the places that it may have, and whether some model
//! is shown to be better (rule S-10). All models are resampled together, source by source, on the pairs that all of them have usable. The
//! gaps of every two models of an endpoint have intervals that hold together (B-21). A model's best place is one more than the number of
//! models shown to be better, its worst place the number of models less those shown to be worse: with 95 % every model's true place lies
//! between them, however close the models are (Mogstad, Romano, Shaikh and Wilhelm 2024; the R package `csranks`). Counting the places over
//! the resamples would not give this: models that are alike would be ranked by chance in each.

use std::collections::BTreeMap;

use spinefairbench_artifacts::ids::PairId;
use spinefairbench_bootstrap::{
    BootstrapError, Clusters, Gap, Part, Plan, is_tied, places, simultaneous_gaps,
};

use crate::compare::{ComparedModel, labels};
use crate::pair_score::PrimaryEndpoint;

/// The ranking of some models by each endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranks {
    /// Pairs that all models have usable.
    pub n_pairs: usize,
    /// Their sources.
    pub n_sources: usize,
    /// By each endpoint, in the order of [`PrimaryEndpoint::ALL`].
    pub endpoints: [EndpointRanks; 2],
}

/// The ranking by one endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointRanks {
    /// The endpoint.
    pub endpoint: PrimaryEndpoint,
    /// How many gaps between two models hold together.
    pub n_gaps: usize,
    /// Each model, the best first; those of one place in the order of their names.
    pub rows: Vec<RankedModel>,
}

/// A model in a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedModel {
    /// The model, as a comparison calls it.
    pub model: String,
    /// The endpoint's mean over the pairs that all models have usable.
    pub mean: f64,
    /// One more than the number of models with a better mean; models that are equal share a place (rule B-15).
    pub place: usize,
    /// The best place that the data leave open.
    pub best_place: usize,
    /// The worst place that they leave open.
    pub worst_place: usize,
}

impl RankedModel {
    /// Whether no model is shown to be better.
    #[must_use]
    pub const fn is_among_the_best(&self) -> bool {
        self.best_place == 1
    }

    /// `2 (1 to 4)`.
    #[must_use]
    pub fn places(&self) -> String {
        format!("{} ({} to {})", self.place, self.best_place, self.worst_place)
    }
}

impl EndpointRanks {
    /// The models that are not told apart from the best.
    pub fn among_the_best(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().filter(|row| row.is_among_the_best()).map(|row| row.model.as_str())
    }
}

/// The ranking of `models`, which must be comparable (rule S-10); none if no pair is usable in all of them.
///
/// # Errors
///
/// [`BootstrapError`] if the gaps cannot be computed.
pub fn ranks(models: &[ComparedModel], plan: &Plan) -> Result<Option<Ranks>, BootstrapError> {
    let shared = shared_pairs(models);
    let Some((first, _)) = models.split_first().filter(|_| !shared.is_empty()) else {
        return Ok(None);
    };
    let source = |pair_id: &PairId| first.get(pair_id).map_or("", |(source, _)| source.as_str());
    let clusters = Clusters::new(shared.iter().map(|pair_id| source(pair_id)));
    let names = labels(models);
    let of_endpoint = |endpoint: PrimaryEndpoint| -> Result<EndpointRanks, BootstrapError> {
        let values: Vec<Vec<f64>> = models
            .iter()
            .map(|model| {
                let value =
                    |pair_id: &&PairId| model.get(pair_id)?.1.map(|score| score.of(endpoint));
                shared.iter().filter_map(value).collect()
            })
            .collect();
        let parts: Vec<Part<'_>> =
            values.iter().map(|values| Part { values, clusters: clusters.of_values() }).collect();
        let pairs: Vec<(usize, usize)> = (0..models.len())
            .flat_map(|one| (one + 1..models.len()).map(move |other| (one, other)))
            .collect();
        let found = simultaneous_gaps(&parts, clusters.n_clusters(), &pairs, plan)?;
        // Higher is better from here on.
        let sign = match endpoint {
            PrimaryEndpoint::RecommendationChange => -1.0,
            PrimaryEndpoint::DiagnosticConsistency => 1.0,
        };
        let mut better_than = vec![0; models.len()];
        let mut worse_than = vec![0; models.len()];
        for ((one, other), gap) in pairs.iter().zip(&found.gaps) {
            let (better, worse) =
                if gap.difference * sign > 0.0 { (*one, *other) } else { (*other, *one) };
            if is_apart(gap) {
                better_than[better] += 1;
                worse_than[worse] += 1;
            }
        }
        let merits: Vec<f64> = found.means.iter().map(|mean| -sign * mean).collect();
        let places = places(&merits, 1.0);
        let mut rows: Vec<RankedModel> = (0..models.len())
            .map(|model| RankedModel {
                model: names[model].clone(),
                mean: found.means[model],
                place: places[model],
                best_place: 1 + worse_than[model],
                worst_place: models.len() - better_than[model],
            })
            .collect();
        rows.sort_by(|one, other| {
            one.place.cmp(&other.place).then_with(|| one.model.cmp(&other.model))
        });
        Ok(EndpointRanks { endpoint, n_gaps: pairs.len(), rows })
    };
    let [change, consistency] = PrimaryEndpoint::ALL.map(of_endpoint);
    Ok(Some(Ranks {
        n_pairs: shared.len(),
        n_sources: clusters.n_clusters(),
        endpoints: [change?, consistency?],
    }))
}

/// Whether two models are told apart: by an interval that leaves out 0, or by a gap that is the same in every source.
fn is_apart(gap: &Gap) -> bool {
    match gap.interval {
        Some(interval) => interval.lower > 0.0 || interval.upper < 0.0,
        None => !is_tied(gap.difference, 0.0, 1.0),
    }
}

/// The pairs that all models have usable, in the order of their ids.
fn shared_pairs(models: &[ComparedModel]) -> Vec<&PairId> {
    let mut counts: BTreeMap<&PairId, usize> = BTreeMap::new();
    for model in models {
        let usable = model.pairs().filter(|(_, (_, score))| score.is_some());
        for (pair_id, _) in usable {
            *counts.entry(pair_id).or_default() += 1;
        }
    }
    counts.into_iter().filter(|(_, count)| *count == models.len()).map(|(id, _)| id).collect()
}
