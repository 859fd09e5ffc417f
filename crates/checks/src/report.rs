//! What a check hands back: its findings, its notes and its typed result.
//!
//! A [`CheckReport`] is a value without location or formatting; [`crate::wire`] gives its JSON form, `report` and `cli`
//! its other forms. Whether a check passes is never stored: it passes when it has no finding.

use std::fmt;
use std::str::FromStr;

use crate::finding::Finding;
use crate::{
    both_empty, checksums, dataset, diagnostic_scoring, gap_sensitivity, inspect, mitigation,
    parse_sample, radiologist, release_identity, stage1_confidence, table2,
};

/// The checks, in the order in which `verify` reports them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckName {
    /// The required files, the prompts and the release's own counts.
    Inspect,
    /// The pinned anchors and the digests of the frozen prompts.
    ReleaseIdentity,
    /// Images, quality control and source lists.
    Dataset,
    /// The share of Stage-1 outputs that parse.
    Stage1Confidence,
    /// The published outcome of the mitigation analysis.
    Mitigation,
    /// The first usable pair of a model, parsed.
    ParseSample,
    /// The frozen diagnostic registry.
    DiagnosticScoring,
    /// The endpoints and their intervals.
    Table2,
    /// The stability gaps.
    GapSensitivity,
    /// Pairs without any diagnostic label.
    BothEmptyDiagnostic,
    /// The radiologist validation.
    Radiologist,
    /// The digest of every file.
    Checksums,
}

impl CheckName {
    /// The checks of the suite, in the order of their reports. `parse-sample` is not among them.
    pub const SUITE: [Self; 11] = [
        Self::Inspect,
        Self::ReleaseIdentity,
        Self::Dataset,
        Self::Stage1Confidence,
        Self::Mitigation,
        Self::DiagnosticScoring,
        Self::Table2,
        Self::GapSensitivity,
        Self::BothEmptyDiagnostic,
        Self::Radiologist,
        Self::Checksums,
    ];

    /// The name of the subcommand.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inspect => "inspect",
            Self::ReleaseIdentity => "release-identity",
            Self::Dataset => "dataset",
            Self::Stage1Confidence => "stage1-confidence",
            Self::Mitigation => "mitigation",
            Self::ParseSample => "parse-sample",
            Self::DiagnosticScoring => "diagnostic-scoring",
            Self::Table2 => "table2",
            Self::GapSensitivity => "gap-sensitivity",
            Self::BothEmptyDiagnostic => "both-empty-diagnostic",
            Self::Radiologist => "radiologist",
            Self::Checksums => "checksums",
        }
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A name that is no check of the suite.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no check is called `{name}`")]
pub struct UnknownCheck {
    /// The name as given.
    pub name: String,
}

impl FromStr for CheckName {
    type Err = UnknownCheck;

    /// Reads a check of the suite; `table3` is the older name of `table2`.
    fn from_str(name: &str) -> Result<Self, UnknownCheck> {
        if name == "table3" {
            return Ok(Self::Table2);
        }
        let found = Self::SUITE.into_iter().find(|check| check.as_str() == name);
        found.ok_or_else(|| UnknownCheck { name: name.into() })
    }
}

/// Whether a check found something wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// No finding.
    Pass,
    /// At least one finding.
    Fail,
}

impl Status {
    /// `pass` or `fail`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
        }
    }
}

/// What one check computed, by check.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum CheckResult {
    /// Of `inspect`.
    Inspect(inspect::InspectResult),
    /// Of `release-identity`.
    ReleaseIdentity(release_identity::ReleaseIdentityResult),
    /// Of `dataset`.
    Dataset(dataset::DatasetResult),
    /// Of `stage1-confidence`.
    Stage1Confidence(stage1_confidence::Stage1ConfidenceResult),
    /// Of `mitigation`.
    Mitigation(mitigation::MitigationResult),
    /// Of `parse-sample`.
    ParseSample(parse_sample::ParseSampleResult),
    /// Of `diagnostic-scoring`.
    DiagnosticScoring(diagnostic_scoring::DiagnosticScoringResult),
    /// Of `table2`.
    Table2(table2::Table2Result),
    /// Of `gap-sensitivity`.
    GapSensitivity(gap_sensitivity::GapSensitivityResult),
    /// Of `both-empty-diagnostic`.
    BothEmptyDiagnostic(both_empty::BothEmptyResult),
    /// Of `radiologist`.
    Radiologist(radiologist::RadiologistResult),
    /// Of `checksums`.
    Checksums(checksums::ChecksumsResult),
}

impl CheckResult {
    /// The check that computes such a result.
    #[must_use]
    pub const fn check(&self) -> CheckName {
        match self {
            Self::Inspect(_) => CheckName::Inspect,
            Self::ReleaseIdentity(_) => CheckName::ReleaseIdentity,
            Self::Dataset(_) => CheckName::Dataset,
            Self::Stage1Confidence(_) => CheckName::Stage1Confidence,
            Self::Mitigation(_) => CheckName::Mitigation,
            Self::ParseSample(_) => CheckName::ParseSample,
            Self::DiagnosticScoring(_) => CheckName::DiagnosticScoring,
            Self::Table2(_) => CheckName::Table2,
            Self::GapSensitivity(_) => CheckName::GapSensitivity,
            Self::BothEmptyDiagnostic(_) => CheckName::BothEmptyDiagnostic,
            Self::Radiologist(_) => CheckName::Radiologist,
            Self::Checksums(_) => CheckName::Checksums,
        }
    }
}

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckReport {
    /// Every problem, in the order of judgement; empty when the check passes.
    pub findings: Vec<Finding>,
    /// What the check did not compare, and why: sentences for people.
    pub notes: Vec<String>,
    /// What it computed, as far as the files allowed.
    pub result: CheckResult,
}

impl CheckReport {
    /// Which check this is.
    #[must_use]
    pub fn check(&self) -> CheckName {
        self.result.check()
    }

    /// Whether it passes: it does when it has no finding.
    #[must_use]
    pub fn status(&self) -> Status {
        if self.findings.is_empty() { Status::Pass } else { Status::Fail }
    }
}

/// The outcome of the whole suite.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteReport {
    /// One report a check, in the order of [`CheckName::SUITE`].
    pub checks: Vec<CheckReport>,
}

impl SuiteReport {
    /// How many checks pass.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.checks.iter().filter(|report| report.status() == Status::Pass).count()
    }

    /// How many checks fail.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.checks.len() - self.passed()
    }

    /// Whether the suite passes: every check that ran does.
    #[must_use]
    pub fn status(&self) -> Status {
        if self.failed() == 0 { Status::Pass } else { Status::Fail }
    }

    /// The checks of [`CheckName::SUITE`] that did not run.
    #[must_use]
    pub fn left_out(&self) -> Vec<CheckName> {
        let ran = |name: &CheckName| self.checks.iter().any(|report| report.check() == *name);
        CheckName::SUITE.into_iter().filter(|name| !ran(name)).collect()
    }

    /// What may be said of the bundle as a whole.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.status(), self.left_out()) {
            (Status::Fail, _) => Verdict::NotVerified,
            (Status::Pass, left_out) if left_out.is_empty() => Verdict::Verified,
            (Status::Pass, left_out) => Verdict::PassedInPart { left_out },
        }
    }
}

/// What a suite says of the bundle: the word *verified* belongs to the whole suite alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every check of the suite ran and passes.
    Verified,
    /// What ran passes, and these checks did not run.
    PassedInPart {
        /// In the suite's order; not empty.
        left_out: Vec<CheckName>,
    },
    /// A check fails.
    NotVerified,
}
