//! What an extraction leaves on disk, and what it does with what is already there.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use spinefairbench_artifacts::archive::{
    ArchiveError, ArchiveIdentity, ArchiveTerms, ExtractOutcome, ExtractPlan, Watch, create,
    extract,
};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::lock::{LockError, WhenBusy, WriterLock};

use super::build::{TarBytes, names_in, plan, run, tree};

fn archive() -> Vec<u8> {
    TarBytes::default()
        .folder("artifacts/")
        .file("artifacts/a/b", b"1")
        .folder("artifacts/empty/")
        .finish()
}

fn in_folder(target: &Path) -> ExtractPlan {
    let folder = Some("artifacts".parse().unwrap());
    ExtractPlan { archive: ArchiveTerms { folder, ..ArchiveTerms::default() }, ..plan(target) }
}

#[test]
fn the_folder_of_the_archive_becomes_the_target() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("new/parents/bundle");
    let archive = archive();
    let ExtractOutcome::Extracted(report) = run(&archive, &in_folder(&target)).unwrap() else {
        panic!("nothing was there before");
    };
    assert_eq!(tree(&target).keys().collect::<Vec<_>>(), ["a/", "a/b", "empty/"]);
    assert_eq!(report.archive_sha256, Sha256::of(&archive));
    assert_eq!((report.archive_bytes, report.files, report.bytes), (archive.len() as u64, 1, 1));
}

#[test]
fn owner_mode_and_times_of_members_are_ignored() {
    let mut tar = TarBytes::default();
    for (name, mode, time) in
        [("setuid", 0o6777, 0), ("unwritable", 0, 253_402_300_799), ("late", 0o644, u64::MAX)]
    {
        let mut header = tar::Header::new_gnu();
        header.set_path(name).unwrap();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(mode);
        header.set_mtime(time);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(1);
        header.set_cksum();
        tar.header(&header);
        tar.data(b"1");
    }
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("bundle");
    run(&tar.finish(), &plan(&target)).unwrap();
    fs::write(folder.path().join("ordinary"), "1").unwrap();
    let ordinary = fs::metadata(folder.path().join("ordinary")).unwrap();
    for name in ["setuid", "unwritable", "late"] {
        let metadata = fs::metadata(target.join(name)).unwrap();
        assert_eq!(metadata.permissions(), ordinary.permissions(), "{name}");
        assert!(metadata.modified().unwrap().elapsed().unwrap().as_secs() < 3600, "{name}");
    }
}

#[test]
fn a_foreign_target_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("bundle");
    fs::create_dir(&target).unwrap();
    fs::write(target.join("mine"), "precious").unwrap();
    let error = run(&archive(), &in_folder(&target)).unwrap_err();
    assert!(matches!(error, ArchiveError::TargetOccupied { .. }), "{error}");
    assert_eq!(names_in(folder.path()), ["bundle"]);
    assert_eq!(tree(&target)["mine"], b"precious");

    // A marker that says nothing changes nothing, and a file is no folder.
    fs::write(folder.path().join("bundle.complete.json"), "{}").unwrap();
    assert!(matches!(
        run(&archive(), &in_folder(&target)),
        Err(ArchiveError::TargetOccupied { .. })
    ));
    let file = folder.path().join("bundle/mine");
    assert!(matches!(run(&archive(), &in_folder(&file)), Err(ArchiveError::TargetOccupied { .. })));
}

#[test]
fn an_empty_target_is_filled() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("bundle");
    fs::create_dir(&target).unwrap();
    run(&archive(), &in_folder(&target)).unwrap();
    assert_eq!(tree(&target)["a/b"], b"1");
}

#[test]
fn a_target_that_was_completed_is_taken_if_it_is_of_the_same_archive() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("bundle");
    let archive = archive();
    let mut plan = in_folder(&target);
    plan.archive.expected =
        Some(ArchiveIdentity { size_bytes: archive.len() as u64, sha256: Sha256::of(&archive) });
    let ExtractOutcome::Extracted(report) = run(&archive, &plan).unwrap() else {
        panic!("nothing was there before");
    };
    assert_eq!(run(&archive, &plan).unwrap(), ExtractOutcome::AlreadyComplete(report));

    plan.archive.expected = Some(ArchiveIdentity { size_bytes: 1, sha256: Sha256::of(b"other") });
    let error = run(&archive, &plan).unwrap_err();
    assert!(matches!(error, ArchiveError::TargetHoldsAnother { .. }), "{error}");
}

