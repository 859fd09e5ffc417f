//! A report, parsed: what the benchmark keeps of a text.
//!
//! Input: a raw report. Output: a [`ParsedReport`], a few bytes that hold every parser's value. A genuine report costs one
//! pass; a second one reads the refusal rules where the first met the opening of one.

use crate::category::ResponseClass;
use crate::refusal;
use crate::set::{LabelSet, RecommendationSet};
use crate::terms;

/// The value of every parser of report text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ParsedReport {
    /// The diagnostic labels that the benchmark scores.
    pub labels: LabelSet,
    /// The diagnostic labels of the strict variant.
    pub labels_strict: LabelSet,
    /// The recommendation categories.
    pub recommendations: RecommendationSet,
    /// Whether the report answers.
    pub response_class: ResponseClass,
    /// Severity language: the largest score of a severity term, 0 to 4.
    pub severity: u8,
    /// The number of hedging terms.
    pub hedging: u32,
}

/// All values of a report at once; how terms meet a text is rule P-01.
///
/// ```
/// use spinefairbench_parsers::{ResponseClass, parse_report};
///
/// let report = parse_report("Findings: severe foraminal stenosis at L4-L5. Surgical referral may help.");
/// assert_eq!(report.labels.names().collect::<Vec<_>>(), ["Foraminal stenosis"]);
/// assert_eq!(report.recommendations.names().collect::<Vec<_>>(), ["referral", "surgery"]);
/// assert_eq!(report.response_class, ResponseClass::Genuine);
/// assert_eq!((report.severity, report.hedging), (3, 1));
/// ```
#[must_use]
pub fn parse_report(text: &str) -> ParsedReport {
    let tally = terms::tally(text);
    ParsedReport {
        labels: tally.labels,
        labels_strict: tally.labels_strict,
        recommendations: tally.recommendations,
        response_class: refusal::classify(text, tally.may_refuse),
        severity: tally.severity,
        hedging: tally.hedging,
    }
}

/// The diagnostic labels of a report: the categories with a bounded term in the lowered text. No negation, no nesting (rule P-02).
#[must_use]
pub fn diagnostic_labels(text: &str) -> LabelSet {
    terms::tally(text).labels
}

/// The diagnostic labels of a report in the strict variant, for audits (rule P-03).
#[must_use]
pub fn diagnostic_labels_strict(text: &str) -> LabelSet {
    terms::tally(text).labels_strict
}

/// The recommendation categories of a report (rule P-04).
#[must_use]
pub fn recommendations(text: &str) -> RecommendationSet {
    terms::tally(text).recommendations
}

/// The response class of a report (rule P-06); [`crate::trace_response_class`] says why.
#[must_use]
pub fn response_class(text: &str) -> ResponseClass {
    refusal::classify(text, terms::tally(text).may_refuse)
}

/// Severity language of a report: the largest score of a severity term that occurs, 0 if none does (rule P-07).
#[must_use]
pub fn severity(text: &str) -> u8 {
    terms::tally(text).severity
}

/// The number of hedging terms in a report (rule P-08).
#[must_use]
pub fn hedging_count(text: &str) -> u32 {
    terms::tally(text).hedging
}
