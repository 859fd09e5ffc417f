//! Carries out a plan: every file opened once, in parallel, results put in place in a fixed order.
//!
//! The panels, which may be as large as all else together, are read one after the other into one buffer, each hashed and
//! parsed by all threads; all other files are read beside them, a few at a time by each worker, since a processor computes the
//! digests of a few files in the time of two. What the first files say can ask for more files, which are read while the
//! panels still are.

use rayon::prelude::*;
use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::png_header;
use spinefairbench_artifacts::source::{FileEnds, FileSource, ReadOrDigest};

use super::plan::{Deposit, Plan, Reading};
use super::{Content, Gathered, is_panel};
use crate::finding::Finding;
use crate::progress::Progress;

/// So many groups of files are one piece of work, so that buffers are used often before they are given up.
const GROUPS_AT_ONCE: usize = 4;

/// A file to be opened.
#[derive(Debug)]
struct Job {
    path: ReleasePath,
    reading: Reading,
    /// Its place in the inventory.
    entry: Option<usize>,
    wants_header: bool,
}

/// What came of a file.
struct Outcome {
    deposits: Vec<Deposit>,
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

/// Reads the files of `plan`.
pub(super) fn carry_out(
    source: &dyn FileSource,
    plan: Plan,
    gathered: &mut Gathered,
    progress: &dyn Progress,
) {
    let jobs = jobs_of(plan, gathered);
    for outcome in read_all(source, jobs, progress) {
        put(outcome, gathered);
    }
}

/// Reads the files of `first`, then those that `second` asks for and all that the inventory still wants.
pub(super) fn carry_out_in_two(
    source: &dyn FileSource,
    first: Plan,
    gathered: &mut Gathered,
    progress: &dyn Progress,
    second: impl FnOnce(&mut Gathered) -> Plan + Send,
) {
    let (mut panels, others): (Vec<Job>, Vec<Job>) =
        jobs_of(first, gathered).into_iter().partition(|job| is_panel(&job.path));
    panels.extend(remaining(gathered, is_panel));
    progress.files_planned(panels.len());
    let gathered_by_others = &mut *gathered;
    let (read_panels, ()) = rayon::join(
        || {
            let mut buffer = Vec::new();
            panels
                .iter()
                .map(|job| read_panel(source, job, &mut buffer, progress))
                .collect::<Vec<_>>()
        },
        || {
            for outcome in read_all(source, others, progress) {
                put(outcome, gathered_by_others);
            }
            let plan = second(gathered_by_others);
            let mut jobs = jobs_of(plan, gathered_by_others);
            jobs.extend(remaining(gathered_by_others, |path| !is_panel(path)));
            for outcome in read_all(source, jobs, progress) {
                put(outcome, gathered_by_others);
            }
        },
    );
    for outcome in read_panels {
        put(outcome, gathered);
    }
}

/// The jobs of a plan, each with its place in the inventory; those files are then no longer pending.
fn jobs_of(plan: Plan, gathered: &mut Gathered) -> Vec<Job> {
    let pending = &mut gathered.pending;
    plan.files
        .into_iter()
        .map(|(path, mut reading)| {
            let entry = gathered
                .snapshot
                .inventory
                .value()
                .and_then(|inventory| inventory.position(path.as_str()));
            let wanted = entry.and_then(|entry| pending.take(entry));
            reading.wants_digest |= wanted.is_some_and(|wanted| wanted.digest);
            Job { path, reading, entry, wants_header: wanted.is_some_and(|wanted| wanted.header) }
        })
        .collect()
}

/// The files that the inventory wants opened and no plan has named.
fn remaining(gathered: &mut Gathered, concerns: impl Fn(&ReleasePath) -> bool) -> Vec<Job> {
    let Some(inventory) = gathered.snapshot.inventory.value() else { return Vec::new() };
    let pending = &mut gathered.pending;
    let concerned = inventory.entries.iter().enumerate().filter(|(_, entry)| concerns(&entry.path));
    concerned
        .filter_map(|(entry, found)| {
            let wanted = pending.take(entry)?;
            let reading = Reading { readers: Vec::new(), wants_digest: wanted.digest };
            Some(Job {
                path: found.path.clone(),
                reading,
                entry: Some(entry),
                wants_header: wanted.header,
            })
        })
        .collect()
}

fn read_all(source: &dyn FileSource, jobs: Vec<Job>, progress: &dyn Progress) -> Vec<Outcome> {
    progress.files_planned(jobs.len());
    let groups = jobs.into_par_iter().chunks(Sha256::AT_ONCE).with_min_len(GROUPS_AT_ONCE);
    groups
        .map_init(Buffers::default, |buffers, jobs| read_group(source, jobs, buffers, progress))
        .flatten_iter()
        .collect()
}

/// A buffer for each file of a group.
type Buffers = [Vec<u8>; Sha256::AT_ONCE];

/// Opens a few files, each once, and computes their digests together.
fn read_group(
    source: &dyn FileSource,
    jobs: Vec<Job>,
    buffers: &mut Buffers,
    progress: &dyn Progress,
) -> Vec<Outcome> {
    let opened: Vec<(Job, Opened<'_>)> = jobs
        .into_iter()
        .zip(buffers)
        .map(|(job, buffer)| {
            let opened = open(source, &job, buffer);
            (job, opened)
        })
        .collect();
    let to_hash: Vec<&[u8]> = opened
        .iter()
        .filter(|(job, _)| job.reading.wants_digest)
        .filter_map(|(_, opened)| opened.bytes())
        .collect();
    let mut digests = Sha256::of_each(&to_hash).into_iter();
    let mut outcome = |(job, opened): (Job, Opened<'_>)| {
        let is_hashed = job.reading.wants_digest && opened.bytes().is_some();
        let digest = if is_hashed { digests.next() } else { None };
        let deposits = match &opened {
            Opened::Judged(_) => Vec::new(),
            Opened::Whole(bytes) => {
                let bytes = bytes.as_ref().copied();
                let content = Content { path: &job.path, bytes, digest };
                job.reading.readers.iter().map(|reader| reader(content)).collect()
            }
        };
        outcome_of(&job, opened, digest, deposits, progress)
    };
    opened.into_iter().map(&mut outcome).collect()
}

/// Opens a panel, once. It is parsed in parallel, and its digest is one long sequential computation: they overlap.
fn read_panel(
    source: &dyn FileSource,
    job: &Job,
    buffer: &mut Vec<u8>,
    progress: &dyn Progress,
) -> Outcome {
    let opened = open(source, job, buffer);
    let Opened::Whole(bytes) = &opened else {
        return outcome_of(job, opened, None, Vec::new(), progress);
    };
    let content = Content { path: &job.path, bytes: bytes.as_ref().copied(), digest: None };
    let (digest, deposits) = rayon::join(
        || content.bytes.ok().filter(|_| job.reading.wants_digest).map(Sha256::of),
        || job.reading.readers.iter().map(|reader| reader(content)).collect(),
    );
    outcome_of(job, opened, digest, deposits, progress)
}

/// A file, as far as it is wanted.
enum Opened<'a> {
    /// All that is wanted of it is known.
    Judged(Facts),
    /// All of it.
    Whole(Result<&'a [u8], ArtifactError>),
}

impl<'a> Opened<'a> {
    fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Judged(_) => None,
            Self::Whole(bytes) => bytes.as_ref().ok().copied(),
        }
    }
}

