//! Files held in memory.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{FileEnds, FileEntry, FileFacts, FileKind, FileSource, Listing};
use crate::error::ArtifactError;
use crate::path::ReleasePath;

/// A bundle in memory, for small bundles and for tests that change one thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemorySource {
    files: BTreeMap<ReleasePath, Vec<u8>>,
}

impl MemorySource {
    /// All regular files of `source`.
    ///
    /// # Errors
    ///
    /// The first problem of the listing or of a file.
    pub fn copy_of(source: &dyn FileSource) -> Result<Self, ArtifactError> {
        let listing = source.files(None)?;
        let mut files = BTreeMap::new();
        for path in listing.regular_files() {
            files.insert(path.clone(), source.read(path)?);
        }
        match listing.problems.into_iter().next() {
            Some(problem) => Err(problem),
            None => Ok(Self { files }),
        }
    }

    /// Puts a file in place of what was at `path`, which is given back.
    pub fn insert(&mut self, path: ReleasePath, bytes: impl Into<Vec<u8>>) -> Option<Vec<u8>> {
        self.files.insert(path, bytes.into())
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &ReleasePath) -> Option<Vec<u8>> {
        self.files.remove(path)
    }

    /// The bytes at `path`, to be changed in place.
    pub fn get_mut(&mut self, path: &ReleasePath) -> Option<&mut Vec<u8>> {
        self.files.get_mut(path)
    }

    fn get(&self, path: &ReleasePath) -> Result<&[u8], ArtifactError> {
        if let Some(bytes) = self.files.get(path) {
            return Ok(bytes);
        }
        let path: Box<str> = path.as_str().into();
        if self.is_directory(&path) {
            Err(ArtifactError::NotAFile { path, found: FileKind::Directory })
        } else {
            Err(ArtifactError::Missing { path })
        }
    }

    fn is_directory(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        self.files
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .next()
            .is_some_and(|(first, _)| first.as_str().starts_with(&prefix))
    }
}

impl FromIterator<(ReleasePath, Vec<u8>)> for MemorySource {
    fn from_iter<I: IntoIterator<Item = (ReleasePath, Vec<u8>)>>(files: I) -> Self {
        Self { files: files.into_iter().collect() }
    }
}

impl FileSource for MemorySource {
    fn read_into(&self, path: &ReleasePath, buffer: &mut Vec<u8>) -> Result<(), ArtifactError> {
        let bytes = self.get(path)?;
        buffer.clear();
        buffer.extend_from_slice(bytes);
        Ok(())
    }

    fn metadata(&self, path: &ReleasePath) -> Result<FileFacts, ArtifactError> {
        match self.get(path) {
            Ok(bytes) => Ok(FileFacts { len: bytes.len() as u64, kind: FileKind::File }),
            Err(ArtifactError::NotAFile { found, .. }) => Ok(FileFacts { len: 0, kind: found }),
            Err(error) => Err(error),
        }
    }

    fn read_ends(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
    ) -> Result<FileEnds, ArtifactError> {
        self.get(path).map(|bytes| FileEnds::of(bytes, head, tail))
    }

    fn files(&self, under: Option<&ReleasePath>) -> Result<Listing, ArtifactError> {
        if let Some(folder) = under.filter(|folder| !self.is_directory(folder.as_str())) {
            return Err(ArtifactError::Missing { path: folder.as_str().into() });
        }
        let mut entries = BTreeMap::new();
        for path in
            self.files.keys().filter(|path| under.is_none_or(|folder| path.starts_with(folder)))
        {
            entries.insert(path.clone(), FileKind::File);
            let mut folder = path.parent();
            while let Some(path) = folder.filter(|path| Some(path) != under) {
                folder = path.parent();
                entries.insert(path, FileKind::Directory);
            }
        }
        if let Some(folder) = under {
            entries.retain(|path, _| path.starts_with(folder) && path != folder);
        }
        let entries = entries.into_iter().map(|(path, kind)| FileEntry { path, kind }).collect();
        Ok(Listing { entries, problems: Vec::new() })
    }
}
