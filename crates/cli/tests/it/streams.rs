//! Standard streams: readers that go away, full disks, JSON for refused calls, colours, and text that would act on a terminal.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use spinefairbench_report::visible::is_deceptive;

use crate::binary::{
    bundle, check_status, demo, mini, replace, run, run_with_input, spinefairbench, stdout_json,
};

/// A copy of the mini bundle in which one file is not what its manifest says.
fn failing(folder: &Path) -> String {
    let root = bundle(folder);
    replace(&root.join("README.md"), "other");
    root.to_str().unwrap().to_owned()
}

/// Runs a command whose standard output nobody reads, from the start or after its first bytes.
fn with_closed_reader(arguments: &[&str], n_bytes_read: usize) -> Output {
    let mut command = spinefairbench();
    let mut child =
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut reader = child.stdout.take().unwrap();
    reader.read_exact(&mut vec![0; n_bytes_read]).unwrap();
    drop(reader);
    child.wait_with_output().unwrap()
}

#[test]
fn a_verdict_keeps_its_status_when_the_reader_goes_away() {
    let folder = tempfile::tempdir().unwrap();
    let (root, release) = mini();
    let broken = failing(folder.path());
    let submission = format!("{root}/metrics/core_submission.json");
    let shortened = folder.path().join("short.json");
    let mut short: Value = serde_json::from_slice(&fs::read(&submission).unwrap()).unwrap();
    short["results"].as_array_mut().unwrap().pop();
    fs::write(&shortened, short.to_string()).unwrap();
    let short = shortened.to_str().unwrap();
    let lines = folder.path().join("lines.jsonl");
    fs::write(
        &lines,
        [vec!["{\"text\": \"Fracture.\"}"; 20_000], vec!["{\"text\": 5}"]].concat().join("\n"),
    )
    .unwrap();
    let lines = lines.to_str().unwrap();
    let calls: &[(&[&str], i32)] = &[
        (&["verify", "--artifacts", root, "--release", release], 0),
        (&["verify", "--artifacts", &broken, "--release", release], 1),
        (&["verify", "--artifacts", &broken, "--release", release, "--format", "json"], 1),
        (&["checksums", "--artifacts", &broken, "--release", release], 1),
        (&["checksums", "--artifacts", &broken, "--release", release, "--format", "json"], 1),
        (&["lint", short, "--artifacts", root], 1),
        (&["lint", short, "--artifacts", root, "--format", "json"], 1),
        (&["parse", lines], 1),
        (&["parse", lines, "--format", "json"], 1),
        (
            &[
                "table2",
                "--artifacts",
                root,
                "--release",
                release,
                "--model",
                "gpt-9",
                "--format",
                "json",
            ],
            2,
        ),
        (&["no-such-command", "--format", "json"], 2),
        (&["--help"], 0),
        (&["man"], 0),
        (&["completions", "zsh"], 0),
    ];
    for (arguments, expected) in calls {
        let output = with_closed_reader(arguments, 0);
        check_status(&output, *expected);
        let output = with_closed_reader(arguments, usize::from(*expected != 2));
        check_status(&output, *expected);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!errors.contains("standard output") && !errors.contains("panicked"), "{errors}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_an_error_of_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let (root, release) = mini();
    let broken = failing(folder.path());
    let report = folder.path().join("report.txt");
    fs::write(&report, "Fracture.").unwrap();
    let report = report.to_str().unwrap();
    let table = folder.path().join("table.csv");
    fs::write(&table, "v,c\n1,a\n2,b\n").unwrap();
    let table = table.to_str().unwrap();
    let calls: &[&[&str]] = &[
        &["--help"],
        &["--version"],
        &["verify", "--help"],
        &["help", "verify"],
        &["man"],
        &["completions", "bash"],
        &["doctor"],
        &["doctor", "--format", "json"],
        &["registry"],
        &["registry", "--format", "json"],
        &["schema", "submission"],
        &["template", "--artifacts", root, "--scope", "toy"],
        &["parse", "--text", report],
        &["interval", table, "--value", "v", "--cluster", "c", "--iterations", "10"],
        &["generator", "info"],
        &["inspect", "--artifacts", root, "--release", release],
        &["verify", "--artifacts", root, "--release", release],
        &["verify", "--artifacts", root, "--release", release, "--format", "json"],
        // A verdict that nobody can read is none, whatever it says.
        &["verify", "--artifacts", &broken, "--release", release],
        &["table2", "--artifacts", root, "--model", "gpt-9", "--format", "json"],
        &["verify", "--artifacts", root, "--release", release, "--json", "/dev/full"],
        &["verify", "--artifacts", root, "--release", release, "--json", "-"],
    ];
    for arguments in calls {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = spinefairbench().args(*arguments).stdout(full).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains("No space left on device"), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_refused_call_for_json_prints_an_object_with_the_error() {
    let (root, release) = mini();
    let check = |arguments: &[&str], expected: i32, message: &str| {
        let output = run(arguments.iter().copied());
        check_status(&output, expected);
        let object = stdout_json(&output);
        assert_eq!(object["status"], "error");
        assert_eq!(object["exit_status"], expected);
        assert!(object["error"].as_str().unwrap().contains(message), "{object}");
        assert_eq!(object["problems"][0], object["error"]);
        // Standard error says the same, for people.
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(message), "{errors}");
        object
    };
    let no_model = ["table2", "--artifacts", root, "--release", release, "--model", "gpt-9"];
    check(&[&no_model[..], &["--format", "json"]].concat(), 2, "no model `gpt-9`");
    let object =
        check(&["dataset", "--artifacts", "none", "--format=json"], 2, "cannot read the folder");
    assert!(object["hint"].as_str().unwrap().contains("fetch"), "{object}");
    check(&["verify", "--only", "everything", "--format", "json"], 2, "everything");
    // What clap refuses.
    check(
        &["verify", "--no-such-option", "--format", "json"],
        2,
        "unexpected argument '--no-such-option'",
    );
    let object = check(&["score", "--format", "json"], 2, "required arguments");
    assert!(object["error"].as_str().unwrap().contains("--output <FILE>"), "{object}");
    check(&["no-such-command", "--format=json"], 2, "no-such-command");
    // What was judged and fails.
    let folder = tempfile::tempdir().unwrap();
    let submission = folder.path().join("submission.json");
    fs::write(&submission, "{}").unwrap();
    let (submission, score) = (submission.to_str().unwrap(), folder.path().join("score.json"));
    let score = score.to_str().unwrap();
    let call = [
        "score",
        "--artifacts",
        root,
        "--submission",
        submission,
        "--output",
        score,
        "--format",
        "json",
    ];
    let object = check(&call, 1, "schema_version");
    assert!(object["problems"].as_array().unwrap().len() > 1, "{object}");
    let output = run_with_input(["parse", "--text", "--format", "json"], b"\xff\xfe");
    check_status(&output, 1);
    assert!(stdout_json(&output)["error"].as_str().unwrap().contains("UTF-16"));
    // A call for text prints nothing of the kind, and neither does one that has a result.
    assert!(run(no_model).stdout.is_empty());
    let output =
        run_with_input(["parse", "--format", "json"], b"{\"text\": \"\"}\n{\"text\": 5}\n");
    check_status(&output, 1);
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
}

#[test]
fn a_hyphen_in_place_of_an_output_is_standard_output() {
    let (root, release) = mini();
    let verify = ["verify", "--artifacts", root, "--release", release];
    let output = run(verify.into_iter().chain(["--json", "-"]));
    check_status(&output, 0);
    assert_eq!(stdout_json(&output)["status"], "pass");
    assert!(String::from_utf8(output.stderr).unwrap().contains("consistent: all 11 checks pass"));
    let output = run(verify.into_iter().chain(["--junit", "-", "--quiet"]));
    assert!(output.stdout.starts_with(b"<?xml"), "{}", String::from_utf8_lossy(&output.stdout));
    let output = run(verify.into_iter().chain(["--json", "-", "--html", "-"]));
    check_status(&output, 2);
    assert!(!Path::new("-").exists());
}

#[cfg(unix)]
#[test]
fn standard_streams_that_are_files_of_the_call_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (root, release) = mini();
    let file = folder.path().join("file");
    let submission = fs::read(format!("{root}/metrics/core_submission.json")).unwrap();
    fs::write(&file, &submission).unwrap();
    let place = file.to_str().unwrap();
    let score = ["score", "--artifacts", root, "--submission", "-", "--output"];
    for name in [place, "/dev/stdin", "/proc/self/fd/0"] {
        if !Path::new(name).exists() && name != "/dev/stdin" {
            eprintln!("no `{name}` here");
            continue;
        }
        let mut command = spinefairbench();
        let output =
            command.args(score).arg(name).stdin(fs::File::open(&file).unwrap()).output().unwrap();
        check_status(&output, 2);
        assert!(String::from_utf8(output.stderr).unwrap().contains("which is read"), "{name}");
        assert_eq!(fs::read(&file).unwrap(), submission, "{name}");
    }
    // The shell has made the file, but nothing is written to it.
    if cfg!(target_os = "linux") {
        let root = bundle(folder.path());
        let inside = fs::File::create(root.join("verdict.txt")).unwrap();
        let arguments = ["verify", "--artifacts", root.to_str().unwrap(), "--release", release];
        let output = spinefairbench().args(arguments).stdout(inside).output().unwrap();
        check_status(&output, 2);
        assert!(String::from_utf8(output.stderr).unwrap().contains("lies in the bundle"));
        assert_eq!(fs::read(root.join("verdict.txt")).unwrap(), b"");
    }
    // A verdict that is sent to the file of its own document, and a reader of what it writes itself.
    let appended = || fs::OpenOptions::new().append(true).open(&file).unwrap();
    for arguments in [
        &["verify", "--artifacts", root, "--release", release, "--json", place][..],
        &["parse", place],
        &["verify", "--artifacts", root, "--release", release, "--json", "/dev/stdout"],
    ] {
        let output = spinefairbench().args(arguments).stdout(appended()).output().unwrap();
        check_status(&output, 2);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains("standard output goes to"), "{arguments:?}: {errors}");
        assert_eq!(fs::read(&file).unwrap(), submission, "{arguments:?}");
    }
}

