//! The mini bundle, in a folder or in memory.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use spinefairbench_artifacts::source::{FileSource as _, MemorySource};
use spinefairbench_artifacts::write::StagedTree;
use tempfile::TempDir;

/// A folder with the mini bundle in its folder `artifacts`, without the thousands of texts of the mitigation panel; it
/// goes away with the value.
pub(crate) fn unpacked() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let tree = StagedTree::create(folder.path().join("artifacts")).unwrap();
    let source = in_memory();
    for path in source.files(None).unwrap().regular_files() {
        if !path.segments().any(|segment| segment == "stage1_outputs" || segment == "rewrites") {
            tree.write(path, &source.read(path).unwrap()).unwrap();
        }
    }
    tree.commit().unwrap();
    folder
}

/// The mini bundle without a folder.
pub(crate) fn in_memory() -> MemorySource {
    let mut source = MemorySource::default();
    for member in archive().entries().unwrap() {
        let mut member = member.unwrap();
        if member.header().entry_type().is_file() {
            let name = member.path().unwrap().to_str().unwrap().to_owned();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            source.insert(name.strip_prefix("artifacts/").unwrap().parse().unwrap(), bytes);
        }
    }
    source
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn archive() -> tar::Archive<impl std::io::Read> {
    let file = std::fs::File::open(fixture("mini.tar.gz")).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(file))
}
