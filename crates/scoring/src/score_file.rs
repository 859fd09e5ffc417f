//! The score file: `spinefairbench-score-v1`, one structure that is computed, written and read.
//!
//! Input: the rows of a score's pairs and the plan of its intervals; everything else in the file follows from them. Output: JSON
//! with sorted keys and two spaces of indentation, the same bytes for the same submission in any of its forms. A file that is
//! read is evidence and not a claim: [`ScoreFile::from_bytes`] computes it again from its own rows and plan, by the code that
//! writes it, and refuses any difference. Files of the first public scorers are read too: they lack some of the fields.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use spinefairbench_artifacts::json::Value;

use crate::scope::Scope;
use crate::score::Score;

mod assemble;
mod bounds;
mod checked;
mod consistency;
mod contradiction;
mod floor_words;
mod identity;
mod noise_floor;
mod pair;
mod parts;
mod secondary;

pub use bounds::{Bounds, Ends, MissingReports};
pub use checked::ScoreFileError;
pub use contradiction::Contradiction;
pub use identity::{ArtifactIdentity, IdentityStatus, Provenance, RegistryDigests, Tool};
pub(crate) use noise_floor::MAX_CALLS_OF_A_SOURCE;
pub use noise_floor::{
    CallRow, ExcessRow, FloorEndpoints, FloorMean, FloorRow, NoiseFloorSection, ReportRow,
    SourceCallsName,
};
pub use pair::{ClassName, Names, PairResult};
pub use parts::{
    Ci95, Coverage, DataQuality, Endpoint, PrimaryEndpoints, ScoringConfig, SeedNumber, StratumRow,
    StrippedNote, SubmissionNotes, Table2Row,
};
pub use secondary::{Hedging, Secondary, Severity};

pub(crate) use assemble::{Evidence, assemble};
pub(crate) use noise_floor::FloorEvidence;

/// The schema version of a score file.
pub const SCORE_SCHEMA_VERSION: &str = "spinefairbench-score-v1";

/// The endpoints of the parts of the pairs, by what divides them and by the part's name.
pub type Strata = BTreeMap<String, BTreeMap<String, StratumRow>>;

/// A whole score file. Fields are declared in the order of their names: that is the order of the keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreFile {
    /// Which pinned manifests the scope rests on; absent from files of the first public scorer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_identity: Option<ArtifactIdentity>,
    /// What of the scope was covered.
    pub coverage: Coverage,
    /// Refusal accounting.
    pub data_quality: DataQuality,
    /// How far both endpoints could be from what was measured, had every missing or unusable pair been usable; of a submission of
    /// version 2, absent where all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_reports: Option<MissingReports>,
    /// The model, as the submission gave it.
    #[serde(deserialize_with = "short_object")]
    pub model: BTreeMap<String, Value>,
    /// How far calls on one image differ; of a submission of version 2, or with further submissions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_floor: Option<NoiseFloorSection>,
    /// Every submitted pair, by id.
    pub per_pair_results: Vec<PairResult>,
    /// The two endpoints.
    pub primary_endpoints: PrimaryEndpoints,
    /// What the score was computed from and by; absent from files of the public scorers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// `spinefairbench-score-v1`.
    pub schema_version: String,
    /// The scope.
    pub scope: Scope,
    /// When it was scored, in UTC.
    pub scored_at_utc: String,
    /// How the intervals were drawn and refusals were treated.
    pub scoring_config: ScoringConfig,
    /// Secondary, exploratory measures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary: Option<Secondary>,
    /// The endpoints of parts of the pairs, by division and part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strata: Option<Strata>,
    /// What is to be known of the submission; absent where there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<SubmissionNotes>,
    /// The row of the published table's form, rounded to three decimals.
    pub table2_row: Table2Row,
    /// The endpoints whose interval has no width and so says nothing, as `primary_endpoints.NAME` and
    /// `strata.DIVISION.PART.NAME`; absent where there is none, and from files of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uninformative_intervals: Vec<String>,
    /// Sentences that a reader must see.
    pub warnings: Vec<String>,
}

impl ScoreFile {
    /// The file of `score`, scored at `scored_at_utc` (RFC 3339, seconds, `+00:00`).
    #[must_use]
    pub fn new(score: &Score, scored_at_utc: &str) -> Self {
        Self { scored_at_utc: scored_at_utc.to_owned(), ..score.file.clone() }
    }

    /// The bytes of the file.
    ///
    /// # Panics
    ///
    /// Never: every value of a score file is a finite number, text, a list or an object with text keys.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a score file has only JSON values");
        bytes.push(b'\n');
        bytes
    }

    /// What the submission says of the model, by key: text as it is, anything else as JSON.
    pub fn model_facts(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.model.iter().map(|(key, value)| {
            let fact = match value.as_str() {
                Some(text) => Cow::Borrowed(text),
                None => Cow::Owned(value.to_string()),
            };
            (key.as_str(), fact)
        })
    }

    /// The model's name.
    #[must_use]
    pub fn model_name(&self) -> &str {
        &self.table2_row.model_name
    }
}

/// An object of at most a mebibyte, as a submission may hold: its values take many times their length in memory.
fn short_object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Value>, D::Error> {
    const MOST_BYTES: usize = 1 << 20;
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let n_bytes = raw.get().len();
    if n_bytes > MOST_BYTES {
        let message = format_args!("it has {n_bytes} bytes (at most {MOST_BYTES} are read)");
        return Err(D::Error::custom(message));
    }
    serde_json::from_str(raw.get()).map_err(D::Error::custom)
}

/// Rounds to three decimals as the original does: half to even on the exact binary value (rule S-03).
#[must_use]
pub(crate) fn round_to_three(value: f64) -> f64 {
    // Formatting rounds the exact value correctly, ties to even; parsing gives the nearest float of the result.
    format!("{value:.3}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_decimals_round_the_exact_value() {
        for (value, expected) in
            [(0.6938, 0.694), (0.0005, 0.001), (0.0625, 0.062), (0.1875, 0.188), (1.0, 1.0)]
        {
            assert!((round_to_three(value) - expected).abs() < f64::EPSILON, "{value}");
        }
    }
}
