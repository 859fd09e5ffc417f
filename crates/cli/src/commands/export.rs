//! `export tasks`: the images and prompts of a scope for runners of others.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use spinefairbench_artifacts::source::ReadLimits;
use spinefairbench_artifacts::write;
use spinefairbench_runner::images::{self, Convert, Rules};
use spinefairbench_runner::tasks::{self, Task};

use crate::arguments::import::{ExportCommand, TasksArguments};
use crate::commands::asked::{look_at, prompts};
use crate::commands::benchmark::Benchmark;
use crate::exit_status::ExitStatus;
use crate::output::{Output, Shown};
use crate::places::check_derived;
use crate::progress::Verbosity;

/// No runner of others states a limit; every image of the benchmark is far below this.
const MOST_ENCODED_BYTES: u64 = 1 << 30;

pub(crate) fn run(
    command: &ExportCommand,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let ExportCommand::Tasks(options) = command;
    tasks(options, verbosity, output)
}

fn tasks(options: &TasksArguments, verbosity: Verbosity, output: &Output) -> Result<ExitStatus> {
    let opened = options.pairs.open(ReadLimits::default(), verbosity)?;
    let Benchmark { bundle, release, index } = match opened {
        Ok(benchmark) => benchmark,
        Err(problems) => return Ok(output.refused(&problems)),
    };
    let [system, primary] = match prompts(None, &release, &bundle)? {
        Ok(prompts) => prompts,
        Err(problem) => return Ok(output.refused(&[problem])),
    };
    let pairs = images::pairs(&index);
    let wanted: BTreeSet<_> = pairs.iter().map(|pair| pair.source_id.clone()).collect();
    let mut places = images::counterfactuals(&index, &options.pairs.benchmark.artifacts);
    places.extend(images::sources(&options.sources, &wanted)?);
    let rules = Rules { most_encoded_bytes: MOST_ENCODED_BYTES, convert: Convert::Refuse };
    let images = match look_at(&places, &rules, verbosity) {
        Ok(images) => images,
        Err(problems) => return Ok(output.refused(&problems)),
    };
    let absolute = |path: &std::path::Path| {
        std::path::absolute(path).with_context(|| format!("the folder of `{}`", path.display()))
    };
    let mut images = images;
    for image in images.values_mut() {
        image.path = absolute(&image.path)?;
    }
    let folder = absolute(&options.output)?;
    let task = Task { scope: options.pairs.scope, system, primary, pairs: &pairs, images: &images };
    let files = tasks::files(&task, &folder);
    let read = images.values().map(|image| image.path.as_path());
    check_derived("--output", files.keys().map(|name| options.output.join(name)), read)?;
    for (name, bytes) in &files {
        let target = options.output.join(name);
        write::create_folder(target.parent().unwrap_or(&options.output))?;
        options.output.file(name).write(bytes)?;
    }
    output.line(format_args!("images     {}", images.len()))?;
    for name in files.keys() {
        output.line(format_args!(
            "written    {}",
            Shown(&options.output.join(name).display().to_string())
        ))?;
    }
    Ok(ExitStatus::Fine)
}
