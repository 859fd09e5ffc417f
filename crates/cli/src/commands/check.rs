//! The commands that run one check on a bundle.

use std::path::Path;

use anyhow::{Context, Result};
use spinefairbench_artifacts::source::{DirectorySource, FileSource, MemorySource, ReadLimits};
use spinefairbench_checks::{CheckReport, FindingCap, Status, run as run_check};

use crate::arguments::check::{BundleCheck, CheckCommand};
use crate::arguments::{BundleArguments, Format};
use crate::commands::{checksums, report_text};
use crate::exit_status::{CallError, ExitStatus};
use crate::input;
use crate::output::Output;
use crate::progress::{Files, Verbosity};

pub(crate) fn run(
    command: &CheckCommand,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    match command {
        CheckCommand::OnBundle(check) => on_bundle(check, verbosity, output),
        CheckCommand::Checksums(options) => checksums::run(options, verbosity, output),
    }
}

fn on_bundle(command: &BundleCheck, verbosity: Verbosity, output: &Output) -> Result<ExitStatus> {
    let from_call = command.listing.from_call.context("the check is not called by itself")?;
    let mut given = command.call.clone();
    for (name, path) in &command.files {
        given.files.insert(name, input::given_file(path)?);
    }
    let check = from_call(&given).map_err(call)?;
    let BundleArguments { artifacts, release } = &command.options.bundle;
    let release = input::release_description(release.as_deref())?;
    // A check of the program's own data leaves any bundle that is named unread.
    let source: Box<dyn FileSource> = if check.needs(&release).is_empty() {
        Box::new(MemorySource::default())
    } else {
        Box::new(open_bundle(artifacts)?)
    };
    let files = Files::start("reading", verbosity);
    let report =
        run_check(source.as_ref(), &release, check.as_ref(), FindingCap::default(), &files)
            .map_err(call)?;
    files.finish();
    print(&report, command.options.output.format, output)
}

/// The bundle in `artifacts`, within the default limits.
pub(crate) fn open_bundle(artifacts: &Path) -> Result<DirectorySource> {
    open_bundle_within(artifacts, ReadLimits::default())
}

/// The bundle in `artifacts`, within `limits`.
pub(crate) fn open_bundle_within(artifacts: &Path, limits: ReadLimits) -> Result<DirectorySource> {
    DirectorySource::open_within(artifacts, limits).map_err(|error| {
        let source = anyhow::Error::from(error);
        let hint = "`spinefairbench fetch` downloads the bundle, `spinefairbench demo --out DIR` builds a synthetic one";
        anyhow::Error::from(CallError::new(format!("{source:#}")).with_hint(hint))
    })
}

/// A call that the checks refuse.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
pub(crate) fn call(error: spinefairbench_checks::CheckError) -> anyhow::Error {
    CallError::new(error.to_string()).into()
}

/// Prints a check's report in the form that was asked for.
pub(crate) fn print(report: &CheckReport, format: Format, output: &Output) -> Result<ExitStatus> {
    match format {
        Format::Json => {
            let json = serde_json::to_string_pretty(report).context("writing the report")?;
            output.json(json)?;
        }
        Format::Text => report_text::print_check(report, output)?,
    }
    Ok(exit_status(report.status()))
}

/// The exit status that a verdict ends with.
pub(crate) fn exit_status(status: Status) -> ExitStatus {
    match status {
        Status::Pass => ExitStatus::Fine,
        Status::Fail | Status::NotJudged => ExitStatus::Failed,
    }
}
