//! The members of an archive against the checksum manifests among them, without writing any.
//!
//! Input: the bytes of an archive whose folder holds manifests, as the release archive does. Output: for each manifest
//! what is right, missing or different, and the files that no manifest lists. Problems are values here, all of them;
//! an error is only what keeps the archive from being read to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use super::members::{ArchiveMembers, MemberFacts, member_digests};
use super::{ARCHIVE_FOLDER, ArchiveError, ArchiveIdentity, ArchiveTerms, Watch};
use crate::digest::Sha256;
use crate::layout;
use crate::manifest::{self, ManifestProblem};
use crate::path::ReleasePath;
use crate::stray::Stray;

/// What the manifests of an archive say about its members. Paths are those of the release, below the archive's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveCheck {
    /// Digest and size of the compressed file.
    pub archive: ArchiveIdentity,
    /// Files in the archive.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// One for each manifest looked for, in the order given.
    pub manifests: Vec<ManifestCheck>,
    /// Files that no manifest lists, the manifests themselves and the strays apart.
    pub unlisted: Vec<ReleasePath>,
    /// Files that no manifest lists and that a system or a tool left; they change nothing.
    pub strays: Vec<ReleasePath>,
}

/// What one manifest says about the members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestCheck {
    /// The manifest.
    pub manifest: ReleasePath,
    /// Its own digest; `None` if the archive has no such file (or one that is absurdly large).
    pub sha256: Option<Sha256>,
    /// Listed files with the right digest.
    pub files_ok: u64,
    /// Listed files.
    pub files: u64,
    /// Bytes of the files that are right.
    pub bytes: u64,
    /// Lines that cannot be read.
    pub problems: Vec<ManifestProblem>,
    /// Listed files that are not in the archive.
    pub missing: Vec<ReleasePath>,
    /// Listed files with another digest.
    pub different: Vec<DifferentMember>,
}

/// A file that differs from its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferentMember {
    /// The file.
    pub path: ReleasePath,
    /// By the manifest.
    pub expected: Sha256,
    /// Of the bytes in the archive.
    pub actual: Sha256,
    /// How many there are.
    pub size_bytes: u64,
}

impl ArchiveCheck {
    /// Whether every manifest is there and right, and lists every file.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.unlisted.is_empty() && self.manifests.iter().all(ManifestCheck::is_right)
    }
}

impl ManifestCheck {
    /// Whether the manifest is there, can be read, and every file it lists is as it says.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.sha256.is_some() && self.problems.is_empty() && self.files_ok == self.files
    }
}

/// Compares the members of an archive with the two manifests of a bundle inside it.
///
/// # Errors
///
/// [`ArchiveError`] for an archive that would not be extracted either.
pub fn verify_members(
    source: impl Read + Send,
    terms: &ArchiveTerms,
    watch: &mut Watch<'_>,
) -> Result<ArchiveCheck, ArchiveError> {
    let folder = terms.folder.clone().unwrap_or_else(|| layout::constant(ARCHIVE_FOLDER));
    let terms = ArchiveTerms { folder: Some(folder.clone()), ..terms.clone() };
    let manifests = [layout::SHA256SUMS, layout::RADIOLOGIST_SHA256SUMS].map(layout::constant);
    let keep: BTreeSet<ReleasePath> =
        manifests.iter().map(|manifest| below(&folder, manifest)).collect();
    let members = member_digests(source, &terms, &keep, watch)?;
    Ok(compare(&members, &folder, &manifests))
}

/// The path in the archive of the release path `path`.
fn below(folder: &ReleasePath, path: &ReleasePath) -> ReleasePath {
    folder.join(path.as_str()).expect("a release path below a release path is one")
}

fn compare(
    members: &ArchiveMembers,
    folder: &ReleasePath,
    manifests: &[ReleasePath],
) -> ArchiveCheck {
    // By release path, since that is what manifests and findings speak of.
    let files: BTreeMap<&str, &MemberFacts> = members
        .files
        .iter()
        .filter_map(|(path, facts)| {
            let inside = path.as_str().strip_prefix(folder.as_str())?.strip_prefix('/')?;
            Some((inside, facts))
        })
        .collect();
    let mut listed = BTreeSet::new();
    let checks: Vec<ManifestCheck> = manifests
        .iter()
        .map(|name| {
            let kept = members.kept.get(&below(folder, name));
            check_manifest(name, kept.map(Vec::as_slice), &files, &mut listed)
        })
        .collect();
    let (strays, unlisted) = files
        .keys()
        .filter(|path| {
            !listed.contains(**path) && manifests.iter().all(|name| name.as_str() != **path)
        })
        .map(|path| path.parse().expect("the end of a release path after a slash is one"))
        .partition(|path| Stray::of(path).is_some());
    ArchiveCheck {
        archive: members.archive,
        files: members.files.len() as u64,
        bytes: members.files.values().map(|facts| facts.size_bytes).sum(),
        manifests: checks,
        unlisted,
        strays,
    }
}

fn check_manifest(
    name: &ReleasePath,
    bytes: Option<&[u8]>,
    files: &BTreeMap<&str, &MemberFacts>,
    listed: &mut BTreeSet<String>,
) -> ManifestCheck {
    let manifest = bytes.map(|bytes| manifest::parse(name.as_str(), bytes)).unwrap_or_default();
    let mut check = ManifestCheck {
        manifest: name.clone(),
        sha256: bytes.map(Sha256::of),
        files_ok: 0,
        files: manifest.entries.len() as u64,
        bytes: 0,
        problems: manifest.problems,
        missing: Vec::new(),
        different: Vec::new(),
    };
    for entry in manifest.entries {
        match files.get(entry.path.as_str()) {
            None => check.missing.push(entry.path.clone()),
            Some(facts) if facts.sha256 == entry.digest => {
                check.files_ok += 1;
                check.bytes += facts.size_bytes;
            }
            Some(facts) => check.different.push(DifferentMember {
                path: entry.path.clone(),
                expected: entry.digest,
                actual: facts.sha256,
                size_bytes: facts.size_bytes,
            }),
        }
        listed.insert(entry.path.to_string());
    }
    check
}
