//! Carrying out checks: one alone, or the whole suite over one reading of the bundle.
//!
//! Input: a [`FileSource`], a release description and a [`Check`] or a [`Selection`]. Output: reports. The parts that the
//! chosen checks need are read once ([`crate::load`]) and every check then judges the same [`Snapshot`].

use std::collections::BTreeSet;

use rayon::prelude::*;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::FileSource;
use spinefairbench_bootstrap::{Iterations, Plan};

use crate::checksums::Unlisted;
use crate::finding::{FindingCap, Findings};
use crate::load::{Digests, Needs, Topic, Walk, load};
use crate::mitigation::Analysis;
use crate::models::ModelSelection;
use crate::progress::Progress;
use crate::report::{CheckName, CheckReport, SuiteReport};
use crate::snapshot::Snapshot;
use crate::table2::{Comparison, Intervals, PlanRequest, Table2Options};
use crate::{
    both_empty, checksums, dataset, diagnostic_scoring, gap_sensitivity, inspect, mitigation,
    parse_sample, radiologist, release_identity, stage1_confidence, table2,
};

/// A call that cannot be carried out; whatever is wrong with a bundle is a finding instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The release has no such model.
    #[error("the release has no model `{model}` (models: {})", known.join(", "))]
    UnknownModel {
        /// The name as given.
        model: String,
        /// The models of the published table.
        known: Vec<String>,
    },
    /// Intervals are to be compared that are to be drawn otherwise than the frozen ones.
    #[error(
        "the frozen intervals were drawn with `{}`, {} iterations, seed {}, not with `{}`, {} iterations, seed {}",
        frozen.generator, frozen.iterations, frozen.seed, requested.generator, requested.iterations, requested.seed
    )]
    PlanDiffersFromFrozen {
        /// How they are to be drawn.
        requested: Box<Plan>,
        /// How the frozen ones were.
        frozen: Box<Plan>,
    },
}

/// A check with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// `inspect`
    Inspect,
    /// `release-identity`
    ReleaseIdentity,
    /// `dataset`
    Dataset(ImageDigests),
    /// `stage1-confidence`
    Stage1Confidence,
    /// `mitigation`
    Mitigation,
    /// `mitigation --recompute`, with this number of resamples or the frozen one.
    MitigationRecomputed(Option<Iterations>),
    /// `parse-sample` of one model.
    ParseSample(String),
    /// `diagnostic-scoring`
    DiagnosticScoring,
    /// `table2`
    Table2(Table2Options),
    /// `gap-sensitivity`
    GapSensitivity(ModelSelection),
    /// `both-empty-diagnostic`
    BothEmptyDiagnostic(ModelSelection),
    /// `radiologist`
    Radiologist,
    /// `checksums`
    Checksums(ChecksumOptions),
}

/// Whether images are read whole where their rows state a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImageDigests {
    /// Only their ends are read, unless another check reads them whole.
    #[default]
    AsRead,
    /// They are read whole and compared.
    Compare,
}

/// What `checksums` is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChecksumOptions {
    /// The manifests; empty for both of the bundle.
    pub manifests: Vec<ReleasePath>,
    /// What becomes of files that none of them lists.
    pub unlisted: Unlisted,
}

impl ChecksumOptions {
    fn manifests(&self) -> Vec<ReleasePath> {
        if self.manifests.is_empty() {
            [layout::SHA256SUMS, layout::RADIOLOGIST_SHA256SUMS].map(layout::constant).to_vec()
        } else {
            self.manifests.clone()
        }
    }
}

impl Check {
    /// The check as the suite runs it: all models, intervals recomputed, unlisted files refused.
    #[must_use]
    pub fn of_suite(name: CheckName) -> Option<Self> {
        Some(match name {
            CheckName::Inspect => Self::Inspect,
            CheckName::ReleaseIdentity => Self::ReleaseIdentity,
            CheckName::Dataset => Self::Dataset(ImageDigests::AsRead),
            CheckName::Stage1Confidence => Self::Stage1Confidence,
            CheckName::Mitigation => Self::Mitigation,
            CheckName::ParseSample => return None,
            CheckName::DiagnosticScoring => Self::DiagnosticScoring,
            CheckName::Table2 => Self::Table2(Table2Options {
                models: ModelSelection::All,
                intervals: Intervals::Recomputed {
                    plan: PlanRequest::default(),
                    comparison: Comparison::default(),
                },
            }),
            CheckName::GapSensitivity => Self::GapSensitivity(ModelSelection::All),
            CheckName::BothEmptyDiagnostic => Self::BothEmptyDiagnostic(ModelSelection::All),
            CheckName::Radiologist => Self::Radiologist,
            CheckName::Checksums => {
                Self::Checksums(ChecksumOptions { manifests: Vec::new(), unlisted: Unlisted::Fail })
            }
        })
    }

