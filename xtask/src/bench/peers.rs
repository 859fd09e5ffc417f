//! What the rows are measured against: `sha256sum` where it is installed, NumPy in an environment of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::record::{Peer, median};

/// The estimator as the original draws it, timed in its own process.
const NUMPY_INTERVAL: &str = include_str!("numpy_interval.py");
/// The version that the fixtures of `bootstrap` were made with.
const NUMPY: &str = "numpy==2.4.*";

impl Peer {
    pub(super) fn of(name: &str, seconds: &[f64]) -> Self {
        Self { name: name.to_owned(), seconds: median(seconds), runs: seconds.len() }
    }
}

/// `sha256sum -c` over the manifest of the bundle at `root`; none where it is not installed.
pub(super) fn sha256sum(root: &Path) -> Option<Command> {
    if !runs("sha256sum") {
        return None;
    }
    let mut command = Command::new("sha256sum");
    command.args(["--check", "--quiet", "SHA256SUMS.txt"]).current_dir(root);
    Some(command)
}

/// What the script prints.
#[derive(Debug, Deserialize)]
pub(super) struct NumpyTimes {
    pub(super) name: String,
    pub(super) seconds: Vec<f64>,
}

/// The same interval in NumPy; none without Python.
pub(super) fn numpy_interval(cache: &Path) -> Result<Option<NumpyTimes>> {
    if !runs("python3") {
        return Ok(None);
    }
    let python = environment(cache)?;
    let output = Command::new(&python)
        .args(["-c", NUMPY_INTERVAL])
        .output()
        .with_context(|| format!("running `{}`", python.display()))?;
    if !output.status.success() {
        bail!("NumPy's interval failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("reading NumPy's times").map(Some)
}

/// The Python of an environment with NumPy, made in the cache folder on first use.
fn environment(cache: &Path) -> Result<PathBuf> {
    let folder = cache.join("bench-python");
    let python = folder.join("bin/python3");
    let has_numpy = || {
        let import =
            Command::new(&python).args(["-c", "import numpy"]).stderr(Stdio::null()).status();
        import.is_ok_and(|status| status.success())
    };
    if !has_numpy() {
        eprintln!("installing NumPy into an environment in the cache folder");
        carry_out(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        carry_out(Command::new(&python).args(["-m", "pip", "install", "--quiet", NUMPY]))?;
    }
    Ok(python)
}

fn carry_out(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("running {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

fn runs(program: &str) -> bool {
    let version =
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}
