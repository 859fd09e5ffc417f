//! From a bundle to a [`Snapshot`]: the one place of this crate that reads files.
//!
//! Input: a [`FileSource`], the release description and the [`Needs`] of the checks. Output: the snapshot. However many
//! checks concern a file, it is opened once: its digest, its size, its image header and its typed content come from the
//! same bytes. What is read is planned first (`plan`) and carried out by one scheduler (`schedule`): the panels one after
//! the other, each parsed in parallel, beside all other files in parallel; so memory peaks near the largest file.
//! Nothing depends on the order in which files happen to be read.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::FileSource;

use crate::finding::Finding;
use crate::progress::Progress;
use crate::snapshot::{Part, Snapshot};

mod dataset;
mod documents;
mod inventory;
mod mitigation_rows;
mod panels;
mod plan;
mod radiologist;
mod schedule;
mod stage1;
mod summary;

/// Which parts of a bundle are to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// What is walked.
    pub walk: Walk,
    /// Which files found by the walk are read whole for their SHA-256.
    pub digests: Digests,
    /// Which groups of documents.
    pub topics: BTreeSet<Topic>,
    /// The models whose retained reports are wanted.
    pub models: Vec<String>,
    /// The checksum manifests.
    pub manifests: Vec<ReleasePath>,
}

/// A group of documents that checks need together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The required files.
    Required,
    /// The counts and the time that `inspect` states.
    Account,
    /// The frozen prompts.
    Prompts,
    /// The anchors of the release description.
    Anchors,
    /// The frozen summary.
    Summary,
    /// Images, quality control, source lists and their declared counts.
    Dataset,
    /// The Stage-1 samples and frozen confidences.
    Stage1,
    /// The mitigation table.
    Mitigation,
    /// The reports of all conditions, with all that they point to, and the frozen analysis.
    MitigationRows,
    /// The radiologist validation.
    Radiologist,
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

impl Needs {
    /// Whether a group of documents is needed.
    fn want(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }

    /// What both ask for.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.walk = self.walk.max(other.walk);
        self.digests = self.digests.max(other.digests);
        self.topics.extend(other.topics);
        extend_unique(&mut self.models, other.models);
        extend_unique(&mut self.manifests, other.manifests);
        self
    }
}

fn extend_unique<T: PartialEq>(list: &mut Vec<T>, others: Vec<T>) {
    for other in others {
        if !list.contains(&other) {
            list.push(other);
        }
    }
}

/// Reads what `needs` ask for. Trouble with a file is a problem of its part, never an error of the call.
#[must_use]
pub fn load(
    source: &dyn FileSource,
    release: &ReleaseDescription,
    needs: &Needs,
    progress: &dyn Progress,
) -> Snapshot {
    let mut gathered = Gathered::default();
    inventory::walk(source, needs, &mut gathered);
    let mut first = plan::Plan::default();
    documents::plan(&mut first, release, needs);
    dataset::plan(&mut first, needs);
    stage1::plan_lists(&mut first, needs);
    radiologist::plan(&mut first, needs);
    if !needs.models.is_empty() {
        // Which panel is read, and for which models, stands in the panels' manifests.
        panels::plan_manifests(&mut first);
        let manifests = first.split_off(panels::is_manifest);
        schedule::carry_out(source, manifests, &mut gathered, progress);
        panels::plan_rows(&mut first, needs, &gathered);
    }
    mitigation_rows::plan(&mut first, needs);
    if needs.want(Topic::MitigationRows) {
        // Which texts the rows point to is known only when the panels were read.
        schedule::carry_out(source, std::mem::take(&mut first), &mut gathered, progress);
        mitigation_rows::plan_texts(&mut first, source, &mut gathered);
    }
    schedule::carry_out_in_two(source, first, &mut gathered, progress, |gathered| {
        let mut second = plan::Plan::default();
        stage1::plan_texts(&mut second, gathered);
        radiologist::plan_reviewers(&mut second, gathered);
        second
    });
    radiologist::finish(&mut gathered);
    mitigation_rows::finish(&mut gathered, needs);
    stage1::finish(&mut gathered);
    panels::finish(needs, &mut gathered);
    gathered.snapshot
}

/// The snapshot while it is made, with what only its making needs.
#[derive(Debug, Default)]
struct Gathered {
    snapshot: Snapshot,
    pending: inventory::Pending,
    panels: panels::Panels,
    stage1: stage1::Stage1,
    mitigation: mitigation_rows::MitigationRows,
    radiologist: radiologist::Reviewers,
}

/// A file as its readers see it.
#[derive(Debug, Clone, Copy)]
struct Content<'a> {
    path: &'a ReleasePath,
    bytes: Result<&'a [u8], &'a ArtifactError>,
    digest: Option<Sha256>,
}

impl Content<'_> {
    /// The part that `read` makes of the bytes; a file that cannot be read is its own problem.
    fn part<T>(&self, read: impl FnOnce(&str, &[u8]) -> Part<T>) -> Part<T> {
        match self.bytes {
            Ok(bytes) => read(self.path.as_str(), bytes),
            Err(error) => Part::failed(vec![Finding::of(error)]),
        }
    }
}

/// Whether a file is read alone, since it may be as large as all others together.
fn is_panel(path: &ReleasePath) -> bool {
    static PANELS: LazyLock<[ReleasePath; Panel::ALL.len()]> =
        LazyLock::new(|| Panel::ALL.map(Panel::results));
    PANELS.contains(path)
}
