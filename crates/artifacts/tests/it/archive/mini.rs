//! The mini bundle as an archive: extracted, verified without extraction, and broken in single places.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use spinefairbench_artifacts::archive::{
    ARCHIVE_FOLDER, ArchiveCheck, ArchiveTerms, ExtractOutcome, StreamedContent, StreamedFile,
    Wanted, Watch, create, extract, stream_members, verify_members,
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

fn verify(archive: &[u8]) -> ArchiveCheck {
    let cancel = AtomicBool::new(false);
    let mut watch = Watch { cancel: &cancel, progress: &mut |_| {} };
    verify_members(archive, &ArchiveTerms::default(), &mut watch).unwrap()
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
fn the_members_of_the_mini_bundle_verify() {
    let bytes = fs::read(mini()).unwrap();
    let check = verify(&bytes);
    assert!(check.is_right(), "{:?}", check.unlisted);
    assert_eq!(check.archive.sha256, Sha256::of(&bytes));
    let counts: Vec<(&str, u64, u64)> = check
        .manifests
        .iter()
        .map(|manifest| (manifest.manifest.as_str(), manifest.files_ok, manifest.files))
        .collect();
    // Counted with `wc -l`; `sha256sum --check` finds all of them right.
    assert_eq!(
        counts,
        [("SHA256SUMS.txt", 2863, 2863), ("radiologist_validation_SHA256SUMS.txt", 10, 10)]
    );
}

#[test]
fn an_archive_made_again_has_the_same_members() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("bundle");
    extract_mini(&target);
    let output = folder.path().join("again.tar.gz");
    let identity = create(&target, &ARCHIVE_FOLDER.parse().unwrap(), &output).unwrap();
    let check = verify(&fs::read(output).unwrap());
    assert!(check.is_right());
    assert_eq!(check.archive, identity);
}

#[test]
fn missing_different_and_unlisted_members_are_named() {
    let digest = Sha256::of(b"right");
    let manifest = format!("{digest}  right\n{digest}  wrong\n{digest}  missing\nrubbish\n");
    let archive = TarBytes::default()
        .file("artifacts/right", b"right")
        .file("artifacts/wrong", b"wrong")
        .file("artifacts/extra", b"right")
        .file("artifacts/SHA256SUMS.txt", manifest.as_bytes())
        .finish();
    let check = verify(&archive);
    assert!(!check.is_right());
    let [main, radiologist] = check.manifests.as_slice() else { panic!("two manifests") };
    assert_eq!((main.files_ok, main.files, main.bytes), (1, 3, 5));
    assert_eq!(main.problems.len(), 1);
    assert_eq!(main.missing, ["missing".parse().unwrap()]);
    let different = &main.different[0];
    assert_eq!((different.path.as_str(), different.expected), ("wrong", digest));
    assert_eq!((different.actual, different.size_bytes), (Sha256::of(b"wrong"), 5));
    assert_eq!((radiologist.sha256, radiologist.files), (None, 0));
    assert_eq!(check.unlisted, ["extra".parse().unwrap()]);
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
    let identity = std::thread::scope(|scope| {
        scope.spawn(|| {
            for piece in archive.chunks(700) {
                writer.write_all(piece).unwrap();
            }
            drop(writer);
        });
        stream_members(reader, &terms, &wanted, &mut watch, take).unwrap()
    });
    assert_eq!(identity.sha256, Sha256::of(&archive));
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
