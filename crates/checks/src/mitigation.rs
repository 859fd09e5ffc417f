//! `mitigation`: the published outcome of the mitigation analysis, from its frozen table.
//!
//! Input: the mitigation table, the Stage-1 samples and the frozen confidences. Output: per included model the Stage-1 gate,
//! both conditions and the outcome of the binding rule; the models that the gate excludes. Rules: `checks.md`, *mitigation*.
//! The gate is judged twice, on the recount and on the frozen decisions: neither may tell another story than the published.

use spinefairbench_artifacts::ids::ModelName;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::table;
use spinefairbench_bootstrap::Iterations;

use crate::finding::{Code, Finding, Findings};
use crate::mitigation_frozen;
use crate::mitigation_recompute::Recomputed;
use crate::published::{agree, nothing_published, show_names};
use crate::report::{CheckReport, CheckResult};
use crate::snapshot::{ConditionRow, Snapshot};
use crate::stage1_confidence::{Confidence, Decision};

/// The published outcome of the binding rule: condition B fails it, by raising the recommendation change and by losing
/// more than this much diagnostic consistency (`checks.md`, *mitigation*).
const PUBLISHED_DIAGNOSTIC_LOSS: f64 = -0.05;

/// Two means of one condition.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Condition {
    /// Mean recommendation change.
    pub rec_change: Option<f64>,
    /// Mean diagnostic consistency.
    pub diag_consistency: Option<f64>,
}

/// The outcome for one model; what could not be read is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MitigationModel {
    /// The Stage-1 recount.
    pub stage1: Option<Confidence>,
    /// Without mitigation.
    pub condition_a: Condition,
    /// With mitigation B.
    pub condition_b: Condition,
    /// Change of the recommendation change.
    pub delta_rec: Option<f64>,
    /// Change of the diagnostic consistency.
    pub delta_diag: Option<f64>,
    /// Whether B passes the binding rule.
    pub b_rule_pass: Option<bool>,
}

/// The outcome of the analysis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MitigationResult {
    /// In the table's order.
    pub models: Vec<(String, MitigationModel)>,
    /// The models that the recount excludes, sorted.
    pub stage1_full_exclusions: Vec<String>,
    /// The whole analysis, when it was asked for and has a value.
    pub recomputed: Option<Recomputed>,
}

/// Whether the analysis is recomputed from the retained outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Analysis {
    /// The frozen table is judged alone.
    #[default]
    Frozen,
    /// All is recomputed and compared with the frozen files, with this number of resamples or the frozen one.
    Recomputed(Option<Iterations>),
}

/// Judges the frozen analysis.
#[must_use]
pub fn check(
    snapshot: &Snapshot,
    release: &ReleaseDescription,
    analysis: Analysis,
    mut findings: Findings,
) -> CheckReport {
    let recounts = recount(snapshot, &mut findings);
    let mut result = MitigationResult {
        stage1_full_exclusions: excluded(&recounts),
        ..MitigationResult::default()
    };
    let mut notes = Vec::new();
    let included: Vec<&str> = if let Some(expected) = &release.expected.mitigation {
        let published: Vec<&str> = expected.excluded_full.iter().map(ModelName::as_str).collect();
        judge_exclusions(snapshot, &recounts, &published, &mut findings);
        expected.included.iter().map(ModelName::as_str).collect()
    } else {
        notes.push(nothing_published("mitigation"));
        let passing = recounts.iter().filter(|(_, count)| count.decision != Decision::ExcludedFull);
        passing.map(|(model, _)| *model).collect()
    };
    let rows = snapshot.mitigation_table.open(&mut findings);
    for model in in_table_order(&included, release) {
        let mut outcome =
            MitigationModel { stage1: recount_of(&recounts, model), ..MitigationModel::default() };
        judge_gate(snapshot, model, outcome.stage1, &mut findings);
        if let Some(rows) = rows {
            judge_conditions(model, rows, &mut outcome, &mut findings);
        }
        result.models.push((model.to_owned(), outcome));
    }
    if let Analysis::Recomputed(iterations) = analysis {
        result.recomputed = mitigation_frozen::recompute_and_compare(
            snapshot,
            iterations,
            &mut findings,
            &mut notes,
        );
    }
    CheckReport { findings: findings.finish(), notes, result: CheckResult::Mitigation(result) }
}

