//! `cargo xtask package`: the published crates as the registry would get them.
//!
//! Cargo packs the crates and compiles each from its own archive, the siblings from theirs, so that nothing outside an archive
//! is needed. What was unpacked is then looked at: the texts that must be inside, the fields that a reader of the registry
//! sees, and the size.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::api::PUBLISHED;
use crate::{ExitStatus, layers};

/// What an archive may weigh; the largest of today weighs a fifth of it, and the fixtures of one crate alone would be more.
const GREATEST_SIZE: u64 = 256 << 10;

/// Fields without which a crate is hard to find or to use, as `cargo metadata` names them.
const FIELDS: [&str; 9] = [
    "description",
    "keywords",
    "categories",
    "license",
    "repository",
    "documentation",
    "readme",
    "rust_version",
    "metadata",
];

/// Packs, compiles what was packed, and looks at what is inside.
pub(crate) fn run(root: &Path) -> Result<ExitStatus> {
    let packages = PUBLISHED.map(|name| format!("{}{name}", layers::PREFIX));
    let status = crate::programs::cargo()
        .args(["package", "--locked", "--allow-dirty", "--all-features"])
        .args(packages.iter().flat_map(|name| ["--package", name]))
        .current_dir(root)
        .status()
        .context("running `cargo package`")?;
    if !status.success() {
        return Ok(ExitStatus::Failed);
    }
    let metadata =
        layers::cargo(root, &["metadata", "--no-deps", "--locked", "--format-version", "1"])?;
    let metadata: Value =
        serde_json::from_str(&metadata).context("reading what `cargo metadata` printed")?;
    let target = metadata["target_directory"].as_str().context("no target folder is named")?;
    let listed = metadata["packages"].as_array().context("`cargo metadata` lists no packages")?;
    let mut status = ExitStatus::Fine;
    for name in &packages {
        let package = listed
            .iter()
            .find(|package| package["name"] == **name)
            .with_context(|| format!("the workspace has no package `{name}`"))?;
        let version = package["version"].as_str().context("a package has no version")?;
        let unpacked = Path::new(target).join("package").join(format!("{name}-{version}"));
        let archive = Path::new(target).join("package").join(format!("{name}-{version}.crate"));
        let size = archive
            .metadata()
            .with_context(|| format!("looking at `{}`", archive.display()))?
            .len();
        let mut faults = faults_of_fields(package);
        faults.extend(faults_of_files(root, &unpacked)?);
        if size > GREATEST_SIZE {
            faults.push(format!("{} kB, at most {} expected", size >> 10, GREATEST_SIZE >> 10));
        }
        for fault in &faults {
            println!("{name}: {fault}");
            status = ExitStatus::Failed;
        }
        if faults.is_empty() {
            println!("{name} {version}: {} kB, compiles from its archive", size >> 10);
        }
    }
    Ok(status)
}

/// The fields that a manifest leaves empty.
fn faults_of_fields(package: &Value) -> Vec<String> {
    let is_empty = |field: &Value| match field {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => true,
    };
    let mut faults: Vec<String> = FIELDS
        .iter()
        .filter(|name| is_empty(&package[**name]))
        .map(|name| format!("the manifest says nothing for `{name}`"))
        .collect();
    if package["metadata"]["docs"]["rs"]["all-features"] != true {
        faults.push("docs.rs would not show what a feature adds".to_owned());
    }
    faults
}

/// What is missing from an unpacked archive, or is in it and should not be.
fn faults_of_files(root: &Path, unpacked: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (packed, original) in [("LICENSE", "LICENSE-CODE"), ("NOTICE", "NOTICE")] {
        let expected =
            fs::read(root.join(original)).with_context(|| format!("reading `{original}`"))?;
        if fs::read(unpacked.join(packed)).ok() != Some(expected) {
            faults.push(format!("`{packed}` is missing or is not the workspace's `{original}`"));
        }
    }
    match fs::read_to_string(unpacked.join("README.md")) {
        Ok(text) if text.contains("```rust\n") => {}
        Ok(_) => faults.push("`README.md` has no example that is tested".to_owned()),
        Err(_) => faults.push("`README.md` is missing".to_owned()),
    }
    match fs::read_to_string(unpacked.join("src/lib.rs")) {
        Ok(text) if text.contains("#[doc = include_str!(\"../README.md\")]") => {}
        Ok(_) => faults.push("`src/lib.rs` does not test the examples of `README.md`".to_owned()),
        Err(error) => bail!("`{}` was not unpacked: {error}", unpacked.display()),
    }
    if unpacked.join("tests").exists() {
        faults.push("the fixtures of the tests are inside".to_owned());
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> std::path::PathBuf {
        crate::workspace_root()
    }

    #[test]
    fn an_empty_field_of_a_manifest_is_named() {
        let mut package = serde_json::json!({
            "description": "what", "keywords": ["a"], "categories": [], "license": "MIT", "repository": "r",
            "documentation": null, "readme": "README.md", "rust_version": "1.92",
            "metadata": { "docs": { "rs": { "all-features": true } } },
        });
        assert_eq!(
            faults_of_fields(&package),
            ["categories", "documentation"]
                .map(|name| format!("the manifest says nothing for `{name}`"))
        );
        package["metadata"]["docs"] = Value::Null;
        assert_eq!(faults_of_fields(&package).len(), 3);
    }

    #[test]
    fn a_licence_of_other_words_and_fixtures_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let unpacked = folder.path();
        fs::create_dir_all(unpacked.join("src")).unwrap();
        fs::copy(workspace().join("crates/parsers/src/lib.rs"), unpacked.join("src/lib.rs"))
            .unwrap();
        for name in ["README.md", "LICENSE", "NOTICE"] {
            fs::copy(workspace().join("crates/parsers").join(name), unpacked.join(name)).unwrap();
        }
        assert_eq!(faults_of_files(&workspace(), unpacked).unwrap(), Vec::<String>::new());
        fs::write(unpacked.join("LICENSE"), "All rights reserved.\n").unwrap();
        fs::write(unpacked.join("README.md"), "No example.\n").unwrap();
        fs::create_dir(unpacked.join("tests")).unwrap();
        assert_eq!(
            faults_of_files(&workspace(), unpacked).unwrap(),
            [
                "`LICENSE` is missing or is not the workspace's `LICENSE-CODE`",
                "`README.md` has no example that is tested",
                "the fixtures of the tests are inside"
            ]
        );
    }
}
