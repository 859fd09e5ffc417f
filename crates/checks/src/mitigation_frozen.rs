//! The recomputed mitigation analysis against the three frozen files: summary, counts and table.
//!
//! Rules: `mitigation.md`, last section: counts, decisions and truth values exactly, numbers within 1e-12; intervals only where
//! the number of resamples is the frozen one.

use spinefairbench_artifacts::json::Value;
use spinefairbench_artifacts::{layout, table};
use spinefairbench_bootstrap::Iterations;

use crate::finding::{Code, Finding, Findings};
use crate::frozen_tree::{CompareIntervals, Comparison};
use crate::json_tree::Json;
use crate::mitigation_recompute::{Recomputed, recompute};
use crate::published::agree;
use crate::snapshot::{ConditionRow, Snapshot};
use crate::wire_mitigation;

/// Recomputes the analysis and compares it; `None` where it has no value, which is a finding then.
pub(crate) fn recompute_and_compare(
    snapshot: &Snapshot,
    iterations: Option<Iterations>,
    findings: &mut Findings,
    notes: &mut Vec<String>,
) -> Option<Recomputed> {
    let summary = snapshot.mitigation_summary.open(findings);
    let counts = snapshot.mitigation_counts.open(findings);
    let inputs = snapshot.mitigation_inputs.open(findings)?;
    let frozen = summary
        .and_then(|summary| summary.get("bootstrap_iterations"))
        .and_then(Value::as_u64)
        .and_then(|iterations| Iterations::new(iterations).ok())
        .unwrap_or(Iterations::PUBLISHED);
    let iterations = iterations.unwrap_or(frozen);
    let intervals = if iterations == frozen { CompareIntervals::Yes } else { CompareIntervals::No };
    if intervals == CompareIntervals::No {
        notes.push(format!(
            "the intervals were drawn with {iterations} resamples, the frozen ones with {frozen}: not compared"
        ));
    }
    let recomputed = match recompute(inputs, iterations) {
        Ok(recomputed) => recomputed,
        Err(error) => {
            findings.push(
                Finding::new(Code::NoUsablePair, error.to_string())
                    .in_file(layout::MITIGATION_SUMMARY),
            );
            return None;
        }
    };
    let computed = wire_mitigation::recomputed(&recomputed);
    if let Some(summary) = summary {
        let mut comparison = Comparison { path: layout::MITIGATION_SUMMARY, intervals, findings };
        for field in ["included_models", "models", "multiple_testing", "rule_summary"] {
            if let Some(value) = computed.get(field) {
                comparison.value(&format!("$.{field}"), value, summary.get(field));
            }
        }
        comparison.same_keys(
            "$.models",
            computed.get("models").unwrap_or(&Json::Null),
            summary.get("models"),
        );
        let tests = computed.get("multiple_testing").and_then(|testing| testing.get("tests"));
        let frozen_tests = summary.get("multiple_testing").and_then(|testing| testing.get("tests"));
        comparison.same_keys(
            "$.multiple_testing.tests",
            tests.unwrap_or(&Json::Null),
            frozen_tests,
        );
    }
    if let (Some(counts), Some(value)) = (counts, computed.get("condition_counts")) {
        compare_counts(
            value,
            counts,
            &mut Comparison { path: layout::MITIGATION_COUNTS, intervals, findings },
        );
    }
    if let (Some(rows), Some(models)) = (snapshot.mitigation_table.value(), computed.get("models"))
    {
        compare_table(models, rows, intervals, findings);
    }
    Some(recomputed)
}

fn compare_counts(computed: &Json, frozen: &Value, comparison: &mut Comparison<'_>) {
    comparison.value("$", computed, Some(frozen));
    comparison.same_keys("$", computed, Some(frozen));
    let Json::Object(conditions) = computed else { return };
    for (condition, models) in conditions {
        let frozen_models = frozen.get(condition);
        comparison.same_keys(&format!("$.{condition}"), models, frozen_models);
        let Json::Object(models) = models else { continue };
        for (model, counts) in models {
            let frozen_counts = frozen_models.and_then(|models| models.get(model));
            comparison.same_keys(&format!("$.{condition}.{model}"), counts, frozen_counts);
        }
    }
}

/// Each row of the table says what was recomputed, and there is a row for all of it.
fn compare_table(
    models: &Json,
    rows: &[ConditionRow],
    intervals: CompareIntervals,
    findings: &mut Findings,
) {
    let Json::Object(models) = models else { return };
    for (model, conditions) in models {
        let Json::Object(conditions) = conditions else { continue };
        for (condition, statistics) in conditions {
            let row = rows
                .iter()
                .find(|row| row.cell("model") == model && row.cell("condition") == condition);
            let Some(row) = row else {
                let message =
                    format!("the mitigation table has no row of `{model}` for `{condition}`");
                findings.push(
                    Finding::new(Code::ConditionRowMissing, message)
                        .in_file(layout::MITIGATION_TABLE),
                );
                continue;
            };
            compare_row(row, statistics, intervals, findings);
        }
    }
    for row in rows {
        let known = models.iter().find(|(model, _)| model == row.cell("model"));
        if known.and_then(|(_, conditions)| conditions.get(row.cell("condition"))).is_none() {
            let message = format!(
                "`{}`, `{}`: nothing like it was recomputed",
                row.cell("model"),
                row.cell("condition")
            );
            let finding =
                Finding::new(Code::RecomputedMismatch, message).in_file(layout::MITIGATION_TABLE);
            findings.push(finding.at_line(row.line).at_row(row.row));
        }
    }
}

fn compare_row(
    row: &ConditionRow,
    statistics: &Json,
    intervals: CompareIntervals,
    findings: &mut Findings,
) {
    for (column, cell) in &row.cells {
        if column == "model" || column == "condition" {
            continue;
        }
        let (field, end) = match (column.strip_suffix("_low"), column.strip_suffix("_high")) {
            (Some(field), _) => (field, Some(0)),
            (_, Some(field)) => (field, Some(1)),
            _ => (column.as_str(), None),
        };
        if end.is_some() && intervals == CompareIntervals::No {
            continue;
        }
        let computed = match (statistics.get(field), end) {
            (Some(Json::List(ends)), Some(end)) => ends.get(end),
            (value, _) => value,
        };
        let equal = match computed {
            None => cell.is_empty(),
            Some(Json::Bool(value)) => cell == if *value { "True" } else { "False" },
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
            Some(Json::Whole(value)) => table::number(cell)
                .is_ok_and(|number| number.to_bits() == (*value as f64).to_bits()),
            Some(Json::Float(value)) => {
                table::number(cell).is_ok_and(|number| agree(number, *value))
            }
            Some(_) => false,
        };
        if !equal {
            let message = format!(
                "`{}`, `{}`: `{column}` differs from what was recomputed",
                row.cell("model"),
                row.cell("condition")
            );
            let finding =
                Finding::new(Code::RecomputedMismatch, message).in_file(layout::MITIGATION_TABLE);
            let computed = computed.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            findings.push(
                finding.at_line(row.line).at_row(row.row).comparing(format!("{cell:?}"), computed),
            );
        }
    }
}
