//! The tests with the feature `parquet`, whose file is read back by `DuckDB`.
//!
//! `DuckDB` comes from its published wheel, into a virtual environment below the cache folder; the tests find its Python through
//! an environment variable. Without Python 3 or the package the file is written and not read back, and this says so.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::{ExitStatus, venv};

/// The release that the tests were written with.
const DUCKDB: &str = "duckdb==2.0.1";
/// Where the tests look for a Python that has `DuckDB`.
const READER: &str = "SPINEFAIRBENCH_PARQUET_READER";

/// Runs the tests of Parquet alone.
pub(crate) fn run(root: &Path) -> Result<ExitStatus> {
    let status = crate::programs::cargo()
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
    Ok(match venv::python(&spinefairbench_cli::cache_folder()?, &[DUCKDB]) {
        Ok(python) => Some((READER, python)),
        Err(error) => {
            println!("== SKIPPED: no one reads the Parquet file back: {error:#}");
            None
        }
    })
}
