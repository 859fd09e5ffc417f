//! The rows of the two quality-control files: unique ids, and the passed manifest as the passed attempts.
//!
//! The manifest must equal the passed rows of the attempts row by row as JSON values: rows that are the same text are equal, others
//! are compared as Python compares values. Their order says nothing and is advice. Rows are first matched by id, so that one
//! missing row is one finding and does not misalign all that follow.

use std::collections::BTreeMap;

use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::node::same_value;
use spinefairbench_artifacts::records::qc_table::{QcRow, QcTable};

use crate::finding::{Code, Finding, Findings, codes};

codes! {
    /// A passed attempt is not in the passed manifest.
    PASSED_ROW_MISSING = "passed_row_missing";
    /// The passed manifest has a row that is no passed attempt.
    PASSED_ROW_UNEXPECTED = "passed_row_unexpected";
    /// A row of the passed manifest differs from the attempt's.
    PASSED_ROW_DIFFERS = "passed_row_differs";
    /// The passed manifest has its rows in another order than the attempts.
    PASSED_ROW_ORDER = "passed_row_order";
}

/// Finds pair ids that occur twice.
pub(super) fn judge_ids(path: &str, table: &QcTable, findings: &mut Findings) {
    let mut lines: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &table.rows {
        let Some(pair_id) = row.pair_id.as_deref() else { continue };
        if let Some(first) = lines.get(pair_id) {
            let message = format!("pair `{pair_id}` was already on line {first}");
            findings.push(
                Finding::new(Code::DUPLICATE_PAIR_ID, message).in_file(path).at_line(row.line),
            );
        } else {
            lines.insert(pair_id, row.line);
        }
    }
}

/// Compares the passed manifest with the passed rows of the attempts.
pub(super) fn compare(attempts: &QcTable, manifest: &QcTable, findings: &mut Findings) {
    let passed: Vec<&QcRow> = attempts.rows.iter().filter(|row| row.passed == Some(true)).collect();
    let by_id = |rows: &[&QcRow]| -> BTreeMap<String, usize> {
        rows.iter()
            .enumerate()
            .filter_map(|(index, row)| Some((row.pair_id.clone()?, index)))
            .collect()
    };
    let listed: Vec<&QcRow> = manifest.rows.iter().collect();
    let (passed_by_id, listed_by_id) = (by_id(&passed), by_id(&listed));
    for row in &passed {
        if let Some(pair_id) = row.pair_id.as_ref().filter(|id| !listed_by_id.contains_key(*id)) {
            let message =
                format!("the passed attempt `{pair_id}` (line {}) is not listed", row.line);
            findings
                .push(Finding::new(PASSED_ROW_MISSING, message).in_file(layout::QC_PASSED_PAIRS));
        }
    }
    let mut last_index = None;
    let mut in_order = true;
    for row in &listed {
        let Some(pair_id) = &row.pair_id else { continue };
        let at = |code, message: String| {
            Finding::new(code, message).in_file(layout::QC_PASSED_PAIRS).at_line(row.line)
        };
        let Some(index) = passed_by_id.get(pair_id).copied() else {
            let message = format!("`{pair_id}` is no passed attempt of `{}`", layout::QC_METADATA);
            findings.push(at(PASSED_ROW_UNEXPECTED, message));
            continue;
        };
        let attempt = passed[index];
        if in_order && last_index.is_some_and(|last| index < last) {
            in_order = false;
            let message =
                format!("the rows stand in another order than the attempts, first at `{pair_id}`");
            findings.push(at(PASSED_ROW_ORDER, message).as_advice());
        }
        last_index = Some(index);
        let (expected, actual) = (attempts.row_text(attempt), manifest.row_text(row));
        if expected != actual && !same_value(expected, actual) {
            let message = format!(
                "`{pair_id}` differs from line {} of `{}`",
                attempt.line,
                layout::QC_METADATA
            );
            findings.push(at(PASSED_ROW_DIFFERS, message).comparing(expected, actual));
        }
    }
}
