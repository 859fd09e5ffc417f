//! `checksums`: every listed file is there with the listed SHA-256, and no file is unlisted.
//!
//! Each digest of the walk is held against the manifests; their own form is judged where they are read.

use rayon::prelude::*;
use serde::Serialize;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::manifest::ManifestEntry;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::records::{self, checksum_manifest};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::{FileKind, FileSource};
use spinefairbench_artifacts::stray::Stray;

use crate::bundle::{self, Bundle, BundleEntry, Digests, Inventory, Needs, Walk};
use crate::by_name::ByName;
use crate::check::{
    Check, CheckError, CheckName, CheckReport, CheckResult, Comparison, InSuite, Judgement, Listing,
};
use crate::finding::{Code, Finding, FindingCap, Findings, codes};
use crate::progress::Progress;
use crate::table::{Cell, Column, Detail, Table, known};

#[cfg(feature = "archive")]
pub mod archive;
mod croissant;

codes! {
    /// A file's SHA-256 differs from the manifest's.
    DIGEST_MISMATCH = "digest_mismatch";
    /// No checksum manifest lists the file.
    FILE_UNLISTED = "file_unlisted";
    /// The Croissant metadata describes a file otherwise than it is.
    CROISSANT_MISMATCH = "croissant_mismatch";
}

/// How the suite and the command line know the check. Its command may be about several folders, so it builds its own.
pub const LISTING: Listing = Listing {
    name: CheckName::new("checksums"),
    alias: None,
    about: "Every file of a checksum manifest against its digest",
    examples: &["checksums --artifacts demo", "checksums demo/SHA256SUMS.txt --format json"],
    arguments: &[],
    from_call: None,
    in_suite: InSuite::Always(|| {
        Box::new(Checksums { manifests: Vec::new(), unlisted: Unlisted::Fail })
    }),
    codes: &[CODES],
};

/// The check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checksums {
    /// The manifests; empty for both of the bundle.
    pub manifests: Vec<ReleasePath>,
    /// What becomes of files that none of them lists.
    pub unlisted: Unlisted,
}

/// What becomes of files that no manifest lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unlisted {
    /// They are not looked for.
    Ignore,
    /// They are counted and noted.
    #[default]
    Count,
    /// Each is a finding; of what systems and tools leave beside the data ([`Stray`]) it is advice.
    Fail,
    /// Each is an error.
    FailAll,
}

/// The files of one manifest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ManifestResult {
    /// Files that are there with the listed digest.
    pub files_ok: u64,
    /// Files listed.
    pub files: u64,
    /// Bytes of the files that are right.
    pub bytes: u64,
}

/// The files of all manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ChecksumsResult {
    /// By manifest, in the order of the call; `None` for one that could not be read.
    pub manifests: ByName<Option<ManifestResult>>,
    /// Files that no manifest lists, the manifests themselves apart.
    pub unlisted_files: Option<u64>,
}

impl Checksums {
    fn manifests(&self) -> Vec<ReleasePath> {
        if self.manifests.is_empty() {
            [layout::SHA256SUMS, layout::RADIOLOGIST_SHA256SUMS].map(layout::constant).to_vec()
        } else {
            self.manifests.clone()
        }
    }

    fn unlisted_file(&self, entry: &BundleEntry) -> Finding {
        let stray = (self.unlisted == Unlisted::Fail && entry.kind == FileKind::File)
            .then(|| Stray::of(&entry.path))
            .flatten();
        let finding = |message: String| Finding::new(FILE_UNLISTED, message).in_file(&entry.path);
        let message = "no checksum manifest lists the file";
        match stray {
            Some(stray) => finding(format!("{message}: {}", stray.describe())).as_advice(),
            None => finding(message.to_owned()),
        }
    }

