//! Typed records of the small files of a bundle.
//!
//! Input: JSON that was read strictly ([`crate::json::from_slice`]). Output: the fields that a check reads; all others
//! are passed over. Each type says which file it is read from ([`crate::layout`]). What a field means is for the checks
//! to judge: a count may be wrong here, but it is a count.

mod dataset;
mod mitigation;
mod panel;
mod summary;
mod validation;

pub use dataset::{QcRow, QcRowFault, ReleaseManifest, SourceRow};
pub use mitigation::{
    ConfidenceRecord, ConfidenceTable, GateDecision, SampleManifest, TraceManifest,
};
pub use panel::{
    CanonicalDefinitions, IntersectionManifest, PanelFreeze, PanelManifest, PanelPair, SourceSubset,
};
pub use summary::{CoreSummary, FrozenInterval, FrozenModel};
pub use validation::{ExclusionList, ValidatedSubset, ValidationManifest, ValidationReport};
