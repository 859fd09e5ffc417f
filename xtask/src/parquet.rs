//! The tests with the feature `parquet`, whose file is read back by `DuckDB`.
//!
//! `DuckDB` comes from its published wheel, into a virtual environment below the cache folder; the tests find its Python through
//! an environment variable. Without Python 3 or the package the file is written and not read back, and this says so.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure as require};

use crate::ExitStatus;

/// The release that the tests were written with.
const DUCKDB: &str = "duckdb==2.0.1";
/// Where the tests look for a Python that has `DuckDB`.
const READER: &str = "SPINEFAIRBENCH_PARQUET_READER";

/// Runs the tests of Parquet alone.
pub(crate) fn run(root: &Path) -> Result<ExitStatus> {
    let status = Command::new(env!("CARGO"))
        .args(["test", "--package", "spinefairbench-cli", "--features", "parquet", "--test", "it"])
        .args(["--", "parquet"])
        .current_dir(root)
        .envs(reader()?)
        .status()
        .context("running `cargo test`")?;
    Ok(if status.success() { ExitStatus::Fine } else { ExitStatus::Failed })
}

/// The variable by which the tests find who reads a Parquet file back; nothing, with a word about it, without Python.
pub(crate) fn reader() -> Result<Option<(&'static str, PathBuf)>> {
    Ok(match python(&spinefairbench_cli::cache_folder()?) {
        Ok(python) => Some((READER, python)),
        Err(error) => {
            println!("== SKIPPED: no one reads the Parquet file back: {error:#}");
            None
        }
    })
}

/// The Python of an environment that has `DuckDB`, made on first use.
fn python(cache: &Path) -> Result<PathBuf> {
    let folder = cache.join("python").join(DUCKDB);
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let has_duckdb = || quiet(&python, &["-c", "import duckdb"]).is_ok();
    if !has_duckdb() {
        let venv = folder.to_str().context("the cache folder's name is no text")?;
        quiet(Path::new("python3"), &["-m", "venv", "--clear", venv])?;
        quiet(&python, &["-m", "pip", "install", "--quiet", "--only-binary=:all:", DUCKDB])?;
        require!(has_duckdb(), "`{DUCKDB}` was installed and cannot be imported");
    }
    Ok(python)
}

/// Runs a program whose output matters only if it fails.
fn quiet(program: &Path, arguments: &[&str]) -> Result<()> {
    let called = || format!("`{} {}`", program.display(), arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("running {}", called()))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    require!(output.status.success(), "{} failed: {}", called(), errors.trim());
    Ok(())
}
