//! `verify`: every check on a bundle, one verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use spinefairbench_artifacts::archive::{
    ArchiveError, ArchiveProgress, ArchiveTerms, Watch, verify_members,
};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_checks::check::checksums::archive::{checksums_of_archive, refused_archive};
use spinefairbench_checks::check::followup;
use spinefairbench_checks::suite::names;
use spinefairbench_checks::{
    CheckName, Finding, FindingCap, Selection, SuiteReport, Verdict, verify,
};
use spinefairbench_report::{junit, suite_page};

use crate::arguments::{DEFAULT_BUNDLE, FetchArguments, Format, VerifyArguments};
use crate::commands::check::{call, exit_status, open_bundle_within};
use crate::commands::fetch::{self, Outcome};
use crate::commands::{demo, report_text};
use crate::exit_status::{CallError, ExitStatus};
use crate::input;
use crate::output::{Meaning, Output, Shown};
use crate::progress::{Files, Progress, Unit, Verbosity};

/// What is done where no bundle is named and none is in the usual place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingBundle {
    /// The call is refused: `spinefairbench verify` never downloads.
    Refuse,
    /// The pinned release is downloaded: what `cargo xtask verify` does.
    Fetch,
}

pub(crate) fn run(
    options: &VerifyArguments,
    missing: MissingBundle,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    if let Some(archive) = &options.archive {
        return verify_archive(archive, options, verbosity, output);
    }
    let selection = selection(options)?;
    let (artifacts, release) = match bundle(options, missing, verbosity)? {
        Bundle::At { artifacts, release } => (artifacts, release),
        Bundle::Refused(problem) => {
            output.problem(&problem);
            return Ok(ExitStatus::Failed);
        }
    };
    let start = Instant::now();
    let source = open_bundle_within(&artifacts, options.limits.files.of_folder())?;
    let files = Files::start("verifying", verbosity);
    let suite =
        verify(&source, &release, &selection, FindingCap::default(), &files).map_err(call)?;
    files.finish();
    publish(&suite, start.elapsed(), &artifacts, options, output)
}

/// What there is to verify.
enum Bundle {
    At { artifacts: PathBuf, release: Box<ReleaseDescription> },
    Refused(String),
}

/// The bundle's folder and the description to compare with.
fn bundle(
    options: &VerifyArguments,
    missing: MissingBundle,
    verbosity: Verbosity,
) -> Result<Bundle> {
    if options.demo {
        let bundle = demo::cached(options.scale, verbosity)?;
        let release = Box::new(input::release_description(Some(&bundle.release_path))?);
        return Ok(Bundle::At { artifacts: bundle.root, release });
    }
    let release = Box::new(described(options)?);
    let artifacts = options.artifacts.as_deref().unwrap_or(Path::new(DEFAULT_BUNDLE)).to_owned();
    if missing == MissingBundle::Fetch && options.artifacts.is_none() && !artifacts.is_dir() {
        let options = FetchArguments::default();
        return Ok(match fetch::fetch(&options, &release, verbosity)? {
            Outcome::Bundle(artifacts) => Bundle::At { artifacts, release },
            Outcome::Archive(path) => {
                Bundle::Refused(format!("`{}` was not extracted", path.display()))
            }
            Outcome::Refused(problem) => Bundle::Refused(problem),
        });
    }
    Ok(Bundle::At { artifacts, release })
}

/// The description to compare with, by the archive that is meant.
fn described(options: &VerifyArguments) -> Result<ReleaseDescription> {
    input::release_by_archive(options.release.as_deref(), options.archive_variant)
}

fn selection(options: &VerifyArguments) -> Result<Selection> {
    let named = |names: &[String]| -> Result<BTreeSet<CheckName>> {
        names
            .iter()
            .map(|name| {
                Ok(name.parse::<CheckName>().map_err(|error| CallError::new(error.to_string()))?)
            })
            .collect()
    };
    let mut selection = Selection {
        only: named(&options.only)?,
        skip: named(&options.skip)?,
        files: BTreeMap::new(),
    };
    if let Some(path) = &options.supplement {
        selection.files.insert(followup::SUPPLEMENT, input::given_file(path)?);
    }
    if let Some((check, option)) = selection.missing_files().next() {
        let message = format!("`{check}` is about a file: `--{option} FILE` names it");
        return Err(CallError::new(message).into());
    }
    if selection.checks().is_empty() {
        return Err(CallError::new(
            "no check is left to run: a verdict over nothing would say nothing",
        )
        .into());
    }
    Ok(selection)
}

