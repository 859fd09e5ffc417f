//! `submission`: what is done with a submission before it is scored.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use spinefairbench_scoring::lint::{AdviceCode, report_advice};
use spinefairbench_scoring::strip::{Stripping, strip_reasoning};
use spinefairbench_scoring::submission::{self, KeptTexts, Stripped, SubmissionError};

use crate::arguments::Format;
use crate::arguments::scoring::{StripArguments, SubmissionCommand};
use crate::commands::score::refuse;
use crate::exit_status::ExitStatus;
use crate::input;
use crate::output::{Meaning, Output, Shown};
use crate::progress::{Verbosity, note};

pub(crate) fn run(
    command: &SubmissionCommand,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    match command {
        SubmissionCommand::Strip(options) => strip(options, verbosity, output),
    }
}

fn strip(options: &StripArguments, verbosity: Verbosity, output: &Output) -> Result<ExitStatus> {
    let path: &Path = &options.submission;
    let name = input::name(path);
    let limits = options.limits.of_copy();
    let most_bytes = limits.growth.total_bytes;
    let bytes = input::read_short(path, most_bytes, "submission that can be copied")?;
    let stripping = match strip_reasoning(&name, &bytes, limits) {
        Ok(stripping) => stripping,
        Err(SubmissionError::Refused { problems, .. }) => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            return Ok(refuse(path, &problems, output));
        }
        Err(error) => return Err(error.into()),
    };
    let copy = submission::read_keeping(&name, stripping.bytes.as_slice(), KeptTexts::None, limits);
    let (copy, _) = copy.context("reading the copy again")?;
    // Byte by byte as it was, deceptive characters in its strings included.
    options.output.write(&stripping.bytes)?;
    for advice in report_advice(&copy) {
        if advice.code == AdviceCode::ReasoningText {
            note(verbosity, format_args!("advice: still {}", Shown(&advice.to_string())));
        }
    }
    print(&stripping, &copy.content_digest.to_string(), options, output)?;
    Ok(ExitStatus::Fine)
}

#[derive(Debug, Serialize)]
struct Summary<'a> {
    output: String,
    changed: bool,
    submission_sha256: &'a str,
    stripped: Option<&'a Stripped>,
}

fn print(
    stripping: &Stripping,
    digest: &str,
    options: &StripArguments,
    output: &Output,
) -> Result<()> {
    let target = options.output.display().to_string();
    let record = stripping.record.as_ref();
    if options.format.format == Format::Json {
        let summary = Summary {
            output: target,
            changed: record.is_some(),
            submission_sha256: digest,
            stripped: record,
        };
        return output.json(serde_json::to_string(&summary).context("writing the summary")?);
    }
    match record {
        None => output
            .line("no reasoning between marks was found; the copy is the submission as it was")?,
        Some(record) => {
            let heading = output.paint(Meaning::Heading, "reasoning taken out");
            let forms: Vec<&str> = record.forms().into_iter().collect();
            output.line(format_args!(
                "{heading} of {} reports: {} characters ({})",
                record.reports.len(),
                record.characters(),
                forms.join("; ")
            ))?;
            output.line(format_args!("original    sha256 {}", record.original_sha256))?;
        }
    }
    output.line(format_args!("copy        {}", Shown(&target)))
}
