//! Opening and reading the user's own files: images, configurations, weights.
//!
//! These are no release data (nothing is verified against a manifest), and weight files are far too large to be read
//! whole, so they do not go through the bundle's reader.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::GeneratorError;

/// The open file and its size in bytes.
#[expect(
    clippy::disallowed_methods,
    reason = "weight files of gigabytes are opened, not read whole"
)]
pub(crate) fn open(path: &Path) -> Result<(File, u64), GeneratorError> {
    let read_error = |source| GeneratorError::Read { path: path.into(), source };
    let file = File::open(path).map_err(read_error)?;
    let size = file.metadata().map_err(read_error)?.len();
    Ok((file, size))
}

/// The whole file, refused above `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, GeneratorError> {
    let (file, size) = open(path)?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| GeneratorError::Read { path: path.into(), source })?;
    if bytes.len() as u64 > limit {
        return Err(GeneratorError::TooLarge {
            path: path.into(),
            size_bytes: size,
            limit_bytes: limit,
        });
    }
    Ok(bytes)
}

/// The file at `path`, made if it is not there, open for appending.
pub(crate) fn append(path: &Path) -> Result<File, GeneratorError> {
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(|source| GeneratorError::Write { path: path.into(), source })
}

/// The files in `folder` with this extension, in order of their names; none if the folder is not there.
pub(crate) fn list(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, GeneratorError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let read_error = |source| GeneratorError::Read { path: folder.into(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read_error)? {
        let path = entry.map_err(read_error)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
