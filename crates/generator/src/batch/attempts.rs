//! One source: paint its edits, judge them, paint those that failed again with the next seed.

use spinefairbench_artifacts::ids::SourceId;
use spinefairbench_imaging::{Filter, GreyImage, Mask, Measures, PassOrder, RgbImage, compare};

use super::{BatchPlan, Painter, Preparation, SourceEntry, first_seed};
use crate::prepare::PreparedSource;
use crate::{Edit, GeneratorError, Seed, files};

/// A radiograph or a mask is a few megabytes; a multi-frame study may be more.
pub(super) const MAX_PICTURE_BYTES: u64 = 1 << 30;

/// A source that was read.
#[derive(Debug)]
pub struct LoadedSource {
    source_id: SourceId,
    edits: Vec<Edit>,
    prepared: PreparedSource,
    mask: Option<Mask>,
    order: PassOrder,
}

impl LoadedSource {
    /// Reads the files of `entry`.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read or is no picture.
    pub fn read(entry: &SourceEntry, preparation: &Preparation) -> Result<Self, GeneratorError> {
        let Preparation { image_size, reduction, options } = preparation;
        let bytes = files::read(&entry.path, MAX_PICTURE_BYTES)?;
        let prepared = PreparedSource::read(&entry.path, &bytes, *image_size, *reduction, options)?;
        let mask = match &entry.mask {
            Some(path) => {
                Some(prepared.read_mask(path, &files::read(path, MAX_PICTURE_BYTES)?, options)?)
            }
            None => None,
        };
        Ok(Self {
            source_id: entry.source_id.clone(),
            edits: entry.edits.iter().copied().collect(),
            prepared,
            mask,
            order: options.order,
        })
    }
}

/// How a pair ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempted {
    /// The edit.
    pub label: Edit,
    /// The attempt that passed, or the last one; from 1.
    pub attempt: u32,
    /// Its seed.
    pub seed: Seed,
    /// Its measures.
    pub measures: Measures,
    /// The picture, if it passed.
    pub passed: Option<RgbImage>,
}

/// All edits of one source, in order of their names.
///
/// # Errors
///
/// If painting or measuring fails.
pub fn attempt_source(
    painter: &dyn Painter,
    source: &LoadedSource,
    plan: &BatchPlan,
) -> Result<Vec<Attempted>, GeneratorError> {
    let mut results = Vec::with_capacity(source.edits.len());
    let mut waiting = source.edits.clone();
    let max_attempts = plan.max_attempts.max(1);
    for attempt in 1..=max_attempts {
        let edits: Vec<(Edit, Seed)> = waiting
            .drain(..)
            .map(|label| {
                let first = first_seed(plan.base_seed, &label.pair_id(&source.source_id));
                (label, first.following(u64::from(attempt - 1)))
            })
            .collect();
        for batch in edits.chunks(plan.batch_size.max(1)) {
            for ((label, seed), painted) in
                batch.iter().zip(painter.paint(&source.prepared, batch)?)
            {
                let blend = source.mask.as_ref().map(|mask| (mask, plan.mask_blend));
                let picture = source.prepared.finish(painted, blend)?;
                let measures = measure(painter, source, &picture)?;
                let is_good = plan.thresholds.judge(&measures).passes();
                if !is_good && attempt < max_attempts {
                    waiting.push(*label);
                    continue;
                }
                let passed = is_good.then_some(picture);
                results.push(Attempted { label: *label, attempt, seed: *seed, measures, passed });
            }
        }
        if waiting.is_empty() {
            break;
        }
    }
    results.sort_by_key(|result| result.label);
    Ok(results)
}

/// Both pictures in grey, the generated one at the size of the source's file.
fn measure(
    painter: &dyn Painter,
    source: &LoadedSource,
    picture: &RgbImage,
) -> Result<Measures, GeneratorError> {
    let original: &GreyImage = &source.prepared.original;
    let generated = picture.to_grey().resized(original.size(), Filter::Bicubic, source.order);
    let comparison = compare(original, &generated, source.order);
    Ok(Measures {
        ssim: Some(comparison.ssim),
        edge_preservation: Some(comparison.edge_preservation),
        lpips: painter.lpips(original, &generated)?,
    })
}
