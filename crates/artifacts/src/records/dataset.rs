//! The lists and counts under `dataset/`.

use serde::Deserialize;

use crate::digest::Sha256;
use crate::ids::{EditLabel, PairId, SourceId};
use crate::json::{UniqueMap, Value};

/// Declared counts of the dataset ([`crate::layout::RELEASE_MANIFEST`]).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "wire::ReleaseManifest")]
pub struct ReleaseManifest {
    /// Images in the bundle.
    pub included_png_count: u64,
    /// Rows of the passed manifest.
    pub qc_passed_pair_rows: u64,
    /// Rows of the QC metadata.
    pub attempted_qc_rows: u64,
    /// Rows of the source lists.
    pub source_level_rows: u64,
    /// What is done with the source radiographs.
    pub source_release_status: String,
    /// Source radiographs in the bundle.
    pub source_png_files: u64,
}

/// One source of [`crate::layout::DATASET_PAIRS`] or [`crate::layout::SOURCE_METADATA`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SourceRow {
    /// The source.
    pub source_id: SourceId,
    /// Path of each image, by edit label, as the file has them.
    pub counterfactual_images: UniqueMap<String>,
    /// The edit labels that passed, as the file has them.
    pub qc_passed_counterfactuals: Vec<String>,
}

/// One attempt of [`crate::layout::QC_METADATA`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QcRow {
    /// The pair.
    pub pair_id: PairId,
    /// The source.
    pub source_id: SourceId,
    /// The edit.
    pub edit_label: EditLabel,
    /// Whether the counterfactual passed.
    pub passed_qc: bool,
    /// Where the image is said to be, as the file has it.
    pub image_path: Option<String>,
    /// The stated length of the image.
    pub image_size_bytes: Option<u64>,
    /// The stated digest of the image.
    pub image_sha256: Option<Sha256>,
}

/// What is wrong with one field of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: expected {expected}, found {found}")]
pub struct QcRowFault {
    /// The field, or `row` for the row as a whole.
    pub field: &'static str,
    /// What should be there.
    pub expected: &'static str,
    /// What is there.
    pub found: String,
}

impl QcRow {
    /// The attempt that a line of the file describes. The value itself stays with the caller, who compares it whole.
    ///
    /// # Errors
    ///
    /// Every field that is not as it should be.
    pub fn from_value(value: &Value) -> Result<Self, Vec<QcRowFault>> {
        if value.as_object().is_none() {
            return Err(vec![QcRowFault {
                field: "row",
                expected: "an object",
                found: value.kind().to_owned(),
            }]);
        }
        let mut faults = Vec::new();
        let pair_id =
            required(value, "pair_id", "a name", &mut faults, |field| field.as_str()?.parse().ok());
        let source_id = required(value, "source_id", "a name", &mut faults, |field| {
            field.as_str()?.parse().ok()
        });
        let edit_label =
            required(value, "edit_label", "one of the four edit labels", &mut faults, |field| {
                field.as_str()?.parse().ok()
            });
        let passed_qc = required(value, "passed_qc", "a boolean", &mut faults, Value::as_bool);
        let image_path =
            optional(value, "counterfactual_image_path", "a path", &mut faults, |field| {
                field.as_str().map(str::to_owned)
            });
        let image_size_bytes = optional(
            value,
            "counterfactual_image_size_bytes",
            "a count of bytes",
            &mut faults,
            Value::as_u64,
        );
        let image_sha256 =
            optional(value, "counterfactual_image_sha256", "64 hex digits", &mut faults, |field| {
                field.as_str()?.parse().ok()
            });
        match (pair_id, source_id, edit_label, passed_qc) {
            (Some(pair_id), Some(source_id), Some(edit_label), Some(passed_qc))
                if faults.is_empty() =>
            {
                Ok(Self {
                    pair_id,
                    source_id,
                    edit_label,
                    passed_qc,
                    image_path,
                    image_size_bytes,
                    image_sha256,
                })
            }
            _ => Err(faults),
        }
    }
}

fn required<T>(
    row: &Value,
    field: &'static str,
    expected: &'static str,
    faults: &mut Vec<QcRowFault>,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Option<T> {
    let Some(value) = row.get(field) else {
        faults.push(QcRowFault { field, expected, found: "nothing".to_owned() });
        return None;
    };
    let found = read(value);
    if found.is_none() {
        faults.push(QcRowFault { field, expected, found: crate::text::shown(&value.to_string()) });
    }
    found
}

/// A field that may be absent or `null`.
fn optional<T>(
    row: &Value,
    field: &'static str,
    expected: &'static str,
    faults: &mut Vec<QcRowFault>,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Option<T> {
    match row.get(field) {
        None | Some(Value::Null) => None,
        Some(_) => required(row, field, expected, faults, read),
    }
}

mod wire {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(super) struct ReleaseManifest {
        counterfactual_images: Images,
        pair_manifests: PairManifests,
        source_radiographs: SourceRadiographs,
    }

    #[derive(Deserialize)]
    struct Images {
        included_png_count: u64,
    }

    #[derive(Deserialize)]
    #[expect(clippy::struct_field_names, reason = "the names of the file")]
    struct PairManifests {
        qc_passed_pair_rows: u64,
        attempted_qc_rows: u64,
        source_level_rows: u64,
    }

    #[derive(Deserialize)]
    struct SourceRadiographs {
        release_status: String,
        source_png_files_in_public_bundle: u64,
    }

    impl From<ReleaseManifest> for super::ReleaseManifest {
        fn from(wire: ReleaseManifest) -> Self {
            Self {
                included_png_count: wire.counterfactual_images.included_png_count,
                qc_passed_pair_rows: wire.pair_manifests.qc_passed_pair_rows,
                attempted_qc_rows: wire.pair_manifests.attempted_qc_rows,
                source_level_rows: wire.pair_manifests.source_level_rows,
                source_release_status: wire.source_radiographs.release_status,
                source_png_files: wire.source_radiographs.source_png_files_in_public_bundle,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_of_an_attempt_is_named() {
        let value = serde_json::from_str(
            r#"{"pair_id": 5, "source_id": " ", "edit_label": "old_man", "passed_qc": 1,
                "counterfactual_image_size_bytes": -3, "counterfactual_image_sha256": "ab"}"#,
        )
        .unwrap();
        let faults = QcRow::from_value(&value).unwrap_err();
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(
            fields,
            [
                "pair_id",
                "source_id",
                "edit_label",
                "passed_qc",
                "counterfactual_image_size_bytes",
                "counterfactual_image_sha256"
            ]
        );
        assert_eq!(faults[0].to_string(), "`pair_id`: expected a name, found 5");
        assert_eq!(QcRow::from_value(&Value::Null).unwrap_err()[0].field, "row");
    }
}
