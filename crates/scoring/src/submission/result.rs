//! One result of a submission, judged: its fields, and its two reports as integers.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use spinefairbench_artifacts::digest::{Hasher, Sha256};
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_artifacts::json::Value;
use spinefairbench_metrics::{PairOutcome, score_pair};
use spinefairbench_parsers::ResponseClass;

use super::field::{Field, RESULT_KEYS, RawResult};
use super::problem::{Place, ProblemCode, SubmissionProblem};
use super::{KeptTexts, PairTexts, ReportFacts, SubmittedPair, TextFacts};
use crate::lint::signs;
use crate::text::{disguise, is_blank, is_decomposed};

/// A result that is well formed with its texts if they are kept, or everything that is wrong with it.
pub(super) type JudgedResult = Result<(SubmittedPair, Option<PairTexts>), RefusedResult>;

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

/// Judges the result at `index` and parses its reports.
pub(super) fn judge(index: usize, raw: &RawResult<'_>, kept: KeptTexts<'_>) -> JudgedResult {
    let place = Place::Result { index };
    if let Some(found) = &raw.not_an_object {
        let problem =
            SubmissionProblem::new(ProblemCode::FieldInvalid, place, "the result is not an object")
                .comparing("an object", found.as_str());
        return Err(problem.into());
    }
    let mut problems = Vec::new();
    for key in &raw.unknown {
        problems.push(
            SubmissionProblem::new(ProblemCode::FieldUnknown, place, "a result has no such field")
                .in_field(spinefairbench_artifacts::text::shown(key))
                .comparing("only `pair_id`, `source_id`, `source_report`, `counterfactual_report`, `metadata`", "it"),
        );
    }
    for key in &raw.duplicates {
        problems.push(
            SubmissionProblem::new(ProblemCode::FieldDuplicate, place, "the key stands twice")
                .in_field(key),
        );
    }
    let [pair_id, source_id, source_report, counterfactual_report, metadata] = &raw.fields;
    let pair_id = required_text(RESULT_KEYS[0], pair_id.as_ref(), place, &mut problems);
    let pair_id = short(RESULT_KEYS[0], pair_id, place, &mut problems);
    let source_id = optional_text(RESULT_KEYS[1], source_id.as_ref(), place, &mut problems);
    let source_id = short(RESULT_KEYS[1], source_id, place, &mut problems);
    let source_report = required_text(RESULT_KEYS[2], source_report.as_ref(), place, &mut problems);
    let counterfactual_report =
        required_text(RESULT_KEYS[3], counterfactual_report.as_ref(), place, &mut problems);
    let metadata = optional_object(RESULT_KEYS[4], metadata.as_ref(), place, &mut problems);
    // What is not blank is a name, so that nothing is lost in these conversions.
    let stated = pair_id
        .and_then(|text| text.parse::<PairId>().ok())
        .map(|pair_id| (pair_id, source_id.and_then(|text| text.parse::<SourceId>().ok())));
    match (stated, source_report, counterfactual_report) {
        (Some((pair_id, source_id)), Some(source), Some(counterfactual)) if problems.is_empty() => {
            let digest = digest(&pair_id, source_id.as_ref(), source, counterfactual, metadata);
            let texts = kept.keeps(&pair_id).then(|| PairTexts {
                source: source.to_owned(),
                counterfactual: counterfactual.to_owned(),
            });
            let outcome = score_pair(source, counterfactual);
            let pair = SubmittedPair {
                pair_id,
                source_id,
                outcome,
                texts: facts(source, counterfactual, &outcome),
                digest,
            };
            Ok((pair, texts))
        }
        (stated, ..) => Err(RefusedResult { stated, problems }),
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

fn facts(source: &str, counterfactual: &str, outcome: &PairOutcome) -> TextFacts {
    TextFacts {
        is_identical: source == counterfactual,
        reports: [(source, &outcome.source), (counterfactual, &outcome.counterfactual)]
            .map(|(text, read)| report_facts(text, read.response_class)),
    }
}

fn report_facts(text: &str, class: ResponseClass) -> ReportFacts {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    ReportFacts {
        chars: text.chars().count(),
        bytes: text.len(),
        disguise: disguise(text),
        is_decomposed: is_decomposed(text),
        signs: signs(text, class),
        fingerprint: hasher.finish(),
    }
}

/// The digest of a result: each field's length and bytes in turn, an absent field as length 2⁶⁴ − 1.
fn digest(
    pair_id: &PairId,
    source_id: Option<&SourceId>,
    source: &str,
    counterfactual: &str,
    metadata: Option<&Value>,
) -> Sha256 {
    let mut hasher = Hasher::default();
    let metadata = metadata.map(ToString::to_string);
    let fields = [
        Some(pair_id.as_str()),
        source_id.map(SourceId::as_str),
        Some(source),
        Some(counterfactual),
        metadata.as_deref(),
    ];
    for field in fields {
        let length = field.map_or(u64::MAX, |text| text.len() as u64);
        hasher.update(&length.to_le_bytes());
        hasher.update(field.unwrap_or_default().as_bytes());
    }
    hasher.finish()
}
