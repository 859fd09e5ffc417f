//! Published values of a release, by check.

use serde::{Deserialize, Serialize};

use crate::ids::ModelName;
use crate::json::UniqueMap;

/// Published values. An absent part is not compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Of the check `radiologist`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radiologist: Option<ExpectedRadiologist>,
    /// Of the check `mitigation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mitigation: Option<ExpectedMitigation>,
    /// Of the check `dataset`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<ExpectedDataset>,
    /// Of the check `table2`, by model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table2: Option<UniqueMap<ExpectedModel>>,
    /// Of the check `gap-sensitivity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap_sensitivity: Option<ExpectedGaps>,
    /// Of the check `both-empty-diagnostic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub both_empty: Option<ExpectedBothEmpty>,
}

/// Published counts of the radiologist validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedRadiologist {
    /// Pairs that passed.
    pub validated: u64,
    /// Pairs that did not.
    pub excluded: u64,
    /// Pairs that were rated.
    pub rated_pairs: u64,
    /// Answers on detectability.
    pub detectability_rows: u64,
    /// Those that say `Cannot tell`.
    pub cannot_tell: u64,
    /// Display events.
    pub per_reviewer_rows: u64,
    /// Hidden repeats.
    pub hidden_repeat_rows: u64,
}

/// Published outcome of the mitigation gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedMitigation {
    /// Models that pass the gate.
    pub included: Vec<ModelName>,
    /// Models that are left out.
    pub excluded_full: Vec<ModelName>,
}

/// Published counts of the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedDataset {
    /// Images.
    pub released_pngs: u64,
    /// Passed rows.
    pub qc_passed_rows: u64,
    /// Attempted rows.
    pub attempted_qc_rows: u64,
    /// Sources with a passed row.
    pub sources: u64,
}

/// Published endpoints of one model. Intervals are rounded to three decimals, and published for some models only.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExpectedModel {
    /// Usable pairs.
    pub pairs: u64,
    /// Mean recommendation change.
    pub recommendation_change: f64,
    /// Mean diagnostic consistency.
    pub diagnostic_consistency: f64,
    /// Interval of the recommendation change, lower and upper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation_change_ci95_3dp: Option<[f64; 2]>,
    /// Interval of the diagnostic consistency, lower and upper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnostic_consistency_ci95_3dp: Option<[f64; 2]>,
}

/// Published gaps, rounded to six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExpectedGaps {
    /// Median over models of the exact gap.
    pub median_gap_exact_6dp: f64,
    /// Median over models of the graded gap.
    pub median_gap_graded_6dp: f64,
    /// Models with a negative graded gap.
    pub negative: u64,
    /// Models.
    pub models: u64,
}

/// Published counts of pairs without any diagnostic label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedBothEmpty {
    /// Pairs where neither report has a label.
    pub pooled_both_empty: u64,
    /// Usable pairs.
    pub pooled_usable_pairs: u64,
}
