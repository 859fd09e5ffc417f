//! Many pictures: every edit of every source, with quality control and retries, across shards and interruptions.
//!
//! Input: a list of sources, a [`Painter`] (a loaded model) and a plan. Output: pictures that passed and an append-only
//! journal with one line per pair. The unit of work is one source: its edits are painted as one batch whatever the shard,
//! and a source that was interrupted is painted again from its first attempt, so that neither sharding nor a kill can
//! change a byte. [`crate::assemble`] makes a dataset of the journals.
//!
//! Seed rule `sha256-low32`: the first attempt of a pair takes the low 32 bits of the big-endian number that the first
//! eight bytes of SHA-256 of `"<base seed>/<pair id>"` spell; attempt `k` (from 1) adds `k - 1`.

mod attempts;
mod content;
mod journal;
mod preflight;
mod sources;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc;

use serde_json::{Map, Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::PairId;
use spinefairbench_artifacts::write::{create_folder, write_atomic};
use spinefairbench_imaging::{GreyImage, RgbImage, Thresholds};

pub use attempts::{Attempted, LoadedSource, attempt_source};
pub use content::{BatchContent, read_batch};
pub use journal::{
    ImageFacts, JOURNAL_FOLDER, Journal, JournalContent, JournalLine, PairRow, journal_path,
};
pub use preflight::{Preflight, preflight};
pub use sources::{InvalidShard, Shard, SourceEntry, read_sources};

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

/// A loaded model, as far as a batch needs it.
pub trait Painter {
    /// How sources are made ready for it.
    fn preparation(&self) -> Preparation;

    /// One picture for every edit and seed, from one source.
    ///
    /// # Errors
    ///
    /// What keeps the whole batch from going on.
    fn paint(
        &self,
        source: &PreparedSource,
        edits: &[(Edit, Seed)],
    ) -> Result<Vec<RgbImage>, GeneratorError>;

    /// The perceptual distance of two pictures of one size, if it is measured at all.
    ///
    /// # Errors
    ///
    /// If the pictures are too small, or torch fails.
    fn lpips(
        &self,
        source: &GreyImage,
        generated: &GreyImage,
    ) -> Result<Option<f64>, GeneratorError>;

    /// What identifies the model; two shards are merged only if it is equal.
    fn provenance(&self) -> Map<String, Value>;
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
    /// Pictures painted at once, of one source; at least one.
    pub batch_size: usize,
    /// Weight of the source inside a mask.
    pub mask_blend: f64,
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
}

/// Paints the sources of `shard` that are not finished yet, into `root`. `progress` is called after every source and says
/// whether to go on; what is finished is written either way.
///
/// Reading and writing pictures happens on two other threads, with a few sources in flight.
///
/// # Errors
///
/// If the journal belongs to other settings, nothing can be written, or the painter fails; what is finished stays.
pub fn run(
    painter: &dyn Painter,
    sources: &[SourceEntry],
    plan: &BatchPlan,
    root: &Path,
    shard: Shard,
    start: Start,
    progress: &mut dyn FnMut(&BatchOutcome) -> ControlFlow<()>,
) -> Result<BatchOutcome, GeneratorError> {
    /// Sources read ahead and waiting to be written; each holds a few pictures.
    const IN_FLIGHT: usize = 2;
    let mine: Vec<&SourceEntry> =
        sources.iter().filter(|source| shard.holds(&source.source_id)).collect();
    let settings = settings(painter, sources, plan, shard, mine.len());
    let journal = Journal::open(&journal_path(root, shard), &settings, start)?;
    let mut outcome = BatchOutcome { sources: mine.len(), ..BatchOutcome::default() };
    let waiting: Vec<&SourceEntry> =
        mine.into_iter().filter(|source| !journal.is_finished(&source.source_id)).collect();
    outcome.skipped = outcome.sources - waiting.len();
    let preparation = painter.preparation();
    std::thread::scope(|scope| {
        let (loaded_in, loaded_out) = mpsc::sync_channel(IN_FLIGHT);
        let (finished_in, finished_out) = mpsc::sync_channel(IN_FLIGHT);
        scope.spawn(move || {
            for entry in waiting {
                if loaded_in.send((entry, LoadedSource::read(entry, &preparation))).is_err() {
                    return;
                }
            }
        });
        let writer = scope.spawn(move || write_results(root, journal, finished_out));
        let mut painting = Ok(());
        for (entry, loaded) in loaded_out {
            let attempted = loaded.and_then(|loaded| attempt_source(painter, &loaded, plan));
            let results = match attempted {
                Ok(results) => {
                    outcome.passed +=
                        results.iter().filter(|result| result.passed.is_some()).count();
                    outcome.failed +=
                        results.iter().filter(|result| result.passed.is_none()).count();
                    Ok(results)
                }
                Err(error) if error.concerns_one_source() => {
                    let problem = error.to_string();
                    outcome.unreadable.push((entry.source_id.to_string(), problem.clone()));
                    Err(problem)
                }
                Err(error) => {
                    painting = Err(error);
                    break;
                }
            };
            if finished_in.send((entry, results)).is_err() || progress(&outcome).is_break() {
                break;
            }
        }
        drop(finished_in);
        let written = writer.join().unwrap_or(Err(GeneratorError::WriterStopped));
        // A painter that fails is the cause of whatever else was left undone.
        painting.and(written)
    })?;
    Ok(outcome)
}

type Finished<'a> = (&'a SourceEntry, Result<Vec<Attempted>, String>);

