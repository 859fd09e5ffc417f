//! Faults that need something of the system: a small file system, another user, a terminal, a proxy. Where the system does not
//! give it, the test says so on standard error and what it did instead.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::binary::{bundle, check_status, fixture, mini, spinefairbench};

/// The user and group `nobody` of most systems; any that is not the superuser will do.
const NOBODY: u32 = 65_534;

fn is_superuser() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A file system of its own in memory; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount(folder: &Path, size: &str) -> Option<Self> {
        let place = folder.join("disk");
        fs::create_dir(&place).unwrap();
        let options = format!("size={size},mode=777");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&place).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success()).then_some(Self(place))
    }

    fn grow(&self, size: &str) {
        let options = format!("remount,size={size}");
        let status = Command::new("mount").args(["-o", &options]).arg(&self.0).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A release description in `folder` that pins the archive of the mini bundle.
fn pinned(folder: &Path) -> String {
    let bytes = fs::read(fixture("checks", "mini.tar.gz")).unwrap();
    let mut description: Value =
        serde_json::from_slice(&fs::read(fixture("checks", "mini.release.json")).unwrap()).unwrap();
    let digest = spinefairbench_artifacts::digest::Sha256::of(&bytes);
    description["artifact_archive"]["size_bytes"] = bytes.len().into();
    description["artifact_archive"]["sha256"] = digest.to_string().into();
    let release = folder.join("release.json");
    fs::write(&release, description.to_string()).unwrap();
    release.to_str().unwrap().to_owned()
}

fn fetch(release: &str, out: &Path) -> Vec<String> {
    let archive = fixture("checks", "mini.tar.gz");
    ["--quiet", "fetch", "--archive", archive.to_str().unwrap(), "--release", release, "--out"]
        .map(str::to_owned)
        .into_iter()
        .chain([out.to_str().unwrap().to_owned()])
        .collect()
}

#[test]
fn a_file_system_that_fills_up_leaves_nothing_of_an_extraction() {
    let folder = tempfile::tempdir().unwrap();
    let release = pinned(folder.path());
    // The bundle has three megabytes in 2,864 files.
    let Some(disk) = SmallDisk::mount(folder.path(), "2m") else {
        eprintln!(
            "no tmpfs may be mounted here: a limit on file sizes stands in for the full disk"
        );
        let out = folder.path().join("out");
        let script = "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_spinefairbench")]);
        let output = command.args(fetch(&release, &out)).output().unwrap();
        check_status(&output, 2);
        assert_eq!(entries(&out), Vec::<String>::new());
        return;
    };
    let out = disk.0.join("out");
    let output = spinefairbench().args(fetch(&release, &out)).output().unwrap();
    check_status(&output, 2);
    let errors = text(&output.stderr);
    assert!(errors.contains("no space left"), "{errors}");
    assert_eq!(entries(&out), Vec::<String>::new(), "something was left: {errors}");
    // A report that does not fit is not there either.
    let filler = disk.0.join("filler");
    let _ = fs::write(&filler, vec![1; 2 << 20]);
    let verdict = disk.0.join("verdict.json");
    let mut command = spinefairbench();
    command.args(["verify", "--artifacts", mini().0, "--release", mini().1, "--json"]);
    let output = command.arg(&verdict).output().unwrap();
    check_status(&output, 2);
    assert!(text(&output.stderr).contains("verdict.json"), "{}", text(&output.stderr));
    assert_eq!(entries(&disk.0), ["filler", "out"]);
    // With room again, the same call ends well.
    fs::remove_file(filler).unwrap();
    disk.grow("64m");
    check_status(&spinefairbench().args(fetch(&release, &out)).output().unwrap(), 0);
    let root = out.join("artifacts");
    let mut command = spinefairbench();
    command.arg("verify").arg("--release").arg(fixture("checks", "mini.release.json"));
    command.arg("--artifacts").arg(root);
    check_status(&command.output().unwrap(), 0);
}

#[test]
fn a_file_system_that_may_only_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let release = pinned(folder.path());
    let Some(disk) = SmallDisk::mount(folder.path(), "64m") else {
        eprintln!("no tmpfs may be mounted here: a read-only file system was not tried");
        return;
    };
    let status = Command::new("mount").args(["-o", "remount,ro"]).arg(&disk.0).status();
    assert!(status.unwrap().success());
    for arguments in [
        fetch(&release, &disk.0.join("out")),
        ["--quiet", "demo", "--out", disk.0.join("bundle").to_str().unwrap()]
            .map(str::to_owned)
            .into(),
    ] {
        let output = spinefairbench().args(&arguments).output().unwrap();
        check_status(&output, 2);
        let errors = text(&output.stderr);
        assert!(errors.contains("Read-only file system"), "{errors}");
    }
}

