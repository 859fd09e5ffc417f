//! The bill of materials of the binary, as `CycloneDX` 1.6 JSON.
//!
//! Input: `cargo metadata` of the locked workspace and `Cargo.lock`. Output: every package that the binary is built from
//! (normal and build dependencies on every platform, default features; tests and benches apart), each with version,
//! licence, package URL and, where it comes from a registry, its SHA-256; and who depends on whom. No time and no random number
//! are in it, so that the same lock file gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::Value;

/// The package whose binary is described.
const BINARY_PACKAGE: &str = "spinefairbench-cli";

/// The name of the binary.
const BINARY: &str = "spinefairbench";

/// A bill of materials; the fields are those of the `CycloneDX` schema.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the schema")]
pub(crate) struct Bom {
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Serialize)]
struct Metadata {
    component: Component,
}

#[derive(Debug, Clone, Serialize)]
struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    bom_ref: String,
    name: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    licenses: Vec<License>,
    purl: String,
}

#[derive(Debug, Clone, Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Debug, Clone, Serialize)]
struct License {
    expression: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    of: String,
    depends_on: BTreeSet<String>,
}

impl Bom {
    /// The bill of materials of the workspace at `root`.
    pub(crate) fn of_workspace(root: &Path) -> Result<Self> {
        let lock = fs::read_to_string(root.join("Cargo.lock")).context("reading `Cargo.lock`")?;
        Self::of(&metadata(root)?, &checksums(&lock))
    }

    fn of(metadata: &Value, checksums: &BTreeMap<(String, String), String>) -> Result<Self> {
        let packages = by_id(&metadata["packages"]);
        let nodes = by_id(&metadata["resolve"]["nodes"]);
        let binary = packages
            .iter()
            .find(|(_, package)| package["name"] == BINARY_PACKAGE)
            .map(|(id, _)| *id)
            .with_context(|| format!("the workspace has no package `{BINARY_PACKAGE}`"))?;
        let mut reached = BTreeMap::new();
        let mut waiting = vec![binary];
        while let Some(id) = waiting.pop() {
            if !reached.contains_key(id) {
                let node = nodes.get(id).with_context(|| format!("`{id}` is not resolved"))?;
                let below = dependencies(node);
                waiting.extend(&below);
                reached.insert(id, below);
            }
        }
        let component = |id: &str| {
            let package = packages.get(id).with_context(|| format!("`{id}` is no package"))?;
            Component::of(package, checksums)
        };
        let mut components = Vec::new();
        let mut edges = Vec::new();
        for (id, below) in &reached {
            let found = component(id)?;
            let depends_on = below.iter().map(|id| Ok(component(id)?.bom_ref));
            edges.push(Dependency {
                of: found.bom_ref.clone(),
                depends_on: depends_on.collect::<Result<_>>()?,
            });
            if *id != binary {
                components.push(found);
            }
        }
        components.sort_by(|left, right| left.bom_ref.cmp(&right.bom_ref));
        edges.sort_by(|left, right| left.of.cmp(&right.of));
        let mut main = component(binary)?;
        BINARY.clone_into(&mut main.name);
        main.kind = "application";
        main.scope = None;
        Ok(Self {
            bom_format: "CycloneDX",
            spec_version: "1.6",
            version: 1,
            metadata: Metadata { component: main },
            components,
            dependencies: edges,
        })
    }

    /// How many packages the binary is built from, itself apart.
    pub(crate) fn n_components(&self) -> usize {
        self.components.len()
    }

    /// The document, with a line break at its end.
    pub(crate) fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self).context("writing the bill of materials")? + "\n")
    }
}

impl Component {
    fn of(package: &Value, checksums: &BTreeMap<(String, String), String>) -> Result<Self> {
        let field = |name: &str| {
            let text = package[name].as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned)
                .with_context(|| format!("the package {} has no `{name}`", package["id"]))
        };
        let (name, version) = (field("name")?, field("version")?);
        let purl = format!("pkg:cargo/{name}@{version}");
        let checksum = checksums.get(&(name.clone(), version.clone()));
        if checksum.is_none() && !package["source"].is_null() {
            bail!("`Cargo.lock` has no checksum of `{name}` {version}");
        }
        Ok(Self {
            kind: "library",
            bom_ref: purl.clone(),
            scope: Some("required"),
            hashes: checksum
                .map(|sum| Hash { alg: "SHA-256", content: sum.clone() })
                .into_iter()
                .collect(),
            // Old packages separate their licences with a slash, which SPDX does not know.
            licenses: vec![License { expression: field("license")?.replace('/', " OR ") }],
            name,
            version,
            purl,
        })
    }
}

fn by_id(list: &Value) -> BTreeMap<&str, &Value> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(|item| Some((item["id"].as_str()?, item))).collect()
}

