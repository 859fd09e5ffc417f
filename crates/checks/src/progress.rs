//! What an observer may learn while a suite runs.

use crate::check::{CheckName, Status};

/// Watches a run; every method may be called from any thread, and does nothing unless it is written.
pub trait Progress: Sync {
    /// So many more files are about to be opened.
    fn files_planned(&self, files: usize) {
        let _ = files;
    }

    /// A file was read; `bytes` is 0 where only its ends were, or where it could not be.
    fn file_read(&self, bytes: u64) {
        let _ = bytes;
    }

    /// A check was judged.
    fn check_done(&self, check: CheckName, status: Status) {
        let _ = (check, status);
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Progress for Unobserved {}
