//! Peak memory of a check grows linearly with the panel that it reads, and that of scoring JSON Lines does not grow with the
//! reports' text; at 1×, 4× and 16×. Linux only, where the kernel tells a process's peak; slow, so asked for with
//! `RUN_SLOW_TESTS`.

#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::binary::{mini, spinefairbench};

/// The size of the smallest panel, in bytes: well above what the program takes by itself.
const BASE_BYTES: usize = 8 << 20;
/// What a check may take beside one and a half times its largest file.
const ALLOWANCE_BYTES: u64 = 100_000_000;

/// A copy of the mini bundle's small files with a full panel of at least `bytes`, most of it rows of a model that is not
/// asked about.
fn inflated(folder: &Path, bytes: usize) -> u64 {
    let (root, _) = mini();
    let panels = "artifacts/Results/final_inputs/panels";
    let summary = "artifacts/Results/analysis/common_core_1000_summary.json";
    for panel in ["full_pipeline_retained", "baseline_only_retained"] {
        fs::create_dir_all(folder.join(panels).join(panel)).unwrap();
        for file in ["panel_manifest.json", "evaluation_results.json"] {
            let path = format!("{panels}/{panel}/{file}");
            fs::copy(Path::new(root).join(&path), folder.join(&path)).unwrap();
        }
    }
    fs::create_dir_all(folder.join("artifacts/Results/analysis")).unwrap();
    fs::copy(Path::new(root).join(summary), folder.join(summary)).unwrap();
    let path = folder.join(panels).join("full_pipeline_retained/evaluation_results.json");
    let mut text = fs::read_to_string(&path).unwrap().trim_end().trim_end_matches(']').to_owned();
    let report =
        "Mild disc space narrowing at L4-L5. \\u00e9 Follow-up MRI is advised. ".repeat(25);
    let mut number = 0;
    while text.len() < bytes {
        let pair = format!("buu_{number:06}__young_male");
        for role in ["source", "generated"] {
            write!(
                text,
                ", {{\"model\": \"gpt-5.4\", \"pair_id\": \"{pair}\", \"image_role\": \"{role}\", "
            )
            .unwrap();
            write!(
                text,
                "\"response\": \"{report}\", \"error\": null, \"source_id\": \"buu_{number:06}\"}}"
            )
            .unwrap();
        }
        number += 1;
    }
    text.push(']');
    fs::write(&path, &text).unwrap();
    text.len() as u64
}

/// The peak resident memory of a call, in bytes.
fn peak(arguments: &[&str]) -> u64 {
    let mut child = spinefairbench()
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes =
            line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) * 1024);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_micros(500));
    };
    assert!(status.code().is_some_and(|code| code < 2) && peak > 0, "{status}");
    peak
}

fn is_slow_test_wanted() -> bool {
    std::env::var_os("RUN_SLOW_TESTS").is_some()
}

#[test]
fn peak_memory_is_linear_in_the_panel() {
    if !is_slow_test_wanted() {
        eprintln!("skipped: set RUN_SLOW_TESTS");
        return;
    }
    let (_, release) = mini();
    let measured: Vec<(u64, u64)> = [1, 4, 16]
        .map(|factor| {
            let folder = tempfile::tempdir().unwrap();
            let bytes = inflated(folder.path(), BASE_BYTES * factor);
            let root = folder.path().to_str().unwrap();
            let call = ["table2", "--artifacts", root, "--release", release, "--format", "json"];
            (bytes, peak(&call))
        })
        .into();
    eprintln!("panel bytes and peak bytes: {measured:?}");
    for &(bytes, peak) in &measured {
        assert!(peak <= bytes * 3 / 2 + ALLOWANCE_BYTES, "{bytes} bytes of panel took {peak}");
    }
    // Linear growth: from 4× to 16× it adds four times what it adds from 1× to 4×, with room for the allocator's steps.
    let added = |from: usize, to: usize| measured[to].1.saturating_sub(measured[from].1);
    assert!(added(1, 2) <= 6 * added(0, 1), "{measured:?}");
}

/// The quality-controlled submission of the mini bundle as JSON Lines of at least `bytes`: its reports repeat themselves.
fn long_reports(path: &Path, bytes: usize) -> u64 {
    let submission = fs::read(Path::new(mini().0).join("metrics/qc_submission.json")).unwrap();
    let mut header: Value = serde_json::from_slice(&submission).unwrap();
    let results = header.as_object_mut().unwrap().remove("results").unwrap();
    let results = results.as_array().unwrap();
    let each = bytes / results.len() / 2;
    let mut text = header.to_string() + "\n";
    for result in results {
        let mut result = result.clone();
        for side in ["source_report", "counterfactual_report"] {
            let report = format!("{} ", result[side].as_str().unwrap());
            result[side] = report.repeat(each.div_ceil(report.len())).into();
        }
        writeln!(text, "{result}").unwrap();
    }
    fs::write(path, &text).unwrap();
    text.len() as u64
}

#[test]
fn peak_memory_of_scoring_lines_does_not_grow_with_the_text() {
    if !is_slow_test_wanted() {
        eprintln!("skipped: set RUN_SLOW_TESTS");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (file, score) = (folder.path().join("run.jsonl"), folder.path().join("score.json"));
    let measured: Vec<(u64, u64)> = [1, 4, 16]
        .map(|factor| {
            // From 16 MiB on several batches are read, whatever the factor.
            let bytes = long_reports(&file, 2 * BASE_BYTES * factor);
            let (file, score) = (file.to_str().unwrap(), score.to_str().unwrap());
            let call = ["score", "--artifacts", mini().0, "--submission", file, "--output", score];
            (bytes, peak(&call))
        })
        .into();
    eprintln!("bytes of JSON Lines and peak bytes: {measured:?}");
    // A batch and its largest line are held, and a line grows here with the factor: 1/62 of the file.
    for &(bytes, peak) in &measured {
        assert!(peak <= bytes / 8 + ALLOWANCE_BYTES, "{measured:?}");
    }
}
