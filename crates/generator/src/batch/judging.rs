//! The stage of quality control: masks, measures, and what is to be painted again.

use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use spinefairbench_imaging::{Comparison, Filter, GreyImage, Measures, RgbImage, compare};

use super::group::{Attempted, Group, LoadedSource, Painted, Work};
use super::writing::ToWrite;
use super::{BatchPlan, Perceptual};
use crate::GeneratorError;

/// What is said of a group's pictures.
pub(super) enum Verdict<'batch> {
    /// These are to be painted again.
    Again(Group<'batch>, Vec<Work>),
    /// All pairs have ended; the group went on to be written. What an earlier run had finished is not counted.
    Finished { passed: usize, failed: usize, unreadable: Vec<(String, String)> },
    /// The batch cannot go on.
    Failed(GeneratorError),
}

/// The stage.
pub(super) struct Judging<'a> {
    pub(super) plan: &'a BatchPlan,
    pub(super) perceptual: Option<&'a mut (dyn Perceptual + Send)>,
}

impl Judging<'_> {
    /// Judges what `painted` brings until the painting ends or nothing can be written; gives what it was at work.
    pub(super) fn run<'batch>(
        mut self,
        painted: &Receiver<(Group<'batch>, Vec<Painted>)>,
        verdicts: &SyncSender<Verdict<'batch>>,
        finished: &SyncSender<ToWrite<'batch>>,
    ) -> Duration {
        let mut busy = Duration::ZERO;
        for (mut group, pictures) in painted {
            let start = Instant::now();
            let judged = self.judge(&mut group, pictures);
            busy += start.elapsed();
            let verdict = match judged {
                Err(error) => Verdict::Failed(error),
                Ok(again) if !again.is_empty() => Verdict::Again(group, again),
                Ok(_) => {
                    let verdict = summary(&group);
                    if finished.send(ToWrite::Group(group)).is_err() {
                        break;
                    }
                    verdict
                }
            };
            // Painting may have ended; what it left is judged and written all the same.
            let _ = verdicts.send(verdict);
        }
        busy
    }

    /// Notes the pairs that have ended in `group`; gives those to paint again.
    fn judge(
        &mut self,
        group: &mut Group<'_>,
        painted: Vec<Painted>,
    ) -> Result<Vec<Work>, GeneratorError> {
        let mut works = Vec::with_capacity(painted.len());
        let mut pictures = Vec::with_capacity(painted.len());
        for Painted { work, picture, at_once } in painted {
            // A source may have failed after some of its pictures were painted.
            if let Ok(source) = &group.members[work.member].content {
                works.push((work, at_once));
                pictures.push((source, picture));
            }
        }
        let compared = self.compared(pictures);
        let mut again = Vec::new();
        for ((work, painted_at_once), compared) in works.into_iter().zip(compared) {
            let member = &mut group.members[work.member];
            // A source with a problem has no pairs any more.
            let Ok(source) = &mut member.content else { continue };
            let judged = compared.and_then(|Compared { picture, generated, comparison }| {
                let original = &source.prepared.original;
                let lpips = match &mut self.perceptual {
                    Some(perceptual) => Some(perceptual.distance(original, &generated)?),
                    None => None,
                };
                let Comparison { ssim, edge_preservation, .. } = comparison;
                let (ssim, edge_preservation) = (Some(ssim), Some(edge_preservation));
                Ok((picture, Measures { ssim, edge_preservation, lpips }))
            });
            match judged {
                Ok((picture, measures)) => {
                    let is_good = self.plan.thresholds.judge(&measures).passes();
                    if !is_good && work.attempt < self.plan.max_attempts {
                        again.push(work.again());
                        continue;
                    }
                    let Work { label, attempt, seed, .. } = work;
                    let passed = is_good.then_some(picture);
                    source.ended.push(Attempted {
                        label,
                        attempt,
                        seed,
                        measures,
                        painted_at_once,
                        passed,
                    });
                }
                Err(error) if error.concerns_one_source() => {
                    member.content = Err(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        again.retain(|work| group.members[work.member].content.is_ok());
        Ok(again)
    }

    /// Blended and compared, in order, on as many threads as there are processors: LPIPS alone is left.
    fn compared(
        &self,
        painted: Vec<(&LoadedSource, RgbImage)>,
    ) -> Vec<Result<Compared, GeneratorError>> {
        let n_threads = thread::available_parallelism().map_or(1, usize::from);
        let share = painted.len().div_ceil(n_threads).max(1);
        let mask_blend = self.plan.mask_blend;
        let compare_all = |pictures: Vec<(&LoadedSource, RgbImage)>| -> Vec<_> {
            pictures
                .into_iter()
                .map(|(source, picture)| Compared::new(source, picture, mask_blend))
                .collect()
        };
        let mut painted = painted.into_iter();
        thread::scope(|scope| {
            let mut threads = Vec::new();
            loop {
                let mine: Vec<_> = painted.by_ref().take(share).collect();
                if mine.is_empty() {
                    break;
                }
                threads.push(scope.spawn(move || compare_all(mine)));
            }
            threads
                .into_iter()
                .flat_map(|thread| {
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        })
    }
}

/// A picture as it would be written, and how it differs from its source but for LPIPS.
struct Compared {
    picture: RgbImage,
    /// In grey, at the size of the source's file.
    generated: GreyImage,
    comparison: Comparison,
}

impl Compared {
    fn new(
        source: &LoadedSource,
        painted: RgbImage,
        mask_blend: f64,
    ) -> Result<Self, GeneratorError> {
        let blend = source.mask.as_ref().map(|mask| (mask, mask_blend));
        let picture = source.prepared.finish(painted, blend)?;
        let original = &source.prepared.original;
        let generated = picture.to_grey().resized(original.size(), Filter::Bicubic, source.order);
        let comparison = compare(original, &generated, source.order);
        Ok(Self { picture, generated, comparison })
    }
}

fn summary<'batch>(group: &Group<'_>) -> Verdict<'batch> {
    let (mut passed, mut failed, mut unreadable) = (0, 0, Vec::new());
    for member in group.members.iter().filter(|member| !member.is_finished) {
        match &member.content {
            Ok(source) => {
                let n_passed = source.ended.iter().filter(|pair| pair.passed.is_some()).count();
                passed += n_passed;
                failed += source.ended.len() - n_passed;
            }
            Err(problem) => {
                unreadable.push((member.entry.source_id.to_string(), problem.clone()));
            }
        }
    }
    Verdict::Finished { passed, failed, unreadable }
}
