//! The benchmark index: which pairs there are, of which source, and which of them a scope holds.
//!
//! Input: a bundle's `dataset/qc_passed_pair_manifest.jsonl` and, for the panel scopes, the list of core sources or of
//! intersection pairs. Output: a [`BenchmarkIndex`] for one scope, or every problem of those files.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{EditLabel, PairId, SourceId};
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::records::{IntersectionManifest, SourceSubset};
use spinefairbench_artifacts::source::FileSource;
use spinefairbench_artifacts::{ArtifactError, json, jsonl, layout};

use crate::scope::Scope;

/// The pairs of a bundle, with what a scope needs to choose among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchmarkIndex {
    scope: Scope,
    pairs: BTreeMap<PairId, IndexedPair>,
    members: Members,
    files: BTreeMap<ReleasePath, Sha256>,
}

/// One pair of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedPair {
    /// Its source radiograph.
    pub source_id: SourceId,
    /// Its counterfactual image, as the manifest has it.
    pub image_path: Option<String>,
}

/// How a scope chooses pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Members {
    All,
    OfSources(BTreeSet<SourceId>),
    Listed(BTreeSet<PairId>),
}

/// Why a bundle gives no index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// A file of the bundle cannot be read.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// Rows of the pair manifest are wrong, or disagree with each other.
    #[error("`{}` has {} wrong line(s), the first: {}", layout::QC_PASSED_PAIRS, problems.len(), problems[0])]
    Rows {
        /// Each wrong line in words; never empty.
        problems: Vec<String>,
    },
    /// The intersection lists pairs that the index lacks.
    #[error("`{}` lists {total} pair(s) that the index lacks: {}", layout::INTERSECTION_MANIFEST, ids.join(", "))]
    UnknownIntersectionPairs {
        /// At most ten of them.
        ids: Vec<String>,
        /// How many there are.
        total: usize,
    },
}

#[derive(Debug, Deserialize)]
struct IndexRow {
    pair_id: PairId,
    source_id: Option<SourceId>,
    counterfactual_image_path: Option<String>,
}

/// Every pair of a bundle, before a scope chooses among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundlePairs {
    pairs: BTreeMap<PairId, IndexedPair>,
    files: BTreeMap<ReleasePath, Sha256>,
}

impl BundlePairs {
    /// The pairs of the bundle behind `source`.
    ///
    /// # Errors
    ///
    /// [`IndexError`] if the pair manifest or the checksum manifest is missing or wrong.
    pub fn load(source: &dyn FileSource) -> Result<Self, IndexError> {
        let mut files = BTreeMap::new();
        read_hashed(source, layout::SHA256SUMS, &mut files)?;
        let (path, bytes) = read_hashed(source, layout::QC_PASSED_PAIRS, &mut files)?;
        Ok(Self { pairs: read_pairs(&path, &bytes)?, files })
    }

    /// The index for `scope`, whose own list is read from the same bundle.
    ///
    /// # Errors
    ///
    /// [`IndexError`] if that list is missing or wrong.
    pub fn index(
        self,
        source: &dyn FileSource,
        scope: Scope,
    ) -> Result<BenchmarkIndex, IndexError> {
        let Self { pairs, mut files } = self;
        let members = match scope {
            Scope::QcPassed | Scope::Toy => Members::All,
            Scope::CommonCore1000 => {
                let (path, bytes) = read_hashed(source, layout::CORE_SUBSET, &mut files)?;
                let subset: SourceSubset = json::from_slice(&path, &bytes)?;
                Members::OfSources(subset.source_ids.into_iter().collect())
            }
            Scope::AllModelIntersection2166 => {
                let (path, bytes) = read_hashed(source, layout::INTERSECTION_MANIFEST, &mut files)?;
                let manifest: IntersectionManifest = json::from_slice(&path, &bytes)?;
                Members::Listed(intersection(manifest, &pairs)?)
            }
        };
        Ok(BenchmarkIndex { scope, pairs, members, files })
    }
}

impl BenchmarkIndex {
    /// The index of the bundle behind `source`, for `scope`.
    ///
    /// # Errors
    ///
    /// [`IndexError`] if a file that the scope needs is missing or wrong.
    pub fn load(source: &dyn FileSource, scope: Scope) -> Result<Self, IndexError> {
        BundlePairs::load(source)?.index(source, scope)
    }

