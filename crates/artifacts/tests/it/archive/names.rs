//! Members that are refused for their name, their type or their extended header.

use spinefairbench_artifacts::archive::{ArchiveError, MemberProblem, NameProblem};
use spinefairbench_artifacts::path::UnsafeReason;
use spinefairbench_artifacts::path::portable::NotPortable;

use super::build::{TarBytes, extracted, extracted_with, refused};

#[track_caller]
fn check_name(name: &[u8], expected: NameProblem) {
    let archive = TarBytes::default().file("good", b"1").member(b'0', name, b"2").finish();
    assert_eq!(refused(&archive), MemberProblem::Name(expected), "{}", name.escape_ascii());
}

#[test]
fn paths_out_of_the_target_are_refused() {
    for (name, reason) in [
        (b"../evil".as_slice(), UnsafeReason::Parent),
        (b"a/../../evil", UnsafeReason::Parent),
        (b"/tmp/evil", UnsafeReason::Absolute),
        (b"C:/evil", UnsafeReason::Colon),
        (b"C:evil", UnsafeReason::Colon),
        (b"\\\\host\\share\\evil", UnsafeReason::Backslash),
        (b"..\\evil", UnsafeReason::Backslash),
        (b"", UnsafeReason::Empty),
        (b".", UnsafeReason::Current),
        (b".//tmp/evil", UnsafeReason::Absolute),
        (b"./../evil", UnsafeReason::Parent),
        (b"a//b", UnsafeReason::DoubledSlash),
    ] {
        check_name(name, NameProblem::Unsafe(reason));
    }
}

#[test]
fn long_names_meet_the_same_rules() {
    let gnu =
        TarBytes::default().member(b'L', b"././@LongLink", b"../evil\0").file("a", b"1").finish();
    let parent = MemberProblem::Name(NameProblem::Unsafe(UnsafeReason::Parent));
    assert_eq!(refused(&gnu), parent);
    let pax = TarBytes::default().pax(b'x', &[("path", "../evil")]).file("a", b"1").finish();
    assert_eq!(refused(&pax), parent);
}

#[test]
fn a_member_outside_the_folder_of_the_archive_is_refused() {
    let archive = TarBytes::default().file("artifacts/a", b"1").file("other/b", b"2").finish();
    for folder in ["artifacts", "other", "artifact", "artifacts/a"] {
        let folder = folder.parse().unwrap();
        let error =
            extracted_with(&archive, |plan| plan.archive.folder = Some(folder)).unwrap_err();
        assert!(
            matches!(
                &error,
                ArchiveError::Member { problem: MemberProblem::OutsideFolder { .. }, .. }
            ),
            "{error}"
        );
    }
}

#[test]
fn links_devices_and_other_types_are_refused() {
    for (flag, expected) in [
        (b'1', "hard link"),
        (b'2', "symbolic link"),
        (b'3', "character device"),
        (b'4', "block device"),
        (b'6', "named pipe"),
        (b'7', "contiguous file"),
        (b'S', "sparse file"),
        (b'K', "long link name"),
        (b'D', "GNU tar record"),
        (b'V', "GNU tar record"),
        (b'A', "member of unknown type"),
        (b'9', "member of unknown type"),
    ] {
        let archive = TarBytes::default().file("good", b"1").member(flag, b"bad", b"").finish();
        assert_eq!(refused(&archive), MemberProblem::Kind { what: expected, flag });
    }
}

#[test]
fn pax_records_that_change_the_reading_are_refused() {
    for keyword in [
        "GNU.sparse.major",
        "GNU.sparse.name",
        "GNU.volume.offset",
        "SCHILY.realsize",
        "hdrcharset",
        "charset",
        "VENDOR.new",
        "\u{1b}[31m",
    ] {
        let archive = TarBytes::default().pax(b'x', &[(keyword, "1")]).file("a", b"1").finish();
        let problem = refused(&archive);
        assert!(matches!(&problem, MemberProblem::UnknownKeyword { .. }), "{problem}");
        assert!(!problem.to_string().contains('\u{1b}'));
    }
    let global = TarBytes::default().pax(b'g', &[("path", "b")]).file("a", b"1").finish();
    assert!(matches!(refused(&global), MemberProblem::ExtendedHeader { .. }));
}

#[test]
fn pax_records_that_say_nothing_about_the_reading_are_passed_over() {
    for keyword in [
        "mtime",
        "linkpath",
        "RHT.security.selinux",
        "SCHILY.xattr.security.selinux",
        "SCHILY.acl.access",
        "SCHILY.dev",
        "SCHILY.ino",
        "SCHILY.nlink",
        "SCHILY.fflags",
        "LIBARCHIVE.creationtime",
        "LIBARCHIVE.xattr.com.apple.quarantine",
        "SCHILY.xattr.com.apple.FinderInfo",
        "APPLE.dataless",
        "MSWINDOWS.rawsd",
        "MSWINDOWS.fileattr",
        "SUN.devmajor",
        "GNU.volume.label",
    ] {
        for flag in [b'x', b'g'] {
            let archive = TarBytes::default().pax(flag, &[(keyword, "1")]).file("a", b"1").finish();
            assert_eq!(extracted(&archive).unwrap()["a"], b"1", "{keyword}");
        }
    }
}

