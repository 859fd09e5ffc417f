//! Files written whole or not at all.
//!
//! Input: a path and bytes. The bytes go to a temporary file in the same folder, are flushed to disk and then take the
//! place of the target by a rename; whoever looks sees the old file or the new one. A failure, or dropping the writer
//! before [`AtomicFile::commit`], removes the temporary file. What is no file, such as `/dev/null` or a pipe, is written into:
//! a rename would put a file in its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::ArtifactError;
use crate::path::ReleasePath;

/// Writes `bytes` to `path` as one step; a symbolic link stays, and what it leads to is written.
///
/// # Errors
///
/// [`ArtifactError::Write`]; the former file, if any, is then as it was.
pub fn write_atomic(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), ArtifactError> {
    let path = path.as_ref();
    if is_stream(path) {
        let stream = OpenOptions::new().write(true).open(path);
        return stream
            .and_then(|mut stream| stream.write_all(bytes))
            .map_err(|source| failure("write", path, source));
    }
    let is_link = path.symlink_metadata().is_ok_and(|facts| facts.is_symlink());
    let place = if is_link { path.canonicalize().ok() } else { None };
    let mut file = AtomicFile::create(place.as_deref().unwrap_or(path))?;
    file.write_all(bytes).map_err(|source| failure("write", &file.target, source))?;
    file.commit()
}

/// A file that appears under its name when it is committed.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    temporary: PathBuf,
    /// Present until the file is committed.
    file: Option<File>,
}

impl AtomicFile {
    /// Starts a file that will be `path`, whose folder must exist.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Write`] if no temporary file can be made beside it.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, ArtifactError> {
        let target = path.as_ref().to_path_buf();
        let open = |place: &Path| OpenOptions::new().write(true).create_new(true).open(place);
        let (temporary, file) = make_beside(&target, "tmp", open)
            .map_err(|source| failure("write", &target, source))?;
        Ok(Self { target, temporary, file: Some(file) })
    }

    /// The path that the file will have.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Flushes the bytes to disk and gives the file its name.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Write`]; the temporary file is removed and the target is as it was.
    pub fn commit(mut self) -> Result<(), ArtifactError> {
        // The handle is closed before the rename, since Windows renames no open file.
        if let Some(file) = &self.file {
            file.sync_all().map_err(|source| failure("write", &self.target, source))?;
        }
        let file = self.file.take();
        drop(file);
        if let Err(source) = fs::rename(&self.temporary, &self.target) {
            remove(&self.temporary);
            return Err(failure("write", &self.target, source));
        }
        sync_folder(&self.target)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file
            .as_mut()
            .map_or_else(|| Err(io::ErrorKind::BrokenPipe.into()), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            remove(&self.temporary);
        }
    }
}

/// A folder that appears under its name, with all its files, when it is committed.
///
/// The files of a tree of tens of thousands are not flushed one by one: the rename at the end is what tells a whole
/// tree from a part, and a tree that a power cut damaged is found by its checksums.
#[derive(Debug)]
pub struct StagedTree {
    target: PathBuf,
    staging: PathBuf,
    committed: bool,
}

impl StagedTree {
    /// Starts a folder that will be `target`; nothing may be there yet.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Write`] if something is at `target` or the folder beside it cannot be made.
    pub fn create(target: impl AsRef<Path>) -> Result<Self, ArtifactError> {
        let target = target.as_ref().to_path_buf();
        if target.symlink_metadata().is_ok() {
            return Err(failure("write", &target, io::ErrorKind::AlreadyExists.into()));
        }
        if let Some(parent) = target.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            create_folder(parent)?;
        }
        let (staging, ()) = make_beside(&target, "partial", |place| fs::create_dir(place))
            .map_err(|source| failure("write", &target, source))?;
        Ok(Self { target, staging, committed: false })
    }

    /// The folder that holds the files until they are committed.
    #[must_use]
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Writes one file, and the folders above it.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Write`].
    pub fn write(&self, path: &ReleasePath, bytes: &[u8]) -> Result<(), ArtifactError> {
        let place = path.under(&self.staging);
        match write_plain(&place, bytes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(parent) = place.parent() {
                    create_folder(parent)?;
                }
                write_plain(&place, bytes).map_err(|source| failure("write", &place, source))
            }
            result => result.map_err(|source| failure("write", &place, source)),
        }
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Write`]; the staging folder is removed.
    pub fn commit(mut self) -> Result<(), ArtifactError> {
        fs::rename(&self.staging, &self.target)
            .map_err(|source| failure("write", &self.target, source))?;
        self.committed = true;
        sync_folder(&self.target)
    }
}

