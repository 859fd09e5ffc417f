//! `dataset/`: the images, the quality control and the lists of sources.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::{Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::EditLabel;
use spinefairbench_artifacts::layout;

use crate::DemoError;
use crate::blueprint::Blueprint;
use crate::cohort::{Pair, Source};
use crate::image;
use crate::prng::{Purpose, Stream};
use crate::staging::Stage;

/// Writes the folder.
pub(crate) fn write(blueprint: &Blueprint, stage: &Stage<'_>) -> Result<(), DemoError> {
    let counts = blueprint.cohort.counts;
    let attempted = blueprint.cohort.attempted_pairs();
    let lines: Vec<(bool, Vec<u8>)> = attempted
        .par_iter()
        .enumerate()
        .map(|(index, pair)| {
            let source = &blueprint.cohort.sources[pair.source];
            let image = if pair.passed {
                Some(write_image(blueprint, source, pair, index, stage)?)
            } else {
                None
            };
            let mut line =
                serde_json::to_vec(&qc_row(blueprint.plan.seed, source, pair, index, image))?;
            line.push(b'\n');
            Ok((pair.passed, line))
        })
        .collect::<Result<_, DemoError>>()?;
    let all: Vec<u8> = lines.iter().flat_map(|(_, line)| line).copied().collect();
    let passed: Vec<u8> =
        lines.iter().filter(|(passed, _)| *passed).flat_map(|(_, line)| line).copied().collect();
    stage.write(layout::QC_METADATA, all)?;
    stage.write(layout::QC_PASSED_PAIRS, passed)?;

    let sources: Vec<Value> = blueprint.cohort.passed_sources().map(source_entry).collect();
    stage.write_json(layout::DATASET_PAIRS, &sources)?;
    stage.write_json(layout::SOURCE_METADATA, &sources)?;
    let manifest = json!({
        "counterfactual_images": { "included_png_count": counts.passed_pairs() },
        "pair_manifests": {
            "qc_passed_pair_rows": counts.passed_pairs(),
            "attempted_qc_rows": counts.attempted_pairs(),
            "source_level_rows": counts.sources,
        },
        "source_radiographs": { "release_status": "not_redistributed", "source_png_files_in_public_bundle": 0 },
        "source_counts": {
            "filtered_source_count": counts.filtered_sources(),
            "qc_passed_source_count": counts.sources,
            "failed_qc_only_source_count": counts.failed_only_sources,
            "qc_passed_pair_count": counts.passed_pairs(),
        },
    });
    stage.write_json(layout::RELEASE_MANIFEST, &manifest)?;
    Ok(())
}

/// The image of an edit, as a release path.
fn image_path(source: &Source, edit: EditLabel) -> String {
    format!("{}/{}/{edit}.png", layout::COUNTERFACTUAL_IMAGES, source.id)
}

fn write_image(
    blueprint: &Blueprint,
    source: &Source,
    pair: &Pair,
    index: usize,
    stage: &Stage<'_>,
) -> Result<(usize, Sha256), DemoError> {
    let mut stream = Stream::keyed(blueprint.plan.seed, Purpose::Pixels, &[index as u64]);
    let bytes = image::png(blueprint.plan.scale, &mut stream)?;
    Ok((bytes.len(), stage.write(&image_path(source, pair.edit), &bytes)?))
}

fn qc_row(
    seed: u64,
    source: &Source,
    pair: &Pair,
    index: usize,
    image: Option<(usize, Sha256)>,
) -> Value {
    let mut stream = Stream::keyed(seed, Purpose::QualityControl, &[index as u64]);
    // Four decimals, as the original wrote them; a failed edit keeps less of the image.
    let mut score = |low: usize, high: usize| {
        #[expect(clippy::cast_precision_loss, reason = "at most 10,000")]
        let ten_thousandths = (low + stream.below(high - low)) as f64;
        ten_thousandths / 10_000.0
    };
    let mut row = json!({
        "attempt": 1,
        "pair_id": pair.id,
        "source_id": source.id,
        "edit_label": pair.edit,
        "passed_qc": pair.passed,
    });
    let (ssim, edges, lpips) = if pair.passed {
        (score(7_000, 9_900), score(4_000, 9_000), score(200, 2_000))
    } else {
        (score(2_000, 6_000), score(500, 3_500), score(2_500, 6_000))
    };
    row["ssim"] = ssim.into();
    row["edge_preservation"] = edges.into();
    row["lpips"] = lpips.into();
    if let Some((bytes, digest)) = image {
        row["counterfactual_image_path"] = image_path(source, pair.edit).into();
        row["counterfactual_image_size_bytes"] = bytes.into();
        row["counterfactual_image_sha256"] = digest.to_string().into();
    }
    row
}

fn source_entry(source: &Source) -> Value {
    let images: BTreeMap<EditLabel, String> =
        source.passed_edits().map(|edit| (edit, image_path(source, edit))).collect();
    json!({
        "source_id": source.id,
        "dataset": source.dataset,
        "age": source.person.age,
        "sex": source.person.sex_letter(),
        "counterfactual_images": images,
        "qc_passed_counterfactuals": images.keys().collect::<Vec<_>>(),
    })
}
