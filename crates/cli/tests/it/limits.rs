//! Every text that a command reads has limits, which a flag raises: a small file may become a large one, and a short one many
//! values.

use std::fs;
use std::path::Path;

use crate::binary::{bundle, check_status, mini, replace, run};

/// The call is refused with `message`, and carried out with `flag`.
#[track_caller]
fn check(call: &[&str], message: &str, flag: [&str; 2]) {
    let output = run(call.iter().copied());
    check_status(&output, 1);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains(message), "{errors}");
    check_status(&run(call.iter().copied().chain(flag)), 0);
}

#[test]
fn a_table_has_at_most_as_many_rows_as_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    let call = ["interval", file.to_str().unwrap(), "--value", "v", "--cluster", "c"];
    let call = [&call[..], &["--iterations", "20"]].concat();
    fs::write(&file, format!("v,c\n{}", "1,a\n".repeat(200_000))).unwrap();
    let message = "it holds more than 200000 records; `--max-records` raises the limit";
    check(&call, message, ["--max-records", "200001"]);
    // The gzip of `v,c`, `1,a` and `2,b` on lines of their own.
    let gzip = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0xd3, 0x49, 0xe6, 0x32,
        0xd4, 0x49, 0xe4, 0x32, 0xd2, 0x49, 0xe2, 0x02, 0x00, 0x46, 0x61, 0xd3, 0x87, 0x0c, 0x00,
        0x00, 0x00,
    ];
    fs::write(&file, gzip).unwrap();
    check_status(&run(call.iter().copied()), 0);
    let short = run(call.iter().copied().chain(["--max-document-bytes", "4"]));
    check_status(&short, 1);
    assert!(String::from_utf8(short.stderr).unwrap().contains("one document of more than 4 bytes"));
}

#[test]
fn problems_of_a_table_are_listed_up_to_a_limit_and_counted_beyond() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    fs::write(&file, format!("v,c\n{}", "1\n".repeat(1500))).unwrap();
    let output = run(["interval", file.to_str().unwrap(), "--value", "v", "--cluster", "c"]);
    check_status(&output, 1);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.lines().count(), 1001);
    assert!(errors.contains("500 more problems"), "{}", errors.lines().last().unwrap());
}

#[test]
fn another_separator_and_decimal_commas_are_named_first() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    let errors = |text: &str| {
        fs::write(&file, text).unwrap();
        let output = run(["interval", file.to_str().unwrap(), "--value", "v", "--cluster", "c"]);
        check_status(&output, 1);
        String::from_utf8(output.stderr).unwrap()
    };
    let semicolons = errors("v;c\n1,5;a\n2,5;b\n");
    assert_eq!(semicolons.lines().count(), 1, "{semicolons}");
    assert!(semicolons.contains("its names are separated by `;`"), "{semicolons}");
    let commas = errors("v,c\n1,5,a\n2,5,b\n");
    assert!(commas.lines().next().unwrap().contains("a decimal comma ends its cell"), "{commas}");
    let quoted = errors("v,c\n\"1,5\",a\n");
    assert!(quoted.contains("numbers have a decimal point"), "{quoted}");
}

#[test]
fn a_line_that_never_ends_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines.jsonl");
    fs::write(&file, "{\"text\": \"a\"}\n{\"text\": \"no fracture\"}\n").unwrap();
    let call = ["parse", file.to_str().unwrap(), "--max-line-bytes", "20"];
    let output = run(call);
    check_status(&output, 1);
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("#1"));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("line 2 is longer than 20 bytes; `--max-line-bytes`"), "{errors}");
    check_status(&run(["parse", file.to_str().unwrap()]), 0);
}

#[test]
fn problems_of_lines_are_listed_up_to_a_limit_and_counted_beyond() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines.jsonl");
    fs::write(&file, "1\n".repeat(1200)).unwrap();
    let errors = |more: &[&str]| {
        let output = run(["parse", file.to_str().unwrap()].iter().chain(more).copied());
        check_status(&output, 1);
        String::from_utf8(output.stderr).unwrap()
    };
    let listed = errors(&[]);
    assert_eq!(listed.lines().count(), 1001);
    assert!(
        listed.ends_with("200 more problems are not listed; `--max-findings` raises the limit\n")
    );
    assert_eq!(errors(&["--max-findings", "1200"]).lines().count(), 1200);
    let cut = errors(&["--max-findings", "1", "--max-records", "2"]);
    let lines: Vec<&str> = cut.lines().collect();
    assert_eq!(lines.len(), 3, "{cut}");
    assert!(lines[1].contains("more than 2 records; `--max-records` raises the limit"), "{cut}");
    assert!(lines[2].contains("1 more problem"), "{cut}");
}

#[test]
fn a_board_and_a_release_description_have_limits() {
    let folder = tempfile::tempdir().unwrap();
    let board = folder.path().join("board.json");
    let empty = "{\"rows\": [], \"schema_version\": \"spinefairbench-leaderboard-v1\"}";
    fs::write(&board, format!("{empty}{}", " ".repeat(25 << 20))).unwrap();
    let call = ["leaderboard", "show", board.to_str().unwrap()];
    let message =
        "one document of more than 25165824 bytes; `--max-document-bytes` raises the limit";
    check(&call, message, ["--max-document-bytes", "100000000"]);
    let output = run(["table2", "--artifacts", mini().0, "--release", board.to_str().unwrap()]);
    check_status(&output, 2);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("more than 4194304 bytes, and is no release description"), "{errors}");
}

#[test]
fn the_lists_of_a_bundle_have_limits() {
    let folder = tempfile::tempdir().unwrap();
    let root = bundle(folder.path());
    let manifest = root.join("dataset/qc_passed_pair_manifest.jsonl");
    replace(&manifest, "{}\n".repeat(200_001));
    let refused = |call: &[&str]| {
        let output = run(call.iter().copied());
        check_status(&output, 1);
        let shown = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(shown.contains("it holds more than 200000 records"), "{shown}");
        assert!(shown.contains("`--max-records` raises the limit"), "{shown}");
    };
    let (root, release) = (root.to_str().unwrap(), mini().1);
    refused(&["verify", "--artifacts", root, "--release", release]);
    let submission = Path::new(root).join("metrics/core_submission.json");
    let score = folder.path().join("score.json");
    refused(&[
        "score",
        "--artifacts",
        root,
        "--release",
        release,
        "--submission",
        submission.to_str().unwrap(),
        "--output",
        score.to_str().unwrap(),
    ]);
    assert!(!score.exists());
}
