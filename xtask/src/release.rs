//! Writes the bill of materials of the binary, and `SHA256SUMS.txt` of it and of the tracked files, which
//! `spinefairbench checksums SHA256SUMS.txt` verifies.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::ExitStatus;
use crate::sbom::Bom;

const MANIFEST: &str = "SHA256SUMS.txt";

/// The bill of materials, beside the manifest.
const BILL: &str = "spinefairbench.cdx.json";

/// Writes both at the workspace's root; the manifest lists all but itself.
pub(crate) fn run(root: &Path) -> Result<ExitStatus> {
    let bill = Bom::of_workspace(root)?;
    replace(&root.join(BILL), bill.to_json()?.as_bytes())?;
    println!("{BILL}: {} packages", bill.n_components());
    let paths = tracked_files(root)?;
    let manifest = manifest(root, &paths)?;
    replace(&root.join(MANIFEST), manifest.as_bytes())?;
    println!("{MANIFEST}: {} files", paths.len());
    Ok(ExitStatus::Fine)
}

fn manifest(root: &Path, paths: &BTreeSet<String>) -> Result<String> {
    paths.iter().map(|path| manifest_line(root, path)).collect()
}

/// Writes beside `target`, then renames: whoever reads it sees the old file or the new one.
fn replace(target: &Path, bytes: &[u8]) -> Result<()> {
    let partial = target.with_extension("partial");
    let mut file =
        File::create(&partial).with_context(|| format!("writing `{}`", partial.display()))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("writing `{}`", partial.display()))?;
    fs::rename(&partial, target).with_context(|| format!("renaming to `{}`", target.display()))
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

/// The tracked files and the bill of materials.
fn tracked_files(root: &Path) -> Result<BTreeSet<String>> {
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
        .chain([BILL])
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use spinefairbench_cli::MissingBundle;

    use super::*;

    /// A small repository of its own, so that the test writes nothing into this one.
    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let status = Command::new("git").args(arguments).current_dir(folder.path()).status();
            assert!(status.unwrap().success());
        };
        git(&["init", "--quiet"]);
        fs::create_dir(folder.path().join("folder")).unwrap();
        fs::write(folder.path().join("folder/tracked.txt"), "abc").unwrap();
        fs::write(folder.path().join("untracked.txt"), "x").unwrap();
        git(&["add", "folder"]);
        folder
    }

    fn checksums(root: &Path) -> u8 {
        let arguments =
            ["spinefairbench", "--quiet", "checksums"].map(std::ffi::OsString::from).into_iter();
        let manifest = root.join(MANIFEST).into_os_string();
        spinefairbench_cli::run(arguments.chain([manifest]), MissingBundle::Refuse) as u8
    }

    #[test]
    fn the_manifest_lists_tracked_files_and_the_bill_and_is_verified_by_the_binary() {
        let repository = repository();
        let root = repository.path();
        replace(&root.join(BILL), b"{}\n").unwrap();
        let text = manifest(root, &tracked_files(root).unwrap()).unwrap();
        replace(&root.join(MANIFEST), text.as_bytes()).unwrap();
        // SHA-256 of `abc` from FIPS 180-2, appendix B.1.
        let line = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  folder/tracked.txt\n";
        assert!(text.starts_with(line), "{text}");
        assert!(text.ends_with(&format!("  {BILL}\n")) && text.lines().count() == 2, "{text}");
        assert_eq!(checksums(root), 0);
        fs::write(root.join(BILL), "{ }\n").unwrap();
        assert_eq!(checksums(root), 1);
    }

    #[test]
    fn a_tracked_file_that_is_gone_is_named() {
        let repository = repository();
        fs::write(repository.path().join(BILL), "{}").unwrap();
        fs::remove_file(repository.path().join("folder/tracked.txt")).unwrap();
        let paths = tracked_files(repository.path()).unwrap();
        let error = manifest(repository.path(), &paths).unwrap_err();
        assert!(format!("{error:#}").contains("folder/tracked.txt"), "{error:#}");
    }
}
