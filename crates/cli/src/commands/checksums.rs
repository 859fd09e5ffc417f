//! `checksums`: manifests of the bundle, or any manifest against the files beside it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use spinefairbench_artifacts::manifest;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::{FileSource, NarrowedSource};
use spinefairbench_checks::checksums::Unlisted;
use spinefairbench_checks::{
    Check, CheckReport, CheckResult, ChecksumOptions, FindingCap, run as run_check,
};

use crate::arguments::DEFAULT_BUNDLE;
use crate::arguments::check::ChecksumsArguments;
use crate::commands::check::{call, open_bundle_within, print};
use crate::exit_status::{CallError, ExitStatus};
use crate::input;
use crate::output::Output;
use crate::progress::{Files, Verbosity};

pub(crate) fn run(
    options: &ChecksumsArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let release = input::release_description(options.release.as_deref())?;
    let report = merged(reports(options, &release, verbosity)?);
    print(&report, options.output.format, output)
}

/// One report a folder that holds manifests.
fn reports(
    options: &ChecksumsArguments,
    release: &ReleaseDescription,
    verbosity: Verbosity,
) -> Result<Vec<CheckReport>> {
    let bundle = options.artifacts.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_BUNDLE));
    if options.manifests.is_empty() {
        return Ok(vec![verify(&bundle, Vec::new(), options, release, verbosity)?]);
    }
    let mut groups: Vec<(PathBuf, Vec<ReleasePath>)> = Vec::new();
    for manifest in &options.manifests {
        let (root, inside) = locate(manifest, options.artifacts.as_deref())?;
        match groups.iter_mut().find(|(other, _)| *other == root) {
            Some((_, manifests)) => manifests.push(inside),
            None => groups.push((root, vec![inside])),
        }
    }
    groups
        .into_iter()
        .map(|(root, manifests)| verify(&root, manifests, options, release, verbosity))
        .collect()
}

/// The folder that a manifest's paths start from, and the manifest's name in it: the named bundle if the manifest is
/// there, else the manifest's own folder.
fn locate(manifest: &Path, bundle: Option<&Path>) -> Result<(PathBuf, ReleasePath)> {
    let no_name = || CallError::new(format!("`{}` names no manifest file", manifest.display()));
    if let Some(bundle) = bundle
        && manifest.is_relative()
        && bundle.join(manifest).is_file()
    {
        let inside = manifest.to_str().and_then(|text| text.parse().ok()).ok_or_else(no_name)?;
        return Ok((bundle.to_owned(), inside));
    }
    let name = manifest.file_name().and_then(|name| name.to_str()).ok_or_else(no_name)?;
    let folder =
        manifest.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let inside = name.parse().map_err(|error| CallError::new(format!("{error}")))?;
    Ok((folder.to_owned(), inside))
}

fn verify(
    root: &Path,
    manifests: Vec<ReleasePath>,
    options: &ChecksumsArguments,
    release: &ReleaseDescription,
    verbosity: Verbosity,
) -> Result<CheckReport> {
    let source = open_bundle_within(root, options.limits.of_folder())?;
    let files = Files::start("hashing", verbosity);
    let check = |source: &dyn FileSource, manifests, unlisted| {
        let check = Check::Checksums(ChecksumOptions { manifests, unlisted });
        run_check(source, release, &check, FindingCap::default(), &files).map_err(call)
    };
    if options.strict {
        return check(&source, manifests, Unlisted::Fail);
    }
    if manifests.is_empty() {
        return check(&source, manifests, Unlisted::Count);
    }
    // A manifest that is named is asked about its files alone: the folder that it stands in may hold anything.
    let listed = NarrowedSource::new(&source, named_files(&source, &manifests));
    let mut report = check(&listed, manifests, Unlisted::Count)?;
    if let CheckResult::Checksums(result) = &mut report.result {
        result.unlisted_files = None;
    }
    Ok(report)
}

/// The manifests and the files that they list; what is wrong with a manifest is for the check to say.
fn named_files(source: &impl FileSource, manifests: &[ReleasePath]) -> Vec<ReleasePath> {
    let listed = manifests.iter().filter_map(|manifest| {
        let bytes = source.read(manifest).ok()?;
        Some(manifest::parse(manifest.as_str(), &bytes).entries)
    });
    let listed = listed.flatten().map(|entry| entry.path);
    listed.chain(manifests.iter().cloned()).collect()
}

/// One report over all folders.
fn merged(reports: Vec<CheckReport>) -> CheckReport {
    let mut reports = reports.into_iter();
    let mut whole = reports.next().unwrap_or_else(|| CheckReport {
        findings: Vec::new(),
        notes: Vec::new(),
        result: CheckResult::Checksums(spinefairbench_checks::checksums::ChecksumsResult {
            manifests: Vec::new(),
            unlisted_files: None,
        }),
    });
    for report in reports {
        whole.findings.extend(report.findings);
        whole.notes.extend(report.notes);
        if let (CheckResult::Checksums(whole), CheckResult::Checksums(more)) =
            (&mut whole.result, report.result)
        {
            whole.manifests.extend(more.manifests);
            whole.unlisted_files = match (whole.unlisted_files, more.unlisted_files) {
                (Some(left), Some(right)) => Some(left + right),
                (left, right) => left.or(right),
            };
        }
    }
    whole
}
