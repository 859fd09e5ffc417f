//! What a measure was made with: compiler and processor.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

/// The version of the compiler.
pub(crate) fn rustc() -> Result<String> {
    let output = Command::new("rustc").arg("--version").output().context("running `rustc`")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().nth(1).map(str::to_owned).context("`rustc` states no version")
}

/// The kind of the processor, where the system tells it.
pub(crate) fn processor() -> String {
    let description = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = description.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let family = field("cpu family").map(|family| format!(" family {family}")).unwrap_or_default();
    field("model name").map_or_else(|| "unknown".to_owned(), |name| name + &family)
}
