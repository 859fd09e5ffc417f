//! Bundles in folders and in memory.

use std::fs;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::{
    CountingSource, DirectorySource, FileEnds, FileKind, FileSource, MemorySource, ReadLimits,
    ReadOrDigest, read_file,
};
use spinefairbench_artifacts::{Diagnostic, layout};

use crate::bundle;

fn path(text: &str) -> ReleasePath {
    text.parse().unwrap()
}

#[track_caller]
fn check_refused(source: &dyn FileSource, name: &str, code: &str) {
    let error = source.read(&path(name)).unwrap_err();
    assert_eq!((error.code(), error.path()), (code, Some(name)), "{error}");
    assert_eq!(source.read_ends(&path(name), 1, 1).unwrap_err().code(), code);
}

#[test]
fn the_mini_bundle_is_the_same_in_a_folder_and_in_memory() {
    let unpacked = bundle::unpacked();
    let folder = DirectorySource::open(unpacked.path().join("artifacts")).unwrap();
    let memory = MemorySource::copy_of(&folder).unwrap();
    for under in [None, Some(path("dataset")), Some(path("artifacts/Results/analysis"))] {
        let (left, right) =
            (folder.files(under.as_ref()).unwrap(), memory.files(under.as_ref()).unwrap());
        assert_eq!(left.entries, right.entries);
        assert!(left.problems.is_empty() && left.entries.is_sorted());
    }
    let listing = folder.files(None).unwrap();
    for name in listing.regular_files() {
        let bytes = folder.read(name).unwrap();
        assert_eq!(bytes, memory.read(name).unwrap());
        assert_eq!(folder.metadata(name).unwrap(), memory.metadata(name).unwrap());
        assert_eq!(folder.read_ends(name, 33, 12).unwrap(), FileEnds::of(&bytes, 33, 12));
    }
    for source in [&folder as &dyn FileSource, &memory] {
        check_refused(source, "dataset", "not_a_file");
        check_refused(source, "dataset/none.json", "file_missing");
        check_refused(source, "README.md/none.json", "file_missing");
        assert_eq!(source.metadata(&path("dataset")).unwrap().kind, FileKind::Directory);
        assert_eq!(source.files(Some(&path("none"))).unwrap_err().code(), "file_missing");
    }
}

#[test]
fn every_required_file_is_in_the_mini_bundle() {
    let source = bundle::in_memory();
    let required = layout::required_files();
    assert_eq!(required.len(), 37);
    for name in required {
        assert_eq!(source.metadata(&name).unwrap().kind, FileKind::File, "{name}");
    }
}

#[test]
fn a_root_that_is_no_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    for name in ["file", "none"] {
        assert_eq!(
            DirectorySource::open(folder.path().join(name)).unwrap_err().code(),
            "root_unreadable"
        );
    }
}

#[test]
fn openings_are_counted() {
    let source = CountingSource::new(MemorySource::from_iter([(path("a"), b"x".to_vec())]));
    let mut buffer = b"old".to_vec();
    source.read_into(&path("a"), &mut buffer).unwrap();
    assert_eq!(buffer, b"x");
    source.read_ends(&path("a"), 1, 1).unwrap();
    assert!(source.read(&path("b")).is_err());
    source.metadata(&path("a")).unwrap();
    source.files(None).unwrap();
    assert_eq!(source.opens(), [(path("a"), 2), (path("b"), 1)].into());
}

#[cfg(unix)]
fn link(target: &str, folder: &std::path::Path, name: &str) {
    std::os::unix::fs::symlink(target, folder.join(name)).unwrap();
}

#[cfg(unix)]
#[test]
fn links_of_a_snapshot_may_point_to_the_files_of_its_cache() {
    let outer = tempfile::tempdir().unwrap();
    let cache = outer.path().join("datasets--owner--name");
    let root = cache.join("snapshots/0123/artifacts");
    fs::create_dir_all(root.join("dataset")).unwrap();
    fs::create_dir_all(cache.join("blobs/folder")).unwrap();
    let (sha1, sha256) = ("a1".repeat(20), "b2".repeat(32));
    for name in [&sha1, &sha256, "notes.txt", "folder/file"] {
        fs::write(cache.join("blobs").join(name), name).unwrap();
    }
    fs::create_dir(cache.join("blobs").join("c".repeat(40))).unwrap();
    fs::write(cache.join("secret"), "s").unwrap();
    link(&format!("../../../blobs/{sha1}"), &root, "README.md");
    link(&format!("../../../../blobs/{sha256}"), &root.join("dataset"), "a.png");
    link("../../../blobs/notes.txt", &root, "other-name");
    link("../../../blobs/folder/file", &root, "deeper");
    link(&format!("../../../blobs/{}", "c".repeat(40)), &root, "folder");
    link("../../../secret", &root, "secret");
    let source = DirectorySource::open(&root).unwrap();
    assert_eq!(source.read(&path("README.md")).unwrap(), sha1.as_bytes());
    assert_eq!(source.read(&path("dataset/a.png")).unwrap(), sha256.as_bytes());
    for name in ["other-name", "deeper", "folder", "secret"] {
        check_refused(&source, name, "path_outside_root");
    }
    // Elsewhere than in a cache, a folder `blobs` beside the bundle is as foreign as any other.
    fs::rename(cache.join("snapshots"), cache.join("other")).unwrap();
    let source = DirectorySource::open(cache.join("other/0123/artifacts")).unwrap();
    check_refused(&source, "README.md", "path_outside_root");
}

