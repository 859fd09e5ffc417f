//! Proves the layers: which crates of ours, and which foreign crates, each crate may reach.
//!
//! Direct arrows are `cargo metadata`'s, everything that is reached is `cargo tree`'s. Exit code 1 names every arrow that the table
//! of `docs/architecture.md` does not hold.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::ExitStatus;

/// What the names of the packages begin with.
pub(crate) const PREFIX: &str = "spinefairbench-";

/// Which crates of ours a crate may use directly, by its name without the prefix.
const MAY_USE: &[(&str, &[&str])] = &[
    ("parsers", &[]),
    ("bootstrap", &[]),
    ("metrics", &["parsers", "bootstrap"]),
    ("artifacts", &[]),
    ("imaging", &[]),
    ("scoring", &["parsers", "bootstrap", "metrics", "artifacts"]),
    ("checks", &["parsers", "bootstrap", "metrics", "artifacts"]),
    ("demo", &["parsers", "bootstrap", "metrics", "artifacts"]),
    ("generator", &["imaging", "artifacts"]),
    ("runner", &["artifacts", "imaging", "scoring"]),
    ("report", &["metrics", "scoring", "checks"]),
    ("web", &["bootstrap", "artifacts", "scoring", "report"]),
    (
        "python",
        &["parsers", "bootstrap", "metrics", "artifacts", "scoring", "checks", "demo", "report"],
    ),
];

/// Crates that must not see the network, torch or an archive, however indirectly.
const PURE: &[&str] = &["parsers", "bootstrap", "metrics"];

/// What a pure crate must not reach: each is the only door to its kind of side effect in this workspace.
const IMPURE: &[&str] = &[
    "ureq",
    "reqwest",
    "hyper",
    "tokio",
    "rustls",
    "tch",
    "torch-sys",
    "tar",
    "flate2",
    "tempfile",
    "walkdir",
];

/// Checks every crate and prints a line for each.
pub(crate) fn run(root: &Path) -> Result<ExitStatus> {
    let mut violations = Vec::new();
    for (name, dependencies) in direct_dependencies(root)? {
        let Some((_, allowed)) = MAY_USE.iter().find(|(crate_name, _)| *crate_name == name) else {
            continue;
        };
        for dependency in
            dependencies.iter().filter(|dependency| !allowed.contains(&dependency.as_str()))
        {
            violations.push(format!("`{name}` uses `{dependency}`, allowed: {}", listed(allowed)));
        }
    }
    for name in PURE {
        let reached = everything_reached(root, name)?;
        for impure in
            IMPURE.iter().filter(|impure| reached.iter().any(|package| package == *impure))
        {
            violations.push(format!(
                "`{name}` reaches `{impure}`; it must see no network, torch or file format"
            ));
        }
        println!("{name}: reaches {} packages, none impure", reached.len());
    }
    if violations.is_empty() {
        println!("layers: every arrow points up");
        return Ok(ExitStatus::Fine);
    }
    for violation in &violations {
        println!("layers: {violation}");
    }
    Ok(ExitStatus::Failed)
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The crates of ours that each crate of ours names outside its tests, without the prefix.
fn direct_dependencies(root: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let output = cargo(root, &["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value =
        serde_json::from_str(&output).context("reading what `cargo metadata` printed")?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` lists no packages")?;
    let mut arrows = BTreeMap::new();
    for package in packages {
        let Some(name) = package["name"].as_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        let dependencies =
            package["dependencies"].as_array().context("a package without dependencies")?;
        let ours = dependencies
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| {
                dependency["name"].as_str()?.strip_prefix(PREFIX).map(str::to_owned)
            })
            .collect();
        arrows.insert(name.to_owned(), ours);
    }
    let unseen: Vec<&str> =
        MAY_USE.iter().map(|(name, _)| *name).filter(|name| !arrows.contains_key(*name)).collect();
    if !unseen.is_empty() {
        bail!("the layer table names crates that the workspace lacks: {}", unseen.join(", "));
    }
    Ok(arrows)
}

/// The names of all packages that a crate reaches with every feature on, tests left out.
fn everything_reached(root: &Path, name: &str) -> Result<Vec<String>> {
    let package = format!("{PREFIX}{name}");
    let tree = cargo(
        root,
        &[
            "tree",
            "--package",
            &package,
            "--all-features",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ],
    )?;
    let mut names: Vec<String> =
        tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// What a call of Cargo prints.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Result<String> {
    let output = crate::programs::cargo()
        .args(arguments)
        .current_dir(root)
        .output()
        .with_context(|| format!("running `cargo {}`", arguments.join(" ")))?;
    if !output.status.success() {
        bail!(
            "`cargo {}` failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    String::from_utf8(output.stdout).context("`cargo` printed something that is not UTF-8")
}
