//! Building the programs that are measured.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Runs named pieces of work.
pub(crate) const WORKLOADS: &str = "spinefairbench-workloads";
/// What users call.
pub(crate) const COMMAND: &str = "spinefairbench";

/// How a program is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As the tests are.
    Tests,
    /// As users get it.
    Release,
}

/// Cargo, as from a shell. What it told this program of its own package would have build scripts that look at it run once more,
/// `ring`'s among them, and all that stands above them compiled once more.
pub(crate) fn cargo() -> Command {
    const OF_THIS_PACKAGE: [&str; 8] = [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_LINKS",
        "CARGO_MANIFEST_PATH",
        "CARGO_PKG_NAME",
        "CARGO_PKG_VERSION_MAJOR",
        "CARGO_PKG_VERSION_MINOR",
        "CARGO_PKG_VERSION_PATCH",
        "CARGO_PKG_VERSION_PRE",
    ];
    let mut command = Command::new(env!("CARGO"));
    for name in OF_THIS_PACKAGE {
        command.env_remove(name);
    }
    command
}

/// Builds programs of the workspace and gives their paths, in the same order.
///
/// The whole workspace is named, so that every crate has the features that it has in the tests and is compiled once.
pub(crate) fn build<const N: usize>(
    root: &Path,
    programs: [&str; N],
    profile: Profile,
) -> Result<[PathBuf; N]> {
    let mut command = cargo();
    command.args(["build", "--workspace", "--message-format", "json-render-diagnostics"]);
    for program in programs {
        command.args(["--bin", program]);
    }
    if profile == Profile::Release {
        command.arg("--release");
    }
    let output = command
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("running `cargo build`")?;
    if !output.status.success() {
        bail!("`cargo build` failed");
    }
    let messages = String::from_utf8(output.stdout).context("`cargo build` printed no UTF-8")?;
    let mut paths = programs.map(|_| PathBuf::new());
    for (path, program) in paths.iter_mut().zip(programs) {
        *path = executable(&messages, program, None)
            .with_context(|| format!("`cargo build` did not say where `{program}` is"))?;
    }
    Ok(paths)
}

/// The path in the message about the finished program, of the named crate where several have a program of that name.
pub(crate) fn executable(messages: &str, program: &str, of_crate: Option<&str>) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_it =
            message["reason"] == "compiler-artifact" && message["target"]["name"] == program;
        let manifest = message["manifest_path"].as_str().map(Path::new);
        let folder = manifest.and_then(Path::parent).and_then(Path::file_name);
        let is_of_crate = of_crate.is_none_or(|name| folder.is_some_and(|folder| folder == name));
        message["executable"].as_str().filter(|_| is_it && is_of_crate).map(PathBuf::from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_path_is_read_from_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","manifest_path":"/p/crates/cli/Cargo.toml","target":{"name":"it"},"executable":"/t/debug/it"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","manifest_path":"/p/crates/generator/Cargo.toml","target":{"name":"it"},"executable":"/t/debug/it-2"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#
        );
        assert_eq!(executable(messages, "it", None), Some(PathBuf::from("/t/debug/it")));
        let of_generator = executable(messages, "it", Some("generator"));
        assert_eq!(of_generator, Some(PathBuf::from("/t/debug/it-2")));
        assert_eq!(executable(messages, "serde", None), None);
    }
}
