//! A bundle in a folder.
//!
//! Links are allowed as long as they end inside the root, or at a file of the cache that the root is a snapshot of: the
//! Hub's tools keep every file once, under the name of its digest, and a snapshot is a folder of links to them. What a folder resolves to is found once and kept, so that a
//! file costs one look at the entry and one opening. As with every reader of a plain folder, someone who changes the
//! tree while it is read can make a path lead elsewhere; the digests are computed over the bytes that were used.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use rayon::prelude::*;

use super::{
    FileEnds, FileEntry, FileFacts, FileKind, FileSource, Listing, ReadLimits, ReadOrDigest,
};
use crate::digest::Hasher;
use crate::error::ArtifactError;
use crate::path::{ReleasePath, UnsafePath, UnsafeReason};

/// A bundle in a folder.
#[derive(Debug)]
pub struct DirectorySource {
    root: PathBuf,
    /// Where the files of the cache are of which the root is a snapshot.
    blobs: Option<PathBuf>,
    limits: ReadLimits,
    /// Folder inside the bundle to where it really is. Looked up by key only.
    folders: RwLock<HashMap<Box<str>, PathBuf>>,
}

impl DirectorySource {
    /// The bundle in the folder `root`, within the default limits.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Root`] if it is no folder that can be read.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, ArtifactError> {
        Self::open_within(root, ReadLimits::default())
    }

    /// The bundle in the folder `root`; what is above `limits` is not read.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Root`] if it is no folder that can be read.
    pub fn open_within(root: impl AsRef<Path>, limits: ReadLimits) -> Result<Self, ArtifactError> {
        let root = root.as_ref();
        let failed = |source| ArtifactError::Root { root: root.to_path_buf(), source };
        let resolved = root.canonicalize().map_err(failed)?;
        fs::read_dir(&resolved).map_err(failed)?;
        let blobs = blobs_of_snapshot(&resolved);
        Ok(Self { root: resolved, blobs, limits, folders: RwLock::default() })
    }

    /// The folder, links resolved.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where `path` really is, and what is there; never a link.
    fn locate(&self, path: &ReleasePath) -> Result<(PathBuf, Metadata), ArtifactError> {
        let failed = |error| read_failure(path.as_str(), error);
        let (folder, name) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
        let place = self.folder(folder, path)?.join(name);
        let facts = fs::symlink_metadata(&place).map_err(failed)?;
        if !facts.is_symlink() {
            return Ok((place, facts));
        }
        let place = self.resolve(&place, path)?;
        let facts = fs::symlink_metadata(&place).map_err(failed)?;
        Ok((place, facts))
    }

    /// Where the folder of `path` really is.
    fn folder(&self, folder: &str, path: &ReleasePath) -> Result<PathBuf, ArtifactError> {
        if folder.is_empty() {
            return Ok(self.root.clone());
        }
        if let Some(place) = self.folders.read().unwrap_or_else(PoisonError::into_inner).get(folder)
        {
            return Ok(place.clone());
        }
        let place = self.resolve(&self.root.join(folder), path)?;
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        folders.insert(folder.into(), place.clone());
        Ok(place)
    }

    fn resolve(&self, place: &Path, path: &ReleasePath) -> Result<PathBuf, ArtifactError> {
        let resolved = place.canonicalize().map_err(|error| read_failure(path.as_str(), error))?;
        let is_blob = || {
            self.blobs.is_some() && resolved.parent() == self.blobs.as_deref() && is_blob(&resolved)
        };
        if resolved.starts_with(&self.root) || is_blob() {
            Ok(resolved)
        } else {
            Err(ArtifactError::OutsideRoot { path: path.as_str().into() })
        }
    }

    /// Opens a regular file of at most `limit` bytes, and gives what it is before it is read.
    fn open_file(&self, path: &ReleasePath, limit: u64) -> Result<(File, Metadata), ArtifactError> {
        let (folder, name) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
        let place = self.folder(folder, path)?.join(name);
        let (file, facts) = match open_if_regular(&place) {
            Some(opened) => opened,
            None => self.open_after_a_look(path)?,
        };
        if facts.len() > limit {
            return Err(ArtifactError::TooLarge {
                path: path.as_str().into(),
                len: facts.len(),
                limit,
            });
        }
        Ok((file, facts))
    }

    /// Opens a regular file, links inside the root followed. The kind is known before the opening, since opening a pipe would
    /// wait for its writer.
    fn open_after_a_look(&self, path: &ReleasePath) -> Result<(File, Metadata), ArtifactError> {
        let (place, facts) = self.locate(path)?;
        if !facts.is_file() {
            return Err(ArtifactError::NotAFile {
                path: path.as_str().into(),
                found: facts.file_type().into(),
            });
        }
        let file = open(&place).map_err(|error| read_failure(path.as_str(), error))?;
        let facts = file.metadata().map_err(|error| read_failure(path.as_str(), error))?;
        Ok((file, facts))
    }
}

