//! `hallucination`: the nine saved exploratory means, recomputed by two ways of pairing.
//!
//! Input: the retained pairs of each model, the finding labels of the sources, the core list and the frozen summary. Output: per model
//! the mean difference between the two reports of the share of stated findings that the source does not have (rule P-09). The
//! quantity is lexical: neither a false-positive rate nor a judgement of a reader. *Pairs*: both reports of a pair survive, which is
//! what was saved. *Recorded base*: every surviving report on an edit against the last surviving report on its source, which is what
//! the recorded program did; it is shown and compared with nothing. Sums are exact and rounded once.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_artifacts::records::core_subset;
use spinefairbench_artifacts::records::finding_labels;
use spinefairbench_artifacts::records::saved_disparity::{self, SavedDisparity};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_parsers::{
    DiagnosticLabel, LabelSet, ParsedReport, ResponseClass, unmatched_prediction_fraction,
};

use crate::bundle::{Bundle, Needs, RetainedPair};
use crate::by_name::ByName;
use crate::check::{Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing};
use crate::finding::{Finding, Findings, codes};
use crate::models::ModelSelection;
use crate::published::agree;
use crate::table::{Cell, Column, Detail, Table};

codes! {
    /// A source whose reports are used has no finding labels.
    FINDING_LABELS_MISSING = "finding_labels_missing";
    /// The saved number of pairs is not the one that the reports give.
    DISPARITY_PAIRS_MISMATCH = "disparity_pairs_mismatch";
    /// The saved mean is not the one that the reports give.
    DISPARITY_MEAN_MISMATCH = "disparity_mean_mismatch";
    /// The sources of a model are not those of the common core.
    SOURCES_OUTSIDE_CORE = "sources_outside_core";
}

/// How the command line knows the check; it is no part of the suite.
pub const LISTING: Listing = Listing {
    name: CheckName::new("hallucination"),
    alias: None,
    about: "The saved exploratory hallucination means, by both ways of pairing",
    examples: &["hallucination --artifacts demo --release demo.release.json"],
    arguments: &[],
    from_call: Some(|_| Ok(Box::new(Hallucination))),
    in_suite: InSuite::Never,
    codes: &[CODES],
};

/// The findings by their places in the lists of labels. The fourth is spelled `Spondylolysthesis` there.
const LABELS: [DiagnosticLabel; 13] = [
    DiagnosticLabel::Osteophytes,
    DiagnosticLabel::ForaminalStenosis,
    DiagnosticLabel::DiscSpaceNarrowing,
    DiagnosticLabel::Spondylolisthesis,
    DiagnosticLabel::SurgicalImplant,
    DiagnosticLabel::VertebralCollapse,
    DiagnosticLabel::OtherLesions,
    DiagnosticLabel::NoFinding,
    DiagnosticLabel::PosteriorOsteophyte,
    DiagnosticLabel::EndplateSclerosis,
    DiagnosticLabel::SchmorlsNode,
    DiagnosticLabel::DiscCalcification,
    DiagnosticLabel::Fracture,
];

/// The check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hallucination;

/// The means of all models.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HallucinationResult {
    /// In the table's order; none for a model whose rows or labels are not valid.
    pub models: ByName<Option<Disparity>>,
    /// Models whose saved mean and number of pairs follow.
    pub verified_models: usize,
}

/// The means of one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Disparity {
    /// Pairs whose two reports survive.
    pub n_pairs: usize,
    /// Those pairs by dataset.
    pub source_dataset_pair_counts: BTreeMap<String, usize>,
    /// Their mean difference.
    pub computed_mean_abs_difference: Option<f64>,
    /// The saved number of pairs.
    pub saved_n_pairs: Option<u64>,
    /// The saved mean.
    pub saved_mean_disparity: Option<f64>,
    /// Sources that the model was asked about.
    pub input_source_count: usize,
    /// Those outside the common core.
    pub input_sources_outside_core_count: usize,
    /// As the recorded program paired them.
    pub recorded_base_pairing: BasePairing,
}

/// The mean by the recorded pairing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BasePairing {
    /// Reports on edits with a report on their source.
    pub n_pairs: usize,
    /// By dataset.
    pub source_dataset_pair_counts: BTreeMap<String, usize>,
    /// Their mean difference.
    pub mean_abs_difference: Option<f64>,
}

