//! What the dataset declares about itself ([`layout::RELEASE_MANIFEST`]).

use crate::layout;
use crate::part::{Document, Part};

/// What is declared; a field that could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseManifest {
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

/// The declaration.
#[must_use]
pub fn document() -> Document<ReleaseManifest> {
    Document::at(layout::RELEASE_MANIFEST, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.fields(problems)?;
            let mut count = |section, field| {
                root.field(section, problems)?.field(field, problems)?.count(problems)
            };
            let mut declared = ReleaseManifest {
                released_pngs: count("counterfactual_images", "included_png_count"),
                qc_passed_rows: count("pair_manifests", "qc_passed_pair_rows"),
                attempted_qc_rows: count("pair_manifests", "attempted_qc_rows"),
                sources: count("pair_manifests", "source_level_rows"),
                source_pngs: count("source_radiographs", "source_png_files_in_public_bundle"),
                ..ReleaseManifest::default()
            };
            if let Some(origin) = root.optional("dataset_origin", problems) {
                declared.origin = origin.text(problems).map(str::to_owned);
            }
            if let Some(radiographs) = root.field("source_radiographs", problems) {
                let status = radiographs
                    .field("release_status", problems)
                    .and_then(|status| status.text(problems));
                declared.source_radiograph_policy = status.map(str::to_owned);
            }
            Some(declared)
        })
    })
}
