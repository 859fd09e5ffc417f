//! The commands around a submission and its score.

use anyhow::Result;

use crate::arguments::scoring::ScoringCommand;
use crate::commands::{explain, lint, schema, score, submission, template};
use crate::exit_status::ExitStatus;
use crate::output::Output;
use crate::progress::Verbosity;

pub(crate) fn run(
    command: &ScoringCommand,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    match command {
        ScoringCommand::Score(options) => score::run(options, verbosity, output),
        ScoringCommand::Lint(options) => lint::run(options, output),
        ScoringCommand::Submission { command } => submission::run(command, verbosity, output),
        ScoringCommand::Template(options) => template::run(options, verbosity, output),
        ScoringCommand::Schema(options) => schema::run(options, output),
        ScoringCommand::Explain(options) => explain::run(options, output),
    }
}
