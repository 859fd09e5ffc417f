//! Runs a named workload: `cargo xtask bench` takes its times, `cargo xtask test` counts its instructions.
//!
//! * `spinefairbench-workloads time THREADS NAME`: runs it for a second or so, and prints the time of each run.
//! * `spinefairbench-workloads repeat TIMES NAME`: runs it so often, on this thread alone. The cost of one run is the
//!   difference of two such calls, without the start of the process and the making of the input.
//! * `spinefairbench-workloads serve MILLISECONDS`: a server that answers each request after so long; prints its port.
//! * `spinefairbench-workloads ask URL CONCURRENCY REQUESTS BYTES`: has the runner ask it about images of so many bytes, and prints the time.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program is for `cargo xtask`")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;
use spinefairbench_benches::asking;
use spinefairbench_benches::workload::{self, Workload};

/// A measure goes on until it has run so long, within so many runs.
const LONG_ENOUGH: Duration = Duration::from_secs(1);
const FEWEST_RUNS: usize = 5;
const MOST_RUNS: usize = 200;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match carry_out(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn carry_out(arguments: &[&str]) -> Result<()> {
    let number = |text: &str| text.parse::<usize>().with_context(|| format!("reading `{text}`"));
    match *arguments {
        ["time", threads, name] => {
            use_threads(number(threads)?)?;
            time(workload::prepare(name)?)
        }
        ["repeat", times, name] => {
            use_threads(1)?;
            let mut workload = workload::prepare(name)?;
            (0..number(times)?).try_for_each(|_| workload.run())
        }
        ["serve", milliseconds] => {
            // A line, so that it is flushed.
            let latency = Duration::from_millis(number(milliseconds)? as u64);
            asking::serve(latency, |port| {
                println!("{port}");
            })
        }
        ["ask", url, concurrency, requests, bytes] => {
            let (requests, bytes) = (number(requests)?, number(bytes)?);
            let seconds = asking::ask(url, number(concurrency)?, requests, bytes)?;
            let sent = requests * bytes;
            println!(
                "{}",
                json!({"bytes": sent, "seconds": [seconds], "peak_bytes": peak_bytes()})
            );
            Ok(())
        }
        _ => bail!(
            "expected `time THREADS NAME`, `repeat TIMES NAME`, `serve MILLISECONDS` or `ask URL CONCURRENCY REQUESTS BYTES`, found `{}`",
            arguments.join(" ")
        ),
    }
}

/// One thread is this one, so that nothing depends on when another wakes up.
fn use_threads(threads: usize) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let pool = if threads == 1 { pool.use_current_thread() } else { pool };
    pool.build_global().context("starting threads")
}

fn time(mut workload: Workload) -> Result<()> {
    workload.run()?;
    let start = Instant::now();
    let mut seconds = Vec::new();
    while seconds.len() < FEWEST_RUNS
        || (start.elapsed() < LONG_ENOUGH && seconds.len() < MOST_RUNS)
    {
        let run = Instant::now();
        workload.run()?;
        seconds.push(run.elapsed().as_secs_f64());
    }
    println!(
        "{}",
        json!({ "bytes": workload.bytes, "seconds": seconds, "peak_bytes": peak_bytes() })
    );
    Ok(())
}

/// The most memory that this process had at once, where the system tells.
#[expect(
    clippy::disallowed_methods,
    reason = "the system's account of this process is no file of a bundle"
)]
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
