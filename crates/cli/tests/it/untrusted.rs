//! Foreign text on its way to a terminal: whatever a bundle, a table or a file name says, no control character and no
//! bidirectional mark gets out raw (classes 17, 31 and 61).

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::binary::{bundle, mini, replace, run, run_with_input};

/// Clears the screen, turns the text red, rings the bell, reorders the line, hides a letter.
const HOSTILE: &str = "\u{1b}[2J\u{1b}[31m\u{7}\u{202e}\u{2066}\u{200b}\u{9b}x\r";

const PANEL: &str =
    "artifacts/Results/final_inputs/panels/full_pipeline_retained/evaluation_results.json";

#[track_caller]
fn check_harmless(output: &Output) {
    for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let raw = text.chars().find(|character| {
            (character.is_control() && *character != '\n')
                || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(raw, None, "{stream}: {text:?}");
    }
}

/// The hostile text got as far as the message, escaped.
#[track_caller]
fn check_escaped(output: &Output) {
    check_harmless(output);
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("\\u{1b}"), "the hostile text did not come out: {text}");
}

fn check_command(root: &Path, command: &[&str]) -> Output {
    let (_, release) = mini();
    let place = ["--artifacts", root.to_str().unwrap(), "--release", release];
    let output = run(command.iter().copied().chain(place));
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn hostile_ids_and_values_of_a_bundle_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let root = bundle(folder.path());
    let panel = root.join(PANEL);
    let mut rows: Value = serde_json::from_slice(&fs::read(&panel).unwrap()).unwrap();
    rows[0]["pair_id"] = json!(format!("{HOSTILE}__young_male"));
    rows[1]["image_role"] = json!(HOSTILE);
    rows[2]["error"] = json!(HOSTILE);
    rows[3]["source_id"] = json!(HOSTILE);
    rows[4][HOSTILE] = json!(1);
    replace(&panel, rows.to_string());
    check_escaped(&check_command(&root, &["verify"]));
    check_escaped(&check_command(&root, &["both-empty-diagnostic"]));
    check_harmless(&check_command(&root, &["table2"]));
}

#[test]
fn text_that_is_no_json_is_quoted_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let root = bundle(folder.path());
    replace(&root.join(PANEL), format!("[{{\"model\": {HOSTILE}}}]"));
    check_escaped(&check_command(&root, &["both-empty-diagnostic"]));
}

#[test]
fn hostile_paths_in_a_manifest_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let root = bundle(folder.path());
    let manifest = root.join("SHA256SUMS.txt");
    let mut text = fs::read_to_string(&manifest).unwrap();
    let line = format!("{}  {}\n", "0".repeat(64), HOSTILE.replace('\r', ""));
    text.extend([line.as_str(), "\u{1b}[31mgarbage\n"]);
    replace(&manifest, text);
    check_escaped(&check_command(&root, &["verify", "--only", "checksums"]));
}

#[cfg(unix)]
#[test]
fn hostile_names_on_the_disk_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let root = bundle(folder.path());
    fs::write(root.join(HOSTILE), "x").unwrap();
    check_escaped(&check_command(&root, &["verify"]));
    // The root itself, as the verdict names it.
    let hostile_root = folder.path().join(HOSTILE);
    fs::rename(&root, &hostile_root).unwrap();
    check_escaped(&check_command(&hostile_root, &["verify"]));
}

#[test]
fn hostile_names_on_the_command_line_are_escaped() {
    for arguments in [
        &["parse", HOSTILE][..],
        &["verify", "--artifacts", HOSTILE],
        &["verify", "--only", HOSTILE],
        &["table2", "--artifacts", mini().0, "--release", mini().1, "--model", HOSTILE],
        &["inspect", "--release", HOSTILE],
        &["interval", HOSTILE, "--value", "v", "--cluster", "c"],
        &["interval", "-", "--value", "v", "--cluster", "c", "--seed", HOSTILE],
        &["fetch", "--endpoint", HOSTILE],
        &["fetch", "--archive", HOSTILE, "--out", "unused"],
        &["checksums", HOSTILE],
    ] {
        let output = run(arguments.iter().copied());
        assert!(!output.status.success(), "{arguments:?}");
        check_harmless(&output);
    }
}

#[test]
fn hostile_tables_and_reports_are_escaped() {
    let interval = ["interval", "-", "--value", "v", "--cluster", "c"];
    let check = |table: String| {
        let output = run_with_input(interval, table.as_bytes());
        assert_eq!(output.status.code(), Some(1));
        check_harmless(&output);
    };
    check(format!("v,c\n\"{HOSTILE}\",a\n"));
    check(format!("v,\"{HOSTILE}\"\n1,a\n"));
    check(format!("v,c,\"{HOSTILE}\",\"{HOSTILE}\"\n1,a,,\n"));
    let line =
        json!({ "id": HOSTILE, "text": format!("Fracture. {HOSTILE} MRI advised. {HOSTILE}") });
    let wrong = json!({ "id": HOSTILE, HOSTILE: 1, "text": [HOSTILE] });
    let output = run_with_input(["parse"], format!("{line}\n{wrong}\n{HOSTILE}\n").as_bytes());
    assert_eq!(output.status.code(), Some(1));
    check_harmless(&output);
}
