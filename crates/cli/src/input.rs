//! Files that the user names on the command line, and standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};
use spinefairbench_artifacts::release::ReleaseDescription;

/// The content of `path`, or of standard input if it is `-`.
///
/// # Errors
///
/// If it cannot be read; the message names it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).with_context(|| format!("cannot read `{}`", name(path)))?;
    Ok(bytes)
}

/// A reader of `path`, or of standard input if it is `-`.
///
/// # Errors
///
/// If the file cannot be opened.
#[expect(
    clippy::disallowed_methods,
    reason = "the user's own files are opened here, whatever they are"
)]
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("cannot open `{}`", name(path)))?;
    let facts = file.metadata().with_context(|| format!("cannot open `{}`", name(path)))?;
    anyhow::ensure!(!facts.is_dir(), "cannot read `{}`: it is a folder, not a file", name(path));
    Ok(Box::new(file))
}

/// The file's name as messages show it.
#[must_use]
pub(crate) fn name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// The release description in `path`, or the pinned one.
///
/// # Errors
///
/// If the file cannot be read or is no release description.
pub(crate) fn release_description(path: Option<&Path>) -> Result<ReleaseDescription> {
    let Some(path) = path else { return Ok(ReleaseDescription::pinned()) };
    let bytes = read(path)?;
    Ok(ReleaseDescription::parse(&name(path), &bytes)?)
}
