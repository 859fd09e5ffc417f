//! Python environments of pinned packages, below the cache folder and made on first use.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure as require};

/// The Python of an environment that has `packages`, each as `name==version` or an option of pip.
pub(crate) fn python(cache: &Path, packages: &[&str]) -> Result<PathBuf> {
    python_by("python3", cache, packages)
}

/// The same, made by `interpreter`.
pub(crate) fn python_by(interpreter: &str, cache: &Path, packages: &[&str]) -> Result<PathBuf> {
    let folder = cache.join("python").join(packages.join("+"));
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    // Written last, so that its presence means that everything is there.
    let mark = folder.join("complete");
    if !mark.is_file() || quiet(&python, &["--version"]).is_err() {
        let venv = folder.to_str().context("the cache folder's name is no text")?;
        quiet(Path::new(interpreter), &["-m", "venv", "--clear", venv])?;
        let pip = ["-m", "pip", "install", "--quiet", "--only-binary=:all:"];
        quiet(&python, &[&pip[..], packages].concat())?;
        std::fs::write(&mark, "").with_context(|| format!("writing `{}`", mark.display()))?;
    }
    Ok(python)
}

/// Runs a program whose output matters only if it fails.
pub(crate) fn quiet(program: &Path, arguments: &[&str]) -> Result<()> {
    let called = || format!("`{} {}`", program.display(), arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("running {}", called()))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    require!(output.status.success(), "{} failed: {}", called(), errors.trim());
    Ok(())
}
