//! The typed parts of a bundle that the checks judge.
//!
//! A [`Snapshot`] is what [`crate::load`] makes of a bundle's files: every part is a [`Part`], a value as far as the files
//! gave one, with the problems met in reading it. A part that nobody asked for says so when it is opened, so a check can
//! neither panic nor pass on what was never read. No report text and no image is kept.

use std::collections::BTreeMap;
use std::ops::Range;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::Value;
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::FileKind;
use spinefairbench_bootstrap::{Interval, Plan};
use spinefairbench_metrics::SourcedPair;

use crate::finding::{Code, Finding, Findings};
use crate::mitigation_recompute::MitigationInputs;

/// A part of the bundle: the value that could be read, and the problems of reading it.
#[derive(Debug, Clone, PartialEq)]
pub struct Part<T> {
    value: Option<T>,
    problems: Vec<Finding>,
}

impl<T> Default for Part<T> {
    /// A part that was not read.
    fn default() -> Self {
        Self::failed(vec![Finding::new(
            Code::PartNotRead,
            "a part of the bundle that this check needs was not read",
        )])
    }
}

impl<T> Part<T> {
    /// A value that was read without a problem.
    #[must_use]
    pub fn whole(value: T) -> Self {
        Self { value: Some(value), problems: Vec::new() }
    }

    /// A value with the problems met on the way.
    #[must_use]
    pub fn with_problems(value: T, problems: Vec<Finding>) -> Self {
        Self { value: Some(value), problems }
    }

    /// No value, and why.
    #[must_use]
    pub fn failed(problems: Vec<Finding>) -> Self {
        Self { value: None, problems }
    }

    /// The value as far as there is one; the problems go to `findings`.
    pub fn open(&self, findings: &mut Findings) -> Option<&T> {
        findings.extend(&self.problems);
        self.value.as_ref()
    }

    /// The value as far as there is one.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The value, to be completed.
    pub(crate) fn value_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }

    /// The problems of reading it.
    #[must_use]
    pub fn problems(&self) -> &[Finding] {
        &self.problems
    }
}

/// Everything that was read of a bundle.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Everything in the bundle, or in the folder of it that was asked for.
    pub inventory: Part<Inventory>,
    /// Which of the required files are there.
    pub required: Part<RequiredFiles>,
    /// The texts of the frozen prompt registry, by name.
    pub prompts: Part<PromptRegistry>,
    /// The pair count of the intersection manifest.
    pub intersection_rows: Part<u64>,
    /// The time at which the panel was frozen.
    pub panel_freeze_timestamp: Part<String>,
    /// What the release manifest declares about the dataset.
    pub declared: Part<DeclaredDataset>,
    /// The frozen summary.
    pub frozen_summary: Part<FrozenSummary>,
    /// Every attempt of the quality control.
    pub attempts: Part<QcTable>,
    /// The passed attempts.
    pub passed_manifest: Part<QcTable>,
    /// `dataset/pairs.json`.
    pub pair_sources: Part<Vec<SourceEntry>>,
    /// `dataset/source_metadata.json`.
    pub source_metadata: Part<Vec<SourceEntry>>,
    /// The validated reports of every model asked for.
    pub retained: BTreeMap<String, RetainedModel>,
    /// The frozen Stage-1 confidences by model.
    pub frozen_confidence: Part<BTreeMap<String, Part<FrozenConfidence>>>,
    /// The Stage-1 samples by model.
    pub stage1_samples: Part<BTreeMap<String, Part<Stage1Sample>>>,
    /// The rows of the mitigation table.
    pub mitigation_table: Part<Vec<ConditionRow>>,
    /// What the mitigation analysis is recomputed from.
    pub mitigation_inputs: Part<MitigationInputs>,
    /// The frozen mitigation summary.
    pub mitigation_summary: Part<Value>,
    /// The frozen counts of the mitigation conditions.
    pub mitigation_counts: Part<Value>,
    /// The radiologist validation.
    pub radiologist: RadiologistParts,
    /// The checksum manifests asked for, with their place in the call.
    pub manifests: Vec<(usize, ReleasePath, Part<Vec<ManifestEntry>>)>,
    /// The digests of the anchors of the release description.
    pub anchors: BTreeMap<String, Part<Sha256>>,
}

/// What the walk found, in the order of paths.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inventory {
    /// Files, folders, links and others, sorted by path.
    pub entries: Vec<BundleEntry>,
}

