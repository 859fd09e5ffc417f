//! `run` against endpoints on loopback that fail in every way, and through kills.

#[path = "../../../artifacts/tests/it/download/authority.rs"]
mod authority;
mod encrypted;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_imaging::{GreyImage, ImageSize};
use tempfile::TempDir;

use crate::binary::{check_status, demo, run, spinefairbench, stdout_json};
use crate::examples::shell;
use crate::signals::{n_trials, send, wait_until};
use server::{Reply, Server, faulty};

const KEY: &str = "sk-very-secret-0123456789";

/// A radiograph for each source of the demonstration bundle, by its id.
pub(crate) fn radiographs() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = TempDir::new().unwrap();
            let list = demo().root.join("dataset/qc_passed_pair_manifest.jsonl");
            let rows = fs::read_to_string(list).unwrap();
            let ids: BTreeSet<String> = rows
                .lines()
                .map(|line| {
                    let row: Value = serde_json::from_str(line).unwrap();
                    row["source_id"].as_str().unwrap().to_owned()
                })
                .collect();
            for (place, id) in ids.iter().enumerate() {
                let samples = (0..64).map(|n| u8::try_from((n * 37 + place) % 256).unwrap());
                let size = ImageSize::square(8).unwrap();
                let png = GreyImage::new(size, samples.collect()).unwrap().to_png().unwrap();
                fs::write(folder.path().join(format!("{id}.png")), png).unwrap();
            }
            folder
        })
        .path()
}

/// A call of `run` on the demonstration bundle.
fn call(server: &Server, scope: &str, output: &Path) -> Command {
    let mut command = call_without_model(scope, output);
    command.args(["--endpoint", &server.endpoint()]);
    command
}

fn call_without_model(scope: &str, output: &Path) -> Command {
    let mut command = spinefairbench();
    for variable in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
    ] {
        command.env_remove(variable);
    }
    command
        .args(["--quiet", "run", "--scope", scope, "--model", "my-vlm", "--artifacts"])
        .arg(&demo().root);
    command.arg("--sources").arg(radiographs()).arg("--output").arg(output);
    command.env("SOME_KEY", KEY);
    command
}

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let run = folder.path().join("runs/one");
    (folder, run)
}

pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn journal(run: &Path) -> Vec<Value> {
    lines(&run.join("journal.jsonl"))
}

