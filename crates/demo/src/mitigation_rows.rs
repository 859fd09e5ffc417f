//! The mitigation panel: Stage-1 files, rows of the conditions B, B′ and D, and the files that rows point to.
//!
//! What the frozen parsers find in each answer is read as the mitigation analysis reads it (text from the row, from a raw file or
//! from a rewrite; labels from the Stage-1 diagnosis).

use rayon::prelude::*;
use serde::Serialize;
use serde_json::json;
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_parsers::{
    LabelSet, RecommendationSet, ResponseClass, diagnostic_labels, recommendations, response_class,
    stage1_primary_diagnosis,
};

use crate::DemoError;
use crate::blueprint::{Blueprint, MitigationPart, Side};
use crate::mitigation::{Condition, Response, Sidecar};
use crate::panel_rows::{ROWS_PER_TASK, array, length, push_row};
use crate::prng::{Purpose, Stream};
use crate::reports::{self, Answer, Brief, Layout, Picture};
use crate::stage1;
use crate::staging::Stage;

/// What the analysis calls an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Taxonomy {
    ApiFailure,
    ParseFailure,
    Response(ResponseClass),
}

impl Taxonomy {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiFailure => "api_failure",
            Self::ParseFailure => "parse_failure",
            Self::Response(class) => class.as_str(),
        }
    }

    /// Whether a pair with such a side enters the analysis.
    pub(crate) fn is_usable(self) -> bool {
        matches!(self, Self::Response(ResponseClass::Genuine | ResponseClass::PartialRefusal))
    }
}

/// One side of a pair in one condition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SideOutcome {
    pub(crate) taxonomy: Taxonomy,
    pub(crate) recommendations: RecommendationSet,
    pub(crate) labels: LabelSet,
}

/// One written Stage-1 file.
pub(crate) struct Stage1Outcome {
    pub(crate) file_name: String,
    pub(crate) passes: bool,
    /// The labels of its primary diagnosis, if it has one.
    pub(crate) labels: Option<LabelSet>,
}

/// What was written for one model.
pub(crate) struct ModelOutcome {
    pub(crate) name: &'static str,
    /// Source and counterfactual of every attempted core pair.
    pub(crate) stage1: Vec<[Stage1Outcome; 2]>,
    /// By condition, then by core pair.
    pub(crate) conditions: [Vec<[SideOutcome; 2]>; 3],
}

/// Writes the panel.
pub(crate) fn write(
    blueprint: &Blueprint,
    stage: &Stage<'_>,
) -> Result<Vec<ModelOutcome>, DemoError> {
    let mut models = Vec::with_capacity(blueprint.mitigation.len());
    for part in &blueprint.mitigation {
        let stage1 = write_stage1(blueprint, part, stage)?;
        models.push(ModelOutcome {
            name: part.behaviour.name,
            stage1,
            conditions: [const { Vec::new() }; 3],
        });
    }
    let n_pairs = blueprint.core_pairs.len();
    let n_conditions = Condition::ALL.len();
    let mut order: Vec<usize> = (0..models.len() * n_conditions * n_pairs * 2).collect();
    Stream::keyed(blueprint.plan.seed, Purpose::RowOrder, &[Panel::Mitigation as u64])
        .shuffle(&mut order);
    let tasks: Vec<(Vec<u8>, Vec<SideOutcome>)> = order
        .par_chunks(ROWS_PER_TASK)
        .map(|places| {
            let mut bytes = Vec::new();
            let mut outcomes = Vec::with_capacity(places.len());
            for &place in places {
                let model = place / (2 * n_pairs * n_conditions);
                let row = RowPlace {
                    blueprint,
                    part: &blueprint.mitigation[model],
                    stage1: &models[model].stage1,
                    condition: Condition::ALL[place / (2 * n_pairs) % n_conditions],
                    pair: place / 2 % n_pairs,
                    side: Side::BOTH[place % 2],
                };
                outcomes.push(row.write(stage, &mut bytes)?);
            }
            Ok((bytes, outcomes))
        })
        .collect::<Result<_, DemoError>>()?;

    let mut sides = vec![None; order.len()];
    for (&place, outcome) in order.iter().zip(tasks.iter().flat_map(|(_, outcomes)| outcomes)) {
        sides[place] = Some(*outcome);
    }
    let sides: Vec<SideOutcome> = sides.into_iter().flatten().collect();
    let mut blocks = sides.chunks_exact(2 * n_pairs);
    for model in &mut models {
        for (condition, block) in model.conditions.iter_mut().zip(&mut blocks) {
            *condition = block.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        }
    }
    stage.write(
        Panel::Mitigation.results().as_str(),
        array(tasks.into_iter().map(|(bytes, _)| bytes)),
    )?;
    Ok(models)
}

fn write_stage1(
    blueprint: &Blueprint,
    part: &MitigationPart,
    stage: &Stage<'_>,
) -> Result<Vec<[Stage1Outcome; 2]>, DemoError> {
    let folder = format!("{}/stage1_outputs/{}", Panel::Mitigation.folder(), part.behaviour.name);
    part.stage1
        .par_iter()
        .zip(&blueprint.attempted_core_pairs)
        .enumerate()
        .map(|(index, (files, pair))| {
            let write = |side: Side| -> Result<Stage1Outcome, DemoError> {
                let file = files[side as usize];
                let place = 2 * index + side as usize;
                let key = [part.model as u64, place as u64];
                let text = stage1::text(
                    file,
                    &mut Stream::keyed(blueprint.plan.seed, Purpose::Stage1, &key),
                );
                let stem = format!("{place:05}__{}__{}", pair.id, role(side));
                stage.write(&format!("{folder}/{stem}.txt"), &text)?;
                stage.write(&format!("{folder}/{stem}.validation.json"), stage1::sidecar(file))?;
                let labels =
                    stage1_primary_diagnosis(&text).map(|diagnosis| diagnostic_labels(&diagnosis));
                let passes = file.sidecar == Sidecar::Clean && labels.is_some();
                Ok(Stage1Outcome { file_name: format!("{stem}.txt"), passes, labels })
            };
            Ok([write(Side::Source)?, write(Side::Counterfactual)?])
        })
        .collect()
}

