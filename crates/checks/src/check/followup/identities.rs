//! What must hold among the numbers of the other sections, whatever bundle they come from.
//!
//! The authors' own command reads none of these sections. One that cannot be read is therefore said and no failure; a number that
//! does not fit to another is wrong. Where a section is not about the release that is compared with (its pairs are other in
//! number), it is not held against that release.

use std::collections::BTreeMap;

use spinefairbench_artifacts::part::Part;
use spinefairbench_artifacts::records::followup_supplement::{
    CategoryFlow, EstimateName, FollowupSupplement, QuestionAgreement, Share, Strata,
    StratumEstimate, Transitions,
};
use spinefairbench_artifacts::release::ReleaseDescription;

use super::{Place, SUPPLEMENT_INCONSISTENT};
use crate::agreement::Agreement;
use crate::check::{Judgement, Notes};
use crate::finding::Findings;
use crate::published::agree;

/// The stratum of sources with a finding, and that of all others.
pub(super) const STRATA: [&str; 2] = ["any_finding", "no_finding_label"];
/// All sources of the common core.
pub(super) const POOLED: &str = "pooled";

pub(super) fn judge(
    place: Place<'_>,
    supplement: &FollowupSupplement,
    release: &ReleaseDescription,
    judgement: &mut Judgement,
) {
    let notes = &mut judgement.notes;
    let strata = section("finding_strata", &supplement.strata, notes);
    let transitions = section("recommendation_transitions", &supplement.transitions, notes);
    let agreement = section("reader_reliability", &supplement.agreement, notes);
    let mut report = Report { place, findings: &mut judgement.findings };
    if let Some(strata) = strata {
        judge_strata(strata, &mut report);
        judge_whole(strata, supplement, release, &mut report, notes);
    }
    if let Some(transitions) = transitions {
        judge_transitions(transitions, &mut report);
    }
    for (question, stored) in agreement.into_iter().flatten() {
        judge_agreement(question, stored, &mut report);
    }
}

/// A section that the authors' command does not read: what is wrong with it is said, and judged no further.
fn section<'a, T>(name: &str, part: &'a Part<T>, notes: &mut Notes) -> Option<&'a T> {
    if let Some(first) = part.problems().first() {
        let n = part.problems().len();
        notes.push(format!(
            "section `{name}` of the supplement was not read whole ({n} problems, the first: {first})"
        ));
    }
    part.value()
}

/// Findings about the supplement.
pub(super) struct Report<'a> {
    place: Place<'a>,
    findings: &'a mut Findings,
}

impl Report<'_> {
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts are handed over")]
    fn unless(
        &mut self,
        holds: bool,
        table: &str,
        row: u64,
        what: &str,
        expected: impl ToString,
        found: impl ToString,
    ) {
        if !holds {
            let finding = self.place.finding(SUPPLEMENT_INCONSISTENT, format!("`{table}`: {what}"));
            self.findings
                .push(finding.at_row(row).comparing(expected.to_string(), found.to_string()));
        }
    }
}

fn judge_strata(strata: &Strata, report: &mut Report<'_>) {
    let table = "finding_strata.estimates";
    for estimate in &strata.estimates {
        let row = estimate.row;
        let pairs = estimate
            .usable_pairs
            .saturating_add(estimate.full_refusal_pairs)
            .saturating_add(estimate.api_error_pairs);
        let what = "usable pairs, full refusals and failures are not the expected pairs";
        report.unless(
            pairs == estimate.expected_pairs,
            table,
            row,
            what,
            estimate.expected_pairs,
            pairs,
        );
        let sources = estimate.usable_sources.saturating_add(estimate.zero_usable_sources);
        let what = "sources with and without a usable pair are not the expected sources";
        report.unless(
            sources == estimate.expected_sources,
            table,
            row,
            what,
            estimate.expected_sources,
            sources,
        );
        let [lower, upper] = estimate.interval;
        let holds = lower <= estimate.point && estimate.point <= upper;
        let what = "the interval does not hold its estimate";
        report.unless(holds, table, row, what, format!("[{lower}, {upper}]"), estimate.point);
    }
    let points: BTreeMap<(&EstimateName, &str), f64> = strata
        .estimates
        .iter()
        .map(|estimate| ((&estimate.name, estimate.stratum.as_str()), estimate.point))
        .collect();
    for contrast in &strata.contrasts {
        let [any, none] = STRATA.map(|stratum| points.get(&(&contrast.name, stratum)));
        let (Some(any), Some(none)) = (any, none) else { continue };
        let difference = any - none;
        let what = "the contrast is not the difference of the two strata";
        report.unless(
            difference.to_bits() == contrast.point.to_bits(),
            "finding_strata.contrasts",
            contrast.row,
            what,
            difference,
            contrast.point,
        );
    }
    judge_scopes(strata, report);
}

