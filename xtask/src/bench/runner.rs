//! The row of `run`: how fast its client is beside a server that is never in the way, and beside a client in Python.
//!
//! Server and client run on the same machine, so that they share its cores; the client in Python meets the same server in the same run.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::clock::WorkloadTimes;
use super::record::{Figure, Target, Unit};
use super::rows::{Setting, as_float};
use crate::venv;

/// The same work in Python, as people write it.
const PYTHON_CLIENT: &str = include_str!("openai_client.py");
/// What it needs.
const OPENAI: [&str; 2] = ["openai==3.57.0", "httpx==0.28.1"];

const IMAGE_BYTES: usize = 100_000;
const REQUESTS: usize = 20_000;
const IN_FLIGHT: usize = 1_000;
/// Python's, which takes several times as long for each.
const REQUESTS_OF_PYTHON: usize = 2_000;
const LATENCY_MS: usize = 200;
const IN_FLIGHT_AT_LATENCY: usize = 64;
const ROUNDS_AT_LATENCY: usize = 50;

/// A server that ends with this value.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(workloads: &Path, latency_ms: usize) -> Result<Self> {
        let mut command = Command::new(workloads);
        command.args(["serve", &latency_ms.to_string()]).stdout(Stdio::piped());
        let mut child = command.spawn().context("starting the server")?;
        let mut port = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut port).context("reading the server's port")?;
        }
        let url = format!("http://127.0.0.1:{}/v1", port.trim());
        Ok(Self { child, url })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn asked(mut command: Command) -> Result<WorkloadTimes> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("reading the times of a client")
}

fn ask(
    setting: &Setting,
    server: &Server,
    in_flight: usize,
    requests: usize,
) -> Result<WorkloadTimes> {
    let mut command = Command::new(&setting.workloads);
    command.args(["ask", &server.url]);
    command.args([in_flight, requests, IMAGE_BYTES].map(|number| number.to_string()));
    asked(command)
}

/// The time, the memory, and the ratio to Python's rate.
pub(super) fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let row = "runner";
    let server = Server::start(&setting.workloads, 0)?;
    let ours = ask(setting, &server, IN_FLIGHT, REQUESTS)?;
    let whole = Figure::seconds(
        row,
        format!(
            "{REQUESTS} requests with images of 100 kB, {IN_FLIGHT} in flight, a server that answers at once"
        ),
        &ours.seconds,
    );
    let rate = as_float(REQUESTS as u64) / whole.value;
    let peak = as_float(ours.peak_bytes.context("the system tells no peak of memory")?);
    let memory = Figure { what: "the same, peak memory".to_owned(), ..whole.clone() };
    let mut figures = vec![
        whole.in_unit(rate, Unit::RequestsPerSecond).with_target(Some(Target::AtLeast(2000.0))),
        memory.in_unit(peak, Unit::Bytes).with_target(Some(Target::AtMost(300e6))),
    ];
    match python(setting, &server) {
        Ok(theirs) => {
            let seconds = theirs.seconds.first().copied().context("Python printed no time")?;
            let theirs = as_float(REQUESTS_OF_PYTHON as u64) / seconds;
            let what = format!("{REQUESTS_OF_PYTHON} of them by `{}`", OPENAI[0]);
            let figure = Figure::seconds(row, what, &[seconds]);
            figures.push(figure.clone().in_unit(theirs, Unit::RequestsPerSecond));
            let what = format!("the same against `{}`", OPENAI[0]);
            let ratio = Figure { what, ..figure };
            figures.push(ratio.in_unit(rate / theirs, Unit::TimesThePeer));
        }
        Err(error) => eprintln!("no client in Python to compare with: {error:#}"),
    }
    drop(server);
    let server = Server::start(&setting.workloads, LATENCY_MS)?;
    let requests = IN_FLIGHT_AT_LATENCY * ROUNDS_AT_LATENCY;
    let found = ask(setting, &server, IN_FLIGHT_AT_LATENCY, requests)?;
    let figure = Figure::seconds(
        row,
        format!(
            "{requests} requests, {IN_FLIGHT_AT_LATENCY} in flight, a server that takes {LATENCY_MS} ms: share of concurrency / latency"
        ),
        &found.seconds,
    );
    let least = as_float((ROUNDS_AT_LATENCY * LATENCY_MS) as u64) / 1000.0;
    let share = least / figure.value;
    figures.push(figure.in_unit(share, Unit::Share).with_target(Some(Target::AtLeast(0.95))));
    Ok(figures)
}

fn python(setting: &Setting, server: &Server) -> Result<WorkloadTimes> {
    let mut command = Command::new(venv::python(&setting.cache, &OPENAI)?);
    command.args(["-c", PYTHON_CLIENT, &server.url]);
    command.args([IN_FLIGHT, REQUESTS_OF_PYTHON, IMAGE_BYTES].map(|number| number.to_string()));
    asked(command)
}
