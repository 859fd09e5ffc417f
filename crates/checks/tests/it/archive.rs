//! An archive judged without being extracted.

use std::sync::atomic::AtomicBool;

use spinefairbench_artifacts::archive::{ArchiveTerms, Watch, verify_members};
use spinefairbench_checks::check::checksums::archive::checksums_of_archive;
use spinefairbench_checks::{FindingCap, Status};

use crate::bundle::{fixture, release};

#[test]
fn the_mini_archive_lists_all_its_members() {
    let packed = std::fs::read(fixture("mini.tar.gz")).unwrap();
    let cancel = AtomicBool::new(false);
    let mut watch = Watch { cancel: &cancel, progress: &mut |_| {} };
    let found = verify_members(packed.as_slice(), &ArchiveTerms::default(), &mut watch).unwrap();
    let mut release = release();
    let report = checksums_of_archive(&found, &release, FindingCap::default());
    assert_eq!(report.findings, []);
    let text = serde_json::to_string(&report).unwrap();
    assert!(text.contains(r#""SHA256SUMS.txt":{"files_ok":2863,"files":2863"#), "{text}");

    release.artifact_archive.size_bytes = 1;
    let report = checksums_of_archive(&found, &release, FindingCap::default());
    assert_eq!(report.status(), Status::Fail);
    assert_eq!(report.findings[0].code.as_str(), "digest_mismatch");
}
