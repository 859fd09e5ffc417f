//! Making an archive: the same bytes for the same files, on every machine.
//!
//! Members are sorted by path, and owner, mode and time are constants, so that nothing but names and contents reaches the
//! digest.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};

use super::{ArchiveError, ArchiveIdentity};
use crate::digest::Hasher;
use crate::path::ReleasePath;
use crate::write::AtomicFile;

/// Time of every member: 2026-01-01 in UTC, a constant of this format.
const MEMBER_TIME: u64 = 1_767_225_600;

/// Writes the files below `root` to the archive `output`, each under `folder` as [`super::ARCHIVE_FOLDER`] is.
///
/// # Errors
///
/// [`ArchiveError::Disk`] and [`ArchiveError::DiskFull`]; also for anything below `root` that is neither a file nor a
/// folder, or whose name is no release path. `output` is then as it was.
pub fn create(
    root: &Path,
    folder: &ReleasePath,
    output: &Path,
) -> Result<ArchiveIdentity, ArchiveError> {
    let file = AtomicFile::create(output).map_err(ArchiveError::written)?;
    let hashed = HashedFile { file, hasher: Hasher::default(), size_bytes: 0 };
    // Neither a name nor a time goes into the gzip header.
    let encoder = GzBuilder::new().write(hashed, Compression::default());
    let mut builder = tar::Builder::new(encoder);
    append_folder(&mut builder, root, folder)?;
    let HashedFile { file, hasher, size_bytes } = builder
        .into_inner()
        .and_then(flate2::write::GzEncoder::finish)
        .map_err(ArchiveError::disk("write", output))?;
    file.commit().map_err(ArchiveError::written)?;
    Ok(ArchiveIdentity { size_bytes, sha256: hasher.finish() })
}

/// The file being made, with the digest of what was written.
#[derive(Debug)]
struct HashedFile {
    file: AtomicFile,
    hasher: Hasher,
    size_bytes: u64,
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_bytes = self.file.write(bytes)?;
        self.hasher.update(&bytes[..n_bytes]);
        self.size_bytes += n_bytes as u64;
        Ok(n_bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append_folder<W: Write>(
    builder: &mut tar::Builder<W>,
    place: &Path,
    path: &ReleasePath,
) -> Result<(), ArchiveError> {
    let unreadable = || ArchiveError::disk("read", place);
    let mut header = plain_header(EntryType::Directory, 0o755, 0);
    builder
        .append_data(&mut header, format!("{path}/"), io::empty())
        .map_err(ArchiveError::disk("archive", place))?;
    let mut names = Vec::new();
    for entry in fs::read_dir(place).map_err(unreadable())? {
        let entry = entry.map_err(unreadable())?;
        let name = entry.file_name();
        let below = name
            .to_str()
            .ok_or(io::ErrorKind::InvalidData)
            .map_err(|kind| unreadable()(kind.into()))?;
        names.push(path.join(below).map_err(|error| unreadable()(io::Error::other(error)))?);
    }
    names.sort();
    for path in names {
        let place = place.join(path.file_name());
        let unreadable = || ArchiveError::disk("read", &place);
        let metadata = fs::symlink_metadata(&place).map_err(unreadable())?;
        if metadata.is_dir() {
            append_folder(builder, &place, &path)?;
        } else if metadata.is_file() {
            append_file(builder, &place, &path)?;
        } else {
            return Err(unreadable()(io::Error::other("neither a file nor a folder")));
        }
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the file goes into an archive; this crate owns the bytes on disk"
)]
fn append_file<W: Write>(
    builder: &mut tar::Builder<W>,
    place: &Path,
    path: &ReleasePath,
) -> Result<(), ArchiveError> {
    let file = File::open(place).map_err(ArchiveError::disk("read", place))?;
    let size = file.metadata().map_err(ArchiveError::disk("read", place))?.len();
    let mut header = plain_header(EntryType::Regular, 0o644, size);
    // Never more than the header says, also if the file grows meanwhile.
    builder
        .append_data(&mut header, path.as_str(), io::Read::take(file, size))
        .map_err(ArchiveError::disk("archive", place))
}

fn plain_header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(MEMBER_TIME);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header
}
