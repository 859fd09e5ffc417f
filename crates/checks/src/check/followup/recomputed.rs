//! The numbers of the supplement, computed anew from a bundle. The authors' own command never does.
//!
//! Counts and transitions compare exactly, means within [`MEAN_TOLERANCE`](crate::published::MEAN_TOLERANCE). The intervals do not
//! compare: the stream that drew them is not published. Where a section is about other pairs, sources or answers than the
//! bundle has, it is said once, and no single number of it is held against the bundle.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_artifacts::records::core_subset;
use spinefairbench_artifacts::records::finding_labels::{self, FindingLabels};
use spinefairbench_artifacts::records::followup_supplement::{
    FollowupSupplement, ModelCalls, QuestionAgreement, RepeatedCalls, Share, StoredExcess, Strata,
    Transitions,
};
use spinefairbench_artifacts::records::reader_answers::{self, ReaderAnswers};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_bootstrap::{Iterations, Plan};
use spinefairbench_metrics::{
    Calls, Endpoints, Excess, NoiseFloor, PairOutcome, SourceCalls, noise_floor,
};
use spinefairbench_parsers::{Category as _, Recommendation};

use super::{FollowupResult, Place, SUPPLEMENT_BUNDLE_MISMATCH};
use crate::agreement::agreement_on;
use crate::bundle::{Bundle, Needs, RetainedPair};
use crate::check::{Judgement, Notes};
use crate::finding::{Code, Finding, Findings};
use crate::models::ModelSelection;
use crate::published::agree;

/// The place of the question on detectability, which has a table of its own besides.
const QUESTION_FOUR: usize = 3;
/// The label that says that nothing was found; the others name findings.
const NO_FINDING: u64 = 7;

pub(super) fn needs(release: &ReleaseDescription) -> Needs {
    let mut needs = Needs::default();
    needs
        .retained(ModelSelection::All.of(release))
        .document(&core_subset::document())
        .document(&ratings())
        .document(&detectability());
    for panel in Panel::RETAINED {
        needs.digest_of(panel.results());
        if let Some(labels) = finding_labels::document(panel) {
            needs.document(&labels);
        }
    }
    needs
}

fn ratings() -> spinefairbench_artifacts::part::Document<Vec<ReaderAnswers>> {
    reader_answers::document(layout::constant(layout::PAIR_RESULTS))
}

fn detectability() -> spinefairbench_artifacts::part::Document<Vec<ReaderAnswers>> {
    reader_answers::document(layout::constant(layout::DETECTABILITY))
}

pub(super) fn judge(
    place: Place<'_>,
    supplement: &FollowupSupplement,
    bundle: &Bundle,
    release: &ReleaseDescription,
    result: &mut FollowupResult,
    judgement: &mut Judgement,
) {
    let mut report = Report { place, findings: &mut judgement.findings };
    let mut pairs_of: BTreeMap<&str, &[RetainedPair]> = BTreeMap::new();
    for model in ModelSelection::All.of(release) {
        if let Some(pairs) = bundle.retained_pairs(model, report.findings) {
            pairs_of.insert(model, pairs);
        }
    }
    if let Some(calls) = supplement.repeated_calls.value()
        && let Some(core) = bundle.open(&core_subset::document(), report.findings)
    {
        note_other_panels(calls, bundle, &mut judgement.notes);
        judge_calls(calls, &pairs_of, core, result, &mut report);
    }
    if let Some(transitions) = supplement.transitions.value() {
        judge_transitions(transitions, &pairs_of, &mut report);
    }
    if let Some(strata) = supplement.strata.value() {
        judge_strata(strata, &pairs_of, bundle, &mut report, &mut judgement.notes);
    }
    if let Some(agreement) = supplement.agreement.value() {
        judge_agreement(agreement, bundle, &mut report);
    }
    judgement.notes.push(
        "the stored intervals were not drawn anew: the stream that they come from is not published",
    );
}

/// Findings about the supplement.
struct Report<'a> {
    place: Place<'a>,
    findings: &'a mut Findings,
}

