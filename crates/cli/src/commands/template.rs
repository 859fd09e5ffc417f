//! `template`: a submission to fill in.

use anyhow::Result;
use spinefairbench_scoring::template::{Form, template};

use crate::arguments::scoring::TemplateArguments;
use crate::commands::check::open_bundle;
use crate::commands::score::load_index;
use crate::exit_status::ExitStatus;
use crate::input;
use crate::output::Output;
use crate::progress::{Verbosity, note};
use crate::shell::Quoted;

pub(crate) fn run(
    options: &TemplateArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let release =
        input::description_for(&options.artifacts, options.release.as_deref(), verbosity)?;
    let bundle = open_bundle(&options.artifacts)?;
    let index = match load_index(&bundle, options.scope, &release.scope_manifests) {
        Ok(index) => index,
        Err(problems) => {
            for problem in &problems {
                output.problem(problem);
            }
            return Ok(ExitStatus::Failed);
        }
    };
    let form = if options.jsonl { Form::Lines } else { Form::Object };
    let bytes = template(&index, form);
    match &options.output {
        None => output.json(String::from_utf8_lossy(&bytes))?,
        Some(target) => {
            target.write_json(&bytes)?;
            note(
                verbosity,
                format_args!(
                    "{} pairs to fill in; check it with: spinefairbench lint {}",
                    index.pairs().count(),
                    Quoted(target)
                ),
            );
        }
    }
    Ok(ExitStatus::Fine)
}
