//! Many pictures: every edit of every source, with quality control and retries, across shards and interruptions.
//!
//! Input: a list of sources, a [`Painter`] (a loaded model) and a plan. Output: pictures that passed and an append-only
//! journal with one line per pair. The unit of work is a group of sources, one unless [`BatchPlan::sources_at_once`] says
//! otherwise: its edits are painted together whatever the shard, and a group that was interrupted is painted again from its
//! first attempt, so that neither sharding nor a kill can change a byte. [`crate::assemble`] makes a dataset of the journals.
//!
//! Four stages with bounded queues between them: reading, painting (on the caller's thread), quality control, which hands back what is to
//! be painted again, and writing. So the painter waits for the others only when they are slower than it is.
//!
//! Seed rule `sha256-low32`: the first attempt of a pair takes the low 32 bits of the big-endian number that the first
//! eight bytes of SHA-256 of `"<base seed>/<pair id>"` spell; attempt `k` (from 1) adds `k - 1`.

mod content;
mod group;
mod journal;
mod judging;
mod painting;
mod preflight;
mod sources;
mod writing;

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::str::FromStr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{EditLabel, PairId};
use spinefairbench_imaging::{GreyImage, RgbImage, Thresholds};

pub use content::{BatchContent, read_batch};
pub(crate) use journal::other_keys;
pub use journal::{
    ImageFacts, JOURNAL_FOLDER, Journal, JournalContent, JournalLine, PairRow, journal_path,
};
pub use preflight::{Preflight, preflight};
pub use sources::{InvalidShard, Shard, SourceEntry, read_sources};

use group::{Group, LoadedSource, Member};
use judging::Judging;
use painting::{MOST_OPEN, Painting};

use crate::device::UnknownChoice;
use crate::prepare::{PrepareOptions, PreparedSource};
use crate::{Edit, GeneratorError, NULL_PROMPT, Seed};

/// Name of the seed rule, recorded with every batch.
pub const SEED_RULE: &str = "sha256-low32";

/// How sources are made ready, on any thread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Preparation {
    /// Side of the square picture.
    pub image_size: u32,
    /// The autoencoder's reduction.
    pub reduction: u32,
    /// How files are read and resized.
    pub options: PrepareOptions,
}

/// A source and what to make of it in one pass.
#[derive(Debug)]
pub struct SourceEdits<'a> {
    /// The source.
    pub source: &'a PreparedSource,
    /// The edits, each with the seed of its noise.
    pub edits: Vec<(Edit, Seed)>,
}

/// A loaded model, as far as a batch needs it.
pub trait Painter {
    /// How sources are made ready for it.
    fn preparation(&self) -> Preparation;

    /// One picture for every edit of every source, in order, painted as one pass.
    ///
    /// # Errors
    ///
    /// Without a picture: that memory ran out, that something is wrong with one of the sources, or what keeps the whole batch from
    /// going on.
    fn paint(&self, pass: &[SourceEdits<'_>]) -> Result<Vec<RgbImage>, GeneratorError>;

    /// What identifies the model; two shards are merged only if it is equal.
    fn provenance(&self) -> Map<String, Value>;
}

/// A learned measure of how far two pictures are apart (LPIPS).
pub trait Perceptual {
    /// The distance of two pictures of one size.
    ///
    /// # Errors
    ///
    /// If the pictures are too small, or torch fails.
    fn distance(
        &mut self,
        source: &GreyImage,
        generated: &GreyImage,
    ) -> Result<f64, GeneratorError>;
}

/// Pictures of one source in a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchSize {
    /// So many at most, at least one; running out of memory ends the batch.
    Pictures(usize),
    /// All edits of a source. A pass for which memory runs out is halved, and so are those after it.
    Auto,
}

impl fmt::Display for BatchSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pictures(pictures) => pictures.fmt(formatter),
            Self::Auto => formatter.pad("auto"),
        }
    }
}

impl FromStr for BatchSize {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        let pictures = || text.parse().ok().filter(|pictures| *pictures > 0).map(Self::Pictures);
        if text == "auto" { Some(Self::Auto) } else { pictures() }
            .ok_or_else(|| UnknownChoice { text: text.into(), expected: "`auto`, a number from 1" })
    }
}