#[test]
fn colours_follow_the_environment_and_json_has_none() {
    let (root, release) = mini();
    let verify = |variables: &[(&str, &str)], more: &[&str]| {
        let mut command = spinefairbench();
        command.envs(variables.iter().copied());
        command.args(["verify", "--artifacts", root, "--release", release]).args(more);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(verify(&[("CLICOLOR_FORCE", "1")], &[]).contains("\u{1b}[32m"));
    for variables in [
        &[][..],
        &[("CLICOLOR_FORCE", "0")],
        &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
        &[("TERM", "dumb")],
        &[("CLICOLOR", "0")],
    ] {
        assert!(!verify(variables, &[]).contains('\u{1b}'), "{variables:?}");
    }
    assert!(!verify(&[("CLICOLOR_FORCE", "1")], &["--format", "json"]).contains('\u{1b}'));
}

/// What moves a terminal's cursor, sets its title, reorders or hides text.
const EVIL: &str =
    "\u{1b}]0;pwn\u{7}\u{9b}31m<script>alert(1)</script>\u{202e}\u{e0041}\u{200b}]]>";

/// The demonstration bundle with deceptive text in file names, rows and tables.
#[cfg(unix)]
fn hostile(folder: &Path) -> String {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let root = folder.join("hostile");
    let status = Command::new("cp").arg("-r").args([&demo().root, &root]).status().unwrap();
    assert!(status.success());
    let names: [&[u8]; 9] = [
        b"<img src=x onerror=alert(1)>",
        b"\x1b]0;pwn\x07\x1b[2J",
        b"]]><script>1",
        "\u{9b}31m".as_bytes(),
        "\u{202e}gpj".as_bytes(),
        b"\xff\xfe",
        b"a\nPASS  checksums",
        "\u{e0041}tag".as_bytes(),
        "\u{200b}README.md".as_bytes(),
    ];
    for name in names {
        fs::write(root.join(OsStr::from_bytes(name)), "x").unwrap();
    }
    let change = |path: &str, edit: &dyn Fn(&mut Vec<String>)| {
        let text = fs::read_to_string(root.join(path)).unwrap();
        let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        edit(&mut lines);
        fs::write(root.join(path), lines.join("\n")).unwrap();
    };
    change("dataset/qc_passed_pair_manifest.jsonl", &|lines| {
        let mut row: Value = serde_json::from_str(&lines[0]).unwrap();
        (row["pair_id"], row["source_id"]) = (json!(EVIL), json!(EVIL));
        lines[0] = row.to_string();
        lines[3] = format!("{{\"pair_id\": {EVIL}");
    });
    change("validation_public/validation_pair_results_public_2026-04-28.csv", &|lines| {
        lines[1] = format!("{EVIL},{}", lines[1]);
    });
    change("artifacts/Results/analysis/mitigation_table.csv", &|lines| {
        lines[1] = lines[1].replacen(lines[1].split(',').next().unwrap(), EVIL, 1);
    });
    root.to_str().unwrap().to_owned()
}

/// Characters that act on a terminal, line ends apart.
#[track_caller]
fn check_shown(place: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{place}: {error}"));
    let acts = |character: char| character != '\n' && character != '\t' && is_deceptive(character);
    if let Some(at) = text.find(acts) {
        let start = text.floor_char_boundary(at.saturating_sub(60));
        let end = text.ceil_char_boundary((at + 30).min(text.len()));
        panic!("{place}: {:?}", &text[start..end]);
    }
}

#[cfg(unix)]
#[test]
fn nothing_that_a_bundle_holds_acts_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let root = hostile(folder.path());
    let release = demo().release_path.to_str().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (json, junit, html) = (place("v.json"), place("v.xml"), place("v.html"));
    let files = ["--json", &json, "--junit", &junit, "--html", &html];
    for format in ["text", "json"] {
        for command in [
            &["verify"][..],
            &["checksums", "--strict"],
            &["dataset"],
            &["inspect"],
            &["mitigation"],
            &["radiologist"],
        ] {
            let mut call = command.to_vec();
            call.extend(["--artifacts", &root, "--release", release, "--format", format]);
            if command == ["verify"] {
                call.extend(files);
            }
            let output = run(call.iter().copied());
            assert!(matches!(output.status.code(), Some(0 | 1)), "{call:?}");
            check_shown(&format!("{call:?} stdout"), &output.stdout);
            check_shown(&format!("{call:?} stderr"), &output.stderr);
            if format == "json" {
                stdout_json(&output);
            }
        }
    }
    for file in [&json, &junit, &html] {
        check_shown(file, &fs::read(file).unwrap());
    }
    // The escapes say the same as the characters.
    let verdict: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert!(verdict.to_string().contains('\u{9b}'), "the name of a file was lost");
}

