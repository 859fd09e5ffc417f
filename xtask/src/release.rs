//! Writes `SHA256SUMS.txt` of the tracked files, which `spinefairbench checksums SHA256SUMS.txt` verifies.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::ExitStatus;

const MANIFEST: &str = "SHA256SUMS.txt";

/// Writes the manifest at the workspace's root; the manifest itself is not in it.
pub(crate) fn run(root: &Path) -> Result<ExitStatus> {
    let paths = tracked_files(root)?;
    let lines = paths.iter().map(|path| manifest_line(root, path));
    let manifest = lines.collect::<Result<String>>()?;
    let target = root.join(MANIFEST);
    let partial = root.join(format!("{MANIFEST}.partial"));
    fs::write(&partial, manifest).with_context(|| format!("writing `{}`", partial.display()))?;
    fs::rename(&partial, &target).with_context(|| format!("renaming to `{}`", target.display()))?;
    println!("{MANIFEST}: {} files", paths.len());
    Ok(ExitStatus::Fine)
}

fn manifest_line(root: &Path, path: &str) -> Result<String> {
    let bytes =
        fs::read(root.join(path)).with_context(|| format!("reading tracked file `{path}`"))?;
    let mut line = String::new();
    for byte in Sha256::digest(&bytes) {
        write!(line, "{byte:02x}")?;
    }
    writeln!(line, "  {path}")?;
    Ok(line)
}

fn tracked_files(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .context("running `git`")?;
    if !output.status.success() {
        bail!("`git ls-files` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let listing = String::from_utf8(output.stdout).context("a tracked path is not UTF-8")?;
    Ok(listing
        .split('\0')
        .filter(|path| !path.is_empty() && *path != MANIFEST)
        .map(str::to_owned)
        .collect())
}