/// What a batch does with each pair.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchPlan {
    /// Goes into the seed of every pair.
    pub base_seed: Seed,
    /// Bounds of the quality control.
    pub thresholds: Thresholds,
    /// Attempts per pair, at least one.
    pub max_attempts: u32,
    /// Pictures of one source in a pass.
    pub batch_size: BatchSize,
    /// Sources of a pass, at least one.
    pub sources_at_once: usize,
    /// Weight of the source inside a mask.
    pub mask_blend: f64,
}

impl BatchPlan {
    /// Most pictures of a pass, unless memory runs out.
    fn pictures_at_once(&self) -> usize {
        let of_one_source = match self.batch_size {
            BatchSize::Pictures(pictures) => pictures,
            BatchSize::Auto => EditLabel::ALL.len(),
        };
        of_one_source.max(1) * self.sources_at_once.max(1)
    }
}

/// A batch: which sources, how, and where to.
#[derive(Debug, Clone, Copy)]
pub struct BatchJob<'a> {
    /// The whole list.
    pub sources: &'a [SourceEntry],
    /// What is done with each pair.
    pub plan: &'a BatchPlan,
    /// The output folder.
    pub root: &'a Path,
    /// The part of the list to make.
    pub shard: Shard,
    /// Whether a journal may already be there.
    pub start: Start,
}

/// The seed of the first attempt of `pair` (rule [`SEED_RULE`]).
#[must_use]
pub fn first_seed(base_seed: Seed, pair: &PairId) -> Seed {
    let digest = Sha256::of(format!("{base_seed}/{pair}").as_bytes()).to_string();
    // Sixteen hex digits are the first eight bytes; the low 32 bits are the last eight digits of those.
    Seed::from(u64::from_str_radix(&digest[8..16], 16).unwrap_or_default())
}

/// Whether a journal may already be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A journal of the same shard is an error.
    Fresh,
    /// Its finished sources are skipped.
    Resume,
}

/// What a batch did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchOutcome {
    /// Sources of this shard.
    pub sources: usize,
    /// Finished by an earlier run.
    pub skipped: usize,
    /// Pairs that passed in this run.
    pub passed: usize,
    /// Pairs that failed all attempts in this run.
    pub failed: usize,
    /// Sources that could not be read, with the reason.
    pub unreadable: Vec<(String, String)>,
    /// How long each stage was at work; zero until the batch ends.
    pub stages: StageTimes,
}

/// How long the stages of a batch were at work, each on a thread of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageTimes {
    /// From the first source to the last line of the journal.
    pub whole: Duration,
    /// Reading and preparing sources.
    pub reading: Duration,
    /// Painting.
    pub painting: Duration,
    /// Quality control.
    pub judging: Duration,
    /// Encoding and writing pictures, and the journal.
    pub writing: Duration,
}

/// Paints the sources of the job's shard that are not finished yet. `perceptual` measures LPIPS; without it nothing passes. `progress` is
/// called after every group of sources and says whether to go on; what is finished is written either way.
///
/// # Errors
///
/// If the journal belongs to other settings, nothing can be written, or the painter fails; what is finished stays.
pub fn run<'a>(
    painter: &dyn Painter,
    perceptual: Option<&'a mut (dyn Perceptual + Send)>,
    job: BatchJob<'a>,
    progress: &mut dyn FnMut(&BatchOutcome) -> ControlFlow<()>,
) -> Result<BatchOutcome, GeneratorError> {
    /// Groups read ahead, and waiting to be written.
    const IN_FLIGHT: usize = 2;
    let BatchJob { sources, plan, root, shard, start } = job;
    // By the whole list, so that a source has the same neighbours in every shard.
    let mine: Vec<&[SourceEntry]> = sources
        .chunks(plan.sources_at_once.max(1))
        .filter(|group| group.first().is_some_and(|first| shard.holds(&first.source_id)))
        .collect();
    let n_sources = mine.iter().map(|group| group.len()).sum();
    let settings = settings(painter, sources, plan, shard, n_sources);
    let journal = Journal::open(&journal_path(root, shard), &settings, start)?;
    let is_finished = |entry: &SourceEntry| journal.is_finished(&entry.source_id);
    let mut outcome = BatchOutcome { sources: n_sources, ..BatchOutcome::default() };
    outcome.skipped = mine.iter().copied().flatten().filter(|entry| is_finished(entry)).count();
    let waiting: Vec<Vec<(&SourceEntry, bool)>> = mine
        .into_iter()
        .filter(|group| !group.iter().all(is_finished))
        .map(|group| group.iter().map(|entry| (entry, is_finished(entry))).collect())
        .collect();
    let at_once = plan.pictures_at_once().min(journal.halved().unwrap_or(usize::MAX)).max(1);
    let preparation = painter.preparation();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let (loaded_in, loaded_out) = mpsc::sync_channel(IN_FLIGHT);
        // These two never fill: at most so many groups are open.
        let (painted_in, painted_out) = mpsc::sync_channel(MOST_OPEN);
        let (verdicts_in, verdicts_out) = mpsc::sync_channel(MOST_OPEN);
        let (finished_in, finished_out) = mpsc::sync_channel(IN_FLIGHT);
        let reader = scope.spawn(move || read(waiting, &preparation, &loaded_in));
        let to_write = finished_in.clone();
        let judge = scope.spawn(move || {
            Judging { plan, perceptual }.run(&painted_out, &verdicts_in, &finished_in)
        });
        let writer = scope.spawn(move || writing::run(root, plan, journal, &finished_out));
        let mut painting = Painting {
            painter,
            plan,
            at_once,
            loaded: loaded_out,
            to_judge: painted_in,
            verdicts: verdicts_out,
            to_write,
            busy: Duration::ZERO,
        };
        let ended = painting.run(&mut outcome, progress);
        outcome.stages.painting = painting.busy;
        // The other stages end when nothing can come any more.
        drop(painting);
        let stopped = |stage| GeneratorError::StageStopped { stage };
        outcome.stages.judging = judge.join().map_err(|_| stopped("quality control"))?;
        let written = writer.join().unwrap_or_else(|_| Err(stopped("writing")));
        outcome.stages.reading = reader.join().map_err(|_| stopped("reading"))?;
        // A painter that fails is the cause of whatever else was left undone.
        ended?;
        outcome.stages.writing = written?;
        Ok::<_, GeneratorError>(())
    })?;
    outcome.stages.whole = begun.elapsed();
    outcome.unreadable.sort();
    Ok(outcome)
}