impl Drop for StagedTree {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing more can be done about a folder that cannot be removed; its name says that it is partial.
            drop(fs::remove_dir_all(&self.staging));
        }
    }
}

/// Makes `path` and the folders above it, where they are not there yet.
///
/// # Errors
///
/// [`ArtifactError::Write`].
pub fn create_folder(path: impl AsRef<Path>) -> Result<(), ArtifactError> {
    let path = path.as_ref();
    fs::create_dir_all(path).map_err(|source| failure("create the folder", path, source))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tree is renamed as a whole once all of it is written"
)]
fn write_plain(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)
}

/// Makes something new in the folder of `target`, under a short name of its own: a long one could exceed the limit of
/// the file system where the name of the target itself does not.
fn make_beside<T>(
    target: &Path,
    extension: &str,
    make: impl Fn(&Path) -> io::Result<T>,
) -> io::Result<(PathBuf, T)> {
    /// Leftovers of processes that were killed may stand in the way; more than this is another trouble.
    const ATTEMPTS: u32 = 1000;
    if target.file_name().is_none() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
    for attempt in 0..ATTEMPTS {
        let name = format!(".spinefairbench-{}-{attempt}.{extension}", std::process::id());
        let place = target.with_file_name(name);
        match make(&place) {
            Ok(thing) => return Ok((place, thing)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
            Err(error) => return Err(error),
        }
    }
    Err(taken)
}

/// A rename lasts through a power cut once the folder is flushed too. Only Unix can open a folder for that.
#[cfg_attr(
    unix,
    expect(clippy::disallowed_methods, reason = "the folder of a file that this module wrote")
)]
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "on Unix it can fail"))]
fn sync_folder(path: &Path) -> Result<(), ArtifactError> {
    #[cfg(unix)]
    {
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(parent)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| failure("flush", parent, source))?;
    }
    let _ = path;
    Ok(())
}

/// Whether something is there that is neither a file nor a folder: a device, a pipe, a socket.
fn is_stream(path: &Path) -> bool {
    path.metadata().is_ok_and(|facts| !facts.is_file() && !facts.is_dir())
}

fn remove(path: &Path) {
    // Nothing more can be done about a file that cannot be removed; its name says that it is temporary.
    drop(fs::remove_file(path));
}

fn failure(step: &'static str, path: &Path, source: io::Error) -> ArtifactError {
    ArtifactError::Write { step, path: path.to_path_buf(), source }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests look at what was written")]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_committed_file_replaces_the_former_one_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.json"), folder.path().join("link"));
        write_atomic(&path, b"one").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_atomic(&link, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(link.symlink_metadata().unwrap().is_symlink());
        let device = folder.path().join("device");
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();
        write_atomic(&device, b"nothing").unwrap();
        assert!(is_stream(Path::new("/dev/null")) && is_stream(&device));
        assert_eq!(names(folder.path()), ["a.json", "device", "link"]);
    }

    #[test]
    fn a_dropped_file_leaves_the_former_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_atomic(&path, b"one").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert_eq!(names(folder.path()).len(), 2);
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn a_failed_rename_removes_the_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("inside")).unwrap();
        let error = write_atomic(&path, b"one").unwrap_err();
        assert!(matches!(error, ArtifactError::Write { .. }), "{error}");
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[test]
    fn a_name_of_the_greatest_length_and_a_missing_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x".repeat(255));
        write_atomic(&path, b"one").unwrap();
        assert_eq!(names(folder.path()).len(), 1);
        let error = write_atomic(folder.path().join("none/a.json"), b"one").unwrap_err();
        assert!(matches!(error, ArtifactError::Write { .. }), "{error}");
    }

    #[test]
    fn a_tree_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("bundle");
        let path: ReleasePath = "a/b/c.txt".parse().unwrap();
        let tree = StagedTree::create(&target).unwrap();
        tree.write(&path, b"x").unwrap();
        assert!(!target.exists());
        drop(tree);
        assert!(names(folder.path()).is_empty());
        let tree = StagedTree::create(&target).unwrap();
        tree.write(&path, b"x").unwrap();
        tree.commit().unwrap();
        assert_eq!(fs::read(target.join("a/b/c.txt")).unwrap(), b"x");
        assert_eq!(names(folder.path()), ["bundle"]);
        assert!(StagedTree::create(&target).is_err());
    }
}
