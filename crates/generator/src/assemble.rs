//! A dataset folder from the journals and pictures of all shards of a batch.
//!
//! Input: the output folders of a batch. Output: `dataset/` with exactly the released layout (attempts, passed pairs,
//! the two source lists, the declared counts, the pictures) and `SHA256SUMS.txt`, which `dataset` and `checksums` pass.
//! Rows are ordered by pair id, so that the number of shards and the order of work leave no trace. No source radiograph
//! enters the folder. Beside it stands `<name>.release.json`, a release description with the counts of this dataset and the
//! digest of its checksum manifest: what `dataset --release` compares with in place of the pinned release.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::SourceId;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::release::{
    ArtifactArchive, Expected, ExpectedDataset, GENERATED_ORIGIN, Pin, ReleaseDescription,
    SupplementalArtifacts, VariantName, path_beside,
};
use spinefairbench_artifacts::write::{StagedTree, write_atomic};
use spinefairbench_artifacts::{layout, manifest};

use crate::batch::{JOURNAL_FOLDER, JournalContent, PairRow, other_keys};
use crate::{Edit, GeneratorError, files};

/// A picture of a dataset is well below this.
const MAX_PICTURE_BYTES: u64 = 256 << 20;

/// What was assembled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Assembled {
    /// Sources with at least one passed pair.
    pub sources: usize,
    /// Pairs that were attempted.
    pub attempted: usize,
    /// Pairs that passed.
    pub passed: usize,
}

/// Called with the numbers of pictures that are copied and that there are; says whether to go on.
pub type Progress<'a> = dyn FnMut(usize, usize) -> ControlFlow<()> + 'a;

/// Merges the batch's output folders `roots` into the new folder `target`, with its release description beside it.
///
/// # Errors
///
/// If the journals belong to different batches, a shard or a source is missing, a picture is not the one its journal line
/// describes, `target` exists or cannot be written, or `progress` says to stop. Nothing is left at `target` then.
pub fn assemble(
    roots: &[PathBuf],
    target: &Path,
    progress: &mut Progress<'_>,
) -> Result<Assembled, GeneratorError> {
    let mut rows: BTreeMap<String, (PairRow, &Path)> = BTreeMap::new();
    let mut shards = Shards::default();
    for root in roots {
        for path in files::list(&root.join(JOURNAL_FOLDER), "jsonl")? {
            let content = JournalContent::read(&path)?;
            shards.admit(&path, &content)?;
            for (pair, row) in content.pairs {
                if row.edit_label == Edit::Null {
                    return Err(GeneratorError::NullEdits { path });
                }
                if content.finished.contains(&row.source_id) {
                    rows.insert(pair.to_string(), (row, root));
                }
            }
        }
    }
    let settings = shards.finish()?;
    write(&rows, &settings, target, progress)
}

/// The shards seen so far, which must be parts of one batch.
#[derive(Debug, Default)]
struct Shards {
    /// Without what differs between shards.
    settings: Option<Map<String, Value>>,
    seen: BTreeSet<String>,
    n_sources: u64,
}

impl Shards {
    fn admit(&mut self, path: &Path, content: &JournalContent) -> Result<(), GeneratorError> {
        let refuse =
            |problem: String| GeneratorError::IncompleteBatch { path: path.into(), problem };
        let Some(mut settings) = content.settings.clone() else {
            return Err(refuse("it has no settings".into()));
        };
        let shard = settings
            .remove("shard")
            .and_then(|shard| Some(shard.as_str()?.to_owned()))
            .unwrap_or_default();
        let expected =
            settings.remove("shard_sources").and_then(|count| count.as_u64()).unwrap_or_default();
        if let Some((source, problem)) = content.failures.first_key_value() {
            return Err(refuse(format!(
                "{} sources could not be read, the first is `{source}` ({problem})",
                content.failures.len()
            )));
        }
        let finished = content.finished.len() as u64;
        if finished != expected {
            return Err(refuse(format!(
                "{finished} of {expected} sources are finished: resume this shard"
            )));
        }
        if let Some(former) = self.settings.as_ref().filter(|former| **former != settings) {
            let keys = other_keys(former, &settings);
            return Err(GeneratorError::OtherSettings { path: path.into(), keys });
        }
        if !self.seen.insert(shard.clone()) {
            return Err(refuse(format!("shard {shard} was already read")));
        }
        self.settings = Some(settings);
        self.n_sources += finished;
        Ok(())
    }

    fn finish(self) -> Result<Map<String, Value>, GeneratorError> {
        let settings = self.settings.ok_or(GeneratorError::NoJournals)?;
        let expected = settings.get("sources").and_then(Value::as_u64).unwrap_or_default();
        if self.n_sources != expected {
            return Err(GeneratorError::MissingShards {
                found: self.n_sources,
                expected,
                shards: self.seen,
            });
        }
        Ok(settings)
    }
}

