//! Carries out a plan: every file opened once, in parallel, results put in place in a fixed order.
//!
//! The panels, which may be as large as all else together, are read one after the other into one buffer, each hashed and
//! parsed by all threads; all other files are read beside them. What the first files say can ask for more files, which are
//! read while the panels still are.

use rayon::prelude::*;
use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::png_header::{self, PngHeader, PngProblem};
use spinefairbench_artifacts::source::{FileEnds, FileSource, ReadOrDigest};

use super::plan::{Deposit, Plan, Reading};
use super::{Content, Gathered, is_panel};
use crate::finding::Finding;
use crate::progress::Progress;

/// So many files are one piece of work, so that buffers are used often before they are given up.
const JOBS_AT_ONCE: usize = 16;

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
    jobs.into_par_iter()
        .with_min_len(JOBS_AT_ONCE)
        .map_init(Vec::new, |buffer, job| read_one(source, &job, buffer, progress))
        .collect()
}

/// Opens a file, once, and computes its digest.
fn read_one(
    source: &dyn FileSource,
    job: &Job,
    buffer: &mut Vec<u8>,
    progress: &dyn Progress,
) -> Outcome {
    let opened = open(source, job, buffer);
    let Opened::Whole(bytes) = &opened else {
        return outcome_of(job, opened, None, Vec::new(), progress);
    };
    let bytes = bytes.as_ref().copied();
    let digest = bytes.ok().filter(|_| job.reading.wants_digest).map(Sha256::of);
    let content = Content { path: &job.path, bytes, digest };
    let deposits = job.reading.readers.iter().map(|reader| reader(content)).collect();
    outcome_of(job, opened, digest, deposits, progress)
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
            image_problem: image_problem(job, || parse_ends(source, job, &ends)),
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
            let image_problem = image_problem(job, || png_header::parse_whole(bytes));
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
            image_problem: image_problem(job, || parse_ends(source, job, &ends)),
            ..Facts::default()
        },
        Err(error) => Facts { problem: Some(Box::new(Finding::of(&error))), ..Facts::default() },
    }
}

/// What is wrong with an image; nothing of a file that is no image.
fn image_problem(
    job: &Job,
    parse: impl FnOnce() -> Result<PngHeader, PngProblem>,
) -> Option<Box<Finding>> {
    let problem = job.wants_header.then(parse)?.err()?;
    let error = ArtifactError::Png { path: job.path.as_str().into(), problem };
    Some(Box::new(Finding::of(&error)))
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
