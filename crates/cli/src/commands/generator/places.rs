//! Where the generator may write: over none of its own inputs, and into no bundle.
//!
//! A bundle is a folder with a checksum manifest and the counts of a dataset; what is verified against published digests is
//! never written to.

use std::path::{Path, PathBuf};

use anyhow::Result;
use spinefairbench_artifacts::layout;

use crate::exit_status::CallError;
use crate::targets::check_targets;

/// Holds the folder `output` and the files `outputs` against the `inputs`.
///
/// # Errors
///
/// If `output` is a bundle or lies in one, or one of `outputs` is one of `inputs`, by whatever name.
pub(super) fn check<'a>(
    output: &Path,
    outputs: impl IntoIterator<Item = PathBuf>,
    inputs: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<()> {
    if let Some(bundle) = bundle_around(output) {
        return Err(CallError::new(format!(
            "`{}` lies in the bundle `{}`, which is not written to",
            output.display(),
            bundle.display()
        ))
        .with_hint("choose another `--output`")
        .into());
    }
    let outputs: Vec<PathBuf> = outputs.into_iter().collect();
    let targets: Vec<(&str, Option<&Path>)> =
        outputs.iter().map(|place| ("--output", Some(place.as_path()))).collect();
    Ok(check_targets(&targets, inputs.into_iter().map(PathBuf::as_path))?)
}

/// The bundle that `folder` is or lies in, links followed; a folder that is not there yet is looked for by its parents.
fn bundle_around(folder: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(folder).ok()?;
    let real = absolute.ancestors().find_map(|existing| existing.canonicalize().ok())?;
    real.ancestors()
        .find(|root| {
            root.join(layout::SHA256SUMS).is_file() && root.join(layout::RELEASE_MANIFEST).is_file()
        })
        .map(Path::to_owned)
}
