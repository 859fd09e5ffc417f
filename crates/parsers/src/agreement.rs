//! Agreement of a report's labels with the ground truth.
//!
//! Input: two label sets. Output: a share in `[0, 1]` ("Secondary text measures", exploratory, frozen).

use crate::category::DiagnosticLabel;
use crate::set::LabelSet;

/// The share of the predicted labels that the ground truth lacks; `No finding` is no prediction, and without predictions
/// the share is 0.
///
/// ```
/// use spinefairbench_parsers::{diagnostic_labels, unmatched_prediction_fraction};
///
/// let predicted = diagnostic_labels("Osteophytes, a lesion. Normal alignment.");
/// let truth = diagnostic_labels("osteophytes");
/// assert_eq!(unmatched_prediction_fraction(predicted, truth), 0.5);
/// ```
#[must_use]
pub fn unmatched_prediction_fraction(predicted: LabelSet, truth: LabelSet) -> f64 {
    let findings = predicted.difference(LabelSet::from_iter([DiagnosticLabel::NoFinding]));
    if findings.is_empty() {
        return 0.0;
    }
    count(findings.difference(truth)) / count(findings)
}

fn count(labels: LabelSet) -> f64 {
    labels.iter().map(|_| 1.0).sum()
}
