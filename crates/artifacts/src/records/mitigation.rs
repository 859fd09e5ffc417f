//! The Stage-1 gate of the mitigation analysis.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::json::UniqueMap;

/// Frozen outcome of the gate, by model ([`crate::layout::PARSING_CONFIDENCE`]).
pub type ConfidenceTable = UniqueMap<ConfidenceRecord>;

/// Frozen outcome of the gate for one model.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct ConfidenceRecord {
    /// Files in the sample.
    pub sample_size: u64,
    /// Files with a diagnosis that parses.
    #[serde(rename = "stage1_diag_pass_count")]
    pub pass_count: u64,
    /// The share of those files.
    #[serde(rename = "stage1_diag_pass_rate")]
    pub pass_rate: f64,
    /// What follows.
    pub decision: GateDecision,
}

/// What the gate decides about a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateDecision {
    /// The model is part of the analysis.
    Included,
    /// The model is left out of the diagnostic part.
    ExcludedDiagOnly,
    /// The model is left out.
    ExcludedFull,
}

impl GateDecision {
    /// The decision as the file writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Included => "included",
            Self::ExcludedDiagOnly => "excluded_diag_only",
            Self::ExcludedFull => "excluded_full",
        }
    }
}

impl fmt::Display for GateDecision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Names of the Stage-1 files that the gate read, by model ([`crate::layout::CONFIDENCE_SAMPLE`]).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SampleManifest {
    /// File names, as the file has them.
    pub models: UniqueMap<Vec<String>>,
}

/// Paths of Stage-1 files by model, of which the file name counts ([`crate::layout::STAGE1_TRACE`]).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "wire::TraceManifest")]
pub struct TraceManifest {
    /// The first 200 files of each model, as the file has them.
    pub models: UniqueMap<Vec<String>>,
}

mod wire {
    use serde::Deserialize;

    use crate::json::UniqueMap;

    #[derive(Deserialize)]
    pub(super) struct TraceManifest {
        models: UniqueMap<Model>,
    }

    #[derive(Deserialize)]
    struct Model {
        sample_files_first_200: Vec<String>,
    }

    impl From<TraceManifest> for super::TraceManifest {
        fn from(wire: TraceManifest) -> Self {
            let models =
                wire.models.into_iter().map(|(name, model)| (name, model.sample_files_first_200));
            Self { models: models.collect() }
        }
    }
}
