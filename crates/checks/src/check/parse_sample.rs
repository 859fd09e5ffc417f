//! `parse-sample`: one pair of a model, parsed, to look at.
//!
//! It is the first usable pair in the order of the panel's `generated` rows.

use serde::Serialize;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_parsers::ParsedReport;

use crate::bundle::{Bundle, Needs};
use crate::check::{
    Argument, Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing,
};
use crate::finding::{Code, Finding};
use crate::models::ModelSelection;
use crate::table::Detail;

/// How the command line knows the check; it is no part of the suite.
pub const LISTING: Listing = Listing {
    name: CheckName::new("parse-sample"),
    alias: None,
    about: "The labels and recommendations of a model's first usable pair",
    examples: &["parse-sample --artifacts demo --release demo.release.json --model gpt-5.4"],
    arguments: &[Argument::option(
        "model",
        "MODEL",
        "The retained model; the first of the published table without it",
    )],
    from_call: Some(|call| {
        Ok(Box::new(call.value("model").map_or_else(ParseSample::default, ParseSample::of)))
    }),
    in_suite: InSuite::Never,
    codes: &[],
};

/// The check; without a model, of the first that the release has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParseSample {
    model: ModelSelection,
}

impl ParseSample {
    /// The check of `model`.
    #[must_use]
    pub fn of(model: &str) -> Self {
        Self { model: ModelSelection::One(model.to_owned()) }
    }
}

/// The pair shown; without a usable pair, or where the rows are not valid, the model alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParseSampleResult {
    /// The model asked for.
    pub model: String,
    /// The pair.
    pub pair_id: Option<String>,
    /// What its report on the source radiograph says.
    pub source: Option<ShownReport>,
    /// What its report on the counterfactual says.
    pub generated: Option<ShownReport>,
    /// The Jaccard index of the two label sets.
    pub diagnostic_jaccard: Option<f64>,
}

/// What one report says, by the names of the categories, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownReport {
    /// Recommendation categories.
    pub recommendations: Vec<&'static str>,
    /// Diagnostic labels.
    pub diagnostic_labels: Vec<&'static str>,
}

impl ShownReport {
    fn of(report: &ParsedReport) -> Self {
        Self {
            recommendations: report.recommendations.names().collect(),
            diagnostic_labels: report.labels.names().collect(),
        }
    }
}

impl Check for ParseSample {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn models(&self) -> Option<&ModelSelection> {
        Some(&self.model)
    }

    fn needs(&self, release: &ReleaseDescription) -> Needs {
        let mut needs = Needs::default();
        needs.retained(self.model.of(release).take(1));
        needs
    }

    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        let findings = &mut judgement.findings;
        let model = self.model.of(release).next().unwrap_or_default();
        let mut result = ParseSampleResult {
            model: model.to_owned(),
            pair_id: None,
            source: None,
            generated: None,
            diagnostic_jaccard: None,
        };
        if let Some(pairs) = bundle.retained_pairs(model, findings) {
            let usable = pairs.iter().filter(|pair| pair.sourced.outcome.is_usable());
            if let Some(first) = usable.min_by_key(|pair| pair.generated_row) {
                let outcome = &first.sourced.outcome;
                result.pair_id = Some(first.pair_id.clone());
                result.source = Some(ShownReport::of(&outcome.source));
                result.generated = Some(ShownReport::of(&outcome.counterfactual));
                result.diagnostic_jaccard = Some(outcome.diagnostic_consistency());
            } else {
                let message = format!("`{model}` has no usable pair");
                findings.push(Finding::new(Code::NO_USABLE_PAIR, message));
            }
        }
        Ok(Box::new(result))
    }
}

impl CheckResult for ParseSampleResult {
    fn summary(&self) -> String {
        match (&self.pair_id, self.diagnostic_jaccard) {
            (Some(pair), Some(jaccard)) => {
                format!("{} {pair}: Jaccard {jaccard:.3}", self.model)
            }
            _ => format!("{}: no usable pair", self.model),
        }
    }

    fn details(&self) -> Vec<Detail> {
        let names = |names: &[&str]| {
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let sides = [("source", &self.source), ("generated", &self.generated)];
        let shown = sides.into_iter().filter_map(|(side, report)| Some((side, report.as_ref()?)));
        let lines = shown.flat_map(|(side, report)| {
            [
                format!("{side:<10} labels           {}", names(&report.diagnostic_labels)),
                format!("{side:<10} recommendations  {}", names(&report.recommendations)),
            ]
        });
        lines.map(Detail::Line).collect()
    }
}
