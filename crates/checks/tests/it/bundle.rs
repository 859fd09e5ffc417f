//! The mini bundle in memory, and copies of it with a few files changed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::LazyLock;

use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::{
    FileEnds, FileEntry, FileFacts, FileKind, FileSource, Listing, MemorySource,
};

pub(crate) static MINI: LazyLock<MemorySource> = LazyLock::new(|| {
    let packed = fs::read(fixture("mini.tar.gz")).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
    let mut source = MemorySource::default();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let name = path.strip_prefix("artifacts/").unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            source.insert(name.parse().unwrap(), bytes);
        }
    }
    source
});

pub(crate) fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub(crate) fn release() -> ReleaseDescription {
    let bytes = fs::read(fixture("mini.release.json")).unwrap();
    ReleaseDescription::parse("mini.release.json", &bytes).unwrap()
}

/// The mini bundle with files replaced, added or taken away.
#[derive(Debug, Default, Clone)]
pub(crate) struct Overlay {
    changed: BTreeMap<ReleasePath, Option<Vec<u8>>>,
}

impl Overlay {
    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8(self.bytes(path)).unwrap()
    }

    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        self.read(&path.parse().unwrap()).unwrap()
    }

    pub(crate) fn put(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.changed.insert(path.parse().unwrap(), Some(bytes.into()));
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.changed.insert(path.parse().unwrap(), None);
    }

    /// Replaces the first occurrence; it must be there.
    pub(crate) fn replace(&mut self, path: &str, from: &str, to: &str) {
        let text = self.text(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.put(path, text.replacen(from, to, 1));
    }

    /// Edits the file as a JSON value.
    pub(crate) fn edit(&mut self, path: &str, edit: impl FnOnce(&mut serde_json::Value)) {
        let mut value = serde_json::from_slice(&self.bytes(path)).unwrap();
        edit(&mut value);
        self.put(path, serde_json::to_vec_pretty(&value).unwrap());
    }

    fn lookup(&self, path: &ReleasePath) -> Result<Option<&[u8]>, ArtifactError> {
        match self.changed.get(path) {
            Some(Some(bytes)) => Ok(Some(bytes)),
            Some(None) => Err(ArtifactError::Missing { path: path.as_str().into() }),
            None => Ok(None),
        }
    }
}

impl FileSource for Overlay {
    fn read_into(&self, path: &ReleasePath, buffer: &mut Vec<u8>) -> Result<(), ArtifactError> {
        match self.lookup(path)? {
            Some(bytes) => {
                buffer.clear();
                buffer.extend_from_slice(bytes);
                Ok(())
            }
            None => MINI.read_into(path, buffer),
        }
    }

    fn metadata(&self, path: &ReleasePath) -> Result<FileFacts, ArtifactError> {
        match self.lookup(path)? {
            Some(bytes) => Ok(FileFacts { len: bytes.len() as u64, kind: FileKind::File }),
            None => MINI.metadata(path),
        }
    }

    fn read_ends(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
    ) -> Result<FileEnds, ArtifactError> {
        match self.lookup(path)? {
            Some(bytes) => Ok(FileEnds::of(bytes, head, tail)),
            None => MINI.read_ends(path, head, tail),
        }
    }

    fn files(&self, under: Option<&ReleasePath>) -> Result<Listing, ArtifactError> {
        let mut listing = MINI.files(under)?;
        listing.entries.retain(|entry| !self.changed.contains_key(&entry.path));
        for (path, bytes) in &self.changed {
            if bytes.is_some() && under.is_none_or(|folder| path.starts_with(folder)) {
                listing.entries.push(FileEntry { path: path.clone(), kind: FileKind::File });
            }
        }
        listing.entries.sort();
        Ok(listing)
    }
}
