//! Checksum manifests: which file has which digest.
//!
//! Input: the bytes of a manifest, one entry a line: 64 hex digits of either case, a space, a space or `*`, a release
//! path. Output: the entries in file order and every problem with its line. Lines end where Python's `splitlines` ends
//! them, as for the original's reader; blank lines are passed over. Everything else is a problem, comments and the other forms of the common tools included: those tools
//! pass over such lines with at most a warning, and so would vouch for files that they never read.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::digest::Sha256;
use crate::error::Diagnostic;
use crate::path::{ReleasePath, UnsafePath};
use crate::text::{self, EncodingProblem, shown};

mod line;

pub use line::LineFault;

/// A checksum manifest, as far as it could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChecksumManifest {
    /// The entries, in file order; of several with the same path the first alone.
    pub entries: Vec<ManifestEntry>,
    /// All problems, in file order.
    pub problems: Vec<ManifestProblem>,
}

/// One line of a checksum manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestEntry {
    /// Line, from 1.
    pub line: u64,
    /// The digest that the file should have.
    pub digest: Sha256,
    /// The file.
    pub path: ReleasePath,
}

/// What is wrong with a checksum manifest, or with one line of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{manifest}`{}: {fault}", line_suffix(*line))]
pub struct ManifestProblem {
    /// The manifest.
    pub manifest: Box<str>,
    /// Line, from 1; none for the manifest as a whole.
    pub line: Option<u64>,
    /// What is wrong.
    pub fault: ManifestFault,
}

/// The kinds of [`ManifestProblem`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestFault {
    /// The file is no UTF-8 text.
    #[error("{0}")]
    Encoding(EncodingProblem),
    /// No entry at all.
    #[error("lists no file")]
    Empty,
    /// A line of another form.
    #[error("{fault} (found `{found}`)")]
    Malformed {
        /// Which form.
        fault: LineFault,
        /// The start of the line.
        found: String,
    },
    /// A path that breaks the rules.
    #[error(transparent)]
    UnsafePath(UnsafePath),
    /// A path that an earlier line has too, or has but for case (full folding) or Unicode composition.
    #[error("the path `{}` stands already in line {first} as `{}`", shown(path), shown(first_path))]
    Duplicate {
        /// The path.
        path: String,
        /// The earlier line.
        first: u64,
        /// The path of the earlier line.
        first_path: String,
        /// Whether both lines state the same digest.
        same_digest: bool,
    },
}

/// Reads the manifest `name` whose content is `bytes`.
///
/// ```
/// # use spinefairbench_artifacts::manifest;
/// let text = format!("{}  a.txt\n{} *./b.txt\n", "0".repeat(64), "F".repeat(64));
/// let manifest = manifest::parse("SHA256SUMS.txt", text.as_bytes());
/// assert_eq!(manifest.entries[0].path.as_str(), "a.txt");
/// assert_eq!(manifest.problems[0].line, Some(2));
/// ```
#[must_use]
pub fn parse(name: &str, bytes: &[u8]) -> ChecksumManifest {
    let problem = |line, fault| ManifestProblem { manifest: name.into(), line, fault };
    let mut manifest = ChecksumManifest::default();
    let text = match text::check_encoding(bytes) {
        Ok(text) => text,
        Err(fault) => {
            let line = match fault {
                EncodingProblem::InvalidUtf8 { line, .. } => Some(line),
                _ => None,
            };
            manifest.problems.push(problem(line, ManifestFault::Encoding(fault)));
            return manifest;
        }
    };
    let mut paths = Paths::default();
    for (line, place) in text::python_lines(text) {
        let text = &text[place];
        if text.trim().is_empty() {
            continue;
        }
        match read_line(line, text) {
            Ok(entry) => match paths.admit(&manifest.entries, &entry) {
                Ok(()) => manifest.entries.push(entry),
                Err(fault) => manifest.problems.push(problem(Some(line), fault)),
            },
            Err(fault) => manifest.problems.push(problem(Some(line), fault)),
        }
    }
    if manifest.entries.is_empty() && manifest.problems.is_empty() {
        manifest.problems.push(problem(None, ManifestFault::Empty));
    }
    manifest
}

/// The text of a manifest: one line for each entry, in the order given.
pub fn write<'a>(entries: impl IntoIterator<Item = (Sha256, &'a ReleasePath)>) -> String {
    let mut text = String::new();
    for (digest, path) in entries {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{digest}  {path}");
    }
    text
}

fn read_line(line: u64, text: &str) -> Result<ManifestEntry, ManifestFault> {
    let (digest, path) = line::split(text)
        .map_err(|fault| ManifestFault::Malformed { fault, found: shown(text) })?;
    let path = path.parse().map_err(ManifestFault::UnsafePath)?;
    Ok(ManifestEntry { line, digest, path })
}

/// The paths seen so far, under their folded names. Looked up by key only.
#[derive(Default)]
struct Paths(HashMap<String, usize>);

impl Paths {
    fn admit(
        &mut self,
        entries: &[ManifestEntry],
        entry: &ManifestEntry,
    ) -> Result<(), ManifestFault> {
        match self.0.entry(entry.path.fold_key()) {
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(entries.len());
                Ok(())
            }
            std::collections::hash_map::Entry::Occupied(taken) => {
                let first = &entries[*taken.get()];
                Err(ManifestFault::Duplicate {
                    path: entry.path.to_string(),
                    first: first.line,
                    first_path: first.path.to_string(),
                    same_digest: first.digest == entry.digest,
                })
            }
        }
    }
}

fn line_suffix(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(" line {line}"))
}

impl Diagnostic for ManifestProblem {
    fn code(&self) -> &'static str {
        match &self.fault {
            ManifestFault::Encoding(_) => "manifest_encoding",
            ManifestFault::Empty => "manifest_empty",
            ManifestFault::Malformed { .. } => "manifest_malformed_line",
            ManifestFault::UnsafePath(_) => "manifest_unsafe_path",
            ManifestFault::Duplicate { .. } => "manifest_duplicate_path",
        }
    }

    fn path(&self) -> Option<&str> {
        Some(&self.manifest)
    }

    fn line(&self) -> Option<u64> {
        self.line
    }

    fn expected(&self) -> Option<String> {
        Some(match &self.fault {
            ManifestFault::Encoding(_) => "UTF-8 without a byte order mark".to_owned(),
            ManifestFault::Empty => "at least one entry".to_owned(),
            ManifestFault::Malformed { .. } => line::FORM.to_owned(),
            ManifestFault::UnsafePath(problem) => problem.expected()?,
            ManifestFault::Duplicate { .. } => "each path once".to_owned(),
        })
    }

    fn actual(&self) -> Option<String> {
        Some(match &self.fault {
            ManifestFault::Encoding(problem) => problem.to_string(),
            ManifestFault::Empty => "none".to_owned(),
            ManifestFault::Malformed { found, .. } => found.clone(),
            ManifestFault::UnsafePath(problem) => problem.actual()?,
            ManifestFault::Duplicate { first, same_digest, .. } => {
                let digests = if *same_digest { "the same digest" } else { "another digest" };
                format!("line {first} has it with {digests}")
            }
        })
    }
}
