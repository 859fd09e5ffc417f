//! The benchmark index: which pairs there are, of which source, and which of them a scope holds.
//!
//! Input: a bundle's `dataset/qc_passed_pair_manifest.jsonl` and, for the named scopes, the list of core sources and that of
//! intersection pairs; and the digests that a release description pins for them. Output: a [`BenchmarkIndex`] for one scope, or
//! every problem of those files. The rules are those of the benchmark's newest scorer: a row names its source, its edit and by
//! both its pair, passed quality control, and stands once; a list states how long it is.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{EditLabel, PairId, SourceId};
use spinefairbench_artifacts::json::{Number, UniqueMap, Value};
use spinefairbench_artifacts::jsonl::LineProblem;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::FileSource;
use spinefairbench_artifacts::{ArtifactError, json, jsonl, layout};

use crate::scope::Scope;
use crate::score_file::{ArtifactIdentity, IdentityStatus};
use crate::submission::LISTED_IDS;
use crate::text::{is_blank, is_padded};

/// The pairs of a bundle, with what a scope needs to choose among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchmarkIndex {
    scope: Scope,
    pairs: BTreeMap<PairId, IndexedPair>,
    members: Members,
    files: BTreeMap<ReleasePath, Sha256>,
    identity: ArtifactIdentity,
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
    /// A manifest of a named scope is not the pinned one: its pairs are not those of the published scope.
    #[error("the scope `{scope}` is not the published one: {}", listed(manifests))]
    NotPinned {
        /// The scope.
        scope: Scope,
        /// Each manifest that differs, with what was expected and found; never empty.
        manifests: Vec<String>,
    },
    /// Rows of a manifest are wrong, or disagree with each other.
    #[error("`{path}` has {total} problem{}: {}", if *total == 1 { "" } else { "s" }, listed(problems))]
    Rows {
        /// The manifest.
        path: &'static str,
        /// At most ten of the problems; never empty.
        problems: Vec<String>,
        /// How many there are.
        total: usize,
    },
}

fn listed(problems: &[String]) -> String {
    problems.join("; ")
}

