//! Peak memory of a check grows linearly with the panel that it reads, at 1×, 4× and 16×. Linux only, where the kernel
//! tells a process's peak; slow, so asked for with `RUN_SLOW_TESTS`.

#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

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

/// The peak resident memory of `table2` on the bundle, in bytes.
fn peak(folder: &Path) -> u64 {
    let (_, release) = mini();
    let mut child = spinefairbench()
        .args([
            "table2",
            "--artifacts",
            folder.to_str().unwrap(),
            "--release",
            release,
            "--format",
            "json",
        ])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes =
            line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) * 1024);
        std::thread::sleep(Duration::from_micros(500));
    }
    peak
}

#[test]
fn peak_memory_is_linear_in_the_panel() {
    if std::env::var_os("RUN_SLOW_TESTS").is_none() {
        eprintln!("skipped: set RUN_SLOW_TESTS");
        return;
    }
    let measured: Vec<(u64, u64)> = [1, 4, 16]
        .map(|factor| {
            let folder = tempfile::tempdir().unwrap();
            let bytes = inflated(folder.path(), BASE_BYTES * factor);
            (bytes, peak(folder.path()))
        })
        .into();
    eprintln!("panel bytes and peak bytes: {measured:?}");
    for &(bytes, peak) in &measured {
        assert!(peak > 0);
        assert!(peak <= bytes * 3 / 2 + ALLOWANCE_BYTES, "{bytes} bytes of panel took {peak}");
    }
    // Linear growth: from 4× to 16× it adds four times what it adds from 1× to 4×, with room for the allocator's steps.
    let added = |from: usize, to: usize| measured[to].1.saturating_sub(measured[from].1);
    assert!(added(1, 2) <= 6 * added(0, 1), "{measured:?}");
}
