//! `cargo xtask wheel`: the Python package as a wheel, installed into an environment of its own and tested there.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure as require};

use crate::{ExitStatus, venv};

/// What builds the wheel and what tests it.
const PACKAGES: [&str; 4] = ["maturin==1.16.0", "pytest==9.2.0", "mypy==2.4.1", "numpy==2.4.6"];
/// What the scorers for other frameworks are tested with, in an environment of its own.
const FRAMEWORKS: [&str; 4] =
    ["inspect-ai==0.3.285", "pytest==9.2.0", "mypy==2.4.1", "numpy==2.4.6"];
/// What a wheel for users may weigh.
const GREATEST_SIZE: u64 = 6 << 20;

/// How the package is compiled.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Options {
    /// As users get it; without this, as the tests are compiled, which is sooner.
    #[arg(long)]
    pub(crate) release: bool,
    /// Test the scorer for Inspect AI in Inspect itself as well; its first installation takes minutes.
    #[arg(long)]
    pub(crate) frameworks: bool,
}

/// Builds, installs, tests.
pub(crate) fn run(root: &Path, options: Options) -> Result<ExitStatus> {
    let python = venv::python(&spinefairbench_cli::cache_folder()?, &PACKAGES)?;
    let crate_folder = root.join("crates/python");
    // A folder of its own, so that the only wheel in it is the one that was just built.
    let wheels = tempfile::tempdir().context("making a temporary folder")?;
    let status = Command::new(&python)
        .args(["-m", "maturin", "build", "--profile"])
        .arg(if options.release { "release" } else { "dev" })
        .arg("--out")
        .arg(wheels.path())
        .current_dir(&crate_folder)
        .status()
        .context("running maturin")?;
    if !status.success() {
        return Ok(ExitStatus::Failed);
    }
    let mut built = std::fs::read_dir(wheels.path())?;
    let Some(wheel) = built.next().transpose()? else { bail!("maturin built no wheel") };
    let (name, size) = (wheel.file_name(), wheel.metadata()?.len());
    println!("{}: {} kB", name.display(), size >> 10);
    require!(
        !options.release || size <= GREATEST_SIZE,
        "the wheel weighs more than {} MB",
        GREATEST_SIZE >> 20
    );
    let path = wheel.path();
    let path = path.to_str().context("the temporary folder's name is no text")?;
    let mut passed = tested(&python, path, &crate_folder, "tests")?;
    if passed && options.frameworks {
        let python = venv::python(&spinefairbench_cli::cache_folder()?, &FRAMEWORKS)?;
        passed = tested(&python, path, &crate_folder, "tests_frameworks")?;
    }
    if passed && options.release {
        let target = root.join("target/wheels");
        std::fs::create_dir_all(&target)?;
        std::fs::copy(path, target.join(&name))?;
        println!("in {}", target.join(name).display());
    }
    Ok(if passed { ExitStatus::Fine } else { ExitStatus::Failed })
}

/// Whether the tests in `folder` pass with the wheel in Python's environment.
fn tested(python: &Path, wheel: &str, crate_folder: &Path, folder: &str) -> Result<bool> {
    let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", wheel];
    venv::quiet(python, &pip)?;
    let status = Command::new(python)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", folder])
        .current_dir(crate_folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status()
        .context("running pytest")?;
    Ok(status.success())
}
