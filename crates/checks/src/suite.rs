//! The list of checks, and carrying them out: one alone, or the whole suite over one reading of the bundle.
//!
//! [`CHECKS`] is the only list of checks in the workspace: commands, selections, verdicts and every output follow from it.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use rayon::prelude::*;
use serde::Serialize;
use serde::ser::Serializer;
use spinefairbench_artifacts::ids::ModelName;
use spinefairbench_artifacts::release::{ReleaseBasis, ReleaseDescription};
use spinefairbench_artifacts::source::FileSource;

use crate::authentic::Authentic;
use crate::bundle::{self, Bundle, Needs};
use crate::check::{
    Check, CheckError, CheckName, CheckReport, Comparison, GivenFile, InSuite, Judgement, Listing,
    SCHEMA_VERSION, Status, both_empty_diagnostic, checksums, dataset, diagnostic_scoring,
    followup, gap_sensitivity, hallucination, inspect, mitigation, parse_sample, radiologist,
    release_identity, stage1_confidence, table2,
};
use crate::finding::{Code, FindingCap};
use crate::models::ModelSelection;
use crate::progress::Progress;

#[cfg(feature = "archive")]
pub mod archive;

/// Every check, in the order in which `verify` reports them.
pub const CHECKS: &[Listing] = &[
    inspect::LISTING,
    release_identity::LISTING,
    dataset::LISTING,
    stage1_confidence::LISTING,
    mitigation::LISTING,
    parse_sample::LISTING,
    diagnostic_scoring::LISTING,
    table2::LISTING,
    gap_sensitivity::LISTING,
    both_empty_diagnostic::LISTING,
    radiologist::LISTING,
    hallucination::LISTING,
    followup::LISTING,
    checksums::LISTING,
];

/// The names of the checks that belong to every verdict, in the suite's order.
pub fn names() -> impl Iterator<Item = CheckName> {
    let always = |listing: &&Listing| matches!(listing.in_suite, InSuite::Always(_));
    CHECKS.iter().filter(always).map(|listing| listing.name)
}

/// Every code that a judgement gives; those of reading belong to `artifacts`.
pub fn codes() -> impl Iterator<Item = Code> {
    let own = CHECKS.iter().flat_map(|listing| listing.codes).copied().flatten();
    Code::SHARED.iter().chain(crate::published::CODES).chain(own).copied()
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

    /// Reads the name of a check of the suite.
    fn from_str(name: &str) -> Result<Self, UnknownCheck> {
        let is_meant = |listing: &&Listing| {
            !matches!(listing.in_suite, InSuite::Never)
                && (listing.name.as_str() == name || listing.alias == Some(name))
        };
        let found = CHECKS.iter().find(is_meant);
        found.map(|listing| listing.name).ok_or_else(|| UnknownCheck { name: name.into() })
    }
}

/// Carries out one check, reading no more than it needs.
///
/// # Errors
///
/// [`CheckError`] for a call that cannot be carried out.
pub fn run(
    source: &dyn FileSource,
    release: &ReleaseDescription,
    check: &dyn Check,
    cap: FindingCap,
    progress: &dyn Progress,
) -> Result<CheckReport, CheckError> {
    if let Some(ModelSelection::One(model)) = check.models()
        && !release.table2_models.iter().any(|known| known.as_str() == model)
    {
        let known = release.table2_models.iter().map(ModelName::to_string).collect();
        return Err(CheckError::UnknownModel { model: model.clone(), known });
    }
    let bundle = bundle::read(source, check.needs(release), progress);
    judge(check, &bundle, release, cap, progress)
}

/// The report of one check on a bundle that was read.
///
/// # Errors
///
/// [`CheckError`] for a call that cannot be carried out.
pub fn judge(
    check: &dyn Check,
    bundle: &Bundle,
    release: &ReleaseDescription,
    cap: FindingCap,
    progress: &dyn Progress,
) -> Result<CheckReport, CheckError> {
    let mut judgement = Judgement::new(cap);
    let result = check.judge(bundle, release, &mut judgement)?;
    let report = judgement.report(check.name(), result);
    progress.check_done(report.check, report.status());
    Ok(report)
}