/// The files of the cache of which `root` is a snapshot, or a folder in one: `blobs/` beside `snapshots/<revision>/`.
fn blobs_of_snapshot(root: &Path) -> Option<PathBuf> {
    let snapshots = root.ancestors().skip(1).find(|folder| folder.ends_with("snapshots"))?;
    snapshots.with_file_name("blobs").canonicalize().ok()
}

/// Whether a file has the name of a Git object or of an SHA-256 digest.
fn is_blob(place: &Path) -> bool {
    let name = place.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    matches!(name.len(), 40 | 64)
        && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        && place.is_file()
}

/// A file above this length is hashed piece by piece; below it, one reading call is the faster way.
const PIECE_BYTES: usize = 1 << 20;

impl FileSource for DirectorySource {
    fn read_into(&self, path: &ReleasePath, buffer: &mut Vec<u8>) -> Result<(), ArtifactError> {
        let (file, before) = self.open_file(path, self.limits.most_bytes_of(path))?;
        read_whole(file, &before, path, buffer)?;
        self.limits.check_content(path, buffer)
    }

    fn read_or_digest(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<ReadOrDigest, ArtifactError> {
        let (mut file, before) = self.open_file(path, self.limits.file_bytes)?;
        if before.len() <= PIECE_BYTES as u64 {
            read_whole(file, &before, path, buffer)?;
            return Ok(ReadOrDigest::Read);
        }
        let failed = |error| read_failure(path.as_str(), error);
        buffer.resize(PIECE_BYTES, 0);
        let mut hasher = Hasher::default();
        let mut ends = FileEnds { head: Vec::new(), tail: Vec::new(), len: 0 };
        loop {
            let n_bytes = match file.read(buffer) {
                Ok(0) => break,
                Ok(n_bytes) => n_bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error)),
            };
            let piece = &buffer[..n_bytes];
            hasher.update(piece);
            ends.push(piece, head, tail);
            // A file that grows while it is read would otherwise be followed for ever.
            if ends.len > before.len() {
                break;
            }
        }
        let after = file.metadata().map_err(failed)?;
        refuse_changed(path.as_str(), &before, &after, ends.len)?;
        Ok(ReadOrDigest::Digest(hasher.finish(), ends))
    }

    fn metadata(&self, path: &ReleasePath) -> Result<FileFacts, ArtifactError> {
        let (_, facts) = self.locate(path)?;
        Ok(FileFacts { len: facts.len(), kind: facts.file_type().into() })
    }

    fn read_ends(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
    ) -> Result<FileEnds, ArtifactError> {
        let failed = |error| read_failure(path.as_str(), error);
        let (mut file, before) = self.open_file(path, self.limits.file_bytes)?;
        let len = before.len();
        let take = |wanted: usize| usize::try_from(len).unwrap_or(usize::MAX).min(wanted);
        let mut ends = FileEnds { head: vec![0; take(head)], tail: vec![0; take(tail)], len };
        file.read_exact(&mut ends.head).map_err(failed)?;
        file.seek(SeekFrom::Start(len - ends.tail.len() as u64)).map_err(failed)?;
        file.read_exact(&mut ends.tail).map_err(failed)?;
        refuse_changed(path.as_str(), &before, &file.metadata().map_err(failed)?, len)?;
        Ok(ends)
    }

    fn files(&self, under: Option<&ReleasePath>) -> Result<Listing, ArtifactError> {
        let (place, name) = match under {
            None => (self.root.clone(), String::new()),
            Some(folder) => {
                let (place, facts) = self.locate(folder)?;
                if !facts.is_dir() {
                    return Err(ArtifactError::Missing { path: folder.as_str().into() });
                }
                (place, folder.to_string())
            }
        };
        let mut listing = Listing::default();
        let mut waiting = vec![(place, name)];
        let mut at_start = true;
        while let Some((place, name)) = waiting.pop() {
            let depth = if name.is_empty() { 0 } else { name.split('/').count() };
            if depth > self.limits.depth {
                listing
                    .problems
                    .push(ArtifactError::TooDeep { path: name.into(), limit: self.limits.depth });
                continue;
            }
            let n_left = self.limits.entries.saturating_sub(listing.n_found());
            if let Err(source) = list_folder(&place, &name, n_left, &mut listing, &mut waiting) {
                let failure = read_failure(&name, source);
                if at_start {
                    return Err(failure);
                }
                listing.problems.push(failure);
            }
            at_start = false;
            if listing.n_found() > self.limits.entries {
                let last = listing.entries.pop();
                let path = last.map_or(name, |entry| entry.path.to_string()).into();
                let limit = self.limits.entries;
                listing.problems.push(ArtifactError::TooManyEntries { path, limit });
                break;
            }
        }
        listing.entries.par_sort_unstable();
        Ok(listing)
    }
}

