//! Carries out a plan: every file opened once, in parallel, results put in place in a fixed order.
//!
//! The panels, which may be as large as all else together, are read one after the other into one buffer, each hashed and
//! parsed by all threads; all other files are read beside them, a buffer a worker. What the first files say can ask for more
//! files, which are read while the panels still are.

use rayon::prelude::*;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::png_header;
use spinefairbench_artifacts::source::{FileEnds, FileSource};

use super::plan::{Deposit, Plan, Reading};
use super::{Content, Gathered, is_panel};
use crate::finding::Finding;
use crate::progress::Progress;

/// So many files are one piece of work, so that a buffer is used often before it is given up.
const FILES_AT_ONCE: usize = 16;

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
    problem: Option<Finding>,
    image_problem: Option<Finding>,
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
                .into_iter()
                .map(|job| read_one(source, job, &mut buffer, progress))
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
        .with_min_len(FILES_AT_ONCE)
        .map_init(Vec::new, |buffer, job| read_one(source, job, buffer, progress))
        .collect()
}

/// Opens one file, once.
fn read_one(
    source: &dyn FileSource,
    job: Job,
    buffer: &mut Vec<u8>,
    progress: &dyn Progress,
) -> Outcome {
    let Job { path, reading, entry, wants_header } = job;
    if reading.readers.is_empty() && !reading.wants_digest {
        let facts = read_ends(source, &path);
        progress.file_read(0);
        return Outcome { deposits: Vec::new(), entry, facts };
    }
    if reading.readers.is_empty() {
        let facts = read_digest(source, &path, wants_header, buffer);
        progress.file_read(facts.size.unwrap_or(0));
        return Outcome { deposits: Vec::new(), entry, facts };
    }
    let bytes = source.read_into(&path, buffer).map(|()| buffer.as_slice());
    let mut facts = Facts::default();
    let mut content = Content { path: &path, bytes: bytes.as_ref().copied(), digest: None };
    let mut deposits = Vec::with_capacity(reading.readers.len());
    if is_panel(&path) && reading.wants_digest {
        // A panel is parsed in parallel, and its digest is one long sequential computation: they overlap.
        let (digest, read) = rayon::join(
            || content.bytes.ok().map(Sha256::of),
            || reading.readers.iter().map(|reader| reader(content)).collect::<Vec<_>>(),
        );
        facts.digest = digest;
        deposits = read;
    } else {
        if reading.wants_digest {
            facts.digest = content.bytes.ok().map(Sha256::of);
            content.digest = facts.digest;
        }
        deposits.extend(reading.readers.iter().map(|reader| reader(content)));
    }
    match &bytes {
        Ok(bytes) => {
            facts.size = Some(bytes.len() as u64);
            if wants_header {
                let ends = FileEnds::of(bytes, png_header::HEAD_BYTES, png_header::TAIL_BYTES);
                facts.image_problem = image_problem(&path, &ends);
            }
            progress.file_read(bytes.len() as u64);
        }
        Err(error) => {
            facts.problem = Some(Finding::of(error));
            progress.file_read(0);
        }
    }
    Outcome { deposits, entry, facts }
}

/// A file that nothing parses: its digest, and the image's ends where they are wanted.
fn read_digest(
    source: &dyn FileSource,
    path: &ReleasePath,
    wants_header: bool,
    buffer: &mut Vec<u8>,
) -> Facts {
    match source.digest(path, png_header::HEAD_BYTES, png_header::TAIL_BYTES, buffer) {
        Ok((digest, ends)) => Facts {
            size: Some(ends.len),
            digest: Some(digest),
            problem: None,
            image_problem: wants_header.then(|| image_problem(path, &ends)).flatten(),
        },
        Err(error) => Facts { problem: Some(Finding::of(&error)), ..Facts::default() },
    }
}

/// An image of which only size and ends are wanted.
fn read_ends(source: &dyn FileSource, path: &ReleasePath) -> Facts {
    match source.read_ends(path, png_header::HEAD_BYTES, png_header::TAIL_BYTES) {
        Ok(ends) => Facts {
            size: Some(ends.len),
            image_problem: image_problem(path, &ends),
            ..Facts::default()
        },
        Err(error) => Facts { problem: Some(Finding::of(&error)), ..Facts::default() },
    }
}

fn image_problem(path: &ReleasePath, ends: &FileEnds) -> Option<Finding> {
    png_header::read(path.as_str(), ends).err().map(|error| Finding::of(&error))
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
