//! The suite over an archive, in one pass and with nothing unpacked.

use std::io::Read;

use spinefairbench_artifacts::archive::{ArchiveError, ArchiveTerms, Watch};
use spinefairbench_artifacts::release::ReleaseDescription;

use super::{Selection, SuiteReport, judge_all};
use crate::bundle::{Needs, read_archive};
use crate::check::checksums::archive::{ChecksumsOfArchive, refused_archive};
use crate::check::{Check, CheckError, checksums};
use crate::finding::{Finding, FindingCap};
use crate::progress::Progress;

/// Why an archive has no verdict.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoVerdict {
    /// It could not be read to its end.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The call asks for what cannot be carried out.
    #[error(transparent)]
    Call(#[from] CheckError),
}

/// Carries out the suite while `archive` passes. The check of its files also says whether the archive is the pinned one.
///
/// # Errors
///
/// [`NoVerdict`]; [`refused`] makes a verdict of an archive that is at fault itself.
pub fn verify_archive(
    archive: impl Read + Send,
    terms: &ArchiveTerms,
    release: &ReleaseDescription,
    selection: &Selection,
    (cap, progress): (FindingCap, &dyn Progress),
    watch: &mut Watch<'_>,
) -> Result<SuiteReport, NoVerdict> {
    let mut checks = selection.checks();
    let needs =
        checks.iter().map(|check| check.needs(release)).fold(Needs::default(), Needs::union);
    let (bundle, archive) = read_archive(archive, terms, needs, watch, progress)?;
    if let Some(check) = checks.iter_mut().find(|check| check.name() == checksums::LISTING.name) {
        let of_archive: Box<dyn Check> = Box::new(ChecksumsOfArchive { archive });
        *check = of_archive;
    }
    Ok(judge_all(&checks, &bundle, release, cap, progress)?)
}

/// The verdict on the archive called `name`, which cannot be read to its end for the reason that `error` gives.
#[must_use]
pub fn refused(release: &ReleaseDescription, name: &str, error: &ArchiveError) -> SuiteReport {
    let report = refused_archive(Finding::of(error).in_file(name));
    SuiteReport { basis: release.basis(), checks: vec![report] }
}
