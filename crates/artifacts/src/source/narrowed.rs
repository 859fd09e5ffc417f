//! A source of which only some files are looked at.

use super::{FileEnds, FileEntry, FileFacts, FileSource, Listing, ReadOrDigest};
use crate::error::ArtifactError;
use crate::path::ReleasePath;

/// Another source whose listing holds the named files alone, as far as they are there: what a manifest lists is looked
/// for without a walk over all that stands beside it.
#[derive(Debug)]
pub struct NarrowedSource<S> {
    source: S,
    files: Vec<ReleasePath>,
}

impl<S: FileSource> NarrowedSource<S> {
    /// `source`, of which `files` are listed.
    #[must_use]
    pub fn new(source: S, mut files: Vec<ReleasePath>) -> Self {
        files.sort_unstable();
        files.dedup();
        Self { source, files }
    }
}

impl<S: FileSource> FileSource for NarrowedSource<S> {
    fn read_into(&self, path: &ReleasePath, buffer: &mut Vec<u8>) -> Result<(), ArtifactError> {
        self.source.read_into(path, buffer)
    }

    fn read_or_digest(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<ReadOrDigest, ArtifactError> {
        self.source.read_or_digest(path, head, tail, buffer)
    }

    fn metadata(&self, path: &ReleasePath) -> Result<FileFacts, ArtifactError> {
        self.source.metadata(path)
    }

    fn read_ends(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
    ) -> Result<FileEnds, ArtifactError> {
        self.source.read_ends(path, head, tail)
    }

    fn files(&self, under: Option<&ReleasePath>) -> Result<Listing, ArtifactError> {
        let mut listing = Listing::default();
        let is_below = |path: &ReleasePath| under.is_none_or(|folder| path.starts_with(folder));
        for path in self.files.iter().filter(|path| is_below(path)) {
            match self.source.metadata(path) {
                Ok(facts) => {
                    listing.entries.push(FileEntry { path: path.clone(), kind: facts.kind });
                }
                Err(ArtifactError::Missing { .. }) => {}
                Err(problem) => listing.problems.push(problem),
            }
        }
        Ok(listing)
    }
}
