//! The score file: `spinefairbench-score-v1`.
//!
//! Input: a [`Score`] and the time of scoring. Output: JSON with sorted keys and two spaces of indentation, the same bytes for
//! the same submission in any of its forms. Files of the first public scorer are read too: they lack `provenance`, `strata`
//! and `secondary`.

use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::json;

use crate::score::Score;

mod build;
mod wire;

pub use wire::{
    Ci95, Coverage, DataQuality, Endpoint, Hedging, PairResult, PrimaryEndpoints, Provenance,
    RegistryDigests, ScoreFile, ScoringConfig, Secondary, SeedNumber, Severity, StratumRow,
    Table2Row, Tool,
};

/// The schema version of a score file.
pub const SCORE_SCHEMA_VERSION: &str = "spinefairbench-score-v1";

impl ScoreFile {
    /// The file of `score`, scored at `scored_at_utc` (RFC 3339, seconds, `+00:00`).
    #[must_use]
    pub fn new(score: &Score, scored_at_utc: &str) -> Self {
        build::score_file(score, scored_at_utc)
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

    /// The score file `name` with the content `bytes`.
    ///
    /// # Errors
    ///
    /// [`ArtifactError`] that names the place of what is not a score file.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, ArtifactError> {
        json::from_slice(name, bytes)
    }
}

/// Rounds to three decimals as the original does: half to even on the exact binary value (rule S-03).
#[must_use]
pub fn round_to_three(value: f64) -> f64 {
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
