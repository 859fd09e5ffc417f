//! The order of several models under each variant, against their frozen order.

use std::cmp::Ordering;
use std::collections::BTreeSet;

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

/// A model's value under a variant and under the frozen rules.
struct Placed<'a> {
    model: &'a str,
    value: f64,
    frozen: f64,
}

fn ordering(
    models: &[Sensitivity],
    variant: &Variant,
    endpoint: PrimaryEndpoint,
) -> EndpointOrdering {
    let value_of = |model: &Sensitivity, variant: &Variant| {
        let row = model.rows.iter().find(|row| row.variant == *variant)?;
        row.endpoints.map(|endpoints| endpoints.of(endpoint))
    };
    let mut unranked = Vec::new();
    let mut placed = Vec::new();
    for model in models {
        match (value_of(model, variant), value_of(model, &Variant::Frozen)) {
            (Some(value), Some(frozen)) => {
                placed.push(Placed { model: &model.model, value, frozen });
            }
            _ => unranked.push(model.model.clone()),
        }
    }
    placed.sort_by(|left, right| {
        better_first(endpoint, left.value, right.value).then_with(|| left.model.cmp(right.model))
    });
    let rank = |value: f64, of: fn(&Placed<'_>) -> f64| {
        1 + placed
            .iter()
            .filter(|other| better_first(endpoint, of(other), value) == Ordering::Less)
            .count()
    };
    let ranked = placed
        .iter()
        .map(|model| RankedModel {
            model: model.model.to_owned(),
            value: model.value,
            rank: rank(model.value, |other| other.value),
            frozen_rank: rank(model.frozen, |other| other.frozen),
        })
        .collect();
    let (kendall_tau_b, reversals) = agreement(&placed, endpoint);
    EndpointOrdering { endpoint, ranked, unranked, kendall_tau_b, reversals }
}

fn better_first(endpoint: PrimaryEndpoint, left: f64, right: f64) -> Ordering {
    match endpoint {
        PrimaryEndpoint::RecommendationChange => left.total_cmp(&right),
        PrimaryEndpoint::DiagnosticConsistency => right.total_cmp(&left),
    }
}

/// Kendall's tau-b and the reversed pairs.
fn agreement(
    placed: &[Placed<'_>],
    endpoint: PrimaryEndpoint,
) -> (Option<f64>, Vec<(String, String)>) {
    let mut reversals = Vec::new();
    let (mut surplus, mut untied, mut untied_frozen) = (0_i32, 0_u32, 0_u32);
    for (place, left) in placed.iter().enumerate() {
        for right in &placed[place + 1..] {
            let now = better_first(endpoint, left.value, right.value);
            let frozen = better_first(endpoint, left.frozen, right.frozen);
            untied += u32::from(now.is_ne());
            untied_frozen += u32::from(frozen.is_ne());
            if now.is_eq() || frozen.is_eq() {
                continue;
            }
            surplus += if now == frozen { 1 } else { -1 };
            if now != frozen {
                // `left` stands before `right` here, so that it was the other way round.
                reversals.push((right.model.to_owned(), left.model.to_owned()));
            }
        }
    }
    reversals.sort();
    let tau = (untied > 0 && untied_frozen > 0)
        .then(|| f64::from(surplus) / (f64::from(untied) * f64::from(untied_frozen)).sqrt());
    (tau, reversals)
}
