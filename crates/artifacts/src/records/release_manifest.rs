//! What the dataset declares about itself ([`layout::RELEASE_MANIFEST`]).

use crate::json::Value;
use crate::layout;
use crate::part::{Document, Part};

/// What is declared, each by itself: of a field that cannot be read its users know what that means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseManifest {
    /// `counterfactual_images.included_png_count`.
    pub released_pngs: Part<u64>,
    /// `pair_manifests.qc_passed_pair_rows`.
    pub qc_passed_rows: Part<u64>,
    /// `pair_manifests.attempted_qc_rows`.
    pub attempted_qc_rows: Part<u64>,
    /// `pair_manifests.source_level_rows`.
    pub sources: Part<u64>,
    /// `source_radiographs.source_png_files_in_public_bundle`.
    pub source_pngs: Part<u64>,
    /// `source_radiographs.release_status`, anything but a text as JSON.
    pub source_radiograph_policy: Part<String>,
    /// `dataset_origin`, which the release does not have.
    pub origin: Option<String>,
}

/// The declaration.
#[must_use]
pub fn document() -> Document<ReleaseManifest> {
    Document::at(layout::RELEASE_MANIFEST, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.fields(problems)?;
            let count = |section, field| {
                Part::gather(|problems| {
                    root.field(section, problems)?.field(field, problems)?.count(problems)
                })
            };
            let origin = root.value().get("dataset_origin").and_then(Value::as_str);
            Some(ReleaseManifest {
                released_pngs: count("counterfactual_images", "included_png_count"),
                qc_passed_rows: count("pair_manifests", "qc_passed_pair_rows"),
                attempted_qc_rows: count("pair_manifests", "attempted_qc_rows"),
                sources: count("pair_manifests", "source_level_rows"),
                source_pngs: count("source_radiographs", "source_png_files_in_public_bundle"),
                source_radiograph_policy: Part::gather(|problems| {
                    let radiographs = root.field("source_radiographs", problems)?;
                    radiographs.field("release_status", problems)?.shown(problems)
                }),
                origin: origin.map(str::to_owned),
            })
        })
    })
}