fn open<'a>(source: &dyn FileSource, job: &Job, buffer: &'a mut Vec<u8>) -> Opened<'a> {
    if !job.reading.readers.is_empty() {
        return Opened::Whole(source.read_into(&job.path, buffer).map(|()| buffer.as_slice()));
    }
    if !job.reading.wants_digest {
        return Opened::Judged(read_ends(source, job));
    }
    let (head, tail) = (png_header::HEAD_BYTES, png_header::TAIL_BYTES);
    match source.read_or_digest(&job.path, head, tail, buffer) {
        Ok(ReadOrDigest::Read) => Opened::Whole(Ok(buffer.as_slice())),
        Ok(ReadOrDigest::Digest(digest, ends)) => Opened::Judged(Facts {
            size: Some(ends.len),
            digest: Some(digest),
            problem: None,
            image_problem: image_problem(job, &ends),
        }),
        Err(error) => Opened::Whole(Err(error)),
    }
}

fn outcome_of(
    job: &Job,
    opened: Opened<'_>,
    digest: Option<Sha256>,
    deposits: Vec<Deposit>,
    progress: &dyn Progress,
) -> Outcome {
    let facts = match opened {
        Opened::Judged(facts) => facts,
        Opened::Whole(Ok(bytes)) => {
            let ends = || FileEnds::of(bytes, png_header::HEAD_BYTES, png_header::TAIL_BYTES);
            let ends = job.wants_header.then(ends);
            let image_problem = ends.and_then(|ends| image_problem(job, &ends));
            Facts { size: Some(bytes.len() as u64), digest, problem: None, image_problem }
        }
        Opened::Whole(Err(error)) => {
            Facts { problem: Some(Box::new(Finding::of(&error))), ..Facts::default() }
        }
    };
    let was_read_whole = facts.digest.is_some() || !job.reading.readers.is_empty();
    progress.file_read(facts.size.filter(|_| was_read_whole).unwrap_or(0));
    Outcome { deposits, entry: job.entry, facts }
}

/// An image of which only size and ends are wanted.
fn read_ends(source: &dyn FileSource, job: &Job) -> Facts {
    match source.read_ends(&job.path, png_header::HEAD_BYTES, png_header::TAIL_BYTES) {
        Ok(ends) => Facts {
            size: Some(ends.len),
            image_problem: image_problem(job, &ends),
            ..Facts::default()
        },
        Err(error) => Facts { problem: Some(Box::new(Finding::of(&error))), ..Facts::default() },
    }
}

/// What is wrong with both ends of an image; nothing of a file that is no image.
fn image_problem(job: &Job, ends: &FileEnds) -> Option<Box<Finding>> {
    let read = job.wants_header.then(|| png_header::read(job.path.as_str(), ends))?;
    read.err().map(|error| Box::new(Finding::of(&error)))
}

fn put(outcome: Outcome, gathered: &mut Gathered) {
    if let Some(entry) = outcome.entry
        && let Some(entry) = gathered.snapshot.inventory.entry_mut(entry)
    {
        let Facts { size, digest, problem, image_problem } = outcome.facts;
        entry.size = size;
        entry.digest = digest;
        entry.problem = problem;
        entry.image_problem = image_problem;
    }
    for deposit in outcome.deposits {
        deposit(gathered);
    }
}