#[cfg(unix)]
#[test]
fn links_may_point_inside_the_root_and_nowhere_else() {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("root");
    fs::create_dir_all(root.join("folder")).unwrap();
    fs::create_dir_all(outer.path().join("root-beside")).unwrap();
    fs::write(outer.path().join("root-beside/secret"), "s").unwrap();
    fs::write(root.join("folder/file"), "f").unwrap();
    link("folder/file", &root, "inside");
    link("folder", &root, "inside-folder");
    link("../root-beside/secret", &root, "outside");
    link("../root-beside", &root, "outside-folder");
    link("none", &root, "dangling");
    link("loop", &root, "loop");
    let source = DirectorySource::open(&root).unwrap();
    assert_eq!(source.read(&path("inside")).unwrap(), b"f");
    assert_eq!(source.read(&path("inside-folder/file")).unwrap(), b"f");
    check_refused(&source, "outside", "path_outside_root");
    check_refused(&source, "outside-folder/secret", "path_outside_root");
    check_refused(&source, "dangling", "file_missing");
    check_refused(&source, "loop", "file_unreadable");
    let listing = source.files(None).unwrap();
    let names: Vec<(&str, FileKind)> =
        listing.entries.iter().map(|entry| (entry.path.as_str(), entry.kind)).collect();
    assert_eq!(
        names,
        [
            ("dangling", FileKind::Symlink),
            ("folder", FileKind::Directory),
            ("folder/file", FileKind::File),
            ("inside", FileKind::Symlink),
            ("inside-folder", FileKind::Symlink),
            ("loop", FileKind::Symlink),
            ("outside", FileKind::Symlink),
            ("outside-folder", FileKind::Symlink),
        ]
    );
    assert_eq!(
        source.files(Some(&path("outside-folder"))).unwrap_err().code(),
        "path_outside_root"
    );
}

