//! `mitigation`: the published outcome of the mitigation analysis, from its frozen table.
//!
//! For each included model the Stage-1 gate, both conditions and the outcome of the binding rule are shown, and the models that the
//! gate excludes. The gate is judged by the frozen decisions; a recount that tells another story is advice here and an error of
//! `stage1-confidence`. On demand the whole analysis is recomputed from the retained outputs and compared with the frozen files.

use std::collections::BTreeMap;

use serde::Serialize;
use spinefairbench_artifacts::ids::ModelName;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::part::Part;
use spinefairbench_artifacts::records::mitigation_table::{self, ConditionRow};
use spinefairbench_artifacts::records::{
    mitigation_counts, mitigation_summary, parsing_confidence,
};
use spinefairbench_artifacts::release::{MitigationOutcome, ReleaseDescription};
use spinefairbench_artifacts::{table, text};
use spinefairbench_bootstrap::Iterations;

use crate::bundle::{Bundle, Needs, mitigation_rows, stage1};
use crate::by_name::ByName;
use crate::check::{
    Argument, Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing,
};
use crate::finding::{Code, Finding, Findings, Weight, codes};
use crate::mitigation::gate::{Confidence, Decision, Stage1Sample};
use crate::mitigation::statistics::Recomputed;
use crate::plan_request;
use crate::published::{agree, nothing_published, show_names};
use crate::table::{Cell, Column, Detail, Table};

mod comparison;
mod frozen;

codes! {
    /// A cell is not a finite number where one must stand.
    NUMBER_INVALID = "number_invalid";
    /// A model's row for a condition is absent from the mitigation table.
    CONDITION_ROW_MISSING = "condition_row_missing";
    /// A model has two rows for one condition.
    DUPLICATE_CONDITION_ROW = "duplicate_condition_row";
    /// The conditions of a model rest on different numbers of pairs.
    PAIR_COUNTS_DIFFER = "pair_counts_differ";
    /// A stated difference is not condition B minus condition A.
    DELTA_MISMATCH = "delta_mismatch";
    /// The binding rule's outcome is not the published one.
    RULE_OUTCOME_MISMATCH = "rule_outcome_mismatch";
    /// A model that should pass the Stage-1 gate does not.
    GATE_MISMATCH = "gate_mismatch";
    /// The models that the gate excludes are not the published ones.
    EXCLUSIONS_MISMATCH = "exclusions_mismatch";
    /// A recomputed value of the mitigation analysis differs from the frozen one.
    RECOMPUTED_MISMATCH = "recomputed_mismatch";
}

/// How the suite and the command line know the check.
pub const LISTING: Listing = Listing {
    name: CheckName::new("mitigation"),
    alias: None,
    about: "The mitigation table: the gate, the deltas and the binding rule",
    examples: &[
        "mitigation --artifacts demo --release demo.release.json",
        "mitigation --artifacts demo --release demo.release.json --recompute \\\n      --format json",
    ],
    arguments: &[
        Argument::switch(
            "recompute",
            "Recompute the whole analysis from the retained outputs and compare it with the frozen files",
        ),
        Argument {
            alias: Some("iterations"),
            requires: Some("recompute"),
            ..Argument::option(
                "bootstrap-iterations",
                "N",
                "How many resamples are drawn; with another number than the frozen one intervals are not compared",
            )
        },
    ],
    from_call: Some(|call| {
        let iterations =
            call.value("bootstrap-iterations").map(plan_request::iterations).transpose()?;
        let analysis =
            if call.has("recompute") { Analysis::Recomputed(iterations) } else { Analysis::Frozen };
        Ok(Box::new(Mitigation { analysis }))
    }),
    in_suite: InSuite::Always(|| Box::new(Mitigation::default())),
    codes: &[CODES],
};

/// The check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mitigation {
    /// Whether the analysis is recomputed.
    pub analysis: Analysis,
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