#[test]
fn what_a_killed_run_left_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("bundle");
    let half = folder.path().join(".bundle.extracting/tree/a");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("b"), "half").unwrap();
    // A crash between the marker and the rename: the marker vouches for nothing.
    fs::write(folder.path().join("bundle.complete.json"), "{\"files\":").unwrap();
    run(&archive(), &in_folder(&target)).unwrap();
    assert_eq!(names_in(folder.path()), ["bundle", "bundle.complete.json"]);
    assert_eq!(tree(&target)["a/b"], b"1");
    // A crash behind the rename: the bundle is whole, and the hidden folder is still there.
    fs::create_dir(folder.path().join(".bundle.extracting")).unwrap();
    let outcome = run(&archive(), &in_folder(&target)).unwrap();
    assert!(matches!(outcome, ExtractOutcome::AlreadyComplete(_)), "{outcome:?}");
    assert_eq!(names_in(folder.path()), ["bundle", "bundle.complete.json"]);
}

#[test]
fn two_extractions_to_one_target() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("bundle");
    let lock = WriterLock::take(&target, WhenBusy::Fail, &|_| {}).unwrap();
    let error = run(&archive(), &in_folder(&target)).unwrap_err();
    assert!(matches!(error, ArchiveError::Lock(LockError::Busy { .. })), "{error}");
    drop(lock);

    let archive = archive();
    let wait = ExtractPlan {
        when_busy: WhenBusy::Wait(std::time::Duration::from_secs(30)),
        ..in_folder(&target)
    };
    let outcomes: Vec<ExtractOutcome> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| run(&archive, &wait).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let n_extracted =
        outcomes.iter().filter(|outcome| matches!(outcome, ExtractOutcome::Extracted(_))).count();
    assert_eq!(n_extracted, 1);
    assert_eq!(names_in(folder.path()), ["bundle", "bundle.complete.json"]);
}

#[test]
fn cancelling_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("bundle");
    let mut tar = TarBytes::default();
    for number in 0..50 {
        tar = tar.file(&format!("artifacts/{number}"), &[1; 5000]);
    }
    let cancel = AtomicBool::new(false);
    let mut n_calls = 0;
    let mut progress = |_| {
        n_calls += 1;
        cancel.store(n_calls == 10, Ordering::Relaxed);
    };
    let outcome = extract(
        tar.finish().as_slice(),
        &in_folder(&target),
        &mut Watch { cancel: &cancel, progress: &mut progress },
    );
    assert!(matches!(outcome, Err(ArchiveError::Cancelled)), "{outcome:?}");
    assert_eq!(n_calls, 10);
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn a_reader_that_fails_is_named_with_the_offset() {
    struct Failing(usize);
    impl std::io::Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let archive = archive();
            let rest = &archive[self.0..archive.len() / 2];
            let n_bytes = rest.len().min(buffer.len());
            buffer[..n_bytes].copy_from_slice(&rest[..n_bytes]);
            self.0 += n_bytes;
            if n_bytes == 0 { Err(std::io::Error::other("bad sector")) } else { Ok(n_bytes) }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let cancel = AtomicBool::new(false);
    let error = extract(
        Failing(0),
        &in_folder(&folder.path().join("bundle")),
        &mut Watch { cancel: &cancel, progress: &mut |_| {} },
    )
    .unwrap_err();
    let half = archive().len() as u64 / 2;
    assert!(matches!(error, ArchiveError::Read { offset, .. } if offset == half), "{error}");
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn made_archives_are_the_same_every_time_and_come_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let long = format!("{}/{}", "d".repeat(90), "f".repeat(99));
    for (name, text) in [("b", "2"), ("a/z", "1"), ("a/y", ""), (long.as_str(), "3")] {
        let place = root.join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
    let outputs = ["one.tar.gz", "two.tar.gz"].map(|name| folder.path().join(name));
    let made = outputs
        .each_ref()
        .map(|output| create(&root, &"artifacts".parse().unwrap(), output).unwrap());
    let bytes = fs::read(&outputs[0]).unwrap();
    assert_eq!(bytes, fs::read(&outputs[1]).unwrap());
    assert_eq!(
        made[0],
        ArchiveIdentity { size_bytes: bytes.len() as u64, sha256: Sha256::of(&bytes) }
    );

    let target = folder.path().join("bundle");
    let mut plan = in_folder(&target);
    plan.archive.expected = Some(made[0]);
    run(&bytes, &plan).unwrap();
    assert_eq!(tree(&target), tree(&root));
}

#[cfg(unix)]
#[test]
fn a_link_is_not_archived() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", root.join("link")).unwrap();
    let output = folder.path().join("out.tar.gz");
    create(&root, &"artifacts".parse().unwrap(), &output).unwrap_err();
    assert_eq!(names_in(folder.path()), ["root"]);
}
