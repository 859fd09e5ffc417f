//! `generator page`, and the page of `batch` and `qc`: counterfactuals to look at.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::SourceId;
use spinefairbench_generator::GeneratorError;
use spinefairbench_generator::batch::{
    BatchContent, ImageFacts, PairRow, SourceEntry, read_batch, read_sources,
};
use spinefairbench_generator::strip::comparison_strip;
use spinefairbench_imaging::{
    Filter, ImageSize, Mask, PassOrder, RgbImage, Thresholds, read_picture,
};
use spinefairbench_report::pictures_page::{Bound, PictureRow, PicturesPage};

use crate::arguments::generator::{PageArguments, ReadArguments};
use crate::commands::picture_facts;
use crate::exit_status::ExitStatus;
use crate::input;
use crate::output::{Output, Shown};
use crate::places::OutputFile;
use crate::progress::{Progress, Unit, Verbosity};

/// Side of a panel in pixels; two thousand pairs with sources make a page of 50 to 90 megabytes.
const THUMBNAIL: u32 = 128;

/// How a page shows pictures.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) read: &'a ReadArguments,
    pub(super) shows_sources: bool,
}

impl View<'_> {
    fn panels(self, has_sources: bool) -> &'static str {
        match (has_sources, self.shows_sources) {
            (false, _) => "counterfactual",
            (true, false) => {
                "counterfactual with the mask's outline, difference from the source (red brighter, blue darker, eight times as large)"
            }
            (true, true) => {
                "source with the mask's outline, counterfactual, difference (red brighter, blue darker, eight times as large)"
            }
        }
    }

    /// The panels of one pair as a PNG file.
    pub(super) fn strip(
        self,
        source: &RgbImage,
        generated: &RgbImage,
        mask: Option<&Mask>,
    ) -> Result<Vec<u8>> {
        let [source, generated] =
            [source, generated].map(|picture| thumbnail(picture, self.read.order()));
        let strip = comparison_strip(&source, &generated, mask, self.shows_sources);
        Ok(strip.and_then(|strip| strip.to_png()).map_err(GeneratorError::from)?)
    }
}

fn thumbnail(picture: &RgbImage, order: PassOrder) -> RgbImage {
    picture.resized(thumbnail_size(), Filter::Bicubic, order)
}

fn thumbnail_size() -> ImageSize {
    ImageSize::square(THUMBNAIL).expect("a thumbnail's side is within bounds")
}

/// The three bounds in the order of the page.
pub(super) fn bounds(thresholds: Thresholds) -> [Bound; 3] {
    let Thresholds { min_ssim, min_edges, max_lpips } = thresholds;
    [
        Bound { name: "SSIM", value: min_ssim, is_least: true },
        Bound { name: "edges kept", value: min_edges, is_least: true },
        Bound { name: "LPIPS", value: max_lpips, is_least: false },
    ]
}

pub(super) fn run(
    options: &PageArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let sources = match &options.manifest {
        None => Vec::new(),
        Some(manifest) => read_sources(manifest, &options.limits.of_score_file())?,
    };
    let view = View { read: &options.read, shows_sources: options.with_sources };
    let shards: Vec<&Path> = options.shards.iter().map(AsRef::as_ref).collect();
    write(&shards, &sources, view, &options.html, verbosity, output)?;
    Ok(ExitStatus::Fine)
}

/// Writes the page of the batch in the folders `shards`.
pub(super) fn write(
    shards: &[&Path],
    sources: &[SourceEntry],
    view: View<'_>,
    html: &OutputFile,
    verbosity: Verbosity,
    output: &Output,
) -> Result<()> {
    let BatchContent { rows, thresholds, failures } = read_batch(shards)?;
    let by_id: BTreeMap<&SourceId, &SourceEntry> =
        sources.iter().map(|source| (&source.source_id, source)).collect();
    let bar = Progress::start("drawing", Unit::Files, verbosity);
    let mut read = ReadSource::default();
    let mut pictures = Vec::with_capacity(rows.len());
    for (row, root) in &rows {
        let strip = row
            .image
            .as_ref()
            .map(|image| panels(root, row, image, &by_id, view, &mut read))
            .transpose()?;
        let (strip, note) = strip.map_or((None, None), |(strip, note)| (Some(strip), note));
        pictures.push(picture_row(row, strip, note));
        bar.set(pictures.len() as u64, Some(rows.len() as u64));
    }
    bar.finish();
    let page = PicturesPage {
        title: "Counterfactuals and their quality control",
        rows: &pictures,
        bounds: bounds(thresholds),
        failures: &failures,
        panels: view.panels(!sources.is_empty()),
    };
    html.write(page.html().as_bytes())?;
    output.line(format_args!("page       {}", Shown(&html.display().to_string())))
}

