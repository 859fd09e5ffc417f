//! A bundle as the checks see it: the one place of this crate that reads files.
//!
//! Input: a [`FileSource`], and what the chosen checks say that they need ([`Needs`]). Output: a [`Bundle`], the typed parts of the
//! files. However many checks concern a file, it is opened once: its digest, its size, its image header and its typed content come
//! from the same bytes. What one file says can ask for more files (a [`Follower`]); those are read in rounds until nothing new is
//! asked for. A part that nobody asked for says so when it is opened, so a check can neither panic nor pass on what was never
//! read. Nothing depends on the order in which files happen to be read. No report text and no image is kept.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::finding::{Code, Finding};
use spinefairbench_artifacts::part::{Document, Part};
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::{FileKind, FileSource};

use crate::finding::Findings;
use crate::progress::Progress;

mod inventory;
pub(crate) mod mitigation_rows;
#[cfg(feature = "archive")]
mod passed;
pub(crate) mod retained;
mod schedule;
pub(crate) mod stage1;

pub(crate) use inventory::is_png;
pub use inventory::{BundleEntry, Inventory};
#[cfg(feature = "archive")]
pub use passed::read_archive;
pub use retained::{RetainedModel, RetainedPair};

/// What is to be read of a bundle.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    walk: Walk,
    digests: Digests,
    image_ends: bool,
    documents: BTreeMap<Key, AnyDocument>,
    digests_of: BTreeSet<ReleasePath>,
    present: BTreeSet<ReleasePath>,
    listings: BTreeSet<ReleasePath>,
    models: Vec<String>,
    followers: Vec<Follower>,
}

/// What is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Walk {
    /// Nothing.
    #[default]
    Nothing,
    /// The folder `dataset`.
    Dataset,
    /// The whole bundle.
    Everything,
}

/// Which files found by the walk are read whole for their SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Digests {
    /// None; an image is opened for its two ends alone.
    #[default]
    Nothing,
    /// The images below `dataset/`.
    Images,
    /// Every file.
    Everything,
}

/// What the parts that were read ask for besides.
#[derive(Debug, Clone, Copy)]
pub struct Follower {
    /// Adds what is needed to the needs; may ask for the same again, since every file is read once.
    pub ask: fn(&Bundle, &mut Needs),
    /// Whether it looks at the rows of panels, which are the largest files: all else then waits for them.
    pub reads_panels: bool,
}

/// Which part: a file may be read as several.
type Key = (ReleasePath, TypeId);

/// Parts of any type.
type AnyPart = Box<dyn Any + Send + Sync>;

/// How the content of a file becomes a part.
type AnyReader = dyn Fn(Result<&[u8], &ArtifactError>) -> AnyPart + Send + Sync;

/// A [`Document`] of any type.
#[derive(Clone)]
struct AnyDocument {
    part: Arc<AnyReader>,
}

impl fmt::Debug for AnyDocument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AnyDocument").finish_non_exhaustive()
    }
}

fn key<T: 'static>(document: &Document<T>) -> Key {
    (document.path().clone(), TypeId::of::<T>())
}

impl Needs {
    /// What is walked, and which of the files found are read whole for their SHA-256.
    pub fn walk(&mut self, walk: Walk, digests: Digests) -> &mut Self {
        self.walk = self.walk.max(walk);
        self.digests = self.digests.max(digests);
        self
    }

    /// The two ends of every image that is walked.
    pub fn image_ends(&mut self) -> &mut Self {
        self.image_ends = true;
        self
    }

    /// A document.
    pub fn document<T: Send + Sync + 'static>(&mut self, document: &Document<T>) -> &mut Self {
        self.documents.entry(key(document)).or_insert_with(|| {
            let document = document.clone();
            AnyDocument { part: Arc::new(move |bytes| Box::new(document.part(bytes))) }
        });
        self
    }

    /// The SHA-256 of a file.
    pub fn digest_of(&mut self, path: ReleasePath) -> &mut Self {
        self.digests_of.insert(path);
        self
    }

    /// What stands at a path.
    pub fn present(&mut self, paths: impl IntoIterator<Item = ReleasePath>) -> &mut Self {
        self.present.extend(paths);
        self
    }

    /// What stands in a folder.
    pub fn listing(&mut self, folder: ReleasePath) -> &mut Self {
        self.listings.insert(folder);
        self
    }

    /// The retained reports of models.
    pub fn retained<'a>(&mut self, models: impl IntoIterator<Item = &'a str>) -> &mut Self {
        for model in models {
            if !self.models.iter().any(|known| known == model) {
                self.models.push(model.to_owned());
            }
        }
        self
    }

    /// What the parts that were read ask for besides.
    pub fn following(&mut self, follower: Follower) -> &mut Self {
        self.followers.push(follower);
        self
    }

    /// What both ask for.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.walk(other.walk, other.digests);
        self.image_ends |= other.image_ends;
        for (key, document) in other.documents {
            self.documents.entry(key).or_insert(document);
        }
        self.digests_of.extend(other.digests_of);
        self.present.extend(other.present);
        self.listings.extend(other.listings);
        self.retained(other.models.iter().map(String::as_str));
        self.followers.extend(other.followers);
        self
    }

    /// Whether nothing at all is to be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.walk == Walk::Nothing
            && self.documents.is_empty()
            && self.digests_of.is_empty()
            && self.present.is_empty()
            && self.listings.is_empty()
            && self.models.is_empty()
    }
}

