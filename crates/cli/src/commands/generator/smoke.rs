//! `generator smoke`: does it run here at all?

use anyhow::Result;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_generator::smoke;

use super::write_and_name;
use crate::arguments::generator::SmokeArguments;
use crate::exit_status::ExitStatus;
#[cfg(feature = "libtorch")]
use crate::interrupt;
use crate::output::Output;
use crate::progress::Verbosity;

pub(super) fn run(
    options: &SmokeArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    if !options.dry_run {
        return real_pass(options, verbosity, output);
    }
    let files = smoke::dry_run(&ReleaseDescription::pinned())?;
    for ((name, bytes), label) in files.iter().zip(["picture", "metadata"]) {
        write_and_name(&options.output, name, bytes, label, output)?;
    }
    Ok(ExitStatus::Fine)
}

#[cfg(not(feature = "libtorch"))]
fn real_pass(options: &SmokeArguments, _: Verbosity, _: &Output) -> Result<ExitStatus> {
    let _ = options.device;
    Err(super::needs_libtorch("`generator smoke` without `--dry-run`"))
}

#[cfg(feature = "libtorch")]
fn real_pass(
    options: &SmokeArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let folder = &options.output;
    let outcome =
        interrupt::guarded(|| spinefairbench_generator::infer::smoke(folder, options.device))?;
    let source = smoke::synthetic_radiograph(outcome.picture.width())?
        .to_png()
        .map_err(spinefairbench_generator::GeneratorError::from)?;
    write_and_name(folder, smoke::PICTURE_NAME, &source, "source", output)?;
    super::infer::write_outcome(&outcome, folder, verbosity, output)?;
    Ok(ExitStatus::Fine)
}
