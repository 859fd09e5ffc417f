//! `cargo xtask test`: every step runs even after a failure, each gets a line, the exit code sums them up.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::{ExitStatus, budget, croissant, layers, libtorch, package, parquet, wasm, web, wheel};

/// What to run.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Options {
    /// Run the tests alone: no format, lint, documentation or layer checks.
    #[arg(long)]
    quick: bool,
    /// Leave out the generator's libtorch part, and with it the need for Python and a C++ compiler.
    #[arg(long)]
    no_generator: bool,
    /// Leave out the Python package and the validator of the Croissant metadata.
    #[arg(long)]
    no_python: bool,
    /// Leave out the tests on WebAssembly and the page in the browser, and with them the need for Node.
    #[arg(long)]
    no_wasm: bool,
    /// Leave out the instruction budget, and with it the need for Valgrind.
    #[arg(long)]
    no_budget: bool,
}

/// One step and how it ended.
struct Step {
    name: &'static str,
    status: ExitStatus,
    seconds: f64,
}

/// Runs the steps in order and prints a table of them.
pub(crate) fn run(root: &Path, options: &Options) -> ExitStatus {
    let mut steps = Vec::new();
    let mut step = |name: &'static str, action: &dyn Fn() -> Result<ExitStatus>| {
        println!("== {name}");
        let start = Instant::now();
        let status = action().unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            ExitStatus::CouldNotRun
        });
        steps.push(Step { name, status, seconds: start.elapsed().as_secs_f64() });
    };
    if !options.quick {
        step("format", &|| cargo(root, &["fmt", "--all", "--check"], &[]));
        step("lints", &|| {
            cargo(
                root,
                &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"],
                &[],
            )
        });
        step("documentation", &|| {
            cargo(
                root,
                &["doc", "--workspace", "--no-deps", "--lib"],
                &[("RUSTDOCFLAGS", "-D warnings")],
            )
        });
        step("layers", &|| layers::run(root));
        step("published crates from their archives", &|| package::run(root));
    }
    step("tests without libtorch", &|| {
        cargo(root, &["test", "--workspace", "--no-fail-fast"], &[("RUN_SLOW_TESTS", "1")])
    });
    if options.no_wasm {
        println!(
            "== the tests on WebAssembly and the page in the browser are left out (--no-wasm)"
        );
    } else {
        step("tests of the published crates on WebAssembly", &|| wasm::run(root));
        step("page in the browser", &|| web::run(root, web::Options { release: false }));
    }
    if options.no_python {
        println!("== the Python package and the Croissant validator are left out (--no-python)");
    } else {
        step("Python package", &|| {
            wheel::run(root, wheel::Options { release: false, frameworks: false })
        });
        step("Croissant metadata", &|| croissant::run(root));
    }
    if options.no_generator {
        step("tests with Parquet", &|| parquet::run(root));
        println!("== the generator's libtorch tests are left out (--no-generator)");
    } else {
        if !options.quick {
            step("lints of every feature", &|| lints_of_features(root));
        }
        step("tests with libtorch and Parquet", &|| generator_tests(root));
    }
    if options.no_budget {
        println!("== the instruction budget is left out (--no-budget)");
    } else if !options.quick {
        step("instruction budget", &|| budget::run(root, budget::Options { record: false }));
    }
    println!();
    for Step { name, status, seconds } in &steps {
        println!("{:<8} {seconds:>7.1} s  {name}", word(*status));
    }
    let worst = steps.iter().map(|step| step.status as u8).max().unwrap_or(0);
    match worst {
        0 => ExitStatus::Fine,
        1 => ExitStatus::Failed,
        _ => ExitStatus::CouldNotRun,
    }
}

/// The lints of the code that only the features of the command build.
fn lints_of_features(root: &Path) -> Result<ExitStatus> {
    let libtorch = libtorch::ensure(&spinefairbench_cli::cache_folder()?)?;
    let status = crate::programs::cargo()
        .args([
            "clippy",
            "--package",
            "spinefairbench-generator",
            "--package",
            "spinefairbench-cli",
        ])
        .args(["--package", "spinefairbench-scoring", "--all-targets"])
        .args(["--features", "spinefairbench-cli/libtorch,spinefairbench-cli/parquet"])
        .args(["--", "--deny", "warnings"])
        .current_dir(root)
        .envs(libtorch.environment())
        .status()?;
    Ok(if status.success() { ExitStatus::Fine } else { ExitStatus::Failed })
}

/// Modules of the command's tests that run no model and write no Parquet: the step without libtorch ran them already.
const WITHOUT_MODELS: [&str; 25] = [
    "binary::",
    "calls::",
    "checksums::",
    "comparison::",
    "documents::",
    "examples::",
    "faults::",
    "fetching::",
    "memory::",
    "mini_bundle::",
    "numbers::",
    "outputs::",
    "readme::",
    "recorded::",
    "report::",
    "rules::",
    "running::",
    "scoring::",
    "signals::",
    "streams::",
    "submissions::",
    "surroundings::",
    "tampering::",
    "ties::",
    "untrusted::",
];

/// The tests of the generator and of its commands with the models themselves, and those of Parquet; libtorch is assembled on
/// first use.
///
/// Both packages and both features in one call, so that everything below them is built with the features of the step before.
fn generator_tests(root: &Path) -> Result<ExitStatus> {
    let libtorch = libtorch::ensure(&spinefairbench_cli::cache_folder()?)?;
    println!("{}", libtorch.describe());
    let status = crate::programs::cargo()
        .args(["test", "--no-fail-fast"])
        .args(["--package", "spinefairbench-generator", "--package", "spinefairbench-cli"])
        .args(["--features", "spinefairbench-cli/libtorch,spinefairbench-cli/parquet", "--"])
        .args(WITHOUT_MODELS.iter().flat_map(|module| ["--skip", module]))
        .current_dir(root)
        .env("RUN_SLOW_TESTS", "1")
        .envs(parquet::reader()?)
        .envs(libtorch.environment())
        .status()?;
    Ok(if status.success() { ExitStatus::Fine } else { ExitStatus::Failed })
}

fn word(status: ExitStatus) -> &'static str {
    match status {
        ExitStatus::Fine => "ok",
        ExitStatus::Failed => "FAILED",
        ExitStatus::CouldNotRun => "NOT RUN",
    }
}

fn cargo(root: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<ExitStatus> {
    let status = crate::programs::cargo()
        .args(arguments)
        .current_dir(root)
        .envs(environment.iter().copied())
        .status()?;
    Ok(if status.success() { ExitStatus::Fine } else { ExitStatus::Failed })
}
