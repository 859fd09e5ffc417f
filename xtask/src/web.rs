//! `cargo xtask web`: the page that runs the benchmark in the browser, one file in a folder without a server, and its test in Chromium.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::wasm::{self, TARGET};
use crate::{ExitStatus, layers};

mod browser;
mod trial;

/// How the program of the page is compiled.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Options {
    /// As users get it, smaller and faster; without this, as the tests are compiled, which is sooner.
    #[arg(long)]
    pub(crate) release: bool,
}

/// Builds, writes, tries.
pub(crate) fn run(root: &Path, options: Options) -> Result<ExitStatus> {
    wasm::add_target()?;
    let program = std::fs::read(compiled(root, options)?).context("reading the program")?;
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&program)?;
    let page = spinefairbench_report::browser_page::html(&packed.finish()?);
    let folder = root.join("target/web");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("index.html");
    std::fs::write(&file, &page).with_context(|| format!("writing `{}`", file.display()))?;
    println!("{}: {} kB, its program {} kB", file.display(), page.len() >> 10, program.len() >> 10);
    trial::run(root, &page)
}

/// The program, compiled.
fn compiled(root: &Path, options: Options) -> Result<PathBuf> {
    let mut command = crate::programs::cargo();
    command
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--target", TARGET])
        .arg(format!("--package={}web", layers::PREFIX))
        .args(["--message-format", "json-render-diagnostics"]);
    if options.release {
        command.arg("--release");
    }
    // Names and lines of the source are of no use in the page.
    command.args(["--", "-C", "link-arg=--strip-all"]);
    let output = command
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("running `cargo rustc`")?;
    if !output.status.success() {
        bail!("`cargo rustc` failed");
    }
    let messages = String::from_utf8(output.stdout).context("`cargo rustc` printed no UTF-8")?;
    program_in(&messages).context("`cargo rustc` did not say where the program is")
}

/// The path of the program in Cargo's messages.
fn program_in(messages: &str) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
        files.map(PathBuf::from).find(|file| file.extension().is_some_and(|end| end == "wasm"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_in_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","filenames":["/t/libserde.rlib"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","filenames":["/t/spinefairbench_web.wasm"]}"#,
        );
        assert_eq!(program_in(messages), Some(PathBuf::from("/t/spinefairbench_web.wasm")));
    }
}
