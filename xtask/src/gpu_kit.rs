//! `cargo xtask gpu-kit`: one folder that proves and times the generator on a machine with a GPU.
//!
//! It holds programs built against the CPU's libtorch; on that machine the CUDA library of the same version, from Python's
//! `torch`, takes its place through `LD_LIBRARY_PATH`. Its `run` needs no compiler and no network. See `benches/gpu/run`.
#![expect(clippy::disallowed_methods, reason = "xtask fills a folder that can be made again")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure as require};

use crate::{ExitStatus, libtorch, programs};

/// What the folder may weigh.
const GREATEST_SIZE: u64 = 60 << 20;
/// What the peer is made of beside the `torch` and `transformers` of the machine with the GPU.
const WHEELS: [&str; 3] = ["diffusers==0.42.1", "peft==0.21.2", "accelerate==1.12.0"];
/// The scripts, from `benches/gpu`.
const SCRIPTS: [&str; 3] = ["run", "peer.py", "judge.py"];

/// Where to pack, and how it is compiled.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder to fill; what is in it is replaced.
    #[arg(long, default_value = "target/gpu-kit")]
    output: PathBuf,
    /// Compile as the tests do: sooner, and slower to run.
    #[arg(long)]
    test_profile: bool,
}

/// Builds the programs and packs the folder.
pub(crate) fn run(root: &Path, options: &Options) -> Result<ExitStatus> {
    let output = root.join(&options.output);
    pack(root, &output, || built(root, options))?;
    let status = Command::new("python3")
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"])
        .args(["--python-version", "3.12", "--dest"])
        .arg(output.join("wheels"))
        .args(WHEELS)
        .stdin(Stdio::null())
        .status()
        .context("running `python3 -m pip download`")?;
    require!(status.success(), "`pip download {}` failed", WHEELS.join(" "));
    let size = size_of(&output)?;
    require!(
        size <= GREATEST_SIZE,
        "the kit weighs {} MB; at most {} are meant",
        size >> 20,
        GREATEST_SIZE >> 20
    );
    println!("{} MB in {}", size >> 20, output.display());
    println!("on the machine with the GPU: {}", output.join("run").display());
    Ok(ExitStatus::Fine)
}

/// Fills the folder with everything but the wheels; `programs` gives each program's name in the kit and its path.
fn pack(
    root: &Path,
    output: &Path,
    programs: impl FnOnce() -> Result<Vec<(&'static str, PathBuf)>>,
) -> Result<()> {
    if output.exists() {
        require!(
            output.join("run").is_file(),
            "`{}` is there and is no kit; name another folder",
            output.display()
        );
        fs::remove_dir_all(output)?;
    }
    let programs = programs()?;
    let (bin, home) = (output.join("bin"), root.join("crates/generator"));
    fs::create_dir_all(&bin)?;
    for (program, path) in programs {
        let target = bin.join(program);
        copy(&path, &target)?;
        // Without the names of functions a program weighs half.
        let status = Command::new("strip").arg(&target).status().context("running `strip`")?;
        require!(status.success(), "`strip` failed on `{program}`");
    }
    for script in SCRIPTS {
        copy(&root.join("benches/gpu").join(script), &output.join(script))?;
    }
    for folder in ["configs", "data", "tests/fixtures"] {
        copy_folder(&home.join(folder), &output.join("generator").join(folder))?;
    }
    let home = home.to_str().context("the project's path is no text")?;
    fs::write(output.join("manifest_dir"), home)?;
    Ok(())
}

/// The kit's programs, by their names in it.
fn built(root: &Path, options: &Options) -> Result<Vec<(&'static str, PathBuf)>> {
    let libtorch = libtorch::ensure(&spinefairbench_cli::cache_folder()?)?;
    let messages = |arguments: &[&str]| -> Result<String> {
        let mut command = crate::programs::cargo();
        command
            .args(arguments)
            .args(["--package", "spinefairbench-generator", "--package", "spinefairbench-cli"])
            .args(["--features", "spinefairbench-cli/libtorch"])
            .args(["--message-format", "json-render-diagnostics"]);
        if !options.test_profile {
            command.arg("--release");
        }
        let output = command
            .current_dir(root)
            .envs(libtorch.environment())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("running `cargo {}`", arguments.join(" ")))?;
        require!(output.status.success(), "`cargo {}` failed", arguments.join(" "));
        String::from_utf8(output.stdout).context("cargo printed no UTF-8")
    };
    let programs = messages(&["build", "--bins", "--examples"])?;
    let tests = messages(&["test", "--no-run", "--test", "it"])?;
    [
        ("spinefairbench", &programs, "spinefairbench", "cli"),
        ("formula_model", &programs, "formula_model", "generator"),
        ("repeated_passes", &programs, "repeated_passes", "generator"),
        ("generator_tests", &tests, "it", "generator"),
    ]
    .into_iter()
    .map(|(name, messages, target, package)| {
        let path = programs::executable(messages, target, Some(package));
        Ok((name, path.with_context(|| format!("cargo did not say where `{target}` is"))?))
    })
    .collect()
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("copying `{}`", from.display()))?;
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("reading `{}`", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            copy(&entry.path(), &target)?;
        }
    }
    Ok(())
}

