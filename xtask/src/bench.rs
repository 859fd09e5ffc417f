//! `cargo xtask bench`: every row of `docs/performance.md`, measured.
//!
//! Input: the full-size demonstration bundle, built once into the cache folder, and the made-up input of
//! `spinefairbench-benches`. Output: a table of medians, each beside its target and, where one is installed, its peer in the same
//! run (`sha256sum`, NumPy); the same as JSON. Programs are built as users get them and run with a warm page cache. Exit
//! code 1 says that a target was missed, 2 that a row could not be measured.

mod clock;
mod growth;
mod peers;
mod record;
mod rows;
mod runner;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use spinefairbench_demo::Scale;

use crate::ExitStatus;
use crate::programs::{self, COMMAND, Profile, WORKLOADS};
use record::Record;
use rows::Setting;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The size of the demonstration bundle: `small`, `full` or `release`. The targets hold for `release`.
    #[arg(long, value_name = "SCALE", default_value_t = Scale::Release)]
    scale: Scale,
    /// Measure this row alone; may be given several times.
    #[arg(long, value_name = "ROW")]
    only: Vec<String>,
    /// Where the figures are written as JSON (`target/performance.json` without it).
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Measures every row asked for, prints the table and writes it down.
pub(crate) fn run(root: &Path, options: &Options) -> Result<ExitStatus> {
    let rows = rows::chosen(&options.only)?;
    let [command, workloads] = programs::build(root, [COMMAND, WORKLOADS], Profile::Release)?;
    let setting = Setting {
        command,
        workloads,
        cache: spinefairbench_cli::cache_folder()?,
        scale: options.scale,
        threads: std::thread::available_parallelism().context("counting the processors")?.get(),
    };
    let mut record = Record::new(&setting)?;
    let mut could_not = false;
    for row in rows {
        eprintln!("measuring {}", row.name);
        match (row.measure)(&setting) {
            Ok(figures) => record.figures.extend(figures),
            Err(error) => {
                eprintln!("error: {}: {error:#}", row.name);
                could_not = true;
            }
        }
    }
    print!("{}", table::text(&record));
    let target = options.json.clone().unwrap_or_else(|| root.join("target/performance.json"));
    write(&target, &record)?;
    println!("\nwritten to {}", target.display());
    let missed = record.figures.iter().any(|figure| figure.is_met() == Some(false));
    Ok(match (could_not, missed) {
        (true, _) => ExitStatus::CouldNotRun,
        (false, true) => ExitStatus::Failed,
        (false, false) => ExitStatus::Fine,
    })
}

fn write(target: &Path, record: &Record) -> Result<()> {
    let text = serde_json::to_string_pretty(record).context("writing the figures")? + "\n";
    if target.is_dir() {
        bail!("`{}` is a folder, expected a file to write", target.display());
    }
    fs::write(target, text).with_context(|| format!("writing `{}`", target.display()))
}
