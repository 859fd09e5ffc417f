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
mod places;
mod progress;
mod shell;
mod text_table;
mod timestamp;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use spinefairbench_report::visible::{VisibleLines, is_deceptive};

use arguments::{Arguments, Command, Format};
use exit_status::CallError;
use output::{Color, Output, Stream};
use places::Places;

pub use commands::demo::cached_demo;
pub use commands::verify::MissingBundle;
pub use environment::cache_folder;
pub use exit_status::ExitStatus;

/// Runs the command that `arguments` (the program's name first) describe, prints its result and gives its exit status.
///
/// `missing` says what `verify` does where no bundle is named and none is there.
pub fn run(arguments: impl IntoIterator<Item = OsString>, missing: MissingBundle) -> ExitStatus {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let mut command = command();
    let parsed = command.try_get_matches_from_mut(&words).and_then(|matches| {
        let arguments = Arguments::from_arg_matches(&matches);
        Ok((arguments.map_err(|error| error.format(&mut command))?, matches))
    });
    let (arguments, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(message) => return answer(&message, &words),
    };
    interrupt::watch();
    // Before anything is read: what is to be written may lie in no bundle and on no input.
    let places = Places::of(&command, &matches);
    let stream = if places.write_to_stdout() { Stream::Stderr } else { Stream::Stdout };
    let output = Output::new(format(&matches), stream);
    let outcome = places
        .check()
        .map_err(anyhow::Error::from)
        .and_then(|()| start_threads())
        .and_then(|()| carry_out(&arguments, missing, &output));
    conclude(outcome, &output)
}

/// The whole command line, for completions, the manual page and tests.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Starts the threads that a command may share its work with; the library would start them at first use, and panic where it cannot.
fn start_threads() -> anyhow::Result<()> {
    let started = rayon::ThreadPoolBuilder::new().build_global();
    // Without a cause they only run already: a test or a task calls several commands in one process.
    match started.as_ref().err().and_then(std::error::Error::source) {
        None => Ok(()),
        Some(cause) => Err(CallError::new(format!("no thread can be started: {cause}")).into()),
    }
}

fn carry_out(
    arguments: &Arguments,
    missing: MissingBundle,
    output: &Output,
) -> anyhow::Result<ExitStatus> {
    let verbosity = arguments.verbosity();
    match &arguments.command {
        Command::Verify(options) => commands::verify::run(options, missing, verbosity, output),
        Command::Check(command) => commands::check::run(command, verbosity, output),
        Command::Parse(options) => commands::parse::run(options, output),
        Command::Interval(options) => commands::interval::run(options, output),
        Command::Registry(options) => commands::registry::run(options, output),
        Command::Report(options) => commands::report::run(options, output),
        Command::Fetch(options) => commands::fetch::run(options, verbosity, output),
        Command::Generator(options) => commands::generator::run(options, verbosity, output),
        Command::Demo(options) => commands::demo::run(options, verbosity, output),
        Command::Doctor(options) => commands::doctor::run(options, output),
        #[cfg(feature = "run")]
        Command::Run(options) => commands::run::run(options, verbosity, output),
        #[cfg(feature = "run")]
        Command::Import(options) => commands::import::run(options, verbosity, output),
        #[cfg(feature = "run")]
        Command::Export { command } => commands::export::run(command, verbosity, output),
        Command::Compare(options) => commands::compare::run(options, verbosity, output),
        Command::Leaderboard(options) => commands::leaderboard::run(options, verbosity, output),
        Command::Sensitivity(options) => commands::sensitivity::run(options, verbosity, output),
        Command::Power(options) => commands::power::run(options, verbosity, output),
        Command::Completions(options) => commands::completions::run(options, output),
        Command::Man => commands::completions::manual(output),
        Command::Scoring(command) => commands::scoring::run(command, verbosity, output),
    }
}

/// The form of the result that the command was asked for; a command without the option prints text.
fn format(matches: &ArgMatches) -> Format {
    let mut matches = matches;
    while let Some((_, below)) = matches.subcommand() {
        matches = below;
    }
    matches.try_get_one("format").ok().flatten().copied().unwrap_or(Format::Text)
}

/// What clap says in place of running a command: help, the version, or what is wrong with the call.
fn answer(message: &clap::Error, words: &[OsString]) -> ExitStatus {
    let wants_json = words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
        || words.iter().any(|word| word == "--format=json");
    let format = if wants_json { Format::Json } else { Format::Text };
    let output = Output::new(format, Stream::Stdout);
    let text = message.render();
    if !message.use_stderr() {
        let text = match output.color() {
            Color::Always => text.ansi().to_string(),
            Color::Never => text.to_string(),
        };
        return conclude(output.verbatim(text).map(|()| ExitStatus::Fine), &output);
    }
    // An argument may be a file's name that a pattern of the shell brought in.
    let is_foreign = words.iter().any(|word| word.to_string_lossy().contains(is_deceptive));
    let shown = match Color::of(Stream::Stderr) {
        Color::Always if !is_foreign => text.ansi().to_string(),
        _ => VisibleLines(&text.to_string()).to_string(),
    };
    // An error that cannot be shown has nowhere else to go.
    let _ = io::stderr().lock().write_all(shown.as_bytes());
    let plain = text.to_string();
    // The first paragraph says what is wrong, over several lines where it lists something.
    let lines: Vec<&str> =
        plain.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let said = lines.join(" ");
    output.note_problem(said.strip_prefix("error: ").unwrap_or(&said));
    conclude(Ok(ExitStatus::CouldNotRun), &output)
}

/// Ends a call: the error on standard error if there is one, an object for who asked for JSON, and the status.
fn conclude(outcome: anyhow::Result<ExitStatus>, output: &Output) -> ExitStatus {
    let (status, hint) = match outcome {
        Ok(status) => (status, None),
        Err(error) => {
            output.problem(format_args!("{error:#}"));
            let mut causes = error.chain();
            let hint = causes.find_map(|cause| cause.downcast_ref::<CallError>()?.hint());
            let hint = hint.map(|hint| VisibleLines(hint).to_string());
            if let Some(hint) = &hint {
                let _ = writeln!(io::stderr().lock(), "hint: {hint}");
            }
            (ExitStatus::CouldNotRun, hint)
        }
    };
    match output.finish(status, hint.as_deref()) {
        Ok(()) => status,
        Err(error) => {
            output.problem(format_args!("{error:#}"));
            ExitStatus::CouldNotRun
        }
    }
}
