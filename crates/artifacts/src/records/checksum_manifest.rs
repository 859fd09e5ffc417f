//! The checksum manifests of a bundle ([`crate::manifest`]), as parts.

use crate::finding::Finding;
use crate::manifest::{self, ManifestEntry};
use crate::part::{Document, Part};
use crate::path::ReleasePath;

/// The entries of the manifest `path`, in file order.
#[must_use]
pub fn document(path: ReleasePath) -> Document<Vec<ManifestEntry>> {
    Document::new(path, |path, bytes| {
        let read = manifest::parse(path, bytes);
        Part::with_problems(read.entries, read.problems.iter().map(Finding::of).collect())
    })
}
