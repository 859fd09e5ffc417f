//! The last stage: pictures are encoded and written as they come, the journal's lines in the order of the list.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::write::{create_folder, write_atomic};

use super::group::{Attempted, Group, Member};
use super::journal::{ImageFacts, Journal, JournalLine, PairRow};
use super::{BatchPlan, SourceEntry};
use crate::GeneratorError;

/// What comes to be written.
pub(super) enum ToWrite<'batch> {
    /// A group of which all pairs have ended.
    Group(Group<'batch>),
    /// Memory ran out: from here on a pass holds at most so many pictures.
    Halved(usize),
}

/// Writes what `finished` brings, and gives what it was at work. A line never speaks of a picture that is not there.
///
/// A group that ends before one that comes earlier in the list waits for it. If that one never ends, its lines stay unwritten,
/// and it is painted again on resuming.
pub(super) fn run(
    root: &Path,
    plan: &BatchPlan,
    mut journal: Journal,
    finished: &Receiver<ToWrite<'_>>,
) -> Result<Duration, GeneratorError> {
    let mut busy = Duration::ZERO;
    let mut waiting: BTreeMap<usize, Vec<Vec<JournalLine>>> = BTreeMap::new();
    let mut next = 0;
    for message in finished {
        let start = Instant::now();
        match message {
            ToWrite::Halved(at_once) => {
                journal.append(&[JournalLine::Halved { pictures_at_once: at_once }])?;
            }
            ToWrite::Group(Group { place, members }) => {
                let to_write = members.into_iter().filter(|member| !member.is_finished);
                let lines = to_write
                    .map(|member| write_member(root, plan, member))
                    .collect::<Result<_, _>>()?;
                waiting.insert(place, lines);
                while let Some(sources) = waiting.remove(&next) {
                    for lines in sources {
                        journal.append(&lines)?;
                    }
                    next += 1;
                }
            }
        }
        busy += start.elapsed();
    }
    Ok(busy)
}

/// Writes the pictures of one source that passed; gives its lines.
fn write_member(
    root: &Path,
    plan: &BatchPlan,
    member: Member<'_>,
) -> Result<Vec<JournalLine>, GeneratorError> {
    let entry = member.entry;
    let source_id = entry.source_id.clone();
    let mut ended = match member.content {
        Err(problem) => return Ok(vec![JournalLine::Failure { source_id, problem }]),
        Ok(source) => source.ended,
    };
    ended.sort_by_key(|pair| pair.label);
    let mut lines = Vec::with_capacity(ended.len() + 1);
    for pair in ended {
        lines.push(JournalLine::Pair(Box::new(write_pair(root, plan, entry, pair)?)));
    }
    lines.push(JournalLine::Finished { source_id });
    Ok(lines)
}

fn write_pair(
    root: &Path,
    plan: &BatchPlan,
    entry: &SourceEntry,
    ended: Attempted,
) -> Result<PairRow, GeneratorError> {
    let mut row = PairRow {
        pair_id: ended.label.pair_id(&entry.source_id),
        source_id: entry.source_id.clone(),
        edit_label: ended.label,
        passed_qc: ended.passed.is_some(),
        attempt: ended.attempt,
        seed: ended.seed,
        ssim: ended.measures.ssim,
        edge_preservation: ended.measures.edge_preservation,
        lpips: ended.measures.lpips,
        painted_at_once: Some(ended.painted_at_once).filter(|n| *n != plan.pictures_at_once()),
        image: None,
    };
    if let Some(picture) = ended.passed {
        let path = ended.label.image_path(&entry.source_id)?;
        let place = path.under(root);
        let png = picture.to_png()?;
        if let Some(folder) = place.parent() {
            create_folder(folder)?;
        }
        write_atomic(&place, &png)?;
        row.image =
            Some(ImageFacts { path, size_bytes: png.len() as u64, sha256: Sha256::of(&png) });
    }
    Ok(row)
}
