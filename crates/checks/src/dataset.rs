//! `dataset`: images, quality control and source lists agree with each other and with the declared counts.
//!
//! Input: the two JSON Lines files, the two source lists, the declared counts, and what stands below `dataset/`. Output:
//! the counts. Rules: `checks.md`, *dataset*; image names end in `.png` in any case.

use std::collections::{BTreeMap, BTreeSet};

use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::release::{GENERATED_ORIGIN, ReleaseDescription};
use spinefairbench_artifacts::source::FileKind;

use crate::finding::{Code, Finding, Findings};
use crate::published::{Published, nothing_published};
use crate::qc_rows;
use crate::report::{CheckReport, CheckResult};
use crate::snapshot::{BundleEntry, DeclaredDataset, Inventory, QcRow, Snapshot};
use crate::source_lists;

/// The counts of the dataset; a count whose files could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatasetResult {
    /// Images found below `dataset/`.
    pub released_pngs: Option<u64>,
    /// Rows of the passed manifest.
    pub qc_passed_rows: Option<u64>,
    /// Rows of the attempts.
    pub attempted_qc_rows: Option<u64>,
    /// Files called `source.png` below `dataset/`.
    pub source_pngs: Option<u64>,
    /// Sources with a passed row.
    pub sources: Option<u64>,
    /// The declared policy on source radiographs.
    pub source_radiograph_policy: Option<String>,
}

/// Judges the dataset.
#[must_use]
pub fn check(
    snapshot: &Snapshot,
    release: &ReleaseDescription,
    mut findings: Findings,
) -> CheckReport {
    let mut result = DatasetResult::default();
    let attempts = snapshot.attempts.open(&mut findings);
    let passed = snapshot.passed_manifest.open(&mut findings);
    if let Some(attempts) = attempts {
        result.attempted_qc_rows = Some(attempts.line_count);
        qc_rows::judge_ids(layout::QC_METADATA, attempts, &mut findings);
    }
    if let Some(passed) = passed {
        result.qc_passed_rows = Some(passed.line_count);
        result.sources = Some(sources_of(&passed.rows).len() as u64);
        qc_rows::judge_ids(layout::QC_PASSED_PAIRS, passed, &mut findings);
    }
    if let (Some(attempts), Some(passed)) = (attempts, passed) {
        qc_rows::compare(attempts, passed, &mut findings);
    }
    if let Some(inventory) = snapshot.inventory.open(&mut findings) {
        let images: Vec<&BundleEntry> = images_of(inventory).collect();
        let is_source =
            |image: &&&BundleEntry| image.path.file_name().eq_ignore_ascii_case("source.png");
        result.released_pngs = Some(images.len() as u64);
        result.source_pngs = Some(images.iter().filter(is_source).count() as u64);
        for image in images.iter().filter(is_source) {
            let message = "a source radiograph stands in the release";
            findings.push(Finding::new(Code::SourcePngPresent, message).in_file(&image.path));
        }
        if let Some(passed) = passed {
            judge_images(inventory, &images, &passed.rows, &mut findings);
        }
    }
    let lists = [
        (layout::DATASET_PAIRS, &snapshot.pair_sources),
        (layout::SOURCE_METADATA, &snapshot.source_metadata),
    ];
    let mut source_rows = Vec::new();
    for (path, list) in lists {
        let Some(list) = list.open(&mut findings) else { continue };
        source_rows.push((path, list.len() as u64));
        if let Some(passed) = passed {
            source_lists::judge(path, list, &passed.rows, &mut findings);
        }
    }
    if let Some(declared) = snapshot.declared.open(&mut findings) {
        result.source_radiograph_policy.clone_from(&declared.source_radiograph_policy);
        judge_declared(&result, declared, &source_rows, &mut findings);
    }
    let mut notes = Vec::new();
    if is_another_dataset(snapshot, release) {
        notes.push(format!(
            "the generator assembled this dataset, which is not the release `{}`: nothing was compared with published values",
            release.release_id
        ));
    } else if let Some(expected) = &release.expected.dataset {
        let mut published = Published::new(&mut findings, "dataset");
        published.equal("released_pngs", expected.released_pngs, result.released_pngs);
        published.equal("qc_passed_rows", expected.qc_passed_rows, result.qc_passed_rows);
        published.equal("attempted_qc_rows", expected.attempted_qc_rows, result.attempted_qc_rows);
        published.equal("sources", expected.sources, result.sources);
    } else {
        notes.push(nothing_published("dataset"));
    }
    CheckReport { findings: findings.finish(), notes, result: CheckResult::Dataset(result) }
}

/// Whether the dataset says that the generator assembled it and `release` describes another. Its counts are its own; the
/// suite cannot pass on it, since the release's anchors are not there.
fn is_another_dataset(snapshot: &Snapshot, release: &ReleaseDescription) -> bool {
    let origin = snapshot.declared.value().and_then(|declared| declared.origin.as_deref());
    origin == Some(GENERATED_ORIGIN) && !release.describes_generated()
}

