//! `checksums`: manifests of the bundle, or any manifest against the files beside it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use spinefairbench_artifacts::manifest;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::{FileSource, NarrowedSource};
use spinefairbench_checks::FindingCap;
use spinefairbench_checks::check::checksums::{Checksums, Unlisted, over_folders};

use crate::arguments::DEFAULT_BUNDLE;
use crate::arguments::check::ChecksumsArguments;
use crate::commands::check::{open_bundle_within, print};
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
    let opened = groups(options)?
        .into_iter()
        .map(|(root, manifests)| {
            let source = open_bundle_within(&root, options.limits.of_folder())?;
            Ok(match (options.strict, manifests.is_empty()) {
                (true, _) => on_all(source, manifests, Unlisted::FailAll),
                (false, true) => on_all(source, manifests, Unlisted::Count),
                // A manifest that is named is asked about its files alone: the folder that it stands in may hold anything.
                (false, false) => {
                    let files = named_files(&source, &manifests);
                    on_all(NarrowedSource::new(source, files), manifests, Unlisted::Ignore)
                }
            })
        })
        .collect::<Result<Vec<(Box<dyn FileSource>, Checksums)>>>()?;
    let folders: Vec<(&dyn FileSource, Checksums)> =
        opened.iter().map(|(source, check)| (source.as_ref(), check.clone())).collect();
    let files = Files::start("hashing", verbosity);
    let report = over_folders(&folders, &release, FindingCap::default(), &files);
    print(&report, options.output.format, output)
}

fn on_all(
    source: impl FileSource + 'static,
    manifests: Vec<ReleasePath>,
    unlisted: Unlisted,
) -> (Box<dyn FileSource>, Checksums) {
    (Box::new(source), Checksums { manifests, unlisted })
}

/// The manifests and the files that they list; what is wrong with a manifest is for the check to say.
fn named_files(source: &dyn FileSource, manifests: &[ReleasePath]) -> Vec<ReleasePath> {
    let listed = manifests.iter().filter_map(|manifest| {
        let bytes = source.read(manifest).ok()?;
        Some(manifest::parse(manifest.as_str(), &bytes).entries)
    });
    let listed = listed.flatten().map(|entry| entry.path);
    listed.chain(manifests.iter().cloned()).collect()
}

/// The folders that hold manifests, each with those in it; no manifest stands for both of the bundle.
fn groups(options: &ChecksumsArguments) -> Result<Vec<(PathBuf, Vec<ReleasePath>)>> {
    if options.manifests.is_empty() {
        let bundle = options.artifacts.as_deref().unwrap_or(Path::new(DEFAULT_BUNDLE)).to_owned();
        return Ok(vec![(bundle, Vec::new())]);
    }
    let mut groups: Vec<(PathBuf, Vec<ReleasePath>)> = Vec::new();
    for manifest in &options.manifests {
        let (root, inside) = locate(manifest, options.artifacts.as_deref())?;
        match groups.iter_mut().find(|(other, _)| *other == root) {
            Some((_, manifests)) => manifests.push(inside),
            None => groups.push((root, vec![inside])),
        }
    }
    Ok(groups)
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
