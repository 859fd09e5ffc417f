//! `both-empty-diagnostic`: usable pairs in which neither report has a diagnostic label.
//!
//! Such pairs score 1.0 by the frozen definition. They are counted by model and pooled.

use serde::Serialize;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_metrics::BothEmpty;

use crate::bundle::{Bundle, Needs};
use crate::by_name::ByName;
use crate::check::{Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing};
use crate::models::ModelSelection;
use crate::published::{Published, note_no_models, nothing_published};
use crate::table::{Cell, Column, Detail, Table, known};

/// How the suite and the command line know the check.
pub const LISTING: Listing = Listing {
    name: CheckName::new("both-empty-diagnostic"),
    alias: None,
    about: "Usable pairs without a diagnostic label on either side",
    examples: &["both-empty-diagnostic --artifacts demo --release demo.release.json"],
    arguments: &[ModelSelection::ARGUMENT],
    from_call: Some(|call| Ok(Box::new(BothEmptyDiagnostic { models: call.models() }))),
    in_suite: InSuite::Always(|| Box::new(BothEmptyDiagnostic::default())),
    codes: &[],
};

/// The check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BothEmptyDiagnostic {
    /// Which models.
    pub models: ModelSelection,
}

/// The counts of each model and over all.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BothEmptyResult {
    /// In the table's order; `None` for a model whose rows are not valid.
    pub models: ByName<Option<Counts>>,
    /// Over all models; `None` when one of them has no value.
    pub pooled_both_empty: Option<usize>,
    /// Likewise.
    pub pooled_usable_pairs: Option<usize>,
    /// Their quotient.
    pub pooled_rate: Option<f64>,
}

/// The counts of one model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Counts {
    /// Usable pairs.
    pub usable_pairs: usize,
    /// Those in which neither report has a label.
    pub both_empty: usize,
    /// Their share, in `[0, 1]`.
    pub rate: Option<f64>,
}

impl From<BothEmpty> for Counts {
    fn from(counts: BothEmpty) -> Self {
        let BothEmpty { usable_pairs, both_empty, .. } = counts;
        Self { usable_pairs, both_empty, rate: counts.rate() }
    }
}

impl Check for BothEmptyDiagnostic {
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
        let mut result = BothEmptyResult::default();
        let mut pooled = Some(BothEmpty::default());
        for model in self.models.of(release) {
            let pairs = bundle.retained_pairs(model, &mut judgement.findings);
            let counts =
                pairs.map(|pairs| BothEmpty::of(pairs.iter().map(|pair| &pair.sourced.outcome)));
            pooled = pooled.zip(counts).map(|(mut pooled, counts)| {
                pooled += counts;
                pooled
            });
            result.models.push(model, counts.map(Counts::from));
        }
        if let Some(pooled) = pooled.map(Counts::from) {
            result.pooled_both_empty = Some(pooled.both_empty);
            result.pooled_usable_pairs = Some(pooled.usable_pairs);
            result.pooled_rate = pooled.rate;
        }
        match (&release.expected.both_empty, &self.models) {
            (Some(expected), ModelSelection::All) => {
                let mut published = Published::new(&mut judgement.findings, "both_empty");
                published.equal(
                    "pooled_both_empty",
                    expected.pooled_both_empty,
                    result.pooled_both_empty,
                );
                published.equal(
                    "pooled_usable_pairs",
                    expected.pooled_usable_pairs,
                    result.pooled_usable_pairs,
                );
            }
            (Some(_), ModelSelection::One(_)) => {
                let note = "the published counts are over all models: not compared";
                judgement.notes.not_compared(note);
            }
            (None, _) => judgement.notes.not_compared(nothing_published("both_empty")),
        }
        note_no_models(release, &self.models, &mut judgement.notes);
        Ok(Box::new(result))
    }
}

impl CheckResult for BothEmptyResult {
    fn summary(&self) -> String {
        let (Some(both_empty), Some(usable)) = (self.pooled_both_empty, self.pooled_usable_pairs)
        else {
            return known::<u64>(None);
        };
        let rate = known(self.pooled_rate.map(|rate| format!("{:.4}%", rate * 100.0)));
        format!("{both_empty}/{usable} = {rate} pooled")
    }

    fn details(&self) -> Vec<Detail> {
        let row = |(model, counts): (&str, &Option<Counts>)| {
            let rate = counts.and_then(|counts| counts.rate);
            vec![
                Cell::text(model),
                Cell::count(counts.map(|counts| counts.usable_pairs)),
                Cell::count(counts.map(|counts| counts.both_empty)),
                rate.map_or(Cell::Unknown, |rate| Cell::Percentage(rate, 4)),
            ]
        };
        vec![Detail::Table(Table {
            title: "Pairs without a label, by model",
            columns: vec![
                Column::new("model", "Model"),
                Column::new("pairs", "Pairs"),
                Column::new("both empty", "Both empty"),
                Column::new("rate", "Rate"),
            ],
            rows: self.models.iter().map(row).collect(),
            caption: String::new(),
        })]
    }
}
