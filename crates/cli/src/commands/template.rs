//! `template`: a submission to fill in.

use anyhow::Result;
use spinefairbench_artifacts::source::ReadLimits;
use spinefairbench_scoring::template::{Form, template};

use crate::arguments::scoring::TemplateArguments;
use crate::exit_status::ExitStatus;
use crate::output::Output;
use crate::progress::{Verbosity, note};
use crate::shell::Quoted;

pub(crate) fn run(
    options: &TemplateArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let index = match options.pairs.open(ReadLimits::default(), verbosity)? {
        Ok(benchmark) => benchmark.index,
        Err(problems) => return Ok(output.refused(&problems)),
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