/// The recounts by model; samples with a problem give findings and are left out.
fn recount<'a>(snapshot: &'a Snapshot, findings: &mut Findings) -> Vec<(&'a str, Confidence)> {
    let samples = snapshot.stage1_samples.open(findings).into_iter().flatten();
    let mut counted = Vec::new();
    for (model, sample) in samples {
        let confidence = sample.open(findings).and_then(|sample| Confidence::of(*sample));
        counted.extend(confidence.map(|confidence| (model.as_str(), confidence)));
    }
    counted
}

/// A published model passes the gate; one whose recount failed has its findings already.
fn judge_gate(
    snapshot: &Snapshot,
    model: &str,
    recount: Option<Confidence>,
    findings: &mut Findings,
) {
    let at = |message: String| {
        Finding::new(Code::GateMismatch, message).in_file(layout::PARSING_CONFIDENCE)
    };
    let frozen = snapshot.frozen_confidence.value();
    if frozen.is_some_and(|frozen| !frozen.contains_key(model)) {
        let message = format!(
            "`{model}` has no frozen Stage-1 confidence, so nothing says that it passes the gate"
        );
        findings.push(at(message).comparing("its confidence", "none"));
    } else if let Some(count) = recount.filter(|count| count.decision == Decision::ExcludedFull) {
        let message = format!("`{model}` does not pass the Stage-1 gate");
        findings.push(at(message).comparing("at least 0.85", count.rate));
    }
}

fn recount_of(recounts: &[(&str, Confidence)], model: &str) -> Option<Confidence> {
    recounts.iter().find(|(name, _)| *name == model).map(|(_, count)| *count)
}

fn excluded(recounts: &[(&str, Confidence)]) -> Vec<String> {
    let mut models: Vec<String> = recounts
        .iter()
        .filter(|(_, count)| count.decision == Decision::ExcludedFull)
        .map(|(model, _)| (*model).to_owned())
        .collect();
    models.sort_unstable();
    models
}

/// Recounted and frozen decisions must both exclude exactly the published models.
fn judge_exclusions(
    snapshot: &Snapshot,
    recounts: &[(&str, Confidence)],
    published: &[&str],
    findings: &mut Findings,
) {
    let mut published: Vec<String> = published.iter().map(|model| (*model).to_owned()).collect();
    published.sort_unstable();
    let mut compare = |what: &str, found: &[String]| {
        if found != published {
            let message = format!(
                "the models that the Stage-1 gate excludes by {what} are not the published ones"
            );
            let finding =
                Finding::new(Code::ExclusionsMismatch, message).in_file(layout::PARSING_CONFIDENCE);
            findings.push(finding.comparing(show_names(&published), show_names(found)));
        }
    };
    if snapshot.stage1_samples.value().is_some() {
        compare("recount", &excluded(recounts));
    }
    if let Some(frozen) = snapshot.frozen_confidence.value() {
        let is_excluded =
            |decision: Option<&str>| decision == Some(Decision::ExcludedFull.as_str());
        let found: Vec<String> = frozen
            .iter()
            .filter(|(_, part)| {
                is_excluded(part.value().and_then(|frozen| frozen.decision.as_deref()))
            })
            .map(|(model, _)| model.clone())
            .collect();
        compare("the frozen decisions", &found);
    }
    findings.extend(snapshot.frozen_confidence.problems());
}

/// The models in the table's order, those that the table lacks last.
fn in_table_order<'a>(models: &[&'a str], release: &ReleaseDescription) -> Vec<&'a str> {
    let rank = |model: &str| {
        let place = release.table2_models.iter().position(|listed| listed.as_str() == model);
        place.unwrap_or(usize::MAX)
    };
    let mut ordered = models.to_vec();
    ordered.sort_by_key(|model| rank(model));
    ordered
}