fn submission(run: &Path) -> Value {
    serde_json::from_slice(&fs::read(run.join("submission.json")).unwrap()).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_run_becomes_a_submission_that_scores() {
    let server = Server::clean();
    let (folder, run_folder) = folder();
    let mut command = call(&server, "common-core-1000", &run_folder);
    command.args([
        "--temperature",
        "0",
        "--max-tokens",
        "800",
        "--set",
        "top_p=0.5",
        "--format",
        "json",
    ]);
    let output = command.output().unwrap();
    check_status(&output, 0);
    let found = stdout_json(&output);
    let n_reports = found["states"]["answered"].as_u64().unwrap();
    assert!(n_reports > 100 && found["states"]["missing"] == 0, "{found}");
    assert_eq!(server.n_seen() as u64, n_reports);
    let score = folder.path().join("score.json");
    let release = demo().release_path.to_str().unwrap();
    let scored = run([
        "score",
        "--artifacts",
        demo().root.to_str().unwrap(),
        "--release",
        release,
        "--submission",
        run_folder.join("submission.json").to_str().unwrap(),
        "--output",
        score.to_str().unwrap(),
        "--iterations",
        "10",
    ]);
    check_status(&scored, 0);
    let score: Value = serde_json::from_slice(&fs::read(score).unwrap()).unwrap();
    assert_eq!(score["coverage"]["coverage_complete"], true);
    // What is asked is the bundle's own text, and the settings that were given.
    let prompts: Value = serde_json::from_slice(
        &fs::read(demo().root.join("artifacts/freeze_runs/2026-04-09/canonical_definitions.json"))
            .unwrap(),
    )
    .unwrap();
    let first = &server.seen()[0];
    assert!(first.request_line.starts_with("POST /v1/chat/completions "), "{}", first.request_line);
    assert_eq!(first.authorization, None);
    let messages = &first.body["messages"];
    assert_eq!(messages[0]["content"], prompts["prompt_registry"]["system"]);
    assert_eq!(messages[1]["content"][0]["text"], prompts["prompt_registry"]["primary"]);
    let fields = ["model", "temperature", "max_tokens", "top_p"].map(|field| &first.body[field]);
    assert_eq!(fields, [&json!("my-vlm"), &json!(0.0), &json!(800), &json!(0.5)]);
    assert_eq!(first.body.get("seed"), None);
}

#[test]
fn every_image_arrives_byte_for_byte_and_is_asked_about_once() {
    let server = Server::clean();
    let (_folder, run_folder) = folder();
    check_status(&call(&server, "qc-passed", &run_folder).output().unwrap(), 0);
    let mut files = BTreeSet::new();
    let mut folders =
        vec![radiographs().to_owned(), demo().root.join("dataset/counterfactual_images")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(Sha256::of(&fs::read(path).unwrap()).to_string());
            }
        }
    }
    let seen = server.seen();
    let images: BTreeSet<String> = seen.iter().map(|seen| seen.image_sha256.clone()).collect();
    assert_eq!(images, files);
    assert_eq!(seen.len(), files.len());
    // The journal names the same requests and images.
    let of_journal: BTreeSet<(String, String)> = journal(&run_folder)
        .iter()
        .map(|line| {
            ["request_sha256", "image_sha256"]
                .map(|key| line[key].as_str().unwrap().to_owned())
                .into()
        })
        .collect();
    assert_eq!(
        of_journal,
        seen.into_iter().map(|seen| (seen.body_sha256, seen.image_sha256)).collect()
    );
}

#[test]
fn a_server_that_fails_one_request_in_five_costs_nothing_but_time() {
    let (_folder, undisturbed) = folder();
    let server = Server::start(faulty(false));
    check_status(&call(&server, "qc-passed", &undisturbed).output().unwrap(), 0);
    let (_other, disturbed) = folder();
    let server = Server::start(faulty(true));
    check_status(
        &call(&server, "qc-passed", &disturbed).arg("--concurrency").arg("32").output().unwrap(),
        0,
    );
    let bytes = |run: &Path| fs::read(run.join("submission.json")).unwrap();
    assert_eq!(bytes(&undisturbed), bytes(&disturbed));
    let journal = journal(&disturbed);
    assert_eq!(server.n_seen(), journal.len());
    assert!(journal.iter().filter(|line| line["outcome"] == "retried").count() > 30);
    check_states(&submission(&disturbed), &journal);
}

