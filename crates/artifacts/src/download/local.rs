//! Files that are already on this machine: an archive at hand, or a mirror folder. They are believed as little as a server.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::content::{START_BYTES, judge_start};
use super::options::{FetchOptions, Phase, Progress};
use super::{DownloadError, Fetched, Origin, Pin};
use crate::digest::Hasher;
use crate::write::AtomicFile;

const BUFFER_BYTES: usize = 256 * 1024;

/// Verifies the file at `path` where it is: what it starts with, its size, its digest, in this order.
///
/// # Errors
///
/// [`DownloadError::WrongFile`], [`DownloadError::Size`] and [`DownloadError::Digest`] for a file that is not the pinned
/// one.
pub fn verify_file(
    path: &Path,
    pin: &Pin,
    options: &mut FetchOptions<'_>,
) -> Result<Fetched, DownloadError> {
    let bytes = check(path, pin, options, |_| {})?;
    Ok(Fetched { path: path.to_owned(), bytes, sha256: pin.sha256, origin: Origin::AlreadyThere })
}

/// Verifies a file and shows each piece of it to `visit`; gives its length.
pub(crate) fn check(
    path: &Path,
    pin: &Pin,
    options: &mut FetchOptions<'_>,
    mut visit: impl FnMut(&[u8]),
) -> Result<u64, DownloadError> {
    let file = open(path)?;
    read_checked(file, path, pin, Phase::Checking, options, |bytes| {
        visit(bytes);
        Ok(())
    })
}

/// Copies the file from the first of `places` that has it, verified before it has its name.
pub(crate) fn copy(
    places: &[PathBuf],
    pin: &Pin,
    destination: &Path,
    options: &mut FetchOptions<'_>,
) -> Result<u64, DownloadError> {
    let place = places
        .iter()
        .find(|place| place.is_file())
        .or(places.first())
        .ok_or_else(|| DownloadError::Missing { path: destination.to_owned() })?;
    let file = open(place)?;
    let mut output = AtomicFile::create(destination).map_err(DownloadError::written)?;
    let bytes = read_checked(file, place, pin, Phase::Receiving, options, |bytes| {
        output.write_all(bytes).map_err(DownloadError::disk("write", destination, 0))
    })?;
    output.commit().map_err(DownloadError::written)?;
    Ok(bytes)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the file is read here; this crate owns the bytes on disk"
)]
fn open(path: &Path) -> Result<File, DownloadError> {
    let missing = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => DownloadError::Missing { path: path.to_owned() },
        _ => DownloadError::disk("read", path, 0)(error),
    };
    let metadata = fs::metadata(path).map_err(missing)?;
    // Opening a pipe would wait for ever.
    if !metadata.is_file() {
        let problem = io::Error::new(io::ErrorKind::InvalidInput, "it is no file");
        return Err(DownloadError::disk("read", path, 0)(problem));
    }
    File::open(path).map_err(missing)
}

fn read_checked(
    mut file: File,
    path: &Path,
    pin: &Pin,
    phase: Phase,
    options: &mut FetchOptions<'_>,
    mut visit: impl FnMut(&[u8]) -> Result<(), DownloadError>,
) -> Result<u64, DownloadError> {
    let unreadable = || DownloadError::disk("read", path, 0);
    let size = |expected, actual| DownloadError::Size { path: path.to_owned(), expected, actual };
    let mut buffer = Vec::with_capacity(START_BYTES);
    Read::by_ref(&mut file)
        .take(START_BYTES as u64)
        .read_to_end(&mut buffer)
        .map_err(unreadable())?;
    judge_start(&buffer, None, pin.content)
        .map_err(|problem| DownloadError::WrongFile { path: path.to_owned(), problem })?;
    let length = file.metadata().map_err(unreadable())?.len();
    if let Some(expected) = pin.size_bytes.filter(|expected| *expected != length) {
        return Err(size(expected, length));
    }
    let mut hasher = Hasher::default();
    let mut bytes = 0;
    while !buffer.is_empty() {
        if options.cancel.load(Ordering::Relaxed) {
            return Err(DownloadError::Cancelled { kept: 0 });
        }
        hasher.update(&buffer);
        visit(&buffer)?;
        options.show_piece(bytes, &buffer);
        bytes += buffer.len() as u64;
        (options.progress)(Progress { phase, bytes, total: Some(length) });
        buffer.clear();
        Read::by_ref(&mut file)
            .take(BUFFER_BYTES as u64)
            .read_to_end(&mut buffer)
            .map_err(unreadable())?;
    }
    // The file may have changed while it was read.
    if let Some(expected) = pin.size_bytes.filter(|expected| *expected != bytes) {
        return Err(size(expected, bytes));
    }
    let computed = hasher.finish();
    if computed == pin.sha256 {
        return Ok(bytes);
    }
    Err(DownloadError::Digest {
        path: path.to_owned(),
        expected: pin.sha256,
        computed,
        size: bytes,
    })
}
