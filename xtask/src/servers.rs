//! `cargo xtask servers`: `spinefairbench run` against servers that others wrote.
//!
//! Each comes from its published package, pinned, into an environment below the cache folder, and is started on a free port of this machine.
//! What is installed on first use: LiteLLM's proxy (half a minute), errorworks (seconds, needs Python 3.12) and, only if it is named, `transformers
//! serve` with PyTorch (about 5 GB). `docs/run.md` says which versions ran.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure as require};
use serde_json::Value;

use crate::programs::{self, COMMAND, Profile};
use crate::{ExitStatus, venv};

const KEY: &str = "sk-key-of-cargo-xtask-servers";
/// How long a server may take until it listens.
const START: Duration = Duration::from_mins(5);

/// Which servers.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// This server alone: `litellm`, `errorworks` or `transformers`; without it the first two.
    #[arg(long, value_name = "SERVER")]
    only: Vec<String>,
}

struct Server {
    name: &'static str,
    /// What pip installs, and the oldest Python that can run it.
    packages: &'static [&'static str],
    python: &'static str,
    prove: fn(&Setting, &Path) -> Result<()>,
}

const SERVERS: [Server; 3] = [
    Server {
        name: "litellm",
        packages: &["litellm[proxy]==1.108.7"],
        python: "python3",
        prove: litellm,
    },
    Server {
        name: "errorworks",
        packages: &["errorworks==0.2.0"],
        python: "python3.12",
        prove: errorworks,
    },
    Server {
        name: "transformers",
        packages: &["transformers[serving]==5.24.0", "torch==2.15.0", "torchvision==0.29.2"],
        python: "python3",
        prove: transformers,
    },
];

/// What every server is asked about.
struct Setting {
    command: PathBuf,
    folder: PathBuf,
    cache: PathBuf,
}

/// Asks each server, and says how it went.
pub(crate) fn run(root: &Path, options: &Options) -> Result<ExitStatus> {
    for name in &options.only {
        let known = SERVERS.map(|server| server.name).join(", ");
        require!(
            known.split(", ").any(|known| known == name),
            "there is no server `{name}` (servers: {known})"
        );
    }
    let is_wanted = |server: &&Server| match options.only.as_slice() {
        [] => server.name != "transformers",
        names => names.iter().any(|name| name == server.name),
    };
    let [command] = programs::build(root, [COMMAND], Profile::Tests)?;
    let folder = tempfile::tempdir().context("making a folder")?;
    let cache = spinefairbench_cli::cache_folder()?;
    let setting = Setting { command, folder: folder.path().to_owned(), cache };
    setting.prepare()?;
    let mut status = ExitStatus::Fine;
    for server in SERVERS.iter().filter(is_wanted) {
        let named = server.packages[0];
        let python = venv::python_by(server.python, &setting.cache, server.packages);
        match python.map(|python| (server.prove)(&setting, &python)) {
            Err(error) => println!("== SKIPPED: {named} cannot be installed: {error:#}"),
            Ok(Ok(())) => println!("== {named}: as expected"),
            Ok(Err(error)) => {
                println!("== {named}: {error:#}");
                status = ExitStatus::Failed;
            }
        }
    }
    Ok(status)
}

impl Setting {
    /// The demonstration bundle, and an edited image of each source in place of the radiograph.
    fn prepare(&self) -> Result<()> {
        let bundle = self.folder.join("demo");
        let mut demo = Command::new(&self.command);
        let built =
            demo.args(["--quiet", "demo", "--out"]).arg(&bundle).stdout(Stdio::null()).status();
        require!(built.context("building the bundle")?.success(), "the bundle could not be built");
        let sources = self.folder.join("sources");
        fs::create_dir(&sources).context("making a folder")?;
        for entry in
            fs::read_dir(bundle.join("dataset/counterfactual_images")).context("listing images")?
        {
            let entry = entry.context("listing images")?;
            let mut images = fs::read_dir(entry.path()).context("listing images")?;
            let image =
                images.next().context("a source without images")?.context("listing images")?;
            let name = format!("{}.png", entry.file_name().to_string_lossy());
            fs::copy(image.path(), sources.join(name)).context("copying an image")?;
        }
        Ok(())
    }