/// The counts of the submission are those of the journal; what is no report is none of its texts.
fn check_states(submission: &Value, journal: &[Value]) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for line in journal.iter().filter(|line| line["outcome"] == "settled") {
        *counts.entry(line["state"].as_str().unwrap()).or_default() += 1;
    }
    let stated = submission["model"]["run"]["states"].as_object().unwrap();
    assert_eq!(stated.len(), 6);
    for (state, count) in stated {
        assert_eq!(
            count.as_u64().unwrap(),
            counts.get(state.as_str()).copied().unwrap_or(0),
            "{state}"
        );
    }
    for state in ["answered", "truncated", "filtered", "empty"] {
        assert!(counts.get(state).is_some_and(|count| *count > 0), "{state}: {counts:?}");
    }
    for result in submission["results"].as_array().unwrap() {
        for side in ["source", "counterfactual"] {
            let state = result[format!("{side}_state")].as_str().unwrap_or("answered");
            let side = format!("{side}_report");
            if !["answered", "truncated"].contains(&state) {
                assert!(result[&side].is_null(), "{result}");
                continue;
            }
            assert!(
                result[&side].as_str().unwrap().starts_with("Osteophytes at L4, reading "),
                "{result}"
            );
        }
    }
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_with_the_same_submission() {
    let is_long = std::env::var_os("RUN_SLOW_TESTS").is_some();
    let repeats = if is_long { "7" } else { "1" };
    let (_folder, undisturbed) = folder();
    let clean = Server::start(faulty(false));
    let start = |server: &Server, run: &Path| {
        let mut command = call(server, "qc-passed", run);
        command.args(["--repeats", repeats, "--concurrency", "16"]);
        command
    };
    check_status(&start(&clean, &undisturbed).output().unwrap(), 0);
    let n_reports = clean.n_seen();
    assert!(n_reports >= if is_long { 2000 } else { 200 }, "{n_reports}");
    let server = Server::start(faulty(true));
    let (_other, disturbed) = folder();
    let n_kills = 10;
    for kill in 0..n_kills {
        let target = n_reports * (kill + 1) / (n_kills + 2);
        let mut child = start(&server, &disturbed).arg("--resume").spawn().unwrap();
        wait_until(&mut child, || server.n_seen() >= target);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // What was on its way to the server when the last process was killed arrives, or never will.
    std::thread::sleep(Duration::from_millis(200));
    check_status(&start(&server, &disturbed).arg("--resume").output().unwrap(), 0);
    let bytes = |run: &Path| fs::read(run.join("submission.json")).unwrap();
    assert_eq!(bytes(&undisturbed), bytes(&disturbed));
    let journal = journal(&disturbed);
    let n_interrupted = journal.iter().filter(|line| line["outcome"] == "interrupted").count();
    // A process that is killed between the note and the line has noted a request that never left.
    assert_eq!(lines(&disturbed.join("sent.jsonl")).len(), journal.len());
    assert!(server.n_seen() <= journal.len() && journal.len() - server.n_seen() <= n_interrupted);
    assert!(n_interrupted <= n_kills * 16, "{n_interrupted}");
    // Nothing that was answered is asked for again.
    let mut settled = BTreeSet::new();
    for line in &journal {
        let report = ["side", "name", "repeat"].map(|key| line[key].to_string());
        assert!(!settled.contains(&report), "{line}");
        if line["outcome"] == "settled" {
            settled.insert(report);
        }
    }
    assert_eq!(settled.len(), n_reports);
    let mut attempts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &journal {
        *attempts.entry(line["request_sha256"].as_str().unwrap()).or_default() += 1;
    }
    let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
    for seen in server.seen() {
        *arrived.entry(seen.body_sha256).or_default() += 1;
    }
    for (request, count) in arrived {
        assert!(attempts[request.as_str()] >= count, "{request}");
    }
}

/// Every file below `folder`, and what was printed.
fn check_no_key(folder: &Path, output: &Output) {
    let mut folders = vec![folder.to_owned()];
    let mut n_files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                assert!(!text.contains(KEY), "{}", path.display());
                n_files += 1;
            }
        }
    }
    assert!(n_files > 2);
    for stream in [&output.stdout, &output.stderr] {
        assert!(!String::from_utf8_lossy(stream).contains(KEY));
    }
}

#[test]
fn the_key_goes_to_the_endpoint_and_into_nothing_that_is_written() {
    // A server that quotes what it was sent, in every place that is written down.
    let quoting = |seen: &server::Seen, n_before: usize| {
        let quoted = seen.authorization.clone().unwrap_or_default();
        match (n_before, seen.body_sha256.as_bytes()[0] % 4) {
            (0, 0) => {
                Reply::Whole(500, String::new(), json!({"error": {"message": quoted}}).to_string())
            }
            (_, 1) => Reply::Whole(400, String::new(), quoted),
            _ => Reply::completion(
                &json!({"content": format!("Osteophytes. {quoted}")}),
                &json!(quoted),
            ),
        }
    };
    let server = Server::start(quoting);
    let (folder, run_folder) = folder();
    let mut command = call(&server, "common-core-1000", &run_folder);
    let output = command.args(["--api-key-env", "SOME_KEY"]).output().unwrap();
    check_status(&output, 1);
    let expected = format!("Bearer {KEY}");
    assert!(server.seen().iter().all(|seen| seen.authorization.as_deref() == Some(&expected)));
    check_no_key(folder.path(), &output);
    assert!(fs::read_to_string(run_folder.join("journal.jsonl")).unwrap().contains("[key]"));
    let debug = run(["run", "--help"]);
    assert!(!String::from_utf8_lossy(&debug.stdout).contains(KEY));
}

