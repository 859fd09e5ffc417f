//! The walk: what stands in the bundle, and which of it is to be opened.

use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::{FileKind, FileSource};

use super::{Digests, Gathered, Needs, Topic, Walk};
use crate::dataset::is_png;
use crate::finding::{Code, Finding};
use crate::snapshot::{BundleEntry, Inventory, Part, RequiredFiles, Snapshot};

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

/// Walks as far as is needed, and looks for the required files.
pub(super) fn walk(source: &dyn FileSource, needs: &Needs, gathered: &mut Gathered) {
    let under = match needs.walk {
        Walk::Nothing => None,
        Walk::Dataset => Some(Some(layout::constant(layout::DATASET))),
        Walk::Everything => Some(None),
    };
    if let Some(under) = under {
        gathered.snapshot.inventory = list(source, under.as_ref());
        let entries =
            gathered.snapshot.inventory.value().map_or(&[][..], |inventory| &inventory.entries);
        gathered.pending = Pending(entries.iter().map(|entry| wanted(entry, needs)).collect());
    }
    if needs.want(Topic::Required) {
        gathered.snapshot.required = required(source, needs.walk, &gathered.snapshot);
    }
}

fn list(source: &dyn FileSource, under: Option<&ReleasePath>) -> Part<Inventory> {
    match source.files(under) {
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
    let header = is_image && needs.want(Topic::Dataset);
    (digest || header).then_some(Wanted { digest, header })
}

/// Looks for every required file: in the walk if all was walked, else one by one.
fn required(source: &dyn FileSource, walk: Walk, snapshot: &Snapshot) -> Part<RequiredFiles> {
    let mut problems = Vec::new();
    let mut present = 0;
    for path in layout::required_files() {
        let kind = match snapshot.inventory.value().filter(|_| walk == Walk::Everything) {
            Some(inventory) => inventory
                .find(path.as_str())
                .map(|entry| entry.kind)
                .filter(|kind| *kind != FileKind::Symlink),
            None => None,
        };
        let kind = match kind {
            Some(kind) => Ok(kind),
            None => source.metadata(&path).map(|facts| facts.kind),
        };
        match kind {
            Ok(FileKind::File) => present += 1,
            Ok(other) => {
                let finding = Finding::new(Code::NotAFile, "a required file is something else")
                    .in_file(&path);
                problems.push(finding.comparing("a file", other));
            }
            Err(error) => problems.push(Finding::of(&error)),
        }
    }
    Part::with_problems(RequiredFiles { present }, problems)
}
