//! The files that pydicom's package ships, against the samples that pydicom decodes from them.
//!
//! The files stay where they are: the test is run on a folder named by `SPINEFAIRBENCH_PYDICOM_FILES`, or, with
//! `RUN_SLOW_TESTS`, on those of a pydicom that it installs (`python3 -m venv`, `pip install pydicom==3.0.2`).

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use spinefairbench_imaging::{ReadOptions, read_picture, stored_samples};

use crate::golden;

fn recorded() -> Map<String, Value> {
    serde_json::from_slice(&golden::bytes("pydicom.json")).unwrap()
}

/// Installs pydicom below `folder`, and gives the place of its files.
fn installed(folder: &Path) -> PathBuf {
    let venv = folder.join("venv");
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let python = venv.join("bin/python");
    run(Command::new(&python).args(["-m", "pip", "install", "-q", "pydicom==3.0.2"]));
    let place = "import os, pydicom; print(os.path.dirname(pydicom.__file__), end='')";
    PathBuf::from(run(Command::new(&python).args(["-c", place]))).join("data/test_files")
}

/// What is wrong with the samples of one file.
fn fault(file: &[u8], expected: &Value) -> Option<String> {
    let outcome = stored_samples(file, &ReadOptions::default());
    if expected.get("refused").is_some() {
        return outcome.is_ok().then(|| "was read, and pydicom refuses it".to_owned());
    }
    let samples = match outcome {
        Ok(samples) => samples,
        Err(error) => return Some(error.to_string()),
    };
    if let Err(error) = read_picture(file, &ReadOptions::default()) {
        return Some(format!("no picture: {error}"));
    }
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let digest = golden::hex(&Sha256::digest(bytes));
    (Some(&*digest) != expected["sha256"].as_str()).then(|| "other samples".to_owned())
}

#[test]
fn every_file_that_pydicom_decodes_has_its_samples() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = match std::env::var_os("SPINEFAIRBENCH_PYDICOM_FILES") {
        Some(folder) => PathBuf::from(folder),
        None if std::env::var_os("RUN_SLOW_TESTS").is_some() => installed(temporary.path()),
        None => return,
    };
    let recorded = recorded();
    assert_eq!(recorded.len(), 95);
    let faults: Vec<String> = recorded
        .iter()
        .filter_map(|(name, expected)| {
            let file = std::fs::read(folder.join(name)).unwrap();
            Some(format!("{name}: {}", fault(&file, expected)?))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
