//! The walk: what stands in the bundle, and which of it is to be opened.

use std::collections::BTreeMap;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::finding::Finding;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::part::Part;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::{FileKind, FileSource};

use super::{Bundle, Digests, Needs, Walk};

/// What the walk found, in the order of paths.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inventory {
    /// Files, folders, links and others, sorted by path.
    pub entries: Vec<BundleEntry>,
}

/// What is known of one entry of the bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct BundleEntry {
    /// From the bundle root.
    pub path: ReleasePath,
    /// What it is; a link is listed as a link.
    pub kind: FileKind,
    /// Size in bytes, of a file that was read or measured.
    pub size: Option<u64>,
    /// SHA-256, of a file that was read whole.
    pub digest: Option<Sha256>,
    /// Why it could not be read. Boxed, as is the next, since a bundle has a hundred thousand entries and few problems.
    pub problem: Option<Box<Finding>>,
    /// What its image header shows to be wrong or worth knowing, of a PNG that was looked at.
    pub image_problem: Option<Box<Finding>>,
}

impl Inventory {
    /// What stands at `path`.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&BundleEntry> {
        self.entries.get(self.position(path)?)
    }

    /// Where `path` stands among the entries.
    pub(crate) fn position(&self, path: &str) -> Option<usize> {
        self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()
    }

    /// The entries whose path begins with `prefix`, which ends in a slash.
    #[must_use]
    pub fn below(&self, prefix: &str) -> &[BundleEntry] {
        let start = self.entries.partition_point(|entry| entry.path.as_str() < prefix);
        let length =
            self.entries[start..].partition_point(|entry| entry.path.as_str().starts_with(prefix));
        &self.entries[start..start + length]
    }
}

/// Whether a name ends in `.png` in any case.
pub(crate) fn is_png(path: &str) -> bool {
    path.len() >= 4 && path.as_bytes()[path.len() - 4..].eq_ignore_ascii_case(b".png")
}

/// What is wanted of an entry that was not opened yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// The SHA-256 of the whole file.
    pub(super) digest: bool,
    /// The header and the end of the image.
    pub(super) header: bool,
}

/// The entries that are still to be opened.
#[derive(Debug, Default)]
pub(super) struct Pending(Vec<Option<Wanted>>);

impl Pending {
    /// What is wanted of the entry; it is not pending any more.
    pub(super) fn take(&mut self, entry: usize) -> Option<Wanted> {
        self.0.get_mut(entry)?.take()
    }
}

/// Walks as far as is needed, and looks at the paths that were asked for.
pub(super) fn walk(source: &dyn FileSource, needs: &Needs) -> (Bundle, Pending) {
    let mut bundle = Bundle::default();
    if needs.walk != Walk::Nothing {
        bundle.inventory = list(source, needs.walk);
    }
    let entries = bundle.inventory.value().map_or(&[][..], |inventory| &inventory.entries);
    let pending = Pending(entries.iter().map(|entry| wanted(entry, needs)).collect());
    bundle.present = present(source, needs, bundle.inventory.value());
    (bundle, pending)
}

/// What stands where is walked.
pub(super) fn list(source: &dyn FileSource, walk: Walk) -> Part<Inventory> {
    let under = (walk == Walk::Dataset).then(|| layout::constant(layout::DATASET));
    match source.files(under.as_ref()) {
        Ok(listing) => {
            let entry = |path, kind| BundleEntry {
                path,
                kind,
                size: None,
                digest: None,
                problem: None,
                image_problem: None,
            };
            let mut entries: Vec<BundleEntry> =
                listing.entries.into_iter().map(|found| entry(found.path, found.kind)).collect();
            entries.sort_by(|left, right| left.path.cmp(&right.path));
            Part::with_problems(
                Inventory { entries },
                listing.problems.iter().map(Finding::of).collect(),
            )
        }
        Err(error) => Part::failed(vec![Finding::of(&error)]),
    }
}

/// What is wanted of an entry; a folder or a device is never opened.
fn wanted(entry: &BundleEntry, needs: &Needs) -> Option<Wanted> {
    if !matches!(entry.kind, FileKind::File | FileKind::Symlink) {
        return None;
    }
    let is_image = is_png(entry.path.as_str()) && entry.path.as_str().starts_with("dataset/");
    let digest = match needs.digests {
        Digests::Nothing => false,
        Digests::Images => is_image,
        Digests::Everything => true,
    };
    let header = is_image && needs.image_ends;
    (digest || header).then_some(Wanted { digest, header })
}

/// What stands at the paths that were asked for: as the walk found it if all was walked, else as the source says.
pub(super) fn present(
    source: &dyn FileSource,
    needs: &Needs,
    inventory: Option<&Inventory>,
) -> BTreeMap<ReleasePath, Part<FileKind>> {
    let inventory = inventory.filter(|_| needs.walk == Walk::Everything);
    let of = |path: &ReleasePath| {
        let walked = inventory.and_then(|inventory| inventory.find(path.as_str()));
        if let Some(entry) = walked.filter(|entry| entry.kind != FileKind::Symlink) {
            return Part::whole(entry.kind);
        }
        match source.metadata(path) {
            Ok(facts) => Part::whole(facts.kind),
            Err(error) => Part::failed(vec![Finding::of(&error)]),
        }
    };
    needs.present.iter().map(|path| (path.clone(), of(path))).collect()
}
