//! `stage1-confidence`: how many of a model's sampled Stage-1 outputs parse, and what that decides.
//!
//! Input: the frozen confidences and the parsed samples. Output: per model of the frozen file, by name, the counts, the rate
//! and the decision. Rules: `checks.md`, *stage1-confidence*.

use spinefairbench_artifacts::layout;

use crate::finding::{Code, Finding, Findings};
use crate::published::agree;
use crate::report::{CheckReport, CheckResult};
use crate::snapshot::{FrozenConfidence, Snapshot, Stage1Sample};

/// What the share of parsing outputs decides about a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Debug, Clone, Copy, PartialEq)]
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

/// The recounts of all models.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stage1ConfidenceResult {
    /// By name; `None` for a model whose sample could not be counted.
    pub models: Vec<(String, Option<Confidence>)>,
}

/// Recounts the samples and compares them with the frozen file.
#[must_use]
pub fn check(snapshot: &Snapshot, mut findings: Findings) -> CheckReport {
    let mut result = Stage1ConfidenceResult::default();
    let samples = snapshot.stage1_samples.open(&mut findings);
    if let Some(frozen) = snapshot.frozen_confidence.open(&mut findings) {
        for (model, frozen) in frozen {
            let sample = samples.and_then(|samples| samples.get(model)?.open(&mut findings));
            let counted = sample.and_then(|sample| Confidence::of(*sample));
            if let (Some(frozen), Some(counted)) = (frozen.open(&mut findings), &counted) {
                compare(model, frozen, counted, &mut findings);
            }
            result.models.push((model.clone(), counted));
        }
    }
    CheckReport {
        findings: findings.finish(),
        notes: Vec::new(),
        result: CheckResult::Stage1Confidence(result),
    }
}

fn compare(model: &str, frozen: &FrozenConfidence, counted: &Confidence, findings: &mut Findings) {
    let at = |code, what: &str| {
        Finding::new(code, format!("`{model}`: {what} differs from the frozen one"))
            .in_file(layout::PARSING_CONFIDENCE)
    };
    if let Some(size) = frozen.sample_size.filter(|size| *size != counted.sample as u64) {
        findings
            .push(at(Code::SampleSizeMismatch, "the sample size").comparing(size, counted.sample));
    }
    if let Some(count) = frozen.pass_count.filter(|count| *count != counted.pass as u64) {
        findings.push(
            at(Code::PassCountMismatch, "the number of parsing files")
                .comparing(count, counted.pass),
        );
    }
    if let Some(rate) = frozen.pass_rate.filter(|rate| !agree(*rate, counted.rate)) {
        findings.push(
            at(Code::PassRateMismatch, "the share of parsing files").comparing(rate, counted.rate),
        );
    }
    if let Some(decision) =
        frozen.decision.as_deref().filter(|decision| *decision != counted.decision.as_str())
    {
        findings.push(
            at(Code::DecisionMismatch, "the decision")
                .comparing(decision, counted.decision.as_str()),
        );
    }
}