/// Which checks of the suite are run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only these; empty for all.
    pub only: BTreeSet<CheckName>,
    /// All but these.
    pub skip: BTreeSet<CheckName>,
    /// The files that the call gives, by option: what is about them runs too.
    pub files: BTreeMap<&'static str, GivenFile>,
}

impl Selection {
    /// The selected checks, in the suite's order.
    #[must_use]
    pub fn checks(&self) -> Vec<Box<dyn Check>> {
        let is_selected = |name: &CheckName| {
            (self.only.is_empty() || self.only.contains(name)) && !self.skip.contains(name)
        };
        let check = |listing: &Listing| match listing.in_suite {
            InSuite::Never => None,
            InSuite::Always(check) => Some(check()),
            InSuite::Given { argument, check } => self.files.get(argument).map(check),
        };
        CHECKS.iter().filter(|listing| is_selected(&listing.name)).filter_map(check).collect()
    }

    /// The options that the checks named alone need and the call lacks, each with the check.
    pub fn missing_files(&self) -> impl Iterator<Item = (CheckName, &'static str)> {
        CHECKS.iter().filter(|listing| self.only.contains(&listing.name)).filter_map(|listing| {
            match listing.in_suite {
                InSuite::Given { argument, .. } if !self.files.contains_key(argument) => {
                    Some((listing.name, argument))
                }
                _ => None,
            }
        })
    }
}

/// Carries out the suite over one reading of the bundle.
///
/// # Errors
///
/// [`CheckError`] for a call that cannot be carried out; the suite itself asks for nothing that could fail so.
pub fn verify(
    source: &dyn FileSource,
    release: &ReleaseDescription,
    selection: &Selection,
    cap: FindingCap,
    progress: &dyn Progress,
) -> Result<SuiteReport, CheckError> {
    let checks = selection.checks();
    let needs =
        checks.iter().map(|check| check.needs(release)).fold(Needs::default(), Needs::union);
    let bundle = bundle::read(source, needs, progress);
    judge_all(&checks, &bundle, release, cap, progress)
}

fn judge_all(
    checks: &[Box<dyn Check>],
    bundle: &Bundle,
    release: &ReleaseDescription,
    cap: FindingCap,
    progress: &dyn Progress,
) -> Result<SuiteReport, CheckError> {
    let authentic = Authentic::of(bundle, release);
    let reports: Result<Vec<CheckReport>, CheckError> = checks
        .par_iter()
        .map(|check| {
            let mut report = judge(check.as_ref(), bundle, release, cap, progress)?;
            authentic.clear(&mut report);
            Ok(report)
        })
        .collect();
    Ok(SuiteReport { basis: release.basis(), checks: reports? })
}

/// The outcome of the whole suite.
#[derive(Debug)]
pub struct SuiteReport {
    /// What the verdict rests on.
    pub basis: ReleaseBasis,
    /// One report a check, in the suite's order.
    pub checks: Vec<CheckReport>,
}

