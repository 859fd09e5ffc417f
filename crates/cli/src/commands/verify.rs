//! `verify`: every check on a bundle, one verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use spinefairbench_artifacts::archive::{ArchiveError, ArchiveProgress, ArchiveTerms, Watch};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_checks::check::followup;
use spinefairbench_checks::suite::archive::NoVerdict;
use spinefairbench_checks::suite::{self, names};
use spinefairbench_checks::{
    CheckName, FindingCap, Progress as Observer, Selection, SuiteReport, Unobserved, Verdict,
    verify,
};
use spinefairbench_report::{junit, suite_page};

use crate::arguments::limits::ArchiveLimitArguments;
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
    let (artifacts, release) = bundle(options, verbosity)?;
    let is_named = options.artifacts.is_some() || options.demo;
    if missing == MissingBundle::Fetch && !is_named && !artifacts.is_dir() {
        return verify_arriving(&release, &selection, options, verbosity, output);
    }
    let start = Instant::now();
    let source = open_bundle_within(&artifacts, options.limits.files.of_folder())?;
    let files = Files::start("verifying", verbosity);
    let mut suite =
        verify(&source, &release, &selection, FindingCap::default(), &files).map_err(call)?;
    files.finish();
    if options.strict {
        suite.refuse_advice();
    }
    publish(&suite, start.elapsed(), &artifacts, options, output)
}

/// The bundle's folder and the description to compare with.
fn bundle(
    options: &VerifyArguments,
    verbosity: Verbosity,
) -> Result<(PathBuf, ReleaseDescription)> {
    if options.demo {
        let bundle = demo::cached(options.scale, verbosity)?;
        return Ok((bundle.root, input::release_description(Some(&bundle.release_path))?));
    }
    let artifacts = options.artifacts.as_deref().unwrap_or(Path::new(DEFAULT_BUNDLE)).to_owned();
    Ok((artifacts, described(options)?))
}

/// The pinned bundle while its archive arrives; nothing is unpacked.
fn verify_arriving(
    release: &ReleaseDescription,
    selection: &Selection,
    options: &VerifyArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let start = Instant::now();
    let fetching = FetchArguments { no_extract: true, ..FetchArguments::default() };
    match fetch::fetch_verified(&fetching, release, selection, verbosity)? {
        (Outcome::Refused(problem), _) => Ok(output.refused(&[problem])),
        (Outcome::Archive(path) | Outcome::Bundle(path), suite) => {
            publish(&suite?, start.elapsed(), &path, options, output)
        }
    }
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

/// The bundle in an archive; nothing of it is written.
fn verify_archive(
    archive: &Path,
    options: &VerifyArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let (selection, release) = (selection(options)?, described(options)?);
    let start = Instant::now();
    let bar = Progress::start("verifying", Unit::Files, verbosity);
    let mut show = |done: ArchiveProgress| bar.set(done.files, None);
    let cancel = AtomicBool::new(false);
    let mut watch = Watch { cancel: &cancel, progress: &mut show };
    let bytes = input::open(archive)?;
    let suite = judged(bytes, archive, &release, &selection, &options.limits, &mut watch)?;
    bar.finish();
    publish(&suite, start.elapsed(), archive, options, output)
}

/// The verdict on the bundle in the archive that `bytes` give; also on one that is at fault itself.
///
/// # Errors
///
/// If nothing was judged: what failed is the disk, or the call.
pub(crate) fn judged(
    bytes: impl Read + Send,
    archive: &Path,
    release: &ReleaseDescription,
    selection: &Selection,
    limits: &ArchiveLimitArguments,
    watch: &mut Watch<'_>,
) -> Result<SuiteReport> {
    let (limits, files) = (limits.of_archive(), limits.files.of_folder());
    let terms = ArchiveTerms { limits, files, ..ArchiveTerms::default() };
    let how = (FindingCap::default(), &Unobserved as &dyn Observer);
    match suite::archive::verify_archive(bytes, &terms, release, selection, how, watch) {
        Ok(suite) => Ok(suite),
        Err(NoVerdict::Archive(error)) if !is_about_the_machine(&error) => {
            Ok(suite::archive::refused(release, &archive.display().to_string(), &error))
        }
        Err(NoVerdict::Call(error)) => Err(call(error)),
        Err(error) => Err(error).with_context(|| format!("verifying `{}`", archive.display())),
    }
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

pub(crate) fn print_verdict(
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
                    "{} of {} checks ran and pass; left out: {}",
                    suite.passed(),
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
