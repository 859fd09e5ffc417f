//! `fetch`: the pinned archive, downloaded or taken from a local copy, verified on the way if that is asked for, and extracted.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use spinefairbench_artifacts::archive::{
    ARCHIVE_FOLDER, ArchiveIdentity, ArchiveProgress, ArchiveTerms, ExtractOutcome, ExtractPlan,
    Limits, Watch, extract, extracted_from,
};
use spinefairbench_artifacts::download::{
    DownloadError, DownloadPlan, Fetched, Origin, Pieces, fetch_with_sidecar, verify_file,
};
use spinefairbench_artifacts::lock::WhenBusy;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_checks::{Selection, SuiteReport};

use crate::arguments::FetchArguments;
use crate::commands::check::exit_status;
use crate::commands::verify;
use crate::download::{self, BUSY_WAIT, Network};
use crate::environment;
use crate::exit_status::ExitStatus;
use crate::input;
use crate::interrupt;
use crate::output::{Output, Shown};
use crate::places::check_implied;
use crate::progress::{Progress, Unit, Verbosity, note};

mod arriving;

use arriving::Arriving;

pub(crate) fn run(
    options: &FetchArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let release = input::release_by_archive(options.release.as_deref(), options.archive_variant)?;
    if !options.verify {
        return show(&fetch(options, &release, verbosity)?, output);
    }
    let start = Instant::now();
    let selection = Selection::default();
    let (outcome, suite) = fetch_verified(options, &release, &selection, verbosity)?;
    let status = show(&outcome, output)?;
    let (Outcome::Archive(path) | Outcome::Bundle(path)) = outcome else { return Ok(status) };
    let suite = suite?;
    verify::print_verdict(&suite, start.elapsed(), &path, output)?;
    Ok(exit_status(suite.status()))
}

fn show(outcome: &Outcome, output: &Output) -> Result<ExitStatus> {
    let (what, path) = match outcome {
        Outcome::Refused(problem) => {
            output.problem(problem);
            return Ok(ExitStatus::Failed);
        }
        Outcome::Archive(path) => ("archive ", path),
        Outcome::Bundle(root) => ("bundle  ", root),
    };
    output.line(format_args!("{what} {}", Shown(&path.display().to_string())))?;
    Ok(ExitStatus::Fine)
}

/// How a fetch ended.
pub(crate) enum Outcome {
    /// What came is not what the release pins.
    Refused(String),
    /// The archive is there.
    Archive(PathBuf),
    /// The bundle is there.
    Bundle(PathBuf),
}

/// Brings the archive of `release` and, unless that is declined, the bundle in it.
pub(crate) fn fetch(
    options: &FetchArguments,
    release: &ReleaseDescription,
    verbosity: Verbosity,
) -> Result<Outcome> {
    interrupt::guarded(|| obtain_and_extract(options, release, verbosity, None))
}

/// As [`fetch`], and the verdict on the bundle in the archive, which is verified while it arrives. What became of the verdict is of
/// no meaning where the archive is refused.
pub(crate) fn fetch_verified(
    options: &FetchArguments,
    release: &ReleaseDescription,
    selection: &Selection,
    verbosity: Verbosity,
) -> Result<(Outcome, Result<SuiteReport>)> {
    let name = Path::new(&release.artifact_archive.filename);
    let judge = |arriving: Arriving| {
        let mut watch = Watch { cancel: interrupt::flag(), progress: &mut |_| {} };
        verify::judged(arriving, name, release, selection, &options.limits, &mut watch)
    };
    interrupt::guarded(|| {
        let (outcome, suite) = arriving::beside(judge, |take| {
            obtain_and_extract(options, release, verbosity, Some(take))
        });
        outcome.map(|outcome| (outcome, suite))
    })
}

