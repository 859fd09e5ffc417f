//! The submission of a run: what was answered, pair by pair.
//!
//! What became of a report is told by the last settled line of a journal ([`Reports`]), or by others' logs ([`crate::import`]). The
//! bytes are equal for equal answers however often a run was interrupted: nothing in them tells times, attempts or the order of
//! answers.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::submission::{ReportSide, Version};

use crate::answer::is_blank;
use crate::journal::{Attempt, Outcome};
use crate::plan::{Plan, PlannedPair, ReportId};
use crate::state::{State, Tally};

/// What becomes of reports that were cut off at the token limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Truncated {
    /// They are submitted, and marked.
    #[default]
    Keep,
    /// They are left out.
    LeaveOut,
}

/// The state and the text of each report, the last attempt's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reports(BTreeMap<ReportId, (State, Option<String>)>);

impl Reports {
    /// One more line of the journal.
    pub fn add(&mut self, line: Attempt) {
        match line.outcome {
            Outcome::Settled => {
                self.0.insert(line.report, (line.state, line.answer));
            }
            Outcome::Retried | Outcome::Interrupted => {
                self.0.remove(&line.report);
            }
        }
    }

    /// What became of the report on one side of `pair`, and its text if it is to be submitted.
    #[must_use]
    pub fn report(
        &self,
        pair: &PlannedPair,
        side: ReportSide,
        repeat: u32,
        truncated: Truncated,
    ) -> (State, Option<&str>) {
        let report = ReportId { image: pair.image(side), repeat };
        let Some((state, text)) = self.0.get(&report) else { return (State::Missing, None) };
        let is_wanted = match state {
            State::Answered => true,
            State::Truncated => truncated == Truncated::Keep,
            _ => false,
        };
        (*state, text.as_deref().filter(|_| is_wanted))
    }

    /// The reports of `plan` by state.
    #[must_use]
    pub fn tally(&self, plan: &Plan) -> Tally {
        let mut tally = Tally::of_missing(plan.requests.len() as u64);
        for report in &plan.requests {
            let state = self.0.get(report).map_or(State::Missing, |(state, _)| *state);
            tally.move_one(State::Missing, state);
        }
        tally
    }
}

/// What a submission says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Heading {
    /// The pairs that it means to cover.
    pub scope: Scope,
    /// The model's name.
    pub model: String,
    /// Where its reports come from: a name for it, and what there is to say.
    pub provenance: (&'static str, Map<String, Value>),
    /// How often images were shown.
    pub repeats: u32,
    /// The version of its form.
    pub version: Version,
}

#[derive(Serialize)]
struct Whole<'a> {
    schema_version: &'a str,
    scope: Scope,
    model: Value,
    results: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    pair_id: &'a str,
    source_id: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    repeat: u32,
    source_report: Option<&'a str>,
    counterfactual_report: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counterfactual_state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that `serde` asks for")]
fn is_zero(repeat: &u32) -> bool {
    *repeat == 0
}

/// The submission over `pairs` whose reports are what `report` gives, and the number of pairs that have both; version 1 holds these alone,
/// and the first repeat alone.
///
/// # Panics
///
/// Never: texts and numbers are JSON.
#[must_use]
pub fn submission<'a>(
    pairs: &'a [PlannedPair],
    report: impl Fn(&'a PlannedPair, ReportSide, u32) -> (State, Option<&'a str>),
    heading: &Heading,
) -> (Vec<u8>, usize) {
    let version = heading.version;
    let repeats = match version {
        Version::One => 1,
        Version::Two => heading.repeats,
    };
    let mut results = Vec::new();
    let mut n_pairs = 0;
    for (pair, repeat) in pairs.iter().flat_map(|pair| (0..repeats).map(move |n| (pair, n))) {
        let reports = ReportSide::ALL.map(|side| report(pair, side, repeat));
        let states = reports.map(|(state, _)| state);
        let [source_report, counterfactual_report] =
            reports.map(|(_, text)| text.filter(|text| !is_blank(text)));
        let is_whole = source_report.is_some() && counterfactual_report.is_some();
        n_pairs += usize::from(is_whole && repeat == 0);
        if version == Version::One && !is_whole {
            continue;
        }
        let marked =
            |state: State| (version == Version::Two && state != State::Answered).then_some(state);
        let cut: Vec<&str> = ReportSide::ALL
            .into_iter()
            .zip(states)
            .filter(|(_, state)| version == Version::One && *state == State::Truncated)
            .map(|(side, _)| side.as_str())
            .collect();
        results.push(Row {
            pair_id: pair.pair_id.as_str(),
            source_id: pair.source_id.as_str(),
            repeat,
            source_report,
            counterfactual_report,
            source_state: marked(states[0]),
            counterfactual_state: marked(states[1]),
            metadata: (!cut.is_empty()).then(|| json!({"truncated": cut})),
        });
    }
    let (name, provenance) = &heading.provenance;
    let model = json!({"name": heading.model, *name: provenance});
    let schema_version = version.as_str();
    let whole = Whole { schema_version, scope: heading.scope, model, results };
    let mut bytes = serde_json::to_vec_pretty(&whole).expect("texts and numbers are JSON");
    bytes.push(b'\n');
    (bytes, n_pairs)
}