/// Reads and judges the model's rows for conditions A and B.
fn judge_conditions(
    model: &str,
    rows: &[ConditionRow],
    outcome: &mut MitigationModel,
    findings: &mut Findings,
) {
    let condition_a = find_row(model, "condition_a", rows, findings);
    let condition_b = find_row(model, "condition_b", rows, findings);
    let means = |row: Option<&ConditionRow>, findings: &mut Findings| {
        row.map_or_else(Condition::default, |row| Condition {
            rec_change: finite(model, row, "rec_change", findings),
            diag_consistency: finite(model, row, "diag_consistency", findings),
        })
    };
    outcome.condition_a = means(condition_a, findings);
    outcome.condition_b = means(condition_b, findings);
    if let (Some(row_a), Some(row_b)) = (condition_a, condition_b) {
        let pairs =
            |row: &ConditionRow, findings: &mut Findings| finite(model, row, "n_pairs", findings);
        if let (Some(pairs_a), Some(pairs_b)) = (pairs(row_a, findings), pairs(row_b, findings))
            && pairs_a.to_bits() != pairs_b.to_bits()
        {
            let what = "conditions A and B rest on different numbers of pairs";
            findings
                .push(at(Code::PairCountsDiffer, model, row_b, what).comparing(pairs_a, pairs_b));
        }
    }
    let Some(row_b) = condition_b else { return };
    outcome.delta_rec = finite(model, row_b, "delta_rec", findings);
    outcome.delta_diag = finite(model, row_b, "delta_diag", findings);
    let (before, after) = (outcome.condition_a, outcome.condition_b);
    let deltas = [
        ("delta_rec", outcome.delta_rec, before.rec_change, after.rec_change),
        ("delta_diag", outcome.delta_diag, before.diag_consistency, after.diag_consistency),
    ];
    for (column, stated, before, after) in deltas {
        if let (Some(stated), Some(before), Some(after)) = (stated, before, after)
            && !agree(stated, after - before)
        {
            let what = format!("`{column}` is not condition B minus condition A");
            findings.push(
                at(Code::DeltaMismatch, model, row_b, &what).comparing(after - before, stated),
            );
        }
    }
    judge_rule(model, row_b, outcome, findings);
}

/// The binding rule's outcome is the published one.
fn judge_rule(
    model: &str,
    row: &ConditionRow,
    outcome: &mut MitigationModel,
    findings: &mut Findings,
) {
    let cell = row.cell("b_rule_pass");
    outcome.b_rule_pass = match cell {
        _ if cell.eq_ignore_ascii_case("true") => Some(true),
        _ if cell.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    };
    if outcome.b_rule_pass != Some(false) {
        let what = "`b_rule_pass` is not the published outcome";
        findings.push(
            at(Code::RuleOutcomeMismatch, model, row, what).comparing("false", format!("{cell:?}")),
        );
    }
    if let Some(delta) = outcome.delta_rec.filter(|delta| *delta <= 0.0) {
        let what = "`delta_rec` is not positive, as published";
        findings.push(at(Code::RuleOutcomeMismatch, model, row, what).comparing("> 0", delta));
    }
    if let Some(delta) = outcome.delta_diag.filter(|delta| *delta >= PUBLISHED_DIAGNOSTIC_LOSS) {
        let what = "`delta_diag` is not below the guardrail, as published";
        findings.push(at(Code::RuleOutcomeMismatch, model, row, what).comparing("< -0.05", delta));
    }
}

fn at(code: Code, model: &str, row: &ConditionRow, what: &str) -> Finding {
    let message = format!("`{model}`: {what}");
    Finding::new(code, message).in_file(layout::MITIGATION_TABLE).at_line(row.line).at_row(row.row)
}

fn find_row<'a>(
    model: &str,
    condition: &str,
    rows: &'a [ConditionRow],
    findings: &mut Findings,
) -> Option<&'a ConditionRow> {
    let mut rows =
        rows.iter().filter(|row| row.cell("model") == model && row.cell("condition") == condition);
    let first = rows.next();
    if first.is_none() {
        let message = format!("the mitigation table has no row of `{model}` for `{condition}`");
        let finding =
            Finding::new(Code::ConditionRowMissing, message).in_file(layout::MITIGATION_TABLE);
        findings.push(finding.comparing("one row", "none"));
    }
    for repeat in rows {
        let what = format!("another row for `{condition}`");
        findings.push(at(Code::DuplicateConditionRow, model, repeat, &what));
    }
    first
}

/// The cell as a finite number; anything else is a finding.
fn finite(model: &str, row: &ConditionRow, column: &str, findings: &mut Findings) -> Option<f64> {
    let cell = row.cell(column);
    let number = table::number(cell).ok();
    if number.is_none() {
        let what = format!("`{column}` is not a finite number");
        findings.push(
            at(Code::NumberInvalid, model, row, &what)
                .comparing("a finite number", format!("{cell:?}")),
        );
    }
    number
}
