//! Commands that are stopped while they work, by a signal or by `kill -9` (classes 54 and 59).

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spinefairbench_artifacts::digest::Sha256;

use crate::binary::{check_status, fixture, mini, spinefairbench};

/// How long a test waits for what it is about to interrupt; far more than a busy machine needs.
const PATIENCE: Duration = Duration::from_mins(1);

fn start(arguments: &[&str]) -> Child {
    let mut command = spinefairbench();
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

pub(crate) fn send(signal: &str, child: &Child) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

pub(crate) fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The names in a folder, but for what `kill -9` may leave: a hidden temporary file that nothing takes for a result.
fn names_of_results(folder: &Path) -> BTreeSet<String> {
    let is_left_over = |name: &String| {
        name.starts_with(".spinefairbench-")
            && [".tmp", ".partial"].iter().any(|end| name.ends_with(end))
    };
    names(folder).into_iter().filter(|name| !is_left_over(name)).collect()
}

/// Waits until `is_there`, as long as the child runs.
pub(crate) fn wait_until(child: &mut Child, is_there: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_there() {
        assert!(child.try_wait().unwrap().is_none(), "the command ended before");
        assert!(start.elapsed() < PATIENCE, "nothing to interrupt came about");
        thread::sleep(Duration::from_millis(1));
    }
}

#[track_caller]
pub(crate) fn check_interrupted(output: &Output) {
    check_status(output, 2);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "error: interrupted\n");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

#[test]
#[cfg_attr(not(unix), ignore = "sends a signal of Unix")]
fn a_signal_while_a_bundle_is_built_leaves_nothing() {
    for signal in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("bundle");
        // The full scale: its ninety thousand files are not there within a moment.
        let mut child =
            start(&["--quiet", "demo", "--scale", "full", "--out", out.to_str().unwrap()]);
        wait_until(&mut child, || !names(folder.path()).is_empty());
        send(signal, &child);
        check_interrupted(&child.wait_with_output().unwrap());
        assert_eq!(names(folder.path()), BTreeSet::new(), "{signal}");
    }
}

#[test]
#[cfg_attr(not(unix), ignore = "sends a signal of Unix")]
fn a_signal_while_input_is_awaited_ends_at_once() {
    for signal in ["-INT", "-TERM"] {
        let mut command = spinefairbench();
        command.args(["parse"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        // There is no outer sign of the handler; a signal before it ends the process as well, without a status.
        thread::sleep(Duration::from_millis(500));
        send(signal, &child);
        check_interrupted(&child.wait_with_output().unwrap());
        drop(stdin);
    }
}

/// A server of one file and its checksum file, which gives the rest from where it is asked to.
struct Server {
    address: String,
    is_slow: Arc<AtomicBool>,
    /// From which byte on each request wanted the file.
    asked: Arc<Mutex<Vec<u64>>>,
}

impl Server {
    fn of(bytes: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let is_slow = Arc::new(AtomicBool::new(true));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (slow, bytes, kept) = (Arc::clone(&is_slow), Arc::new(bytes), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (slow, bytes, kept) =
                    (Arc::clone(&slow), Arc::clone(&bytes), Arc::clone(&kept));
                // A client that goes away is what this server is for.
                thread::spawn(move || drop(answer(stream, &bytes, &slow, &kept)));
            }
        });
        Self { address, is_slow, asked }
    }
}

fn answer(
    mut stream: TcpStream,
    bytes: &[u8],
    slow: &AtomicBool,
    kept: &Mutex<Vec<u64>>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request).to_lowercase();
    if request.lines().next().is_some_and(|line| line.contains(".sha256")) {
        let line = format!("{}  {ARCHIVE}\n", Sha256::of(bytes));
        let length = line.len();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
        return stream.write_all(line.as_bytes());
    }
    let asked = request.split("range: bytes=").nth(1).and_then(|rest| rest.split('-').next());
    let from: usize = asked.map_or(0, |offset| offset.parse().unwrap());
    kept.lock().unwrap().push(from as u64);
    let (length, total) = (bytes.len() - from, bytes.len());
    let status = if asked.is_some() { "206 Partial Content" } else { "200 OK" };
    let range = format!("Content-Range: bytes {from}-{}/{total}\r\n", total - 1);
    let range = if asked.is_some() { range } else { String::new() };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{range}ETag: \"one\"\r\nConnection: close\r\n\r\n"
    )?;
    for piece in bytes[from..].chunks(4096) {
        stream.write_all(piece)?;
        if slow.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(100));
        }
    }
    Ok(())
}

const ARCHIVE: &str = "spinefairbench_artifacts.tar.gz";

