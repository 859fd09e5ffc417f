//! Checksum manifests: those of the mini bundle, and each way to be wrong.

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::source::FileSource as _;
use spinefairbench_artifacts::{Diagnostic as _, layout, manifest};

use crate::bundle;

const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn the_manifests_of_the_mini_bundle_hold() {
    let source = bundle::in_memory();
    for name in [layout::SHA256SUMS, layout::RADIOLOGIST_SHA256SUMS] {
        let bytes = source.read(&layout::constant(name)).unwrap();
        let manifest = manifest::parse(name, &bytes);
        assert_eq!(manifest.problems, []);
        assert_eq!(manifest.entries.len(), std::str::from_utf8(&bytes).unwrap().lines().count());
        for entry in &manifest.entries {
            assert_eq!(
                Sha256::of(&source.read(&entry.path).unwrap()),
                entry.digest,
                "{}",
                entry.path
            );
        }
        let crlf = String::from_utf8(bytes).unwrap().replace('\n', "\r\n");
        assert_eq!(manifest::parse(name, crlf.as_bytes()), manifest);
    }
}

/// The codes and lines of all problems.
#[track_caller]
fn check(text: &[u8], entries: usize, expected: &[(&str, Option<u64>)]) {
    let manifest = manifest::parse("SUMS", text);
    let found: Vec<(&str, Option<u64>)> =
        manifest.problems.iter().map(|problem| (problem.code(), problem.line())).collect();
    assert_eq!(found, expected, "{:?}", manifest.problems);
    assert_eq!(manifest.entries.len(), entries);
    for problem in &manifest.problems {
        assert!(problem.expected().is_some() && problem.actual().is_some(), "{problem}");
    }
}

#[test]
fn every_problem_is_named_with_its_line() {
    let text = format!(
        "{HEX}  a\n\ngarbage\n{HEX} one-space\n{HEX}  ../up\n{HEX}  /abs\n{HEX}  ./a\n{HEX}  A\n{HEX} *b\n# note\n{HEX}  a"
    );
    check(
        text.as_bytes(),
        2,
        &[
            ("manifest_malformed_line", Some(3)),
            ("manifest_malformed_line", Some(4)),
            ("manifest_unsafe_path", Some(5)),
            ("manifest_unsafe_path", Some(6)),
            ("manifest_unsafe_path", Some(7)),
            ("manifest_duplicate_path", Some(8)),
            ("manifest_malformed_line", Some(10)),
            ("manifest_duplicate_path", Some(11)),
        ],
    );
}

#[test]
fn a_manifest_of_another_encoding_or_without_entries_is_named() {
    check(b"", 0, &[("manifest_empty", None)]);
    check(b"\n \r\n", 0, &[("manifest_empty", None)]);
    check(format!("\u{feff}{HEX}  a\n").as_bytes(), 0, &[("manifest_encoding", None)]);
    let utf16: Vec<u8> = format!("{HEX}  a\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(&utf16, 0, &[("manifest_encoding", None)]);
    check(&[HEX.as_bytes(), b"  a\n\xff\n"].concat(), 0, &[("manifest_encoding", Some(2))]);
}

#[test]
fn lines_end_where_python_ends_them() {
    for end in [
        "\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\u{85}", "\u{2028}",
        "\u{2029}",
    ] {
        let text = format!("{HEX}  a{end}{end}{HEX}  b{end}");
        let manifest = manifest::parse("SUMS", text.as_bytes());
        let found: Vec<(u64, &str)> =
            manifest.entries.iter().map(|entry| (entry.line, entry.path.as_str())).collect();
        assert_eq!(found, [(1, "a"), (3, "b")], "{end:?}");
        assert!(manifest.problems.is_empty(), "{end:?}");
    }
    check(format!("{HEX}  a\rb\n").as_bytes(), 1, &[("manifest_malformed_line", Some(2))]);
    // A unit separator ends no line, and no name may hold it.
    check(format!("{HEX}  a\x1fb\n").as_bytes(), 0, &[("manifest_unsafe_path", Some(1))]);
}

#[test]
fn paths_that_full_case_folding_joins_are_duplicates() {
    for (one, other) in [("data", "DATA"), ("stra\u{df}e", "STRASSE"), ("\u{fb01}le", "FILE")] {
        let text = format!("{HEX}  {one}\n{HEX}  {other}\n");
        check(text.as_bytes(), 1, &[("manifest_duplicate_path", Some(2))]);
    }
}

#[test]
fn messages_name_both_lines_and_stay_short() {
    let other = HEX.replace('b', "c");
    let text = format!("{HEX}  dir/a\n{other}  DIR/a\n{HEX}\u{1b}{}\n", "x".repeat(1_000_000));
    let manifest = manifest::parse("SUMS", text.as_bytes());
    let messages: Vec<String> = manifest.problems.iter().map(ToString::to_string).collect();
    assert_eq!(messages[0], "`SUMS` line 2: the path `DIR/a` stands already in line 1 as `dir/a`");
    assert_eq!(manifest.problems[0].actual().as_deref(), Some("line 1 has it with another digest"));
    assert_eq!(
        messages[1],
        format!("`SUMS` line 3: no separator between digest and path (found `{}…`)", &HEX[..60])
    );
}

#[test]
fn half_a_million_lines_are_read() {
    let lines: Vec<String> = (0..500_000).map(|index| format!("{HEX}  f/{index}")).collect();
    let text = lines.join("\n");
    check(text.as_bytes(), 500_000, &[]);
}
