//! The partial file of a download and what is known about it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::options::{FetchOptions, Phase};
use super::step::strong_etag;
use super::{DownloadError, Pin, Progress};
use crate::digest::{Hasher, Sha256};
use crate::write::write_atomic;

/// What stands in `<file>.part.json`: which version of which file the first bytes are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    url: String,
    revision: String,
    size_bytes: Option<u64>,
    sha256: Sha256,
    etag: String,
}

/// Which file a partial file is a part of.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) url: String,
    pub(crate) revision: String,
    pub(crate) pin: Pin,
}

/// A file under way: its bytes so far, on disk and in the digest.
#[derive(Debug)]
pub(crate) struct Partial {
    path: PathBuf,
    file: File,
    hasher: Hasher,
    length: u64,
    etag: Option<String>,
    subject: Subject,
    /// Answers that the bytes are from; more than one may have mixed two versions.
    n_pieces: u32,
    /// Bytes that an earlier run left.
    pub(crate) resumed_from: u64,
}

impl Partial {
    /// Opens the partial file for `destination`; what an earlier run left is taken, and hashed, if it is of `subject`.
    pub(crate) fn open(
        destination: &Path,
        subject: Subject,
        options: &mut FetchOptions<'_>,
    ) -> Result<Self, DownloadError> {
        let path = with_suffix(destination, ".part");
        refuse_link(&path)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(DownloadError::disk("create", &path, 0))?;
        let mut partial = Self {
            path,
            file,
            hasher: Hasher::default(),
            length: 0,
            etag: None,
            subject,
            n_pieces: 0,
            resumed_from: 0,
        };
        match partial.recorded_etag() {
            Some(etag) => partial.take_up(etag, options)?,
            None => partial.clear()?,
        }
        Ok(partial)
    }

    /// The version of what is there, if it is known and of the same file.
    #[expect(clippy::disallowed_methods, reason = "the record is a file of this module")]
    fn recorded_etag(&self) -> Option<String> {
        let record: Record = serde_json::from_slice(&fs::read(self.record_path()).ok()?).ok()?;
        let subject = &self.subject;
        let is_same = record.url == subject.url
            && record.revision == subject.revision
            && record.sha256 == subject.pin.sha256
            && record.size_bytes == subject.pin.size_bytes;
        (is_same && strong_etag(Some(&record.etag)).is_some()).then_some(record.etag)
    }

