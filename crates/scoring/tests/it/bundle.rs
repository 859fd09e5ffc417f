//! The mini bundle in memory.

use std::io::Read;
use std::path::PathBuf;
use std::sync::OnceLock;

use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::{FileSource, MemorySource};

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
        source
    })
}

pub(crate) fn file(path: &str) -> Vec<u8> {
    mini().read(&path.parse().unwrap()).unwrap()
}
