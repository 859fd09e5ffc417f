//! One result of a submission, judged: its fields, and its two reports as integers.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use spinefairbench_artifacts::digest::{Hasher, Sha256};
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_artifacts::json::Value;
use spinefairbench_metrics::PairOutcome;
use spinefairbench_parsers::{ParsedReport, ResponseClass, parse_report};

use super::field::{Field, RESULT_KEYS, RawResult};
use super::problem::{Place, ProblemCode, SubmissionProblem};
use super::version2::{Extras, FurtherPair, ReportState, UnansweredPair};
use super::{KeptTexts, PairTexts, ReportFacts, SubmittedPair, TextFacts, Version};
use crate::lint::signs;
use crate::text::{disguise, is_blank, is_decomposed};

/// A result that is well formed, or everything that is wrong with it.
pub(super) type JudgedResult = Result<Judged, RefusedResult>;

/// A well-formed result.
#[derive(Debug)]
pub(super) enum Judged {
    /// A pair that enters the endpoints, with its texts if they are kept.
    Pair(Box<SubmittedPair>, Option<PairTexts>),
    /// A repeat or a control.
    Further(Box<FurtherPair>),
    /// A pair without one of its reports.
    Unanswered(UnansweredPair),
}

/// A result with problems.
#[derive(Debug)]
pub(super) struct RefusedResult {
    /// The pair and its source, if the result says at least which pair it is about.
    pub(super) stated: Option<(PairId, Option<SourceId>)>,
    pub(super) problems: Vec<SubmissionProblem>,
}

impl From<SubmissionProblem> for RefusedResult {
    fn from(problem: SubmissionProblem) -> Self {
        Self { stated: None, problems: vec![problem] }
    }
}

/// A report that was read, with its text: the pairs of a source share the report on it and mostly stand together.
#[derive(Debug)]
pub(super) struct KnownReport {
    text: String,
    read: ParsedReport,
    facts: ReportFacts,
}

impl KnownReport {
    fn of(text: &str) -> Self {
        let read = parse_report(text);
        Self { text: text.to_owned(), read, facts: report_facts(text, read.response_class) }
    }
}

