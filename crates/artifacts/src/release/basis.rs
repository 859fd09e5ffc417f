//! What a verdict rests on: the release that was compared with, and what says that this is the release.

use std::fmt;

use serde::Serialize;

use super::{ReleaseDescription, VariantName};
use crate::digest::Sha256;
use crate::layout;

/// Where a release description comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pin {
    /// It is part of the program.
    Embedded {
        /// Of its text.
        sha256: Sha256,
    },
    /// It is a file, and the verdict is worth as much as whoever gave that file.
    File {
        /// Of the file.
        sha256: Sha256,
    },
    /// It was made by the program and never written.
    #[default]
    Made,
}

/// What a verdict rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleaseBasis {
    /// The release that was compared with.
    pub release_id: String,
    /// Which of its archives.
    pub archive_variant: VariantName,
    /// The revision of that archive.
    pub revision: String,
    /// Where its description comes from.
    pub pin: Pin,
    /// The SHA-256 that the description has for the manifest of the whole bundle; without it nothing says which bundle is meant.
    pub manifest_sha256: Option<Sha256>,
}

impl ReleaseDescription {
    /// What a verdict by this description rests on.
    #[must_use]
    pub fn basis(&self) -> ReleaseBasis {
        ReleaseBasis {
            release_id: self.release_id.clone(),
            archive_variant: self.variant,
            revision: self.artifact_archive.revision.clone(),
            pin: self.pin,
            manifest_sha256: self.artifact_anchors.get(layout::SHA256SUMS).copied(),
        }
    }
}

impl fmt::Display for ReleaseBasis {
    /// As a sentence; the names are as the description has them, so whoever shows it escapes it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "release `{}`, ", self.release_id)?;
        if self.archive_variant != VariantName::default() {
            write!(formatter, "archive variant `{}`, ", self.archive_variant)?;
        }
        write!(formatter, "revision `{}`, ", self.revision)?;
        match self.pin {
            Pin::Embedded { sha256 } => {
                write!(formatter, "by the description in this program (sha256 {sha256})")
            }
            Pin::File { sha256 } => {
                write!(formatter, "by a description given as a file (sha256 {sha256})")
            }
            Pin::Made => write!(formatter, "by a description made for this call"),
        }?;
        match self.manifest_sha256 {
            Some(sha256) => write!(formatter, "; `{}` is anchored ({sha256})", layout::SHA256SUMS),
            None => write!(formatter, "; `{}` is not anchored", layout::SHA256SUMS),
        }
    }
}
