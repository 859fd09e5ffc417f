//! The metadata of the demonstration bundle, read by mlcroissant.
//!
//! The validator comes as its published package, into a virtual environment below the cache folder; the test finds its Python
//! through an environment variable. Without Python 3 or the package nothing is validated, and this says so.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::{ExitStatus, venv};

/// The release that the demonstration bundle was written with. One package that it needs is published as source alone.
const PACKAGES: [&str; 2] = ["mlcroissant==1.1.1", "--no-binary=jsonpath-rw"];
/// Where the test looks for a Python that has it.
const VALIDATOR: &str = "SPINEFAIRBENCH_CROISSANT_VALIDATOR";

/// Runs the test of the metadata alone.
pub(crate) fn run(root: &Path) -> Result<ExitStatus> {
    let python = match venv::python(&spinefairbench_cli::cache_folder()?, &PACKAGES) {
        Ok(python) => python,
        Err(error) => {
            println!("== SKIPPED: no one validates the Croissant metadata: {error:#}");
            return Ok(ExitStatus::Fine);
        }
    };
    let status = crate::programs::cargo()
        .args(["test", "--package", "spinefairbench-demo", "--test", "it", "--", "croissant"])
        .current_dir(root)
        .env(VALIDATOR, python)
        .status()
        .context("running `cargo test`")?;
    Ok(if status.success() { ExitStatus::Fine } else { ExitStatus::Failed })
}
