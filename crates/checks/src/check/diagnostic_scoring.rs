//! `diagnostic-scoring`: the frozen diagnostic registry by which reports are scored.
//!
//! The registry is built in, so that no file is read. Its categories and digest are shown, and what two reports without any label
//! score. A registry of another size than the frozen thirteen cannot be built: the categories are an enum.

use serde::Serialize;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_parsers::registry::digests;
use spinefairbench_parsers::{Category, DiagnosticLabel, LabelSet};

use crate::bundle::{Bundle, Needs};
use crate::check::{Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing};
use crate::table::Detail;

/// How the suite and the command line know the check.
pub const LISTING: Listing = Listing {
    name: CheckName::new("diagnostic-scoring"),
    alias: None,
    about: "The frozen diagnostic-label registry and its digest",
    examples: &["diagnostic-scoring --format json"],
    arguments: &[],
    from_call: Some(|_| Ok(Box::new(DiagnosticScoring))),
    in_suite: InSuite::Always(|| Box::new(DiagnosticScoring)),
    codes: &[],
};

/// The check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiagnosticScoring;

/// The frozen diagnostic registry.
#[derive(Debug, Clone, PartialEq, Serialize)]
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

impl Check for DiagnosticScoring {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn needs(&self, _: &ReleaseDescription) -> Needs {
        Needs::default()
    }

    fn judge(
        &self,
        _: &Bundle,
        _: &ReleaseDescription,
        _: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        let mut categories: Vec<&'static str> =
            DiagnosticLabel::ALL.iter().map(|label| label.name()).collect();
        categories.sort_unstable();
        Ok(Box::new(DiagnosticScoringResult {
            registry_size: categories.len(),
            categories,
            both_empty_jaccard: LabelSet::default().jaccard(LabelSet::default()),
            registry_sha256: digests().diagnostic.clone(),
        }))
    }
}

impl CheckResult for DiagnosticScoringResult {
    fn summary(&self) -> String {
        let digest = self.registry_sha256.get(..16).unwrap_or(&self.registry_sha256);
        format!("{} categories, registry {digest}", self.registry_size)
    }

    fn details(&self) -> Vec<Detail> {
        let mut lines = vec![
            format!("registry digest {}", self.registry_sha256),
            format!("two reports without a label score {:.1}", self.both_empty_jaccard),
        ];
        lines.extend(self.categories.iter().map(|category| (*category).to_owned()));
        lines.into_iter().map(Detail::Line).collect()
    }
}
