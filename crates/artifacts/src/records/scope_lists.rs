//! The lists that say which pairs a scope holds, as a score reads them: whole, or not at all.

use serde::Deserialize;

use crate::ids::{PairId, SourceId};

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
    pub records: Vec<ListedPair>,
}

/// One pair of such a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ListedPair {
    /// The pair.
    pub pair_id: PairId,
    /// Its source.
    pub source_id: Option<SourceId>,
}
