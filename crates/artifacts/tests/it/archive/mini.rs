//! The mini bundle as an archive: extracted, made again, and passed over without extraction.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use spinefairbench_artifacts::archive::{
    ARCHIVE_FOLDER, ArchiveTerms, ExtractOutcome, StreamedArchive, StreamedContent, StreamedFile,
    Wanted, Watch, create, extract, stream_members,
};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::FileEnds;

use super::build::{TarBytes, plan};

fn mini() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mini.tar.gz")
}

fn extract_mini(target: &Path) -> ExtractOutcome {
    let mut plan = plan(target);
    plan.archive.folder = Some(ARCHIVE_FOLDER.parse().unwrap());
    let cancel = AtomicBool::new(false);
    extract(
        File::open(mini()).unwrap(),
        &plan,
        &mut Watch { cancel: &cancel, progress: &mut |_| {} },
    )
    .unwrap()
}

/// The digests of the members by path.
fn digests(archive: &[u8]) -> (StreamedArchive, BTreeMap<String, Sha256>) {
    let cancel = AtomicBool::new(false);
    let mut watch = Watch { cancel: &cancel, progress: &mut |_| {} };
    let mut digests = BTreeMap::new();
    let terms =
        ArchiveTerms { folder: Some(ARCHIVE_FOLDER.parse().unwrap()), ..ArchiveTerms::default() };
    let passed = stream_members(
        archive,
        &terms,
        &|_, _| Wanted::Ends { head: 0, tail: 0 },
        &mut watch,
        &mut |file| {
            digests.insert(file.path.to_string(), file.sha256);
        },
    );
    (passed.unwrap(), digests)
}

#[test]
fn the_mini_bundle_extracts_and_its_files_are_those_of_its_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("bundle");
    let ExtractOutcome::Extracted(report) = extract_mini(&target) else {
        panic!("nothing was there before");
    };
    let manifest = fs::read_to_string(target.join("SHA256SUMS.txt")).unwrap();
    // The manifest itself is not listed.
    assert_eq!(report.files, manifest.lines().count() as u64 + 1);
    for line in manifest.lines() {
        let (digest, path) = line.split_once("  ").unwrap();
        assert_eq!(Sha256::of(&fs::read(target.join(path)).unwrap()).to_string(), digest, "{path}");
    }
}

#[test]
fn an_archive_made_again_has_the_same_members() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("bundle");
    extract_mini(&target);
    let output = folder.path().join("again.tar.gz");
    let identity = create(&target, &ARCHIVE_FOLDER.parse().unwrap(), &output).unwrap();
    let (again, members) = digests(&fs::read(output).unwrap());
    assert_eq!(again.identity, identity);
    assert_eq!(members, digests(&fs::read(mini()).unwrap()).1);
}

#[test]
fn what_systems_leave_beside_the_folder_is_named_and_given_to_nobody() {
    let archive = TarBytes::default()
        .file("._artifacts", b"resource fork")
        .folder("__MACOSX/")
        .file("__MACOSX/a", b"x")
        .file("artifacts/.DS_Store", b"x")
        .finish();
    let (passed, members) = digests(&archive);
    assert_eq!(passed.beside, ["._artifacts", "__MACOSX/a"].map(|path| path.parse().unwrap()));
    assert_eq!(members.into_keys().collect::<Vec<_>>(), ["artifacts/.DS_Store"]);
}

#[test]
fn a_pass_gives_every_file_in_order_with_as_much_as_is_wanted() {
    let long: Vec<u8> = (0..300_000_u32).map(|place| (place % 251) as u8).collect();
    let archive = TarBytes::default()
        .file("a/whole", &long)
        .file("a/ends", &long)
        .file("a/short", b"xy")
        .file("a/empty", b"")
        .finish();
    let wanted = |path: &ReleasePath, size_bytes: u64| {
        assert_eq!(size_bytes == 0, path.as_str() == "a/empty");
        if path.file_name() == "ends" { Wanted::Ends { head: 33, tail: 12 } } else { Wanted::Whole }
    };
    let cancel = AtomicBool::new(false);
    let mut watch = Watch { cancel: &cancel, progress: &mut |_| {} };
    let mut files = Vec::new();
    let terms = ArchiveTerms::default();
    let take = &mut |file| files.push(file);
    // Through a pipe, as while a download goes on.
    let (reader, mut writer) = std::io::pipe().unwrap();
    let passed = std::thread::scope(|scope| {
        scope.spawn(|| {
            for piece in archive.chunks(700) {
                writer.write_all(piece).unwrap();
            }
            drop(writer);
        });
        stream_members(reader, &terms, &wanted, &mut watch, take).unwrap()
    });
    assert_eq!(passed.identity.sha256, Sha256::of(&archive));
    assert_eq!(passed.beside, []);
    let file = |path: &str, bytes: &[u8], content| StreamedFile {
        path: path.parse().unwrap(),
        sha256: Sha256::of(bytes),
        content,
    };
    let whole = |path, bytes: &[u8]| file(path, bytes, StreamedContent::Whole(bytes.to_vec()));
    assert_eq!(
        files,
        [
            whole("a/whole", &long),
            file("a/ends", &long, StreamedContent::Ends(FileEnds::of(&long, 33, 12))),
            whole("a/short", b"xy"),
            whole("a/empty", b""),
        ]
    );
}