/// The whole of an open file.
fn read_whole(
    mut file: File,
    before: &Metadata,
    path: &ReleasePath,
    buffer: &mut Vec<u8>,
) -> Result<(), ArtifactError> {
    let failed = |error| read_failure(path.as_str(), error);
    let len = usize::try_from(before.len()).unwrap_or(usize::MAX);
    // One byte more than there should be: a file that grows fills it, and one that does not ends before it, so that no
    // second call is needed to find the end. The old content stays where it is until it is written over.
    let room = len.saturating_add(1);
    buffer.try_reserve(room.saturating_sub(buffer.len())).map_err(|error| failed(error.into()))?;
    buffer.resize(room, 0);
    let read = read_up_to(&mut file, buffer, len).map_err(failed)?;
    buffer.truncate(read);
    let after = file.metadata().map_err(failed)?;
    refuse_changed(path.as_str(), before, &after, read as u64)
}

/// Fills `buffer` until the file ends or `len` bytes stand in it, and gives their number; more than `len` if there are more.
fn read_up_to(file: &mut File, buffer: &mut [u8], len: usize) -> io::Result<usize> {
    let mut read = 0;
    // The first call of an empty file finds out that it is empty.
    while read < len || read == 0 {
        match file.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Lists one folder, up to one entry above the `n_left` that are still allowed.
fn list_folder(
    place: &Path,
    name: &str,
    n_left: u64,
    listing: &mut Listing,
    waiting: &mut Vec<(PathBuf, String)>,
) -> io::Result<()> {
    let n_entries = usize::try_from(n_left).unwrap_or(usize::MAX).saturating_add(1);
    for entry in fs::read_dir(place)?.take(n_entries) {
        let entry = entry?;
        let kind = FileKind::from(entry.file_type()?);
        let file_name = entry.file_name();
        let below = |segment: &str| {
            if name.is_empty() { segment.to_owned() } else { format!("{name}/{segment}") }
        };
        let path = match file_name.to_str() {
            Some(segment) => below(segment).parse::<ReleasePath>(),
            None => Err(UnsafePath {
                path: below(&file_name.to_string_lossy()),
                reason: UnsafeReason::NotUtf8,
            }),
        };
        match path {
            Ok(path) => {
                if kind == FileKind::Directory {
                    waiting.push((entry.path(), path.as_str().to_owned()));
                }
                listing.entries.push(FileEntry { path, kind });
            }
            Err(problem) => listing.problems.push(problem.into()),
        }
    }
    Ok(())
}

/// The whole file at `path` on this machine: one that the user names, outside any bundle.
///
/// # Errors
///
/// Missing, no file, unreadable, or changed while it was read.
pub fn read_file(path: impl AsRef<Path>) -> Result<Vec<u8>, ArtifactError> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let failed = |error| read_failure(&name, error);
    let facts = fs::metadata(path).map_err(failed)?;
    // A pipe that the user names is meant to be read; a folder is not.
    if facts.is_dir() {
        return Err(ArtifactError::NotAFile { path: name.into(), found: FileKind::Directory });
    }
    let mut file = open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    let before = file.metadata().map_err(failed)?;
    file.read_to_end(&mut bytes).map_err(failed)?;
    if before.is_file() {
        refuse_changed(&name, &before, &file.metadata().map_err(failed)?, bytes.len() as u64)?;
    }
    Ok(bytes)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the place where the project opens the files of a bundle"
)]
fn open(place: &Path) -> io::Result<File> {
    File::open(place)
}

/// Opens what stands at `place` if it is a regular file and no link, in one walk along the path; nothing for all else, which
/// a closer look then names. A pipe is opened without waiting for its writer, a terminal without taking it over.
#[cfg(unix)]
fn open_if_regular(place: &Path) -> Option<(File, Metadata)> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags).open(place).ok()?;
    let facts = file.metadata().ok()?;
    facts.is_file().then_some((file, facts))
}

/// Opens nothing: only Unix can open without following a link and without waiting.
#[cfg(not(unix))]
fn open_if_regular(_: &Path) -> Option<(File, Metadata)> {
    None
}

fn read_failure(path: &str, source: io::Error) -> ArtifactError {
    match source.kind() {
        // A file where a folder of the path should be: nothing is at the path itself.
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            ArtifactError::Missing { path: path.into() }
        }
        _ => ArtifactError::Unreadable { path: path.into(), source },
    }
}

fn refuse_changed(
    path: &str,
    before: &Metadata,
    after: &Metadata,
    read: u64,
) -> Result<(), ArtifactError> {
    let same_time = match (before.modified(), after.modified()) {
        (Ok(before), Ok(after)) => before == after,
        // Some systems have no time of change; the lengths still speak.
        _ => true,
    };
    if same_time && before.len() == after.len() && read == before.len() {
        return Ok(());
    }
    let after = if after.len() == before.len() { read } else { after.len() };
    Err(ArtifactError::Changed { path: path.into(), before: before.len(), after })
}
