//! The `spinefairbench` command as a library: arguments, one library call, print, exit status.
//!
//! `cargo xtask verify` and `cargo xtask fetch` call [`run`] too, so that they cannot drift apart from the binary. This crate
//! alone prints, reads the environment and the clock.

#![forbid(unsafe_code)]

mod arguments;
mod commands;
mod download;
mod environment;
mod exit_status;
mod input;
mod interrupt;
mod output;
mod progress;
mod targets;
mod text_table;
mod timestamp;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command};
use exit_status::CallError;
use output::{Output, Shown};

pub use commands::demo::cached_demo;
pub use commands::verify::MissingBundle;
pub use environment::cache_folder;
pub use exit_status::ExitStatus;

/// Runs the command that `arguments` (the program's name first) describe, prints its result and gives its exit status.
///
/// `missing` says what `verify` does where no bundle is named and none is there.
pub fn run(arguments: impl IntoIterator<Item = OsString>, missing: MissingBundle) -> ExitStatus {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(message) => {
            // `--help` and `--version` come this way too; a closed pipe is no reason to complain.
            let _ = message.print();
            return if message.use_stderr() { ExitStatus::CouldNotRun } else { ExitStatus::Fine };
        }
    };
    interrupt::watch();
    match carry_out(&arguments, missing) {
        Ok(status) => status,
        Err(error) if output::is_broken_pipe(&error) => ExitStatus::Fine,
        Err(error) => {
            report_error(&error);
            ExitStatus::CouldNotRun
        }
    }
}

/// The whole command line, for completions, the manual page and tests.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

fn carry_out(arguments: &Arguments, missing: MissingBundle) -> anyhow::Result<ExitStatus> {
    let output = Output::standard();
    let verbosity = arguments.verbosity();
    match &arguments.command {
        Command::Verify(options) => commands::verify::run(options, missing, verbosity, &output),
        Command::Check(command) => commands::check::run(command, verbosity, &output),
        Command::Parse(options) => commands::parse::run(options, &output),
        Command::Interval(options) => commands::interval::run(options, &output),
        Command::Registry(options) => commands::registry::run(options, &output),
        Command::Report(options) => commands::report::run(options, &output),
        Command::Fetch(options) => commands::fetch::run(options, verbosity, &output),
        Command::Generator(options) => commands::generator::run(options, verbosity, &output),
        Command::Demo(options) => commands::demo::run(options, verbosity, &output),
        Command::Doctor(options) => commands::doctor::run(options, &output),
        Command::Compare(options) => commands::compare::run(options, &output),
        Command::Leaderboard(options) => commands::leaderboard::run(options, verbosity, &output),
        Command::Sensitivity(options) => commands::sensitivity::run(options, verbosity, &output),
        Command::Completions(options) => commands::completions::run(options, &output),
        Command::Man => commands::completions::manual(&output),
        Command::Scoring(command) => commands::scoring::run(command, verbosity, &output),
    }
}

/// One line for the error and its causes, and one for what to do next.
fn report_error(error: &anyhow::Error) {
    let mut stderr = io::stderr().lock();
    // An error that cannot be shown has nowhere else to go.
    let _ = writeln!(stderr, "error: {}", Shown(&format!("{error:#}")));
    let hint = error.chain().find_map(|cause| cause.downcast_ref::<CallError>()?.hint());
    if let Some(hint) = hint {
        let _ = writeln!(stderr, "hint: {hint}");
    }
}
