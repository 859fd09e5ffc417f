//! What goes from stage to stage: the sources that are painted together, and the pictures they still need.

use spinefairbench_imaging::{Mask, Measures, PassOrder, RgbImage};

use super::{BatchPlan, Preparation, SourceEntry, first_seed};
use crate::prepare::PreparedSource;
use crate::{Edit, GeneratorError, Seed, files};

/// A radiograph or a mask is a few megabytes; a multi-frame study may be more.
pub(super) const MAX_PICTURE_BYTES: u64 = 1 << 30;

/// A source that was read.
#[derive(Debug)]
pub(super) struct LoadedSource {
    pub(super) prepared: PreparedSource,
    pub(super) mask: Option<Mask>,
    pub(super) order: PassOrder,
    /// How its pairs ended so far.
    pub(super) ended: Vec<Attempted>,
}

impl LoadedSource {
    /// Reads the files of `entry`.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read or is no picture.
    pub(super) fn read(
        entry: &SourceEntry,
        preparation: &Preparation,
    ) -> Result<Self, GeneratorError> {
        let Preparation { image_size, reduction, options } = preparation;
        let bytes = files::read(&entry.path, MAX_PICTURE_BYTES)?;
        let prepared = PreparedSource::read(&entry.path, &bytes, *image_size, *reduction, options)?;
        let mask = match &entry.mask {
            Some(path) => {
                Some(prepared.read_mask(path, &files::read(path, MAX_PICTURE_BYTES)?, options)?)
            }
            None => None,
        };
        Ok(Self { prepared, mask, order: options.order, ended: Vec::new() })
    }
}

/// How a pair ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attempted {
    pub(super) label: Edit,
    /// The attempt that passed, or the last one; from 1.
    pub(super) attempt: u32,
    pub(super) seed: Seed,
    pub(super) measures: Measures,
    /// Pictures of its pass.
    pub(super) painted_at_once: usize,
    /// The picture, if it passed.
    pub(super) passed: Option<RgbImage>,
}

/// One source of a group.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) entry: &'a SourceEntry,
    /// Finished by an earlier run: painted along, so that its neighbours' passes stay what they were, and not written again.
    pub(super) is_finished: bool,
    /// Or why it cannot be used.
    pub(super) content: Result<LoadedSource, String>,
}

/// Sources that are painted together.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// Among the groups of this run, from 0: the order of the journal.
    pub(super) place: usize,
    pub(super) members: Vec<Member<'a>>,
}

impl Group<'_> {
    /// The first attempts at all edits of all sources that were read; nothing if none of those is still to be written.
    pub(super) fn first_attempts(&self, plan: &BatchPlan) -> Vec<Work> {
        if self.members.iter().all(|member| member.is_finished || member.content.is_err()) {
            return Vec::new();
        }
        let readable = self.members.iter().enumerate().filter(|(_, member)| member.content.is_ok());
        readable
            .flat_map(|(number, Member { entry, .. })| {
                entry.edits.iter().map(move |label| Work {
                    member: number,
                    label: *label,
                    attempt: 1,
                    seed: first_seed(plan.base_seed, &label.pair_id(&entry.source_id)),
                })
            })
            .collect()
    }
}

/// One picture to paint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    /// Place of its source in the group.
    pub(super) member: usize,
    pub(super) label: Edit,
    /// From 1.
    pub(super) attempt: u32,
    pub(super) seed: Seed,
}

impl Work {
    /// The same with the next seed.
    pub(super) fn again(self) -> Self {
        Self { attempt: self.attempt + 1, seed: self.seed.following(1), ..self }
    }
}

/// What was painted of one piece of work.
#[derive(Debug)]
pub(super) struct Painted {
    pub(super) work: Work,
    pub(super) picture: RgbImage,
    /// Pictures of its pass.
    pub(super) at_once: usize,
}