    /// `run` against `url`, in a folder of its own.
    fn ask(&self, url: &str, model: &str, key: &str, options: &[&str]) -> Result<Asked> {
        let name = format!(
            "{}-{}",
            url.rsplit(':').next().unwrap_or_default().replace('/', ""),
            key.len()
        );
        let output = self.folder.join("runs").join(name).join(model.replace('/', "_"));
        let mut command = Command::new(&self.command);
        command.args(["--quiet", "run", "--scope", "common-core-1000", "--format", "json"]);
        command.arg("--artifacts").arg(self.folder.join("demo"));
        command.arg("--sources").arg(self.folder.join("sources"));
        command.arg("--output").arg(&output);
        command.args(["--endpoint", url, "--model", model, "--api-key-env", "SERVERS_KEY"]);
        command.args(options).env("SERVERS_KEY", key).env("no_proxy", "127.0.0.1");
        let done = command.output().context("running `spinefairbench run`")?;
        let journal = fs::read_to_string(output.join("journal.jsonl")).unwrap_or_default();
        let lines = journal.lines().map(serde_json::from_str);
        Ok(Asked {
            status: done.status.code().unwrap_or(-1),
            errors: String::from_utf8_lossy(&done.stderr).into_owned(),
            journal: lines.collect::<Result<_, _>>().context("reading the journal")?,
            submission: output.join("submission.json"),
        })
    }
}

/// What came of it.
struct Asked {
    status: i32,
    errors: String,
    journal: Vec<Value>,
    submission: PathBuf,
}

impl Asked {
    /// Reports by state.
    fn states(&self) -> BTreeMap<&str, usize> {
        let mut states = BTreeMap::new();
        for line in self.journal.iter().filter(|line| line["outcome"] == "settled") {
            *states.entry(line["state"].as_str().unwrap_or_default()).or_default() += 1;
        }
        states
    }

    /// How many attempts were made again, each with its status.
    fn retried(&self) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        for line in self.journal.iter().filter(|line| line["outcome"] == "retried") {
            *counts.entry(line["status"].as_u64().unwrap_or_default()).or_default() += 1;
        }
        counts
    }

    fn expect(&self, case: &str, status: i32, reports: &[(&str, usize)]) -> Result<()> {
        let expected: BTreeMap<&str, usize> = reports.iter().copied().collect();
        let found = self.states();
        println!("   {case}: {found:?}, asked again by status {:?}", self.retried());
        require!(
            (self.status, &found) == (status, &expected),
            "{case}: expected status {status} and {expected:?}, found {} and {found:?}: {}",
            self.status,
            self.errors
        );
        require!(!self.errors.contains(KEY), "{case}: the key stands in a message");
        Ok(())
    }
}

/// A server that ends with this value.
struct Running {
    child: Child,
    port: u16,
}

impl Running {
    fn start(command: &mut Command, port: u16) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("starting {command:?}"))?;
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = child.try_wait().context("waiting for a server")? {
                bail!("{command:?} ended with {status}");
            }
            if since.elapsed() > START {
                let _ = child.kill();
                bail!("{command:?} did not listen within {} s", START.as_secs());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(Self { child, port })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(listener.local_addr().context("looking for a free port")?.port())
}

/// A program beside an environment's Python.
fn beside(python: &Path, name: &str) -> PathBuf {
    python.with_file_name(name)
}

const LIMIT: [&str; 6] = ["--limit", "40", "--attempts", "30", "--patience", "600"];

