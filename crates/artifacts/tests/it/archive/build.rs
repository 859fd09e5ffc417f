//! Builds archives byte by byte, the ones that no tar would write among them, and extracts them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use flate2::Compression;
use flate2::write::GzEncoder;
use spinefairbench_artifacts::archive::{
    ArchiveError, ArchiveTerms, ExtractOutcome, ExtractPlan, MemberProblem, Watch, extract,
};
use spinefairbench_artifacts::lock::WhenBusy;

/// The decompressed bytes of a tar archive under construction.
#[derive(Debug, Clone, Default)]
pub(crate) struct TarBytes(pub(crate) Vec<u8>);

impl TarBytes {
    /// A header with any type and any bytes as its name, then the data.
    pub(crate) fn member(mut self, flag: u8, name: &[u8], data: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::new(flag));
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(data.len() as u64);
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        if matches!(flag, b'1' | b'2') {
            header.set_link_name_literal("/etc/passwd").unwrap();
        }
        header.set_cksum();
        self.header(&header);
        self.data(data);
        self
    }

    pub(crate) fn file(self, name: &str, data: &[u8]) -> Self {
        self.member(b'0', name.as_bytes(), data)
    }

    pub(crate) fn folder(self, name: &str) -> Self {
        self.member(b'5', name.as_bytes(), b"")
    }

    /// A PAX header with these records.
    pub(crate) fn pax(self, flag: u8, records: &[(&str, &str)]) -> Self {
        let mut data = Vec::new();
        for (keyword, value) in records {
            let rest = format!(" {keyword}={value}\n");
            let mut length = rest.len();
            while length != rest.len() + length.to_string().len() {
                length = rest.len() + length.to_string().len();
            }
            data.extend_from_slice(format!("{length}{rest}").as_bytes());
        }
        self.member(flag, b"PaxHeader", &data)
    }

    pub(crate) fn header(&mut self, header: &tar::Header) {
        self.0.extend_from_slice(header.as_bytes());
    }

    pub(crate) fn data(&mut self, data: &[u8]) {
        self.0.extend_from_slice(data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
    }

    /// The two blocks at the end, and gzip around it all.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        gzip(&self.0)
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn plan(target: &Path) -> ExtractPlan {
    ExtractPlan {
        target: target.to_owned(),
        archive: ArchiveTerms::default(),
        when_busy: WhenBusy::Fail,
    }
}

pub(crate) fn run(archive: &[u8], plan: &ExtractPlan) -> Result<ExtractOutcome, ArchiveError> {
    let cancel = AtomicBool::new(false);
    extract(archive, plan, &mut Watch { cancel: &cancel, progress: &mut |_| {} })
}

/// Extracts into a fresh folder and gives the files; an error must leave nothing at all.
pub(crate) fn extracted(archive: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, ArchiveError> {
    extracted_with(archive, |_| {})
}

pub(crate) fn extracted_with(
    archive: &[u8],
    change: impl FnOnce(&mut ExtractPlan),
) -> Result<BTreeMap<String, Vec<u8>>, ArchiveError> {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan(&folder.path().join("bundle"));
    change(&mut plan);
    let outcome = run(archive, &plan);
    match outcome {
        Ok(outcome) => {
            assert!(matches!(outcome, ExtractOutcome::Extracted(_)), "{outcome:?}");
            assert_eq!(names_in(folder.path()), ["bundle", "bundle.complete.json"]);
            Ok(tree(&plan.target))
        }
        Err(error) => {
            assert!(names_in(folder.path()).is_empty(), "{error}: {:?}", names_in(folder.path()));
            Err(error)
        }
    }
}

/// The problem for which the archive's only bad member is refused.
#[track_caller]
pub(crate) fn refused(archive: &[u8]) -> MemberProblem {
    match extracted(archive) {
        Err(ArchiveError::Member { problem, .. }) => problem,
        other => panic!("expected a refused member, found {other:?}"),
    }
}

pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// All files below `root`, folders with a slash at the end.
pub(crate) fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![String::new()];
    while let Some(folder) = waiting.pop() {
        for name in names_in(&root.join(&folder)) {
            let path = format!("{folder}{name}");
            let place = root.join(&path);
            if place.symlink_metadata().unwrap().is_dir() {
                files.insert(format!("{path}/"), Vec::new());
                waiting.push(format!("{path}/"));
            } else {
                files.insert(path, fs::read(place).unwrap());
            }
        }
    }
    files
}
