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
fn class_11_paths_out_of_the_target_are_refused() {
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
        (b"./a", UnsafeReason::Current),
        (b"a//b", UnsafeReason::DoubledSlash),
    ] {
        check_name(name, NameProblem::Unsafe(reason));
    }
}

#[test]
fn class_11_long_names_meet_the_same_rules() {
    let gnu =
        TarBytes::default().member(b'L', b"././@LongLink", b"../evil\0").file("a", b"1").finish();
    let parent = MemberProblem::Name(NameProblem::Unsafe(UnsafeReason::Parent));
    assert_eq!(refused(&gnu), parent);
    let pax = TarBytes::default().pax(b'x', &[("path", "../evil")]).file("a", b"1").finish();
    assert_eq!(refused(&pax), parent);
}

#[test]
fn class_11_a_member_outside_the_folder_of_the_archive_is_refused() {
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
fn class_12_links_devices_and_other_types_are_refused() {
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
fn class_12_pax_records_that_change_the_reading_are_refused() {
    for keyword in ["GNU.sparse.major", "linkpath", "hdrcharset", "VENDOR.new", "\u{1b}[31m"] {
        let archive = TarBytes::default().pax(b'x', &[(keyword, "1")]).file("a", b"1").finish();
        let problem = refused(&archive);
        assert!(matches!(&problem, MemberProblem::UnknownKeyword { .. }), "{problem}");
        assert!(!problem.to_string().contains('\u{1b}'));
    }
    let global = TarBytes::default().pax(b'g', &[("path", "b")]).file("a", b"1").finish();
    assert!(matches!(refused(&global), MemberProblem::ExtendedHeader { .. }));
}

#[test]
fn class_12_malformed_extended_headers_are_refused() {
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
fn class_13_a_directory_or_file_behind_a_link_never_comes_about() {
    let symlink = MemberProblem::Kind { what: "symbolic link", flag: b'2' };
    let directory = TarBytes::default().member(b'2', b"s", b"").folder("s/").finish();
    assert_eq!(refused(&directory), symlink);
    let through = TarBytes::default().member(b'2', b"s", b"").file("s/x", b"1").finish();
    assert_eq!(refused(&through), symlink);
}

#[test]
fn class_14_a_pax_size_that_differs_from_the_header_is_refused() {
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
fn class_15_duplicates_are_refused() {
    let file = TarBytes::default().file("a/b", b"1").file("a/b", b"1").finish();
    assert_eq!(refused(&file), MemberProblem::Duplicate);
    let folder = TarBytes::default().folder("a/").folder("a/").finish();
    assert_eq!(refused(&folder), MemberProblem::Duplicate);
}

#[test]
fn class_15_a_file_where_a_directory_exists_is_refused() {
    let both = |path: &str| MemberProblem::FileAndDirectory { path: path.to_owned() };
    assert_eq!(refused(&TarBytes::default().folder("a/").file("a", b"1").finish()), both("a"));
    assert_eq!(refused(&TarBytes::default().file("a/b", b"1").file("a", b"1").finish()), both("a"));
    assert_eq!(refused(&TarBytes::default().file("a", b"1").file("a/b", b"1").finish()), both("a"));
}

#[test]
fn class_15_names_that_another_system_joins_are_refused() {
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
fn class_16_names_that_windows_cannot_hold_are_refused() {
    check_name(b"a/CON", NameProblem::NotPortable(NotPortable::Reserved));
    check_name(b"nul.txt", NameProblem::NotPortable(NotPortable::Reserved));
    check_name(b"a/b.", NameProblem::NotPortable(NotPortable::TrailingDotOrSpace));
    check_name(b"a/b ", NameProblem::NotPortable(NotPortable::TrailingDotOrSpace));
    check_name(b"a/b:stream", NameProblem::Unsafe(UnsafeReason::Colon));
    let long = format!("{}/{}", "d".repeat(200), "f".repeat(47));
    let archive = TarBytes::default().pax(b'x', &[("path", &long)]).file("a", b"1").finish();
    assert_eq!(
        refused(&archive),
        MemberProblem::Name(NameProblem::TooLong { length: 248, limit: 247 })
    );
}

#[test]
fn class_17_names_that_no_terminal_may_see_are_refused_and_shown_escaped() {
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
