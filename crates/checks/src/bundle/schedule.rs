//! Reads what is needed: every file opened once, in parallel, results put in place in a fixed order.
//!
//! The panels, which may be as large as all else together, are read one after the other into one buffer, each hashed and
//! parsed by all threads; all other files are read beside them. What the first files say can ask for more files, which are
//! read while the panels still are. So memory peaks near the largest file.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use rayon::prelude::*;
use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::finding::{Code, Finding};
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_artifacts::part::Part;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::png_header::{self, PngHeader, PngProblem};
use spinefairbench_artifacts::source::{FileEnds, FileSource, ReadOrDigest};

use super::inventory::{self, Pending};
use super::{AnyDocument, AnyPart, Bundle, Follower, Needs, retained};
use crate::progress::Progress;

/// So many files are one piece of work, so that buffers are used often before they are given up.
const JOBS_AT_ONCE: usize = 16;

/// A file to be opened.
#[derive(Debug)]
struct Job {
    path: ReleasePath,
    documents: Vec<(TypeId, AnyDocument)>,
    wants_digest: bool,
    /// Whether somebody asked for the digest by name.
    keeps_digest: bool,
    /// Its place in the inventory.
    entry: Option<usize>,
    wants_header: bool,
}

/// What came of a file.
struct Outcome {
    parts: Vec<(TypeId, AnyPart)>,
    kept_digest: Option<Part<Sha256>>,
    path: ReleasePath,
    entry: Option<usize>,
    facts: Facts,
}

/// What the inventory learns of a file.
#[derive(Default)]
struct Facts {
    size: Option<u64>,
    digest: Option<Sha256>,
    problem: Option<Box<Finding>>,
    image_problem: Option<Box<Finding>>,
}

/// The bundle with its files read, as far as `needs` ask for them.
pub(super) fn carry_out(source: &dyn FileSource, needs: Needs, progress: &dyn Progress) -> Bundle {
    let walked = inventory::walk(source, &needs);
    carry_on(source, needs, walked, progress)
}

/// The bundle of which some parts are there, with all else read that `needs` ask for.
pub(super) fn carry_on(
    source: &dyn FileSource,
    mut needs: Needs,
    (bundle, pending): (Bundle, Pending),
    progress: &dyn Progress,
) -> Bundle {
    let mut schedule = Schedule { source, progress, bundle, pending };
    if !needs.models.is_empty() {
        // Which panels are read, and for which models, stands in the panels' manifests.
        retained::ask_for_manifests(&mut needs);
        let manifests = schedule.jobs(&mut needs, retained::is_manifest);
        schedule.read(manifests);
        retained::ask_for_rows(&schedule.bundle, &mut needs);
    }
    let followers = std::mem::take(&mut needs.followers);
    if followers.iter().any(|follower| follower.reads_panels) {
        schedule.read_in_rounds(&mut needs, &followers, Rest::Leave);
    }
    schedule.read_in_rounds(&mut needs, &followers, Rest::Read);
    schedule.bundle
}

/// What becomes of the files that only the inventory wants opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// They are read last, when nothing more is asked for.
    Read,
    /// They wait, since more of them may be asked for.
    Leave,
}

struct Schedule<'a> {
    source: &'a dyn FileSource,
    progress: &'a dyn Progress,
    bundle: Bundle,
    pending: Pending,
}