#[test]
fn names_may_start_at_the_folder_that_was_archived() {
    let archive = TarBytes::default()
        .folder("./")
        .folder("./artifacts/")
        .file("./artifacts/a", b"1")
        .folder("./artifacts/")
        .folder(".")
        .finish();
    let folder = || Some("artifacts".parse().unwrap());
    let files = extracted_with(&archive, |plan| plan.archive.folder = folder()).unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["a"]);
    // One name in two spellings is one name.
    let twice = TarBytes::default().file("a", b"1").file("./a", b"2").finish();
    assert_eq!(refused(&twice), MemberProblem::Duplicate);
    let root_alone = TarBytes::default().folder("./").finish();
    assert!(matches!(extracted(&root_alone), Err(ArchiveError::Empty)));
}

#[test]
fn what_systems_leave_beside_the_folder_is_passed_over() {
    let archive = TarBytes::default()
        .file("./._artifacts", b"resource fork")
        .folder("artifacts/")
        .file("artifacts/._a", b"resource fork")
        .file("artifacts/a", b"1")
        .folder("__MACOSX/")
        .file("__MACOSX/artifacts/._a", b"x")
        .file(".DS_Store", b"x")
        .file("spinefairbench_artifacts.tar.gz.sha256", b"x")
        .finish();
    let folder = || Some("artifacts".parse().unwrap());
    let files = extracted_with(&archive, |plan| plan.archive.folder = folder()).unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["._a", "a"]);
    for evil in ["__MACOSX/../../evil", "/._evil", "a\\._evil"] {
        let archive = TarBytes::default().file("artifacts/a", b"1").file(evil, b"2").finish();
        let error = extracted_with(&archive, |plan| plan.archive.folder = folder()).unwrap_err();
        assert!(
            matches!(&error, ArchiveError::Member { problem: MemberProblem::Name(_), .. }),
            "{evil}: {error}"
        );
    }
    let stray_alone = TarBytes::default().file(".DS_Store", b"x").finish();
    let error = extracted_with(&stray_alone, |plan| plan.archive.folder = folder()).unwrap_err();
    assert!(matches!(error, ArchiveError::Empty), "{error}");
}

#[test]
fn malformed_extended_headers_are_refused() {
    let long = "n".repeat(150);
    for archive in [
        TarBytes::default().member(b'x', b"p", b"9 path=a"),
        TarBytes::default().member(b'x', b"p", b"path=a\n"),
        TarBytes::default().member(b'x', b"p", b"99 path=a\n"),
        TarBytes::default().member(b'x', b"p", b"0 path=a\n"),
        TarBytes::default().member(b'x', b"p", b"+9 path=a\n"),
        TarBytes::default().member(b'x', b"p", b"7 path\n"),
        TarBytes::default().pax(b'x', &[("path", "b"), ("path", "c")]),
        TarBytes::default().pax(b'x', &[("path", "b")]).pax(b'x', &[("path", "c")]),
        TarBytes::default().member(b'L', b"l", b"b\0").pax(b'x', &[("path", "c")]),
        TarBytes::default().pax(b'x', &[("path", "c")]).member(b'L', b"l", b"b\0"),
        TarBytes::default().member(b'L', b"l", long.as_bytes()).member(b'L', b"l", long.as_bytes()),
    ] {
        let problem = refused(&archive.file("a", b"1").finish());
        assert!(matches!(problem, MemberProblem::ExtendedHeader { .. }), "{problem}");
    }
    // Nothing follows.
    let archive = TarBytes::default().file("a", b"1").pax(b'x', &[("path", "b")]).finish();
    assert!(matches!(refused(&archive), MemberProblem::ExtendedHeader { .. }));
    // Larger than any name.
    let archive =
        TarBytes::default().member(b'L', b"l", &vec![b'a'; 70_000]).file("a", b"1").finish();
    assert_eq!(refused(&archive), MemberProblem::TooLarge { size: 70_000, limit: 65_536 });
}

#[test]
fn a_directory_or_file_behind_a_link_never_comes_about() {
    let symlink = MemberProblem::Kind { what: "symbolic link", flag: b'2' };
    let directory = TarBytes::default().member(b'2', b"s", b"").folder("s/").finish();
    assert_eq!(refused(&directory), symlink);
    let through = TarBytes::default().member(b'2', b"s", b"").file("s/x", b"1").finish();
    assert_eq!(refused(&through), symlink);
}

