//! `docs/statistics.md`: every command in it is run on the demonstration bundle, and prints what the page shows.

use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::binary::{demo, repository};
use crate::examples::shell;

/// A command and the lines that the page shows of its output.
struct Call {
    command: String,
    shown: Vec<String>,
}

/// The calls of one block: lines after `$ `, up to a line that does not end with a backslash, and what stands below them.
fn calls(block: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut goes_on = false;
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            calls.push(Call { command: command.to_owned(), shown: Vec::new() });
            goes_on = command.ends_with('\\');
        } else if let Some(call) = calls.last_mut() {
            if goes_on {
                call.command.push('\n');
                call.command.push_str(line);
                goes_on = line.ends_with('\\');
            } else if !line.trim().is_empty() && line.trim() != "…" {
                call.shown.push(line.trim().to_owned());
            }
        }
    }
    calls
}

#[test]
fn every_command_of_the_statistics_page_prints_what_it_shows() {
    let page = std::fs::read_to_string(repository().join("docs/statistics.md")).unwrap();
    let folder = TempDir::new().unwrap();
    let bundle = demo();
    symlink(&bundle.root, folder.path().join("demo")).unwrap();
    symlink(&bundle.release_path, folder.path().join("demo.release.json")).unwrap();
    let (mut n_commands, mut n_lines) = (0, 0);
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for call in calls(block) {
            let output = shell(&call.command, folder.path()).output().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{}\n{errors}", call.command);
            let printed = String::from_utf8(output.stdout).unwrap();
            for line in &call.shown {
                let is_there = printed.lines().any(|printed| printed.trim() == line);
                assert!(is_there, "`{}` prints no line `{line}`:\n{printed}", call.command);
                n_lines += 1;
            }
            n_commands += 1;
        }
    }
    assert!(n_commands >= 4 && n_lines >= 12, "{n_commands} commands, {n_lines} lines");
}