    /// The scope that the index was loaded for.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The pair called `pair_id`, whether the scope holds it or not.
    #[must_use]
    pub fn get(&self, pair_id: &PairId) -> Option<&IndexedPair> {
        self.pairs.get(pair_id)
    }

    /// Whether the scope may hold the pair; for `toy` that is every pair of the index.
    #[must_use]
    pub fn holds(&self, pair_id: &PairId) -> bool {
        self.pairs.get(pair_id).is_some_and(|pair| self.is_member(pair_id, pair))
    }

    /// The pairs of the scope, in the order of their ids; for `toy` every pair of the index.
    pub fn pairs(&self) -> impl Iterator<Item = (&PairId, &IndexedPair)> {
        self.pairs.iter().filter(|(pair_id, pair)| self.is_member(pair_id, pair))
    }

    /// The digests of the files that were read, by path.
    #[must_use]
    pub fn files(&self) -> &BTreeMap<ReleasePath, Sha256> {
        &self.files
    }

    /// The bundle's identity: the digest of its `SHA256SUMS.txt`.
    ///
    /// # Panics
    ///
    /// Never: the index is built only after that file was read.
    #[must_use]
    pub fn bundle_identity(&self) -> Sha256 {
        *self
            .files
            .get(&layout::constant(layout::SHA256SUMS))
            .expect("`load` reads the manifest first")
    }

    fn is_member(&self, pair_id: &PairId, pair: &IndexedPair) -> bool {
        match &self.members {
            Members::All => true,
            Members::OfSources(sources) => sources.contains(&pair.source_id),
            Members::Listed(ids) => ids.contains(pair_id),
        }
    }
}

/// The name and the bytes of a file, whose digest goes to `files`.
fn read_hashed(
    source: &dyn FileSource,
    path: &str,
    files: &mut BTreeMap<ReleasePath, Sha256>,
) -> Result<(String, Vec<u8>), ArtifactError> {
    let path = layout::constant(path);
    let bytes = source.read(&path)?;
    let name = path.to_string();
    files.insert(path, Sha256::of(&bytes));
    Ok((name, bytes))
}

fn read_pairs(path: &str, bytes: &[u8]) -> Result<BTreeMap<PairId, IndexedPair>, IndexError> {
    let mut pairs = BTreeMap::new();
    let mut problems = Vec::new();
    for (line, row) in jsonl::lines::<IndexRow>(path, bytes)? {
        let row = match row {
            Ok(row) => row,
            Err(problem) => {
                problems.push(problem.to_string());
                continue;
            }
        };
        let Some(source_id) = row.source_id.or_else(|| source_part(&row.pair_id)) else {
            problems.push(format!(
                "`{path}` line {line}: no source is stated and `{}` names none",
                row.pair_id
            ));
            continue;
        };
        let pair = IndexedPair { source_id, image_path: row.counterfactual_image_path };
        if let Some(previous) = pairs.insert(row.pair_id.clone(), pair) {
            problems.push(format!(
                "`{path}` line {line}: `{}` stands twice ({})",
                row.pair_id, previous.source_id
            ));
        }
    }
    if problems.is_empty() { Ok(pairs) } else { Err(IndexError::Rows { problems }) }
}

/// The part of a pair id before its first `__`.
fn source_part(pair_id: &PairId) -> Option<SourceId> {
    pair_id.as_str().split_once("__").and_then(|(source, _)| source.parse().ok())
}

/// The edit that a pair id names after its last `__`, if it names one.
#[must_use]
pub fn edit_label(pair_id: &PairId) -> Option<EditLabel> {
    pair_id.as_str().rsplit_once("__").and_then(|(_, label)| label.parse().ok())
}

fn intersection(
    manifest: IntersectionManifest,
    pairs: &BTreeMap<PairId, IndexedPair>,
) -> Result<BTreeSet<PairId>, IndexError> {
    let listed: BTreeSet<PairId> =
        manifest.records.into_iter().map(|record| record.pair_id).collect();
    let unknown: Vec<&PairId> =
        listed.iter().filter(|pair_id| !pairs.contains_key(*pair_id)).collect();
    if unknown.is_empty() {
        return Ok(listed);
    }
    let ids = unknown.iter().take(crate::submission::LISTED_IDS).map(ToString::to_string).collect();
    Err(IndexError::UnknownIntersectionPairs { ids, total: unknown.len() })
}