/// A row of the pair manifest, or a record of the intersection: what names a pair, of whatever type it may be.
#[derive(Debug, Default, Deserialize)]
struct NamedPair {
    pair_id: Option<Value>,
    source_id: Option<Value>,
    edit_label: Option<Value>,
    passed_qc: Option<Value>,
    counterfactual_image_path: Option<Value>,
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
    /// [`IndexError`] if the pair manifest is missing or wrong.
    pub fn load(source: &dyn FileSource) -> Result<Self, IndexError> {
        let mut files = BTreeMap::new();
        match read_hashed(source, layout::SHA256SUMS, &mut files) {
            // No number depends on it; it is the bundle's name in the provenance.
            Ok(_) | Err(ArtifactError::Missing { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let bytes = read_hashed(source, layout::QC_PASSED_PAIRS, &mut files)?;
        Ok(Self { pairs: read_pairs(&bytes)?, files })
    }

    /// The index for `scope`, whose own lists are read from the same bundle. `pins` are the digests that a release description
    /// gives the scopes' manifests ([`ReleaseDescription::scope_manifests`]).
    ///
    /// [`ReleaseDescription::scope_manifests`]: spinefairbench_artifacts::release::ReleaseDescription::scope_manifests
    ///
    /// # Errors
    ///
    /// [`IndexError`] if a list is missing or wrong, or has another digest than the pinned one.
    pub fn index(
        self,
        source: &dyn FileSource,
        scope: Scope,
        pins: &UniqueMap<Sha256>,
    ) -> Result<BenchmarkIndex, IndexError> {
        let Self { pairs, mut files } = self;
        let mut lists = BTreeMap::new();
        for path in ArtifactIdentity::manifests(scope) {
            if *path != layout::QC_PASSED_PAIRS {
                lists.insert(*path, read_hashed(source, path, &mut files)?);
            }
        }
        let identity = identity(scope, pins, &files)?;
        let members = match scope {
            Scope::QcPassed | Scope::Toy => Members::All,
            Scope::CommonCore1000 => {
                Members::OfSources(core_sources(&lists[layout::CORE_SUBSET], &pairs)?)
            }
            Scope::AllModelIntersection2166 => {
                let core = core_sources(&lists[layout::CORE_SUBSET], &pairs)?;
                let records = &lists[layout::INTERSECTION_MANIFEST];
                Members::Listed(intersection(records, &pairs, &core)?)
            }
        };
        Ok(BenchmarkIndex { scope, pairs, members, files, identity })
    }
}

impl BenchmarkIndex {
    /// The index of the bundle behind `source`, for `scope`, under the pins of a release description.
    ///
    /// # Errors
    ///
    /// [`IndexError`] if a file that the scope needs is missing, wrong, or not the pinned one.
    pub fn load(
        source: &dyn FileSource,
        scope: Scope,
        pins: &UniqueMap<Sha256>,
    ) -> Result<Self, IndexError> {
        BundlePairs::load(source)?.index(source, scope, pins)
    }

    /// The scope that the index was loaded for.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// What became of the pins.
    #[must_use]
    pub fn artifact_identity(&self) -> &ArtifactIdentity {
        &self.identity
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

    /// Every pair of the benchmark, of whatever scope, in the order of their ids.
    pub fn all_pairs(&self) -> impl Iterator<Item = (&PairId, &IndexedPair)> {
        self.pairs.iter()
    }

    /// The digests of the files that were read, by path.
    #[must_use]
    pub fn files(&self) -> &BTreeMap<ReleasePath, Sha256> {
        &self.files
    }

    /// The bundle's identity, the digest of its `SHA256SUMS.txt`, if it has that file.
    #[must_use]
    pub fn bundle_identity(&self) -> Option<Sha256> {
        self.files.get(&layout::constant(layout::SHA256SUMS)).copied()
    }

    fn is_member(&self, pair_id: &PairId, pair: &IndexedPair) -> bool {
        match &self.members {
            Members::All => true,
            Members::OfSources(sources) => sources.contains(&pair.source_id),
            Members::Listed(ids) => ids.contains(pair_id),
        }
    }
}

/// The bytes of a file, whose digest goes to `files`.
fn read_hashed(
    source: &dyn FileSource,
    path: &str,
    files: &mut BTreeMap<ReleasePath, Sha256>,
) -> Result<Vec<u8>, ArtifactError> {
    let path = layout::constant(path);
    let bytes = source.read(&path)?;
    files.insert(path, Sha256::of(&bytes));
    Ok(bytes)
}

/// Holds the manifests of `scope` against `pins` (rule S-07).
fn identity(
    scope: Scope,
    pins: &UniqueMap<Sha256>,
    files: &BTreeMap<ReleasePath, Sha256>,
) -> Result<ArtifactIdentity, IndexError> {
    let unverified = |status| Ok(ArtifactIdentity { manifest_sha256: BTreeMap::new(), status });
    let paths = ArtifactIdentity::manifests(scope);
    if paths.is_empty() {
        return unverified(IdentityStatus::NotAFrozenPanelScope);
    }
    let found: BTreeMap<String, Sha256> = paths
        .iter()
        .filter_map(|path| Some(((*path).to_owned(), *files.get(&layout::constant(path))?)))
        .collect();
    let differing: Vec<String> = found
        .iter()
        .filter_map(|(path, digest)| {
            let pin = pins.get(path).filter(|pin| *pin != digest)?;
            Some(format!("`{path}` (expected sha256 {pin}, found {digest})"))
        })
        .collect();
    if !differing.is_empty() {
        return Err(IndexError::NotPinned { scope, manifests: differing });
    }
    if !paths.iter().all(|path| pins.contains_key(path)) {
        return unverified(IdentityStatus::UnpinnedScope);
    }
    Ok(ArtifactIdentity { manifest_sha256: found, status: IdentityStatus::VerifiedFrozenScope })
}

/// The problems of one manifest, of which ten are kept.
struct Problems {
    path: &'static str,
    kept: Vec<String>,
    total: usize,
}

impl Problems {
    fn of(path: &'static str) -> Self {
        Self { path, kept: Vec::new(), total: 0 }
    }

    fn add(&mut self, problem: String) {
        self.total += 1;
        if self.kept.len() < LISTED_IDS {
            self.kept.push(problem);
        }
    }

    fn into_result<T>(self, value: T) -> Result<T, IndexError> {
        if self.total == 0 {
            return Ok(value);
        }
        Err(IndexError::Rows { path: self.path, problems: self.kept, total: self.total })
    }
}

fn read_pairs(bytes: &[u8]) -> Result<BTreeMap<PairId, IndexedPair>, IndexError> {
    let path = layout::QC_PASSED_PAIRS;
    let mut pairs = BTreeMap::new();
    let mut problems = Problems::of(path);
    let mut n_rows = 0;
    for (line, row) in jsonl::lines::<NamedPair>(path, bytes)? {
        let row = match row {
            Err(LineProblem::Blank { .. }) => continue,
            row => row,
        };
        n_rows += 1;
        let row = match row {
            Ok(row) => row,
            Err(problem) => {
                problems.add(problem.to_string());
                continue;
            }
        };
        let place = format!("row {n_rows} (line {line})");
        let (pair_id, source_id) = match row.name() {
            Ok(named) => named,
            Err(fault) => {
                problems.add(format!("{place}: {fault}"));
                continue;
            }
        };
        if row.passed_qc.as_ref().and_then(Value::as_bool) != Some(true) {
            let found = found(row.passed_qc.as_ref());
            problems.add(format!(
                "{place}: `{pair_id}` did not pass quality control (expected `passed_qc` true, found {found})"
            ));
        }
        let image_path = row.counterfactual_image_path.as_ref().and_then(Value::as_str);
        let pair = IndexedPair { source_id, image_path: image_path.map(str::to_owned) };
        if pairs.insert(pair_id.clone(), pair).is_some() {
            problems.add(format!("{place}: `{pair_id}` stands twice"));
        }
    }
    if n_rows == 0 {
        problems.add("it has no row".to_owned());
    }
    problems.into_result(pairs)
}

impl NamedPair {
    /// The pair and its source, if all three names are there and say the same.
    fn name(&self) -> Result<(PairId, SourceId), String> {
        let source_id: SourceId =
            name(self.source_id.as_ref()).and_then(|text| text.parse().ok()).ok_or_else(|| {
                let found = found(self.source_id.as_ref());
                format!("expected `source_id` to be a name without outer blanks, found {found}")
            })?;
        let label: EditLabel = self
            .edit_label
            .as_ref()
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| {
                let found = found(self.edit_label.as_ref());
                let names = EditLabel::ALL.map(EditLabel::as_str).join("`, `");
                format!("expected `edit_label` to be one of `{names}`, found {found}")
            })?;
        let pair_id = PairId::of(&source_id, label);
        if self.pair_id.as_ref().and_then(Value::as_str) != Some(pair_id.as_str()) {
            let found = found(self.pair_id.as_ref());
            return Err(format!("expected `pair_id` to be `{pair_id}`, found {found}"));
        }
        Ok((pair_id, source_id))
    }
}

/// A non-blank text without outer white space.
fn name(value: Option<&Value>) -> Option<&str> {
    value?.as_str().filter(|text| !is_blank(text) && !is_padded(text))
}

/// A value in a few words.
fn found(value: Option<&Value>) -> String {
    match value {
        None => "no such field".to_owned(),
        Some(Value::String(text)) => format!("`{}`", spinefairbench_artifacts::text::shown(text)),
        Some(value @ (Value::Array(_) | Value::Object(_) | Value::Null)) => value.kind().to_owned(),
        Some(value) => format!("`{value}`"),
    }
}

/// The edit that a pair id names after its last `__`, if it names one.
#[must_use]
pub fn edit_label(pair_id: &PairId) -> Option<EditLabel> {
    pair_id.as_str().rsplit_once("__").and_then(|(_, label)| label.parse().ok())
}

/// Checks that a list states its own length as a whole number.
fn check_count(field: &str, stated: Option<&Value>, n_items: usize, problems: &mut Problems) {
    let whole = match stated.and_then(Value::as_number) {
        Some(Number::Whole(whole)) => Some(whole),
        _ => None,
    };
    if whole != i128::try_from(n_items).ok() {
        problems.add(format!("expected `{field}` to be {n_items}, found {}", found(stated)));
    }
}

/// The sources of the common core.
fn core_sources(
    bytes: &[u8],
    pairs: &BTreeMap<PairId, IndexedPair>,
) -> Result<BTreeSet<SourceId>, IndexError> {
    #[derive(Deserialize)]
    struct CoreList {
        source_ids: Option<Value>,
        actual_n: Option<Value>,
    }
    let path = layout::CORE_SUBSET;
    let list: CoreList = json::from_slice(path, &json::as_python_reads(bytes))?;
    let mut problems = Problems::of(path);
    let mut sources = BTreeSet::new();
    let items = list.source_ids.as_ref().and_then(Value::as_array).unwrap_or_default();
    if items.is_empty() {
        let found = found(list.source_ids.as_ref());
        problems.add(format!("expected `source_ids` to be a list of sources, found {found}"));
    }
    for (place, item) in items.iter().enumerate() {
        match name(Some(item)).and_then(|text| text.parse::<SourceId>().ok()) {
            None => problems.add(format!(
                "expected `source_ids[{place}]` to be a name without outer blanks, found {}",
                found(Some(item))
            )),
            Some(source) if sources.contains(&source) => {
                problems.add(format!("`source_ids[{place}]`: `{source}` stands twice"));
            }
            Some(source) => {
                sources.insert(source);
            }
        }
    }
    check_count("actual_n", list.actual_n.as_ref(), items.len(), &mut problems);
    let indexed: BTreeSet<&SourceId> = pairs.values().map(|pair| &pair.source_id).collect();
    for source in sources.iter().filter(|source| !indexed.contains(source)) {
        problems.add(format!("`{source}` has no pair in `{}`", layout::QC_PASSED_PAIRS));
    }
    problems.into_result(sources)
}

/// The pairs of the intersection.
fn intersection(
    bytes: &[u8],
    pairs: &BTreeMap<PairId, IndexedPair>,
    core: &BTreeSet<SourceId>,
) -> Result<BTreeSet<PairId>, IndexError> {
    #[derive(Deserialize)]
    struct Intersection {
        records: Option<Value>,
        pair_count: Option<Value>,
    }
    let path = layout::INTERSECTION_MANIFEST;
    let manifest: Intersection = json::from_slice(path, &json::as_python_reads(bytes))?;
    let mut problems = Problems::of(path);
    let mut listed = BTreeSet::new();
    let records = manifest.records.as_ref().and_then(Value::as_array).unwrap_or_default();
    if records.is_empty() {
        let found = found(manifest.records.as_ref());
        problems.add(format!("expected `records` to be a list of pairs, found {found}"));
    }
    for (place, record) in records.iter().enumerate() {
        let Value::Object(entries) = record else {
            let found = found(Some(record));
            problems.add(format!("expected `records[{place}]` to be an object, found {found}"));
            continue;
        };
        let field = |name: &str| entries.get(name).cloned();
        let named = NamedPair {
            pair_id: field("pair_id"),
            source_id: field("source_id"),
            edit_label: field("edit_label"),
            ..NamedPair::default()
        };
        match named.name() {
            Err(fault) => problems.add(format!("records[{place}]: {fault}")),
            Ok((pair_id, source)) => {
                if !pairs.contains_key(&pair_id) {
                    problems.add(format!(
                        "records[{place}]: `{pair_id}` is not in `{}`",
                        layout::QC_PASSED_PAIRS
                    ));
                } else if !core.contains(&source) {
                    problems
                        .add(format!("records[{place}]: `{pair_id}` is outside the common core"));
                }
                if !listed.insert(pair_id.clone()) {
                    problems.add(format!("records[{place}]: `{pair_id}` stands twice"));
                }
            }
        }
    }
    check_count("pair_count", manifest.pair_count.as_ref(), records.len(), &mut problems);
    problems.into_result(listed)
}
