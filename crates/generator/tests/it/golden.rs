//! The golden files.

use std::path::{Path, PathBuf};

use spinefairbench_artifacts::digest::Sha256;

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub fn json(name: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path(name)).unwrap()).unwrap()
}

/// An expected value that is edited needs its digest edited too, and so is seen.
#[test]
fn every_golden_file_has_its_digest() {
    let list = std::fs::read_to_string(path("SHA256SUMS.txt")).unwrap();
    for line in list.lines() {
        let (digest, name) = line.split_once("  ").unwrap();
        assert_eq!(Sha256::of(&std::fs::read(path(name)).unwrap()).to_string(), digest, "{name}");
    }
    assert_eq!(
        list.lines().count() + 1,
        n_files_below(&path("")),
        "every file but the list itself"
    );
}

fn n_files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { n_files_below(&path) } else { 1 }).sum()
}