/// Judges the result at `index` and parses its reports; `last` is the source's report of the result before.
pub(super) fn judge(
    index: usize,
    raw: &RawResult<'_>,
    version: Version,
    kept: KeptTexts<'_>,
    last: &mut Option<KnownReport>,
) -> JudgedResult {
    let place = Place::Result { index };
    if let Some(found) = &raw.not_an_object {
        let problem =
            SubmissionProblem::new(ProblemCode::FieldInvalid, place, "the result is not an object")
                .comparing("an object", found.as_str());
        return Err(problem.into());
    }
    let mut problems = Vec::new();
    let of_version_2 = RESULT_KEYS.iter().zip(&raw.fields).skip(N_KEYS_OF_VERSION_1);
    let too_new = of_version_2
        .filter(|(_, field)| version == Version::One && field.is_some())
        .map(|(key, _)| *key);
    for key in raw.unknown.iter().map(String::as_str).chain(too_new) {
        problems.push(
            SubmissionProblem::new(ProblemCode::FieldUnknown, place, "a result has no such field")
                .in_field(spinefairbench_artifacts::text::shown(key))
                .comparing(known_keys(version), "it"),
        );
    }
    for key in &raw.duplicates {
        problems.push(
            SubmissionProblem::new(ProblemCode::FieldDuplicate, place, "the key stands twice")
                .in_field(key),
        );
    }
    let [pair_id, source_id, source_report, counterfactual_report, metadata, further @ ..] =
        &raw.fields;
    let extras = match version {
        Version::One => Extras::default(),
        Version::Two => Extras::judge(further, place, &mut problems),
    };
    let pair_id = required_text(RESULT_KEYS[0], pair_id.as_ref(), place, &mut problems);
    let pair_id = short(RESULT_KEYS[0], pair_id, place, &mut problems);
    let source_id = optional_text(RESULT_KEYS[1], source_id.as_ref(), place, &mut problems);
    let source_id = short(RESULT_KEYS[1], source_id, place, &mut problems);
    let [source_state, counterfactual_state] = extras.states;
    let source_report =
        report(RESULT_KEYS[2], source_report.as_ref(), source_state, place, &mut problems);
    let counterfactual_report = report(
        RESULT_KEYS[3],
        counterfactual_report.as_ref(),
        counterfactual_state,
        place,
        &mut problems,
    );
    let metadata = optional_object(RESULT_KEYS[4], metadata.as_ref(), place, &mut problems);
    // What is not blank is a name, so that nothing is lost in these conversions.
    let stated = pair_id
        .and_then(|text| text.parse::<PairId>().ok())
        .map(|pair_id| (pair_id, source_id.and_then(|text| text.parse::<SourceId>().ok())));
    let Some((pair_id, source_id)) = stated.clone().filter(|_| problems.is_empty()) else {
        return Err(RefusedResult { stated, problems });
    };
    let texts = [source_report, counterfactual_report];
    let digest = digest(&pair_id, source_id.as_ref(), texts, metadata, extras);
    let Extras { repeat, is_control, states } = extras;
    let [Some(source), Some(counterfactual)] = texts else {
        return Ok(Judged::Unanswered(UnansweredPair {
            pair_id,
            source_id,
            repeat,
            is_control,
            states,
            reports: texts.map(|text| text.map(parse_report)),
            source_fingerprint: texts[0].map(fingerprint),
            digest,
        }));
    };
    let texts = kept.keeps(&pair_id).then(|| PairTexts {
        source: source.to_owned(),
        counterfactual: counterfactual.to_owned(),
    });
    if last.as_ref().is_some_and(|known| known.text != source) {
        *last = None;
    }
    let of_source = last.get_or_insert_with(|| KnownReport::of(source));
    let outcome =
        PairOutcome { source: of_source.read, counterfactual: parse_report(counterfactual) };
    let of_counterfactual = report_facts(counterfactual, outcome.counterfactual.response_class);
    let is_identical = source == counterfactual;
    let facts = TextFacts { is_identical, reports: [of_source.facts, of_counterfactual] };
    let pair = SubmittedPair { pair_id, source_id, outcome, texts: facts, digest };
    if repeat == 0 && !is_control {
        return Ok(Judged::Pair(Box::new(pair), texts));
    }
    Ok(Judged::Further(Box::new(FurtherPair { pair, repeat, is_control })))
}

/// How many of the keys version 1 has.
const N_KEYS_OF_VERSION_1: usize = 5;

fn known_keys(version: Version) -> String {
    let n_keys = match version {
        Version::One => N_KEYS_OF_VERSION_1,
        Version::Two => RESULT_KEYS.len(),
    };
    let keys: Vec<String> = RESULT_KEYS[..n_keys].iter().map(|key| format!("`{key}`")).collect();
    format!("only {}", keys.join(", "))
}

/// The text of a report in `state`; none where the state has none.
fn report<'a>(
    field: &'static str,
    value: Option<&'a Field<'_>>,
    state: ReportState,
    place: Place,
    problems: &mut Vec<SubmissionProblem>,
) -> Option<&'a str> {
    let is_absent = matches!(value, None | Some(Field::Other(Value::Null)));
    match state {
        ReportState::Truncated if is_absent => None,
        state if state.may_have_text() => required_text(field, value, place, problems),
        _ if is_absent => None,
        state => {
            let message = format!("a report that is {state} has no text");
            let problem = SubmissionProblem::new(ProblemCode::FieldInvalid, place, message);
            let found = value.map_or_else(String::new, Field::found);
            problems.push(problem.in_field(field).comparing("null, or no such field", found));
            None
        }
    }
}

/// The most bytes of an id. Those of the benchmark have about fifty, and ids are what stays in memory of a submission.
const MOST_ID_BYTES: usize = 256;