/// The binary, called by a user who is bound by permissions. `folder` holds all that the call needs.
fn as_bound_user(folder: &Path) -> Command {
    let binary = folder.join("spinefairbench");
    let built = Path::new(env!("CARGO_BIN_EXE_spinefairbench"));
    fs::hard_link(built, &binary).or_else(|_| fs::copy(built, &binary).map(drop)).unwrap();
    let mut command = Command::new(binary);
    command.stdin(Stdio::null()).current_dir(folder);
    if is_superuser() {
        eprintln!(
            "run by the superuser, whom no permission stops: the command runs as user {NOBODY}"
        );
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[test]
fn files_and_folders_that_may_not_be_read_are_findings() {
    for (path, code) in [
        ("README.md", "file_unreadable"),
        ("metrics", "file_unreadable"),
        ("SHA256SUMS.txt", "file_unreadable"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        // The bundle of all tests must keep its permissions, so nothing is shared with it.
        let root = folder.path().join("bundle");
        let status = Command::new("cp").arg("-r").args([mini().0]).arg(&root).status().unwrap();
        assert!(status.success());
        let release = folder.path().join("release.json");
        fs::copy(mini().1, &release).unwrap();
        let mut command = as_bound_user(folder.path());
        let hidden = root.join(path);
        fs::set_permissions(&hidden, fs::Permissions::from_mode(0o000)).unwrap();
        if is_superuser() {
            chown(&hidden, Some(0), Some(0)).unwrap();
        }
        command.args(["verify", "--artifacts", "bundle", "--release", "release.json"]);
        let output = command.args(["--format", "json"]).output().unwrap();
        fs::set_permissions(&hidden, fs::Permissions::from_mode(0o755)).unwrap();
        check_status(&output, 1);
        let suite: Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = suite["result"]["checks"].as_array().unwrap();
        let found = checks.iter().flat_map(|check| check["findings"].as_array().unwrap());
        let of_file = |finding: &&Value| {
            finding["code"] == code && finding["path"].as_str().unwrap_or_default() == path
        };
        let finding = found.into_iter().find(of_file).unwrap_or_else(|| panic!("{path}: {suite}"));
        assert!(finding["actual"].as_str().unwrap().contains("Permission denied"), "{finding}");
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = as_bound_user(folder.path());
    let place = folder.path().join("closed");
    fs::create_dir(&place).unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o555)).unwrap();
    let output = command.args(["--quiet", "demo", "--out", "closed/bundle"]).output().unwrap();
    check_status(&output, 2);
    assert!(text(&output.stderr).contains("Permission denied"), "{}", text(&output.stderr));
    assert_eq!(entries(&place), Vec::<String>::new());
}

/// Runs a line of shell on a terminal of 40 columns and gives what appeared on it.
fn on_a_terminal(line: &str) -> Option<Output> {
    let script = format!("stty cols 40 rows 24; {line}");
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &script, "/dev/null"]);
    command.env("TERM", "xterm").env_remove("NO_COLOR").env_remove("COLUMNS");
    match command.stdin(Stdio::null()).output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!("`script` cannot be run ({error}): no terminal was tried");
            None
        }
    }
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "`script` takes other options elsewhere")]
fn on_a_terminal_of_40_columns_everything_is_said() {
    let binary = env!("CARGO_BIN_EXE_spinefairbench");
    let (root, release) = mini();
    let verify = format!("'{binary}' verify --artifacts '{root}' --release '{release}'");
    let Some(output) = on_a_terminal(&verify) else { return };
    check_status(&output, 0);
    let shown = text(&output.stdout);
    assert!(shown.contains("consistent: all 11 checks pass"), "{shown}");
    assert!(shown.contains("\u{1b}["), "a terminal has colours: {shown:?}");
    let plain = on_a_terminal(&format!("NO_COLOR=1 {verify}")).unwrap();
    check_status(&plain, 0);
    assert!(!text(&plain.stdout).contains("\u{1b}[3"), "{:?}", text(&plain.stdout));
    let help = on_a_terminal(&format!("'{binary}' verify --help")).unwrap();
    check_status(&help, 0);
    // Words are broken between, never within: only a line of one long word may be wider.
    for line in text(&help.stdout).lines().map(without_escapes) {
        let is_one_word = !line.trim().contains(' ');
        assert!(line.chars().count() <= 40 || is_one_word, "{line:?}");
    }
    let table =
        on_a_terminal(&format!("'{binary}' table2 --artifacts '{root}' --release '{release}'"));
    let table = table.unwrap();
    check_status(&table, 0);
    assert!(text(&table.stdout).contains("gpt-5.4"), "{}", text(&table.stdout));
}

