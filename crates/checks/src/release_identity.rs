//! `release-identity`: is this the release that the description pins.
//!
//! Input: the digests of the anchored files and the texts of the frozen prompts. Output: how many agree.
//! Rules: `checks.md`, *release-identity*; a prompt's digest is the SHA-256 of its UTF-8 text.

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::release::ReleaseDescription;

use crate::finding::{Code, Finding, Findings};
use crate::report::{CheckReport, CheckResult};
use crate::snapshot::{Part, PromptRegistry, Snapshot};

/// How many anchors and prompts agree with the release description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseIdentityResult {
    /// Anchored files with the pinned digest.
    pub anchors_ok: usize,
    /// Anchored files.
    pub anchors: usize,
    /// The pinned revision of the archive.
    pub revision: String,
    /// Prompts with the pinned digest.
    pub frozen_prompts_ok: usize,
    /// Prompts that the description pins.
    pub frozen_prompts: usize,
}

/// Judges the anchors and the prompts.
#[must_use]
pub fn check(
    snapshot: &Snapshot,
    release: &ReleaseDescription,
    mut findings: Findings,
) -> CheckReport {
    let unread = Part::default();
    let mut anchors_ok = 0;
    for (path, pinned) in release.artifact_anchors.iter() {
        if let Err(error) = path.parse::<ReleasePath>() {
            let finding = Finding::new(
                Code::UnsafePath,
                "an anchor of the release description is no release path",
            );
            findings.push(finding.in_file(path).comparing("a path from the root", error));
            continue;
        }
        let anchor = snapshot.anchors.get(path).unwrap_or(&unread);
        let Some(computed) = anchor.open(&mut findings) else { continue };
        if computed == pinned {
            anchors_ok += 1;
        } else {
            let finding =
                Finding::new(Code::AnchorMismatch, "the file is not the one that the release pins");
            findings.push(finding.in_file(path).comparing(pinned, computed));
        }
    }
    let registry = snapshot.prompts.open(&mut findings);
    let frozen_prompts_ok =
        registry.map_or(0, |registry| prompts_that_agree(registry, release, &mut findings));
    let result = ReleaseIdentityResult {
        anchors_ok,
        anchors: release.artifact_anchors.len(),
        revision: release.artifact_archive.revision.clone(),
        frozen_prompts_ok,
        frozen_prompts: release.prompt_digests.len(),
    };
    let notes = unpinned_manifest(release).into_iter().collect();
    CheckReport { findings: findings.finish(), notes, result: CheckResult::ReleaseIdentity(result) }
}

/// A manifest that nothing pins agrees with whatever it was made from.
fn unpinned_manifest(release: &ReleaseDescription) -> Option<String> {
    let manifest = layout::SHA256SUMS;
    (!release.artifact_anchors.contains_key(manifest)).then(|| {
        format!(
            "the release description does not anchor `{manifest}`: that the listed files are the published ones was not shown"
        )
    })
}

fn prompts_that_agree(
    registry: &PromptRegistry,
    release: &ReleaseDescription,
    findings: &mut Findings,
) -> usize {
    let mut agreeing = 0;
    for (name, pinned) in release.prompt_digests.iter() {
        let Some(text) = registry.texts.get(name) else {
            let message = format!("the frozen prompt registry has no text for `{name}`");
            findings.push(Finding::new(Code::PromptMissing, message).in_file(&registry.path));
            continue;
        };
        let computed = Sha256::of(text.as_bytes());
        if computed == *pinned {
            agreeing += 1;
        } else {
            let message =
                format!("the text of prompt `{name}` is not the one that the release pins");
            let finding = Finding::new(Code::PromptDigestMismatch, message);
            findings.push(finding.in_file(&registry.path).comparing(pinned, computed));
        }
    }
    for name in registry.texts.keys().filter(|name| !release.prompt_digests.contains_key(name)) {
        let message = format!("the release has no prompt `{name}`");
        findings.push(Finding::new(Code::PromptUnexpected, message).in_file(&registry.path));
    }
    agreeing
}
