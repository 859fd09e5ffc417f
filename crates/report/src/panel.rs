//! The published models that a score is shown beside.
//!
//! Input: rows that the caller takes from a release description or a frozen summary. This crate reads neither, so that a
//! page does not depend on where the rows come from.

use crate::estimate::Estimate;

/// The published panel.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Panel {
    /// Name of the release.
    pub release_id: String,
    /// Its rows, in the published order.
    pub rows: Vec<PanelRow>,
}

/// One published model.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelRow {
    /// The model.
    pub model: String,
    /// Usable pairs.
    pub n_pairs: u64,
    /// Share of pairs whose recommendation sets differ.
    pub recommendation_change: Estimate,
    /// Mean Jaccard index of the label sets.
    pub diagnostic_consistency: Estimate,
}