impl Report<'_> {
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts are handed over")]
    fn differs(&mut self, what: String, computed: impl ToString, stored: impl ToString) {
        let finding = self.place.finding(SUPPLEMENT_BUNDLE_MISMATCH, what);
        self.findings.push(finding.comparing(computed.to_string(), stored.to_string()));
    }

    fn count(&mut self, what: impl FnOnce() -> String, computed: u64, stored: u64) {
        if computed != stored {
            self.differs(what(), computed, stored);
        }
    }

    fn mean(&mut self, what: impl FnOnce() -> String, computed: f64, stored: f64) {
        if !agree(computed, stored) {
            self.differs(what(), computed, stored);
        }
    }
}

/// The supplement names the panels that it was computed from. Digests are no numbers of it: another one explains what differs.
fn note_other_panels(calls: &RepeatedCalls, bundle: &Bundle, notes: &mut Notes) {
    for panel in Panel::RETAINED {
        let Some(named) = calls.input_sha256.get(panel.name()) else { continue };
        // Problems of reading the file are findings of whoever needs its rows.
        let digest = bundle.digest(&panel.results(), &mut Findings::default());
        if digest.is_some_and(|digest| !named.eq_ignore_ascii_case(&digest.to_string())) {
            notes.push(format!(
                "the repeated calls were computed from another `{}` than the bundle's",
                panel.results()
            ));
        }
    }
}

fn judge_calls(
    calls: &RepeatedCalls,
    pairs_of: &BTreeMap<&str, &[RetainedPair]>,
    core: &[String],
    result: &mut FollowupResult,
    report: &mut Report<'_>,
) {
    if let Some(stored) = calls.common_core_sources {
        let core: BTreeSet<&String> = core.iter().collect();
        report.mean(|| "`common_core_sources` differs".into(), float(core.len() as u64), stored);
    }
    let computed: BTreeMap<&str, Result<NoiseFloor, _>> = pairs_of
        .par_iter()
        .map(|(model, pairs)| {
            let calls: Vec<Calls> = pairs.iter().map(calls_of).collect();
            // The intervals are not compared, so one resample will do.
            let once = Iterations::new(1).unwrap_or(Iterations::PUBLISHED);
            let plan = Plan::published().with_iterations(once);
            let sources = core.iter().map(String::as_str);
            (*model, noise_floor(&calls, sources, SourceCalls::OnePerPair, &plan))
        })
        .collect();
    for (model, computed) in computed {
        let Some(stored) = calls.models.get(model) else { continue };
        match computed {
            Ok(computed) => {
                judge_model(model, &computed, stored, report);
                result.recomputed_models += 1;
                let entry = result.models.0.iter_mut().find(|(name, _)| name == model);
                if let Some((_, entry)) = entry {
                    entry.recomputed = Some(Box::new((&computed).into()));
                }
            }
            Err(error) => report.findings.push(Finding::new(
                Code::NO_USABLE_PAIR,
                format!("`{model}` has no repeated calls: {error}"),
            )),
        }
    }
}

fn calls_of(pair: &RetainedPair) -> Calls {
    let PairOutcome { source, counterfactual } = pair.sourced.outcome;
    Calls {
        source_id: pair.sourced.source_id.clone(),
        repeat: 0,
        source: Some(source),
        counterfactual: Some(counterfactual),
    }
}

fn judge_model(model: &str, computed: &NoiseFloor, stored: &ModelCalls, report: &mut Report<'_>) {
    for (name, computed, stored) in [
        ("n_sources", computed.n_sources, stored.n_sources),
        (
            "dropped_no_usable_edited_comparison",
            computed.dropped_no_usable_edited_comparison,
            stored.dropped_no_usable_edited_comparison,
        ),
        (
            "dropped_fewer_than_two_usable_source_reports",
            computed.dropped_fewer_than_two_usable_source_reports,
            stored.dropped_fewer_than_two_usable_source_reports,
        ),
    ] {
        if let Some(stored) = stored {
            report.mean(|| format!("`{model}`: `{name}` differs"), float(computed as u64), stored);
        }
    }
    for (endpoint, computed, stored) in [
        ("recommendation", &computed.recommendation, &stored.recommendation),
        ("diagnostic", &computed.diagnostic, &stored.diagnostic),
    ] {
        judge_excess(model, endpoint, computed, stored, report);
    }
}

