//! Running programs and taking their time and memory.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// How long between two looks at a program's memory.
const LOOK_INTERVAL: Duration = Duration::from_micros(500);

/// The wall-clock time of one run, in seconds; the program must succeed.
pub(super) fn time(command: &mut Command) -> Result<f64> {
    let start = Instant::now();
    let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let seconds = start.elapsed().as_secs_f64();
    let output = output.with_context(|| format!("running {command:?}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?} ended with {}: {}", output.status, errors.trim());
    }
    Ok(seconds)
}

/// The times of `runs` runs of each command, one after the other in turn, so that whatever else the machine does meets
/// all of them alike. A first run of each warms the page cache and does not count.
pub(super) fn times_in_turn(commands: &mut [&mut Command], runs: usize) -> Result<Vec<Vec<f64>>> {
    let mut times = vec![Vec::new(); commands.len()];
    for run in 0..=runs {
        for (command, times) in commands.iter_mut().zip(&mut times) {
            let seconds = time(command)?;
            if run > 0 {
                times.push(seconds);
            }
        }
    }
    Ok(times)
}

/// The most memory that the program had at once, in bytes, as the kernel accounts for it; Linux only.
pub(super) fn peak_bytes(command: &mut Command) -> Result<u64> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().context("waiting for a program")?.is_none() {
        let status = fs::read_to_string(&status_file).unwrap_or_default();
        peak = peak.max(high_water_mark(&status).unwrap_or(0));
        std::thread::sleep(LOOK_INTERVAL);
    }
    if peak == 0 {
        bail!("the system does not tell how much memory a program has");
    }
    Ok(peak)
}

fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// What `spinefairbench-workloads time` prints.
#[derive(Debug, Deserialize)]
pub(super) struct WorkloadTimes {
    /// Bytes of input, where the work is to read them.
    pub(super) bytes: Option<u64>,
    pub(super) seconds: Vec<f64>,
    pub(super) peak_bytes: Option<u64>,
}

/// Runs a workload often on so many threads.
pub(super) fn time_workload(program: &Path, threads: usize, name: &str) -> Result<WorkloadTimes> {
    let output = Command::new(program)
        .args(["time", &threads.to_string(), name])
        .output()
        .with_context(|| format!("running `{}`", program.display()))?;
    if !output.status.success() {
        bail!("`{name}`: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("reading the times of `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_kernels_account() {
        assert_eq!(high_water_mark("VmPeak:\t 9 kB\nVmHWM:\t    1500 kB\n"), Some(1_536_000));
        assert_eq!(high_water_mark("VmPeak:\t 9 kB\n"), None);
    }
}