/// The archive of the mini bundle, and a release description in `folder` that pins it.
fn pinned_archive(folder: &Path) -> (PathBuf, String) {
    let archive = fixture("checks", "mini.tar.gz");
    let bytes = fs::read(&archive).unwrap();
    let mut description: Value =
        serde_json::from_slice(&fs::read(fixture("checks", "mini.release.json")).unwrap()).unwrap();
    description["artifact_archive"]["size_bytes"] = json!(bytes.len());
    description["artifact_archive"]["sha256"] = json!(Sha256::of(&bytes).to_string());
    let release = folder.join("release.json");
    fs::write(&release, description.to_string()).unwrap();
    (archive, release.to_str().unwrap().to_owned())
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
#[cfg_attr(not(unix), ignore = "sends a signal of Unix")]
fn a_signal_while_a_file_is_fetched_leaves_what_the_next_run_goes_on_from() {
    for signal in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let (archive, release) = pinned_archive(folder.path());
        let server = Server::of(fs::read(archive).unwrap());
        let out = folder.path().join("out");
        let fetch = [
            "fetch",
            "--endpoint",
            &server.address,
            "--release",
            &release,
            "--out",
            out.to_str().unwrap(),
        ];
        let mut child = start(&[&["--quiet"], &fetch[..]].concat());
        let part = out.join(format!("{ARCHIVE}.part"));
        wait_until(&mut child, || fs::metadata(&part).is_ok_and(|part| part.len() > 0));
        send(signal, &child);
        check_interrupted(&child.wait_with_output().unwrap());
        let (record, sidecar) = (format!("{ARCHIVE}.part.json"), format!("{ARCHIVE}.sha256"));
        let part_name = format!("{ARCHIVE}.part");
        assert_eq!(names(&out), set(&[&part_name, &record, &sidecar]), "{signal}");

        server.is_slow.store(false, Ordering::Relaxed);
        // What the first run left is verified before what arrives now.
        let output = start(&[&fetch[..], &["--verify"]].concat()).wait_with_output().unwrap();
        check_status(&output, 0);
        let verdict = String::from_utf8_lossy(&output.stdout);
        assert!(verdict.contains("consistent: all 11 checks pass"), "{verdict}");
        let notes = String::from_utf8(output.stderr).unwrap();
        assert!(notes.contains("downloaded, resumed from byte"), "{notes}");
        assert!(out.join("artifacts").is_dir());
    }
}

/// Extracts the mini bundle, with `signal` at `moment` after the start of the extraction.
fn interrupt_extraction(signal: &str, moment: Duration) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (archive, release) = pinned_archive(folder.path());
    let out = folder.path().join("out");
    let fetch = ["--quiet", "fetch", "--archive", archive.to_str().unwrap()];
    let more = ["--release", &release, "--out", out.to_str().unwrap()];
    let mut child = start(&[&fetch[..], &more].concat());
    wait_until(&mut child, || !names(&out).is_empty());
    thread::sleep(moment);
    send(signal, &child);
    let output = child.wait_with_output().unwrap();
    let whole = set(&["artifacts", "artifacts.complete.json"]);
    let found = names(&out);
    let expected = if output.status.success() { whole.clone() } else { BTreeSet::new() };
    // A signal that comes behind the last rename finds the work done, and is still reported.
    assert!(found == expected || found == whole, "{signal} after {moment:?}: {found:?}");
    output
}

#[test]
#[cfg_attr(not(unix), ignore = "sends a signal of Unix")]
fn a_signal_while_an_archive_is_extracted_leaves_nothing() {
    for signal in ["-INT", "-TERM"] {
        check_interrupted(&interrupt_extraction(signal, Duration::ZERO));
    }
    for step in 1..6 {
        interrupt_extraction("-TERM", Duration::from_millis(step * 40));
    }
}

/// How many processes are killed a test.
pub(crate) fn n_trials(normal: u32) -> u32 {
    if std::env::var_os("RUN_SLOW_TESTS").is_some() { 50 } else { normal }
}

/// Runs `arguments` and kills it within `whole`, at the `trial`th of `n_trials` moments.
fn kill_at(arguments: &[&str], whole: Duration, trial: u32, n_trials: u32) {
    let mut child = start(arguments);
    thread::sleep(whole * trial / n_trials);
    // It may have ended by itself.
    let _ = child.kill();
    child.wait_with_output().unwrap();
}

#[test]
fn after_kill_9_of_a_fetch_the_next_run_ends_in_the_right_state() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, release) = pinned_archive(folder.path());
    let archive = archive.to_str().unwrap().to_owned();
    let arguments = |out: &str| {
        let words =
            ["--quiet", "fetch", "--archive", &archive, "--release", &release, "--out", out];
        words.map(str::to_owned)
    };
    let run = |out: &str| start(&arguments(out).each_ref().map(String::as_str)).wait_with_output();
    let clean = folder.path().join("clean");
    let begin = Instant::now();
    check_status(&run(clean.to_str().unwrap()).unwrap(), 0);
    let whole = begin.elapsed();
    let trials = n_trials(6);
    for trial in 0..trials {
        let out = folder.path().join(format!("out-{trial}"));
        let out_text = out.to_str().unwrap();
        kill_at(&arguments(out_text).each_ref().map(String::as_str), whole, trial, trials);
        check_status(&run(out_text).unwrap(), 0);
        assert_eq!(names_of_results(&out), names(&clean), "trial {trial}");
        let verified =
            start(&["checksums", "--strict", "--artifacts", &format!("{out_text}/artifacts")]);
        check_status(&verified.wait_with_output().unwrap(), 0);
    }
}

