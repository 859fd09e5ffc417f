//! The mini bundle in memory, with the lists of the later release in place of its own, and the digests that are pinned for it.

use std::io::Read;
use std::path::PathBuf;
use std::sync::OnceLock;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::{self, UniqueMap};
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::{FileSource, MemorySource};
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::index::BenchmarkIndex;

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn mini() -> &'static MemorySource {
    static MINI: OnceLock<MemorySource> = OnceLock::new();
    MINI.get_or_init(|| {
        let mut source = MemorySource::default();
        let archive = fixture("mini.tar.gz");
        let mut archive = tar::Archive::new(flate2::read::MultiGzDecoder::new(archive.as_slice()));
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let inside = path.strip_prefix("artifacts/").unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            source.insert(inside.parse::<ReleasePath>().unwrap(), bytes);
        }
        for (path, name) in [
            (layout::CORE_SUBSET, "later/core_list.json"),
            (layout::INTERSECTION_MANIFEST, "later/intersection.json"),
        ] {
            source.insert(layout::constant(path), fixture(name));
        }
        source
    })
}

/// What stands for the digests of the published manifests.
pub(crate) fn pins() -> UniqueMap<Sha256> {
    json::from_slice("pins.json", &fixture("later/pins.json")).unwrap()
}

/// The index of the mini bundle for `scope`, under its pins.
pub(crate) fn index(scope: Scope) -> BenchmarkIndex {
    BenchmarkIndex::load(mini(), scope, &pins()).unwrap()
}

pub(crate) fn file(path: &str) -> Vec<u8> {
    mini().read(&path.parse().unwrap()).unwrap()
}