    /// Hashes what is there.
    fn take_up(
        &mut self,
        etag: String,
        options: &mut FetchOptions<'_>,
    ) -> Result<(), DownloadError> {
        let total = self.subject.pin.size_bytes;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let n_bytes = match self.file.read(&mut buffer) {
                Ok(0) => break,
                Ok(n_bytes) => n_bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // What cannot be read is fetched again.
                Err(_) => return self.clear(),
            };
            self.hasher.update(&buffer[..n_bytes]);
            options.show_piece(self.length, &buffer[..n_bytes]);
            self.length += n_bytes as u64;
            if total.is_some_and(|total| self.length > total) {
                return self.clear();
            }
            (options.progress)(Progress { phase: Phase::Checking, bytes: self.length, total });
        }
        if self.length > 0 {
            (self.etag, self.n_pieces, self.resumed_from) = (Some(etag), 1, self.length);
        }
        Ok(())
    }

    /// Throws away what is there.
    pub(crate) fn clear(&mut self) -> Result<(), DownloadError> {
        self.hasher = Hasher::default();
        (self.length, self.etag, self.n_pieces, self.resumed_from) = (0, None, 0, 0);
        let record = self.record_path();
        match fs::remove_file(&record) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(DownloadError::disk("remove", record, 0)(error));
            }
            _ => {}
        }
        self.file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .map_err(DownloadError::disk("empty", &self.path, 0))?;
        Ok(())
    }

    /// Starts on the body of an answer that gives the whole file; `etag` is its version.
    pub(crate) fn begin_whole(&mut self, etag: Option<&str>) -> Result<(), DownloadError> {
        self.clear()?;
        self.n_pieces = 1;
        // Without a strong version there is nothing to go on from, and so no record.
        let Some(etag) = strong_etag(etag) else { return Ok(()) };
        self.etag = Some(etag.to_owned());
        let record = Record {
            url: self.subject.url.clone(),
            revision: self.subject.revision.clone(),
            size_bytes: self.subject.pin.size_bytes,
            sha256: self.subject.pin.sha256,
            etag: etag.to_owned(),
        };
        let path = self.record_path();
        let text = serde_json::to_vec_pretty(&record)
            .map_err(|error| DownloadError::disk("write", &path, 0)(error.into()))?;
        write_atomic(&path, &text).map_err(DownloadError::written)
    }

    /// Starts on the body of an answer that goes on where the file ends.
    pub(crate) fn begin_piece(&mut self) {
        self.n_pieces += 1;
    }

    /// Adds bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        if let Err(error) = self.file.write_all(bytes) {
            // What was written of it is not hashed; the file goes back to what is.
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
            return Err(DownloadError::disk("write", &self.path, self.kept())(error));
        }
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Bytes that a later run can go on from.
    pub(crate) fn kept(&self) -> u64 {
        if self.etag.is_some() { self.length } else { 0 }
    }

    pub(crate) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// Digest of all bytes so far.
    pub(crate) fn digest(&self) -> Sha256 {
        self.hasher.clone().finish()
    }

    /// Whether the bytes are from several answers.
    pub(crate) fn is_mixed(&self) -> bool {
        self.n_pieces > 1 || self.resumed_from > 0
    }

    /// Gives the file its name.
    pub(crate) fn finish(self, destination: &Path) -> Result<(), DownloadError> {
        self.file.sync_all().map_err(DownloadError::disk("write", &self.path, self.length))?;
        let record = self.record_path();
        let Self { path, file, length, .. } = self;
        // Closed before the rename, since Windows renames no open file.
        drop(file);
        fs::rename(&path, destination).map_err(DownloadError::disk(
            "rename",
            destination,
            length,
        ))?;
        let _ = fs::remove_file(record);
        sync_folder(destination);
        Ok(())
    }

    /// Removes the file: nothing of it can be used.
    pub(crate) fn discard(self) {
        let record = self.record_path();
        let Self { path, file, .. } = self;
        drop(file);
        let _ = fs::remove_file(path);
        let _ = fs::remove_file(record);
    }

    /// Leaves the file for the next run, or removes it if there is nothing in it that the next run could use.
    pub(crate) fn leave(self) {
        if self.kept() == 0 {
            self.discard();
        } else {
            let _ = self.file.sync_all();
        }
    }

    fn record_path(&self) -> PathBuf {
        with_suffix(&self.path, ".json")
    }
}

const BUFFER_BYTES: usize = 256 * 1024;

/// `path` with `suffix` behind its name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A link in the place of the partial file would lead the bytes elsewhere.
fn refuse_link(path: &Path) -> Result<(), DownloadError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            let problem =
                io::Error::new(io::ErrorKind::AlreadyExists, "something that is no file is there");
            Err(DownloadError::disk("create", path, 0)(problem))
        }
        _ => Ok(()),
    }
}

#[cfg_attr(
    unix,
    expect(clippy::disallowed_methods, reason = "the folder of a file that this module wrote")
)]
fn sync_folder(path: &Path) {
    // Only Unix can open a folder to flush it. Where it fails, the rename is still atomic.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::Content;
    use super::*;

    #[test]
    fn a_full_disk_is_named_and_what_is_there_is_kept() {
        let pin = Pin { size_bytes: Some(9), sha256: Sha256::of(b""), content: Content::Any };
        let subject = Subject { url: String::new(), revision: String::new(), pin };
        let mut partial = Partial {
            path: PathBuf::from("archive.part"),
            // A device that has no space left, ever.
            file: OpenOptions::new().write(true).open("/dev/full").unwrap(),
            hasher: Hasher::default(),
            length: 5,
            etag: Some("\"v1\"".to_owned()),
            subject,
            n_pieces: 1,
            resumed_from: 0,
        };
        let error = partial.append(b"more").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no space left for `archive.part` (5 bytes are kept for the next run)"
        );
        assert_eq!(partial.length(), 5);
    }
}
