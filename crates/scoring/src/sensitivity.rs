//! How far both endpoints move when a rule of the benchmark is changed, and whether the order of the models holds.
//!
//! Input: pairs with what their reports say ([`AuditedPair`]), of one model or of several. Output: both endpoints under every
//! [`Variant`] with their shift from the frozen ones; for several models also their order under each variant. Only the
//! variant [`Variant::Frozen`] is the benchmark; none of the others may be reported as its endpoints.
//!
//! In every variant the frozen refusal rules decide which pairs are usable, and sums run in the order of the pair ids.

use std::collections::BTreeSet;

use crate::pair_score::{PairScore, PrimaryEndpoint};

mod audited;
mod ordering;
mod variant;
mod wire;

pub use audited::{AffirmedSets, AuditedPair, AuditedReport};
pub use ordering::{
    EndpointOrdering, PanelSensitivity, RankedModel, VariantOrdering, panel_sensitivity,
};
pub use variant::{Variant, VariantGroup};
pub use wire::{
    EndpointOrderingRow, OrderingRow, RankRow, SENSITIVITY_SCHEMA_VERSION, SensitivityFile,
    SensitivityTable, VariantRow,
};

/// The endpoints of one model under every variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitivity {
    /// The model.
    pub model: String,
    /// One row a variant, in the order of [`Variant`]; the frozen one stands first.
    pub rows: Vec<SensitivityRow>,
    /// Variants that the input does not allow: the negation-aware one needs the texts.
    pub left_out: Vec<Variant>,
}

impl Sensitivity {
    /// The endpoints under the frozen rules.
    #[must_use]
    pub fn frozen(&self) -> Option<ShiftedEndpoints> {
        self.row(&Variant::Frozen)?.endpoints
    }

    /// The row of a variant.
    #[must_use]
    pub fn row(&self, variant: &Variant) -> Option<&SensitivityRow> {
        self.rows.iter().find(|row| row.variant == *variant)
    }
}

/// The endpoints under one variant.
#[derive(Debug, Clone, PartialEq)]
pub struct SensitivityRow {
    /// The variant.
    pub variant: Variant,
    /// Pairs that the means are taken over.
    pub n_pairs: usize,
    /// The endpoints; none if no pair is left.
    pub endpoints: Option<ShiftedEndpoints>,
}

/// Both endpoints and how far they are from the frozen ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShiftedEndpoints {
    /// Share of pairs whose recommendation sets differ.
    pub recommendation_change: f64,
    /// Mean Jaccard index of the label sets.
    pub diagnostic_consistency: f64,
    /// Recommendation change less the frozen one.
    pub recommendation_change_shift: f64,
    /// Diagnostic consistency less the frozen one.
    pub diagnostic_consistency_shift: f64,
}

impl ShiftedEndpoints {
    /// The value of an endpoint.
    #[must_use]
    pub const fn of(&self, endpoint: PrimaryEndpoint) -> f64 {
        match endpoint {
            PrimaryEndpoint::RecommendationChange => self.recommendation_change,
            PrimaryEndpoint::DiagnosticConsistency => self.diagnostic_consistency,
        }
    }

    /// The value of an endpoint less the frozen one.
    #[must_use]
    pub const fn shift_of(&self, endpoint: PrimaryEndpoint) -> f64 {
        match endpoint {
            PrimaryEndpoint::RecommendationChange => self.recommendation_change_shift,
            PrimaryEndpoint::DiagnosticConsistency => self.diagnostic_consistency_shift,
        }
    }
}

/// A model without a usable pair: it has no endpoints, frozen or otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{model}` has no usable pair among {given}")]
pub struct NoUsablePair {
    /// The model.
    pub model: String,
    /// How many pairs were given.
    pub given: usize,
}

/// The endpoints of `model` under every variant; `pairs` may stand in any order.
///
/// # Errors
///
/// [`NoUsablePair`] if none is usable.
pub fn sensitivity(model: &str, pairs: &[AuditedPair]) -> Result<Sensitivity, NoUsablePair> {
    let mut usable: Vec<&AuditedPair> =
        pairs.iter().filter(|pair| pair.outcome.is_usable()).collect();
    usable.sort_unstable_by(|left, right| left.pair_id.cmp(&right.pair_id));
    let Some(frozen) = means(&Variant::Frozen, &usable).1 else {
        return Err(NoUsablePair { model: model.to_owned(), given: pairs.len() });
    };
    let mut variants: BTreeSet<Variant> = Variant::of_every_pair().collect();
    variants.extend(usable.iter().flat_map(|pair| Variant::parts_of(pair)));
    let mut left_out = Vec::new();
    if usable.iter().any(|pair| pair.affirmed.is_none()) {
        variants.remove(&Variant::NegationAware);
        left_out.push(Variant::NegationAware);
    }
    let rows = variants
        .into_iter()
        .map(|variant| {
            let (n_pairs, means) = means(&variant, &usable);
            let endpoints = means.map(|means| ShiftedEndpoints {
                recommendation_change: means.recommendation_change,
                diagnostic_consistency: means.diagnostic_consistency,
                recommendation_change_shift: means.recommendation_change
                    - frozen.recommendation_change,
                diagnostic_consistency_shift: means.diagnostic_consistency
                    - frozen.diagnostic_consistency,
            });
            SensitivityRow { variant, n_pairs, endpoints }
        })
        .collect();
    Ok(Sensitivity { model: model.to_owned(), rows, left_out })
}

/// How many pairs a variant keeps, and their means, summed from left to right.
#[expect(clippy::cast_precision_loss, reason = "counts of pairs stay far below 2^53")]
fn means(variant: &Variant, usable: &[&AuditedPair]) -> (usize, Option<PairScore>) {
    let mut n_pairs = 0;
    let mut sums = PairScore { recommendation_change: 0.0, diagnostic_consistency: 0.0 };
    for score in usable.iter().filter_map(|pair| variant.score(pair)) {
        n_pairs += 1;
        sums.recommendation_change += score.recommendation_change;
        sums.diagnostic_consistency += score.diagnostic_consistency;
    }
    let means = (n_pairs > 0).then(|| PairScore {
        recommendation_change: sums.recommendation_change / n_pairs as f64,
        diagnostic_consistency: sums.diagnostic_consistency / n_pairs as f64,
    });
    (n_pairs, means)
}
