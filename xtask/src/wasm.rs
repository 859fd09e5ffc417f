//! `cargo xtask wasm`: the tests of the published crates on WebAssembly, for a target that has no system under it.
//!
//! The integration tests, fixtures included, are compiled for `wasm32-unknown-unknown` and run by Node; `wasm.mjs` says how a failure
//! shows there. Unit tests draw cases at random, which needs a system; they run in `cargo xtask test` alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure as require};
use serde_json::{Value, json};

use crate::api::PUBLISHED;
use crate::{ExitStatus, layers};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Compiles and runs.
pub(crate) fn run(root: &Path) -> Result<ExitStatus> {
    add_target()?;
    let output = crate::programs::cargo()
        .args(["test", "--no-run", "--all-features", "--test", "*", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        .args(
            PUBLISHED
                .iter()
                .flat_map(|name| ["--package".to_owned(), format!("{}{name}", layers::PREFIX)]),
        )
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("running `cargo test`")?;
    if !output.status.success() {
        return Ok(ExitStatus::Failed);
    }
    let messages = String::from_utf8(output.stdout).context("`cargo test` printed no UTF-8")?;
    let mut programs = programs(&messages);
    let mut work = Vec::new();
    for name in PUBLISHED {
        let folder = root.join("crates").join(name);
        let programs = programs.remove(name).unwrap_or_default();
        require!(!programs.is_empty(), "`{name}` has no test program for {TARGET}");
        let fixtures = files(&folder.join("tests/fixtures"))?;
        work.push(json!({ "name": name, "programs": programs, "fixtures": fixtures }));
    }
    let status = Command::new("node")
        .arg(root.join("xtask/wasm.mjs"))
        .arg(Value::from(work).to_string())
        .current_dir(root)
        .status()
        .context("running `node`, which must be installed (20 or later)")?;
    Ok(if status.success() { ExitStatus::Fine } else { ExitStatus::Failed })
}

/// Has the standard library for the target installed where it is missing.
pub(crate) fn add_target() -> Result<()> {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("running `rustc`")?;
    let folder = String::from_utf8(output.stdout).context("`rustc` printed no UTF-8")?;
    if !folder.trim().is_empty() && Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    let status = Command::new("rustup").args(["target", "add", TARGET]).status();
    require!(
        status.is_ok_and(|status| status.success()),
        "the standard library for {TARGET} is missing and `rustup target add {TARGET}` failed"
    );
    Ok(())
}

/// The test programs in Cargo's messages, by the folder of their crate.
fn programs(messages: &str) -> BTreeMap<String, Vec<PathBuf>> {
    let mut programs: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for line in messages.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        let folder = message["manifest_path"].as_str().map(Path::new).and_then(Path::parent);
        let name = folder.and_then(Path::file_name).and_then(|name| name.to_str());
        if let (Some(name), Some(program)) = (name, message["executable"].as_str()) {
            programs.entry(name.to_owned()).or_default().push(program.into());
        }
    }
    programs
}

/// The files of values in a folder, by name; the programs that made them stand beside them.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = std::fs::read_dir(folder)
        .with_context(|| format!("reading `{}`", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    files.retain(|file| file.extension().is_none_or(|extension| extension != "py"));
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_programs_are_found_by_the_folder_of_their_crate() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","manifest_path":"/r/serde/Cargo.toml","executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","manifest_path":"/p/crates/metrics/Cargo.toml","executable":"/t/serde-1.wasm"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","manifest_path":"/p/crates/metrics/Cargo.toml","executable":"/t/repeated_calls-2.wasm"}"#,
        );
        let expected = ["/t/serde-1.wasm", "/t/repeated_calls-2.wasm"].map(PathBuf::from).to_vec();
        assert_eq!(programs(messages), BTreeMap::from([("metrics".to_owned(), expected)]));
    }
}