fn judge_excess(
    model: &str,
    endpoint: &str,
    computed: &Excess,
    stored: &StoredExcess,
    report: &mut Report<'_>,
) {
    for (name, computed, stored) in [
        ("T", Some(computed.edited), stored.edited),
        ("F", Some(computed.floor), stored.floor),
        ("excess", Some(computed.excess), stored.excess),
        ("normalized_excess", computed.normalized_excess, stored.normalized_excess),
    ] {
        if let (Some(computed), Some(stored)) = (computed, stored) {
            report.mean(|| format!("`{model}`, `{endpoint}`: `{name}` differs"), computed, stored);
        }
    }
}

fn usable(pairs: &[RetainedPair]) -> impl Iterator<Item = &PairOutcome> + Clone {
    pairs.iter().map(|pair| &pair.sourced.outcome).filter(|outcome| outcome.is_usable())
}

fn judge_transitions(
    stored: &Transitions,
    pairs_of: &BTreeMap<&str, &[RetainedPair]>,
    report: &mut Report<'_>,
) {
    let has = |category: &str| Recommendation::from_name(category);
    let place = |table: &str, row: u64| format!("`recommendation_transitions.{table}` row {row}");
    for flow in &stored.flows {
        let Some(pairs) = pairs_of.get(flow.model.as_str()) else { continue };
        let Some(category) = has(&flow.category) else { continue };
        let what = |name: &str| {
            let table = place("category_flows", flow.row);
            format!("{table}: `{name}` of `{}`, `{}` differs", flow.model, flow.category)
        };
        let n = usable(pairs).count() as u64;
        report.count(|| what("eligible_pairs"), n, flow.eligible_pairs);
        for (name, before, stored) in
            [("addition", false, flow.addition), ("removal", true, flow.removal)]
        {
            let computed = counted(usable(pairs).filter_map(|pair| {
                let at = |report: &spinefairbench_parsers::ParsedReport| {
                    report.recommendations.contains(category)
                };
                (at(&pair.source) == before).then(|| at(&pair.counterfactual) != before)
            }));
            judge_share(computed, stored, &|part| what(&format!("{name}_{part}")), report);
        }
    }
    for switch in &stored.switches {
        let Some(pairs) = pairs_of.get(switch.model.as_str()) else { continue };
        let (Some(from), Some(to)) = (has(&switch.from), has(&switch.to)) else { continue };
        let what = |name: &str| {
            let table = place("strict_switches", switch.row);
            format!(
                "{table}: `{name}` of `{}`, `{}` to `{}` differs",
                switch.model, switch.from, switch.to
            )
        };
        let n = usable(pairs).count() as u64;
        report.count(|| what("eligible_pairs"), n, switch.eligible_pairs);
        let computed = counted(usable(pairs).filter_map(|pair| {
            let (source, edited) =
                (pair.source.recommendations, pair.counterfactual.recommendations);
            (source.contains(from) && !source.contains(to))
                .then(|| !edited.contains(from) && edited.contains(to))
        }));
        judge_share(computed, switch.share, &what, report);
    }
}

/// Events and opportunities: one item an opportunity, true for an event.
fn counted(opportunities: impl Iterator<Item = bool>) -> [u64; 2] {
    opportunities.fold([0, 0], |[events, n], event| [events + u64::from(event), n + 1])
}

fn judge_share(
    [events, opportunities]: [u64; 2],
    stored: Share,
    what: &dyn Fn(&str) -> String,
    report: &mut Report<'_>,
) {
    report.count(|| what("events"), events, stored.events);
    report.count(|| what("opportunities"), opportunities, stored.opportunities);
}