fn write(
    rows: &BTreeMap<String, (PairRow, &Path)>,
    settings: &Map<String, Value>,
    target: &Path,
    progress: &mut Progress<'_>,
) -> Result<Assembled, GeneratorError> {
    let n_pictures = rows.values().filter(|(row, _)| row.passed_qc).count();
    let tree = StagedTree::create(target)?;
    let mut digests: BTreeMap<ReleasePath, Sha256> = BTreeMap::new();
    let mut attempts = String::new();
    let mut passed = String::new();
    let mut sources: BTreeMap<&SourceId, Map<String, Value>> = BTreeMap::new();
    let mut counts = Assembled { attempted: rows.len(), ..Assembled::default() };
    for (row, root) in rows.values() {
        let line = serde_json::to_string(&row.to_value()).unwrap_or_default() + "\n";
        attempts += &line;
        let Some(image) = &row.image else { continue };
        passed += &line;
        counts.passed += 1;
        let place = image.path.under(root);
        let png = files::read(&place, MAX_PICTURE_BYTES)?;
        let computed = Sha256::of(&png);
        if computed != image.sha256 {
            return Err(GeneratorError::OtherPicture {
                path: place,
                expected: image.sha256,
                computed,
            });
        }
        tree.write(&image.path, &png)?;
        digests.insert(image.path.clone(), computed);
        if progress(counts.passed, n_pictures).is_break() {
            return Err(GeneratorError::Stopped);
        }
        sources
            .entry(&row.source_id)
            .or_default()
            .insert(row.edit_label.to_string(), image.path.as_str().into());
    }
    counts.sources = sources.len();
    let attempted_sources: BTreeSet<&SourceId> =
        rows.values().map(|(row, _)| &row.source_id).collect();
    let listed: Vec<Value> = sources
        .iter()
        .map(|(source, images)| {
            json!({
                "source_id": source,
                "counterfactual_images": images,
                "qc_passed_counterfactuals": images.keys().collect::<Vec<_>>(),
            })
        })
        .collect();
    let release = json!({
        "dataset_origin": GENERATED_ORIGIN,
        "counterfactual_images": {"included_png_count": counts.passed},
        "pair_manifests": {
            "qc_passed_pair_rows": counts.passed,
            "attempted_qc_rows": counts.attempted,
            "source_level_rows": counts.sources,
        },
        "source_radiographs": {"release_status": "not_redistributed", "source_png_files_in_public_bundle": 0},
        "source_counts": {
            "filtered_source_count": attempted_sources.len(),
            "qc_passed_source_count": counts.sources,
            "failed_qc_only_source_count": attempted_sources.len() - counts.sources,
            "qc_passed_pair_count": counts.passed,
        },
        "generation": settings,
    });
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
    let lists = pretty(&listed.into());
    for (path, text) in [
        (layout::QC_METADATA, attempts),
        (layout::QC_PASSED_PAIRS, passed),
        (layout::DATASET_PAIRS, lists.clone()),
        (layout::SOURCE_METADATA, lists),
        (layout::RELEASE_MANIFEST, pretty(&release)),
    ] {
        let path = layout::constant(path);
        tree.write(&path, text.as_bytes())?;
        digests.insert(path, Sha256::of(text.as_bytes()));
    }
    let sums = manifest::write(digests.iter().map(|(path, digest)| (*digest, path)));
    tree.write(&layout::constant(layout::SHA256SUMS), sums.as_bytes())?;
    // In this order a kill between the two leaves a description without a dataset, which the next run replaces.
    write_atomic(path_beside(target), describe(counts, &sums).to_json().as_bytes())?;
    tree.commit()?;
    Ok(counts)
}

/// The release description of a dataset with these counts and this checksum manifest.
fn describe(counts: Assembled, sums: &str) -> ReleaseDescription {
    let digest = Sha256::of(sums.as_bytes());
    let Assembled { sources, attempted, passed } = counts;
    ReleaseDescription {
        schema_version: "1.0".into(),
        release_id: ReleaseDescription::generated_id(digest),
        // No archive of it was published.
        artifact_archive: ArtifactArchive {
            repository: "local/generated".into(),
            revision: "none".into(),
            filename: "none".into(),
            size_bytes: 0,
            sha256: Sha256::of(b""),
        },
        frozen_prompt_registry: layout::constant(layout::CANONICAL_DEFINITIONS),
        artifact_anchors: [(layout::SHA256SUMS.to_owned(), digest)].into_iter().collect(),
        // No scope of it is published.
        scope_manifests: std::iter::empty().collect(),
        prompt_digests: std::iter::empty().collect(),
        table2_models: Vec::new(),
        pin: Pin::default(),
        supplemental_artifacts: SupplementalArtifacts::default(),
        archive_variants: std::iter::empty().collect(),
        variant: VariantName::default(),
        bootstrap_seed: None,
        expected: Expected {
            dataset: Some(ExpectedDataset {
                released_pngs: passed as u64,
                qc_passed_rows: passed as u64,
                attempted_qc_rows: attempted as u64,
                sources: sources as u64,
            }),
            ..Expected::default()
        },
        counts: None,
        generator: None,
    }
}
