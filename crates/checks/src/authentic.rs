//! Files that are the published ones by their digests, and what a problem with one of them means.
//!
//! A file is the published one if it has the digest that the release description pins, or that a manifest lists whose own digest is
//! pinned. Nobody can have changed such a file; where a reader refuses it, it is the reader that is wrong, and the report says so
//! instead of blaming the bundle.

use std::collections::{BTreeMap, BTreeSet};

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::part::Part;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::records::checksum_manifest;
use spinefairbench_artifacts::release::ReleaseDescription;

use crate::bundle::Bundle;
use crate::check::{CheckReport, dataset};
use crate::finding::{Code, Finding};
use crate::suite;

/// The files of a bundle that are the published ones.
#[derive(Debug)]
pub(crate) struct Authentic<'a> {
    bundle: &'a Bundle,
    release: &'a ReleaseDescription,
    /// What the manifests list that are pinned themselves.
    listed: BTreeMap<&'a str, Sha256>,
}

impl<'a> Authentic<'a> {
    pub(crate) fn of(bundle: &'a Bundle, release: &'a ReleaseDescription) -> Self {
        let mut authentic = Self { bundle, release, listed: BTreeMap::new() };
        for manifest in [layout::SHA256SUMS, layout::RADIOLOGIST_SHA256SUMS] {
            if authentic.is_pinned(manifest) {
                let document = checksum_manifest::document(layout::constant(manifest));
                let entries = bundle.part(&document).and_then(Part::value).into_iter().flatten();
                authentic.listed.extend(entries.map(|entry| (entry.path.as_str(), entry.digest)));
            }
        }
        authentic
    }

    fn computed(&self, path: &str) -> Option<Sha256> {
        let walked = self.bundle.inventory().value().and_then(|inventory| inventory.find(path));
        walked.and_then(|entry| entry.digest).or_else(|| {
            let path: ReleasePath = path.parse().ok()?;
            self.bundle.known_digest(&path)
        })
    }

    fn is_pinned(&self, path: &str) -> bool {
        let Self { release, .. } = self;
        let pinned = release.artifact_anchors.get(path).or(release.scope_manifests.get(path));
        pinned.is_some() && self.computed(path) == pinned.copied()
    }

    fn holds(&self, path: &str) -> bool {
        let is_listed = || {
            let listed = self.listed.get(path);
            listed.is_some() && self.computed(path) == listed.copied()
        };
        self.is_pinned(path) || is_listed()
    }

    /// Sets aside what the report finds wrong in reading such files, and says what that means.
    pub(crate) fn clear(&self, report: &mut CheckReport) {
        let concerns = |finding: &Finding, is_meant: fn(Code) -> bool| {
            is_meant(finding.code) && finding.path.as_deref().is_some_and(|path| self.holds(path))
        };
        let findings = std::mem::take(&mut report.findings);
        for finding in findings {
            if concerns(&finding, |code| code == dataset::PNG_DIGEST_MISMATCH) {
                // The image is the published one, so that the record of its digest is another image's.
                report.advice.push(finding.as_advice());
            } else if concerns(&finding, is_of_reading) {
                report.ours.push(finding);
            } else {
                report.findings.push(finding);
            }
        }
        // The line that counts what is not listed has no place; it follows the findings that are.
        for list in [&report.ours, &report.advice] {
            let set_aside: BTreeSet<Code> = list.iter().map(|finding| finding.code).collect();
            let is_placed = |finding: &Finding| finding.path.is_some();
            let kept: BTreeSet<Code> = report
                .findings
                .iter()
                .filter(|left| is_placed(left))
                .map(|left| left.code)
                .collect();
            report.findings.retain(|finding| {
                is_placed(finding)
                    || !set_aside.contains(&finding.code)
                    || kept.contains(&finding.code)
            });
        }
        let files: BTreeSet<&str> =
            report.ours.iter().filter_map(|finding| finding.path.as_deref()).collect();
        for file in files {
            report.notes.push(format!(
                "`{file}` is the published file by its digest, and this program cannot read it: the disagreement is ours, not the bundle's. \
                 Please report it with what is listed under `ours` and the version of the program; the verdict is that of the rest"
            ));
        }
    }
}

/// Whether a code is about reading a file, and not about what its values mean.
fn is_of_reading(code: Code) -> bool {
    const OF_JUDGEMENT: [Code; 5] = [
        Code::FILE_MISSING,
        Code::NOT_A_FILE,
        Code::MODEL_UNLISTED,
        Code::NO_USABLE_PAIR,
        Code::PART_NOT_READ,
    ];
    let is_shared = Code::SHARED.contains(&code) && !OF_JUDGEMENT.contains(&code);
    is_shared || !suite::codes().any(|known| known == code)
}