fn judge_strata(
    strata: &Strata,
    pairs_of: &BTreeMap<&str, &[RetainedPair]>,
    bundle: &Bundle,
    report: &mut Report<'_>,
    notes: &mut Notes,
) {
    // Of a source's labels each panel says the same.
    let labels = Panel::RETAINED.into_iter().filter_map(finding_labels::document);
    let labels = labels.filter_map(|document| bundle.value(&document));
    let mut with_finding: BTreeSet<&str> = BTreeSet::new();
    let mut is_labelled = false;
    for FindingLabels(labels) in labels {
        is_labelled |= !labels.is_empty();
        let found = labels.iter().filter(|(_, labels)| labels.iter().any(|l| *l != NO_FINDING));
        with_finding.extend(found.map(|(source, _)| source.as_str()));
    }
    if !is_labelled {
        notes
            .push("the panels' lists of sources have no labels: the strata were not computed anew");
        return;
    }
    let mut elsewhere = BTreeSet::new();
    for stored in &strata.estimates {
        let Some(pairs) = pairs_of.get(stored.name.model.as_str()) else { continue };
        let wants_finding = match stored.stratum.as_str() {
            "any_finding" => true,
            "no_finding_label" => false,
            _ => continue,
        };
        let within = match stored.name.scope.as_str() {
            super::identities::POOLED => "",
            "within_vindr" => "vindr_",
            _ => continue,
        };
        let in_stratum = |pair: &&RetainedPair| {
            let source = pair.sourced.source_id.as_str();
            source.starts_with(within) && with_finding.contains(source) == wants_finding
        };
        let pairs: Vec<&RetainedPair> = pairs.iter().filter(in_stratum).collect();
        let sources: BTreeSet<&str> =
            pairs.iter().map(|pair| pair.sourced.source_id.as_str()).collect();
        // How the labels are read is not published. Where the sources are not even as many, the strata are others.
        if sources.len() as u64 != stored.expected_sources {
            elsewhere.insert(stored.name.model.as_str());
            continue;
        }
        let what = |name: &str| {
            format!(
                "`finding_strata.estimates` row {}: `{name}` of `{}` differs",
                stored.row, stored.name.model
            )
        };
        let outcomes = pairs.iter().map(|pair| &pair.sourced.outcome);
        let usable = outcomes.clone().filter(|outcome| outcome.is_usable()).count() as u64;
        report.count(|| what("usable_pairs"), usable, stored.usable_pairs);
        let Ok(endpoints) = Endpoints::of(outcomes) else { continue };
        let point = match stored.name.endpoint.as_str() {
            "recommendation_change" => endpoints.recommendation_change(),
            "diagnostic_consistency" => endpoints.diagnostic_consistency(),
            _ => continue,
        };
        report.mean(|| what("point_estimate"), point, stored.point);
    }
    if !elsewhere.is_empty() {
        let models: Vec<&str> = elsewhere.into_iter().collect();
        notes.push(format!(
            "the strata are about other sources than the bundle's labels give: not computed anew for {}",
            models.join(", ")
        ));
    }
}

fn judge_agreement(
    stored: &BTreeMap<String, QuestionAgreement>,
    bundle: &Bundle,
    report: &mut Report<'_>,
) {
    let Some(rows) = bundle.open(&ratings(), report.findings) else { return };
    let has_detectability = rows.first().is_some_and(|row| row.answers[QUESTION_FOUR].is_some());
    for (question, index) in [("q1", 0), ("q2", 1), ("q4", QUESTION_FOUR)] {
        let Some(stored) = stored.get(question) else { continue };
        let rows = if index == QUESTION_FOUR && !has_detectability {
            bundle.open(&detectability(), report.findings)
        } else {
            Some(rows)
        };
        let Some(rows) = rows else { continue };
        let Some(computed) = agreement_on(rows, index) else {
            report.differs(
                format!("the bundle's answers to `{question}` cannot be compared"),
                "every pair answered equally often, and at least twice",
                "another table",
            );
            continue;
        };
        let what = |name: &str| format!("`reader_reliability.{question}`: `{name}` differs");
        if computed.totals != stored.totals {
            let shown = |totals: &BTreeMap<String, u64>| {
                let totals = totals.iter().map(|(category, n)| format!("{category} {n}"));
                totals.collect::<Vec<_>>().join(", ")
            };
            report.differs(what("category_totals"), shown(&computed.totals), shown(&stored.totals));
        }
        report.count(|| what("agreements"), computed.agreements, stored.agreements);
        report.count(|| what("comparisons"), computed.comparisons, stored.comparisons);
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