/// A line without the sequences that colour it.
fn without_escapes(line: &str) -> String {
    let mut parts = line.trim_end().split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |line, part| line + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
fn a_clock_in_1970_changes_nothing_but_the_time_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let score = |name: &str, seconds: &str| {
        let submission = format!("{}/metrics/toy_submission.json", mini().0);
        let mut command = spinefairbench();
        command.args(["score", "--artifacts", mini().0, "--submission", &submission, "--output"]);
        command.arg(folder.path().join(name)).args(["--bootstrap-iterations", "100"]);
        check_status(&command.env("SOURCE_DATE_EPOCH", seconds).output().unwrap(), 0);
        let bytes = fs::read(folder.path().join(name)).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let (mut early, late) = (score("early.json", "0"), score("late.json", "4102444800"));
    assert_eq!(early["scored_at_utc"], "1970-01-01T00:00:00+00:00");
    early["scored_at_utc"] = late["scored_at_utc"].clone();
    assert_eq!(early, late);
    // Files whose times lie before 1970 and far ahead.
    let root = bundle(folder.path());
    for (path, time) in [("README.md", "1901-12-14"), ("benchmark_card.md", "2400-01-01")] {
        let bytes = fs::read(root.join(path)).unwrap();
        fs::remove_file(root.join(path)).unwrap();
        fs::write(root.join(path), bytes).unwrap();
        let status = Command::new("touch").args(["-d", time]).arg(root.join(path)).status();
        assert!(status.unwrap().success());
    }
    let mut command = spinefairbench();
    command.args(["verify", "--release", mini().1, "--artifacts"]).arg(&root);
    check_status(&command.output().unwrap(), 0);
}

/// A proxy that opens the lines it is asked for to one address, and keeps what it was asked.
struct Proxy {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (kept, server) = (Arc::clone(&kept), server.clone());
                thread::spawn(move || drop(tunnel(client, &server, &kept)));
            }
        });
        Self { address, requests }
    }
}

fn tunnel(mut client: TcpStream, server: &str, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    kept.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
    let mut server = TcpStream::connect(server)?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || std::io::copy(&mut from, &mut to));
    std::io::copy(&mut server, &mut client).map(drop)
}

/// A server of TLS with a certificate that nobody has signed; ended when dropped.
struct Interceptor(Child);

impl Drop for Interceptor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `None` where there is no `openssl`.
fn interceptor(folder: &Path) -> Option<(Interceptor, String)> {
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]);
    command.args(["-subj", "/CN=huggingface.co", "-addext", "subjectAltName=DNS:huggingface.co"]);
    command.arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    if !command.output().is_ok_and(|output| output.status.success()) {
        eprintln!("no certificate can be made with `openssl`: an interceptor was not tried");
        return None;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("openssl");
    command.args(["s_server", "-quiet", "-accept", &port.to_string(), "-key"]).arg(&key);
    command.arg("-cert").arg(&certificate).stdin(Stdio::piped());
    command.stdout(fs::File::create(folder.join("received")).unwrap()).stderr(Stdio::null());
    let server = Interceptor(command.spawn().unwrap());
    let address = format!("127.0.0.1:{port}");
    let start = Instant::now();
    while TcpStream::connect(&address).is_err() {
        assert!(start.elapsed() < Duration::from_mins(1), "the server does not listen");
        thread::sleep(Duration::from_millis(20));
    }
    Some((server, address))
}

/// A proxy that opens TLS shows a certificate of its own; the token must not get to it.
#[test]
fn a_proxy_that_opens_tls_is_refused_and_sees_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let Some((_server, address)) = interceptor(folder.path()) else { return };
    let proxy = Proxy::to(address);
    let out = folder.path().join("out");
    let mut command = spinefairbench();
    command.args(["--quiet", "fetch", "--endpoint", "https://huggingface.co", "--release"]);
    command.args([&pinned(folder.path()), "--out", out.to_str().unwrap()]);
    command.env("HTTPS_PROXY", &proxy.address).env("https_proxy", &proxy.address);
    command.env("HF_TOKEN", "hf_a_secret_for_this_test").env_remove("NO_PROXY");
    let start = Instant::now();
    let output = command.env_remove("no_proxy").output().unwrap();
    // A certificate does not get better by asking again: no pauses of a minute in all.
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    check_status(&output, 2);
    let errors = text(&output.stderr);
    assert!(errors.to_lowercase().contains("certificate"), "{errors}");
    assert!(!errors.contains("a_secret"), "{errors}");
    let requests = proxy.requests.lock().unwrap();
    assert!(!requests.is_empty(), "the proxy was not asked: {errors}");
    for request in requests.iter() {
        assert!(request.starts_with("CONNECT huggingface.co:443"), "{request}");
        assert!(!request.contains("a_secret"), "{request}");
    }
    let received = fs::read(folder.path().join("received")).unwrap();
    assert!(!String::from_utf8_lossy(&received).contains("a_secret"));
    assert!(!out.join("artifacts").exists());
}
