//! The retained panels: every report of the nine models as a row of a JSON array.
//!
//! The rows stand in a random order, as the order of rows means nothing.

use rayon::prelude::*;
use serde::Serialize;
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_metrics::PairOutcome;
use spinefairbench_parsers::{ParsedReport, parse_report};

use crate::DemoError;
use crate::blueprint::{Blueprint, Side};
use crate::models::{Behaviour, models_of};
use crate::prng::{Purpose, Stream};
use crate::reports::{self, Brief};

/// Rows that one task renders: enough to outweigh the task.
pub(crate) const ROWS_PER_TASK: usize = 256;

/// A rendered panel.
pub(crate) struct RenderedPanel {
    pub(crate) bytes: Vec<u8>,
    /// By model of the panel, in the order of its manifest; then by core pair.
    pub(crate) outcomes: Vec<(&'static Behaviour, Vec<PairOutcome>)>,
}

/// Renders one of the two retained panels.
pub(crate) fn render(blueprint: &Blueprint, panel: Panel) -> Result<RenderedPanel, DemoError> {
    let models = models_of(panel);
    let n_pairs = blueprint.core_pairs.len();
    let mut order: Vec<usize> = (0..models.len() * n_pairs * 2).collect();
    Stream::keyed(blueprint.plan.seed, Purpose::RowOrder, &[panel as u64]).shuffle(&mut order);

    let tasks: Vec<(Vec<u8>, Vec<ParsedReport>)> = order
        .par_chunks(ROWS_PER_TASK)
        .map(|places| {
            let mut bytes = Vec::new();
            let mut reports = Vec::with_capacity(places.len());
            for &place in places {
                let (model, _) = models[place / (2 * n_pairs)];
                let side = Side::BOTH[place % 2];
                let text = text(blueprint, model, place / 2 % n_pairs, side);
                reports.push(parse_report(&text));
                push_row(&mut bytes, &row(blueprint, model, place / 2 % n_pairs, side, &text))?;
            }
            Ok((bytes, reports))
        })
        .collect::<Result<_, DemoError>>()?;

    let mut reports = vec![None; order.len()];
    for (&place, report) in order.iter().zip(tasks.iter().flat_map(|(_, reports)| reports)) {
        reports[place] = Some(*report);
    }
    let reports: Vec<ParsedReport> = reports.into_iter().flatten().collect();
    let outcomes = models
        .iter()
        .zip(reports.chunks_exact(2 * n_pairs))
        .map(|(&(_, behaviour), reports)| {
            let pairs = reports.chunks_exact(2);
            (
                behaviour,
                pairs
                    .map(|pair| PairOutcome { source: pair[0], counterfactual: pair[1] })
                    .collect(),
            )
        })
        .collect();
    Ok(RenderedPanel { bytes: array(tasks.into_iter().map(|(bytes, _)| bytes)), outcomes })
}

/// Appends a row and the separator of the next.
pub(crate) fn push_row(bytes: &mut Vec<u8>, row: &impl Serialize) -> Result<(), DemoError> {
    serde_json::to_writer(&mut *bytes, row)?;
    bytes.extend_from_slice(b",\n");
    Ok(())
}

/// A JSON array of rows that [`push_row`] wrote.
pub(crate) fn array(parts: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut bytes = b"[\n".to_vec();
    for part in parts {
        bytes.extend_from_slice(&part);
    }
    if bytes.ends_with(b",\n") {
        bytes.truncate(bytes.len() - 2);
    }
    bytes.extend_from_slice(b"\n]\n");
    bytes
}

/// The retained text of a model on one side of a core pair.
fn text(blueprint: &Blueprint, model: usize, pair: usize, side: Side) -> String {
    let behaviour = &crate::models::MODELS[model];
    let key = [model as u64, pair as u64, side as u64];
    let mut stream = Stream::keyed(blueprint.plan.seed, Purpose::Wording, &key);
    let answers = blueprint.retained[model][pair];
    let answer = match side {
        Side::Source => answers.source,
        Side::Counterfactual => answers.counterfactual,
    };
    let names_person = stream.chance(0.7);
    let brief = Brief {
        answer,
        layout: *stream.pick(behaviour.layouts),
        person: names_person.then(|| blueprint.person(&blueprint.core_pairs[pair], side)),
        length: length(blueprint.plan.scale.report_bytes(), behaviour.length, &mut stream),
    };
    reports::write(&brief, &mut stream)
}

/// A length around the typical one of a model: up to a fifth more or less.
pub(crate) fn length(typical: usize, factor: f64, stream: &mut Stream) -> usize {
    crate::decisions::share(factor * (0.8 + 0.4 * stream.unit()), typical)
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: usize,
    completion_tokens: usize,
}

#[derive(Serialize)]
struct Row<'a> {
    model: &'a str,
    requested_model: &'a str,
    pair_id: &'a str,
    pair_source_id: &'a str,
    image_role: &'static str,
    experiment_step: &'static str,
    prompt_variant: &'static str,
    image_path: String,
    response: &'a str,
    error: Option<&'a str>,
    latency_s: f64,
    usage: Usage,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<&'a str>,
}

fn row<'a>(
    blueprint: &'a Blueprint,
    model: usize,
    pair: usize,
    side: Side,
    text: &'a str,
) -> Row<'a> {
    let name = crate::models::MODELS[model].name;
    let key = [model as u64, pair as u64, side as u64];
    let mut stream = Stream::keyed(blueprint.plan.seed, Purpose::RowOrder, &key);
    let pair = &blueprint.core_pairs[pair];
    let source_id = blueprint.source_id(pair);
    let (image_role, image_path) = match side {
        Side::Source => ("source", format!("images/{source_id}_source.png")),
        Side::Counterfactual => ("generated", format!("images/{source_id}_{}.png", pair.edit)),
    };
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a few seconds")]
    let latency_s = (900 + stream.below(9000)) as f64 / 1000.0;
    Row {
        model: name,
        requested_model: name,
        pair_id: &pair.id,
        pair_source_id: source_id,
        image_role,
        experiment_step: "counterfactual",
        prompt_variant: "primary",
        image_path,
        response: text,
        error: None,
        latency_s,
        usage: Usage {
            prompt_tokens: 900 + stream.below(300),
            completion_tokens: text.len().div_ceil(4),
        },
        source_id: stream.chance(0.2).then_some(source_id),
    }
}
