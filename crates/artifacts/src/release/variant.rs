//! The archives of one release: the same images, reports and results, packed under two names.
//!
//! A description names one archive at its top and the others beside it. Who means another one asks for the description
//! [`with_variant`](ReleaseDescription::with_variant); nothing is switched because it fits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ArtifactArchive, ReleaseDescription};
use crate::digest::Sha256;
use crate::json::UniqueMap;

/// The name of an archive of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantName {
    /// The one without names, which is meant where nothing is said.
    #[default]
    Anonymous,
    /// The one of the authors' own repository.
    Personal,
}

impl VariantName {
    const ALL: [Self; 2] = [Self::Anonymous, Self::Personal];

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Personal => "personal",
        }
    }
}

impl fmt::Display for VariantName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A name that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no archive variant is called `{text}` (`anonymous`, `personal`)")]
pub struct UnknownVariant {
    /// The name as given.
    pub text: String,
}

impl FromStr for VariantName {
    type Err = UnknownVariant;

    fn from_str(text: &str) -> Result<Self, UnknownVariant> {
        let found = Self::ALL.into_iter().find(|name| name.as_str() == text);
        found.ok_or_else(|| UnknownVariant { text: text.to_owned() })
    }
}

/// What differs between the archives of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveVariant {
    /// Where it can be fetched.
    pub artifact_archive: ArtifactArchive,
    /// Digests of files whose change would change everything else.
    pub artifact_anchors: UniqueMap<Sha256>,
    /// Entries of its checksum manifests, where they differ.
    #[serde(default, skip_serializing_if = "UniqueMap::is_empty")]
    pub manifest_entries: UniqueMap<u64>,
}

/// A release has no archive of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the release description has no archive variant `{name}`")]
pub struct NoSuchVariant {
    /// The name.
    pub name: VariantName,
}

impl ReleaseDescription {
    /// The same release by its archive `name`; the one that was meant so far becomes one of the others.
    ///
    /// # Errors
    ///
    /// [`NoSuchVariant`].
    pub fn with_variant(mut self, name: VariantName) -> Result<Self, NoSuchVariant> {
        if name == self.variant {
            return Ok(self);
        }
        let chosen = self.archive_variants.get(name.as_str()).cloned();
        let chosen = chosen.ok_or(NoSuchVariant { name })?;
        let mut entries = UniqueMap::default();
        if let Some(counts) = &mut self.counts {
            entries = counts.manifest_entries.clone();
            let changed = chosen.manifest_entries.iter().map(|(path, n)| (path.clone(), *n));
            let kept = entries.iter().map(|(path, n)| (path.clone(), *n));
            counts.manifest_entries = kept.chain(changed).collect();
        }
        let former = ArchiveVariant {
            artifact_archive: std::mem::replace(
                &mut self.artifact_archive,
                chosen.artifact_archive,
            ),
            artifact_anchors: std::mem::replace(
                &mut self.artifact_anchors,
                chosen.artifact_anchors,
            ),
            manifest_entries: entries,
        };
        let others = self.archive_variants.iter().filter(|(other, _)| *other != name.as_str());
        let others = others.map(|(other, variant)| (other.clone(), variant.clone()));
        let former = std::iter::once((self.variant.as_str().to_owned(), former));
        self.archive_variants = others.chain(former).collect();
        self.variant = name;
        Ok(self)
    }

    /// The anchors of the archives that are not meant, each with its name.
    pub fn other_anchors(&self) -> impl Iterator<Item = (VariantName, &UniqueMap<Sha256>)> {
        let named = VariantName::ALL.into_iter().filter(|name| *name != self.variant);
        named.filter_map(|name| {
            Some((name, &self.archive_variants.get(name.as_str())?.artifact_anchors))
        })
    }
}