#[cfg(unix)]
#[test]
fn sockets_and_names_that_are_no_release_path_are_reported() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    fs::write(folder.path().join("a:b"), "x").unwrap();
    fs::write(folder.path().join("line\nbreak"), "x").unwrap();
    fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff")), "x").unwrap();
    let source = DirectorySource::open(folder.path()).unwrap();
    check_refused(&source, "socket", "not_a_file");
    let listing = source.files(None).unwrap();
    assert_eq!(listing.entries.len(), 1);
    let mut messages: Vec<String> = listing.problems.iter().map(ToString::to_string).collect();
    messages.sort();
    assert_eq!(
        messages,
        [
            "the path `a:b` holds a colon",
            "the path `line\\nbreak` holds a control character",
            "the path `\u{fffd}` is not UTF-8"
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_without_waiting_for_its_writer() {
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status();
    assert!(made.unwrap().success());
    let source = DirectorySource::open(folder.path()).unwrap();
    check_refused(&source, "pipe", "not_a_file");
    assert_eq!(source.read_ends(&path("pipe"), 1, 1).unwrap_err().code(), "not_a_file");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_with_another_length_than_stated_has_changed() {
    // The system states a length of zero for files that it makes up as they are read.
    let source = DirectorySource::open("/proc/self").unwrap();
    let error = source.read(&path("status")).unwrap_err();
    assert_eq!((error.code(), error.expected().as_deref()), ("file_changed", Some("0 bytes")));
}

#[test]
fn a_file_outside_a_bundle_is_read_by_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("submission.json");
    fs::write(&file, "{}").unwrap();
    assert_eq!(read_file(&file).unwrap(), b"{}");
    assert_eq!(read_file(folder.path()).unwrap_err().code(), "not_a_file");
    assert_eq!(read_file(folder.path().join("none")).unwrap_err().code(), "file_missing");
}

/// A file that another process writes to, while it is hashed piece by piece.
#[test]
fn a_file_that_changes_while_it_is_hashed_is_named() {
    use std::io::Write as _;
    use std::sync::atomic::{AtomicBool, Ordering};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("growing.bin");
    // Sparse, so that it costs no room: long enough to be written to while it is read.
    fs::File::create(&file).unwrap().set_len(256 << 20).unwrap();
    let source = DirectorySource::open(folder.path()).unwrap();
    let (started, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = fs::File::options().append(true).open(&file).unwrap();
            while !stop.load(Ordering::Relaxed) {
                writer.write_all(b"more").unwrap();
                started.store(true, Ordering::Relaxed);
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        while !started.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        let outcome = source.read_or_digest(&path("growing.bin"), 4, 4, &mut Vec::new());
        stop.store(true, Ordering::Relaxed);
        outcome
    });
    assert_eq!(outcome.unwrap_err().code(), "file_changed");
}

#[test]
fn a_digest_is_that_of_the_whole_file_however_long_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let source = DirectorySource::open(folder.path()).unwrap();
    // Around the length from which on files are hashed in pieces, and where a piece ends within the tail.
    for length in [0, 1, 5, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (2 << 20) + 3, (3 << 20) + 7] {
        let bytes: Vec<u8> =
            (0..length).map(|at: u32| at.to_le_bytes()[(at % 3) as usize]).collect();
        fs::write(folder.path().join("f"), &bytes).unwrap();
        let mut buffer = b"old".to_vec();
        let ends = match source.read_or_digest(&path("f"), 33, 12, &mut buffer).unwrap() {
            ReadOrDigest::Read => {
                assert!(buffer == bytes && length <= 1 << 20, "{length} bytes");
                FileEnds::of(&buffer, 33, 12)
            }
            ReadOrDigest::Digest(digest, ends) => {
                assert_eq!(digest, Sha256::of(&bytes), "{length} bytes");
                ends
            }
        };
        assert_eq!(ends, FileEnds::of(&bytes, 33, 12), "{length} bytes");
        assert_eq!(ends, source.read_ends(&path("f"), 33, 12).unwrap(), "{length} bytes");
    }
}

#[test]
fn what_is_above_the_limits_is_named_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("a/b/c")).unwrap();
    for name in ["x", "y", "a/b/c/z"] {
        fs::write(folder.path().join(name), "12345").unwrap();
    }
    let source = |limits| DirectorySource::open_within(folder.path(), limits).unwrap();
    let limits = ReadLimits::default();
    let documents =
        |document_bytes, records| InputLimits { document_bytes, records, ..limits.documents };
    let small = source(ReadLimits { file_bytes: 4, documents: documents(4, 9), ..limits });
    check_refused(&small, "x", "file_too_large");
    let error = small.read_or_digest(&path("x"), 1, 1, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "`x` has 5 bytes, at most 4 are read");
    assert_eq!(small.read_ends(&path("x"), 1, 1).unwrap_err().code(), "file_too_large");
    let exact = source(ReadLimits { file_bytes: 5, documents: documents(5, 1), ..limits });
    assert_eq!(exact.read(&path("x")).unwrap(), b"12345");
    // Documents alone are held in memory.
    let held = source(ReadLimits { documents: documents(4, 9), ..limits });
    assert!(held.read_or_digest(&path("x"), 1, 1, &mut Vec::new()).is_ok());
    assert_eq!(held.read(&path("x")).unwrap_err().code(), "file_too_large");
    let lines = source(ReadLimits { documents: documents(5, 0), ..limits });
    let error = lines.read(&path("x")).unwrap_err();
    assert_eq!(error.code(), "beyond_limit");
    let message = "`x` is not read: it holds more than 0 records; `--max-records` raises the limit";
    assert_eq!(error.to_string(), message);
    // The rows of a panel are read one by one.
    let panel = Panel::Full.results();
    fs::create_dir_all(folder.path().join(Panel::Full.folder())).unwrap();
    fs::write(folder.path().join(panel.as_str()), "[{},{}]").unwrap();
    assert!(lines.read(&panel).is_ok());
    let small = source(ReadLimits { panel_bytes: 6, ..limits });
    assert_eq!(small.read(&panel).unwrap_err().code(), "file_too_large");
    fs::remove_dir_all(folder.path().join("artifacts")).unwrap();
    let problems = |limits| {
        let listing = source(limits).files(None).unwrap();
        let codes: Vec<&str> = listing.problems.iter().map(Diagnostic::code).collect();
        (listing.entries.len(), codes)
    };
    assert_eq!(problems(limits), (6, vec![]));
    assert_eq!(problems(ReadLimits { depth: 3, ..limits }), (6, vec![]));
    assert_eq!(problems(ReadLimits { depth: 2, ..limits }), (5, vec!["folder_too_deep"]));
    assert_eq!(problems(ReadLimits { entries: 6, ..limits }), (6, vec![]));
    assert_eq!(problems(ReadLimits { entries: 5, ..limits }), (5, vec!["too_many_entries"]));
    assert_eq!(problems(ReadLimits { entries: 1, ..limits }), (1, vec!["too_many_entries"]));
}