fn obtain_and_extract(
    options: &FetchArguments,
    release: &ReleaseDescription,
    verbosity: Verbosity,
    pieces: Option<&mut Pieces<'_>>,
) -> Result<Outcome> {
    let folder = if let Some(folder) = &options.out {
        folder.to_path_buf()
    } else {
        let folder = environment::cache_folder()?.join("releases").join(cached_name(release));
        check_implied("cache folder", &folder)?;
        folder
    };
    if let Some(problem) = holds_another(&folder.join(ARCHIVE_FOLDER), release) {
        return Ok(Outcome::Refused(problem));
    }
    let plan = DownloadPlan::for_archive(&release.artifact_archive, options.hub.endpoint()?);
    let network = options.hub.network()?;
    let archive = match obtain(options, &network, &plan, &folder, verbosity, pieces) {
        Ok(fetched) => fetched,
        Err(error) => return download::refusal(error).map(Outcome::Refused),
    };
    if options.no_extract {
        return Ok(Outcome::Archive(archive.path));
    }
    let limits = options.limits.of_archive();
    extract_to(&archive.path, release, limits, &folder.join(ARCHIVE_FOLDER), verbosity)
}

/// The cache's folder of a release's archive; the archives of one release stand side by side.
fn cached_name(release: &ReleaseDescription) -> String {
    let digest = release.artifact_archive.sha256.to_string();
    format!("{}-{}", release.release_id, &digest[..12])
}

/// Why nothing is downloaded for a folder that another archive was extracted to.
fn holds_another(target: &Path, release: &ReleaseDescription) -> Option<String> {
    let found = extracted_from(target).filter(|found| *found != release.artifact_archive.sha256)?;
    Some(format!(
        "`{}` was extracted from another archive (sha256 {found}, wanted {}): the archives of a release need folders of their own",
        target.display(),
        release.artifact_archive.sha256
    ))
}

fn obtain(
    options: &FetchArguments,
    network: &Network,
    plan: &DownloadPlan,
    folder: &Path,
    verbosity: Verbosity,
    pieces: Option<&mut Pieces<'_>>,
) -> Result<Fetched, DownloadError> {
    let label = "fetching".to_owned();
    let fetched =
        download::shown(label, network, verbosity, pieces, |fetch_options| {
            match &options.archive {
                Some(local) => verify_file(local, &plan.pin, fetch_options),
                None => fetch_with_sidecar(plan, &folder.join(&plan.filename), fetch_options),
            }
        })?;
    let how = match fetched.origin {
        Origin::AlreadyThere => "already there".to_owned(),
        Origin::Downloaded { resumed_from: 0 } => "downloaded".to_owned(),
        Origin::Downloaded { resumed_from } => {
            format!("downloaded, resumed from byte {resumed_from}")
        }
        Origin::Copied => "copied".to_owned(),
    };
    note(
        verbosity,
        format_args!(
            "{}: {how}, {} bytes, sha256 {}",
            plan.filename, fetched.bytes, fetched.sha256
        ),
    );
    Ok(fetched)
}

fn extract_to(
    archive: &Path,
    release: &ReleaseDescription,
    limits: Limits,
    target: &Path,
    verbosity: Verbosity,
) -> Result<Outcome> {
    let pinned = &release.artifact_archive;
    let plan = ExtractPlan {
        target: target.to_owned(),
        archive: ArchiveTerms {
            folder: Some(spinefairbench_artifacts::layout::constant(ARCHIVE_FOLDER)),
            expected: Some(ArchiveIdentity {
                size_bytes: pinned.size_bytes,
                sha256: pinned.sha256,
            }),
            limits,
            ..ArchiveTerms::default()
        },
        when_busy: WhenBusy::Wait(BUSY_WAIT),
    };
    let bar = Progress::start("extracting", Unit::Files, verbosity);
    let mut show = |done: ArchiveProgress| bar.set(done.files, None);
    let outcome = extract(
        input::open(archive)?,
        &plan,
        &mut Watch { cancel: interrupt::flag(), progress: &mut show },
    )
    .with_context(|| format!("extracting `{}`", archive.display()))?;
    bar.finish();
    let (how, report) = match outcome {
        ExtractOutcome::Extracted(report) => ("extracted", report),
        ExtractOutcome::AlreadyComplete(report) => ("already extracted", report),
    };
    note(
        verbosity,
        format_args!("{}: {how}, {} files, {} bytes", target.display(), report.files, report.bytes),
    );
    Ok(Outcome::Bundle(target.to_owned()))
}
