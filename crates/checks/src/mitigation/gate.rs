//! The Stage-1 gate: what share of a model's sampled outputs parse, and what that decides.

use serde::Serialize;

/// A model's Stage-1 sample, read and parsed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stage1Sample {
    /// Files listed.
    pub size: usize,
    /// Files that parse.
    pub parsing: usize,
}

/// What the share of parsing outputs decides about a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// At least 95 % parse.
    Included,
    /// At least 85 %.
    ExcludedDiagOnly,
    /// Fewer.
    ExcludedFull,
}

impl Decision {
    /// The decision for a share of parsing files in `[0, 1]`.
    #[must_use]
    pub fn of_rate(rate: f64) -> Self {
        if rate < 0.85 {
            Self::ExcludedFull
        } else if rate < 0.95 {
            Self::ExcludedDiagOnly
        } else {
            Self::Included
        }
    }

    /// The decision as the frozen file writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Included => "included",
            Self::ExcludedDiagOnly => "excluded_diag_only",
            Self::ExcludedFull => "excluded_full",
        }
    }
}

/// A model's recount.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Confidence {
    /// Files that parse.
    pub pass: usize,
    /// Files sampled; at least 1.
    pub sample: usize,
    /// Their quotient.
    pub rate: f64,
    /// What it decides.
    pub decision: Decision,
}

impl Confidence {
    /// The recount of a sample; an empty one has no rate.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "sample sizes stay far below 2^53")]
    pub fn of(sample: Stage1Sample) -> Option<Self> {
        if sample.size == 0 {
            return None;
        }
        let rate = sample.parsing as f64 / sample.size as f64;
        Some(Self {
            pass: sample.parsing,
            sample: sample.size,
            rate,
            decision: Decision::of_rate(rate),
        })
    }
}
