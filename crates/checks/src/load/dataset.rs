//! The dataset's lists: quality control, sources, declared counts.

use std::collections::BTreeMap;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::EditLabel;
use spinefairbench_artifacts::json::Value;
use spinefairbench_artifacts::{jsonl, layout, text};

use super::documents::{constant, document};
use super::plan::Plan;
use super::{Needs, Topic};
use crate::document::{Node, Problems};
use crate::finding::{Code, Finding};
use crate::snapshot::{DeclaredDataset, Part, QcRow, QcTable, SourceEntry};

/// Plans the reading of the lists, if they are needed; the declared counts are `inspect`'s too.
pub(super) fn plan(plan: &mut Plan, needs: &Needs) {
    if needs.want(Topic::Dataset) || needs.want(Topic::Account) {
        plan.read_part(constant(layout::RELEASE_MANIFEST), declared, |snapshot| {
            &mut snapshot.declared
        });
    }
    if needs.want(Topic::Dataset) {
        plan.read_part(constant(layout::QC_METADATA), qc_table, |snapshot| &mut snapshot.attempts);
        plan.read_part(constant(layout::QC_PASSED_PAIRS), qc_table, |snapshot| {
            &mut snapshot.passed_manifest
        });
        plan.read_part(constant(layout::DATASET_PAIRS), sources, |snapshot| {
            &mut snapshot.pair_sources
        });
        plan.read_part(constant(layout::SOURCE_METADATA), sources, |snapshot| {
            &mut snapshot.source_metadata
        });
    }
}

fn declared(path: &str, bytes: &[u8]) -> Part<DeclaredDataset> {
    document(path, bytes, |root, problems| {
        root.fields(problems)?;
        let mut count =
            |section, field| root.field(section, problems)?.field(field, problems)?.count(problems);
        let mut declared = DeclaredDataset {
            released_pngs: count("counterfactual_images", "included_png_count"),
            qc_passed_rows: count("pair_manifests", "qc_passed_pair_rows"),
            attempted_qc_rows: count("pair_manifests", "attempted_qc_rows"),
            sources: count("pair_manifests", "source_level_rows"),
            source_pngs: count("source_radiographs", "source_png_files_in_public_bundle"),
            source_radiograph_policy: None,
            origin: None,
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
}

fn qc_table(path: &str, bytes: &[u8]) -> Part<QcTable> {
    let text = match text::decode(path, bytes) {
        Ok(text) => text,
        Err(error) => return Part::failed(vec![Finding::of(&error)]),
    };
    let lines = match jsonl::lines::<Value>(path, bytes) {
        Ok(lines) => lines,
        Err(error) => return Part::failed(vec![Finding::of(&error)]),
    };
    let mut table = QcTable { text: text.to_owned(), ..QcTable::default() };
    let mut problems = Vec::new();
    let mut start = 0;
    // The reader cuts at line feeds alone, and so does this walk along the same text.
    for ((line, record), row_text) in lines.zip(text.split('\n')) {
        let span = start..start + row_text.trim_end_matches('\r').len();
        start += row_text.len() + 1;
        table.line_count = line;
        match record {
            Ok(value) => {
                let node = Node::on_line(path, line, &value);
                if node.fields(&mut problems).is_some() {
                    table.rows.push(QcRow { line, span, ..qc_row(&node, &mut problems) });
                }
            }
            Err(problem) => problems.push(Finding::of(&problem)),
        }
    }
    Part::with_problems(table, problems)
}

fn qc_row(node: &Node<'_>, problems: &mut Problems) -> QcRow {
    let text = |name, problems: &mut Problems| {
        node.field(name, problems)?.text(problems).map(str::to_owned)
    };
    let mut row = QcRow {
        pair_id: text("pair_id", problems),
        source_id: text("source_id", problems),
        edit_label: text("edit_label", problems),
        passed: node.field("passed_qc", problems).and_then(|passed| passed.truth(problems)),
        ..QcRow::default()
    };
    if let Some(label) = row.edit_label.take_if(|label| label.parse::<EditLabel>().is_err()) {
        let labels = EditLabel::ALL.map(EditLabel::as_str).join(", ");
        let finding =
            node.finding(Code::EditLabelUnknown, "the edit label is none of the four".to_owned());
        problems.push(finding.comparing(labels, label));
    }
    if let (Some(pair), Some(source), Some(label)) = (&row.pair_id, &row.source_id, &row.edit_label)
    {
        let expected = format!("{source}__{label}");
        if *pair != expected {
            let message = "the pair id is not source, two underscores, label".to_owned();
            problems.push(node.finding(Code::PairIdMalformed, message).comparing(expected, pair));
        }
    }
    if row.passed == Some(true) {
        image_of(node, &mut row, problems);
    }
    row
}

/// The fields of a passed row on its image.
fn image_of(node: &Node<'_>, row: &mut QcRow, problems: &mut Problems) {
    let path =
        node.field("counterfactual_image_path", problems).and_then(|path| path.text(problems));
    if let (Some(path), Some(source), Some(label)) = (path, &row.source_id, &row.edit_label) {
        let expected = format!("{}/{source}/{label}.png", layout::COUNTERFACTUAL_IMAGES);
        if path != expected {
            let message = "the image path is not that of the row's source and label".to_owned();
            problems
                .push(node.finding(Code::ImagePathUnexpected, message).comparing(expected, path));
        }
    }
    row.image_path = path.map(str::to_owned);
    row.image_size = node
        .field("counterfactual_image_size_bytes", problems)
        .and_then(|size| size.count(problems));
    let digest = node
        .optional("counterfactual_image_sha256", problems)
        .filter(|digest| *digest.value() != Value::Null);
    if let Some(digest) = digest
        && let Some(text) = digest.text(problems)
    {
        match text.parse::<Sha256>() {
            Ok(parsed) => row.image_sha256 = Some(parsed),
            Err(error) => problems.push(digest.finding(Code::FieldInvalid, error.to_string())),
        }
    }
}

fn sources(path: &str, bytes: &[u8]) -> Part<Vec<SourceEntry>> {
    document(path, bytes, |root, problems| {
        let mut entries = Vec::new();
        for (node, row) in root.items(problems)?.zip(0..) {
            let Some(source_id) =
                node.field("source_id", problems).and_then(|source| source.text(problems))
            else {
                continue;
            };
            let images = node.field("counterfactual_images", problems);
            let labels = node.field("qc_passed_counterfactuals", problems);
            entries.push(SourceEntry {
                row,
                source_id: source_id.to_owned(),
                images: images.and_then(|images| image_map(&images, problems)),
                labels: labels.and_then(|labels| labels.texts(problems)),
            });
        }
        Some(entries)
    })
}

fn image_map(node: &Node<'_>, problems: &mut Problems) -> Option<BTreeMap<String, String>> {
    let mut images = BTreeMap::new();
    for (label, image) in node.entries(problems)? {
        images.extend(image.text(problems).map(|image| (label.to_owned(), image.to_owned())));
    }
    Some(images)
}
