//! `generator batch` and `generator assemble`: many counterfactuals, and a dataset of them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::Result;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::release::path_beside;
use spinefairbench_generator::Edit;
use spinefairbench_generator::assemble::assemble;
use spinefairbench_generator::batch::{InvalidShard, Shard, SourceEntry, read_sources};

use crate::arguments::generator::{AssembleArguments, BatchArguments};
use crate::environment;
use crate::exit_status::{CallError, ExitStatus};
use crate::interrupt;
use crate::output::{Output, Shown};
use crate::places::check_derived;
use crate::progress::{Progress, Unit, Verbosity, note};
use crate::shell::Quoted;

use super::preflight;

pub(super) fn run(
    options: &BatchArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let shard = shard(options)?;
    let sources = sources(options)?;
    if options.check {
        return preflight::run(options, shard, &sources, verbosity, output);
    }
    let Some(folder) = options.output.as_deref() else {
        return Err(CallError::new("`generator batch` needs `--output DIR`").into());
    };
    let outputs = sources.iter().flat_map(|source| {
        source.edits.iter().filter_map(|label| {
            let path = label.image_path(&source.source_id).ok()?;
            Some(path.under(folder))
        })
    });
    let inputs = sources.iter().flat_map(|source| [Some(&source.path), source.mask.as_ref()]);
    check_derived("--output", outputs, inputs.flatten().map(PathBuf::as_path))?;
    paint(options, folder, shard, &sources, verbosity, output)
}

/// The part that was asked for, on the command line or by Slurm.
fn shard(options: &BatchArguments) -> Result<Shard> {
    if let Some(shard) = options.shard {
        return Ok(shard);
    }
    let Some((index, count)) = environment::slurm_array_task() else { return Ok(Shard::WHOLE) };
    Ok(format!("{index}/{count}").parse().map_err(|error: InvalidShard| {
        CallError::new(format!("`SLURM_ARRAY_TASK_ID` and `SLURM_ARRAY_TASK_COUNT`: {error}"))
            .with_hint(
                "let the array start at 0 without gaps (`--array=0-15`), or give `--shard i/N`",
            )
    })?)
}

/// The sources of the list with the edits to make; those that are left without any are left out.
fn sources(options: &BatchArguments) -> Result<Vec<SourceEntry>> {
    let mut sources = read_sources(&options.manifest, &options.limits.of_score_file())?;
    let wanted: BTreeSet<Edit> = options.edits.iter().copied().collect();
    if wanted.contains(&Edit::Null) {
        if wanted.len() > 1 {
            return Err(CallError::new(
                "null edits are a batch of their own: give `--edits null` alone",
            )
            .into());
        }
        for source in &mut sources {
            source.edits.clone_from(&wanted);
        }
    } else if !wanted.is_empty() {
        for source in &mut sources {
            source.edits.retain(|label| wanted.contains(label));
        }
        sources.retain(|source| !source.edits.is_empty());
    }
    if sources.is_empty() {
        return Err(CallError::new(format!(
            "`{}` asks for no picture",
            options.manifest.display()
        ))
        .into());
    }
    Ok(sources)
}

#[cfg(not(feature = "libtorch"))]
fn paint(
    _: &BatchArguments,
    _: &Path,
    _: Shard,
    _: &[SourceEntry],
    _: Verbosity,
    _: &Output,
) -> Result<ExitStatus> {
    Err(super::needs_libtorch("`generator batch`"))
}