impl Part<Inventory> {
    /// The entry at `position`, to be completed.
    pub(crate) fn entry_mut(&mut self, position: usize) -> Option<&mut BundleEntry> {
        self.value.as_mut()?.entries.get_mut(position)
    }
}

/// What is known of one entry of the bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct BundleEntry {
    /// From the bundle root.
    pub path: ReleasePath,
    /// What it is; a link is listed as a link.
    pub kind: FileKind,
    /// Size in bytes, of a file that was read or measured.
    pub size: Option<u64>,
    /// SHA-256, of a file that was read whole.
    pub digest: Option<Sha256>,
    /// Why it could not be read. Boxed, as is the next, since a bundle has a hundred thousand entries and few problems.
    pub problem: Option<Box<Finding>>,
    /// What its image header shows to be wrong, of a PNG that was looked at.
    pub image_problem: Option<Box<Finding>>,
}

impl Inventory {
    /// What stands at `path`.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&BundleEntry> {
        self.entries.get(self.position(path)?)
    }

    /// Where `path` stands among the entries.
    pub(crate) fn position(&self, path: &str) -> Option<usize> {
        self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()
    }

    /// The entries whose path begins with `prefix`, which ends in a slash.
    #[must_use]
    pub fn below(&self, prefix: &str) -> &[BundleEntry] {
        let start = self.entries.partition_point(|entry| entry.path.as_str() < prefix);
        let length =
            self.entries[start..].partition_point(|entry| entry.path.as_str().starts_with(prefix));
        &self.entries[start..start + length]
    }
}

/// How many of the required files are present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequiredFiles {
    /// The number of those that are.
    pub present: usize,
}

/// The frozen prompt registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptRegistry {
    /// The file that holds it.
    pub path: String,
    /// The texts by name.
    pub texts: BTreeMap<String, String>,
}

/// What `dataset/release_manifest.json` declares; a field that could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredDataset {
    /// `counterfactual_images.included_png_count`.
    pub released_pngs: Option<u64>,
    /// `pair_manifests.qc_passed_pair_rows`.
    pub qc_passed_rows: Option<u64>,
    /// `pair_manifests.attempted_qc_rows`.
    pub attempted_qc_rows: Option<u64>,
    /// `pair_manifests.source_level_rows`.
    pub sources: Option<u64>,
    /// `source_radiographs.source_png_files_in_public_bundle`.
    pub source_pngs: Option<u64>,
    /// `source_radiographs.release_status`.
    pub source_radiograph_policy: Option<String>,
    /// `dataset_origin`, which the release does not have.
    pub origin: Option<String>,
}

/// The frozen summary; its parts fail independently.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrozenSummary {
    /// The number of pairs usable for all models.
    pub common_pairs: Part<u64>,
    /// How the frozen intervals were drawn.
    pub plan: Part<Plan>,
    /// The frozen endpoints by panel and model.
    pub models: Part<BTreeMap<(Panel, String), Part<FrozenModel>>>,
}

/// A model's frozen endpoints; a field that could not be read is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FrozenModel {
    /// Pairs without a full refusal.
    pub usable_pairs: Option<u64>,
    /// Pairs with a full refusal.
    pub full_refusal_pairs: Option<u64>,
    /// Kept pairs with a partial refusal.
    pub partial_refusal_pairs: Option<u64>,
    /// Share of pairs with equal recommendations.
    pub agreement_rate: Option<f64>,
    /// Interval of the agreement.
    pub agreement_interval: Option<Interval>,
    /// Mean Jaccard of the label sets.
    pub diagnostic_mean: Option<f64>,
    /// Its interval.
    pub diagnostic_interval: Option<Interval>,
}

/// A JSON Lines file of the quality control.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QcTable {
    /// The whole text; rows refer to it.
    pub text: String,
    /// The rows that are objects, in file order.
    pub rows: Vec<QcRow>,
    /// Lines of the file, whether or not they could be read.
    pub line_count: u64,
}

