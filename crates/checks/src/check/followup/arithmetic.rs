//! What the authors' own command looks at: the sources add up, and the parts of every noise floor fit together.

use spinefairbench_artifacts::records::followup_supplement::{
    ModelCalls, RepeatedCalls, StoredExcess,
};

use super::{EXCESS_ARITHMETIC_MISMATCH, Place, SOURCE_ACCOUNTING_MISMATCH};
use crate::finding::Findings;
use crate::published::agree;

pub(super) fn judge(place: Place<'_>, calls: &RepeatedCalls, findings: &mut Findings) {
    for (model, stored) in &calls.models {
        judge_sources(place, model, stored, calls.common_core_sources, findings);
        for (endpoint, excess) in
            [("recommendation", &stored.recommendation), ("diagnostic", &stored.diagnostic)]
        {
            let mut problem = |what: &str, expected: String, found: String| {
                let message = format!("`{model}`, `{endpoint}`: {what}");
                let finding = place.finding(EXCESS_ARITHMETIC_MISMATCH, message);
                findings.push(finding.comparing(expected, found));
            };
            judge_excess(excess, &mut problem);
        }
    }
}

/// Counts compare as numbers; one that could not be read has its problem already.
fn judge_sources(
    place: Place<'_>,
    model: &str,
    stored: &ModelCalls,
    core: Option<f64>,
    findings: &mut Findings,
) {
    let (Some(used), Some(no_edit), Some(one_call), Some(core)) = (
        stored.n_sources,
        stored.dropped_no_usable_edited_comparison,
        stored.dropped_fewer_than_two_usable_source_reports,
        core,
    ) else {
        return;
    };
    let sum = used + no_edit + one_call;
    #[expect(clippy::float_cmp, reason = "whole numbers add up exactly")]
    let adds_up = sum == core;
    if !adds_up {
        let message = format!(
            "`{model}`: {used} sources and {no_edit} and {one_call} that are left out are not the common core"
        );
        let finding = place.finding(SOURCE_ACCOUNTING_MISMATCH, message);
        findings.push(finding.comparing(core, sum));
    }
}

fn judge_excess(stored: &StoredExcess, problem: &mut impl FnMut(&str, String, String)) {
    if let Some(edited) = stored.edited.filter(|edited| !(0.0..=1.0).contains(edited)) {
        problem("`T` is no share", "a number in [0, 1]".into(), edited.to_string());
    }
    if let Some(floor) = stored.floor.filter(|floor| !(0.0..1.0).contains(floor)) {
        problem("`F` is no floor", "a number in [0, 1)".into(), floor.to_string());
    }
    if let Some([lower, upper, ..]) = stored.ci95.as_deref()
        && lower > upper
    {
        let found = format!("[{lower}, {upper}]");
        problem("the ends of `ci95` are reversed", "a lower and an upper end".into(), found);
    }
    let (Some(excess), Some(floor)) = (stored.excess, stored.floor) else { return };
    if let Some(edited) = stored.edited
        && !agree(excess, edited - floor)
    {
        let expected = (edited - floor).to_string();
        problem("`excess` is not `T` less `F`", expected, excess.to_string());
    }
    // With the stored excess, as the authors' program has it.
    let normalized = excess / (1.0 - floor);
    if let Some(stored) = stored.normalized_excess
        && !agree(stored, normalized)
    {
        let what = "`normalized_excess` is not `excess` by one less `F`";
        problem(what, normalized.to_string(), stored.to_string());
    }
}
