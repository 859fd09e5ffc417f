//! The two files of the quality control ([`layout::QC_METADATA`], [`layout::QC_PASSED_PAIRS`]): one object a line. Lines end
//! where Python's `splitlines` ends them, as for the original's reader.

use std::ops::Range;

use crate::digest::Sha256;
use crate::finding::{Code, Finding};
use crate::ids::EditLabel;
use crate::json::Value;
use crate::jsonl::LineProblem;
use crate::node::{Node, Problems};
use crate::part::{Document, Part};
use crate::{json, layout, text};

/// A file of the quality control.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QcTable {
    /// The whole text; rows refer to it.
    pub text: String,
    /// The rows that are objects, in file order.
    pub rows: Vec<QcRow>,
    /// Lines of the file, whether or not they could be read.
    pub line_count: u64,
}

/// One attempt; a field that is absent or malformed is `None` and has its own problem.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QcRow {
    /// Line, from 1.
    pub line: u64,
    /// Where the row stands in [`QcTable::text`].
    pub span: Range<usize>,
    /// `pair_id`.
    pub pair_id: Option<String>,
    /// `source_id`.
    pub source_id: Option<String>,
    /// `edit_label`.
    pub edit_label: Option<String>,
    /// `passed_qc`.
    pub passed: Option<bool>,
    /// `counterfactual_image_path`, of a passed row.
    pub image_path: Option<String>,
    /// `counterfactual_image_size_bytes`, of a passed row.
    pub image_size: Option<u64>,
    /// `counterfactual_image_sha256`, of a passed row that states it.
    pub image_sha256: Option<Sha256>,
}

/// Problems of a table after which no more is read: they would take hundreds of megabytes. Chosen: eight for each row of the release.
const MOST_PROBLEMS: usize = 100_000;

impl QcTable {
    /// The row's own text.
    #[must_use]
    pub fn row_text(&self, row: &QcRow) -> &str {
        self.text.get(row.span.clone()).unwrap_or_default()
    }
}

/// Every attempt.
#[must_use]
pub fn attempts() -> Document<QcTable> {
    Document::at(layout::QC_METADATA, table)
}

/// The passed ones.
#[must_use]
pub fn passed() -> Document<QcTable> {
    Document::at(layout::QC_PASSED_PAIRS, table)
}

fn table(path: &str, bytes: &[u8]) -> Part<QcTable> {
    let text = match text::decode(path, bytes) {
        Ok(text) => text,
        Err(error) => return Part::failed(vec![Finding::of(&error)]),
    };
    let mut table = QcTable { text: text.to_owned(), ..QcTable::default() };
    let mut problems = Vec::new();
    for (line, span) in text::python_lines(text) {
        if problems.len() >= MOST_PROBLEMS {
            let message = "the rest of the file is not read, since so much is wrong with it";
            problems.push(Finding::new(Code::PART_NOT_READ, message).in_file(path));
            break;
        }
        let row_text = &text[span.clone()];
        table.line_count = line;
        if row_text.trim().is_empty() {
            let blank = LineProblem::Blank { path: path.into(), line };
            problems.push(Finding::of(&blank));
            continue;
        }
        match json::released_text(path, row_text, line) {
            Ok(value) => {
                let node = Node::on_line(path, line, &value);
                if node.fields(&mut problems).is_some() {
                    table.rows.push(QcRow { line, span, ..qc_row(&node, &mut problems) });
                }
            }
            Err(problem) => problems.push(Finding::of(&LineProblem::Json(problem))),
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
            node.finding(Code::EDIT_LABEL_UNKNOWN, "the edit label is none of the four".to_owned());
        problems.push(finding.comparing(labels, label));
    }
    if let (Some(pair), Some(source), Some(label)) = (&row.pair_id, &row.source_id, &row.edit_label)
    {
        let expected = format!("{source}__{label}");
        if *pair != expected {
            let message = "the pair id is not source, two underscores, label".to_owned();
            problems.push(node.finding(Code::PAIR_ID_MALFORMED, message).comparing(expected, pair));
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
                .push(node.finding(Code::IMAGE_PATH_UNEXPECTED, message).comparing(expected, path));
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
        && let Some(text) = digest.shown(problems)
    {
        match Sha256::stated(&text) {
            Ok(stated) => row.image_sha256 = stated,
            Err(error) => {
                let finding = digest.finding(Code::FIELD_INVALID, error.to_string());
                problems.push(finding.as_advice());
            }
        }
    }
}
