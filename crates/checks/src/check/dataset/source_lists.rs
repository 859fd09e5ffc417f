//! The two lists of sources against the passed rows.
//!
//! There must be exactly the sources of the passed rows, each with exactly its image map and, as a set, its labels.

use std::collections::{BTreeMap, BTreeSet};

use spinefairbench_artifacts::records::qc_table::QcRow;
use spinefairbench_artifacts::records::source_list::SourceEntry;

use crate::finding::{Finding, Findings, codes};
use crate::published::show_names;

codes! {
    /// A source list lacks a source of the passed rows.
    SOURCE_MISSING = "source_missing";
    /// A source list has a source without a passed row.
    SOURCE_UNEXPECTED = "source_unexpected";
    /// A source list has a source twice.
    DUPLICATE_SOURCE = "duplicate_source";
    /// A source's image map differs from the passed rows.
    SOURCE_IMAGES_MISMATCH = "source_images_mismatch";
    /// A source's label list differs from the passed rows.
    SOURCE_LABELS_MISMATCH = "source_labels_mismatch";
}

/// Judges the list in `path`.
pub(super) fn judge(path: &str, list: &[SourceEntry], rows: &[QcRow], findings: &mut Findings) {
    let mut expected: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for row in rows {
        let (Some(source), Some(label), Some(image)) =
            (&row.source_id, &row.edit_label, &row.image_path)
        else {
            continue;
        };
        expected.entry(source).or_default().insert(label, image);
    }
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in list {
        let source = entry.source_id.as_str();
        let at =
            |code, message: String| Finding::new(code, message).in_file(path).at_row(entry.row);
        if let Some(first) = seen.get(source) {
            findings.push(at(
                DUPLICATE_SOURCE,
                format!("source `{source}` was already in row {first}"),
            ));
            continue;
        }
        seen.insert(source, entry.row);
        let Some(images) = expected.get(source) else {
            findings.push(at(SOURCE_UNEXPECTED, format!("source `{source}` has no passed row")));
            continue;
        };
        if let Some(listed) = &entry.images {
            let listed: BTreeMap<&str, &str> =
                listed.iter().map(|(label, image)| (label.as_str(), image.as_str())).collect();
            if listed != *images {
                let message =
                    format!("the image map of source `{source}` differs from its passed rows");
                let finding = at(SOURCE_IMAGES_MISMATCH, message);
                findings.push(finding.comparing(show_map(images), show_map(&listed)));
            }
        }
        if let Some(labels) = &entry.labels {
            let listed: BTreeSet<&str> = labels.iter().map(String::as_str).collect();
            let passed: BTreeSet<&str> = images.keys().copied().collect();
            if listed != passed || listed.len() != labels.len() {
                let message =
                    format!("the labels of source `{source}` differ from its passed rows");
                let finding = at(SOURCE_LABELS_MISMATCH, message);
                findings.push(finding.comparing(show_names(&passed), show_names(labels)));
            }
        }
    }
    for source in expected.keys().filter(|source| !seen.contains_key(*source)) {
        let message = format!("source `{source}` has passed rows and is not listed");
        findings.push(Finding::new(SOURCE_MISSING, message).in_file(path));
    }
}

fn show_map(images: &BTreeMap<&str, &str>) -> String {
    show_names(images.iter().map(|(label, image)| format!("{label}: {image}")))
}