/// Everything that was read of a bundle.
#[derive(Debug, Default)]
pub struct Bundle {
    inventory: Part<Inventory>,
    parts: BTreeMap<Key, AnyPart>,
    digests: BTreeMap<ReleasePath, Part<Sha256>>,
    present: BTreeMap<ReleasePath, Part<FileKind>>,
    listings: BTreeMap<ReleasePath, Part<Vec<ReleasePath>>>,
    retained: BTreeMap<String, RetainedModel>,
}

impl Bundle {
    /// The part that a document was read as; nothing, if nobody asked for it.
    #[must_use]
    pub fn part<T: 'static>(&self, document: &Document<T>) -> Option<&Part<T>> {
        self.parts.get(&key(document))?.downcast_ref()
    }

    /// The value of a document as far as there is one.
    #[must_use]
    pub fn value<T: 'static>(&self, document: &Document<T>) -> Option<&T> {
        self.part(document)?.value()
    }

    /// The value of a document as far as there is one; the problems of reading it go to `findings`.
    pub fn open<T: 'static>(&self, document: &Document<T>, findings: &mut Findings) -> Option<&T> {
        open(self.part(document), findings)
    }

    /// The problems of all parts of one type, in the order of the files.
    fn problems_of<T: 'static>(&self) -> impl Iterator<Item = &Finding> {
        let parts = self.parts.values().filter_map(|part| part.downcast_ref::<Part<T>>());
        parts.flat_map(Part::problems)
    }

    /// What the walk found.
    #[must_use]
    pub fn inventory(&self) -> &Part<Inventory> {
        &self.inventory
    }

    /// The SHA-256 of a file that was asked for.
    pub fn digest(&self, path: &ReleasePath, findings: &mut Findings) -> Option<Sha256> {
        open(self.digests.get(path), findings).copied()
    }

    /// The SHA-256 of a file, if it was asked for and computed.
    pub(crate) fn known_digest(&self, path: &ReleasePath) -> Option<Sha256> {
        self.digests.get(path)?.value().copied()
    }

    /// What stands at a path that was asked for.
    pub fn kind(&self, path: &ReleasePath, findings: &mut Findings) -> Option<FileKind> {
        open(self.present.get(path), findings).copied()
    }

    /// What stands in a folder that was asked for.
    #[must_use]
    pub fn listing(&self, folder: &ReleasePath) -> Option<&Part<Vec<ReleasePath>>> {
        self.listings.get(folder)
    }

    /// The retained reports of a model that was asked for.
    #[must_use]
    pub fn retained(&self, model: &str) -> Option<&RetainedModel> {
        self.retained.get(model)
    }

    /// The validated pairs of `model`; the problems of its rows go to `findings`.
    pub fn retained_pairs(&self, model: &str, findings: &mut Findings) -> Option<&[RetainedPair]> {
        let Some(retained) = self.retained.get(model) else {
            let message = format!("the reports of `{model}` were not read");
            findings.push(Finding::new(Code::PART_NOT_READ, message));
            return None;
        };
        retained.panel.open(findings)?;
        retained.pairs.open(findings).map(Vec::as_slice)
    }
}

fn open<'a, T>(part: Option<&'a Part<T>>, findings: &mut Findings) -> Option<&'a T> {
    let Some(part) = part else {
        findings.extend(Part::<T>::default().problems().iter().cloned());
        return None;
    };
    part.open(findings)
}

/// Reads what `needs` ask for. Trouble with a file is a problem of its part, never an error of the call.
#[must_use]
pub fn read(source: &dyn FileSource, needs: Needs, progress: &dyn Progress) -> Bundle {
    let models = needs.models.clone();
    let mut bundle = schedule::carry_out(source, needs, progress);
    bundle.retained = retained::pair_up(&bundle, &models);
    retained::drop_rows(&mut bundle);
    bundle
}