impl Schedule<'_> {
    /// Reads the panels, and beside them all else, until nothing new is asked for.
    fn read_in_rounds(&mut self, needs: &mut Needs, followers: &[Follower], rest: Rest) {
        let mut panels = self.jobs(needs, is_panel);
        if rest == Rest::Read {
            panels.extend(self.remaining(is_panel));
        }
        self.progress.files_planned(panels.len());
        let (source, progress) = (self.source, self.progress);
        let (read_panels, ()) = rayon::join(
            || {
                let mut buffer = Vec::new();
                let read = |job| read_panel(source, job, &mut buffer, progress);
                panels.into_iter().map(read).collect::<Vec<_>>()
            },
            || {
                loop {
                    for follower in followers {
                        (follower.ask)(&self.bundle, needs);
                    }
                    let is_new = self.list_folders(needs);
                    let jobs = self.jobs(needs, |path| !is_panel(path));
                    if jobs.is_empty() && !is_new {
                        break;
                    }
                    self.read(jobs);
                }
                if rest == Rest::Read {
                    let jobs = self.remaining(|path| !is_panel(path));
                    self.read(jobs);
                }
            },
        );
        for outcome in read_panels {
            self.put(outcome);
        }
    }

    /// Lists the folders that are asked for; whether there was a new one.
    fn list_folders(&mut self, needs: &mut Needs) -> bool {
        let asked = std::mem::take(&mut needs.listings);
        let mut is_new = false;
        for folder in asked {
            let source = self.source;
            self.bundle.listings.entry(folder).or_insert_with_key(|folder| {
                is_new = true;
                match source.files(Some(folder)) {
                    Ok(listing) => {
                        Part::whole(listing.entries.into_iter().map(|entry| entry.path).collect())
                    }
                    Err(error) => Part::failed(vec![Finding::of(&error)]),
                }
            });
        }
        is_new
    }

    /// Takes from `needs` what concerns the picked files, each file one job with its place in the inventory; what was read before
    /// is not read again.
    fn jobs(&mut self, needs: &mut Needs, concerns: impl Fn(&ReleasePath) -> bool) -> Vec<Job> {
        let mut jobs: BTreeMap<ReleasePath, Job> = BTreeMap::new();
        let new_job = |path: &ReleasePath| Job {
            path: path.clone(),
            documents: Vec::new(),
            wants_digest: false,
            keeps_digest: false,
            entry: None,
            wants_header: false,
        };
        for (key, document) in std::mem::take(&mut needs.documents) {
            if !concerns(&key.0) {
                needs.documents.insert(key, document);
            } else if !self.bundle.parts.contains_key(&key) {
                let job = jobs.entry(key.0).or_insert_with_key(new_job);
                job.documents.push((key.1, document));
            }
        }
        for path in std::mem::take(&mut needs.digests_of) {
            if !concerns(&path) {
                needs.digests_of.insert(path);
            } else if !self.bundle.digests.contains_key(&path) {
                let job = jobs.entry(path).or_insert_with_key(new_job);
                (job.wants_digest, job.keeps_digest) = (true, true);
            }
        }
        let mut jobs: Vec<Job> = jobs.into_values().collect();
        for job in &mut jobs {
            let inventory = self.bundle.inventory.value();
            job.entry = inventory.and_then(|inventory| inventory.position(job.path.as_str()));
            if let Some(wanted) = job.entry.and_then(|entry| self.pending.take(entry)) {
                job.wants_digest |= wanted.digest;
                job.wants_header = wanted.header;
            }
        }
        jobs
    }

    /// The files that the inventory wants opened and nobody has asked for.
    fn remaining(&mut self, concerns: impl Fn(&ReleasePath) -> bool) -> Vec<Job> {
        let Some(inventory) = self.bundle.inventory.value() else { return Vec::new() };
        let pending = &mut self.pending;
        let entries = inventory.entries.iter().enumerate();
        entries
            .filter(|(_, entry)| concerns(&entry.path))
            .filter_map(|(entry, found)| {
                let wanted = pending.take(entry)?;
                Some(Job {
                    path: found.path.clone(),
                    documents: Vec::new(),
                    wants_digest: wanted.digest,
                    keeps_digest: false,
                    entry: Some(entry),
                    wants_header: wanted.header,
                })
            })
            .collect()
    }

    fn read(&mut self, jobs: Vec<Job>) {
        self.progress.files_planned(jobs.len());
        let (source, progress) = (self.source, self.progress);
        let outcomes: Vec<Outcome> = jobs
            .into_par_iter()
            .with_min_len(JOBS_AT_ONCE)
            .map_init(Vec::new, |buffer, job| read_one(source, job, buffer, progress))
            .collect();
        for outcome in outcomes {
            self.put(outcome);
        }
    }

    fn put(&mut self, outcome: Outcome) {
        let Outcome { parts, kept_digest, path, entry, facts } = outcome;
        let inventory = self.bundle.inventory.value_mut();
        if let Some(found) = entry.zip(inventory).and_then(|(at, all)| all.entries.get_mut(at)) {
            let Facts { size, digest, problem, image_problem } = facts;
            // What was known before stays: a file may be read again for another part.
            found.size = size.or(found.size);
            found.digest = digest.or(found.digest);
            found.problem = problem.or(found.problem.take());
            found.image_problem = image_problem.or(found.image_problem.take());
        }
        if let Some(digest) = kept_digest {
            self.bundle.digests.insert(path.clone(), digest);
        }
        for (type_id, part) in parts {
            self.bundle.parts.insert((path.clone(), type_id), part);
        }
    }
}

/// Whether a file is read alone, since it may be as large as all others together.
fn is_panel(path: &ReleasePath) -> bool {
    static PANELS: LazyLock<[ReleasePath; Panel::ALL.len()]> =
        LazyLock::new(|| Panel::ALL.map(Panel::results));
    PANELS.contains(path)
}

/// Opens a file, once, and computes its digest.
fn read_one(
    source: &dyn FileSource,
    job: Job,
    buffer: &mut Vec<u8>,
    progress: &dyn Progress,
) -> Outcome {
    let opened = open(source, &job, buffer);
    let Opened::Whole(bytes) = &opened else {
        return outcome_of(job, opened, None, Vec::new(), progress);
    };
    let bytes = bytes.as_ref().copied();
    let digest = bytes.ok().filter(|_| job.wants_digest).map(Sha256::of);
    let parts = parts_of(&job, bytes);
    outcome_of(job, opened, digest, parts, progress)
}