/// Reads the sources of one group after the other until nobody asks any more; gives what it was at work.
fn read<'batch>(
    groups: Vec<Vec<(&'batch SourceEntry, bool)>>,
    preparation: &Preparation,
    loaded: &mpsc::SyncSender<Result<Group<'batch>, GeneratorError>>,
) -> Duration {
    let mut busy = Duration::ZERO;
    for (place, entries) in groups.into_iter().enumerate() {
        let start = Instant::now();
        let members = entries
            .into_iter()
            .map(|(entry, is_finished)| {
                let content = match LoadedSource::read(entry, preparation) {
                    Ok(source) => Ok(source),
                    Err(error) if error.concerns_one_source() => Err(error.to_string()),
                    Err(error) => return Err(error),
                };
                Ok(Member { entry, is_finished, content })
            })
            .collect::<Result<Vec<_>, _>>();
        busy += start.elapsed();
        if loaded.send(members.map(|members| Group { place, members })).is_err() {
            break;
        }
    }
    busy
}

/// Everything that decides the bytes, and which part of the whole this is.
fn settings(
    painter: &dyn Painter,
    sources: &[SourceEntry],
    plan: &BatchPlan,
    shard: Shard,
    shard_sources: usize,
) -> Map<String, Value> {
    let Thresholds { min_ssim, min_edges, max_lpips } = plan.thresholds;
    let listing = sources.iter().map(SourceEntry::identity).collect::<Vec<_>>().join("\n");
    let value = json!({
        "model": painter.provenance(),
        "base_seed": plan.base_seed,
        "seed_rule": SEED_RULE,
        "thresholds": {"min_ssim": min_ssim, "min_edges": min_edges, "max_lpips": max_lpips},
        "max_attempts": plan.max_attempts,
        "batch_size": match plan.batch_size {
            BatchSize::Pictures(pictures) => json!(pictures),
            BatchSize::Auto => json!("auto"),
        },
        "mask_blend": plan.mask_blend,
        "sources": sources.len(),
        "sources_sha256": Sha256::of(listing.as_bytes()).to_string(),
        "shard": shard.to_string(),
        "shard_sources": shard_sources,
    });
    match value {
        Value::Object(mut map) => {
            // Ordinary batches say nothing, so that their journals stay what they were.
            if plan.sources_at_once > 1 {
                map.insert("sources_at_once".into(), plan.sources_at_once.into());
            }
            if sources.iter().any(|source| source.edits.contains(&Edit::Null)) {
                map.insert("null_prompt".into(), NULL_PROMPT.into());
            }
            map
        }
        _ => Map::new(),
    }
}