#[test]
fn a_pax_size_that_differs_from_the_header_is_refused() {
    // A reader that believes the header sees `hidden`, one that believes PAX sees it as data of `a`.
    let archive = TarBytes::default()
        .pax(b'x', &[("size", "1024")])
        .file("a", b"1")
        .file("hidden", b"2")
        .finish();
    assert_eq!(refused(&archive), MemberProblem::SizeDiffers { header: 1, extended: 1024 });
    let equal = TarBytes::default().pax(b'x', &[("size", "1")]).file("a", b"1").finish();
    assert_eq!(extracted(&equal).unwrap()["a"], b"1");
    let absurd = TarBytes::default().pax(b'x', &[("size", "-1")]).file("a", b"1").finish();
    assert!(matches!(refused(&absurd), MemberProblem::ExtendedHeader { .. }));
}

#[test]
fn a_file_named_twice_is_refused_and_a_directory_is_not() {
    let file = TarBytes::default().file("a/b", b"1").file("a/b", b"1").finish();
    assert_eq!(refused(&file), MemberProblem::Duplicate);
    let folder = TarBytes::default().folder("a/").file("a/b", b"1").folder("a/").finish();
    assert_eq!(extracted(&folder).unwrap()["a/b"], b"1");
}

#[test]
fn a_file_where_a_directory_exists_is_refused() {
    let both = |path: &str| MemberProblem::FileAndDirectory { path: path.to_owned() };
    assert_eq!(refused(&TarBytes::default().folder("a/").file("a", b"1").finish()), both("a"));
    assert_eq!(refused(&TarBytes::default().file("a/b", b"1").file("a", b"1").finish()), both("a"));
    assert_eq!(refused(&TarBytes::default().file("a", b"1").file("a/b", b"1").finish()), both("a"));
}

#[test]
fn names_that_another_system_joins_are_refused() {
    for (one, other) in
        [("a/Readme", "a/README"), ("a/caf\u{e9}", "a/cafe\u{301}"), ("a/stra\u{df}e", "a/STRASSE")]
    {
        let archive = TarBytes::default().file(one, b"1").file(other, b"2").finish();
        assert_eq!(refused(&archive), MemberProblem::NameCollision { other: one.to_owned() });
    }
    // Two folders count as well.
    let archive = TarBytes::default().file("Data/x", b"1").file("data/y", b"2").finish();
    assert_eq!(refused(&archive), MemberProblem::NameCollision { other: "Data".to_owned() });
}

#[test]
fn names_that_windows_cannot_hold_are_refused() {
    check_name(b"a/CON", NameProblem::NotPortable(NotPortable::Reserved));
    check_name(b"nul.txt", NameProblem::NotPortable(NotPortable::Reserved));
    check_name(b"a/b.", NameProblem::NotPortable(NotPortable::TrailingDotOrSpace));
    check_name(b"a/b ", NameProblem::NotPortable(NotPortable::TrailingDotOrSpace));
    check_name(b"a/b:stream", NameProblem::Unsafe(UnsafeReason::Colon));
}

#[test]
fn names_of_255_bytes_are_taken_and_those_of_more_are_refused() {
    let named =
        |path: &str| TarBytes::default().pax(b'x', &[("path", path)]).file("a", b"1").finish();
    for long in ["f".repeat(255), format!("{}/{}", "d".repeat(200), "f".repeat(200))] {
        assert_eq!(extracted(&named(&long)).unwrap()[&long], b"1");
    }
    assert_eq!(
        refused(&named(&"f".repeat(256))),
        MemberProblem::Name(NameProblem::TooLong { length: 256, limit: 255 })
    );
}

#[test]
fn names_that_no_terminal_may_see_are_refused_and_shown_escaped() {
    check_name(b"a\xffb", NameProblem::NotUtf8);
    check_name(b"a\nb", NameProblem::Unsafe(UnsafeReason::Control));
    check_name(b"\x1b[2Jb", NameProblem::Unsafe(UnsafeReason::Control));
    check_name("a\u{202e}b".as_bytes(), NameProblem::InvisibleMark { code: 0x202e });
    // A NUL ends a name in a header; only a long name can hold one.
    let archive = TarBytes::default().pax(b'x', &[("path", "a\0b")]).file("a", b"1").finish();
    assert_eq!(refused(&archive), MemberProblem::Name(NameProblem::Unsafe(UnsafeReason::Control)));

    let archive = TarBytes::default().file("good", b"1").file("\u{1b}[31mred\n", b"2").finish();
    let error = extracted(&archive).unwrap_err();
    assert_eq!(
        error.to_string(),
        "member 1 `\\u{1b}[31mred\\n` is refused: its name holds a control character"
    );
}