fn size_of(folder: &Path) -> Result<u64> {
    fs::read_dir(folder)?.try_fold(0, |size, entry| {
        let entry = entry?;
        let more = if entry.file_type()?.is_dir() {
            size_of(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
        Ok(size + more)
    })
}

#[cfg(test)]
mod tests {
    use std::process::Output;

    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn a_kit_holds_programs_scripts_and_fixtures_and_replaces_no_other_folder() {
        let folder = tempfile::tempdir().unwrap();
        let kit = folder.path().join("kit");
        let programs = || Ok(vec![("spinefairbench", std::env::current_exe()?)]);
        pack(&root(), &kit, programs).unwrap();
        for file in ["bin/spinefairbench", "run", "peer.py", "judge.py", "manifest_dir"] {
            assert!(kit.join(file).is_file(), "{file}");
        }
        assert!(kit.join("generator/tests/fixtures/blocks.safetensors").is_file());
        fs::write(kit.join("bin/old"), "from before").unwrap();
        pack(&root(), &kit, programs).unwrap();
        assert!(!kit.join("bin/old").exists(), "the former kit is gone");
        let error = pack(&root(), folder.path(), programs).unwrap_err().to_string();
        assert!(error.contains("is no kit"), "{error}");
        assert!(kit.join("run").is_file(), "nothing of another folder is taken away");
    }

    /// What `judge.py` says of these records, by its exit status.
    fn judged(records: &str) -> Output {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.jsonl");
        fs::write(&path, records).unwrap();
        let judge = root().join("benches/gpu/judge.py");
        Command::new("python3").arg(judge).arg(path).output().unwrap()
    }

    /// A run in which every goal holds: peers take 2 s, the eager one 3 s, ours 1 s.
    fn records() -> Vec<String> {
        let mut records: Vec<String> = ["float32", "float16", "bfloat16"]
            .map(|kind| {
                format!(r#"{{"name":"parity {kind}","within_one_level":0.995,"greatest":2}}"#)
            })
            .into();
        records.push(r#"{"name":"parity cpu-noise","within_one_level":1.0,"greatest":3}"#.into());
        for name in ["repeatable", "resumed", "memory", "no such card", "gpu test"] {
            records.push(format!(r#"{{"name":"{name}","equal":true}}"#));
        }
        for pictures in [1, 4] {
            records.push(format!(
                r#"{{"name":"ours float16 x{pictures}","seconds":[1.0,1.0],"peak_mib":3000}}"#
            ));
            for (variant, seconds) in
                [("apart", 3.0), ("channels_last", 2.5), ("graph", 2.0), ("compile", 2.0)]
            {
                records.push(format!(
                    r#"{{"name":"diffusers {variant} x{pictures}","seconds":[{seconds}]}}"#
                ));
            }
        }
        let stages = r#""pictures":96,"elapsed":25.0,"stages":"painting 98 %""#;
        records.push(format!(r#"{{"name":"batch",{stages}}}"#));
        records.push(format!(
            r#"{{"name":"batch, four sources at once",{stages},"within_one_level":0.995,"halved":1}}"#
        ));
        records
    }

    #[test]
    fn the_table_ends_well_only_if_every_goal_was_measured_and_holds() {
        let all = judged(&records().join("\n"));
        assert_eq!(all.status.code(), Some(0), "{}", String::from_utf8_lossy(&all.stdout));
        for (place, _) in records().iter().enumerate() {
            let mut fewer = records();
            let left_out = fewer.remove(place);
            let found = judged(&fewer.join("\n"));
            assert_eq!(found.status.code(), Some(2), "without {left_out}");
        }
        for (from, to) in [
            ("0.995", "0.985"),
            (r#""greatest":3"#, r#""greatest":4"#),
            (r#""equal":true"#, r#""equal":false"#),
            ("3000", "6000"),
            ("[2]", "[0.9]"),
            ("25.0", "27.0"),
        ] {
            let found = judged(&records().join("\n").replace(from, to));
            assert_eq!(found.status.code(), Some(1), "{to} in place of {from}");
        }
        let failed =
            judged(&records().join("\n").replace(r#""equal":true"#, r#""error":"cut off""#));
        assert_eq!(failed.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&failed.stdout).contains("cut off"));
    }
}