#[test]
fn after_kill_9_of_a_demonstration_the_next_run_ends_in_the_right_state() {
    let folder = tempfile::tempdir().unwrap();
    let verify = |cache: &Path| {
        let mut command = spinefairbench();
        command.args(["--quiet", "verify", "--demo"]).env("SPINEFAIRBENCH_CACHE", cache);
        command
    };
    let begin = Instant::now();
    check_status(&verify(&folder.path().join("clean")).output().unwrap(), 0);
    let whole = begin.elapsed();
    let trials = n_trials(4);
    for trial in 0..trials {
        let cache = folder.path().join(format!("cache-{trial}"));
        let mut child = verify(&cache).stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(whole * trial / trials);
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().unwrap();
        let output = verify(&cache).output().unwrap();
        check_status(&output, 0);
        assert!(String::from_utf8_lossy(&output.stdout).contains("verified: all 11 checks pass"));
    }
}

/// Kills once so many bytes have arrived, and goes on. That the kill fell into the transfer is seen by the partial file, and that nothing was
/// fetched twice by what the server was asked for.
#[test]
fn after_kill_9_of_a_download_the_next_run_goes_on_from_the_last_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, release) = pinned_archive(folder.path());
    let bytes = fs::read(archive).unwrap();
    let server = Server::of(bytes.clone());
    let call = |out: &Path| {
        let words =
            ["--quiet", "fetch", "--no-extract", "--endpoint", &server.address, "--release"];
        let mut command = spinefairbench();
        command.args(words).args([&release, "--out", out.to_str().unwrap()]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    for trial in 0..n_trials(3) {
        let out = folder.path().join(format!("out-{trial}"));
        let (name, part) = (out.join(ARCHIVE), out.join(format!("{ARCHIVE}.part")));
        let n_arrived = || fs::metadata(&part).map_or(0, |part| part.len());
        // A piece of 4 KiB every tenth of a second: the whole would take eight seconds.
        let least = 1 + u64::from(trial % 8) * 8_192;
        server.is_slow.store(true, Ordering::Relaxed);
        let mut child = call(&out).spawn().unwrap();
        wait_until(&mut child, || n_arrived() >= least);
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = n_arrived();
        assert!(kept >= least && kept < bytes.len() as u64, "{kept} bytes, trial {trial}");
        assert!(!name.exists(), "trial {trial}");
        server.is_slow.store(false, Ordering::Relaxed);
        check_status(&call(&out).output().unwrap(), 0);
        assert!(fs::read(&name).unwrap() == bytes, "trial {trial}");
        assert_eq!(names_of_results(&out), set(&[ARCHIVE, &format!("{ARCHIVE}.sha256")]));
        let asked = server.asked.lock().unwrap();
        assert_eq!(asked.last(), Some(&kept), "trial {trial}");
    }
}

#[test]
fn after_kill_9_of_a_score_there_is_a_whole_file_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let call = |target: &Path| {
        let submission = format!("{}/metrics/core_submission.json", mini().0);
        let mut command = spinefairbench();
        command.args(["--quiet", "score", "--artifacts", mini().0, "--submission", &submission]);
        command.args(["--bootstrap-iterations", "20000", "--output"]).arg(target);
        command.env("SOURCE_DATE_EPOCH", "1777777777").stdout(Stdio::null());
        command
    };
    let clean = folder.path().join("clean.json");
    let begin = Instant::now();
    check_status(&call(&clean).output().unwrap(), 0);
    let whole = begin.elapsed();
    let expected = fs::read(&clean).unwrap();
    let trials = n_trials(8);
    for trial in 0..trials {
        let target = folder.path().join(format!("score-{trial}.json"));
        let mut child = call(&target).spawn().unwrap();
        thread::sleep(whole * trial / trials);
        let _ = child.kill();
        child.wait().unwrap();
        let is_whole = !target.exists() || fs::read(&target).unwrap() == expected;
        assert!(is_whole, "half a score, trial {trial}");
        check_status(&call(&target).output().unwrap(), 0);
        assert!(fs::read(&target).unwrap() == expected, "trial {trial}");
    }
}

#[test]
fn two_scores_to_one_file_leave_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("score.json");
    let children: Vec<Child> = ["toy", "core", "toy", "core"]
        .iter()
        .map(|name| {
            let submission = format!("{}/metrics/{name}_submission.json", mini().0);
            let mut command = spinefairbench();
            command.args(["score", "--artifacts", mini().0, "--submission", &submission]);
            command.args(["--bootstrap-iterations", "1000", "--output"]).arg(&target);
            command.stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert!(serde_json::from_slice::<Value>(&fs::read(&target).unwrap()).is_ok());
    assert_eq!(names(folder.path()), set(&["score.json"]));
}