/// The outcome of the analysis.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MitigationResult {
    /// In the table's order.
    pub models: ByName<MitigationModel>,
    /// The models that the recount excludes, sorted.
    pub stage1_full_exclusions: Vec<String>,
    /// The whole analysis, when it was asked for and has a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recomputed: Option<Recomputed>,
}

/// The outcome for one model; what could not be read is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct MitigationModel {
    /// Files of the Stage-1 sample that parse.
    pub stage1_pass: Option<usize>,
    /// Files of the sample.
    pub stage1_sample: Option<usize>,
    /// Their quotient.
    pub stage1_rate: Option<f64>,
    /// Without mitigation.
    pub condition_a: ConditionMeans,
    /// With mitigation B.
    pub condition_b: ConditionMeans,
    /// Change of the recommendation change.
    pub delta_rec: Option<f64>,
    /// Change of the diagnostic consistency.
    pub delta_diag: Option<f64>,
    /// Whether B passes the binding rule.
    pub b_rule_pass: Option<bool>,
}

/// Two means of one condition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct ConditionMeans {
    /// Mean recommendation change.
    pub rec_change: Option<f64>,
    /// Mean diagnostic consistency.
    pub diag_consistency: Option<f64>,
}

impl Check for Mitigation {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn needs(&self, _: &ReleaseDescription) -> Needs {
        let mut needs = Needs::default();
        stage1::ask_for_samples(&mut needs);
        needs.document(&mitigation_table::document());
        if self.analysis != Analysis::Frozen {
            mitigation_rows::ask(&mut needs);
            needs.document(&mitigation_summary::document());
            needs.document(&mitigation_counts::document());
        }
        needs
    }

    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        let findings = &mut judgement.findings;
        let samples = stage1::samples(bundle);
        let recounts = recount(&samples, findings);
        let mut result = MitigationResult {
            stage1_full_exclusions: excluded(&recounts),
            ..MitigationResult::default()
        };
        let expected = release.expected.mitigation.as_ref();
        let included: Vec<&str> = if let Some(expected) = expected {
            let published: Vec<&str> =
                expected.excluded_full.iter().map(ModelName::as_str).collect();
            judge_exclusions(bundle, &samples, &recounts, &published, findings);
            expected.included.iter().map(ModelName::as_str).collect()
        } else {
            judgement.notes.not_compared(nothing_published("mitigation"));
            let passing =
                recounts.iter().filter(|(_, count)| count.decision != Decision::ExcludedFull);
            passing.map(|(model, _)| *model).collect()
        };
        if expected.is_some_and(|expected| expected.included.is_empty()) {
            let note = "the release description names no model that passes the gate: no outcome was compared";
            judgement.notes.not_compared(note);
        }
        let outcome = expected.map(|_| release.mitigation_outcome());
        let rows = bundle.open(&mitigation_table::document(), findings);
        for model in in_table_order(&included, release) {
            let recount = recount_of(&recounts, model);
            let mut row = MitigationModel {
                stage1_pass: recount.map(|recount| recount.pass),
                stage1_sample: recount.map(|recount| recount.sample),
                stage1_rate: recount.map(|recount| recount.rate),
                ..MitigationModel::default()
            };
            judge_gate(bundle, model, recount, findings);
            if let Some(rows) = rows {
                judge_conditions(model, rows, outcome, &mut row, findings);
            }
            result.models.push(model, row);
        }
        if let Analysis::Recomputed(iterations) = self.analysis {
            result.recomputed = frozen::recompute_and_compare(bundle, iterations, judgement);
        }
        Ok(Box::new(result))
    }
}

/// The recounts by model; what stands in the way of one is advice, and that model is left out.
fn recount<'a>(
    samples: &'a Part<BTreeMap<String, Part<Stage1Sample>>>,
    findings: &mut Findings,
) -> Vec<(&'a str, Confidence)> {
    let mut problems = Vec::new();
    let mut counted = Vec::new();
    for (model, sample) in samples.open(&mut problems).into_iter().flatten() {
        let confidence = sample.open(&mut problems).and_then(|sample| Confidence::of(*sample));
        counted.extend(confidence.map(|confidence| (model.as_str(), confidence)));
    }
    findings.extend(problems.into_iter().map(Finding::as_advice));
    counted
}

