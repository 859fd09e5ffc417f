//! The submission of a run: what was answered, pair by pair.
//!
//! Input: a plan and the last settled line of each report. Output: the bytes of a submission, equal for equal answers however often the
//! run was interrupted: nothing in it tells times, attempts or the order of answers.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::submission::{ReportSide, Version};

use crate::answer::is_blank;
use crate::journal::{Attempt, Outcome};
use crate::plan::{Plan, ReportId};
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

    fn state(&self, report: &ReportId) -> State {
        self.0.get(report).map_or(State::Missing, |(state, _)| *state)
    }

    /// The text of `report`, if it may be submitted.
    fn text(&self, report: &ReportId, truncated: Truncated) -> Option<&str> {
        let (state, text) = self.0.get(report)?;
        let is_wanted = match state {
            State::Answered => true,
            State::Truncated => truncated == Truncated::Keep,
            _ => false,
        };
        text.as_deref().filter(|text| is_wanted && !is_blank(text))
    }

    /// The reports of `plan` by state.
    #[must_use]
    pub fn tally(&self, plan: &Plan) -> Tally {
        let mut tally = Tally::of_missing(plan.requests.len() as u64);
        for report in &plan.requests {
            tally.move_one(State::Missing, self.state(report));
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
    /// What makes the run this one.
    pub identity: Map<String, Value>,
    /// Its digest.
    pub identity_sha256: String,
    /// Whether the prompts are the published ones.
    pub is_comparable: bool,
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

/// The submission in the form of `version`, and the number of pairs that have both reports; version 1 holds these alone, and the first
/// repeat alone.
///
/// # Panics
///
/// Never: texts and numbers are JSON.
#[must_use]
pub fn submission(
    plan: &Plan,
    reports: &Reports,
    heading: &Heading,
    truncated: Truncated,
    version: Version,
) -> (Vec<u8>, usize) {
    let repeats = match version {
        Version::One => 1,
        Version::Two => plan.repeats,
    };
    let mut results = Vec::new();
    let mut n_pairs = 0;
    for (pair, repeat) in plan.pairs.iter().flat_map(|pair| (0..repeats).map(move |n| (pair, n))) {
        let ids = pair.images().map(|image| ReportId { image, repeat });
        let [source_report, counterfactual_report] =
            [&ids[0], &ids[1]].map(|id| reports.text(id, truncated));
        let is_whole = source_report.is_some() && counterfactual_report.is_some();
        n_pairs += usize::from(is_whole && repeat == 0);
        if version == Version::One && !is_whole {
            continue;
        }
        let states = [&ids[0], &ids[1]].map(|id| reports.state(id));
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
    let model = json!({
        "name": heading.model,
        "run": {
            "comparable_prompts": heading.is_comparable,
            "identity": heading.identity,
            "identity_sha256": heading.identity_sha256,
            "states": reports.tally(plan),
        },
    });
    let schema_version = version.as_str();
    let whole = Whole { schema_version, scope: heading.scope, model, results };
    let mut bytes = serde_json::to_vec_pretty(&whole).expect("texts and numbers are JSON");
    bytes.push(b'\n');
    (bytes, n_pairs)
}
