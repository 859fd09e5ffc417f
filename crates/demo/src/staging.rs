//! Writing a bundle and keeping its ledger.
//!
//! [`StagedTree`] sees to it that the folder has its final name whole or not at all. The ledger has the size and digest of every
//! file, which the lists of images and the checksum manifests need.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::manifest;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::write::StagedTree;

use crate::DemoError;

/// Hears of progress; called from several threads.
pub trait Observer: Sync {
    /// About how many files will be written in all.
    fn planned(&self, files: usize);
    /// One more file stands, with so many bytes.
    fn written(&self, bytes: usize);
    /// Whether to stop with [`DemoError::Cancelled`]; asked before every file.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Nobody listens.
impl Observer for () {
    fn planned(&self, _files: usize) {}
    fn written(&self, _bytes: usize) {}
}

/// A file that was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) digest: Sha256,
    pub(crate) bytes: usize,
}

/// A bundle under construction. Dropping it removes what was written.
pub(crate) struct Stage<'a> {
    tree: StagedTree,
    ledger: Mutex<BTreeMap<ReleasePath, Written>>,
    observer: &'a dyn Observer,
}

impl<'a> Stage<'a> {
    /// An empty bundle beside `target`, where nothing may be yet.
    pub(crate) fn beside(target: &Path, observer: &'a dyn Observer) -> Result<Self, DemoError> {
        Ok(Self { tree: StagedTree::create(target)?, ledger: Mutex::default(), observer })
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> Result<Sha256, DemoError> {
        if self.observer.is_cancelled() {
            return Err(DemoError::Cancelled);
        }
        let (path, bytes): (ReleasePath, &[u8]) = (path.parse()?, bytes.as_ref());
        self.tree.write(&path, bytes)?;
        let digest = Sha256::of(bytes);
        let written = Written { digest, bytes: bytes.len() };
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).insert(path, written);
        self.observer.written(bytes.len());
        Ok(digest)
    }

    /// Writes a value as indented JSON.
    pub(crate) fn write_json(
        &self,
        path: &str,
        value: &impl Serialize,
    ) -> Result<Sha256, DemoError> {
        let mut bytes = serde_json::to_vec_pretty(value)?;
        bytes.push(b'\n');
        self.write(path, bytes)
    }

    /// The checksum manifest of the files written so far that `listed` picks, sorted by path.
    pub(crate) fn checksums(&self, listed: impl Fn(&str) -> bool) -> String {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = ledger.iter().filter(|(path, _)| listed(path.as_str()));
        manifest::write(entries.map(|(path, written)| (written.digest, path)))
    }

    /// Digest and length of a file written before.
    pub(crate) fn written(&self, path: &str) -> Option<Written> {
        let path: ReleasePath = path.parse().ok()?;
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).get(&path).copied()
    }

    /// Gives the bundle its final name.
    pub(crate) fn commit(self) -> Result<(), DemoError> {
        Ok(self.tree.commit()?)
    }
}
