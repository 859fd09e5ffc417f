//! The examples at the foot of every command's help, run as they are written.

use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::binary::{check_status, demo, run, spinefairbench};

/// Commands whose example needs what a test has not: the network.
const NOT_RUN: [&str; 1] = ["fetch"];

/// The help of a command.
fn help(command: &[&str]) -> String {
    let output = run(command.iter().copied().chain(["--help"]));
    check_status(&output, 0);
    String::from_utf8(output.stdout).unwrap()
}

/// The names under the heading `Commands:`.
fn subcommands(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}

/// The calls below the heading of the examples, as a script.
fn script(help: &str) -> Option<String> {
    let mut lines = help.lines().skip_while(|line| !line.starts_with("Example"));
    lines.next()?;
    let mut script = String::new();
    for line in lines.take_while(|line| line.starts_with("  ")) {
        writeln!(script, "{}", &line[2..]).unwrap();
    }
    (!script.is_empty()).then_some(script)
}

/// A folder in which the demonstration bundle was built, but for a command that builds it there.
fn folder_for(command: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    if command != ["demo"] {
        let bundle = demo();
        symlink(&bundle.root, folder.path().join("demo")).unwrap();
        symlink(&bundle.release_path, folder.path().join("demo.release.json")).unwrap();
        symlink(&bundle.supplement_path, folder.path().join("demo.supplement.json")).unwrap();
    }
    folder
}

/// A shell that finds the binary under test and keeps its cache in the folder.
pub(crate) fn shell(script: &str, folder: &Path) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_spinefairbench"));
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("sh");
    command.args(["-e", "-c", script]).current_dir(folder);
    command.env("PATH", format!("{}:{path}", binary.parent().unwrap().display()));
    command.env("SPINEFAIRBENCH_CACHE", folder.join("cache"));
    for (variable, _) in spinefairbench().get_envs().filter(|(_, value)| value.is_none()) {
        command.env_remove(variable);
    }
    command
}

fn check_examples(command: &[&str], n_run: &mut usize) {
    let help = help(command);
    let names = subcommands(&help);
    let script = script(&help);
    assert!(script.is_some() || !names.is_empty(), "{command:?} has no example: {help}");
    if let Some(script) = script.filter(|_| !NOT_RUN.contains(&command[0])) {
        let folder = folder_for(command);
        let output = shell(&script, folder.path()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{command:?}\n{script}\n{errors}");
        *n_run += 1;
    }
    for name in names {
        check_examples(&[command, &[name]].concat(), n_run);
    }
}

#[test]
fn the_examples_of_every_help_work_as_written() {
    let all = help(&[]);
    let names = subcommands(&all);
    assert!(names.len() > 20, "{names:?}");
    let mut n_run = 0;
    // The generator's commands need a model that the demonstration bundle has not.
    for name in names.into_iter().filter(|name| *name != "generator") {
        check_examples(&[name], &mut n_run);
    }
    assert!(n_run > 25, "{n_run}");
}
