//! What the machine around the command may do: a disk that fills up, a folder that cannot be written, an environment that
//! is empty, another number of threads, another language (classes 7, 44, 58 and 59).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::binary::{check_status, demo, mini, spinefairbench};

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The binary under a limit on the size of each file, which fails a write as a full disk does.
#[cfg(unix)]
fn with_file_limit(arguments: &[&str]) -> std::process::Output {
    // The signal that comes with the limit is ignored, so that the write fails instead; 16 blocks of 512 bytes.
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_spinefairbench")]).args(arguments);
    command.output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_write_that_fails_leaves_nothing_and_says_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let check = |arguments: &[&str], message: &str| {
        let output = with_file_limit(arguments);
        check_status(&output, 2);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.starts_with("error: ") && errors.contains(message), "{errors}");
        assert_eq!(names(folder.path()), BTreeSet::new(), "{arguments:?}");
    };
    check(&["--quiet", "demo", "--out", &place("bundle")], "bundle");
    let bundle = demo();
    let (root, release) = (bundle.root.to_str().unwrap(), bundle.release_path.to_str().unwrap());
    let verdict = place("verdict.json");
    check(
        &["verify", "--artifacts", root, "--release", release, "--json", &verdict],
        "verdict.json",
    );
}

#[test]
fn a_verdict_needs_no_home_and_no_temporary_folder() {
    let (root, release) = mini();
    let mut command = spinefairbench();
    command.env_clear().env("TMPDIR", "no-such-folder");
    let output = command.args(["verify", "--artifacts", root, "--release", release]).output();
    check_status(&output.unwrap(), 0);
    let mut command = spinefairbench();
    let output = command.env_clear().args(["verify", "--demo"]).output().unwrap();
    check_status(&output, 2);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("no cache folder is known"), "{errors}");
    assert!(errors.contains("hint: set `SPINEFAIRBENCH_CACHE`"), "{errors}");
}

/// A command on the mini bundle with so many threads and another language: what it prints, times left out.
fn in_surroundings(arguments: &[&str], threads: &str, language: &str) -> Vec<u8> {
    let (root, release) = mini();
    let mut command = spinefairbench();
    command.env("RAYON_NUM_THREADS", threads).env("LC_ALL", language).env("TZ", "Asia/Kolkata");
    command.args(arguments).args(["--artifacts", root, "--release", release, "--format", "json"]);
    let output = command.output().unwrap();
    check_status(&output, 0);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.contains("\"elapsed_ms\"")).flat_map(str::bytes).collect()
}

#[test]
fn threads_language_and_time_zone_change_no_byte_of_a_result() {
    for arguments in [
        &["verify"][..],
        &["table2", "--recompute-ci"],
        &["mitigation", "--recompute"],
        &["table2", "--recompute-ci", "--no-compare", "--rng", "python-mt19937"],
    ] {
        let one = in_surroundings(arguments, "1", "C");
        for (threads, language) in
            [("2", "de_DE.UTF-8"), ("7", "tr_TR.UTF-8"), ("3", "ar_SA.UTF-8"), ("8", "C")]
        {
            let other = in_surroundings(arguments, threads, language);
            assert!(other == one, "{arguments:?}: {threads} threads, {language}");
        }
    }
}

#[test]
fn any_number_of_threads_writes_the_same_score_file() {
    let bundle = demo();
    let folder = tempfile::tempdir().unwrap();
    let score = |threads: &str| {
        let target = folder.path().join(format!("{threads}.json"));
        let mut command = spinefairbench();
        command.env("RAYON_NUM_THREADS", threads).env("SOURCE_DATE_EPOCH", "0");
        command.args(["--quiet", "score", "--bootstrap-iterations", "1000", "--artifacts"]);
        command.arg(&bundle.root).arg("--output").arg(&target);
        command.arg("--submission").arg(bundle.root.join("metrics/qc_submission.json"));
        check_status(&command.output().unwrap(), 0);
        fs::read(target).unwrap()
    };
    let one = score("1");
    for threads in ["2", "8"] {
        assert!(score(threads) == one, "{threads} threads");
    }
}

#[test]
fn a_narrow_terminal_and_no_colour_change_only_the_form() {
    let (root, release) = mini();
    for (name, value) in [("COLUMNS", "40"), ("COLUMNS", "0"), ("TERM", "dumb"), ("NO_COLOR", "1")]
    {
        let mut command = spinefairbench();
        let arguments = ["verify", "--artifacts", root, "--release", release];
        let output = command.env(name, value).args(arguments).output().unwrap();
        check_status(&output, 0);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("consistent: all 11 checks pass"), "{name}={value}: {text}");
    }
}

#[test]
fn a_folder_that_somebody_filled_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::create_dir_all(&out).unwrap();
    fs::write(out.join("mine.txt"), "mine").unwrap();
    let output = spinefairbench().args(["demo", "--out", out.to_str().unwrap()]).output().unwrap();
    check_status(&output, 2);
    assert_eq!(fs::read_to_string(out.join("mine.txt")).unwrap(), "mine");
    assert_eq!(names(folder.path()), BTreeSet::from(["out".to_owned()]));
}

/// The binary with so many kilobytes of address space.
#[cfg(target_os = "linux")]
fn with_memory(kilobytes: u64, arguments: &[&str]) -> std::process::Output {
    let script = format!("ulimit -v {kilobytes}; exec \"$0\" \"$@\"");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_spinefairbench")]).args(arguments);
    // A thread takes two megabytes for its stack alone.
    command.env("RAYON_NUM_THREADS", "1").output().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn running_out_of_memory_has_the_status_of_a_call_that_could_not_be_carried_out() {
    let starts = |kilobytes: &u64| with_memory(*kilobytes, &["--version"]).status.success();
    let least = (4..40).map(|n| n * 8_000).find(starts).expect("the binary starts");
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.jsonl");
    let line = format!("{{\"text\": \"{}\"}}\n", "Fracture. ".repeat(4_000_000));
    fs::write(&report, line).unwrap();
    let (root, release) = mini();
    let mut codes = BTreeSet::new();
    for more in [2_000, 6_000, 12_000, 25_000, 50_000] {
        for arguments in [
            &["verify", "--artifacts", root, "--release", release][..],
            &["parse", report.to_str().unwrap()],
        ] {
            let output = with_memory(least + more, arguments);
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            let code = output.status.code();
            assert!(
                matches!(code, Some(0 | 2)),
                "{more} kB more, {arguments:?}: {code:?} {errors}"
            );
            codes.insert(code);
        }
    }
    assert!(codes.contains(&Some(2)), "memory never ran out");
}