fn sources_of(rows: &[QcRow]) -> BTreeSet<&str> {
    rows.iter().filter_map(|row| row.source_id.as_deref()).collect()
}

/// Every `*.png` below `dataset/`, whatever it is: a folder of that name is listed too, and judged as an image.
fn images_of(inventory: &Inventory) -> impl Iterator<Item = &BundleEntry> {
    let below = inventory.below("dataset/").iter();
    below.filter(|entry| is_png(entry.path.as_str()) && entry.kind != FileKind::Directory)
}

/// Whether a name ends in `.png` in any case.
pub(crate) fn is_png(path: &str) -> bool {
    path.len() >= 4 && path.as_bytes()[path.len() - 4..].eq_ignore_ascii_case(b".png")
}

/// Every listed image is there, whole and as stated; every image is listed.
fn judge_images(
    inventory: &Inventory,
    images: &[&BundleEntry],
    rows: &[QcRow],
    findings: &mut Findings,
) {
    let mut listed: BTreeMap<&str, &QcRow> = BTreeMap::new();
    for row in rows {
        if let Some(path) = row.image_path.as_deref() {
            listed.insert(path, row);
            judge_image(inventory.find(path), path, row, findings);
        }
    }
    for image in images {
        if !listed.contains_key(image.path.as_str()) {
            let message = "no row of the passed manifest lists the image";
            findings.push(Finding::new(Code::PngUnlisted, message).in_file(&image.path));
        }
        if let Some(problem) = &image.image_problem {
            findings.push(problem.as_ref().clone());
        }
    }
}

fn judge_image(entry: Option<&BundleEntry>, path: &str, row: &QcRow, findings: &mut Findings) {
    let listed_by = format!("listed on line {} of `{}`", row.line, layout::QC_PASSED_PAIRS);
    let Some(entry) = entry else {
        let message = format!("the image is missing; {listed_by}");
        findings.push(
            Finding::new(Code::PngMissing, message).in_file(path).comparing("a file", "nothing"),
        );
        return;
    };
    if !matches!(entry.kind, FileKind::File | FileKind::Symlink) {
        let message = format!("the image is not a file; {listed_by}");
        findings.push(
            Finding::new(Code::NotAFile, message).in_file(path).comparing("a file", entry.kind),
        );
        return;
    }
    if let Some(problem) = &entry.problem {
        findings.push(problem.as_ref().clone());
        return;
    }
    if let (Some(stated), Some(size)) = (row.image_size, entry.size)
        && stated != size
    {
        let message = format!("the image has another size than stated; {listed_by}");
        findings.push(
            Finding::new(Code::PngSizeMismatch, message).in_file(path).comparing(stated, size),
        );
    }
    if let (Some(stated), Some(digest)) = (&row.image_sha256, &entry.digest)
        && stated != digest
    {
        let message = format!("the image has another SHA-256 than stated; {listed_by}");
        findings.push(
            Finding::new(Code::PngDigestMismatch, message).in_file(path).comparing(stated, digest),
        );
    }
}

/// Every count equals the declared one.
fn judge_declared(
    result: &DatasetResult,
    declared: &DeclaredDataset,
    source_rows: &[(&str, u64)],
    findings: &mut Findings,
) {
    let mut compare = |field: &str, what: &str, declared: Option<u64>, counted: Option<u64>| {
        if let (Some(declared), Some(counted)) = (declared, counted)
            && declared != counted
        {
            let message = format!("`{field}` differs from the number of {what}");
            let finding = Finding::new(Code::CountMismatch, message);
            findings.push(finding.in_file(layout::RELEASE_MANIFEST).comparing(declared, counted));
        }
    };
    compare(
        "counterfactual_images.included_png_count",
        "images found",
        declared.released_pngs,
        result.released_pngs,
    );
    compare(
        "pair_manifests.qc_passed_pair_rows",
        "passed rows",
        declared.qc_passed_rows,
        result.qc_passed_rows,
    );
    compare(
        "pair_manifests.attempted_qc_rows",
        "attempts",
        declared.attempted_qc_rows,
        result.attempted_qc_rows,
    );
    compare(
        "pair_manifests.source_level_rows",
        "sources with a passed row",
        declared.sources,
        result.sources,
    );
    for (path, rows) in source_rows {
        compare(
            "pair_manifests.source_level_rows",
            &format!("rows of `{path}`"),
            declared.sources,
            Some(*rows),
        );
    }
    let source_pngs = "source_radiographs.source_png_files_in_public_bundle";
    compare(source_pngs, "files called `source.png`", declared.source_pngs, result.source_pngs);
}
