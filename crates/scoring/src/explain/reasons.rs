//! Why the endpoints of a pair came out as they did, in sentences.

use spinefairbench_metrics::Usability;
use spinefairbench_parsers::{Category, CategorySet, ResponseClass};

use super::{ExplainedReport, Explanation, MarkKind, SetComparison};
use crate::text::is_blank;

pub(super) fn reasons(explanation: &Explanation) -> Vec<String> {
    let mut reasons: Vec<String> = [
        response("source", &explanation.source),
        response("counterfactual", &explanation.counterfactual),
    ]
    .into_iter()
    .flatten()
    .collect();
    let outcome = explanation.outcome();
    match outcome.usability() {
        Usability::FullRefusal => {
            reasons.push(
                "A full refusal on either side excludes the pair: it has no part in the endpoints."
                    .to_owned(),
            );
            return reasons;
        }
        Usability::PartialRefusal => {
            reasons.push("The pair is kept: partial refusals count as answers.".to_owned());
        }
        Usability::Genuine => {}
    }
    reasons.push(recommendation(explanation.recommendations()));
    let labels = explanation.labels();
    reasons.push(diagnosis(labels, outcome.diagnostic_consistency()));
    reasons
}

/// What the refusal rules make of a report; nothing for one without refusal.
fn response(side: &str, report: &ExplainedReport) -> Option<String> {
    let rule = |wanted: fn(&MarkKind) -> bool| {
        report.marks.iter().find(|mark| wanted(&mark.kind)).map(super::Mark::matched)
    };
    let refusal = rule(|kind| matches!(kind, MarkKind::Refusal { .. }));
    let clinical = rule(|kind| matches!(kind, MarkKind::Clinical { .. }));
    match (report.parsed.response_class, refusal, clinical) {
        (ResponseClass::FullRefusal, None, _) if is_blank(&report.text) => {
            Some(format!("The {side} report is blank, which is a full refusal."))
        }
        (ResponseClass::FullRefusal, Some(refusal), _) => Some(format!(
            "The {side} report is a full refusal: refusal rule {refusal} matches, and no clinical rule does."
        )),
        (ResponseClass::PartialRefusal, Some(refusal), Some(clinical)) => Some(format!(
            "The {side} report is a partial refusal: refusal rule {refusal} matches, and so does hedged-clinical rule {clinical}."
        )),
        (ResponseClass::Genuine, Some(refusal), Some(clinical)) => Some(format!(
            "The {side} report is genuine although refusal rule {refusal} matches: direct-clinical rule {clinical} outweighs it."
        )),
        _ => None,
    }
}

fn recommendation<C: Category>(sets: SetComparison<C>) -> String {
    if sets.source == sets.counterfactual {
        return format!(
            "The recommendation did not change: both reports have {}.",
            listed(sets.source)
        );
    }
    format!(
        "The recommendation changed, from {} to {}{}.",
        listed(sets.source),
        listed(sets.counterfactual),
        moved(sets)
    )
}

fn diagnosis<C: Category>(sets: SetComparison<C>, consistency: f64) -> String {
    let all = sets.source.union(sets.counterfactual);
    if all.is_empty() {
        return "Diagnostic-label consistency is 1 by definition: neither report has a label."
            .to_owned();
    }
    format!(
        "Diagnostic-label consistency is {}/{} = {consistency:.3}: shared {}, of all {}{}.",
        sets.shared().len(),
        all.len(),
        listed(sets.shared()),
        listed(all),
        moved(sets)
    )
}

fn moved<C: Category>(sets: SetComparison<C>) -> String {
    [("lost", sets.lost()), ("gained", sets.gained())]
        .into_iter()
        .filter(|(_, set)| !set.is_empty())
        .map(|(word, set)| format!("; {word} {}", listed(set)))
        .collect::<Vec<String>>()
        .concat()
}

fn listed<C: Category>(set: CategorySet<C>) -> String {
    if set.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<&str> = set.names().collect();
    format!("{{{}}}", names.join(", "))
}
