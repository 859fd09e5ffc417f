//! Which files are read, and what for.

use std::collections::BTreeMap;
use std::fmt;

use spinefairbench_artifacts::path::ReleasePath;

use super::{Content, Gathered};
use crate::snapshot::{Part, Snapshot};

/// Puts what was read into its place.
pub(super) type Deposit = Box<dyn FnOnce(&mut Gathered) + Send>;

/// Makes something of a file's content; runs on any thread.
pub(super) type Reader = Box<dyn Fn(Content<'_>) -> Deposit + Send + Sync>;

/// The files to be read, each with all that is to be made of it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) files: BTreeMap<ReleasePath, Reading>,
}

/// What is to be made of one file.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) readers: Vec<Reader>,
    pub(super) wants_digest: bool,
}

impl fmt::Debug for Reading {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reading")
            .field("readers", &self.readers.len())
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// Takes out the files that `concerns` picks.
    pub(super) fn split_off(&mut self, concerns: impl Fn(&ReleasePath) -> bool) -> Self {
        let (picked, rest) =
            std::mem::take(&mut self.files).into_iter().partition(|(path, _)| concerns(path));
        self.files = rest;
        Self { files: picked }
    }

    /// Has `reader` read the file.
    pub(super) fn read(
        &mut self,
        path: ReleasePath,
        reader: impl Fn(Content<'_>) -> Deposit + Send + Sync + 'static,
    ) {
        self.files.entry(path).or_default().readers.push(Box::new(reader));
    }

    /// Has `reader` read the file, with its digest.
    pub(super) fn read_with_digest(
        &mut self,
        path: ReleasePath,
        reader: impl Fn(Content<'_>) -> Deposit + Send + Sync + 'static,
    ) {
        let reading = self.files.entry(path).or_default();
        reading.readers.push(Box::new(reader));
        reading.wants_digest = true;
    }

    /// Makes a part of the snapshot of the file.
    pub(super) fn read_part<T: Send + 'static>(
        &mut self,
        path: ReleasePath,
        read: impl Fn(&str, &[u8]) -> Part<T> + Send + Sync + 'static,
        place: fn(&mut Snapshot) -> &mut Part<T>,
    ) {
        self.read(path, move |content| {
            let part = content.part(&read);
            Box::new(move |gathered| *place(&mut gathered.snapshot) = part)
        });
    }
}
