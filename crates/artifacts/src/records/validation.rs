//! The radiologist validation.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::ids::PairId;

/// Pairs that passed ([`crate::layout::VALIDATED_SUBSET`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ValidatedSubset {
    /// The pairs, in the order of the file.
    pub pair_ids: Vec<PairId>,
}

/// Pairs that did not pass ([`crate::layout::EXCLUSION_LIST`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "ExclusionWire")]
pub struct ExclusionList {
    /// The pairs, in the order of the file.
    pub excluded_pairs: Vec<PairId>,
}

/// The report of the validation ([`crate::layout::VALIDATION_REPORT`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ValidationReport {
    /// Version of its schema.
    pub report_schema_version: String,
}

/// The files of the validation ([`crate::layout::VALIDATION_MANIFEST`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "ManifestWire")]
pub struct ValidationManifest {
    /// One table per reviewer, as paths from the root, as the file has them.
    pub per_reviewer_files: Vec<String>,
}

#[derive(Deserialize)]
struct ManifestWire {
    files: FilesWire,
}

#[derive(Deserialize)]
struct FilesWire {
    per_reviewer_files: Vec<String>,
}

impl From<ManifestWire> for ValidationManifest {
    fn from(wire: ManifestWire) -> Self {
        Self { per_reviewer_files: wire.files.per_reviewer_files }
    }
}

#[derive(Deserialize)]
struct ExclusionWire {
    excluded_pairs: Vec<ExcludedPair>,
}

impl From<ExclusionWire> for ExclusionList {
    fn from(wire: ExclusionWire) -> Self {
        Self { excluded_pairs: wire.excluded_pairs.into_iter().map(|pair| pair.0).collect() }
    }
}

/// A pair named alone, or by an object that also says why.
struct ExcludedPair(PairId);

impl<'de> Deserialize<'de> for ExcludedPair {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairVisitor;

        impl<'de> Visitor<'de> for PairVisitor {
            type Value = ExcludedPair;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a pair id, or an object with `pair_id`")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ExcludedPair, E> {
                text.parse().map(ExcludedPair).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut entries: A,
            ) -> Result<ExcludedPair, A::Error> {
                let mut pair = None;
                while let Some(key) = entries.next_key::<String>()? {
                    if key != "pair_id" {
                        entries.next_value::<IgnoredAny>()?;
                    } else if pair.replace(entries.next_value()?).is_some() {
                        return Err(A::Error::duplicate_field("pair_id"));
                    }
                }
                pair.map(ExcludedPair).ok_or_else(|| A::Error::missing_field("pair_id"))
            }
        }

        deserializer.deserialize_any(PairVisitor)
    }
}
