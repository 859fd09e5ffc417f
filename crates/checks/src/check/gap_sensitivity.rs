//! `gap-sensitivity`: how much steadier the diagnosis is than the recommendation, at two granularities.
//!
//! The gaps of each model are those of [`StabilityGaps`]; over the models their medians count.

use serde::Serialize;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_metrics::{StabilityGaps, median};

use crate::bundle::{Bundle, Needs};
use crate::by_name::ByName;
use crate::check::{Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing};
use crate::finding::{Code, Finding};
use crate::models::ModelSelection;
use crate::published::{Published, note_no_models, nothing_published};
use crate::table::{Cell, Column, Detail, Table, known};

/// How the suite and the command line know the check.
pub const LISTING: Listing = Listing {
    name: CheckName::new("gap-sensitivity"),
    alias: None,
    about: "The stability gaps at two granularities",
    examples: &["gap-sensitivity --artifacts demo --release demo.release.json"],
    arguments: &[ModelSelection::ARGUMENT],
    from_call: Some(|call| Ok(Box::new(GapSensitivity { models: call.models() }))),
    in_suite: InSuite::Always(|| Box::new(GapSensitivity::default())),
    codes: &[],
};

/// The check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GapSensitivity {
    /// Which models.
    pub models: ModelSelection,
}

/// The gaps of each model and over all.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GapSensitivityResult {
    /// In the table's order; `None` for a model whose rows are not valid.
    pub models: ByName<Option<Gaps>>,
    /// Median over the models; `None` when one of them has no value.
    pub median_gap_exact: Option<f64>,
    /// Likewise.
    pub median_gap_graded: Option<f64>,
    /// How many models have a negative graded gap.
    pub gap_graded_negative_models: usize,
    /// How many models there are.
    pub model_count: usize,
}

/// The gaps of one model, as [`StabilityGaps`] defines them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are those of `StabilityGaps`")]
pub struct Gaps {
    pub usable_pairs: usize,
    pub rec_change: f64,
    pub rec_exact_stability: f64,
    pub rec_jaccard: f64,
    pub diag_jaccard: f64,
    pub gap_exact: f64,
    pub gap_graded: f64,
}

impl From<StabilityGaps> for Gaps {
    fn from(gaps: StabilityGaps) -> Self {
        Self {
            usable_pairs: gaps.usable_pairs,
            rec_change: gaps.rec_change,
            rec_exact_stability: gaps.rec_exact_stability,
            rec_jaccard: gaps.rec_jaccard,
            diag_jaccard: gaps.diag_jaccard,
            gap_exact: gaps.gap_exact,
            gap_graded: gaps.gap_graded,
        }
    }
}

impl Check for GapSensitivity {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn models(&self) -> Option<&ModelSelection> {
        Some(&self.models)
    }

    fn needs(&self, release: &ReleaseDescription) -> Needs {
        let mut needs = Needs::default();
        needs.retained(self.models.of(release));
        needs
    }

    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        let findings = &mut judgement.findings;
        let mut result = GapSensitivityResult::default();
        for model in self.models.of(release) {
            let pairs = bundle.retained_pairs(model, findings);
            let gaps = pairs.and_then(|pairs| {
                let outcomes = pairs.iter().map(|pair| &pair.sourced.outcome);
                let refuse = |error| {
                    let message = format!("`{model}`: {error}");
                    findings.push(Finding::new(Code::NO_USABLE_PAIR, message));
                };
                StabilityGaps::of(outcomes).map_err(refuse).ok()
            });
            result.gap_graded_negative_models +=
                usize::from(gaps.as_ref().is_some_and(StabilityGaps::graded_gap_is_negative));
            result.models.push(model, gaps.map(Gaps::from));
        }
        let all: Option<Vec<Gaps>> = result.models.iter().map(|(_, gaps)| *gaps).collect();
        let median_of = |gap: fn(&Gaps) -> f64| {
            let values: Vec<f64> = all.as_ref()?.iter().map(gap).collect();
            median(&values)
        };
        result.median_gap_exact = median_of(|gaps| gaps.gap_exact);
        result.median_gap_graded = median_of(|gaps| gaps.gap_graded);
        result.model_count = result.models.len();
        match (&release.expected.gap_sensitivity, &self.models) {
            (Some(expected), ModelSelection::All) => {
                let (exact, graded) = (result.median_gap_exact, result.median_gap_graded);
                let negative = all.is_some().then_some(result.gap_graded_negative_models);
                let mut published = Published::new(findings, "gap_sensitivity");
                published.rounded("median_gap_exact", 6, expected.median_gap_exact_6dp, exact);
                published.rounded("median_gap_graded", 6, expected.median_gap_graded_6dp, graded);
                published.equal("gap_graded_negative_models", expected.negative, negative);
                published.equal("model_count", expected.models, Some(result.model_count));
            }
            (Some(_), ModelSelection::One(_)) => {
                let note = "the published medians are over all models: not compared";
                judgement.notes.not_compared(note);
            }
            (None, _) => judgement.notes.not_compared(nothing_published("gap_sensitivity")),
        }
        note_no_models(release, &self.models, &mut judgement.notes);
        Ok(Box::new(result))
    }
}

impl CheckResult for GapSensitivityResult {
    fn summary(&self) -> String {
        let six = |gap: Option<f64>| known(gap.map(|gap| format!("{gap:.6}")));
        format!(
            "median gap exact {}, graded {}, negative for {}/{}",
            six(self.median_gap_exact),
            six(self.median_gap_graded),
            self.gap_graded_negative_models,
            self.model_count
        )
    }

    fn details(&self) -> Vec<Detail> {
        let row = |(model, gaps): (&str, &Option<Gaps>)| {
            let number = |of: fn(&Gaps) -> f64| Cell::number(gaps.as_ref().map(of), 6);
            vec![
                Cell::text(model),
                Cell::count(gaps.map(|gaps| gaps.usable_pairs)),
                number(|gaps| gaps.rec_change),
                number(|gaps| gaps.rec_jaccard),
                number(|gaps| gaps.diag_jaccard),
                number(|gaps| gaps.gap_exact),
                number(|gaps| gaps.gap_graded),
            ]
        };
        vec![Detail::Table(Table {
            title: "Stability gaps by model",
            columns: vec![
                Column::new("model", "Model"),
                Column::new("pairs", "Pairs"),
                Column::new("rec_change", "Recommendation change"),
                Column::new("rec_jaccard", "Recommendation Jaccard"),
                Column::new("diag_jaccard", "Diagnostic Jaccard"),
                Column::new("gap_exact", "Exact gap"),
                Column::new("gap_graded", "Graded gap"),
            ],
            rows: self.models.iter().map(row).collect(),
            caption: String::new(),
        })]
    }
}