impl SuiteReport {
    /// How many checks pass.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.count(Status::Pass)
    }

    /// How many checks fail.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(Status::Fail)
    }

    fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|report| report.status() == status).count()
    }

    /// How many pieces of advice there are.
    #[must_use]
    pub fn advice(&self) -> usize {
        self.checks.iter().map(|report| report.advice.len()).sum()
    }

    /// Takes every piece of advice for an error.
    pub fn refuse_advice(&mut self) {
        for report in &mut self.checks {
            report.findings.append(&mut report.advice);
        }
    }

    /// Whether the suite passes: no check fails, and at least one passes.
    #[must_use]
    pub fn status(&self) -> Status {
        if self.failed() == 0 && self.passed() > 0 { Status::Pass } else { Status::Fail }
    }

    /// The checks of the suite that did not run, or could not be judged.
    #[must_use]
    pub fn left_out(&self) -> Vec<CheckName> {
        let ran = |name: &CheckName| {
            let of_name = self.checks.iter().find(|report| report.check == *name);
            of_name.is_some_and(|report| report.status() != Status::NotJudged)
        };
        names().filter(|name| !ran(name)).collect()
    }

    /// The checks that ran and had something to compare with nothing.
    #[must_use]
    pub fn not_compared(&self) -> Vec<CheckName> {
        let reports = self.checks.iter();
        let alone = reports.filter(|report| report.comparison == Comparison::BundleAlone);
        alone.map(|report| report.check).collect()
    }

    /// What may be said of the bundle as a whole.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.status() == Status::Fail {
            return Verdict::NotVerified;
        }
        let left_out = self.left_out();
        if !left_out.is_empty() {
            return Verdict::PassedInPart { left_out };
        }
        let not_compared = self.not_compared();
        if not_compared.is_empty() {
            Verdict::Verified
        } else {
            Verdict::Consistent { not_compared }
        }
    }

    /// The JSON form, whose findings are those of its checks; the time is the caller's measurement.
    #[must_use]
    pub fn timed(&self, elapsed_ms: u64) -> TimedSuite<'_> {
        TimedSuite {
            schema_version: SCHEMA_VERSION,
            check: "verify",
            status: self.status().as_str(),
            findings: [],
            result: SuiteResult {
                checks: &self.checks,
                passed: self.passed(),
                failed: self.failed(),
                advice: self.advice(),
                left_out: self.left_out(),
                not_compared: self.not_compared(),
                verdict: self.verdict().as_str(),
                release: &self.basis,
                elapsed_ms,
            },
        }
    }
}

/// A suite's report with the time that it took, as it is written.
#[derive(Debug, Serialize)]
pub struct TimedSuite<'a> {
    schema_version: &'static str,
    check: &'static str,
    status: &'static str,
    findings: [(); 0],
    result: SuiteResult<'a>,
}

#[derive(Debug, Serialize)]
struct SuiteResult<'a> {
    checks: &'a [CheckReport],
    passed: usize,
    failed: usize,
    advice: usize,
    left_out: Vec<CheckName>,
    not_compared: Vec<CheckName>,
    verdict: &'static str,
    release: &'a ReleaseBasis,
    elapsed_ms: u64,
}

impl Serialize for CheckName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a suite says of the bundle: the word *verified* belongs to the whole suite, compared with a whole description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every check of the suite ran, was compared with what the release publishes, and passes.
    Verified,
    /// Every check ran and passes, and these had nothing published to compare with: the bundle agrees with itself, and whether it is
    /// the published one was not shown.
    Consistent {
        /// In the suite's order; not empty.
        not_compared: Vec<CheckName>,
    },
    /// What ran passes, and these checks did not run.
    PassedInPart {
        /// In the suite's order; not empty.
        left_out: Vec<CheckName>,
    },
    /// A check fails.
    NotVerified,
}

impl Verdict {
    /// The verdict in a word or two.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Consistent { .. } => "consistent",
            Self::PassedInPart { .. } => "passed in part",
            Self::NotVerified => "not verified",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_and_no_code_stands_twice_and_all_are_plain() {
        let plain = |name: &str, mark: u8| {
            name.bytes()
                .all(|byte| byte == mark || byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let names: BTreeSet<&str> = CHECKS.iter().map(|listing| listing.name.as_str()).collect();
        assert_eq!(names.len(), CHECKS.len());
        assert!(names.iter().all(|name| plain(name, b'-')), "{names:?}");
        let distinct: BTreeSet<Code> = codes().collect();
        assert_eq!(distinct.len(), codes().count());
        assert!(distinct.iter().all(|code| plain(code.as_str(), b'_')), "{distinct:?}");
    }

    #[test]
    fn a_check_is_called_as_it_is_listed() {
        for listing in CHECKS {
            let check = match listing.in_suite {
                InSuite::Never => continue,
                InSuite::Always(check) => check(),
                InSuite::Given { check, .. } => {
                    check(&GivenFile { name: "given".into(), bytes: Vec::new() })
                }
            };
            assert_eq!(check.name(), listing.name);
        }
    }
}
