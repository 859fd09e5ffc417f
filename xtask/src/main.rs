//! The project's own tasks, called as `cargo xtask TASK`.
//!
//! `verify --demo` and `test` do everything on a fresh machine; the other tasks are their parts.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a task runner prints, and reads the environment and the disk"
)]

mod api;
mod bench;
mod budget;
mod coverage;
mod croissant;
mod gpu_kit;
mod layers;
mod libtorch;
mod package;
mod parquet;
mod programs;
mod release;
mod sbom;
mod servers;
mod test;
mod venv;
mod versions;
mod wasm;
mod web;
mod wheel;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use spinefairbench_cli::MissingBundle;

/// Builds, checks and measures SpineFairBench for Rust.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Every check on a bundle: `--demo`, `--artifacts DIR`, `artifacts/` if present, else the pinned release, downloaded.
    #[command(disable_help_flag = true)]
    Verify(Passed),
    /// Downloads the pinned artifact archive and extracts it.
    #[command(disable_help_flag = true)]
    Fetch(Passed),
    /// Every test: format, lints, documentation, layers, tests without and with libtorch, instruction budget.
    Test(test::Options),
    /// The tests of the Parquet file alone; they are part of `test`.
    Parquet,
    /// The instruction budget alone, or its record.
    Budget(budget::Options),
    /// How often the intervals cover and the tests reject on made-up clustered data: the tables of `docs/statistics.md`.
    Coverage(coverage::Options),
    /// Every measure of speed against its peer and its target, on the full-size demonstration bundle.
    Bench(bench::Options),
    /// Proves that each crate uses only what its layer may use.
    Layers,
    /// Compares the public items of the crates that are published with the recorded ones, or records them.
    Api(api::Options),
    /// Writes the bill of materials `spinefairbench.cdx.json`, and `SHA256SUMS.txt` of it and of the tracked files.
    Release,
    /// Packs the crates that are published, compiles each from its archive, and looks at what is inside.
    Package,
    /// Compiles the tests of the published crates to WebAssembly and runs them there; needs Node.
    Wasm,
    /// Writes the page that runs the benchmark in the browser to `target/web`, and tries it in Chromium.
    Web(web::Options),
    /// Builds the Python package, installs it into an environment of its own, and tests it there.
    Wheel(wheel::Options),
    /// Has `spinefairbench run` ask servers that others wrote: LiteLLM's proxy, errorworks, on request `transformers serve`.
    Servers(servers::Options),
    /// Makes a libtorch available in the cache folder and prints where.
    Libtorch(LibtorchOptions),
    /// Packs what proves and times the generator on a machine with a GPU into one folder.
    GpuKit(gpu_kit::Options),
}

/// Which libtorch.
#[derive(Debug, clap::Args)]
struct LibtorchOptions {
    /// One that computes on NVIDIA GPUs (2.3 GB to fetch, 3.6 GB on disk) instead of one for the CPU alone.
    #[arg(long)]
    cuda: bool,
}

/// Options of `spinefairbench` itself, passed on as they are.
#[derive(Debug, clap::Args)]
struct Passed {
    /// See `spinefairbench verify --help` and `spinefairbench fetch --help`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<OsString>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = workspace_root();
    let outcome = match arguments.task {
        Task::Verify(passed) => return spinefairbench("verify", passed),
        Task::Fetch(passed) => return spinefairbench("fetch", passed),
        Task::Wheel(options) => wheel::run(&root, options),
        Task::Servers(options) => servers::run(&root, &options),
        Task::Libtorch(options) => print_libtorch(&options),
        Task::GpuKit(options) => gpu_kit::run(&root, &options),
        Task::Test(options) => Ok(test::run(&root, &options)),
        Task::Parquet => parquet::run(&root),
        Task::Budget(options) => budget::run(&root, options),
        Task::Coverage(options) => coverage::run(&options),
        Task::Bench(options) => bench::run(&root, &options),
        Task::Layers => layers::run(&root),
        Task::Api(options) => api::run(&root, &options),
        Task::Release => release::run(&root),
        Task::Package => package::run(&root),
        Task::Wasm => wasm::run(&root),
        Task::Web(options) => web::run(&root, options),
    };
    match outcome {
        Ok(status) => ExitCode::from(status as u8),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(ExitStatus::CouldNotRun as u8)
        }
    }
}

/// Runs a command of the binary's library, in this process.
fn spinefairbench(command: &str, passed: Passed) -> ExitCode {
    let arguments = ["spinefairbench".into(), command.into()].into_iter().chain(passed.options);
    spinefairbench_cli::run(arguments, MissingBundle::Fetch).into()
}

fn print_libtorch(options: &LibtorchOptions) -> anyhow::Result<ExitStatus> {
    let cache = spinefairbench_cli::cache_folder()?;
    let libtorch = if options.cuda {
        libtorch::assembled(&cache, libtorch::Build::Cuda)?
    } else {
        libtorch::ensure(&cache)?
    };
    println!("{}", libtorch.describe());
    Ok(ExitStatus::Fine)
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitStatus {
    /// All is as it should be.
    Fine = 0,
    /// Something was judged and fails.
    Failed = 1,
    /// The task could not be carried out.
    CouldNotRun = 2,
}

/// The folder of the workspace: the parent of this package's own.
fn workspace_root() -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    package.parent().map_or(package.clone(), PathBuf::from)
}
