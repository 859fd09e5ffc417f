//! What the panels, the subsets and the frozen definitions hold.

use serde::Deserialize;

use crate::ids::{ModelName, PairId, SourceId};
use crate::json::UniqueMap;

/// Models of a panel ([`crate::layout::Panel::manifest`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PanelManifest {
    /// Models with rows in the panel.
    pub models: Vec<ModelName>,
    /// Candidates of the mitigation analysis; in the mitigation panel alone.
    pub included_models: Option<Vec<ModelName>>,
}

/// One pair of a panel's list ([`crate::layout::Panel::pairs`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PanelPair {
    /// The pair.
    pub pair_id: PairId,
    /// Its source.
    pub source_id: Option<SourceId>,
}

/// Sources of a subset ([`crate::layout::CORE_SUBSET`], [`crate::layout::EVALUATION_SUBSET`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SourceSubset {
    /// The sources, in the order of the file.
    pub source_ids: Vec<SourceId>,
}

/// Pairs that all models answered ([`crate::layout::INTERSECTION_MANIFEST`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IntersectionManifest {
    /// The stated number of pairs.
    pub pair_count: u64,
    /// The pairs.
    pub records: Vec<PanelPair>,
}

/// When the panels were frozen ([`crate::layout::PANEL_FREEZE`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PanelFreeze {
    /// The time, as the file has it.
    pub prepared_at_utc: String,
}

/// Frozen definitions ([`crate::layout::CANONICAL_DEFINITIONS`]).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CanonicalDefinitions {
    /// Text of each prompt, by name.
    pub prompt_registry: UniqueMap<String>,
}
