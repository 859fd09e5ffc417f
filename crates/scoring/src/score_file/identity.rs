//! What a score was computed from and by: manifests of the scope, digests, the program.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_parsers::registry;

use crate::scope::Scope;

/// Whether the pairs of the scope are the published ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactIdentity {
    /// SHA-256 of each manifest whose digest is pinned and was found, by path.
    pub manifest_sha256: BTreeMap<String, Sha256>,
    /// What became of the pins.
    pub status: IdentityStatus,
}

/// What became of the pins of a scope's manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityStatus {
    /// Every manifest of a named scope has its pinned digest.
    VerifiedFrozenScope,
    /// The scope is none of the published ones.
    NotAFrozenPanelScope,
    /// The release description pins no manifests of a named scope.
    UnpinnedScope,
}

impl IdentityStatus {
    /// What `comparable_to_panel_scope` rests on under this status.
    #[must_use]
    pub const fn comparability_basis(self) -> &'static str {
        match self {
            Self::VerifiedFrozenScope | Self::NotAFrozenPanelScope => {
                "Pair membership only; prompt and provider settings are not verified."
            }
            Self::UnpinnedScope => {
                "None: the release description pins no scope manifests, so pair membership is not verified."
            }
        }
    }
}

impl ArtifactIdentity {
    /// The paths of the manifests on which `scope` rests; none for one that is not published.
    #[must_use]
    pub const fn manifests(scope: Scope) -> &'static [&'static str] {
        match scope {
            Scope::CommonCore1000 => &[layout::QC_PASSED_PAIRS, layout::CORE_SUBSET],
            Scope::AllModelIntersection2166 => {
                &[layout::QC_PASSED_PAIRS, layout::CORE_SUBSET, layout::INTERSECTION_MANIFEST]
            }
            Scope::QcPassed | Scope::Toy => &[],
        }
    }
}

/// What a score was computed from and by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// SHA-256 of each file of the bundle that was read, by path.
    pub bundle_files: BTreeMap<String, Sha256>,
    /// SHA-256 of the bundle's `SHA256SUMS.txt`; absent where the bundle has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_identity: Option<Sha256>,
    /// Digests of the frozen registries.
    pub registry: RegistryDigests,
    /// SHA-256 of the submission's content, the same for all of its forms.
    pub submission_sha256: Sha256,
    /// The program.
    pub tool: Tool,
}

impl Provenance {
    /// The digests of the manifests that say which pairs the scope holds: what two scores must share to stand side by side.
    #[must_use]
    pub fn scope_manifests(&self) -> BTreeMap<String, Sha256> {
        let mut manifests = self.bundle_files.clone();
        manifests.remove(layout::SHA256SUMS);
        manifests
    }
}

/// Digests of the frozen registries, as `spinefairbench registry` shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryDigests {
    /// Over all three: scores with different ones are not comparable.
    pub combined: String,
    /// The diagnostic labels.
    pub diagnostic: String,
    /// The recommendation categories.
    pub recommendation: String,
    /// The refusal rules.
    pub refusal: String,
}

impl RegistryDigests {
    /// Those of this program.
    #[must_use]
    pub fn own() -> Self {
        let digests = registry::digests();
        Self {
            combined: digests.combined.clone(),
            diagnostic: digests.diagnostic.clone(),
            recommendation: digests.recommendation.clone(),
            refusal: digests.refusal.clone(),
        }
    }
}

/// The program that scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This program.
    pub(crate) fn own() -> Self {
        Self { name: "spinefairbench".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}