#[test]
fn nothing_that_a_submission_or_a_call_holds_acts_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let (root, release) = mini();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut submission: Value =
        serde_json::from_slice(&fs::read(format!("{root}/metrics/core_submission.json")).unwrap())
            .unwrap();
    submission["model"]["name"] = json!(EVIL);
    let named = place("named.json");
    fs::write(&named, submission.to_string()).unwrap();
    submission["results"][0]["pair_id"] = json!(EVIL);
    submission[EVIL] = json!(1);
    let wrong = place("wrong.json");
    fs::write(&wrong, submission.to_string()).unwrap();
    let (score, board, page) = (place("score.json"), place("board.json"), place("board.html"));
    let calls: &[&[&str]] = &[
        &["lint", &named, "--artifacts", root],
        &["lint", &wrong, "--artifacts", root],
        &["score", "--artifacts", root, "--submission", &wrong, "--output", &score],
        &[
            "score",
            "--artifacts",
            root,
            "--submission",
            &named,
            "--output",
            &score,
            "--iterations",
            "20",
        ],
        &["explain", &named, "--changed"],
        &["leaderboard", "add", &board, &score],
        &["leaderboard", "show", &board],
        &["leaderboard", "render", &board, "--html", &page, "--csv", "-"],
        &["table2", "--artifacts", root, "--release", release, "--model", EVIL],
        &["inspect", "--artifacts", EVIL],
        &["verify", "--artifacts", root, "--json", &format!("{EVIL}/x")],
        &["verify", EVIL],
        &[EVIL],
        &["verify", "--only", EVIL],
        &["parse", EVIL],
        &["fetch", "--endpoint", EVIL],
        &["interval", "-", "--value", "v", "--cluster", "c", "--seed", EVIL],
    ];
    for call in calls {
        for format in ["text", "json"] {
            let mut command = spinefairbench();
            command.args(*call);
            let takes_format = !matches!(call[0], "leaderboard" | "fetch") || call[1] == "show";
            if takes_format {
                command.args(["--format", format]);
            }
            let output = command.output().unwrap();
            check_shown(&format!("{call:?} stdout"), &output.stdout);
            check_shown(&format!("{call:?} stderr"), &output.stderr);
            if takes_format && format == "json" {
                stdout_json(&output);
            }
        }
    }
    for file in [&score, &board, &page] {
        check_shown(file, &fs::read(file).unwrap());
    }
}
