//! The recomputed mitigation analysis against the three frozen files: summary, counts and table.
//!
//! Counts, decisions and truth values compare exactly, numbers within 1e-12; intervals only where the number of resamples is the
//! frozen one.

use spinefairbench_artifacts::json::Value;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::records::mitigation_table::{self, ConditionRow};
use spinefairbench_artifacts::records::{mitigation_counts, mitigation_summary};
use spinefairbench_artifacts::{table, text};
use spinefairbench_bootstrap::Iterations;

use super::comparison::{Comparison, shown};
use super::{CONDITION_ROW_MISSING, RECOMPUTED_MISMATCH};
use crate::bundle::{Bundle, mitigation_rows};
use crate::check::Judgement;
use crate::finding::{Code, Finding, Findings};
use crate::mitigation::conditions::ConditionCounts;
use crate::mitigation::statistics::{
    ConditionStatistics, MultipleTesting, Recomputed, Statistic, recompute,
};
use crate::published::agree;

/// Which intervals are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CompareIntervals {
    /// All.
    Yes,
    /// None: they were drawn with another number of iterations.
    No,
}

/// Recomputes the analysis and compares it; `None` where it has no value, which is a finding then.
pub(super) fn recompute_and_compare(
    bundle: &Bundle,
    iterations: Option<Iterations>,
    judgement: &mut Judgement,
) -> Option<Recomputed> {
    let findings = &mut judgement.findings;
    let summary = bundle.open(&mitigation_summary::document(), findings).map(|whole| &whole.0);
    let counts = bundle.open(&mitigation_counts::document(), findings).map(|whole| &whole.0);
    let inputs = mitigation_rows::inputs(bundle);
    let inputs = inputs.open(findings)?;
    let frozen = summary
        .and_then(|summary| summary.get("bootstrap_iterations"))
        .and_then(Value::as_u64)
        .and_then(|iterations| Iterations::new(iterations).ok())
        .unwrap_or(Iterations::PUBLISHED);
    let iterations = iterations.unwrap_or(frozen);
    let intervals = if iterations == frozen { CompareIntervals::Yes } else { CompareIntervals::No };
    if intervals == CompareIntervals::No {
        judgement.notes.not_compared(format!(
            "the intervals were drawn with {iterations} resamples, the frozen ones with {frozen}: not compared"
        ));
    }
    let recomputed = match recompute(inputs, iterations) {
        Ok(recomputed) => recomputed,
        Err(error) => {
            let finding = Finding::new(Code::NO_USABLE_PAIR, error.to_string());
            findings.push(finding.in_file(layout::MITIGATION_SUMMARY));
            return None;
        }
    };
    if let Some(summary) = summary {
        compare_summary(&recomputed, summary, intervals, findings);
    }
    if let Some(counts) = counts {
        compare_counts(&recomputed.condition_counts, counts, findings);
    }
    if let Some(rows) = bundle.value(&mitigation_table::document()) {
        compare_table(&recomputed, rows, intervals, findings);
    }
    Some(recomputed)
}

fn compare_summary(
    recomputed: &Recomputed,
    summary: &Value,
    intervals: CompareIntervals,
    findings: &mut Findings,
) {
    let mut comparison = Comparison { path: layout::MITIGATION_SUMMARY, findings };
    let included = summary.get("included_models");
    comparison.texts("$.included_models", &recomputed.included_models, included);
    let frozen_models = summary.get("models");
    if let Some(models) = comparison.object("$.models", &recomputed.models, frozen_models) {
        for (model, conditions) in recomputed.models.iter() {
            let place = format!("$.models.{model}");
            let frozen = comparison.object(&place, conditions, models.get(model));
            let Some(frozen) = frozen else { continue };
            for (condition, statistics) in conditions.iter() {
                let place = format!("{place}.{condition}");
                let frozen = comparison.object(&place, statistics, frozen.get(condition));
                let Some(frozen) = frozen else { continue };
                for (field, value) in statistics.by_field() {
                    if intervals == CompareIntervals::Yes || !field.ends_with("_ci") {
                        comparison.value(&format!("{place}.{field}"), value, frozen.get(field));
                    }
                }
            }
        }
    }
    let testing = &recomputed.multiple_testing;
    compare_tests(testing, summary.get("multiple_testing"), &mut comparison);
    let rules = &recomputed.rule_summary;
    let frozen = summary.get("rule_summary");
    if let Some(frozen) = comparison.object("$.rule_summary", rules, frozen) {
        for (field, models) in [
            ("models_with_b_rule_pass", &rules.models_with_b_rule_pass),
            ("models_with_b_rule_fail", &rules.models_with_b_rule_fail),
        ] {
            comparison.texts(&format!("$.rule_summary.{field}"), models, frozen.get(field));
        }
    }
    let names = recomputed.models.iter().map(|(model, _)| model);
    comparison.no_more_than("$.models", names, frozen_models);
    let frozen_tests = summary.get("multiple_testing").and_then(|testing| testing.get("tests"));
    let names = testing.tests.keys().map(String::as_str);
    comparison.no_more_than("$.multiple_testing.tests", names, frozen_tests);
}

