//! A sensitivity analysis as it stands on disk. Fields are declared in the order of their names: that is the order of the keys.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{EndpointOrdering, PanelSensitivity, Sensitivity, VariantOrdering};

/// The schema version of a sensitivity analysis.
pub const SENSITIVITY_SCHEMA_VERSION: &str = "spinefairbench-sensitivity-v1";

/// What the file says of itself, so that no one takes a variant for the benchmark.
const NOTE: &str = "Only the variant `frozen` is the benchmark. The negation-aware variant is not the benchmark's.";

/// Every model under every variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SensitivityFile {
    /// Each model.
    pub models: Vec<SensitivityTable>,
    /// Which variant is the benchmark.
    pub note: &'static str,
    /// The models' order under each variant; empty for one model.
    pub orderings: Vec<OrderingRow>,
    /// `spinefairbench-sensitivity-v1`.
    pub schema_version: &'static str,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SensitivityTable {
    /// Variants that need texts which were not at hand.
    pub left_out: Vec<String>,
    /// The model.
    pub model: String,
    /// One row a variant.
    pub rows: Vec<VariantRow>,
}

/// One model under one variant; what is absent has no value, since no pair is left.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantRow {
    /// Mean Jaccard index of the label sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostic_label_consistency: Option<f64>,
    /// That less the frozen value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostic_label_consistency_shift: Option<f64>,
    /// What kind of change the variant is.
    pub group: &'static str,
    /// Pairs that the means are taken over.
    pub n_pairs: usize,
    /// Share of pairs whose recommendation sets differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommendation_change_rate: Option<f64>,
    /// That less the frozen value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommendation_change_rate_shift: Option<f64>,
    /// The variant, or the category that is left out.
    pub variant: String,
}

/// The order of the models under one variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderingRow {
    /// By each endpoint.
    pub endpoints: BTreeMap<&'static str, EndpointOrderingRow>,
    /// What kind of change the variant is.
    pub group: &'static str,
    /// The variant, or the category that is left out.
    pub variant: String,
}

/// The order by one endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointOrderingRow {
    /// Kendall's tau-b against the frozen order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kendall_tau_b: Option<f64>,
    /// The models from best to worst.
    pub ranked: Vec<RankRow>,
    /// Pairs of models in reversed order: better when frozen, better here.
    pub reversals: Vec<[String; 2]>,
    /// Models without a value.
    pub unranked: Vec<String>,
}

/// A model's place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankRow {
    /// Its rank under the frozen rules.
    pub frozen_rank: usize,
    /// The model.
    pub model: String,
    /// Its rank.
    pub rank: usize,
    /// Its value.
    pub value: f64,
}

impl SensitivityFile {
    /// The file of one model.
    #[must_use]
    pub fn of_model(sensitivity: &Sensitivity) -> Self {
        Self {
            models: vec![table(sensitivity)],
            note: NOTE,
            orderings: Vec::new(),
            schema_version: SENSITIVITY_SCHEMA_VERSION,
        }
    }

    /// The file of several models.
    #[must_use]
    pub fn of_panel(panel: &PanelSensitivity) -> Self {
        Self {
            models: panel.models.iter().map(table).collect(),
            note: NOTE,
            orderings: panel.orderings.iter().map(ordering_row).collect(),
            schema_version: SENSITIVITY_SCHEMA_VERSION,
        }
    }

    /// The bytes of the file.
    ///
    /// # Panics
    ///
    /// Never: every value is a finite number, text, a list or an object with text keys.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes =
            serde_json::to_vec_pretty(self).expect("a sensitivity file has JSON values");
        bytes.push(b'\n');
        bytes
    }
}

fn table(sensitivity: &Sensitivity) -> SensitivityTable {
    let rows = sensitivity.rows.iter().map(|row| VariantRow {
        diagnostic_label_consistency: row.endpoints.map(|ends| ends.diagnostic_consistency),
        diagnostic_label_consistency_shift: row
            .endpoints
            .map(|ends| ends.diagnostic_consistency_shift),
        group: row.variant.group().as_str(),
        n_pairs: row.n_pairs,
        recommendation_change_rate: row.endpoints.map(|ends| ends.recommendation_change),
        recommendation_change_rate_shift: row
            .endpoints
            .map(|ends| ends.recommendation_change_shift),
        variant: row.variant.to_string(),
    });
    SensitivityTable {
        left_out: sensitivity.left_out.iter().map(ToString::to_string).collect(),
        model: sensitivity.model.clone(),
        rows: rows.collect(),
    }
}

fn ordering_row(ordering: &VariantOrdering) -> OrderingRow {
    OrderingRow {
        endpoints: ordering
            .endpoints
            .iter()
            .map(|by| (by.endpoint.as_str(), endpoint_ordering_row(by)))
            .collect(),
        group: ordering.variant.group().as_str(),
        variant: ordering.variant.to_string(),
    }
}

fn endpoint_ordering_row(ordering: &EndpointOrdering) -> EndpointOrderingRow {
    EndpointOrderingRow {
        kendall_tau_b: ordering.kendall_tau_b,
        ranked: ordering
            .ranked
            .iter()
            .map(|place| RankRow {
                frozen_rank: place.frozen_rank,
                model: place.model.clone(),
                rank: place.rank,
                value: place.value,
            })
            .collect(),
        reversals: ordering
            .reversals
            .iter()
            .map(|(frozen, here)| [frozen.clone(), here.clone()])
            .collect(),
        unranked: ordering.unranked.clone(),
    }
}
