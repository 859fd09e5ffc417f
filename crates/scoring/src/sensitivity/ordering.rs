//! The order of several models under each variant, against their frozen order.
//!
//! Values that are equal but for rounding share a rank (rule B-15): 1 − 72/102 is no other rate than 30/102.

use std::collections::BTreeSet;

use spinefairbench_bootstrap::places;

use super::{AuditedPair, NoUsablePair, Sensitivity, Variant, sensitivity};
use crate::pair_score::PrimaryEndpoint;

/// Several models under every variant.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelSensitivity {
    /// Each model, in the order given.
    pub models: Vec<Sensitivity>,
    /// The models' order under each variant, the frozen one first.
    pub orderings: Vec<VariantOrdering>,
}

/// The order of the models under one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantOrdering {
    /// The variant.
    pub variant: Variant,
    /// By each endpoint, in the order of [`PrimaryEndpoint::ALL`].
    pub endpoints: [EndpointOrdering; 2],
}

/// The order of the models by one endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointOrdering {
    /// The endpoint.
    pub endpoint: PrimaryEndpoint,
    /// The models from best to worst, equal ones by name.
    pub ranked: Vec<RankedModel>,
    /// Models that the variant gives no value.
    pub unranked: Vec<String>,
    /// Kendall's tau-b between this order and the frozen one, over the ranked models; none if all values are tied in one of
    /// the two.
    pub kendall_tau_b: Option<f64>,
    /// Pairs of models whose order is the reverse of the frozen one: better when frozen, better here.
    pub reversals: Vec<(String, String)>,
}

impl EndpointOrdering {
    /// The models of the first rank, several if they are equal.
    pub fn best(&self) -> impl Iterator<Item = &str> {
        self.ranked.iter().filter(|ranked| ranked.rank == 1).map(|ranked| ranked.model.as_str())
    }

    /// The models from best to worst, `=` between equal ones: `a, b = c, d`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut words = String::new();
        for (place, ranked) in self.ranked.iter().enumerate() {
            words.push_str(match place.checked_sub(1).map(|before| self.ranked[before].rank) {
                None => "",
                Some(before) if before == ranked.rank => " = ",
                Some(_) => ", ",
            });
            words.push_str(&ranked.model);
        }
        words
    }
}

/// A model's place.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedModel {
    /// The model.
    pub model: String,
    /// Its value.
    pub value: f64,
    /// One more than the number of models that are better.
    pub rank: usize,
    /// Its rank under the frozen rules, among the same models.
    pub frozen_rank: usize,
}

/// Every model under every variant, and their order.
///
/// # Errors
///
/// [`NoUsablePair`] for the first model without a usable pair.
pub fn panel_sensitivity(
    models: &[(String, Vec<AuditedPair>)],
) -> Result<PanelSensitivity, NoUsablePair> {
    let models: Vec<Sensitivity> =
        models.iter().map(|(model, pairs)| sensitivity(model, pairs)).collect::<Result<_, _>>()?;
    let variants: BTreeSet<&Variant> =
        models.iter().flat_map(|model| model.rows.iter().map(|row| &row.variant)).collect();
    let orderings = variants
        .into_iter()
        .map(|variant| VariantOrdering {
            variant: variant.clone(),
            endpoints: PrimaryEndpoint::ALL.map(|endpoint| ordering(&models, variant, endpoint)),
        })
        .collect();
    Ok(PanelSensitivity { models, orderings })
}

/// A model's rank under a variant and under the frozen rules, among the models that have a value under both.
fn ordering(
    models: &[Sensitivity],
    variant: &Variant,
    endpoint: PrimaryEndpoint,
) -> EndpointOrdering {
    let value_of =
        |model: &Sensitivity, variant: &Variant| Some(model.row(variant)?.endpoints?.of(endpoint));
    let mut unranked = Vec::new();
    let (mut names, mut values, mut frozen_values) = (Vec::new(), Vec::new(), Vec::new());
    for model in models {
        match (value_of(model, variant), value_of(model, &Variant::Frozen)) {
            (Some(value), Some(frozen)) => {
                names.push(&model.model);
                values.push(value);
                frozen_values.push(frozen);
            }
            _ => unranked.push(model.model.clone()),
        }
    }
    let (ranks, frozen_ranks) = (ranks(endpoint, &values), ranks(endpoint, &frozen_values));
    let mut ranked: Vec<RankedModel> = names
        .into_iter()
        .zip(values)
        .zip(ranks.into_iter().zip(frozen_ranks))
        .map(|((model, value), (rank, frozen_rank))| RankedModel {
            model: model.clone(),
            value,
            rank,
            frozen_rank,
        })
        .collect();
    ranked.sort_by(|left, right| {
        left.rank.cmp(&right.rank).then_with(|| left.model.cmp(&right.model))
    });
    let (kendall_tau_b, reversals) = agreement(&ranked);
    EndpointOrdering { endpoint, ranked, unranked, kendall_tau_b, reversals }
}

/// The rank of each value, the best first.
fn ranks(endpoint: PrimaryEndpoint, values: &[f64]) -> Vec<usize> {
    let lower_is_better: Vec<f64> = match endpoint {
        PrimaryEndpoint::RecommendationChange => values.to_vec(),
        PrimaryEndpoint::DiagnosticConsistency => values.iter().map(|value| -value).collect(),
    };
    places(&lower_is_better, 1.0)
}

/// Kendall's tau-b and the reversed pairs.
fn agreement(ranked: &[RankedModel]) -> (Option<f64>, Vec<(String, String)>) {
    let mut reversals = Vec::new();
    let (mut surplus, mut untied, mut untied_frozen) = (0_i32, 0_u32, 0_u32);
    for (place, left) in ranked.iter().enumerate() {
        for right in &ranked[place + 1..] {
            let now = left.rank.cmp(&right.rank);
            let frozen = left.frozen_rank.cmp(&right.frozen_rank);
            untied += u32::from(now.is_ne());
            untied_frozen += u32::from(frozen.is_ne());
            if now.is_eq() || frozen.is_eq() {
                continue;
            }
            surplus += if now == frozen { 1 } else { -1 };
            if now != frozen {
                // `left` stands before `right` here, so that it was the other way round.
                reversals.push((right.model.clone(), left.model.clone()));
            }
        }
    }
    reversals.sort();
    let tau = (untied > 0 && untied_frozen > 0)
        .then(|| f64::from(surplus) / (f64::from(untied) * f64::from(untied_frozen)).sqrt());
    (tau, reversals)
}
