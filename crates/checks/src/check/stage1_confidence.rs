//! `stage1-confidence`: how many of a model's sampled Stage-1 outputs parse, and what that decides.
//!
//! Counts, rate and decision of the frozen file are held against the samples, model by model.

use serde::Serialize;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::records::parsing_confidence::{self, FrozenConfidence};
use spinefairbench_artifacts::release::ReleaseDescription;

use crate::bundle::{Bundle, Needs, stage1};
use crate::by_name::ByName;
use crate::check::{Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing};
use crate::finding::{Finding, Findings, codes};
use crate::mitigation::gate::{Confidence, Decision};
use crate::published::agree;
use crate::table::{Cell, Column, Detail, Table};

codes! {
    /// The sample's size differs from the frozen one.
    SAMPLE_SIZE_MISMATCH = "sample_size_mismatch";
    /// The number of parsing files differs from the frozen one.
    PASS_COUNT_MISMATCH = "pass_count_mismatch";
    /// The share of parsing files differs from the frozen one.
    PASS_RATE_MISMATCH = "pass_rate_mismatch";
    /// The decision differs from the frozen one.
    DECISION_MISMATCH = "decision_mismatch";
}

/// How the suite and the command line know the check.
pub const LISTING: Listing = Listing {
    name: CheckName::new("stage1-confidence"),
    alias: None,
    about: "Share of Stage-1 files that parse, per model of the mitigation analysis",
    examples: &["stage1-confidence --artifacts demo --release demo.release.json"],
    arguments: &[],
    from_call: Some(|_| Ok(Box::new(Stage1Confidence))),
    in_suite: InSuite::Always(|| Box::new(Stage1Confidence)),
    codes: &[stage1::CODES, CODES],
};

/// The check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stage1Confidence;

/// The recounts of all models.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stage1ConfidenceResult {
    /// By name; `None` for a model whose sample could not be counted.
    pub models: ByName<Option<Confidence>>,
}

impl Check for Stage1Confidence {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn needs(&self, _: &ReleaseDescription) -> Needs {
        let mut needs = Needs::default();
        stage1::ask_for_samples(&mut needs);
        needs
    }

    fn judge(
        &self,
        bundle: &Bundle,
        _: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        let findings = &mut judgement.findings;
        let mut result = Stage1ConfidenceResult::default();
        let samples = stage1::samples(bundle);
        let samples = samples.open(findings);
        if let Some(frozen) = bundle.open(&parsing_confidence::document(), findings) {
            for (model, frozen) in frozen {
                let sample = samples.and_then(|samples| samples.get(model)?.open(findings));
                let counted = sample.and_then(|sample| Confidence::of(*sample));
                if let (Some(frozen), Some(counted)) = (frozen.open(findings), &counted) {
                    compare(model, frozen, counted, findings);
                }
                result.models.push(model, counted);
            }
        }
        Ok(Box::new(result))
    }
}

fn compare(model: &str, frozen: &FrozenConfidence, counted: &Confidence, findings: &mut Findings) {
    let at = |code, what: &str| {
        Finding::new(code, format!("`{model}`: {what} differs from the frozen one"))
            .in_file(layout::PARSING_CONFIDENCE)
    };
    if let Some(size) = frozen.sample_size.filter(|size| *size != counted.sample as u64) {
        findings.push(at(SAMPLE_SIZE_MISMATCH, "the sample size").comparing(size, counted.sample));
    }
    if let Some(count) = frozen.pass_count.filter(|count| *count != counted.pass as u64) {
        findings.push(
            at(PASS_COUNT_MISMATCH, "the number of parsing files").comparing(count, counted.pass),
        );
    }
    if let Some(rate) = frozen.pass_rate.filter(|rate| !agree(*rate, counted.rate)) {
        findings.push(
            at(PASS_RATE_MISMATCH, "the share of parsing files").comparing(rate, counted.rate),
        );
    }
    if let Some(decision) =
        frozen.decision.as_deref().filter(|decision| *decision != counted.decision.as_str())
    {
        findings.push(
            at(DECISION_MISMATCH, "the decision").comparing(decision, counted.decision.as_str()),
        );
    }
}

impl CheckResult for Stage1ConfidenceResult {
    fn summary(&self) -> String {
        let is_included = |confidence: &Confidence| confidence.decision == Decision::Included;
        let models = self.models.iter();
        let included = models.filter(|(_, counted)| counted.as_ref().is_some_and(is_included));
        format!("{} models, {} included", self.models.len(), included.count())
    }

    fn details(&self) -> Vec<Detail> {
        let row = |(model, counted): (&str, &Option<Confidence>)| {
            let decision = counted.map(|counted| counted.decision.as_str());
            vec![
                Cell::text(model),
                Cell::count(counted.map(|counted| counted.pass)),
                Cell::count(counted.map(|counted| counted.sample)),
                Cell::number(counted.map(|counted| counted.rate), 3),
                decision.map_or(Cell::Unknown, Cell::text),
            ]
        };
        vec![Detail::Table(Table {
            title: "Stage-1 outputs that parse, by model",
            columns: vec![
                Column::new("model", "Model"),
                Column::new("pass", "Parse"),
                Column::new("sample", "Sample"),
                Column::new("rate", "Share"),
                Column::new("decision", "Decision"),
            ],
            rows: self.models.iter().map(row).collect(),
            caption: String::new(),
        })]
    }
}