#[cfg(feature = "libtorch")]
fn paint(
    options: &BatchArguments,
    folder: &Path,
    shard: Shard,
    sources: &[SourceEntry],
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    use spinefairbench_generator::batch::{self, BatchJob, BatchPlan, Perceptual, Start};
    use spinefairbench_generator::infer::Generator;
    use spinefairbench_generator::painter::ModelPainter;
    use spinefairbench_generator::torch::Residency;

    use super::model;
    use super::page::{self, View};

    let config = model::configuration(&options.model, verbosity)?;
    let lora = config.checkpoint(options.model.checkpoint.as_deref())?;
    let model = model::options(&options.model, &options.read, &config, lora, Residency::Kept)?;
    let plan = BatchPlan {
        base_seed: options.seed.unwrap_or(config.seed),
        thresholds: options.thresholds.thresholds(),
        max_attempts: options.max_attempts,
        batch_size: options.batch_size,
        sources_at_once: options.sources_at_once.into(),
        mask_blend: config.tsxr_mask_blend,
    };
    let start = if options.resume { Start::Resume } else { Start::Fresh };
    let bar = Progress::start("painting", Unit::Files, verbosity);
    let mut after_a_source = |done: &batch::BatchOutcome| {
        bar.set((done.passed + done.failed) as u64, None);
        until_interrupted()
    };
    // Guarded from the start, since a process that ends while libtorch computes takes its ground away.
    let outcome = interrupt::guarded(|| {
        let generator = Generator::load(&config, &model)?;
        let trunk = options.lpips_weights.as_deref();
        let (painter, mut lpips) = ModelPainter::new(generator, trunk, interrupt::flag())?;
        let perceptual = lpips.as_mut().map(|lpips| lpips as &mut (dyn Perceptual + Send));
        let job = BatchJob { sources, plan: &plan, root: folder, shard, start };
        batch::run(&painter, perceptual, job, &mut after_a_source)
    })?;
    bar.finish();
    output.line(format_args!("shard      {shard}"))?;
    output.line(format_args!(
        "sources    {}, of which {} were finished before",
        outcome.sources, outcome.skipped
    ))?;
    output.line(format_args!("passed     {}", outcome.passed))?;
    output.line(format_args!("failed     {}", outcome.failed))?;
    note(verbosity, format_args!("{}", Busy(&outcome.stages)));
    if let Some(html) = &options.html {
        let view = View { read: &options.read, shows_sources: options.with_sources };
        page::write(&[folder], sources, view, html, verbosity, output)?;
    }
    for (source, problem) in &outcome.unreadable {
        output.problem(format_args!("`{source}`: {problem}"));
    }
    Ok(if outcome.unreadable.is_empty() { ExitStatus::Fine } else { ExitStatus::Failed })
}

/// How much of the time each stage was at work: what painting waits for shows here.
#[cfg(feature = "libtorch")]
struct Busy<'a>(&'a spinefairbench_generator::batch::StageTimes);

#[cfg(feature = "libtorch")]
impl std::fmt::Display for Busy<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let times = self.0;
        let whole = times.whole.as_secs_f64();
        write!(formatter, "at work in {whole:.1} s:")?;
        for (separator, stage, time) in [
            (" ", "painting", times.painting),
            (", ", "reading", times.reading),
            (", ", "quality control", times.judging),
            (", ", "writing", times.writing),
        ] {
            let share = if whole > 0.0 { 100.0 * time.as_secs_f64() / whole } else { 0.0 };
            write!(formatter, "{separator}{stage} {share:.0} %")?;
        }
        Ok(())
    }
}

/// A signal ends the work after the piece that is at hand.
fn until_interrupted() -> ControlFlow<()> {
    if interrupt::flag().load(Ordering::SeqCst) {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

pub(super) fn assemble_shards(
    options: &AssembleArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let bar = Progress::start("assembling", Unit::Files, verbosity);
    let mut after_a_picture = |done: usize, total: usize| {
        bar.set(done as u64, Some(total as u64));
        until_interrupted()
    };
    let shards: Vec<PathBuf> = options.shards.iter().map(|shard| shard.to_path_buf()).collect();
    let counts = interrupt::guarded(|| assemble(&shards, &options.output, &mut after_a_picture))?;
    bar.finish();
    let (dataset, release) =
        (options.output.display().to_string(), path_beside(&options.output).display().to_string());
    output.line(format_args!("dataset    {}", Shown(&dataset)))?;
    output.line(format_args!("release    {}", Shown(&release)))?;
    note(
        verbosity,
        format_args!(
            "verify it: spinefairbench dataset --artifacts {} --release {}, then spinefairbench checksums {}",
            Quoted(&options.output),
            Quoted(&path_beside(&options.output)),
            Quoted(&options.output.join(layout::SHA256SUMS))
        ),
    );
    output.line(format_args!("attempted  {}", counts.attempted))?;
    output.line(format_args!("passed     {}", counts.passed))?;
    output.line(format_args!("sources    {}", counts.sources))?;
    Ok(ExitStatus::Fine)
}