/// Where both scopes have the same sources with findings, they have the same estimate of them.
fn judge_scopes(strata: &Strata, report: &mut Report<'_>) {
    let any_finding = |estimate: &&StratumEstimate| estimate.stratum == STRATA[0];
    let mut points: BTreeMap<(&str, &str, u64), f64> = BTreeMap::new();
    for estimate in strata.estimates.iter().filter(any_finding) {
        let EstimateName { model, endpoint, .. } = &estimate.name;
        let name = (model.as_str(), endpoint.as_str(), estimate.expected_sources);
        let first = *points.entry(name).or_insert(estimate.point);
        report.unless(
            first.to_bits() == estimate.point.to_bits(),
            "finding_strata.estimates",
            estimate.row,
            "the stratum with findings differs between the scopes",
            first,
            estimate.point,
        );
    }
}

/// The pooled strata of one model and endpoint.
pub(super) fn pooled<'a>(
    strata: &'a Strata,
    model: &str,
    endpoint: &str,
) -> Option<[&'a StratumEstimate; 2]> {
    let of = |stratum: &str| {
        strata.estimates.iter().find(|estimate| {
            estimate.name.scope == POOLED
                && estimate.name.model == model
                && estimate.name.endpoint == endpoint
                && estimate.stratum == stratum
        })
    };
    Some([of(STRATA[0])?, of(STRATA[1])?])
}

/// The pooled strata against the published table and the repeated calls, where they are about the same pairs and sources.
fn judge_whole(
    strata: &Strata,
    supplement: &FollowupSupplement,
    release: &ReleaseDescription,
    report: &mut Report<'_>,
    notes: &mut Notes,
) {
    let table = "finding_strata.estimates";
    let published = release.expected.table2.iter().flat_map(|table2| table2.iter());
    let mut other_pairs = Vec::new();
    for (model, published) in published {
        for (endpoint, expected) in [
            ("recommendation_change", published.recommendation_change),
            ("diagnostic_consistency", published.diagnostic_consistency),
        ] {
            let Some(strata) = pooled(strata, model, endpoint) else { continue };
            let pairs: u64 = strata.iter().map(|stratum| stratum.usable_pairs).sum();
            if pairs != published.pairs {
                other_pairs.push(model.as_str());
                continue;
            }
            let weighted: f64 =
                strata.iter().map(|stratum| stratum.point * float(stratum.usable_pairs)).sum();
            let mean = weighted / float(pairs);
            let what = format!("the strata of `{model}` do not give the published `{endpoint}`");
            report.unless(agree(mean, expected), table, strata[0].row, &what, expected, mean);
        }
    }
    other_pairs.dedup();
    if !other_pairs.is_empty() {
        notes.push(format!(
            "the strata are about other pairs than the published table: {}",
            other_pairs.join(", ")
        ));
    }
    let Some(calls) = supplement.repeated_calls.value() else { return };
    for (model, stored) in &calls.models {
        let Some(strata) = pooled(strata, model, "recommendation_change") else { continue };
        let sources: u64 = strata.iter().map(|stratum| stratum.expected_sources).sum();
        let left_out: u64 = strata.iter().map(|stratum| stratum.zero_usable_sources).sum();
        let (Some(core), Some(dropped)) =
            (calls.common_core_sources, stored.dropped_no_usable_edited_comparison)
        else {
            continue;
        };
        if agree(core, float(sources)) {
            let what = format!(
                "sources of `{model}` without a usable pair are other than the repeated calls'"
            );
            report.unless(
                agree(dropped, float(left_out)),
                table,
                strata[0].row,
                &what,
                dropped,
                left_out,
            );
        }
    }
}

