//! Published values of a release, by check.

use std::fmt;

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectedMitigation {
    /// Models that pass the gate.
    pub included: Vec<ModelName>,
    /// Models that are left out.
    pub excluded_full: Vec<ModelName>,
    /// What condition B comes to in every model that passes; as in the pinned release without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_b: Option<MitigationOutcome>,
}

/// The published outcome of condition B.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MitigationOutcome {
    /// Whether it passes the binding rule.
    pub b_rule_pass: bool,
    /// Where the change of the recommendation change lies.
    pub delta_rec: Bound,
    /// Where the change of the diagnostic consistency lies.
    pub delta_diag: Bound,
}

/// An open range of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// Everything greater, if there is a lower end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Everything less, if there is an upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
}

impl Bound {
    /// Whether `value` lies in it.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        self.above.is_none_or(|end| value > end) && self.below.is_none_or(|end| value < end)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.above, self.below) {
            (Some(above), Some(below)) => write!(formatter, "> {above} and < {below}"),
            (Some(above), None) => write!(formatter, "> {above}"),
            (None, Some(below)) => write!(formatter, "< {below}"),
            (None, None) => formatter.write_str("any number"),
        }
    }
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