const fn role(side: Side) -> &'static str {
    match side {
        Side::Source => "source",
        Side::Counterfactual => "counterfactual",
    }
}

#[derive(Serialize)]
struct Row<'a> {
    model: &'a str,
    requested_model: &'a str,
    pair_id: &'a str,
    pair_source_id: &'a str,
    image_role: &'static str,
    experiment_step: &'static str,
    stage1_output_path: String,
    response: String,
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_output_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage2_5_rewrite_path: Option<String>,
}

/// One row of the panel, before it is written.
struct RowPlace<'a> {
    blueprint: &'a Blueprint,
    part: &'a MitigationPart,
    stage1: &'a [[Stage1Outcome; 2]],
    condition: Condition,
    pair: usize,
    side: Side,
}

impl RowPlace<'_> {
    /// Writes the row, and the file that it points to if there is one.
    fn write(&self, stage: &Stage<'_>, bytes: &mut Vec<u8>) -> Result<SideOutcome, DemoError> {
        let pair = &self.blueprint.core_pairs[self.pair];
        let model = self.part.behaviour.name;
        let folder = Panel::Mitigation.folder();
        let stem = format!("{}__{}", pair.id, role(self.side));
        let stage1 = &self.stage1[self.blueprint.attempted_places[self.pair]][self.side as usize];
        let mut row = Row {
            model,
            requested_model: model,
            pair_id: &pair.id,
            pair_source_id: self.blueprint.source_id(pair),
            image_role: role(self.side),
            experiment_step: self.condition.step(),
            stage1_output_path: format!("{folder}/stage1_outputs/{model}/{}", stage1.file_name),
            response: String::new(),
            error: None,
            failure_code: None,
            raw_output_path: None,
            stage2_5_rewrite_path: None,
        };
        let mut text = String::new();
        match self.part.responses[self.condition as usize][self.pair][self.side as usize] {
            Response::Inline(answer) => {
                text = self.text(answer, 0);
                row.response.clone_from(&text);
            }
            Response::RawFile(answer) => {
                text = self.text(answer, 0);
                let path = format!("{folder}/raw/{model}/{}-{stem}.txt", self.condition.step());
                stage.write(&path, &text)?;
                row.raw_output_path = Some(path);
            }
            Response::Rewrite(answer) => {
                text = self.text(answer, 0);
                row.response = self.text(answer, 1);
                let path = format!("{folder}/rewrites/{model}/{stem}.json");
                stage.write_json(&path, &json!({ "rewritten_output": text }))?;
                row.stage2_5_rewrite_path = Some(path);
            }
            Response::Error => row.error = Some("timeout"),
            Response::Failure => row.failure_code = Some("http_500"),
            Response::Blank => {}
        }
        push_row(bytes, &row)?;
        let failed = row.error.is_some() || row.failure_code.is_some();
        Ok(outcome(&text, failed, stage1.labels))
    }

    /// The text of an answer; drafts differ in their wording.
    fn text(&self, answer: Answer, draft: u64) -> String {
        let key = [
            self.part.model as u64,
            self.condition as u64,
            self.pair as u64,
            self.side as u64,
            draft,
        ];
        let mut stream = Stream::keyed(self.blueprint.plan.seed, Purpose::MitigationWording, &key);
        let pair = &self.blueprint.core_pairs[self.pair];
        let place = self.blueprint.attempted_places[self.pair];
        // The later stages see the Stage-1 diagnosis alone, and so does the picture that they describe.
        let answer = match answer {
            Answer::Report(picture) => {
                let finding = self.part.stage1[place][self.side as usize].finding;
                Answer::Report(Picture {
                    findings: finding.map_or(0, |finding| 1 << finding as u16),
                    ..picture
                })
            }
            other => other,
        };
        // Condition B′ tells the model not to mention the person.
        let names_person = self.condition != Condition::BPrime && stream.chance(0.4);
        let brief = Brief {
            answer,
            layout: *stream.pick(&Layout::ALL),
            person: names_person.then(|| self.blueprint.person(pair, self.side)),
            length: length(self.blueprint.plan.scale.short_report_bytes(), 1.0, &mut stream),
        };
        reports::write(&brief, &mut stream)
    }
}

/// What the analysis makes of a side.
fn outcome(text: &str, failed: bool, labels: Option<LabelSet>) -> SideOutcome {
    let mut taxonomy = if failed {
        Taxonomy::ApiFailure
    } else if text.is_empty() {
        Taxonomy::ParseFailure
    } else {
        Taxonomy::Response(response_class(text))
    };
    if labels.is_none() {
        taxonomy = Taxonomy::ParseFailure;
    }
    SideOutcome {
        taxonomy,
        recommendations: recommendations(text),
        labels: labels.unwrap_or_default(),
    }
}
