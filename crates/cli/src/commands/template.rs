//! `template`: a submission to fill in.

use std::path::PathBuf;

use anyhow::Result;
use spinefairbench_artifacts::write::write_atomic;
use spinefairbench_scoring::template::{Form, template};

use crate::arguments::scoring::TemplateArguments;
use crate::commands::check::open_bundle;
use crate::commands::score::{load_index, scope_files};
use crate::exit_status::ExitStatus;
use crate::input;
use crate::interrupt;
use crate::output::{Output, print_problem};
use crate::progress::{Verbosity, note};
use crate::targets::check_targets;

pub(crate) fn run(
    options: &TemplateArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let read = scope_files(&options.artifacts);
    let targets = [("--output", options.output.as_deref())];
    check_targets(&targets, read.iter().map(PathBuf::as_path))?;
    let release =
        input::description_for(&options.artifacts, options.release.as_deref(), verbosity)?;
    let bundle = open_bundle(&options.artifacts)?;
    let index = match load_index(&bundle, options.scope, &release.scope_manifests) {
        Ok(index) => index,
        Err(problems) => {
            problems.iter().for_each(print_problem);
            return Ok(ExitStatus::Failed);
        }
    };
    let form = if options.jsonl { Form::Lines } else { Form::Object };
    let bytes = template(&index, form);
    match &options.output {
        None => output.bytes(&bytes)?,
        Some(target) => {
            interrupt::guarded(|| write_atomic(target, &bytes))?;
            note(
                verbosity,
                format_args!(
                    "{} pairs to fill in; check it with: spinefairbench lint {}",
                    index.pairs().count(),
                    target.display()
                ),
            );
        }
    }
    Ok(ExitStatus::Fine)
}
