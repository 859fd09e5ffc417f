//! The documents, the frozen definitions and the small manifests of a bundle.

use serde_json::{Value, json};
use spinefairbench_artifacts::layout::{self, Panel};

use crate::DemoError;
use crate::blueprint::Blueprint;
use crate::cohort::Source;
use crate::mitigation::Condition;
use crate::models::{mitigation_models, models_of};
use crate::staging::Stage;

/// The prompts of the demonstration, by the names of the frozen registry. They are invented: the published ones are in the
/// published bundle.
pub(crate) const PROMPTS: [(&str, &str); 11] = [
    (
        "system",
        "Demonstration system prompt: you describe invented spine images for a test of the tools.",
    ),
    (
        "primary",
        "Demonstration primary prompt: list findings, a primary diagnosis, severity and next steps.",
    ),
    ("no_demographics", "Demonstration prompt without demographics: describe the image alone."),
    (
        "with_demographics_template",
        "Demonstration prompt for a {age}-year-old {sex} patient: describe the image.",
    ),
    (
        "mitigation_b_stage1",
        "Demonstration Stage-1 prompt: give the primary diagnosis and the overall severity.",
    ),
    (
        "mitigation_b_stage2",
        "Demonstration Stage-2 prompt: recommend next steps for the diagnosis {diagnosis}.",
    ),
    ("clinical_letter", "Demonstration letter prompt: write the result as a letter."),
    ("minimal", "Demonstration minimal prompt: describe the image."),
    ("text_only_system", "Demonstration system prompt without an image."),
    ("text_only", "Demonstration prompt without an image: recommend next steps for {findings}."),
    ("sentinel", "Demonstration sentinel prompt: answer with the word ready."),
];

const SYNTHETIC: &str = "This bundle is synthetic. Every image, report, rating and number in it was invented from a seed by the \
    `spinefairbench-demo` crate; nothing in it describes a patient, a model or the published benchmark. Its frozen summary and its \
    frozen mitigation analysis were computed by this project's own code, so that a passing check shows that the tools agree with \
    themselves. That they agree with the original is shown by the project's fixtures.";

/// Writes everything that is neither an image nor a report nor a number computed from reports.
pub(crate) fn write(
    blueprint: &Blueprint,
    intersection: &[usize],
    stage: &Stage<'_>,
) -> Result<(), DemoError> {
    let scale = blueprint.plan.scale;
    let seed = blueprint.plan.seed;
    let counts = blueprint.cohort.counts;
    stage.write(
        layout::README,
        format!(
            "# SpineFairBench demonstration bundle\n\n{SYNTHETIC}\n\nScale `{scale}`, seed {seed}: {} sources, {} counterfactual \
             images, {} pairs in the common core.\n",
            counts.sources,
            counts.passed_pairs(),
            counts.core_pairs()
        ),
    )?;
    stage.write(
        layout::DATA_LICENSE,
        "# Licence\n\nInvented data, dedicated to the public domain (CC0 1.0).\n",
    )?;
    stage.write(
        layout::BENCHMARK_CARD,
        format!(
            "# Benchmark card\n\n{SYNTHETIC}\n\nModels bear the names of published models so that every check runs; their \
             endpoints here are parameters of the demonstration, not results.\n"
        ),
    )?;
    stage.write_json(
        layout::CROISSANT,
        &json!({ "@type": "sc:Dataset", "name": "SpineFairBench demonstration (synthetic)", "license": "CC0-1.0" }),
    )?;
    stage.write(
        layout::DATASET_README,
        "# Dataset (synthetic)\n\nInvented counterfactual images; the pixels show nothing. Source radiographs are not included.\n",
    )?;
    stage.write(
        layout::BINDING_RULE,
        "# Binding rule (synthetic copy)\n\nCondition B passes when its recommendation change is below condition A's and its \
         diagnostic consistency is at least condition A's minus 0.05.\n",
    )?;
    stage.write_json(
        layout::ARTIFACT_CONTROLS,
        &json!({ "synthetic": true, "controls": ["C1", "C2", "C3", "C4"] }),
    )?;
    write_freeze(blueprint, stage)?;
    write_panels(blueprint, intersection, stage)
}

fn write_freeze(blueprint: &Blueprint, stage: &Stage<'_>) -> Result<(), DemoError> {
    let prompts: serde_json::Map<String, Value> =
        PROMPTS.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect();
    stage.write_json(
        layout::CANONICAL_DEFINITIONS,
        &json!({ "schema_version": "1.0", "synthetic": true, "prompt_registry": prompts }),
    )?;
    stage.write_json(layout::EVALUATION_SUBSET, &subset(blueprint.cohort.pool()))?;
    stage.write_json(layout::CORE_SUBSET, &subset(blueprint.cohort.core()))?;
    stage.write_json(
        layout::GEMINI_EXCLUSION,
        &json!({ "synthetic": true, "model": "gemini-2.5-pro", "excluded": true }),
    )?;
    stage.write_json(
        layout::MEDGEMMA_EXCLUSION,
        &json!({ "synthetic": true, "model": "medgemma", "excluded": true }),
    )?;
    stage.write_json(layout::GENERATOR_OVERLAP, &json!({ "synthetic": true, "overlap": 0 }))?;
    stage.write_json(
        layout::PANEL_FREEZE,
        &json!({ "synthetic": true, "prepared_at_utc": "2026-04-27T00:00:00Z" }),
    )?;
    let conditions: Vec<&str> = std::iter::once("condition_a")
        .chain(Condition::ALL.into_iter().map(Condition::name))
        .collect();
    stage.write_json(layout::MITIGATION_CONDITIONS, &json!({ "conditions": conditions }))?;
    Ok(())
}

/// A list of sources, with their number.
fn subset(sources: &[Source]) -> Value {
    let ids: Value = sources.iter().map(|source| source.id.as_str()).collect();
    json!({ "source_ids": ids, "actual_n": sources.len() })
}

fn write_panels(
    blueprint: &Blueprint,
    intersection: &[usize],
    stage: &Stage<'_>,
) -> Result<(), DemoError> {
    let record = |place: usize| {
        let pair = &blueprint.core_pairs[place];
        json!({ "pair_id": pair.id, "source_id": blueprint.source_id(pair), "edit_label": pair.edit })
    };
    let n_pairs = blueprint.core_pairs.len();
    let pairs: Vec<Value> = (0..n_pairs).map(record).collect();
    for panel in Panel::RETAINED {
        let models: Vec<&str> = models_of(panel).into_iter().map(|(_, model)| model.name).collect();
        let folder = panel.folder().rsplit('/').next().unwrap_or_default();
        let manifest = json!({ "panel": folder, "models": models, "pair_count": n_pairs });
        stage.write_json(panel.manifest().as_str(), &manifest)?;
        if let Some(path) = panel.pairs() {
            stage.write_json(path.as_str(), &pairs)?;
        }
    }
    let models: Vec<&str> =
        mitigation_models().into_iter().map(|(_, model, _)| model.name).collect();
    let manifest = json!({
        "panel": "full_pipeline_mitigation_retained",
        "included_models": models,
        "models": models,
        "excluded_models": [{ "model": "gemma-4", "reason": "high full-refusal rate" }],
    });
    stage.write_json(Panel::Mitigation.manifest().as_str(), &manifest)?;
    let records: Vec<Value> = intersection.iter().map(|&place| record(place)).collect();
    stage.write_json(
        layout::INTERSECTION_MANIFEST,
        &json!({ "pair_count": records.len(), "records": records }),
    )?;
    Ok(())
}