/// Opens a panel, once. It is parsed in parallel, and its digest is one long sequential computation: they overlap.
fn read_panel(
    source: &dyn FileSource,
    job: Job,
    buffer: &mut Vec<u8>,
    progress: &dyn Progress,
) -> Outcome {
    let opened = open(source, &job, buffer);
    let Opened::Whole(bytes) = &opened else {
        return outcome_of(job, opened, None, Vec::new(), progress);
    };
    let bytes = bytes.as_ref().copied();
    let (digest, parts) = rayon::join(
        || bytes.ok().filter(|_| job.wants_digest).map(Sha256::of),
        || parts_of(&job, bytes),
    );
    outcome_of(job, opened, digest, parts, progress)
}

/// Everything that is to be made of a file.
fn parts_of(job: &Job, bytes: Result<&[u8], &ArtifactError>) -> Vec<(TypeId, AnyPart)> {
    job.documents.iter().map(|(type_id, document)| (*type_id, (document.part)(bytes))).collect()
}

/// A file, as far as it is wanted.
enum Opened<'a> {
    /// All that is wanted of it is known.
    Judged(Facts),
    /// All of it.
    Whole(Result<&'a [u8], ArtifactError>),
}

fn open<'a>(source: &dyn FileSource, job: &Job, buffer: &'a mut Vec<u8>) -> Opened<'a> {
    if !job.documents.is_empty() {
        return Opened::Whole(source.read_into(&job.path, buffer).map(|()| buffer.as_slice()));
    }
    if !job.wants_digest {
        return Opened::Judged(read_ends(source, job));
    }
    let (head, tail) = (png_header::HEAD_BYTES, png_header::TAIL_BYTES);
    match source.read_or_digest(&job.path, head, tail, buffer) {
        Ok(ReadOrDigest::Read) => Opened::Whole(Ok(buffer.as_slice())),
        Ok(ReadOrDigest::Digest(digest, ends)) => Opened::Judged(Facts {
            size: Some(ends.len),
            digest: Some(digest),
            problem: None,
            image_problem: image_problem(job, || parse_ends(source, job, &ends)),
        }),
        Err(error) => Opened::Whole(Err(error)),
    }
}

fn outcome_of(
    job: Job,
    opened: Opened<'_>,
    digest: Option<Sha256>,
    parts: Vec<(TypeId, AnyPart)>,
    progress: &dyn Progress,
) -> Outcome {
    let facts = match opened {
        Opened::Judged(facts) => facts,
        Opened::Whole(Ok(bytes)) => {
            let image_problem = image_problem(&job, || png_header::parse_whole(bytes));
            Facts { size: Some(bytes.len() as u64), digest, problem: None, image_problem }
        }
        Opened::Whole(Err(error)) => {
            Facts { problem: Some(Box::new(Finding::of(&error))), ..Facts::default() }
        }
    };
    let was_read_whole = facts.digest.is_some() || !job.documents.is_empty();
    progress.file_read(facts.size.filter(|_| was_read_whole).unwrap_or(0));
    let kept_digest = job.keeps_digest.then(|| match (facts.digest, &facts.problem) {
        (Some(digest), _) => Part::whole(digest),
        (None, Some(problem)) => Part::failed(vec![problem.as_ref().clone()]),
        (None, None) => Part::default(),
    });
    Outcome { parts, kept_digest, path: job.path, entry: job.entry, facts }
}

/// An image of which only size and ends are wanted.
fn read_ends(source: &dyn FileSource, job: &Job) -> Facts {
    match source.read_ends(&job.path, png_header::HEAD_BYTES, png_header::TAIL_BYTES) {
        Ok(ends) => Facts {
            size: Some(ends.len),
            image_problem: image_problem(job, || parse_ends(source, job, &ends)),
            ..Facts::default()
        },
        Err(error) => Facts { problem: Some(Box::new(Finding::of(&error))), ..Facts::default() },
    }
}

/// What is wrong with an image, or worth knowing; nothing of a file that is no image.
fn image_problem(
    job: &Job,
    parse: impl FnOnce() -> Result<PngHeader, PngProblem>,
) -> Option<Box<Finding>> {
    let problem = match job.wants_header.then(parse)? {
        Ok(PngHeader { trailing_bytes: 0, .. }) => return None,
        Ok(PngHeader { trailing_bytes, .. }) => {
            let message = format!("{trailing_bytes} bytes follow the end of the image");
            Finding::new(Code::PNG_TRAILING_BYTES, message).in_file(&job.path).as_advice()
        }
        Err(problem) => {
            Finding::of(&ArtifactError::Png { path: job.path.as_str().into(), problem })
        }
    };
    Some(Box::new(problem))
}

/// The header of an image by its two ends; where they show no end of the picture, all of the file is looked through.
fn parse_ends(
    source: &dyn FileSource,
    job: &Job,
    ends: &FileEnds,
) -> Result<PngHeader, PngProblem> {
    match png_header::parse(ends) {
        Err(PngProblem::Truncated { .. }) if ends.len > png_header::TAIL_BYTES as u64 => source
            .read(&job.path)
            .map_or_else(|_| png_header::parse(ends), |bytes| png_header::parse_whole(&bytes)),
        parsed => parsed,
    }
}
