//! `generator qc`: the three measures of a counterfactual, and the verdict.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;
use spinefairbench_imaging::{Filter, GreyImage, Measures, Thresholds, compare};

use crate::arguments::generator::QcArguments;
use crate::commands::picture_facts;
use crate::exit_status::ExitStatus;
use crate::input;
use crate::output::{Meaning, Output};

use super::page::{self, View};

pub(super) fn run(options: &QcArguments, output: &Output) -> Result<ExitStatus> {
    let order = options.read.order();
    let files = [&options.source, &options.generated];
    let [source_file, generated_file] = files.map(|path| picture_facts::read(path, &options.read));
    let (source_file, generated_file) = (source_file?, generated_file?);
    let (source, generated) = (source_file.picture.to_grey(), generated_file.picture.to_grey());
    let comparison = compare(&source, &generated, order);
    let lpips = match &options.lpips_weights {
        None => None,
        Some(weights) => {
            let fitted = generated.resized(source.size(), Filter::Bicubic, order);
            Some(lpips(weights, &source, &fitted)?)
        }
    };
    let measures = Measures {
        ssim: Some(comparison.ssim),
        edge_preservation: Some(comparison.edge_preservation),
        lpips,
    };
    let thresholds = options.thresholds.thresholds();
    let verdict = thresholds.judge(&measures);
    let status = if verdict.passes() { ExitStatus::Fine } else { ExitStatus::Failed };
    let Thresholds { min_ssim, min_edges, max_lpips } = thresholds;
    if let Some(html) = &options.html {
        let view = View { read: &options.read, shows_sources: options.with_sources };
        let names = files.map(|path| input::name(path));
        let pictures = [&source_file, &generated_file].map(|file| file.picture.to_rgb());
        let measures = [measures.ssim, measures.edge_preservation, measures.lpips];
        let page = page::of_one(
            [&names[0], &names[1]],
            [&pictures[0], &pictures[1]],
            measures,
            thresholds,
            verdict.passes(),
            view,
        )?;
        html.write(page.as_bytes())?;
    }
    if options.output.is_json() {
        let result = json!({
            "ssim": comparison.ssim,
            "edge_preservation": comparison.edge_preservation,
            "lpips": lpips,
            "source_edges": comparison.source_edges,
            "generated_edges": comparison.generated_edges,
            "resized": comparison.resized,
            "thresholds": {"min_ssim": min_ssim, "min_edges": min_edges, "max_lpips": max_lpips},
            "kept": {
                "ssim": verdict.ssim, "edge_preservation": verdict.edge_preservation, "lpips": verdict.lpips,
            },
            "passes": verdict.passes(),
            "source": source_file.to_json(),
            "generated": generated_file.to_json(),
        });
        output.json(serde_json::to_string_pretty(&result).context("writing the verdict")?)?;
        return Ok(status);
    }
    let word = |is_kept: bool| {
        if is_kept {
            output.paint(Meaning::Good, "PASS")
        } else {
            output.paint(Meaning::Bad, "FAIL")
        }
    };
    let lpips = lpips.map_or("not measured".to_owned(), |lpips| format!("{lpips:.6}"));
    output.line(format_args!(
        "{}  ssim               {:.6}, at least {min_ssim}",
        word(verdict.ssim),
        comparison.ssim
    ))?;
    output.line(format_args!(
        "{}  edge preservation  {:.6}, at least {min_edges}",
        word(verdict.edge_preservation),
        comparison.edge_preservation
    ))?;
    output.line(format_args!(
        "{}  lpips              {lpips}, at most {max_lpips}",
        word(verdict.lpips)
    ))?;
    if comparison.resized {
        output.line("note: the counterfactual was resized to the source")?;
    }
    for (what, file) in [("source", &source_file), ("counterfactual", &generated_file)] {
        if let Some(window) = file.picture.window {
            output.line(format_args!("note: {what}: window {window}"))?;
        }
        for notice in &file.notices {
            output.line(format_args!("note: {what}: {notice}"))?;
        }
    }
    Ok(status)
}

#[cfg(not(feature = "libtorch"))]
fn lpips(_: &Path, _: &GreyImage, _: &GreyImage) -> Result<f64> {
    Err(super::needs_libtorch("`--lpips-weights`"))
}

#[cfg(feature = "libtorch")]
fn lpips(weights: &Path, source: &GreyImage, generated: &GreyImage) -> Result<f64> {
    let measure = spinefairbench_generator::torch::Lpips::load(weights, tch::Device::Cpu)?;
    Ok(measure.distance(source, generated)?.total)
}
