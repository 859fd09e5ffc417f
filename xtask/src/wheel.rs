//! `cargo xtask wheel`: the Python package as a wheel, installed into an environment of its own and tested there.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure as require};

use crate::{ExitStatus, venv};

/// What builds the wheel and what tests it; the last three have columns that it reads.
const PACKAGES: [&str; 7] = [
    "maturin==1.16.0",
    "pytest==9.2.0",
    "mypy==2.4.1",
    "numpy==2.4.6",
    "pandas==3.1.1",
    "polars==2.1.0",
    "pyarrow==26.0.1",
];
/// What the scorers for other frameworks are tested with, in an environment of its own.
const FRAMEWORKS: [&str; 4] =
    ["inspect-ai==0.3.285", "pytest==9.2.0", "mypy==2.4.1", "numpy==2.4.6"];
/// What a wheel for users may weigh.
const GREATEST_SIZE: u64 = 6 << 20;
/// How long it may take to import, in milliseconds.
const LONGEST_IMPORT: f64 = 50.0;
/// Prints the milliseconds that the import takes in a fresh interpreter.
const TIME_IMPORT: &str = "import time; start = time.perf_counter(); import spinefairbench; print((time.perf_counter() - start) * 1000)";

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
    let mut maturin = Command::new(&python);
    maturin.args(["-m", "maturin", "build", "--out"]).arg(wheels.path());
    if options.release {
        // The source distribution as well, and the wheel from it.
        maturin.args(["--release", "--sdist"]);
    } else {
        maturin.args(["--profile", "dev"]);
    }
    let status = maturin.current_dir(&crate_folder).status().context("running maturin")?;
    if !status.success() {
        return Ok(ExitStatus::Failed);
    }
    let built = std::fs::read_dir(wheels.path())?.collect::<Result<Vec<_>, _>>()?;
    for file in &built {
        println!("{}: {} kB", file.file_name().display(), file.metadata()?.len() >> 10);
    }
    let wheel = built.iter().find(|file| file.path().extension().is_some_and(|end| end == "whl"));
    let Some(wheel) = wheel else { bail!("maturin built no wheel") };
    require!(
        !options.release || wheel.metadata()?.len() <= GREATEST_SIZE,
        "the wheel weighs more than {} MB",
        GREATEST_SIZE >> 20
    );
    let path = wheel.path();
    let path = path.to_str().context("the temporary folder's name is no text")?;
    let mut passed = tested(&python, path, &crate_folder, "tests")?;
    let import = shortest_import(&python)?;
    println!("imported in {import:.1} ms");
    require!(
        !options.release || import <= LONGEST_IMPORT,
        "the import takes more than {LONGEST_IMPORT} ms"
    );
    if passed && options.frameworks {
        let python = venv::python(&spinefairbench_cli::cache_folder()?, &FRAMEWORKS)?;
        passed = tested(&python, path, &crate_folder, "tests_frameworks")?;
    }
    if passed && options.release {
        let target = root.join("target/wheels");
        std::fs::create_dir_all(&target)?;
        for file in &built {
            std::fs::copy(file.path(), target.join(file.file_name()))?;
        }
        println!("in {}", target.display());
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

/// The shortest of a few imports, in milliseconds: what else the machine does makes the others longer.
fn shortest_import(python: &Path) -> Result<f64> {
    let mut shortest = f64::INFINITY;
    for _ in 0..7 {
        let output = Command::new(python).args(["-c", TIME_IMPORT]).output();
        let output = String::from_utf8(output.context("importing the package")?.stdout)?;
        let taken: f64 = output.trim().parse().context("reading how long the import took")?;
        shortest = shortest.min(taken);
    }
    Ok(shortest)
}
