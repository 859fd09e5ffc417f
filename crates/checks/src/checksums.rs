//! `checksums`: every listed file is there with the listed SHA-256, and no file is unlisted.
//!
//! Input: the parsed manifests and the digests of the walk. Output: per manifest how many files are right, and how many
//! files no manifest lists. Rules: `checks.md`, *checksums*; the manifest's own form is judged where it is read.

use rayon::prelude::*;
use spinefairbench_artifacts::source::FileKind;

use crate::finding::{Code, Finding, Findings};
use crate::report::{CheckReport, CheckResult};
use crate::snapshot::{BundleEntry, Inventory, ManifestEntry, Snapshot};

/// What becomes of files that no manifest lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unlisted {
    /// They are counted and noted.
    #[default]
    Count,
    /// Each is a finding.
    Fail,
}

/// The files of one manifest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ManifestResult {
    /// Files that are there with the listed digest.
    pub files_ok: u64,
    /// Files listed.
    pub files: u64,
    /// Bytes of the files that are right.
    pub bytes: u64,
}

/// The files of all manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChecksumsResult {
    /// By manifest, in the order of the call; `None` for one that could not be read.
    pub manifests: Vec<(String, Option<ManifestResult>)>,
    /// Files that no manifest lists, the manifests themselves apart.
    pub unlisted_files: Option<u64>,
}

/// Judges the digests.
#[must_use]
pub fn check(snapshot: &Snapshot, unlisted: Unlisted, mut findings: Findings) -> CheckReport {
    let mut result = ChecksumsResult::default();
    let mut notes = Vec::new();
    let inventory = snapshot.inventory.open(&mut findings);
    let mut is_listed = vec![false; inventory.map_or(0, |inventory| inventory.entries.len())];
    for (_, path, manifest) in &snapshot.manifests {
        let entries = manifest.open(&mut findings);
        let counted = entries.zip(inventory).map(|(entries, inventory)| {
            judge_manifest(path.as_str(), entries, inventory, &mut is_listed, &mut findings)
        });
        result.manifests.push((path.to_string(), counted));
        if let Some(place) = inventory.and_then(|inventory| inventory.position(path.as_str())) {
            is_listed[place] = true;
        }
    }
    if let Some(inventory) = inventory {
        let surplus: Vec<&BundleEntry> = inventory
            .entries
            .iter()
            .zip(&is_listed)
            .filter(|(entry, is_listed)| entry.kind != FileKind::Directory && !**is_listed)
            .map(|(entry, _)| entry)
            .collect();
        result.unlisted_files = Some(surplus.len() as u64);
        match unlisted {
            Unlisted::Count if surplus.is_empty() => {}
            Unlisted::Count => notes.push(format!("{} files are in no manifest", surplus.len())),
            Unlisted::Fail => {
                for entry in surplus {
                    let message = "no checksum manifest lists the file";
                    findings.push(Finding::new(Code::FileUnlisted, message).in_file(&entry.path));
                }
            }
        }
    }
    CheckReport { findings: findings.finish(), notes, result: CheckResult::Checksums(result) }
}

/// Judges the entries of a manifest, and marks the files that they list.
fn judge_manifest(
    manifest: &str,
    entries: &[ManifestEntry],
    inventory: &Inventory,
    is_listed: &mut [bool],
    findings: &mut Findings,
) -> ManifestResult {
    type Judged = (Option<usize>, Result<u64, Box<Finding>>);
    let judged: Vec<Judged> = entries
        .par_iter()
        .map(|entry| {
            let place = inventory.position(entry.path.as_str());
            let found = place.and_then(|place| inventory.entries.get(place));
            (place, judge_entry(manifest, entry, found))
        })
        .collect();
    let mut result = ManifestResult { files: entries.len() as u64, ..ManifestResult::default() };
    for (place, outcome) in judged {
        if let Some(place) = place {
            is_listed[place] = true;
        }
        match outcome {
            Ok(bytes) => {
                result.files_ok += 1;
                result.bytes += bytes;
            }
            Err(finding) => findings.push(*finding),
        }
    }
    result
}

/// The size of the listed file, if it is right.
fn judge_entry(
    manifest: &str,
    entry: &ManifestEntry,
    found: Option<&BundleEntry>,
) -> Result<u64, Box<Finding>> {
    let wrong = |code, what: &str| {
        let line = entry.line;
        Finding::new(code, format!("{what}; listed on line {line} of `{manifest}`"))
            .in_file(&entry.path)
            .at_line(entry.line)
    };
    let Some(found) = found else {
        return Err(Box::new(
            wrong(Code::FileMissing, "the file is missing").comparing(entry.digest, "nothing"),
        ));
    };
    match found.digest {
        Some(digest) if digest == entry.digest => Ok(found.size.unwrap_or(0)),
        Some(digest) => {
            let what = "the file has another SHA-256";
            Err(Box::new(wrong(Code::DigestMismatch, what).comparing(entry.digest, digest)))
        }
        None if !matches!(found.kind, FileKind::File | FileKind::Symlink) => Err(Box::new(
            wrong(Code::NotAFile, "this is not a file").comparing("a file", found.kind),
        )),
        None => {
            let unread = || wrong(Code::PartNotRead, "the file was not read");
            Err(found.problem.clone().unwrap_or_else(|| Box::new(unread())))
        }
    }
}
