//! One writer per place: a lock file beside the file or folder that is being made.
//!
//! The lock is the operating system's ([`std::fs::File::try_lock`]): it goes when its process does, however that ends, so
//! that a lock file that was left behind holds nobody up. What the file says is for the message alone. On a file system
//! without locks nobody is held up either; the rename at the end keeps that harmless, since whoever comes last puts
//! something whole in place.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks at a lock that somebody holds.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What to do where another writer is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenBusy {
    /// Give up at once.
    Fail,
    /// Wait for it, at most this long.
    Wait(Duration),
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another writer holds it.
    #[error("`{}` is being written by {holder}", path.display())]
    Busy {
        /// The file or folder that is being made.
        path: PathBuf,
        /// Who, as far as the lock file says.
        holder: String,
    },
    /// The lock file cannot be made or written.
    #[error("cannot lock `{}`", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// The right to make one file or folder; given back when dropped.
#[derive(Debug)]
pub struct WriterLock {
    file: File,
    path: PathBuf,
}

impl WriterLock {
    /// Takes the lock for `target`, whose lock file is `<target>.lock` beside it. `sleep` passes the time while waiting.
    ///
    /// # Errors
    ///
    /// [`LockError::Busy`] if another writer holds it, also after waiting; [`LockError::Io`] if the file system refuses.
    pub fn take(
        target: &Path,
        when_busy: WhenBusy,
        sleep: &dyn Fn(Duration),
    ) -> Result<Self, LockError> {
        let path = lock_path(target);
        let mut waited = Duration::ZERO;
        loop {
            let attempt =
                attempt(&path).map_err(|source| LockError::Io { path: path.clone(), source })?;
            let holder = match attempt {
                Attempt::Taken(file) => return Ok(Self { file, path }),
                Attempt::Replaced => continue,
                Attempt::Busy(holder) => holder,
            };
            match when_busy {
                WhenBusy::Wait(limit) if waited < limit => {
                    sleep(LOOK_AGAIN);
                    waited += LOOK_AGAIN;
                }
                _ => return Err(LockError::Busy { path: target.to_owned(), holder }),
            }
        }
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Removed while it is still held: whoever opened it before sees that it is another file than the one in its place.
        // Elsewhere than on Unix an open file cannot be removed; it stays, and nobody holds it.
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
        }
        let _ = self.file.unlock();
    }
}

/// `<target>.lock`.
fn lock_path(target: &Path) -> PathBuf {
    let mut name = target.file_name().map_or_else(|| OsString::from("target"), OsString::from);
    name.push(".lock");
    target.with_file_name(name)
}

enum Attempt {
    Taken(File),
    Busy(String),
    /// The file was removed between opening and locking it.
    Replaced,
}

fn attempt(path: &Path) -> io::Result<Attempt> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Attempt::Busy(holder(&file))),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    if !is_still_at(&file, path) {
        return Ok(Attempt::Replaced);
    }
    file.set_len(0)?;
    write!(file, "{}", std::process::id())?;
    Ok(Attempt::Taken(file))
}

/// Who holds the lock, by the number in the file.
fn holder(file: &File) -> String {
    let mut text = String::new();
    let number =
        file.take(16).read_to_string(&mut text).ok().and_then(|_| text.parse::<u32>().ok());
    number.map_or_else(|| "another process".to_owned(), |number| format!("process {number}"))
}

#[cfg(unix)]
fn is_still_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |facts: fs::Metadata| (facts.dev(), facts.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(there)) => identity(held) == identity(there),
        _ => false,
    }
}

/// Nobody removes an open file here.
#[cfg(not(unix))]
fn is_still_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never(_: Duration) {
        panic!("nobody waits");
    }

    #[test]
    fn the_second_writer_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("archive.tar.gz");
        let first = WriterLock::take(&target, WhenBusy::Fail, &never).unwrap();
        let text = WriterLock::take(&target, WhenBusy::Fail, &never).unwrap_err().to_string();
        // Elsewhere than on Unix a locked file cannot be read.
        let holder = format!("is being written by process {}", std::process::id());
        assert!(!cfg!(unix) || text.ends_with(&holder), "{text}");
        drop(first);
        WriterLock::take(&target, WhenBusy::Fail, &never).unwrap();
        assert!(!cfg!(unix) || fs::read_dir(folder.path()).unwrap().next().is_none());
    }

    #[test]
    fn waiting_ends_when_the_first_is_done_or_the_patience_is() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("archive.tar.gz");
        let first =
            std::cell::Cell::new(Some(WriterLock::take(&target, WhenBusy::Fail, &never).unwrap()));
        let wait = WhenBusy::Wait(Duration::from_secs(1));
        let n_looks = std::cell::Cell::new(0);
        let look = |_| n_looks.set(n_looks.get() + 1);
        assert!(matches!(WriterLock::take(&target, wait, &look), Err(LockError::Busy { .. })));
        assert_eq!(n_looks.get(), 5);
        WriterLock::take(&target, wait, &|_| drop(first.take())).unwrap();
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test makes the file of another writer")]
    fn a_lock_file_that_nobody_holds_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("archive.tar.gz");
        for left in ["", "1", "rubbish"] {
            fs::write(lock_path(&target), left).unwrap();
            drop(WriterLock::take(&target, WhenBusy::Fail, &never).unwrap());
        }
    }

    #[test]
    fn of_many_writers_one_at_a_time_is_at_work() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("board.jsonl");
        let (n_at_work, n_done) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let wait = WhenBusy::Wait(Duration::from_secs(1_000_000));
                        let lock = WriterLock::take(&target, wait, &|_| std::thread::yield_now());
                        assert_eq!(n_at_work.fetch_add(1, Ordering::SeqCst), 0);
                        n_at_work.fetch_sub(1, Ordering::SeqCst);
                        n_done.fetch_add(1, Ordering::SeqCst);
                        drop(lock.unwrap());
                    }
                });
            }
        });
        assert_eq!(n_done.into_inner(), 200);
    }
}
