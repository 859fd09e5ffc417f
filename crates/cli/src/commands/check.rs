//! The commands that run one check on a bundle.

use std::path::Path;

use anyhow::{Context, Result};
use spinefairbench_artifacts::source::{DirectorySource, ReadLimits};
use spinefairbench_checks::table2::{Comparison, Intervals, Table2Options};
use spinefairbench_checks::{
    Check, CheckReport, FindingCap, ImageDigests, ModelSelection, Status, Unobserved,
    run as run_check, wire,
};

use crate::arguments::check::{
    CheckArguments, CheckCommand, ModelCheckArguments, ParseSampleArguments, Table2Arguments,
};
use crate::arguments::resampling::iterations;
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
        CheckCommand::Inspect(options) => on_bundle(&Check::Inspect, options, verbosity, output),
        CheckCommand::Dataset(options) => {
            let digests = if options.hash { ImageDigests::Compare } else { ImageDigests::AsRead };
            on_bundle(&Check::Dataset(digests), &options.check, verbosity, output)
        }
        CheckCommand::Stage1Confidence(options) => {
            on_bundle(&Check::Stage1Confidence, options, verbosity, output)
        }
        CheckCommand::Mitigation(options) if options.recompute => {
            let iterations = options.bootstrap_iterations.as_deref().map(iterations).transpose()?;
            on_bundle(&Check::MitigationRecomputed(iterations), &options.check, verbosity, output)
        }
        CheckCommand::Mitigation(options) => {
            on_bundle(&Check::Mitigation, &options.check, verbosity, output)
        }
        CheckCommand::ParseSample(ParseSampleArguments { check, model }) => {
            on_bundle(&Check::ParseSample(model.clone()), check, verbosity, output)
        }
        CheckCommand::DiagnosticScoring(options) => {
            // The registry is the program's own: any bundle that is named is left unread.
            let release = input::release_description(options.bundle.release.as_deref())?;
            let nothing = spinefairbench_artifacts::source::MemorySource::default();
            let report = run_check(
                &nothing,
                &release,
                &Check::DiagnosticScoring,
                FindingCap::default(),
                &Unobserved,
            )
            .map_err(call)?;
            print(&report, options.output.format, output)
        }
        CheckCommand::Table2(options) => table2(options, verbosity, output),
        CheckCommand::GapSensitivity(ModelCheckArguments { check, model }) => {
            on_bundle(&Check::GapSensitivity(selection(model.as_ref())), check, verbosity, output)
        }
        CheckCommand::BothEmptyDiagnostic(ModelCheckArguments { check, model }) => on_bundle(
            &Check::BothEmptyDiagnostic(selection(model.as_ref())),
            check,
            verbosity,
            output,
        ),
        CheckCommand::Radiologist(options) => {
            on_bundle(&Check::Radiologist, options, verbosity, output)
        }
        CheckCommand::ReleaseIdentity(options) => {
            on_bundle(&Check::ReleaseIdentity, options, verbosity, output)
        }
        CheckCommand::Checksums(options) => checksums::run(options, verbosity, output),
    }
}

fn table2(options: &Table2Arguments, verbosity: Verbosity, output: &Output) -> Result<ExitStatus> {
    let plan = options.resampling.request()?;
    let intervals = if options.recompute_ci {
        let comparison = if options.no_compare { Comparison::None } else { Comparison::WithFrozen };
        Intervals::Recomputed { plan, comparison }
    } else {
        Intervals::Frozen
    };
    let check =
        Check::Table2(Table2Options { models: selection(options.model.as_ref()), intervals });
    on_bundle(&check, &options.check, verbosity, output)
}

fn selection(model: Option<&String>) -> ModelSelection {
    model.map_or(ModelSelection::All, |model| ModelSelection::One(model.clone()))
}

fn on_bundle(
    check: &Check,
    options: &CheckArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let BundleArguments { artifacts, release } = &options.bundle;
    let release = input::release_description(release.as_deref())?;
    let source = open_bundle(artifacts)?;
    let files = Files::start("reading", verbosity);
    let report =
        run_check(&source, &release, check, FindingCap::default(), &files).map_err(call)?;
    files.finish();
    print(&report, options.output.format, output)
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
            let json =
                serde_json::to_string_pretty(&wire::check(report)).context("writing the report")?;
            output.line(json)?;
        }
        Format::Text => report_text::print_check(report, output)?,
    }
    Ok(exit_status(report.status()))
}

/// The exit status that a verdict ends with.
pub(crate) fn exit_status(status: Status) -> ExitStatus {
    match status {
        Status::Pass => ExitStatus::Fine,
        Status::Fail => ExitStatus::Failed,
    }
}
