//! Agreement of a report's labels with the ground truth.
//!
//! Input: two label sets. Output: a share in `[0, 1]` (rule P-09; exploratory, frozen).

use crate::category::DiagnosticLabel;
use crate::set::LabelSet;

/// The share of the predicted labels that the ground truth lacks; `No finding` is no prediction, and without predictions
/// the share is 0 (rule P-09).
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::diagnostic_labels;

    #[track_caller]
    fn check(predicted: &str, truth: &str, expected: f64) {
        let found =
            unmatched_prediction_fraction(diagnostic_labels(predicted), diagnostic_labels(truth));
        assert!((found - expected).abs() < 1e-15, "{predicted:?} / {truth:?}: {found}");
    }

    #[test]
    fn the_share_is_of_the_predicted_labels() {
        check("Osteophytes and a fracture.", "Osteophytes.", 0.5);
        check("Osteophytes and a fracture.", "Osteophytes and a fracture.", 0.0);
        check("Osteophytes and a fracture.", "A straight spine.", 1.0);
        check("Osteophytes, a fracture, schmorl node.", "A fracture.", 2.0 / 3.0);
    }

    #[test]
    fn no_finding_is_no_prediction() {
        check("A straight spine.", "A fracture.", 0.0);
        check("Normal study.", "A fracture.", 0.0);
    }
}