#[test]
fn a_redirect_is_not_followed_and_a_refused_key_ends_the_run() {
    let other = Server::clean();
    let target = other.endpoint();
    let (folder, run_folder) = folder();
    let server = Server::start(move |_, _| {
        Reply::Whole(
            307,
            format!("Location: {target}/chat/completions?key={KEY}\r\n"),
            String::new(),
        )
    });
    let mut command = call(&server, "common-core-1000", &run_folder);
    let output = command.args(["--api-key-env", "SOME_KEY"]).output().unwrap();
    check_status(&output, 2);
    assert!(errors(&output).contains("answers with a redirect (307)"), "{}", errors(&output));
    assert_eq!(other.n_seen(), 0);
    check_no_key(folder.path(), &output);
    let server = Server::start(|seen, _| {
        let text = format!("incorrect key {}", seen.authorization.clone().unwrap_or_default());
        Reply::Whole(401, String::new(), json!({"error": {"message": text}}).to_string())
    });
    let mut command = call(&server, "common-core-1000", &run_folder);
    let output = command.args(["--api-key-env", "SOME_KEY", "--resume"]).output().unwrap();
    check_status(&output, 2);
    // Those that were in flight, and not a request for each of hundreds of images.
    assert!(server.n_seen() <= 8, "{}", server.n_seen());
    assert!(
        errors(&output).contains("status 401: incorrect key Bearer [key]"),
        "{}",
        errors(&output)
    );
    assert!(!run_folder.join("submission.json").exists());
    check_no_key(folder.path(), &output);
}

#[test]
fn a_key_does_not_go_over_a_line_that_others_can_read() {
    let (_folder, run_folder) = folder();
    let mut command = call_without_model("common-core-1000", &run_folder);
    command.args(["--endpoint", "http://models.example.org/v1", "--api-key-env", "SOME_KEY"]);
    let output = command.output().unwrap();
    check_status(&output, 2);
    assert!(errors(&output).contains("over a line that others can read"), "{}", errors(&output));
    assert!(!run_folder.exists());
}

#[test]
fn a_proxy_of_the_environment_is_used_unless_the_host_is_exempt() {
    let proxy = Server::clean();
    let (_folder, run_folder) = folder();
    let mut command = call_without_model("common-core-1000", &run_folder);
    command.args(["--endpoint", "http://models.invalid/v1"]).env("http_proxy", &proxy.address);
    check_status(&command.output().unwrap(), 0);
    let seen = proxy.seen();
    assert!(
        seen[0].request_line.starts_with("POST http://models.invalid/v1/chat/completions "),
        "{}",
        seen[0].request_line
    );
    let (_other, second) = folder();
    let server = Server::clean();
    let n_before = proxy.n_seen();
    let mut command = call(&server, "common-core-1000", &second);
    command.env("http_proxy", &proxy.address).env("no_proxy", "127.0.0.1");
    check_status(&command.output().unwrap(), 0);
    assert_eq!((proxy.n_seen(), server.n_seen()), (n_before, n_before));
}

#[test]
fn a_run_that_is_there_goes_on_only_as_the_same_run() {
    let server = Server::clean();
    let (_folder, run_folder) = folder();
    check_status(
        &call(&server, "common-core-1000", &run_folder).args(["--limit", "10"]).output().unwrap(),
        1,
    );
    assert_eq!(server.n_seen(), 10);
    let again = call(&server, "common-core-1000", &run_folder).output().unwrap();
    check_status(&again, 2);
    assert!(errors(&again).contains("there is a run in"), "{}", errors(&again));
    let other = call(&server, "common-core-1000", &run_folder)
        .args(["--resume", "--temperature", "0.5"])
        .output()
        .unwrap();
    check_status(&other, 2);
    assert!(errors(&other).contains("`temperature` was `null` and is `0.5`"), "{}", errors(&other));
    assert_eq!(server.n_seen(), 10);
    // Another address of the same model is no other run.
    let moved = Server::clean();
    check_status(
        &call(&moved, "common-core-1000", &run_folder).arg("--resume").output().unwrap(),
        0,
    );
    assert_eq!(moved.n_seen() + 10, journal(&run_folder).len());
    check_status(
        &call(&moved, "common-core-1000", &run_folder).arg("--resume").output().unwrap(),
        0,
    );
    assert_eq!(moved.n_seen() + 10, journal(&run_folder).len());
}

