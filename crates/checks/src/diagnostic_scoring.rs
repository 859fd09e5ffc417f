//! `diagnostic-scoring`: the frozen diagnostic registry by which reports are scored.
//!
//! Input: nothing but the registry that is built in. Output: its categories and digest, and what two reports without any
//! label score. A registry of another size than the frozen thirteen cannot be built: the categories are an enum.

use spinefairbench_parsers::registry::digests;
use spinefairbench_parsers::{Category, DiagnosticLabel, LabelSet};

use crate::report::{CheckReport, CheckResult};

/// The frozen diagnostic registry.
#[derive(Debug, Clone, PartialEq)]
pub struct DiagnosticScoringResult {
    /// Number of categories.
    pub registry_size: usize,
    /// Their names, sorted by code point.
    pub categories: Vec<&'static str>,
    /// The Jaccard index of two empty label sets.
    pub both_empty_jaccard: f64,
    /// SHA-256 over the registry's canonical bytes (`docs/rules.md`), in hexadecimal.
    pub registry_sha256: String,
}

/// States the registry.
#[must_use]
pub fn check() -> CheckReport {
    let mut categories: Vec<&'static str> =
        DiagnosticLabel::ALL.iter().map(|label| label.name()).collect();
    categories.sort_unstable();
    let result = DiagnosticScoringResult {
        registry_size: categories.len(),
        categories,
        both_empty_jaccard: LabelSet::default().jaccard(LabelSet::default()),
        registry_sha256: digests().diagnostic.clone(),
    };
    CheckReport {
        findings: Vec::new(),
        notes: Vec::new(),
        result: CheckResult::DiagnosticScoring(result),
    }
}