/// The members of an archive against its own manifests; nothing of it is written.
fn verify_archive(
    archive: &Path,
    options: &VerifyArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let release = described(options)?;
    let start = Instant::now();
    let cancel = AtomicBool::new(false);
    let bar = Progress::start("verifying", Unit::Files, verbosity);
    let mut show = |done: ArchiveProgress| bar.set(done.files, None);
    let mut watch = Watch { cancel: &cancel, progress: &mut show };
    let terms = ArchiveTerms { limits: options.limits.of_archive(), ..ArchiveTerms::default() };
    let report = match verify_members(input::open(archive)?, &terms, &mut watch) {
        Ok(members) => checksums_of_archive(&members, &release, FindingCap::default()),
        Err(error) if is_about_the_machine(&error) => {
            return Err(error).with_context(|| format!("verifying `{}`", archive.display()));
        }
        Err(error) => refused_archive(Finding::of(&error).in_file(archive.display())),
    };
    bar.finish();
    publish(
        &SuiteReport { basis: release.basis(), checks: vec![report] },
        start.elapsed(),
        archive,
        options,
        output,
    )
}

/// Whether the archive was not judged: what failed is the disk, or the call.
fn is_about_the_machine(error: &ArchiveError) -> bool {
    matches!(error, ArchiveError::Read { .. } | ArchiveError::Cancelled)
}

/// Writes the files that were asked for and prints the verdict.
fn publish(
    suite: &SuiteReport,
    elapsed: Duration,
    artifacts: &Path,
    options: &VerifyArguments,
    output: &Output,
) -> Result<ExitStatus> {
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let json =
        serde_json::to_string_pretty(&suite.timed(elapsed_ms)).context("writing the verdict")?;
    if let Some(path) = &options.json {
        path.write_json(format!("{json}\n").as_bytes())?;
    }
    if let Some(path) = &options.junit {
        path.write(junit::suite(suite, elapsed).as_bytes())?;
    }
    if let Some(path) = &options.html {
        let page = suite_page::html(suite, elapsed, &artifacts.display().to_string());
        path.write(page.as_bytes())?;
    }
    match options.output.format {
        Format::Json => output.json(json)?,
        Format::Text => print_verdict(suite, elapsed, artifacts, output)?,
    }
    Ok(exit_status(suite.status()))
}

fn print_verdict(
    suite: &SuiteReport,
    elapsed: Duration,
    artifacts: &Path,
    output: &Output,
) -> Result<()> {
    for report in &suite.checks {
        output.line(report_text::headline(report, output))?;
        report_text::print_notes_and_findings(report, output)?;
    }
    let bundle = artifacts.display().to_string();
    let n_ran = suite.checks.len();
    let verdict = match suite.verdict() {
        Verdict::Verified => {
            output.paint(Meaning::Good, format_args!("verified: all {n_ran} checks pass"))
        }
        Verdict::Consistent { not_compared } => {
            let not_compared: Vec<&str> = not_compared.iter().map(|name| name.as_str()).collect();
            output.paint(
                Meaning::Good,
                format_args!(
                    "consistent: all {n_ran} checks pass; not compared with published values: {}",
                    not_compared.join(", ")
                ),
            )
        }
        Verdict::PassedInPart { left_out } => {
            let left_out: Vec<&str> = left_out.iter().map(|name| name.as_str()).collect();
            output.paint(
                Meaning::Good,
                format_args!(
                    "{n_ran} of {} checks ran and pass; left out: {}",
                    names().count(),
                    left_out.join(", ")
                ),
            )
        }
        Verdict::NotVerified => output.paint(
            Meaning::Bad,
            format_args!("not verified: {} of {n_ran} checks fail", suite.failed()),
        ),
    };
    output.line("")?;
    output.line(format_args!("{verdict} ({:.2} s, {})", elapsed.as_secs_f64(), Shown(&bundle)))?;
    let basis = suite.basis.to_string();
    output.line(output.paint(Meaning::Faint, format_args!("rests on {}", Shown(&basis))))
}