/// A published model passes the gate: its frozen decision says so.
fn judge_gate(bundle: &Bundle, model: &str, recount: Option<Confidence>, findings: &mut Findings) {
    let at =
        |message: String| Finding::new(GATE_MISMATCH, message).in_file(layout::PARSING_CONFIDENCE);
    let Some(frozen) = bundle.value(&parsing_confidence::document()) else { return };
    let Some(confidence) = frozen.get(model) else {
        let message = format!(
            "`{model}` has no frozen Stage-1 confidence, so nothing says that it passes the gate"
        );
        findings.push(at(message).comparing("its confidence", "none"));
        return;
    };
    let decision = confidence.value().and_then(|confidence| confidence.decision.as_deref());
    let included = Decision::Included.as_str();
    if decision != Some(included) {
        let message = format!("`{model}` does not pass the Stage-1 gate by its frozen decision");
        findings.push(at(message).comparing(included, decision.unwrap_or("none")));
    }
    if let Some(count) = recount.filter(|count| count.decision == Decision::ExcludedFull) {
        let message = format!("`{model}` does not pass the Stage-1 gate by a recount");
        findings.push(at(message).comparing("at least 0.85", count.rate).as_advice());
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

/// The frozen decisions exclude exactly the published models; where a recount does not, that is advice.
fn judge_exclusions(
    bundle: &Bundle,
    samples: &Part<BTreeMap<String, Part<Stage1Sample>>>,
    recounts: &[(&str, Confidence)],
    published: &[&str],
    findings: &mut Findings,
) {
    let mut published: Vec<String> = published.iter().map(|model| (*model).to_owned()).collect();
    published.sort_unstable();
    let mut compare = |what: &str, weight: Weight, found: &[String]| {
        if found != published {
            let message = format!(
                "the models that the Stage-1 gate excludes by {what} are not the published ones"
            );
            let finding =
                Finding::new(EXCLUSIONS_MISMATCH, message).in_file(layout::PARSING_CONFIDENCE);
            let finding = finding.comparing(show_names(&published), show_names(found));
            findings.push(Finding { weight, ..finding });
        }
    };
    if samples.value().is_some() {
        compare("recount", Weight::Advice, &excluded(recounts));
    }
    let frozen = bundle.part(&parsing_confidence::document());
    if let Some(frozen) = frozen.and_then(Part::value) {
        let is_excluded =
            |decision: Option<&str>| decision == Some(Decision::ExcludedFull.as_str());
        let found: Vec<String> = frozen
            .iter()
            .filter(|(_, part)| {
                is_excluded(part.value().and_then(|frozen| frozen.decision.as_deref()))
            })
            .map(|(model, _)| model.clone())
            .collect();
        compare("the frozen decisions", Weight::Error, &found);
    }
    findings.extend(frozen.into_iter().flat_map(Part::problems).cloned());
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
    published: Option<MitigationOutcome>,
    outcome: &mut MitigationModel,
    findings: &mut Findings,
) {
    let condition_a = find_row(model, "condition_a", rows, findings);
    let condition_b = find_row(model, "condition_b", rows, findings);
    let means = |row: Option<&ConditionRow>, findings: &mut Findings| {
        row.map_or_else(ConditionMeans::default, |row| ConditionMeans {
            rec_change: finite(model, row, "rec_change", findings),
            diag_consistency: finite(model, row, "diag_consistency", findings),
        })
    };
    outcome.condition_a = means(condition_a, findings);
    outcome.condition_b = means(condition_b, findings);
    if let (Some(row_a), Some(row_b)) = (condition_a, condition_b) {
        let pairs =
            |row: &ConditionRow, findings: &mut Findings| finite(model, row, "n_pairs", findings);
        // Both say the same in the same words; that they state a number at all is more than the original looks at.
        let (cell_a, cell_b) = (row_a.cell("n_pairs"), row_b.cell("n_pairs"));
        if pairs(row_a, findings).is_some() && pairs(row_b, findings).is_some() && cell_a != cell_b
        {
            let what = "conditions A and B rest on different numbers of pairs";
            findings.push(at(PAIR_COUNTS_DIFFER, model, row_b, what).comparing(cell_a, cell_b));
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
            findings
                .push(at(DELTA_MISMATCH, model, row_b, &what).comparing(after - before, stated));
        }
    }
    judge_rule(model, row_b, published, outcome, findings);
}

/// The binding rule's outcome is the published one.
fn judge_rule(
    model: &str,
    row: &ConditionRow,
    published: Option<MitigationOutcome>,
    outcome: &mut MitigationModel,
    findings: &mut Findings,
) {
    let cell = text::stripped(row.cell("b_rule_pass"));
    outcome.b_rule_pass = match cell {
        _ if cell.eq_ignore_ascii_case("true") => Some(true),
        _ if cell.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    };
    let Some(published) = published else { return };
    if outcome.b_rule_pass != Some(published.b_rule_pass) {
        let what = "`b_rule_pass` is not the published outcome";
        let finding = at(RULE_OUTCOME_MISMATCH, model, row, what);
        findings.push(finding.comparing(published.b_rule_pass, format!("{cell:?}")));
    }
    let bounds = [
        ("delta_rec", outcome.delta_rec, published.delta_rec),
        ("delta_diag", outcome.delta_diag, published.delta_diag),
    ];
    for (column, delta, bound) in bounds {
        if let Some(delta) = delta.filter(|delta| !bound.holds(*delta)) {
            let what = format!("`{column}` is not where the published outcome has it");
            let finding = at(RULE_OUTCOME_MISMATCH, model, row, &what);
            findings.push(finding.comparing(bound, delta));
        }
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
            Finding::new(CONDITION_ROW_MISSING, message).in_file(layout::MITIGATION_TABLE);
        findings.push(finding.comparing("one row", "none"));
    }
    for repeat in rows {
        let what = format!("another row for `{condition}`");
        findings.push(at(DUPLICATE_CONDITION_ROW, model, repeat, &what));
    }
    first
}

/// The cell as a finite number; anything else is a finding.
fn finite(model: &str, row: &ConditionRow, column: &str, findings: &mut Findings) -> Option<f64> {
    let cell = row.cell(column);
    let number = table::python_number(cell).ok();
    if number.is_none() {
        let what = format!("`{column}` is not a finite number");
        findings.push(
            at(NUMBER_INVALID, model, row, &what).comparing("a finite number", format!("{cell:?}")),
        );
    }
    number
}

impl CheckResult for MitigationResult {
    fn summary(&self) -> String {
        let excluded = show_names(&self.stage1_full_exclusions);
        format!("{} gated in, excluded: {excluded}", self.models.len())
    }

    fn details(&self) -> Vec<Detail> {
        let row = |(model, row): (&str, &MitigationModel)| {
            let rule = row.b_rule_pass.map(|pass| if pass { "passes" } else { "fails" });
            vec![
                Cell::text(model),
                Cell::number(row.condition_a.rec_change, 3),
                Cell::number(row.condition_b.rec_change, 3),
                Cell::number(row.delta_rec, 3),
                Cell::number(row.condition_a.diag_consistency, 3),
                Cell::number(row.condition_b.diag_consistency, 3),
                Cell::number(row.delta_diag, 3),
                rule.map_or(Cell::Unknown, Cell::text),
            ]
        };
        vec![Detail::Table(Table {
            title: "Conditions A and B by model",
            columns: vec![
                Column::new("model", "Model"),
                Column::new("A change", "Change, A"),
                Column::new("B change", "Change, B"),
                Column::new("delta", "Difference"),
                Column::new("A consistency", "Consistency, A"),
                Column::new("B consistency", "Consistency, B"),
                Column::new("delta", "Difference"),
                Column::new("B rule", "Binding rule"),
            ],
            rows: self.models.iter().map(row).collect(),
            caption: String::new(),
        })]
    }
}
