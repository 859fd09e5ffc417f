//! The release description: everything published about one release, as data.
//!
//! Input: a JSON file, or the one embedded for release 2026-04. Output: a [`ReleaseDescription`]. The checks read every
//! published constant from here; where a part of [`Expected`] is absent, that comparison is left out. Fields that this
//! version does not know are passed over; known ones must have their type.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::error::ArtifactError;
use crate::ids::ModelName;
use crate::json::{self, UniqueMap};
use crate::path::ReleasePath;

mod basis;
mod expected;
mod variant;

pub use basis::{Pin, ReleaseBasis};
pub use expected::{
    Bound, Expected, ExpectedBothEmpty, ExpectedDataset, ExpectedGaps, ExpectedMitigation,
    ExpectedModel, ExpectedRadiologist, MitigationOutcome,
};
pub use variant::{ArchiveVariant, NoSuchVariant, UnknownVariant, VariantName};

/// Where the description of a bundle that was made here stands: `<name>.release.json` beside the folder `<name>`.
#[must_use]
pub fn path_beside(bundle: &Path) -> PathBuf {
    let mut name = bundle.file_name().unwrap_or_default().to_owned();
    name.push(".release.json");
    bundle.with_file_name(name)
}

/// What `dataset_origin` of [`crate::layout::RELEASE_MANIFEST`] says in a dataset that the generator assembled.
pub const GENERATED_ORIGIN: &str = "spinefairbench generator assemble";

/// How the [`ReleaseDescription::release_id`] of such a dataset begins.
const GENERATED_PREFIX: &str = "generated-";

/// Name of the embedded description, for messages.
pub(crate) const PINNED_NAME: &str = "releases/spinefairbench-2026-04.json";

const PINNED: &str = include_str!("../releases/spinefairbench-2026-04.json");

/// Everything published about one release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseDescription {
    /// Version of this format.
    pub schema_version: String,
    /// Name of the release.
    pub release_id: String,
    /// Where the bundle can be fetched.
    pub artifact_archive: ArtifactArchive,
    /// The file that holds the frozen prompts.
    pub frozen_prompt_registry: ReleasePath,
    /// Digests of files whose change would change everything else.
    pub artifact_anchors: UniqueMap<Sha256>,
    /// Digests of the manifests that say which pairs a named scope holds, by path. Without them a scope can be scored, and
    /// nothing says that it is the published one.
    #[serde(default, skip_serializing_if = "UniqueMap::is_empty")]
    pub scope_manifests: UniqueMap<Sha256>,
    /// Digest of each frozen prompt, by name.
    pub prompt_digests: UniqueMap<Sha256>,
    /// The retained models, in the order of the table.
    pub table2_models: Vec<ModelName>,
    /// The seed of the frozen intervals, where the frozen summary names none; as in the pinned release without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap_seed: Option<u64>,
    /// Published values.
    #[serde(default)]
    pub expected: Expected,
    /// What is published beside the archive.
    #[serde(default, skip_serializing_if = "SupplementalArtifacts::is_empty")]
    pub supplemental_artifacts: SupplementalArtifacts,
    /// Counts of the release that no check compares, for limits and documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<ReleaseCounts>,
    /// Where the generator can be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<GeneratorRelease>,
    /// The release's other archives, by name: what is above is that of [`Self::variant`].
    #[serde(default, skip_serializing_if = "UniqueMap::is_empty")]
    pub archive_variants: UniqueMap<ArchiveVariant>,
    /// Which archive of the release is meant.
    #[serde(skip)]
    pub variant: VariantName,
    /// Where the description itself comes from.
    #[serde(skip)]
    pub pin: Pin,
}

/// The archive of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactArchive {
    /// Dataset repository on the Hub.
    pub repository: String,
    /// Commit of that repository.
    pub revision: String,
    /// File in that repository; a file of the same name and `.sha256` stands beside it.
    pub filename: String,
    /// Length in bytes.
    pub size_bytes: u64,
    /// Digest of the whole file.
    pub sha256: Sha256,
}

/// What a release publishes beside its archive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplementalArtifacts {
    /// The supplement of the follow-up audits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retained_followup_audit: Option<PinnedSupplement>,
}

impl SupplementalArtifacts {
    fn is_empty(&self) -> bool {
        self.retained_followup_audit.is_none()
    }
}