impl Check for Hallucination {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn needs(&self, release: &ReleaseDescription) -> Needs {
        let mut needs = Needs::default();
        needs
            .retained(ModelSelection::All.of(release))
            .document(&saved_disparity::document())
            .document(&core_subset::document());
        for labels in Panel::RETAINED.into_iter().filter_map(finding_labels::document) {
            needs.document(&labels);
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
        let mut result = HallucinationResult::default();
        let truths: Vec<(Panel, Option<Truth>)> =
            Panel::RETAINED.map(|panel| (panel, truth(panel, bundle, findings))).into();
        let saved = bundle.open(&saved_disparity::document(), findings);
        let core = bundle.open(&core_subset::document(), findings);
        let core: Option<BTreeSet<&str>> =
            core.map(|core| core.iter().map(String::as_str).collect());
        for model in ModelSelection::All.of(release) {
            let pairs = bundle.retained_pairs(model, findings);
            let panel = bundle.retained(model).and_then(|model| model.panel.value().copied());
            let truth = truths.iter().find(|(of, _)| Some(*of) == panel);
            let truth = truth.and_then(|(_, truth)| truth.as_ref());
            let computed = pairs
                .zip(truth)
                .and_then(|(pairs, truth)| disparity(model, pairs, truth, findings));
            let disparity = computed.map(|mut disparity| {
                judge_sources(
                    model,
                    pairs.unwrap_or_default(),
                    core.as_ref(),
                    &mut disparity,
                    findings,
                );
                let saved = saved.and_then(|saved| saved.get(model));
                let saved = saved.and_then(|saved| saved.open(findings)).copied();
                result.verified_models +=
                    usize::from(judge_saved(model, saved, &mut disparity, findings));
                disparity
            });
            result.models.push(model, disparity);
        }
        judgement.notes.push(
            "the quantity is lexical: neither a conventional false-positive rate nor a clinically adjudicated hallucination rate",
        );
        Ok(Box::new(result))
    }
}

/// The findings of each source.
type Truth = BTreeMap<String, LabelSet>;

fn truth(panel: Panel, bundle: &Bundle, findings: &mut Findings) -> Option<Truth> {
    let labels = bundle.open(&finding_labels::document(panel)?, findings)?;
    let set = |indices: &Vec<u64>| {
        let known = indices.iter().filter_map(|index| LABELS.get(usize::try_from(*index).ok()?));
        known.copied().filter(|label| *label != DiagnosticLabel::NoFinding).collect()
    };
    Some(labels.0.iter().map(|(source, indices)| (source.clone(), set(indices))).collect())
}

fn survives(report: &ParsedReport) -> bool {
    report.response_class != ResponseClass::FullRefusal
}

fn disparity(
    model: &str,
    pairs: &[RetainedPair],
    truth: &Truth,
    findings: &mut Findings,
) -> Option<Disparity> {
    let mut last_source: BTreeMap<&str, &RetainedPair> = BTreeMap::new();
    for pair in pairs.iter().filter(|pair| survives(&pair.sourced.outcome.source)) {
        let last = last_source.entry(&pair.sourced.source_id).or_insert(pair);
        if last.source_row < pair.source_row {
            *last = pair;
        }
    }
    let (mut own, mut base) = (Differences::default(), Differences::default());
    let mut unlabelled = BTreeSet::new();
    for pair in pairs.iter().filter(|pair| survives(&pair.sourced.outcome.counterfactual)) {
        let source = pair.sourced.source_id.as_str();
        let outcome = &pair.sourced.outcome;
        let labels = truth.get(source);
        let difference = |report: &ParsedReport, truth: LabelSet| {
            let of = |report: &ParsedReport| unmatched_prediction_fraction(report.labels, truth);
            (of(report) - of(&outcome.counterfactual)).abs()
        };
        if survives(&outcome.source) {
            match labels {
                Some(truth) => own.add(source, difference(&outcome.source, *truth)),
                None => drop(unlabelled.insert(source)),
            }
        }
        if let (Some(last), Some(truth)) = (last_source.get(source), labels) {
            base.add(source, difference(&last.sourced.outcome.source, *truth));
        }
    }
    for source in &unlabelled {
        let message = format!("`{model}`: source `{source}` has no finding labels");
        findings.push(Finding::new(FINDING_LABELS_MISSING, message));
    }
    unlabelled.is_empty().then(|| Disparity {
        n_pairs: own.values.len(),
        computed_mean_abs_difference: own.mean(),
        source_dataset_pair_counts: own.by_dataset,
        recorded_base_pairing: BasePairing {
            n_pairs: base.values.len(),
            mean_abs_difference: base.mean(),
            source_dataset_pair_counts: base.by_dataset,
        },
        ..Disparity::default()
    })
}

/// Differences of pairs.
#[derive(Default)]
struct Differences {
    values: Vec<f64>,
    by_dataset: BTreeMap<String, usize>,
}

impl Differences {
    fn add(&mut self, source: &str, difference: f64) {
        self.values.push(difference);
        let dataset = source.split('_').next().unwrap_or(source);
        *self.by_dataset.entry(dataset.to_owned()).or_default() += 1;
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of pairs are far below 2^53")]
    fn mean(&self) -> Option<f64> {
        (!self.values.is_empty()).then(|| exact_sum(&self.values) / self.values.len() as f64)
    }
}

/// The sum, rounded once, as Python's `math.fsum` gives it; for values that do not overflow.
fn exact_sum(values: &[f64]) -> f64 {
    // Partial sums that do not overlap, by growing size.
    let mut partials: Vec<f64> = Vec::new();
    for value in values {
        let mut carried = *value;
        let mut kept = Vec::with_capacity(partials.len() + 1);
        for partial in partials {
            let (large, small) =
                if carried.abs() < partial.abs() { (partial, carried) } else { (carried, partial) };
            let sum = large + small;
            let rest = small - (sum - large);
            if rest != 0.0 {
                kept.push(rest);
            }
            carried = sum;
        }
        kept.push(carried);
        partials = kept;
    }
    let mut rest = partials.into_iter().rev();
    let Some(mut high) = rest.next() else { return 0.0 };
    while let Some(partial) = rest.next() {
        let sum = high + partial;
        let low = partial - (sum - high);
        high = sum;
        if low != 0.0 {
            // Half of a last place is rounded to even unless more follows on its side.
            if let Some(next) = rest.next()
                && (low < 0.0) == (next < 0.0)
            {
                let (doubled, moved) = (low * 2.0, high + low * 2.0);
                if (moved - high).to_bits() == doubled.to_bits() {
                    high = moved;
                }
            }
            break;
        }
    }
    high
}

fn judge_sources(
    model: &str,
    pairs: &[RetainedPair],
    core: Option<&BTreeSet<&str>>,
    disparity: &mut Disparity,
    findings: &mut Findings,
) {
    let sources: BTreeSet<&str> =
        pairs.iter().map(|pair| pair.sourced.source_id.as_str()).collect();
    let Some(core) = core else { return };
    let outside = sources.difference(core).count();
    (disparity.input_source_count, disparity.input_sources_outside_core_count) =
        (sources.len(), outside);
    if outside > 0 || sources.len() != core.len() {
        let message = format!(
            "`{model}` was asked about {} sources, {outside} of them outside the common core",
            sources.len()
        );
        let finding = Finding::new(SOURCES_OUTSIDE_CORE, message).in_file(layout::CORE_SUBSET);
        findings.push(finding.comparing(core.len(), sources.len()));
    }
}

/// Whether the saved numbers follow.
fn judge_saved(
    model: &str,
    saved: Option<SavedDisparity>,
    disparity: &mut Disparity,
    findings: &mut Findings,
) -> bool {
    let Some(saved) = saved else { return false };
    disparity.saved_n_pairs = Some(saved.n_pairs);
    disparity.saved_mean_disparity = Some(saved.mean_disparity);
    let mut holds = true;
    let mut differs = |code, what: &str, expected: String, found: String| {
        let finding = Finding::new(code, format!("`{model}`: {what}"));
        findings.push(finding.in_file(layout::CORE_SUMMARY).comparing(expected, found));
        holds = false;
    };
    if saved.n_pairs != disparity.n_pairs as u64 {
        let what = "the saved number of pairs is another";
        let (computed, saved) = (disparity.n_pairs.to_string(), saved.n_pairs.to_string());
        differs(DISPARITY_PAIRS_MISMATCH, what, computed, saved);
    }
    if let Some(computed) = disparity.computed_mean_abs_difference
        && !agree(computed, saved.mean_disparity)
    {
        let what = "the saved mean is another";
        let (computed, saved) = (computed.to_string(), saved.mean_disparity.to_string());
        differs(DISPARITY_MEAN_MISMATCH, what, computed, saved);
    }
    holds
}

impl CheckResult for HallucinationResult {
    fn summary(&self) -> String {
        format!("{}/{} saved means follow", self.verified_models, self.models.len())
    }