fn litellm(setting: &Setting, python: &Path) -> Result<()> {
    let config = setting.folder.join("litellm.yaml");
    fs::write(&config, include_str!("servers/litellm.yaml"))
        .context("writing LiteLLM's settings")?;
    let port = free_port()?;
    let mut command = Command::new(beside(python, "litellm"));
    command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--config"]).arg(&config);
    // It asks the network for prices otherwise.
    command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
    let server = Running::start(&mut command, port)?;
    let ask = |model: &str, options: &[&str]| setting.ask(&server.url(), model, KEY, options);
    let steady = ask("steady", &LIMIT)?;
    steady.expect("a model that answers", 1, &[("answered", 40)])?;
    require!(steady.journal.len() == 40, "expected 40 requests, found {}", steady.journal.len());
    require!(steady.submission.is_file(), "no submission was written");
    let shaky = ask("shaky", &LIMIT)?;
    shaky.expect("a third of the requests fails", 1, &[("answered", 40)])?;
    let statuses: Vec<u64> = shaky.retried().into_keys().collect();
    require!(statuses == [429, 500], "expected 429 and 500 to be asked again, found {statuses:?}");
    ask("tools", &LIMIT)?.expect("tool calls in place of text", 1, &[("empty", 40)])?;
    let few = ["--limit", "40", "--attempts", "2"];
    let broken = ask("broken", &few)?;
    require!(
        broken.errors.contains("reports failed one after the other"),
        "broken: {}",
        broken.errors
    );
    broken.expect("a model that only fails", 2, &[("failed", broken.states()["failed"])])?;
    // Without a database it answers another key with 400, as it does a bad request, so that only the row of failures ends the run.
    let refused = setting.ask(&server.url(), "steady", "sk-another", &LIMIT)?;
    require!(refused.journal.len() <= 36, "a wrong key was tried {} times", refused.journal.len());
    refused.expect("a wrong key", 2, &[("failed", refused.journal.len())])
}

fn errorworks(setting: &Setting, python: &Path) -> Result<()> {
    let config = setting.folder.join("errorworks.yaml");
    fs::write(&config, include_str!("servers/errorworks.yaml"))
        .context("writing the server's settings")?;
    let port = free_port()?;
    let mut command = Command::new(beside(python, "chaosllm"));
    command.args(["serve", "--port", &port.to_string(), "--config"]).arg(&config);
    let server = Running::start(&mut command, port)?;
    let options = ["--concurrency", "16", "--attempts", "30", "--patience", "600"];
    let asked = setting.ask(&server.url(), "mock", KEY, &options)?;
    let n_reports = asked.states().values().sum::<usize>();
    asked.expect("a quarter of the requests fail", 0, &[("answered", n_reports)])?;
    require!(n_reports > 100 && asked.retried().len() > 3, "found {:?}", asked.retried());
    let seen = requests_seen(port)?;
    let noted = asked.journal.len() as u64;
    println!("   the server counts {seen} requests, the journal {noted}");
    require!(seen == noted, "the server counts {seen} requests, the journal {noted}");
    Ok(())
}

/// How many requests the server says that it had.
fn requests_seen(port: u16) -> Result<u64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).context("asking for the count")?;
    let request =
        "GET /admin/stats HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer tell-me\r\n\r\n";
    stream.write_all(request.as_bytes()).context("asking for the count")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("asking for the count")?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let stats: Value = serde_json::from_str(body).context("reading the count")?;
    stats["total_requests"].as_u64().with_context(|| format!("no count in {body}"))
}

fn transformers(setting: &Setting, python: &Path) -> Result<()> {
    let model = setting.folder.join("tiny-vlm");
    let made = Command::new(python)
        .args(["-c", include_str!("servers/tiny_vlm.py")])
        .arg(&model)
        .env("HF_HUB_OFFLINE", "1")
        .status();
    require!(made.context("making a model")?.success(), "the model could not be made");
    let port = free_port()?;
    let mut command = Command::new(beside(python, "transformers"));
    command.args(["serve", "--host", "127.0.0.1", "--device", "cpu", "--port", &port.to_string()]);
    command.env("HF_HUB_OFFLINE", "1");
    let server = Running::start(&mut command, port)?;
    let options = ["--limit", "6", "--max-tokens", "16", "--concurrency", "2"];
    let name = model.to_str().context("the folder's name is no text")?;
    let asked = setting.ask(&server.url(), name, KEY, &options)?;
    asked.expect("a model of random weights, cut off at 16 tokens", 1, &[("truncated", 6)])?;
    // Four patches of the image and the prompts: without the image the count would be another.
    let has_tokens =
        |line: &Value| line["prompt_tokens"].as_u64().is_some_and(|tokens| tokens > 100);
    require!(
        asked.journal.iter().all(has_tokens),
        "the server counts no tokens: {:?}",
        asked.journal
    );
    Ok(())
}
