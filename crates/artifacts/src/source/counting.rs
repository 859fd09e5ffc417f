//! A source that counts.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{FileEnds, FileFacts, FileSource, Listing, ReadOrDigest};
use crate::error::ArtifactError;
use crate::path::ReleasePath;

/// Wraps a source and counts how often each file is opened for its content.
#[derive(Debug)]
pub struct CountingSource<S> {
    inner: S,
    opens: Mutex<BTreeMap<ReleasePath, u64>>,
}

impl<S: FileSource> CountingSource<S> {
    /// Counts the openings of `inner`.
    pub fn new(inner: S) -> Self {
        Self { inner, opens: Mutex::default() }
    }

    /// How often each file was opened so far, failures included.
    pub fn opens(&self) -> BTreeMap<ReleasePath, u64> {
        self.opens.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, path: &ReleasePath) {
        let mut opens = self.opens.lock().unwrap_or_else(PoisonError::into_inner);
        *opens.entry(path.clone()).or_default() += 1;
    }
}

impl<S: FileSource> FileSource for CountingSource<S> {
    fn read_into(&self, path: &ReleasePath, buffer: &mut Vec<u8>) -> Result<(), ArtifactError> {
        self.count(path);
        self.inner.read_into(path, buffer)
    }

    fn read_or_digest(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<ReadOrDigest, ArtifactError> {
        self.count(path);
        self.inner.read_or_digest(path, head, tail, buffer)
    }

    fn metadata(&self, path: &ReleasePath) -> Result<FileFacts, ArtifactError> {
        self.inner.metadata(path)
    }

    fn read_ends(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
    ) -> Result<FileEnds, ArtifactError> {
        self.count(path);
        self.inner.read_ends(path, head, tail)
    }

    fn files(&self, under: Option<&ReleasePath>) -> Result<Listing, ArtifactError> {
        self.inner.files(under)
    }
}