    fn details(&self) -> Vec<Detail> {
        let row = |(model, disparity): (&str, &Option<Disparity>)| {
            let of = |of: fn(&Disparity) -> Option<f64>| {
                Cell::number(disparity.as_ref().and_then(of), 6)
            };
            vec![
                Cell::text(model),
                Cell::count(disparity.as_ref().map(|disparity| disparity.n_pairs)),
                of(|disparity| disparity.computed_mean_abs_difference),
                of(|disparity| disparity.saved_mean_disparity),
                Cell::count(
                    disparity.as_ref().map(|disparity| disparity.recorded_base_pairing.n_pairs),
                ),
                of(|disparity| disparity.recorded_base_pairing.mean_abs_difference),
            ]
        };
        vec![Detail::Table(Table {
            title: "Mean difference of unmatched findings, by model",
            columns: vec![
                Column::new("model", "Model"),
                Column::new("pairs", "Pairs"),
                Column::new("computed", "Computed"),
                Column::new("saved", "Saved"),
                Column::new("base pairs", "Pairs of the recorded base"),
                Column::new("base", "Mean of the recorded base"),
            ],
            rows: self.models.iter().map(row).collect(),
            caption: String::new(),
        })]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are Python's.
    #[test]
    fn sums_are_exact_and_rounded_once() {
        let check = |values: &[f64], expected: f64| {
            assert_eq!(exact_sum(values).to_bits(), expected.to_bits(), "{values:?}");
        };
        check(&[0.1; 10], 1.0);
        check(&[1e16, 1.0, 1e-16], 10_000_000_000_000_002.0);
        check(&[1.0, 1e-16, 1e-16], 1.000_000_000_000_000_2);
        check(&[1e16, 1.0, -1e16], 1.0);
        check(&[], 0.0);
    }
}
