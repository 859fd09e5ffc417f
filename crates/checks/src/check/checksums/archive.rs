//! `checksums` over an archive that was not unpacked: as of a folder, and whether the archive is the one that the release pins.

use spinefairbench_artifacts::archive::StreamedArchive;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::stray::Stray;

use super::{Checksums, ChecksumsResult, DIGEST_MISMATCH, FILE_UNLISTED, LISTING, Unlisted};
use crate::bundle::{Bundle, Needs};
use crate::check::{Check, CheckError, CheckName, CheckReport, CheckResult, Judgement};
use crate::finding::Finding;

/// The check of the files of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChecksumsOfArchive {
    /// Digest and size of the archive, and what stands beside its folder.
    pub(crate) archive: StreamedArchive,
}

impl ChecksumsOfArchive {
    fn files() -> Checksums {
        Checksums { manifests: Vec::new(), unlisted: Unlisted::Fail }
    }

    /// The archive's digest is compared with the description's where that pins it: a size of 0 stands for a release that is no
    /// archive.
    fn judge_identity(&self, release: &ReleaseDescription, judgement: &mut Judgement) {
        let pinned = &release.artifact_archive;
        if pinned.size_bytes == 0 {
            judgement.notes.not_compared(
                "the release description pins no archive: the archive's digest was not compared",
            );
        } else if pinned.sha256 != self.archive.identity.sha256 {
            let message = "the archive is not the one that the release pins";
            let finding = Finding::new(DIGEST_MISMATCH, message).in_file(&pinned.filename);
            judgement.findings.push(finding.comparing(pinned.sha256, self.archive.identity.sha256));
        }
    }
}

impl Check for ChecksumsOfArchive {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn needs(&self, release: &ReleaseDescription) -> Needs {
        Self::files().needs(release)
    }

    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        self.judge_identity(release, judgement);
        judgement.findings.extend(self.archive.beside.iter().map(|path| {
            let what = Stray::of(path).map_or("not known", Stray::describe);
            let message = format!("the file stands beside the folder of the archive: {what}");
            Finding::new(FILE_UNLISTED, message).in_file(path).as_advice()
        }));
        Self::files().judge(bundle, release, judgement)
    }
}

/// The report on an archive that could not be read to its end for the reason that `problem` gives.
pub(crate) fn refused_archive(problem: Finding) -> CheckReport {
    let mut judgement = Judgement::default();
    judgement.findings.push(problem);
    judgement.report(LISTING.name, Box::new(ChecksumsResult::default()))
}
