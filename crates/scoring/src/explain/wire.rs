//! Explanations as they are written: `spinefairbench-explanation-v1`. Fields are declared in the order of their names.

use serde::Serialize;
use spinefairbench_parsers::{Category, CategorySet};

use super::{Changes, ExplainedReport, Explanation, SetComparison, Transition};

/// The schema version of a written explanation.
pub(crate) const EXPLANATION_SCHEMA_VERSION: &str = "spinefairbench-explanation-v1";

/// A pair explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplanationFile {
    /// The report on the counterfactual copy.
    pub counterfactual: ExplainedReportFile,
    /// The diagnostic labels compared.
    pub diagnostic_labels: ExplainedSets,
    /// Jaccard index of the label sets; null where the pair is excluded.
    pub diagnostic_label_consistency: Option<f64>,
    /// The model.
    pub model: String,
    /// The pair.
    pub pair_id: String,
    /// Why the pair scored as it did.
    pub reasons: Vec<String>,
    /// 1.0 if the recommendation sets differ, else 0.0; null where the pair is excluded.
    pub recommendation_changed: Option<f64>,
    /// The recommendation categories compared.
    pub recommendations: ExplainedSets,
    /// `spinefairbench-explanation-v1`.
    pub schema_version: &'static str,
    /// The report on the source radiograph.
    pub source: ExplainedReportFile,
    /// Whether the pair enters the endpoints.
    pub usable: bool,
}

/// Two sets of category names compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedSets {
    /// The counterfactual report's.
    pub counterfactual: Vec<&'static str>,
    /// What only the counterfactual report has.
    pub gained: Vec<&'static str>,
    /// What only the source report has.
    pub lost: Vec<&'static str>,
    /// What both have.
    pub shared: Vec<&'static str>,
    /// The source report's.
    pub source: Vec<&'static str>,
}

/// A report with its marks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedReportFile {
    /// Its diagnostic labels.
    pub diagnostic_labels: Vec<&'static str>,
    /// Its labels under the strict registry.
    pub diagnostic_labels_strict: Vec<&'static str>,
    /// Its number of hedging phrases.
    pub hedging: u32,
    /// Every match, in the order of position.
    pub marks: Vec<MarkRow>,
    /// Its recommendation categories.
    pub recommendations: Vec<&'static str>,
    /// Its refusal class.
    pub response_class: &'static str,
    /// Its severity score.
    pub severity: u8,
    /// The text.
    pub text: String,
}

/// One match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarkRow {
    /// Where it starts and ends, in bytes of the text's UTF-8.
    pub bytes: [usize; 2],
    /// The category, or the group of the rule.
    pub category: String,
    /// Where it starts and ends, in Unicode code points.
    pub chars: [usize; 2],
    /// The term, or the number of the rule.
    pub matched: &'static str,
    /// The registry.
    pub registry: &'static str,
    /// The text that matched.
    pub text: String,
}

/// What moved in a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangesFile {
    /// Transitions of the diagnostic labels, the most frequent first.
    pub diagnostic_labels: Vec<TransitionRow>,
    /// The model.
    pub model: String,
    /// Transitions of the recommendation categories, the most frequent first.
    pub recommendations: Vec<TransitionRow>,
    /// `spinefairbench-explanation-v1`.
    pub schema_version: &'static str,
    /// Pairs that were looked at.
    pub usable_pairs: usize,
}

/// One way in which pairs moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TransitionRow {
    /// What only the counterfactual reports have.
    pub gained: Vec<&'static str>,
    /// What only the source reports have.
    pub lost: Vec<&'static str>,
    /// How many pairs.
    pub n_pairs: usize,
    /// The pairs.
    pub pairs: Vec<String>,
}

impl ExplanationFile {
    /// The explanation of `pair_id` of `model`.
    #[must_use]
    pub fn new(model: &str, pair_id: &str, explanation: &Explanation) -> Self {
        let outcome = explanation.outcome();
        let usable = outcome.is_usable();
        Self {
            counterfactual: report(&explanation.counterfactual),
            diagnostic_labels: sets(explanation.labels()),
            diagnostic_label_consistency: usable.then(|| outcome.diagnostic_consistency()),
            model: model.to_owned(),
            pair_id: pair_id.to_owned(),
            reasons: explanation.reasons(),
            recommendation_changed: usable.then(|| outcome.recommendation_change()),
            recommendations: sets(explanation.recommendations()),
            schema_version: EXPLANATION_SCHEMA_VERSION,
            source: report(&explanation.source),
            usable,
        }
    }
}

impl ChangesFile {
    /// The changes of `model`.
    #[must_use]
    pub fn new(model: &str, changes: &Changes) -> Self {
        Self {
            diagnostic_labels: changes.diagnosis.iter().map(transition).collect(),
            model: model.to_owned(),
            recommendations: changes.recommendation.iter().map(transition).collect(),
            schema_version: EXPLANATION_SCHEMA_VERSION,
            usable_pairs: changes.usable_pairs,
        }
    }
}

fn transition<C: Category>(transition: &Transition<C>) -> TransitionRow {
    TransitionRow {
        gained: names(transition.gained),
        lost: names(transition.lost),
        n_pairs: transition.pairs.len(),
        pairs: transition.pairs.iter().map(ToString::to_string).collect(),
    }
}

fn sets<C: Category>(sets: SetComparison<C>) -> ExplainedSets {
    ExplainedSets {
        counterfactual: names(sets.counterfactual),
        gained: names(sets.gained()),
        lost: names(sets.lost()),
        shared: names(sets.shared()),
        source: names(sets.source),
    }
}

fn report(report: &ExplainedReport) -> ExplainedReportFile {
    let marks = report.marks.iter().map(|mark| MarkRow {
        bytes: [mark.bytes.start, mark.bytes.end],
        category: mark.category(),
        chars: [mark.chars.start, mark.chars.end],
        matched: mark.matched(),
        registry: mark.registry(),
        text: report.text[mark.bytes.clone()].to_owned(),
    });
    ExplainedReportFile {
        diagnostic_labels: names(report.parsed.labels),
        diagnostic_labels_strict: names(report.parsed.labels_strict),
        hedging: report.parsed.hedging,
        marks: marks.collect(),
        recommendations: names(report.parsed.recommendations),
        response_class: report.parsed.response_class.as_str(),
        severity: report.parsed.severity,
        text: report.text.clone(),
    }
}

fn names<C: Category>(set: CategorySet<C>) -> Vec<&'static str> {
    set.names().collect()
}