/// One attempt of the quality control; a field that is absent or malformed is `None` and has its own problem.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QcRow {
    /// Line, from 1.
    pub line: u64,
    /// Where the row stands in [`QcTable::text`].
    pub span: Range<usize>,
    /// `pair_id`.
    pub pair_id: Option<String>,
    /// `source_id`.
    pub source_id: Option<String>,
    /// `edit_label`.
    pub edit_label: Option<String>,
    /// `passed_qc`.
    pub passed: Option<bool>,
    /// `counterfactual_image_path`.
    pub image_path: Option<String>,
    /// `counterfactual_image_size_bytes`.
    pub image_size: Option<u64>,
    /// `counterfactual_image_sha256`.
    pub image_sha256: Option<Sha256>,
}

impl QcTable {
    /// The row's own text.
    #[must_use]
    pub fn row_text(&self, row: &QcRow) -> &str {
        self.text.get(row.span.clone()).unwrap_or_default()
    }
}

/// One source of a source list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEntry {
    /// Index in the list, from 0.
    pub row: u64,
    /// `source_id`.
    pub source_id: String,
    /// `counterfactual_images`: edit label → path.
    pub images: Option<BTreeMap<String, String>>,
    /// `qc_passed_counterfactuals`, in file order.
    pub labels: Option<Vec<String>>,
}

/// A model's reports, validated.
#[derive(Debug, Clone, Default)]
pub struct RetainedModel {
    /// The panel whose manifest lists it.
    pub panel: Part<Panel>,
    /// The pairs in the order of their ids; `None` when a row of the model is not valid.
    pub pairs: Part<Vec<RetainedPair>>,
}

/// A pair of reports of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct RetainedPair {
    /// Its id.
    pub pair_id: String,
    /// Its source, and what the two reports say.
    pub sourced: SourcedPair,
    /// The index of its `generated` row in the panel, from 0.
    pub generated_row: u64,
}

/// A model's frozen Stage-1 confidence; a field that could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrozenConfidence {
    /// `sample_size`.
    pub sample_size: Option<u64>,
    /// `stage1_diag_pass_count`.
    pub pass_count: Option<u64>,
    /// `stage1_diag_pass_rate`.
    pub pass_rate: Option<f64>,
    /// `decision`.
    pub decision: Option<String>,
}

/// A model's Stage-1 sample, read and parsed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stage1Sample {
    /// Files listed.
    pub size: usize,
    /// Files that parse.
    pub parsing: usize,
}

/// One row of the mitigation table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConditionRow {
    /// Data row, from 0.
    pub row: u64,
    /// Line on which it begins, from 1.
    pub line: u64,
    /// The cells by column, as they stand.
    pub cells: BTreeMap<String, String>,
}

impl ConditionRow {
    /// The cell under `column`; a cell that is absent reads as empty.
    #[must_use]
    pub fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// The parts of the radiologist validation.
#[derive(Debug, Default)]
pub struct RadiologistParts {
    /// `report_schema_version`.
    pub report_schema_version: Part<String>,
    /// `pair_ids` of the validated subset.
    pub validated: Part<Vec<String>>,
    /// `excluded_pairs` of the exclusion list.
    pub excluded: Part<Vec<String>>,
    /// The ratings by pair.
    pub ratings: Part<BTreeMap<String, Rating>>,
    /// The detectability responses.
    pub detectability: Part<Detectability>,
    /// Display events over all reviewers' files.
    pub per_reviewer_rows: Part<u64>,
    /// Hidden repeats.
    pub hidden_repeat_rows: Part<u64>,
}

/// The ratings of one pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rating {
    /// Rows.
    pub rows: u64,
    /// Rows that call the image clinically plausible.
    pub plausible: u64,
    /// Rows that call the pathology preserved.
    pub preserved: u64,
}

/// The detectability responses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Detectability {
    /// Rows.
    pub rows: u64,
    /// Rows that say `Cannot tell`.
    pub cannot_tell: u64,
}

/// One line of a checksum manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestEntry {
    /// Line, from 1.
    pub line: u64,
    /// The listed file.
    pub path: ReleasePath,
    /// The listed digest.
    pub digest: Sha256,
}

impl Snapshot {
    /// The validated pairs of `model`; the problems of its rows go to `findings`.
    pub fn retained_pairs(&self, model: &str, findings: &mut Findings) -> Option<&[RetainedPair]> {
        let Some(retained) = self.retained.get(model) else {
            findings.push(Finding::new(
                Code::PartNotRead,
                format!("the reports of `{model}` were not read"),
            ));
            return None;
        };
        retained.panel.open(findings)?;
        retained.pairs.open(findings).map(Vec::as_slice)
    }
}
