//! The mini bundle, unpacked once for a test.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The folder `artifacts` of the mini bundle, in a folder that goes away with the value.
pub(crate) struct MiniBundle {
    folder: TempDir,
}

impl MiniBundle {
    pub(crate) fn unpack() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = std::fs::File::open(fixture("mini.tar.gz")).unwrap();
        tar::Archive::new(flate2::read::GzDecoder::new(archive)).unpack(folder.path()).unwrap();
        Self { folder }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("artifacts")
    }
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}