/// What a resolved package is built from; what only its tests need is left out.
fn dependencies(node: &Value) -> Vec<&str> {
    let is_built_in = |dependency: &&Value| {
        let kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
        kinds.into_iter().any(|kind| kind["kind"] != "dev")
    };
    let below = node["deps"].as_array().into_iter().flatten();
    below.filter(is_built_in).filter_map(|dependency| dependency["pkg"].as_str()).collect()
}

fn metadata(root: &Path) -> Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("running `cargo metadata`")?;
    if !output.status.success() {
        bail!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("reading what `cargo metadata` printed")
}

/// The SHA-256 of each package from a registry, by name and version. A lock file is generated, one key a line.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let field = |name: &str| {
            let prefix = format!("{name} = \"");
            let line = package.lines().find_map(|line| line.strip_prefix(&prefix))?;
            line.strip_suffix('"').map(str::to_owned)
        };
        if let (Some(name), Some(version), Some(sum)) =
            (field("name"), field("version"), field("checksum"))
        {
            found.insert((name, version), sum);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bom() -> Value {
        let bom = Bom::of_workspace(&crate::workspace_root()).unwrap();
        serde_json::from_str(&bom.to_json().unwrap()).unwrap()
    }

    /// What `cargo tree` says that the binary is built from: another tool over the same lock file.
    fn by_cargo_tree() -> BTreeSet<String> {
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["tree", "--locked", "--package", BINARY_PACKAGE, "--edges", "normal,build"])
            .args(["--target", "all", "--prefix", "none", "--format", "{p}"])
            .current_dir(crate::workspace_root())
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let package = |line: &str| {
            let mut words = line.split(' ');
            let name = words.next().unwrap().to_owned();
            format!("pkg:cargo/{name}@{}", words.next().unwrap().trim_start_matches('v'))
        };
        text.lines().filter(|line| !line.is_empty()).map(package).collect()
    }

    #[test]
    fn the_bill_lists_every_package_that_the_binary_is_built_from() {
        let bom = bom();
        let components = bom["components"].as_array().unwrap();
        let main = &bom["metadata"]["component"];
        let mut found: BTreeSet<String> =
            components.iter().map(|part| part["purl"].as_str().unwrap().to_owned()).collect();
        assert_eq!(found.len(), components.len(), "a package stands there twice");
        found.insert(main["purl"].as_str().unwrap().to_owned());
        let expected = by_cargo_tree();
        let missing: Vec<_> = expected.difference(&found).collect();
        assert!(missing.is_empty(), "{missing:?}");
        // The workspace turns on features that one package alone would not: nothing else may be more.
        let lock = fs::read_to_string(crate::workspace_root().join("Cargo.lock")).unwrap();
        for purl in &found {
            let (name, version) = purl["pkg:cargo/".len()..].split_once('@').unwrap();
            let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
            assert!(lock.contains(&entry), "{purl} is not in the lock file");
        }
    }

    #[test]
    fn the_bill_has_what_its_format_requires() {
        let bom = bom();
        assert_eq!((&bom["bomFormat"], &bom["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
        assert_eq!(bom["version"], 1);
        assert_eq!(bom["metadata"]["component"]["name"], "spinefairbench");
        assert_eq!(bom["metadata"]["component"]["type"], "application");
        let mut refs = BTreeSet::from([bom["metadata"]["component"]["bom-ref"].as_str().unwrap()]);
        for part in bom["components"].as_array().unwrap() {
            assert_eq!(part["type"], "library");
            for field in ["name", "version", "purl", "bom-ref"] {
                assert!(part[field].as_str().is_some_and(|text| !text.is_empty()), "{part}");
            }
            let license = part["licenses"][0]["expression"].as_str().unwrap();
            assert!(!license.is_empty() && !license.contains('/'), "{part}");
            let is_ours = part["name"].as_str().unwrap().starts_with("spinefairbench-");
            match part["hashes"].as_array() {
                Some(hashes) => {
                    assert_eq!(hashes[0]["alg"], "SHA-256");
                    assert_eq!(hashes[0]["content"].as_str().unwrap().len(), 64);
                }
                None => assert!(is_ours, "{part}"),
            }
            assert!(refs.insert(part["bom-ref"].as_str().unwrap()), "{part}");
        }
        let edges = bom["dependencies"].as_array().unwrap();
        assert_eq!(edges.len(), refs.len());
        for edge in edges {
            assert!(refs.contains(edge["ref"].as_str().unwrap()), "{edge}");
            for below in edge["dependsOn"].as_array().unwrap() {
                assert!(refs.contains(below.as_str().unwrap()), "{edge}");
            }
        }
    }

    #[test]
    fn the_same_lock_file_gives_the_same_bytes() {
        let write = || Bom::of_workspace(&crate::workspace_root()).unwrap().to_json().unwrap();
        assert_eq!(write(), write());
    }

    #[test]
    fn checksums_are_found_by_name_and_version() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry\"\nchecksum = \"00ff\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n";
        let found = checksums(lock);
        assert_eq!(found.len(), 1);
        assert_eq!(found[&("a".to_owned(), "1.0.0".to_owned())], "00ff");
    }
}