fn short<'a>(
    field: &'static str,
    id: Option<&'a str>,
    place: Place,
    problems: &mut Vec<SubmissionProblem>,
) -> Option<&'a str> {
    let n_bytes = id?.len();
    if n_bytes <= MOST_ID_BYTES {
        return id;
    }
    let problem =
        SubmissionProblem::new(ProblemCode::FieldInvalid, place, "the id is longer than any");
    problems.push(
        problem
            .in_field(field)
            .comparing(format!("at most {MOST_ID_BYTES} bytes"), format!("{n_bytes}")),
    );
    None
}

fn required_text<'a>(
    field: &'static str,
    value: Option<&'a Field<'_>>,
    place: Place,
    problems: &mut Vec<SubmissionProblem>,
) -> Option<&'a str> {
    let (code, found) = match value {
        Some(Field::Text(text)) if !is_blank(text) => return Some(text),
        None => (ProblemCode::FieldMissing, "no such field".to_owned()),
        Some(Field::Text(_)) => (ProblemCode::FieldInvalid, "a blank string".to_owned()),
        Some(other) => (ProblemCode::FieldInvalid, other.found()),
    };
    let problem = SubmissionProblem::new(code, place, "the field must hold text");
    problems.push(problem.in_field(field).comparing("a non-blank string", found));
    None
}

fn optional_text<'a>(
    field: &'static str,
    value: Option<&'a Field<'_>>,
    place: Place,
    problems: &mut Vec<SubmissionProblem>,
) -> Option<&'a str> {
    let found = match value {
        None | Some(Field::Other(Value::Null)) => return None,
        Some(Field::Text(text)) if !is_blank(text) => return Some(text),
        Some(Field::Text(_)) => "a blank string".to_owned(),
        Some(other) => other.found(),
    };
    let problem = SubmissionProblem::new(
        ProblemCode::FieldInvalid,
        place,
        "the field must hold text or be absent",
    );
    problems.push(problem.in_field(field).comparing("absent, null or a non-blank string", found));
    None
}

fn optional_object<'a>(
    field: &'static str,
    value: Option<&'a Field<'_>>,
    place: Place,
    problems: &mut Vec<SubmissionProblem>,
) -> Option<&'a Value> {
    match value {
        None | Some(Field::Other(Value::Null)) => None,
        Some(Field::Other(value @ Value::Object(_))) => Some(value),
        Some(other) => {
            let problem = SubmissionProblem::new(
                ProblemCode::FieldInvalid,
                place,
                "the field must hold an object or be absent",
            );
            problems.push(
                problem.in_field(field).comparing("absent, null or an object", other.found()),
            );
            None
        }
    }
}

fn report_facts(text: &str, class: ResponseClass) -> ReportFacts {
    ReportFacts {
        chars: text.chars().count(),
        bytes: text.len(),
        disguise: disguise(text),
        is_decomposed: is_decomposed(text),
        signs: signs(text, class),
        fingerprint: fingerprint(text),
    }
}

/// A hash of a report, to find texts that are the same.
fn fingerprint(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The digest of a result: each field's length and bytes in turn, an absent field as length 2⁶⁴ − 1; the fields of version 2 last and
/// together, where they say anything.
fn digest(
    pair_id: &PairId,
    source_id: Option<&SourceId>,
    [source, counterfactual]: [Option<&str>; 2],
    metadata: Option<&Value>,
    extras: Extras,
) -> Sha256 {
    let mut hasher = Hasher::default();
    let metadata = metadata.map(ToString::to_string);
    let fields = [
        Some(pair_id.as_str()),
        source_id.map(SourceId::as_str),
        source,
        counterfactual,
        metadata.as_deref(),
    ];
    let extras = extras.digested();
    for field in fields.into_iter().chain(extras.is_some().then_some(extras.as_deref())) {
        let length = field.map_or(u64::MAX, |text| text.len() as u64);
        hasher.update(&length.to_le_bytes());
        hasher.update(field.unwrap_or_default().as_bytes());
    }
    hasher.finish()
}