#[test]
fn what_failed_is_taken_up_again_and_nothing_else() {
    let server = Server::start(|seen, _| match seen.body_sha256.as_bytes()[0] % 4 {
        0 => Reply::Whole(422, String::new(), json!({"detail": "no"}).to_string()),
        1 => Reply::completion(&json!({"content": ""}), &json!("stop")),
        _ => Reply::report(seen),
    });
    let (_folder, run_folder) = folder();
    check_status(&call(&server, "common-core-1000", &run_folder).output().unwrap(), 1);
    let n_failed = submission(&run_folder)["model"]["run"]["states"]["failed"].as_u64().unwrap();
    assert!(n_failed > 5);
    let mended = Server::clean();
    check_status(
        &call(&mended, "common-core-1000", &run_folder).arg("--retry-failed").output().unwrap(),
        0,
    );
    assert_eq!(mended.n_seen() as u64, n_failed);
    let states = submission(&run_folder)["model"]["run"]["states"].clone();
    assert!(states["failed"] == 0 && states["empty"].as_u64().unwrap() > 5, "{states}");
}

#[test]
fn a_second_process_is_refused_and_a_signal_ends_with_the_call_that_goes_on() {
    let slow = Server::start(|seen, _| {
        Reply::Late(Duration::from_millis(100), Box::new(Reply::report(seen)))
    });
    for signal in ["-INT", "-TERM"].into_iter().take(n_trials(1) as usize) {
        let (folder, run_folder) = folder();
        let n_before = slow.n_seen();
        let mut command = call(&slow, "common-core-1000", &run_folder);
        command.args(["--concurrency", "2"]);
        // Notes are wanted here.
        let words: Vec<_> = command.get_args().skip(1).map(ToOwned::to_owned).collect();
        command = spinefairbench();
        command
            .args(words)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        wait_until(&mut child, || slow.n_seen() >= n_before + 5);
        let second = call(&slow, "common-core-1000", &run_folder).arg("--resume").output().unwrap();
        check_status(&second, 2);
        assert!(errors(&second).contains("is being written by process"), "{}", errors(&second));
        send(signal, &child);
        let output = child.wait_with_output().unwrap();
        check_status(&output, 2);
        let errors = errors(&output);
        let call = errors.lines().find_map(|line| line.strip_prefix("  spinefairbench ")).unwrap();
        assert!(call.contains("--resume") && errors.ends_with("error: interrupted\n"), "{errors}");
        // Whatever was in flight was waited for.
        assert!(journal(&run_folder).iter().all(|line| line["outcome"] == "settled"));
        let rest = shell(&format!("spinefairbench {call}"), folder.path()).output().unwrap();
        check_status(&rest, 0);
        assert_eq!(slow.n_seen() - n_before, journal(&run_folder).len());
    }
}