fn compare_tests(
    testing: &MultipleTesting,
    frozen: Option<&Value>,
    comparison: &mut Comparison<'_>,
) {
    let place = "$.multiple_testing";
    let Some(frozen) = comparison.object(place, testing, frozen) else { return };
    comparison.text(&format!("{place}.method"), testing.method, frozen.get("method"));
    let family = Statistic::Count(testing.family_size as u64);
    comparison.value(&format!("{place}.family_size"), family, frozen.get("family_size"));
    let alpha = Statistic::Number(testing.alpha_adj);
    comparison.value(&format!("{place}.alpha_adj"), alpha, frozen.get("alpha_adj"));
    let place = format!("{place}.tests");
    let Some(tests) = comparison.object(&place, &testing.tests, frozen.get("tests")) else {
        return;
    };
    for (name, test) in &testing.tests {
        let place = format!("{place}.{name}");
        let Some(frozen) = comparison.object(&place, test, tests.get(name)) else { continue };
        for (field, value) in [
            ("p_value", Statistic::Number(test.p_value)),
            ("alpha_adj", Statistic::Number(test.alpha_adj)),
            ("significant", Statistic::Truth(test.significant)),
        ] {
            comparison.value(&format!("{place}.{field}"), value, frozen.get(field));
        }
    }
}

fn compare_counts(computed: &ConditionCounts, frozen: &Value, findings: &mut Findings) {
    let mut comparison = Comparison { path: layout::MITIGATION_COUNTS, findings };
    let Some(conditions) = comparison.object("$", computed, Some(frozen)) else { return };
    for (condition, models) in computed {
        let place = format!("$.{}", condition.as_str());
        let frozen = conditions.get(condition.as_str());
        let Some(frozen) = comparison.object(&place, models, frozen) else { continue };
        for (model, counts) in models {
            let place = format!("{place}.{model}");
            let Some(frozen) = comparison.object(&place, counts, frozen.get(model)) else {
                continue;
            };
            for (what, count) in counts {
                let place = format!("{place}.{what}");
                comparison.value(&place, Statistic::Count(*count), frozen.get(*what));
            }
        }
    }
    comparison.no_more_than("$", computed.keys().map(|condition| condition.as_str()), Some(frozen));
    for (condition, models) in computed {
        let place = format!("$.{}", condition.as_str());
        let frozen = conditions.get(condition.as_str());
        comparison.no_more_than(&place, models.keys().map(String::as_str), frozen);
        for (model, counts) in models {
            let frozen = frozen.and_then(|models| models.get(model));
            comparison.no_more_than(&format!("{place}.{model}"), counts.keys().copied(), frozen);
        }
    }
}

/// Each row of the table says what was recomputed, and there is a row for all of it.
fn compare_table(
    recomputed: &Recomputed,
    rows: &[ConditionRow],
    intervals: CompareIntervals,
    findings: &mut Findings,
) {
    for (model, conditions) in recomputed.models.iter() {
        for (condition, statistics) in conditions.iter() {
            let is_meant = |row: &&ConditionRow| {
                row.cell("model") == model && row.cell("condition") == condition
            };
            if let Some(row) = rows.iter().find(is_meant) {
                compare_row(row, statistics, intervals, findings);
            } else {
                let message =
                    format!("the mitigation table has no row of `{model}` for `{condition}`");
                let finding = Finding::new(CONDITION_ROW_MISSING, message);
                findings.push(finding.in_file(layout::MITIGATION_TABLE));
            }
        }
    }
    for row in rows {
        let (model, condition) = (row.cell("model"), row.cell("condition"));
        let mut known = recomputed.models.iter().filter(|(known, _)| *known == model);
        let is_known =
            known.any(|(_, conditions)| conditions.iter().any(|(known, _)| known == condition));
        if !is_known {
            let message = format!("`{model}`, `{condition}`: nothing like it was recomputed");
            findings.push(at(row, message));
        }
    }
}

fn at(row: &ConditionRow, message: String) -> Finding {
    let finding = Finding::new(RECOMPUTED_MISMATCH, message).in_file(layout::MITIGATION_TABLE);
    finding.at_line(row.line).at_row(row.row)
}

fn compare_row(
    row: &ConditionRow,
    statistics: &ConditionStatistics,
    intervals: CompareIntervals,
    findings: &mut Findings,
) {
    let fields = statistics.by_field();
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
        let computed = fields.iter().find(|(name, _)| *name == field).map(|(_, value)| *value);
        let computed = match (computed, end) {
            (Some(Statistic::Ends(ends)), Some(end)) => Some(Statistic::Number(ends[end])),
            (computed, _) => computed,
        };
        if !says(cell, computed) {
            let (model, condition) = (row.cell("model"), row.cell("condition"));
            let message =
                format!("`{model}`, `{condition}`: `{column}` differs from what was recomputed");
            let computed = computed.map_or_else(|| "nothing".to_owned(), |value| shown(&value));
            findings.push(at(row, message).comparing(format!("{cell:?}"), computed));
        }
    }
}

/// Whether a cell of the table says what was computed; an empty one says that nothing was.
fn says(cell: &str, computed: Option<Statistic>) -> bool {
    let cell = text::stripped(cell);
    match computed {
        None => cell.is_empty(),
        Some(Statistic::Truth(value)) => cell == if value { "True" } else { "False" },
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        Some(Statistic::Count(value)) => table::python_number(cell)
            .is_ok_and(|number| number.to_bits() == (value as f64).to_bits()),
        Some(Statistic::Number(value)) => {
            table::python_number(cell).is_ok_and(|number| agree(number, value))
        }
        Some(Statistic::Ends(_)) => false,
    }
}
