//! One writer per place: a lock file beside the file or folder that is being made.
//!
//! The operating system's file lock decides ([`std::fs::File::try_lock`]), so that a killed process frees its lock at
//! once. Some network file systems grant that lock to everybody, therefore the file also holds a stamp: process, host
//! and a number of its own. Whoever gets the lock and finds the stamp of another writer believes the stamp if that
//! process is alive on this host, or if it is of another host and was renewed within five minutes.
//! What this does not stop: two hosts on such a file system that start within the same moment. The rename at the end
//! keeps even that harmless, since both would put the same verified bytes in place.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long the stamp of a writer that cannot be looked up counts; chosen as many times [`RENEWAL`].
const FRESH: Duration = RENEWAL.saturating_mul(10);

/// How often a writer renews its stamp.
const RENEWAL: Duration = Duration::from_secs(30);

/// Between two looks at a lock that somebody holds.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The most bytes of a stamp that are read.
const STAMP_BYTES: u64 = 512;

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
    renewed: Instant,
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
                Attempt::Taken(file) => return Ok(Self { file, path, renewed: Instant::now() }),
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

    /// Shows that the writer is still at work; cheap enough to call for every piece of data.
    pub fn renew(&mut self) {
        if self.renewed.elapsed() >= RENEWAL {
            self.renewed = Instant::now();
            // A renewal that fails costs nothing but the freshness of the stamp.
            let _ = rewrite_first_byte(&mut self.file);
        }
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Emptied before it is removed: whoever opened it in between must not see a stamp.
        let _ = self.file.set_len(0);
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

#[expect(clippy::disallowed_methods, reason = "the lock file is a file of this module")]
fn attempt(path: &Path) -> io::Result<Attempt> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Ok(Attempt::Busy(holder_text(&read_stamp(&mut file))));
        }
        // Without locks the stamp alone decides.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let found = read_stamp(&mut file);
    if !found.is_empty() && is_believed(&found, age(&file)) {
        return Ok(Attempt::Busy(holder_text(&found)));
    }
    let stamp = new_stamp();
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(stamp.as_bytes())?;
    // Elsewhere the lock file stays, and a locked file cannot be read through a second handle.
    if cfg!(unix) {
        let there = File::open(path).map(|mut file| read_stamp(&mut file)).unwrap_or_default();
        if there != stamp {
            return Ok(Attempt::Replaced);
        }
    }
    Ok(Attempt::Taken(file))
}

/// `pid <number> host <name> number <n>`: the number tells two locks of one process apart.
fn new_stamp() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("pid {} host {} number {number}\n", std::process::id(), host_name())
}

fn read_stamp(file: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| Read::by_ref(file).take(STAMP_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    }
}

/// Who holds the lock, for a message: only what cannot upset a terminal.
fn holder_text(stamp: &str) -> String {
    match parse_stamp(stamp) {
        Some((pid, host)) => {
            let host: String = host.chars().filter(char::is_ascii_graphic).collect();
            format!("process {pid} on `{host}`")
        }
        None => "another process".to_owned(),
    }
}

fn parse_stamp(stamp: &str) -> Option<(u32, &str)> {
    let mut words = stamp.split_ascii_whitespace();
    let (Some("pid"), Some(pid), Some("host"), Some(host)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return None;
    };
    Some((pid.parse().ok()?, host))
}

/// Whether the writer that left `stamp` is still at work, though its lock was to be had.
fn is_believed(stamp: &str, age: Option<Duration>) -> bool {
    let Some((pid, host)) = parse_stamp(stamp) else { return false };
    let is_fresh = age.is_some_and(|age| age < FRESH);
    match process_state(pid, host) {
        ProcessState::Gone => false,
        ProcessState::Alive | ProcessState::Unknown => is_fresh,
    }
}

enum ProcessState {
    Alive,
    Gone,
    /// On another host, or on a system without `/proc`.
    Unknown,
}

fn process_state(pid: u32, host: &str) -> ProcessState {
    let has_proc = cfg!(target_os = "linux") && Path::new("/proc/self").exists();
    if host != host_name() || host == UNKNOWN_HOST || !has_proc {
        return ProcessState::Unknown;
    }
    if Path::new("/proc").join(pid.to_string()).exists() {
        ProcessState::Alive
    } else {
        ProcessState::Gone
    }
}

const UNKNOWN_HOST: &str = "unknown";

#[expect(clippy::disallowed_methods, reason = "the name of the host is a file on Linux")]
fn host_name() -> String {
    let text = ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .find_map(|path| fs::read_to_string(path).ok())
        .unwrap_or_default();
    let name: String = text.trim().chars().filter(char::is_ascii_graphic).take(64).collect();
    if name.is_empty() { UNKNOWN_HOST.to_owned() } else { name }
}

fn age(file: &File) -> Option<Duration> {
    // A stamp of the future (clocks of two hosts) is as fresh as can be.
    let modified = file.metadata().and_then(|metadata| metadata.modified()).ok()?;
    Some(modified.elapsed().unwrap_or_default())
}

fn rewrite_first_byte(file: &mut File) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(b"p")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never(_: Duration) {
        panic!("nobody waits");
    }

    #[test]
    fn class_6_the_second_writer_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("archive.tar.gz");
        let first = WriterLock::take(&target, WhenBusy::Fail, &never).unwrap();
        let error = WriterLock::take(&target, WhenBusy::Fail, &never).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
        drop(first);
        WriterLock::take(&target, WhenBusy::Fail, &never).unwrap();
        assert!(!cfg!(unix) || fs::read_dir(folder.path()).unwrap().next().is_none());
    }

    #[test]
    fn class_6_waiting_ends_when_the_first_is_done_or_the_patience_is() {
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
    fn class_6_a_stamp_counts_only_while_its_writer_may_be_alive() {
        let host = host_name();
        let fresh = Some(Duration::from_secs(1));
        let own = std::process::id();
        // No process has this number: Linux stops at 2^22. Elsewhere nothing can be known.
        let is_known_gone = cfg!(target_os = "linux") && host != UNKNOWN_HOST;
        let gone = format!("pid 4294967290 host {host} number 0");
        assert_ne!(is_believed(&gone, fresh), is_known_gone);
        assert!(is_believed(&format!("pid {own} host {host} number 0"), fresh));
        assert!(is_believed("pid 1 host elsewhere number 0", fresh));
        assert!(!is_believed("pid 1 host elsewhere number 0", Some(FRESH)));
        assert!(!is_believed("pid 1 host elsewhere number 0", None));
        assert!(!is_believed("rubbish", fresh));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test makes the file of another writer")]
    fn class_6_a_stale_lock_file_is_taken_over_and_a_believed_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("archive.tar.gz");
        fs::write(lock_path(&target), "").unwrap();
        drop(WriterLock::take(&target, WhenBusy::Fail, &never).unwrap());
        fs::write(lock_path(&target), "pid 77 host elsewhere number 3\n").unwrap();
        let error = WriterLock::take(&target, WhenBusy::Fail, &never).unwrap_err();
        assert!(error.to_string().ends_with("process 77 on `elsewhere`"), "{error}");
    }
}