#[test]
fn every_image_that_cannot_be_sent_is_named_before_the_first_request() {
    let server = Server::clean();
    let (folder, run_folder) = folder();
    let sources = folder.path().join("sources");
    fs::create_dir(&sources).unwrap();
    let mut names: Vec<PathBuf> =
        fs::read_dir(radiographs()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for (place, path) in names.iter().enumerate() {
        let target = sources.join(path.file_name().unwrap());
        match place {
            0 => {}
            1 => fs::write(target, "").unwrap(),
            2 => fs::write(target, &fs::read(path).unwrap()[..40]).unwrap(),
            _ => {
                fs::copy(path, target).unwrap();
            }
        }
    }
    let mut command = call(&server, "qc-passed", &run_folder);
    command.arg("--sources").arg(&sources);
    let words: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let mut kept = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        if word == "--sources" && words.peek().is_some_and(|path| path == radiographs().as_os_str())
        {
            words.next();
        } else {
            kept.push(word);
        }
    }
    let output = spinefairbench().args(kept).output().unwrap();
    check_status(&output, 1);
    let errors = errors(&output);
    assert_eq!(
        errors.lines().filter(|line| line.starts_with("error: source ")).count(),
        3,
        "{errors}"
    );
    for problem in ["has no `", "is empty", "is a damaged PNG"] {
        assert!(errors.contains(problem), "{errors}");
    }
    assert_eq!(server.n_seen(), 0);
    assert!(!run_folder.exists());
}

#[test]
fn a_run_stops_before_it_costs_more_than_it_may() {
    let server = Server::clean();
    let (_folder, run_folder) = folder();
    let prices = ["--price-in", "1000", "--price-out", "1000", "--concurrency", "4"];
    // Each answer has 1,140 tokens.
    let output = call(&server, "common-core-1000", &run_folder)
        .args(prices)
        .args(["--max-cost", "30"])
        .output()
        .unwrap();
    check_status(&output, 2);
    assert!(errors(&output).contains("more would cost more than 30"), "{}", errors(&output));
    let n_asked = server.n_seen();
    assert!((20..=26).contains(&n_asked), "{n_asked}");
    // What was spent before counts.
    let output = call(&server, "common-core-1000", &run_folder)
        .args(prices)
        .args(["--max-cost", "30", "--resume"])
        .output()
        .unwrap();
    check_status(&output, 2);
    assert!(server.n_seen() <= 26);
}

#[test]
fn a_look_ahead_sends_and_writes_nothing() {
    let server = Server::clean();
    let (_folder, run_folder) = folder();
    let mut command = call(&server, "common-core-1000", &run_folder);
    let output = command
        .args(["--dry-run", "--format", "json", "--price-in", "1", "--price-out", "2"])
        .output()
        .unwrap();
    check_status(&output, 0);
    let found = stdout_json(&output);
    assert!(
        found["requests"].as_u64().unwrap() > 100 && found["cost"].as_f64().unwrap() > 0.0,
        "{found}"
    );
    assert_eq!(found["requests"], found["images"]);
    assert_eq!(server.n_seen(), 0);
    assert!(!run_folder.exists());
}

#[test]
fn a_program_answers_in_place_of_a_server() {
    let (folder, run_folder) = folder();
    let script = folder.path().join("model.sh");
    // Reads the image that it is given, and answers with its length.
    fs::write(
        &script,
        concat!(
            "while IFS= read -r line; do\n",
            "  id=$(printf '%s' \"$line\" | sed 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/')\n",
            "  image=$(printf '%s' \"$line\" | sed 's/.*\"image\":\"\\([^\"]*\\)\".*/\\1/')\n",
            "  size=$(wc -c < \"$image\")\n",
            "  printf '{\"id\":\"%s\",\"text\":\"Osteophytes, %s bytes.\"}\\n' \"$id\" \"$size\"\n",
            "done\n",
        ),
    )
    .unwrap();
    let mut command = call_without_model("common-core-1000", &run_folder);
    check_status(&command.args(["--command", "sh"]).arg(&script).output().unwrap(), 0);
    let report =
        submission(&run_folder)["results"][0]["source_report"].as_str().unwrap().to_owned();
    assert!(report.starts_with("Osteophytes, ") && report.ends_with(" bytes."), "{report}");
    for (text, problem) in [
        ("echo loading; sleep 5", "wrote a line that is no answer"),
        ("read line; exit 3", "ended before it had answered"),
    ] {
        let (_other, run_folder) = self::folder();
        let mut command = call_without_model("common-core-1000", &run_folder);
        let output = command.args(["--command", "sh", "-c", text]).output().unwrap();
        check_status(&output, 2);
        assert!(errors(&output).contains(problem), "{}", errors(&output));
    }
}