    fn of(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> ChecksumsResult {
        let findings = &mut judgement.findings;
        let mut result = ChecksumsResult::default();
        // A name that is no release path cannot be listed: it is a surplus file like any other.
        let weighed = |problem: &Finding| match self.unlisted {
            Unlisted::Ignore | Unlisted::Count if problem.code == Code::UNSAFE_PATH => {
                problem.clone().as_advice()
            }
            _ => problem.clone(),
        };
        findings.extend(bundle.inventory().problems().iter().map(weighed));
        let inventory = bundle.inventory().value();
        let mut is_listed = vec![false; inventory.map_or(0, |inventory| inventory.entries.len())];
        for path in self.manifests() {
            let entries = bundle.open(&checksum_manifest::document(path.clone()), findings);
            let counted = entries.zip(inventory).map(|(entries, inventory)| {
                judge_manifest(path.as_str(), entries, inventory, &mut is_listed, findings)
            });
            if let Some(place) = inventory.and_then(|inventory| inventory.position(path.as_str())) {
                is_listed[place] = true;
            }
            result.manifests.push(path.to_string(), counted);
        }
        if let Some(inventory) = inventory.filter(|_| self.manifests.is_empty()) {
            croissant::compare(bundle, inventory, release, findings);
        }
        let inventory = inventory.filter(|_| self.unlisted != Unlisted::Ignore);
        let Some(inventory) = inventory else { return result };
        let surplus: Vec<&BundleEntry> = inventory
            .entries
            .iter()
            .zip(&is_listed)
            .filter(|(entry, is_listed)| entry.kind != FileKind::Directory && !**is_listed)
            .map(|(entry, _)| entry)
            .collect();
        result.unlisted_files = Some(surplus.len() as u64);
        match self.unlisted {
            Unlisted::Ignore => {}
            Unlisted::Count if surplus.is_empty() => {}
            Unlisted::Count => {
                judgement.notes.push(format!("{} files are in no manifest", surplus.len()));
            }
            Unlisted::Fail | Unlisted::FailAll => {
                findings.extend(surplus.into_iter().map(|entry| self.unlisted_file(entry)));
            }
        }
        result
    }
}

impl Check for Checksums {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn needs(&self, _: &ReleaseDescription) -> Needs {
        let mut needs = Needs::default();
        needs.walk(Walk::Everything, Digests::Everything);
        for path in self.manifests() {
            needs.document(&checksum_manifest::document(path));
        }
        if self.manifests.is_empty() {
            needs.document(&records::croissant::document());
        }
        needs
    }

    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        Ok(Box::new(self.of(bundle, release, judgement)))
    }
}

/// One report over the manifests of several folders.
pub fn over_folders(
    folders: &[(&dyn FileSource, Checksums)],
    release: &ReleaseDescription,
    cap: FindingCap,
    progress: &dyn Progress,
) -> CheckReport {
    let mut whole = ChecksumsResult::default();
    let (mut findings, mut advice) = (Vec::new(), Vec::new());
    let mut notes = Vec::new();
    let comparison = Comparison::Published;
    for (source, check) in folders {
        let bundle = bundle::read(*source, check.needs(release), progress);
        let mut judgement = Judgement::new(cap);
        let result = check.of(&bundle, release, &mut judgement);
        let found = judgement.findings.finish().into_iter();
        let (of_folder, rest): (Vec<_>, Vec<_>) = found.partition(Finding::is_advice);
        advice.extend(of_folder);
        findings.extend(rest);
        notes.extend(judgement.notes.into_said());
        whole.manifests.0.extend(result.manifests.0);
        whole.unlisted_files = match (whole.unlisted_files, result.unlisted_files) {
            (Some(left), Some(right)) => Some(left + right),
            (left, right) => left.or(right),
        };
    }
    let report = CheckReport {
        check: LISTING.name,
        findings,
        advice,
        ours: Vec::new(),
        comparison,
        notes,
        result: Box::new(whole),
    };
    progress.check_done(report.check, report.status());
    report
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
            wrong(Code::FILE_MISSING, "the file is missing").comparing(entry.digest, "nothing"),
        ));
    };
    match found.digest {
        Some(digest) if digest == entry.digest => Ok(found.size.unwrap_or(0)),
        Some(digest) => {
            let what = "the file has another SHA-256";
            Err(Box::new(wrong(DIGEST_MISMATCH, what).comparing(entry.digest, digest)))
        }
        None if !matches!(found.kind, FileKind::File | FileKind::Symlink) => Err(Box::new(
            wrong(Code::NOT_A_FILE, "this is not a file").comparing("a file", found.kind),
        )),
        None => {
            let unread = || wrong(Code::PART_NOT_READ, "the file was not read");
            Err(found.problem.clone().unwrap_or_else(|| Box::new(unread())))
        }
    }
}

impl CheckResult for ChecksumsResult {
    fn summary(&self) -> String {
        let sum = |of: fn(&ManifestResult) -> u64| -> u64 {
            self.manifests.iter().filter_map(|(_, manifest)| manifest.as_ref()).map(of).sum()
        };
        format!(
            "{}/{} files, {} MB; {} not listed",
            sum(|manifest| manifest.files_ok),
            sum(|manifest| manifest.files),
            sum(|manifest| manifest.bytes) / 1_000_000,
            known(self.unlisted_files)
        )
    }

    fn details(&self) -> Vec<Detail> {
        let row = |(path, manifest): (&str, &Option<ManifestResult>)| {
            let count = |of: fn(&ManifestResult) -> u64| {
                manifest.as_ref().map_or(Cell::Unknown, |manifest| Cell::Count(of(manifest)))
            };
            vec![
                Cell::text(path),
                count(|manifest| manifest.files_ok),
                count(|manifest| manifest.files),
                count(|manifest| manifest.bytes),
            ]
        };
        vec![Detail::Table(Table {
            title: "Manifests",
            columns: vec![
                Column::new("manifest", "Manifest"),
                Column::new("files ok", "Files right"),
                Column::new("files", "Files"),
                Column::new("bytes", "Bytes"),
            ],
            rows: self.manifests.iter().map(row).collect(),
            caption: String::new(),
        })]
    }
}
