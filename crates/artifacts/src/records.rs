//! The released files other than panels and manifests: what each holds, and its only reader.
//!
//! One module a file, called like it: a typed form of what anybody needs of the file, and `document()`, which says where it stands
//! and how it is read. All else in a file is passed over. What a value means is for its users to judge: a count may be wrong
//! here, but it is a count. A value that cannot be read is left out and has its problem, so that one broken field hides no other.

pub mod checksum_manifest;
pub mod core_subset;
pub mod core_summary;
pub mod croissant;
pub mod detectability;
pub mod exclusion_list;
pub mod finding_labels;
pub mod followup_supplement;
pub mod intersection_manifest;
pub mod mitigation_counts;
pub mod mitigation_summary;
pub mod mitigation_table;
pub mod pair_ratings;
pub mod panel_freeze;
pub mod panel_manifest;
pub mod parsing_confidence;
pub mod prompt_registry;
pub mod qc_table;
pub mod reader_answers;
pub mod release_manifest;
pub mod reviewer_table;
pub mod rewritten_report;
pub mod saved_disparity;
mod scope_lists;
pub mod source_list;
pub mod stage1_sample;
pub mod stage1_sidecar;
pub mod stated_agreement;
pub mod validated_subset;
pub mod validation_manifest;
pub mod validation_report;

pub use scope_lists::{IntersectionManifest, ListedPair, SourceSubset};