    /// The parts of the bundle that the check reads.
    #[must_use]
    pub fn needs(&self, release: &ReleaseDescription) -> Needs {
        let models = |selection: &ModelSelection| {
            selection.of(release).into_iter().map(str::to_owned).collect()
        };
        let of = |topics: &[Topic]| Needs {
            topics: topics.iter().copied().collect(),
            ..Needs::default()
        };
        match self {
            Self::Inspect => of(&[Topic::Required, Topic::Account, Topic::Prompts, Topic::Summary]),
            Self::ReleaseIdentity => of(&[Topic::Anchors, Topic::Prompts]),
            Self::Dataset(digests) => Needs {
                walk: Walk::Dataset,
                digests: match digests {
                    ImageDigests::AsRead => Digests::Nothing,
                    ImageDigests::Compare => Digests::Images,
                },
                ..of(&[Topic::Dataset])
            },
            Self::Stage1Confidence => of(&[Topic::Stage1]),
            Self::Mitigation => of(&[Topic::Stage1, Topic::Mitigation]),
            Self::MitigationRecomputed(_) => {
                of(&[Topic::Stage1, Topic::Mitigation, Topic::MitigationRows])
            }
            Self::ParseSample(model) => Needs { models: vec![model.clone()], ..Needs::default() },
            Self::DiagnosticScoring => Needs::default(),
            Self::Table2(options) => {
                Needs { models: models(&options.models), ..of(&[Topic::Summary]) }
            }
            Self::GapSensitivity(selection) | Self::BothEmptyDiagnostic(selection) => {
                Needs { models: models(selection), ..Needs::default() }
            }
            Self::Radiologist => of(&[Topic::Radiologist]),
            Self::Checksums(options) => Needs {
                walk: Walk::Everything,
                digests: Digests::Everything,
                manifests: options.manifests(),
                ..Needs::default()
            },
        }
    }

    /// Judges what was read.
    ///
    /// # Errors
    ///
    /// [`CheckError`] for a call that cannot be carried out.
    pub fn judge(
        &self,
        snapshot: &Snapshot,
        release: &ReleaseDescription,
        cap: FindingCap,
    ) -> Result<CheckReport, CheckError> {
        let findings = Findings::new(cap);
        Ok(match self {
            Self::Inspect => inspect::check(snapshot, findings),
            Self::ReleaseIdentity => release_identity::check(snapshot, release, findings),
            Self::Dataset(_) => dataset::check(snapshot, release, findings),
            Self::Stage1Confidence => stage1_confidence::check(snapshot, findings),
            Self::Mitigation => mitigation::check(snapshot, release, Analysis::Frozen, findings),
            Self::MitigationRecomputed(iterations) => {
                mitigation::check(snapshot, release, Analysis::Recomputed(*iterations), findings)
            }
            Self::ParseSample(model) => parse_sample::check(snapshot, model, findings),
            Self::DiagnosticScoring => diagnostic_scoring::check(),
            Self::Table2(options) => return table2::check(snapshot, release, options, findings),
            Self::GapSensitivity(models) => {
                gap_sensitivity::check(snapshot, release, models, findings)
            }
            Self::BothEmptyDiagnostic(models) => {
                both_empty::check(snapshot, release, models, findings)
            }
            Self::Radiologist => radiologist::check(snapshot, release, findings),
            Self::Checksums(options) => checksums::check(snapshot, options.unlisted, findings),
        })
    }

    /// Refuses a model that the release does not have.
    fn validate(&self, release: &ReleaseDescription) -> Result<(), CheckError> {
        let (Self::ParseSample(model)
        | Self::Table2(Table2Options { models: ModelSelection::One(model), .. })
        | Self::GapSensitivity(ModelSelection::One(model))
        | Self::BothEmptyDiagnostic(ModelSelection::One(model))) = self
        else {
            return Ok(());
        };
        let known: Vec<String> = release.table2_models.iter().map(ToString::to_string).collect();
        if known.contains(model) {
            Ok(())
        } else {
            Err(CheckError::UnknownModel { model: model.clone(), known })
        }
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
    check: &Check,
    cap: FindingCap,
    progress: &dyn Progress,
) -> Result<CheckReport, CheckError> {
    check.validate(release)?;
    let snapshot = load(source, release, &check.needs(release), progress);
    let report = check.judge(&snapshot, release, cap)?;
    progress.check_done(report.check(), report.status());
    Ok(report)
}

/// Which checks of the suite are run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only these; empty for all.
    pub only: BTreeSet<CheckName>,
    /// All but these.
    pub skip: BTreeSet<CheckName>,
}

impl Selection {
    /// The selected checks, in the suite's order.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        CheckName::SUITE
            .into_iter()
            .filter(|name| {
                (self.only.is_empty() || self.only.contains(name)) && !self.skip.contains(name)
            })
            .filter_map(Check::of_suite)
            .collect()
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
    let snapshot = load(source, release, &needs, progress);
    let reports: Result<Vec<CheckReport>, CheckError> = checks
        .par_iter()
        .map(|check| {
            let report = check.judge(&snapshot, release, cap)?;
            progress.check_done(report.check(), report.status());
            Ok(report)
        })
        .collect();
    Ok(SuiteReport { checks: reports? })
}