fn picture_row(row: &PairRow, strip: Option<Vec<u8>>, note: Option<String>) -> PictureRow {
    PictureRow {
        pair_id: row.pair_id.to_string(),
        source_id: row.source_id.to_string(),
        edit: row.edit_label.to_string(),
        passed: row.passed_qc,
        attempt: row.attempt,
        seed: row.seed.to_string(),
        measures: [row.ssim, row.edge_preservation, row.lpips],
        strip,
        note,
    }
}

/// The source that was read last: the rows come source by source.
#[derive(Debug, Default)]
struct ReadSource {
    source_id: Option<SourceId>,
    thumbnail: Option<Result<(RgbImage, Option<Mask>), String>>,
}

/// The strip of one pair, and what to say of it. A picture that is not the one of its journal line is an error; a source that cannot
/// be read is a note.
fn panels(
    root: &Path,
    row: &PairRow,
    image: &ImageFacts,
    sources: &BTreeMap<&SourceId, &SourceEntry>,
    view: View<'_>,
    read: &mut ReadSource,
) -> Result<(Vec<u8>, Option<String>)> {
    let place = image.path.under(root);
    let bytes = input::read(&place)?;
    let computed = Sha256::of(&bytes);
    if computed != image.sha256 {
        return Err(
            GeneratorError::OtherPicture { path: place, expected: image.sha256, computed }.into()
        );
    }
    let picture = read_picture(&bytes, &view.read.read_options())
        .with_context(|| format!("reading `{}`", place.display()))?;
    let generated = thumbnail(&picture.to_rgb(), view.read.order());
    let alone = |note| Ok((generated.to_png().map_err(GeneratorError::from)?, note));
    if sources.is_empty() {
        return alone(None);
    }
    let Some(entry) = sources.get(&row.source_id) else {
        return alone(Some("its source is not in the list".to_owned()));
    };
    if read.source_id.as_ref() != Some(&row.source_id) {
        read.source_id = Some(row.source_id.clone());
        read.thumbnail = Some(source_thumbnail(entry, view).map_err(|error| format!("{error:#}")));
    }
    match &read.thumbnail {
        Some(Ok((source, mask))) => Ok((view.strip(source, &generated, mask.as_ref())?, None)),
        Some(Err(problem)) => alone(Some(problem.clone())),
        None => alone(None),
    }
}

fn source_thumbnail(entry: &SourceEntry, view: View<'_>) -> Result<(RgbImage, Option<Mask>)> {
    let source = picture_facts::read(&entry.path, view.read)?.picture.to_rgb();
    let mask = entry
        .mask
        .as_deref()
        .map(|path| -> Result<Mask> {
            let grey = picture_facts::read(path, view.read)?.picture.to_grey();
            Ok(Mask::from_grey(&grey, thumbnail_size(), view.read.order()))
        })
        .transpose()?;
    Ok((thumbnail(&source, view.read.order()), mask))
}

/// The page of one pair, for `qc`.
pub(super) fn of_one(
    names: [&str; 2],
    pictures: [&RgbImage; 2],
    measures: [Option<f64>; 3],
    thresholds: Thresholds,
    passed: bool,
    view: View<'_>,
) -> Result<String> {
    let [source, generated] = pictures;
    let row = PictureRow {
        pair_id: names[1].to_owned(),
        source_id: names[0].to_owned(),
        edit: "one picture".to_owned(),
        passed,
        attempt: 1,
        seed: "not known".to_owned(),
        measures,
        strip: Some(view.strip(source, generated, None)?),
        note: None,
    };
    let page = PicturesPage {
        title: names[1],
        rows: &[row],
        bounds: bounds(thresholds),
        failures: &[],
        panels: view.panels(true),
    };
    Ok(page.html())
}
