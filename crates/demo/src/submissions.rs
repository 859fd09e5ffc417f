//! `metrics/`: the submission schema and template, the toy submission, and a submission of each scope.

use rayon::prelude::*;
use serde_json::{Value, json};
use spinefairbench_artifacts::layout;

use crate::DemoError;
use crate::blueprint::{Blueprint, Side};
use crate::cohort::{Pair, Source};
use crate::decisions::{base_picture, moved_advice, moved_findings};
use crate::models::MODELS;
use crate::panel_rows::length;
use crate::prng::{Purpose, Stream};
use crate::reports::{self, Answer, Brief, Layout, Picture};
use crate::scale::Counts;
use crate::staging::Stage;

const SCHEMA_VERSION: &str = "spinefairbench-submission-v1";

/// Writes the folder. `intersection` is the list of core pairs that all nine models answer, by place.
pub(crate) fn write(
    blueprint: &Blueprint,
    intersection: &[usize],
    stage: &Stage<'_>,
) -> Result<(), DemoError> {
    stage.write_json(layout::SUBMISSION_SCHEMA, &schema())?;
    stage.write_json(layout::SUBMISSION_TEMPLATE, &template(blueprint))?;
    stage.write_json(layout::TOY_SUBMISSION, &toy(blueprint))?;

    let core: Vec<&Pair> = blueprint.core_pairs.iter().collect();
    let shared: Vec<&Pair> =
        intersection.iter().map(|&place| &blueprint.core_pairs[place]).collect();
    let attempted = blueprint.cohort.attempted_pairs();
    let passed: Vec<&Pair> = attempted.iter().filter(|pair| pair.passed).collect();
    let scopes = [
        ("metrics/core_submission.json", "common-core-1000", core),
        ("metrics/intersection_submission.json", "all-model-intersection-2166", shared),
        ("metrics/qc_submission.json", "qc-passed", passed),
    ];
    for (number, (path, scope, pairs)) in scopes.into_iter().enumerate() {
        let results: Vec<Value> = pairs
            .par_iter()
            .enumerate()
            .map(|(place, pair)| result(blueprint, number, place, pair))
            .collect();
        let name = format!("demo-{scope}");
        stage.write_json(path, &submission(&name, scope, &results))?;
    }
    Ok(())
}

fn submission(name: &str, scope: &str, results: &[Value]) -> Value {
    json!({
        "schema_version": SCHEMA_VERSION,
        "model": { "name": name, "version": "0" },
        "scope": scope,
        "results": results,
    })
}

/// An invented model's reports on a pair. Every fifteenth or so is a refusal in full or in part.
fn result(blueprint: &Blueprint, number: usize, place: usize, pair: &Pair) -> Value {
    // The pictures are those of a tenth model.
    let picture = base_picture(blueprint.plan.seed, MODELS.len(), pair.source);
    let key = [number as u64, place as u64];
    let mut stream = Stream::keyed(blueprint.plan.seed, Purpose::Submission, &key);
    let mut other = picture;
    if stream.chance(0.5) {
        other.advice = moved_advice(picture.advice, 1, &mut stream);
    }
    if stream.chance(0.5) {
        other.findings = moved_findings(picture, &mut stream);
    }
    let reports = [(Side::Source, picture), (Side::Counterfactual, other)]
        .map(|(side, picture)| report(blueprint, pair, side, picture, &mut stream));
    let [source_report, counterfactual_report] = reports;
    let mut result = json!({
        "pair_id": pair.id,
        "source_report": source_report,
        "counterfactual_report": counterfactual_report,
    });
    if stream.chance(0.5) {
        result["source_id"] = blueprint.source_id(pair).into();
    }
    result
}

fn report(
    blueprint: &Blueprint,
    pair: &Pair,
    side: Side,
    picture: Picture,
    stream: &mut Stream,
) -> String {
    let answer = match stream.below(30) {
        0 => Answer::Refusal,
        1 => Answer::Partial,
        _ => Answer::Report(picture),
    };
    let names_person = stream.chance(0.5);
    let brief = Brief {
        answer,
        layout: *stream.pick(&Layout::ALL),
        person: names_person.then(|| blueprint.person(pair, side)),
        length: length(blueprint.plan.scale.short_report_bytes(), 1.0, stream),
    };
    reports::write(&brief, stream)
}

/// Five pairs of two sources: four of the first, two of which change, and one of the second. The change is 2/5; of the
/// resampled sources both are the first (1/2), one is (2/5) or none (0).
fn toy(blueprint: &Blueprint) -> Value {
    const REPORT: &str = "Findings: reduced disc height at L4-L5. Plan: physiotherapy.";
    const CHANGED: &str =
        "Findings: reduced disc height at L4-L5. Plan: physiotherapy. MRI is suggested.";
    let mut whole =
        blueprint.cohort.core().iter().filter(|source| source.passed == [true; Counts::EDITS]);
    let pairs: Vec<(&Source, _)> = whole
        .by_ref()
        .take(1)
        .flat_map(|source| source.passed_edits().map(move |edit| (source, edit)))
        .collect::<Vec<_>>()
        .into_iter()
        .chain(
            whole
                .take(1)
                .flat_map(|source| source.passed_edits().take(1).map(move |edit| (source, edit))),
        )
        .collect();
    let results: Vec<Value> = pairs
        .into_iter()
        .enumerate()
        .map(|(place, (source, edit))| {
            json!({
                "pair_id": source.pair_id(edit),
                "source_id": source.id,
                "source_report": REPORT,
                "counterfactual_report": if place == 1 || place == 3 { CHANGED } else { REPORT },
            })
        })
        .collect();
    submission("toy-model", "toy", &results)
}

fn template(blueprint: &Blueprint) -> Value {
    let pair = &blueprint.core_pairs[0];
    let result = json!({
        "pair_id": pair.id,
        "source_id": blueprint.source_id(pair),
        "source_report": "Replace this with the model's report on the source radiograph.",
        "counterfactual_report": "Replace this with the model's report on the counterfactual radiograph.",
        "metadata": {},
    });
    submission("your-model-name", "common-core-1000", &[result])
}

fn schema() -> Value {
    let text = json!({ "type": "string", "pattern": "\\S" });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "SpineFairBench submission",
        "type": "object",
        "required": ["schema_version", "scope", "model", "results"],
        "properties": {
            "schema_version": { "const": SCHEMA_VERSION },
            "scope": { "enum": ["common-core-1000", "all-model-intersection-2166", "qc-passed", "toy"] },
            "model": { "type": "object", "required": ["name"], "properties": { "name": text } },
            "results": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["pair_id", "source_report", "counterfactual_report"],
                    "properties": {
                        "pair_id": text,
                        "source_id": { "anyOf": [text, { "type": "null" }] },
                        "source_report": text,
                        "counterfactual_report": text,
                        "metadata": { "type": ["object", "null"] },
                    },
                },
            },
        },
    })
}
