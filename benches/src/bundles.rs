//! Panels and folders of files, of known size, and the mini bundle of the tests.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use serde_json::json;
use spinefairbench_artifacts::archive::{ArchiveTerms, ExtractPlan, Watch, extract};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::lock::WhenBusy;
use spinefairbench_artifacts::manifest;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::{DirectorySource, MemorySource};

use crate::texts::{self, Kind};

/// The size of a panel at 1×, in bytes.
pub const PANEL_BYTES: usize = 8 << 20;
/// How many files a folder holds at 1×.
pub const FOLDER_FILES: usize = 500;
/// The size of each, the mean of the release.
pub const FILE_BYTES: usize = 40_000;

/// A panel of at least `bytes`, of reports with a few other characters.
#[must_use]
pub fn panel(bytes: usize) -> Vec<u8> {
    let reports = texts::corpus(Kind::Mixed, 200);
    let mut panel = b"[".to_vec();
    let mut number = 0;
    while panel.len() < bytes {
        let (source, role) = (number / 2, if number % 2 == 0 { "source" } else { "generated" });
        let row = json!({
            "model": "gpt-5.4",
            "pair_id": format!("buu_{source:06}__young_male"),
            "image_role": role,
            "response": reports[number % reports.len()],
            "error": null,
            "source_id": format!("buu_{source:06}"),
            "usage": { "prompt_tokens": 1500 + number % 7, "completion_tokens": 400 },
        });
        if number > 0 {
            panel.extend_from_slice(b",\n  ");
        }
        panel.extend_from_slice(row.to_string().as_bytes());
        number += 1;
    }
    panel.push(b']');
    panel
}

/// Writes `n` files of [`FILE_BYTES`] into `folder`, each with bytes of its own, and the manifest that lists them.
///
/// # Errors
///
/// What the disk says.
#[expect(clippy::disallowed_methods, reason = "a throw-away folder needs no care against crashes")]
pub fn folder(folder: &Path, n: usize) -> io::Result<()> {
    let mut entries = Vec::new();
    for number in 0..n {
        let bytes = file_content(number);
        let path: ReleasePath =
            layout::constant(&format!("files/{:03}/{number:06}.bin", number / 100));
        let place = folder.join(path.as_str());
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(place, &bytes)?;
        entries.push((Sha256::of(&bytes), path));
    }
    let manifest = manifest::write(entries.iter().map(|(digest, path)| (*digest, path)));
    fs::write(folder.join(layout::SHA256SUMS), manifest)
}

/// Bytes that differ from file to file.
fn file_content(number: usize) -> Vec<u8> {
    let mut state = number as u64 + 1;
    let mut bytes = Vec::with_capacity(FILE_BYTES);
    while bytes.len() < FILE_BYTES {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&state.to_be_bytes());
    }
    bytes
}

/// The mini bundle of the tests in memory, and its release description.
///
/// # Errors
///
/// If the archive cannot be extracted, which the tests exclude.
pub fn mini() -> Result<(MemorySource, ReleaseDescription)> {
    const ARCHIVE: &[u8] = include_bytes!("../../crates/checks/tests/fixtures/mini.tar.gz");
    const RELEASE: &[u8] = include_bytes!("../../crates/checks/tests/fixtures/mini.release.json");
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let target = folder.path().join("bundle");
    let archive = ArchiveTerms {
        folder: Some("artifacts".parse().context("naming the archive's folder")?),
        ..ArchiveTerms::default()
    };
    let plan = ExtractPlan { target: target.clone(), archive, when_busy: WhenBusy::Fail };
    let cancel = AtomicBool::new(false);
    extract(ARCHIVE, &plan, &mut Watch { cancel: &cancel, progress: &mut |_| {} })
        .context("extracting the mini bundle")?;
    let bundle = MemorySource::copy_of(&DirectorySource::open(&target)?)?;
    Ok((bundle, ReleaseDescription::parse("mini.release.json", RELEASE)?))
}