fn judge_transitions(transitions: &Transitions, report: &mut Report<'_>) {
    let table = "recommendation_transitions.category_flows";
    for flow in &transitions.flows {
        for share in [flow.addition, flow.removal] {
            judge_share(share, table, flow.row, report);
        }
        let pairs = flow.addition.opportunities.saturating_add(flow.removal.opportunities);
        let what = "opportunities of addition and of removal are not the eligible pairs";
        report.unless(
            pairs == flow.eligible_pairs,
            table,
            flow.row,
            what,
            flow.eligible_pairs,
            pairs,
        );
    }
    let flows: BTreeMap<(&str, &str), &CategoryFlow> = transitions
        .flows
        .iter()
        .map(|flow| ((flow.model.as_str(), flow.category.as_str()), flow))
        .collect();
    let table = "recommendation_transitions.strict_switches";
    let mut both_present: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for switch in &transitions.switches {
        judge_share(switch.share, table, switch.row, report);
        let (model, from, to) = (switch.model.as_str(), switch.from.as_str(), switch.to.as_str());
        if let Some(flow) = flows.get(&(model, to)) {
            let most = flow.addition.events;
            let what = format!("more pairs switch to `{to}` than have it added");
            report.unless(
                switch.share.events <= most,
                table,
                switch.row,
                &what,
                most,
                switch.share.events,
            );
        }
        let Some(flow) = flows.get(&(model, from)) else { continue };
        let most = flow.removal.events;
        let what = format!("more pairs switch from `{from}` than have it removed");
        report.unless(
            switch.share.events <= most,
            table,
            switch.row,
            &what,
            most,
            switch.share.events,
        );
        let present = flow.removal.opportunities;
        let what = format!("more pairs have `{from}` alone than have it");
        report.unless(
            switch.share.opportunities <= present,
            table,
            switch.row,
            &what,
            present,
            switch.share.opportunities,
        );
        let both = present.saturating_sub(switch.share.opportunities);
        let (first, second) = if from <= to { (from, to) } else { (to, from) };
        let known = *both_present.entry((model, first, second)).or_insert(both);
        let what = format!("pairs with both `{first}` and `{second}` are counted in two ways");
        report.unless(known == both, table, switch.row, &what, known, both);
    }
}

fn judge_share(share: Share, table: &str, row: u64, report: &mut Report<'_>) {
    let Share { events, opportunities, rate } = share;
    let what = "more events than opportunities";
    report.unless(events <= opportunities, table, row, what, opportunities, events);
    let expected = (opportunities > 0).then(|| float(events) / float(opportunities));
    let shown = |rate: Option<f64>| rate.map_or_else(|| "none".to_owned(), |rate| rate.to_string());
    let same = expected.map(f64::to_bits) == rate.map(f64::to_bits);
    let what = "the rate is not events by opportunities";
    report.unless(same, table, row, what, shown(expected), shown(rate));
}

fn judge_agreement(question: &str, stored: &QuestionAgreement, report: &mut Report<'_>) {
    let counted = Agreement {
        totals: stored.totals.clone(),
        agreements: stored.agreements,
        comparisons: stored.comparisons,
    };
    for (name, computed, stored) in [
        ("raw_agreement", Some(counted.raw()), Some(stored.raw_agreement)),
        ("fleiss_kappa", counted.fleiss_kappa(), stored.fleiss_kappa),
        ("gwet_ac1", counted.gwet_ac1(), stored.gwet_ac1),
    ] {
        if let (Some(computed), Some(stored)) = (computed, stored)
            && !agree(computed, stored)
        {
            let message =
                format!("`{name}` of `{question}` does not follow from the counts beside it");
            let finding = report.place.finding(SUPPLEMENT_INCONSISTENT, message);
            report.findings.push(finding.comparing(computed, stored));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of pairs are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
