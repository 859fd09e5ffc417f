//! Calls that cannot be carried out, and how the command behaves towards its surroundings.

use std::io::Read;
use std::process::Stdio;

use crate::binary::{check_status, mini, run, spinefairbench};

#[track_caller]
fn check_refused(arguments: &[&str], message: &str) {
    let output = run(arguments.iter().copied());
    check_status(&output, 2);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains(message), "{errors}");
    assert!(output.stdout.is_empty());
}

#[test]
fn calls_that_cannot_be_carried_out_end_with_two() {
    let (root, release) = mini();
    check_refused(
        &["dataset", "--artifacts", "no-such-folder"],
        "cannot read the folder `no-such-folder`",
    );
    check_refused(
        &["table2", "--artifacts", root, "--release", release, "--model", "gpt-9"],
        "no model `gpt-9`",
    );
    check_refused(&["parse-sample", "--artifacts", root, "--model", "gpt-9"], "no model `gpt-9`");
    check_refused(&["verify", "--artifacts", root, "--only", "everything"], "everything");
    check_refused(
        &["verify", "--artifacts", root, "--skip", "parse-sample", "--only", "table2"],
        "cannot be used with",
    );
    check_refused(
        &["inspect", "--artifacts", root, "--release", "no-such-file.json"],
        "no-such-file.json",
    );
    check_refused(&["parse", "no-such-file.jsonl"], "no-such-file.jsonl");
    check_refused(
        &["interval", "-", "--value", "v", "--cluster", "c", "--iterations", "0"],
        "0 bootstrap iterations",
    );
    check_refused(
        &["interval", "-", "--value", "v", "--cluster", "c", "--iterations", "4294967296"],
        "4294967296",
    );
    check_refused(
        &["interval", "-", "--value", "v", "--cluster", "c", "--seed", "-1"],
        "`-1` is not a seed",
    );
    check_refused(
        &["interval", "-", "--value", "v", "--cluster", "c", "--seed", "1.5"],
        "`1.5` is not a seed",
    );
    check_refused(
        &["interval", "-", "--value", "v", "--cluster", "c", "--rng", "mt"],
        "`mt` is not a generator",
    );
    check_refused(
        &["fetch", "--endpoint", "ftp://example.org"],
        "`ftp://example.org` is no endpoint",
    );
    check_refused(&["no-such-command"], "no-such-command");
}

#[test]
fn other_settings_than_the_frozen_ones_need_no_compare() {
    let (root, release) = mini();
    let table =
        ["table2", "--artifacts", root, "--release", release, "--recompute-ci", "--seed", "7"];
    check_refused(&table, "the frozen intervals were drawn with");
    let output = run(table.into_iter().chain(["--no-compare", "--format", "json"]));
    check_status(&output, 0);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child =
        spinefairbench().arg("man").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
}

#[test]
fn output_that_is_no_terminal_is_plain_text() {
    let (root, release) = mini();
    let output = run(["verify", "--artifacts", root, "--release", release]);
    check_status(&output, 0);
    assert!(!output.stdout.contains(&0x1B));
}

#[test]
fn every_command_has_help() {
    let output = run(["--help"]);
    check_status(&output, 0);
    let help = String::from_utf8(output.stdout).unwrap();
    // A description that is wrapped goes on in lines with a deeper indent.
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '));
    let names: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 15, "{help}");
    for name in names.into_iter().filter(|name| *name != "help") {
        let output = run([name, "--help"]);
        check_status(&output, 0);
        assert!(
            String::from_utf8(output.stdout).unwrap().contains("Usage: spinefairbench"),
            "{name}"
        );
    }
}

#[test]
fn completions_and_the_manual_page_know_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(["completions", shell]);
        check_status(&output, 0);
        assert!(
            String::from_utf8(output.stdout).unwrap().contains("both-empty-diagnostic"),
            "{shell}"
        );
    }
    let output = run(["man"]);
    check_status(&output, 0);
    assert!(String::from_utf8(output.stdout).unwrap().contains("release\\-identity"));
}