/// Encodes and writes pictures, then the journal's lines: a line never speaks of a picture that is not there.
fn write_results(
    root: &Path,
    mut journal: Journal,
    finished: mpsc::Receiver<Finished<'_>>,
) -> Result<(), GeneratorError> {
    for (entry, results) in finished {
        let mut lines = Vec::new();
        match results {
            Err(problem) => {
                lines.push(JournalLine::Failure { source_id: entry.source_id.clone(), problem });
            }
            Ok(results) => {
                for result in results {
                    lines.push(JournalLine::Pair(Box::new(write_result(root, entry, result)?)));
                }
                lines.push(JournalLine::Finished { source_id: entry.source_id.clone() });
            }
        }
        journal.append(&lines)?;
    }
    Ok(())
}

fn write_result(
    root: &Path,
    entry: &SourceEntry,
    result: Attempted,
) -> Result<PairRow, GeneratorError> {
    let mut row = PairRow {
        pair_id: result.label.pair_id(&entry.source_id),
        source_id: entry.source_id.clone(),
        edit_label: result.label,
        passed_qc: result.passed.is_some(),
        attempt: result.attempt,
        seed: result.seed,
        ssim: result.measures.ssim,
        edge_preservation: result.measures.edge_preservation,
        lpips: result.measures.lpips,
        image: None,
    };
    if let Some(picture) = result.passed {
        let path = result.label.image_path(&entry.source_id)?;
        let place = path.under(root);
        let png = picture.to_png()?;
        if let Some(folder) = place.parent() {
            create_folder(folder)?;
        }
        write_atomic(&place, &png)?;
        row.image = Some(journal::ImageFacts {
            path,
            size_bytes: png.len() as u64,
            sha256: Sha256::of(&png),
        });
    }
    Ok(row)
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
        "batch_size": plan.batch_size,
        "mask_blend": plan.mask_blend,
        "sources": sources.len(),
        "sources_sha256": Sha256::of(listing.as_bytes()).to_string(),
        "shard": shard.to_string(),
        "shard_sources": shard_sources,
    });
    match value {
        Value::Object(mut map) => {
            // Ordinary batches say nothing, so that their journals stay what they were.
            if sources.iter().any(|source| source.edits.contains(&Edit::Null)) {
                map.insert("null_prompt".into(), NULL_PROMPT.into());
            }
            map
        }
        _ => Map::new(),
    }
}
