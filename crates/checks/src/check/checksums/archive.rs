//! `verify --archive`: the members of an archive against its own manifests, as a `checksums` report.
//!
//! Input: what [`spinefairbench_artifacts::archive::verify_members`] found, nothing of which was written. Output: the report that
//! [`super::Checksums`] gives of a folder, unlisted files refused; and, where the release pins the archive, its identity.

use spinefairbench_artifacts::archive::{ArchiveCheck, ManifestCheck};
use spinefairbench_artifacts::release::ReleaseDescription;

use super::{ChecksumsResult, DIGEST_MISMATCH, FILE_UNLISTED, LISTING, ManifestResult};
use crate::check::release_identity::ANCHOR_MISMATCH;
use crate::check::{CheckReport, Judgement};
use crate::finding::{Code, Finding, FindingCap, Findings};

/// The report on an archive. Its digest and size are compared with the description's where that pins them: a size of 0
/// stands for a release that is no archive.
#[must_use]
pub fn checksums_of_archive(
    archive: &ArchiveCheck,
    release: &ReleaseDescription,
    cap: FindingCap,
) -> CheckReport {
    let mut judgement = Judgement::new(cap);
    let findings = &mut judgement.findings;
    let pinned = &release.artifact_archive;
    if pinned.size_bytes == 0 {
        judgement.notes.not_compared(
            "the release description pins no archive: the archive's digest was not compared",
        );
    } else if pinned.sha256 != archive.archive.sha256 {
        let message = "the archive is not the one that the release pins";
        let finding = Finding::new(DIGEST_MISMATCH, message).in_file(&pinned.filename);
        findings.push(finding.comparing(pinned.sha256, archive.archive.sha256));
    }
    let mut result = ChecksumsResult {
        unlisted_files: Some(archive.unlisted.len() as u64),
        ..ChecksumsResult::default()
    };
    for manifest in &archive.manifests {
        compare_anchor(manifest, release, findings);
        judge(manifest, findings);
        let counted = manifest.sha256.map(|_| ManifestResult {
            files_ok: manifest.files_ok,
            files: manifest.files,
            bytes: manifest.bytes,
        });
        result.manifests.push(manifest.manifest.to_string(), counted);
    }
    for path in &archive.unlisted {
        let message = "no checksum manifest lists the file";
        findings.push(Finding::new(FILE_UNLISTED, message).in_file(path));
    }
    judgement.report(LISTING.name, Box::new(result))
}

/// A manifest that was made together with the files it lists agrees with them, whatever they are; the release says which
/// manifest is its own.
fn compare_anchor(manifest: &ManifestCheck, release: &ReleaseDescription, findings: &mut Findings) {
    let pinned = release.artifact_anchors.get(manifest.manifest.as_str());
    if let (Some(pinned), Some(computed)) = (pinned, manifest.sha256)
        && *pinned != computed
    {
        let message = "the file is not the one that the release pins";
        let finding = Finding::new(ANCHOR_MISMATCH, message).in_file(&manifest.manifest);
        findings.push(finding.comparing(pinned, computed));
    }
}

fn judge(manifest: &ManifestCheck, findings: &mut Findings) {
    if manifest.sha256.is_none() {
        let message = "the archive has no such manifest";
        findings.push(Finding::new(Code::FILE_MISSING, message).in_file(&manifest.manifest));
    }
    for problem in &manifest.problems {
        findings.push(Finding::of(problem));
    }
    for path in &manifest.missing {
        let message = format!("the file is missing; listed in `{}`", manifest.manifest);
        findings.push(
            Finding::new(Code::FILE_MISSING, message).in_file(path).comparing("a file", "nothing"),
        );
    }
    for member in &manifest.different {
        let message = format!("the file has another SHA-256; listed in `{}`", manifest.manifest);
        let finding = Finding::new(DIGEST_MISMATCH, message).in_file(&member.path);
        findings.push(finding.comparing(member.expected, member.actual));
    }
}

/// The report on an archive that could not be read to its end for the reason that `problem` gives.
#[must_use]
pub fn refused_archive(problem: Finding) -> CheckReport {
    let mut judgement = Judgement::default();
    judgement.findings.push(problem);
    judgement.report(LISTING.name, Box::new(ChecksumsResult::default()))
}