/// A file that a release pins and does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedSupplement {
    /// Digest of the whole file.
    pub sha256: Sha256,
    /// Length in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
}

/// Counts of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseCounts {
    /// Sources left after filtering.
    pub filtered_sources: u64,
    /// Sources with at least one passed counterfactual.
    pub qc_passed_sources: u64,
    /// Sources all of whose counterfactuals failed.
    pub failed_qc_only_sources: u64,
    /// Sources of the evaluation pool.
    pub evaluation_sources: u64,
    /// Pairs of the evaluation pool.
    pub evaluation_pairs: u64,
    /// Sources of the common core.
    pub core_sources: u64,
    /// Pairs of the common core.
    pub core_pairs: u64,
    /// Pairs that all models answered.
    pub intersection_pairs: u64,
    /// Pairs that radiologists rated.
    pub radiologist_pairs: u64,
    /// Entries of each checksum manifest.
    #[serde(default)]
    pub manifest_entries: UniqueMap<u64>,
}

/// The release of the generator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratorRelease {
    /// Model repository on the Hub.
    pub repository: String,
    /// Commit of that repository.
    pub revision: String,
    /// The LoRA that is recommended.
    pub lora: PinnedFile,
    /// A file that is never loaded, since it is a pickle.
    pub never_load: PinnedFile,
    /// Files that stand beside the LoRA.
    #[serde(default)]
    pub companions: Vec<String>,
}

/// A file with its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedFile {
    /// Name in its repository.
    pub filename: String,
    /// Digest of the whole file.
    pub sha256: Sha256,
}

impl ReleaseDescription {
    /// The description of release 2026-04, which is meant where no other is named.
    ///
    /// # Panics
    ///
    /// Never: the embedded file is read by a test.
    #[must_use]
    pub fn pinned() -> Self {
        let description = Self::parse(PINNED_NAME, PINNED.as_bytes());
        Self {
            pin: Pin::Embedded { sha256: Sha256::of(PINNED.as_bytes()) },
            ..description.expect("the embedded release description is valid")
        }
    }

    /// Reads the description `path` whose content is `bytes`.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Encoding`] or [`ArtifactError::Json`].
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self, ArtifactError> {
        let description: Self = json::from_slice(path, bytes)?;
        // Looked through again: whoever writes a description by hand would not notice the second of two values.
        json::from_slice::<json::Unrepeated>(path, bytes)?;
        Ok(Self { pin: Pin::File { sha256: Sha256::of(bytes) }, ..description })
    }

    /// The name of the release that a generated dataset with this checksum manifest is.
    #[must_use]
    pub fn generated_id(manifest: Sha256) -> String {
        format!("{GENERATED_PREFIX}{}", &manifest.to_string()[..12])
    }

    /// Whether this describes a dataset that the generator assembled.
    #[must_use]
    pub fn describes_generated(&self) -> bool {
        self.release_id.starts_with(GENERATED_PREFIX)
    }

    /// The seed of the frozen intervals.
    ///
    /// # Panics
    ///
    /// Never: the embedded description has it, which a test shows.
    #[must_use]
    pub fn bootstrap_seed(&self) -> u64 {
        let pinned = || Self::pinned().bootstrap_seed.expect("the embedded description has it");
        self.bootstrap_seed.unwrap_or_else(pinned)
    }

    /// The published outcome of condition B of the mitigation analysis.
    ///
    /// # Panics
    ///
    /// Never: the embedded description has it, which a test shows.
    #[must_use]
    pub fn mitigation_outcome(&self) -> MitigationOutcome {
        let of = |release: &Self| release.expected.mitigation.as_ref()?.condition_b;
        of(self).unwrap_or_else(|| of(&Self::pinned()).expect("the embedded description has it"))
    }

    /// The anchors with their paths checked.
    ///
    /// # Errors
    ///
    /// The first anchor whose name is no release path.
    pub fn anchors(&self) -> Result<Vec<(ReleasePath, Sha256)>, ArtifactError> {
        self.artifact_anchors
            .iter()
            .map(|(path, digest)| Ok((path.parse::<ReleasePath>()?, *digest)))
            .collect()
    }

    /// The description as JSON text, with a line break at its end.
    ///
    /// # Panics
    ///
    /// Never: the description holds nothing that JSON cannot.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a description is plain data");
        text.push('\n');
        text
    }
}
