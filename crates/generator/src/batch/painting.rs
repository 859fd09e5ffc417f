//! The painting stage: passes of as many pictures as fit, in an order that decides no bytes.
//!
//! A pass holds pictures of one group alone, sources and edits in order, so that neither time nor the other stages decide what
//! is painted together. Where memory runs out and the size was left open, a pass is halved; so are all after it.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use spinefairbench_imaging::RgbImage;

use super::group::{Group, Painted, Work};
use super::judging::Verdict;
use super::writing::ToWrite;
use super::{BatchOutcome, BatchPlan, BatchSize, Painter, SourceEdits};
use crate::GeneratorError;

/// Groups that were painted and are not finished: enough for the quality control to judge one, and another to wait for it, while
/// a third is painted.
pub(super) const MOST_OPEN: usize = 3;

/// The stage.
pub(super) struct Painting<'a, 'batch> {
    pub(super) painter: &'a dyn Painter,
    pub(super) plan: &'a BatchPlan,
    /// Most pictures of a pass.
    pub(super) at_once: usize,
    /// Groups as they were read.
    pub(super) loaded: Receiver<Result<Group<'batch>, GeneratorError>>,
    /// Where a group goes with what was painted of it.
    pub(super) to_judge: SyncSender<(Group<'batch>, Vec<Painted>)>,
    /// What is said of it.
    pub(super) verdicts: Receiver<Verdict<'batch>>,
    /// Where it is recorded that a pass was halved.
    pub(super) to_write: SyncSender<ToWrite<'batch>>,
    /// What it was at work.
    pub(super) busy: Duration,
}

impl Painting<'_, '_> {
    /// Paints every group that was read, and what the quality control asks for again, until all are finished or `progress` says to
    /// stop. Another stage that ended early ends this one as well, and says why itself.
    pub(super) fn run(
        &mut self,
        outcome: &mut BatchOutcome,
        progress: &mut dyn FnMut(&BatchOutcome) -> ControlFlow<()>,
    ) -> Result<(), GeneratorError> {
        let (mut n_open, mut are_all_read) = (0, false);
        loop {
            // What is to be painted again goes first: it ends a group.
            let verdict = if n_open == MOST_OPEN || (are_all_read && n_open > 0) {
                let Ok(verdict) = self.verdicts.recv() else { return Ok(()) };
                Some(verdict)
            } else {
                self.verdicts.try_recv().ok()
            };
            let (mut group, work) = match verdict {
                Some(Verdict::Again(group, work)) => (group, work),
                Some(Verdict::Finished { passed, failed, unreadable }) => {
                    n_open -= 1;
                    outcome.passed += passed;
                    outcome.failed += failed;
                    outcome.unreadable.extend(unreadable);
                    if progress(outcome).is_break() {
                        return Ok(());
                    }
                    continue;
                }
                Some(Verdict::Failed(error)) => return Err(error),
                None if are_all_read => return Ok(()),
                None => {
                    let Ok(group) = self.loaded.recv() else {
                        are_all_read = true;
                        continue;
                    };
                    n_open += 1;
                    let group = group?;
                    let work = group.first_attempts(self.plan);
                    (group, work)
                }
            };
            let start = Instant::now();
            let pictures = self.paint(&mut group, &work)?;
            self.busy += start.elapsed();
            if self.to_judge.send((group, pictures)).is_err() {
                return Ok(());
            }
        }
    }

    /// Paints `work`. A source that alone is to blame for a failure gets its problem instead of pictures.
    fn paint(
        &mut self,
        group: &mut Group<'_>,
        work: &[Work],
    ) -> Result<Vec<Painted>, GeneratorError> {
        let mut painted = Vec::with_capacity(work.len());
        // The next pass lies on top.
        let mut passes = vec![work.to_vec()];
        while let Some(mut pass) = passes.pop() {
            pass.retain(|work| group.members[work.member].content.is_ok());
            if pass.is_empty() {
                continue;
            }
            if pass.len() > self.at_once {
                passes.extend(pass.chunks(self.at_once).rev().map(<[Work]>::to_vec));
                continue;
            }
            match self.paint_pass(group, &pass) {
                Ok(pictures) => {
                    let at_once = pass.len();
                    painted.extend(pass.into_iter().zip(pictures).map(|(work, picture)| Painted {
                        work,
                        picture,
                        at_once,
                    }));
                }
                Err(error)
                    if error.is_out_of_memory()
                        && self.plan.batch_size == BatchSize::Auto
                        && pass.len() > 1 =>
                {
                    self.at_once = pass.len() / 2;
                    // A writer that is gone says why itself.
                    let _ = self.to_write.send(ToWrite::Halved(self.at_once));
                    passes.push(pass);
                }
                Err(error) if error.concerns_one_source() => {
                    let first = pass[0].member;
                    if pass.iter().all(|work| work.member == first) {
                        group.members[first].content = Err(error.to_string());
                    } else {
                        let apart = pass.chunk_by(|left, right| left.member == right.member);
                        passes.extend(apart.rev().map(<[Work]>::to_vec));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(painted)
    }

    fn paint_pass(
        &self,
        group: &Group<'_>,
        pass: &[Work],
    ) -> Result<Vec<RgbImage>, GeneratorError> {
        let shares: Vec<SourceEdits<'_>> = pass
            .chunk_by(|left, right| left.member == right.member)
            .filter_map(|works| {
                let source = group.members[works[0].member].content.as_ref().ok()?;
                let edits = works.iter().map(|work| (work.label, work.seed)).collect();
                Some(SourceEdits { source: &source.prepared, edits })
            })
            .collect();
        let pictures = self.painter.paint(&shares)?;
        if pictures.len() == pass.len() { Ok(pictures) } else { Err(GeneratorError::NoPicture) }
    }
}
