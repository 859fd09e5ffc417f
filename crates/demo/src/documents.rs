//! The documents, the frozen definitions and the small manifests of a bundle.

use serde_json::{Value, json};
use spinefairbench_artifacts::layout::{self, Panel};

use crate::DemoError;
use crate::blueprint::Blueprint;
use crate::cohort::Source;
use crate::decisions::true_labels;
use crate::mitigation::Condition;
use crate::models::{mitigation_models, models_of};
use crate::phrases::LabelMask;
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
    write_panels(blueprint, intersection, stage)?;
    stage.write_json(layout::CROISSANT, &croissant(stage))?;
    Ok(())
}

/// The description of the dataset in the Croissant format (1.0), with the files that a reader starts from.
fn croissant(stage: &Stage<'_>) -> Value {
    let files = [
        (layout::QC_PASSED_PAIRS, "application/jsonlines"),
        (layout::QC_METADATA, "application/jsonlines"),
        (layout::SOURCE_METADATA, "application/json"),
        (layout::RELEASE_MANIFEST, "application/json"),
        (layout::CORE_SUMMARY, "application/json"),
        (layout::CORE_SUBSET, "application/json"),
        (layout::INTERSECTION_MANIFEST, "application/json"),
    ];
    let distribution: Vec<Value> = files
        .into_iter()
        .filter_map(|(path, format)| {
            let written = stage.written(path)?;
            Some(json!({
                "@type": "cr:FileObject",
                "@id": path,
                "name": path,
                "contentUrl": path,
                "contentSize": format!("{} B", written.bytes),
                "encodingFormat": format,
                "sha256": written.digest,
            }))
        })
        .collect();
    json!({
        "@context": {
            "@language": "en",
            "@vocab": "https://schema.org/",
            "citeAs": "cr:citeAs",
            "column": "cr:column",
            "conformsTo": "dct:conformsTo",
            "cr": "http://mlcommons.org/croissant/",
            "data": { "@id": "cr:data", "@type": "@json" },
            "dataType": { "@id": "cr:dataType", "@type": "@vocab" },
            "dct": "http://purl.org/dc/terms/",
            "equivalentProperty": "cr:equivalentProperty",
            "examples": { "@id": "cr:examples", "@type": "@json" },
            "extract": "cr:extract",
            "field": "cr:field",
            "fileObject": "cr:fileObject",
            "fileProperty": "cr:fileProperty",
            "fileSet": "cr:fileSet",
            "format": "cr:format",
            "includes": "cr:includes",
            "isLiveDataset": "cr:isLiveDataset",
            "jsonPath": "cr:jsonPath",
            "key": "cr:key",
            "md5": "cr:md5",
            "parentField": "cr:parentField",
            "path": "cr:path",
            "rai": "http://mlcommons.org/croissant/RAI/",
            "recordSet": "cr:recordSet",
            "references": "cr:references",
            "regex": "cr:regex",
            "repeated": "cr:repeated",
            "replace": "cr:replace",
            "samplingRate": "cr:samplingRate",
            "sc": "https://schema.org/",
            "separator": "cr:separator",
            "source": "cr:source",
            "subField": "cr:subField",
            "transform": "cr:transform",
        },
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "SpineFairBench demonstration (synthetic)",
        "description": SYNTHETIC,
        "license": "https://creativecommons.org/publicdomain/zero/1.0/",
        "url": "https://github.com/ahmedtaha100/SpineFairBench",
        "version": "1.0.0",
        "datePublished": "2026-04-27",
        "citeAs": "SpineFairBench demonstration bundle, synthetic",
        "creator": { "@type": "sc:Organization", "name": "SpineFairBench for Rust" },
        "distribution": distribution,
    })
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
    // One row for each source of the pool, with its labels by their places in the frozen table.
    let sources: Vec<Value> = blueprint
        .cohort
        .pool()
        .iter()
        .enumerate()
        .map(|(place, source)| {
            let labels = true_labels(blueprint.plan.seed, place);
            let labels: Vec<u32> =
                (0..LabelMask::BITS).filter(|bit| labels & (1 << bit) != 0).collect();
            json!({ "source_id": source.id, "pathology_labels": labels })
        })
        .collect();
    for panel in Panel::RETAINED {
        let models: Vec<&str> = models_of(panel).into_iter().map(|(_, model)| model.name).collect();
        let folder = panel.folder().rsplit('/').next().unwrap_or_default();
        let manifest = json!({ "panel": folder, "models": models, "pair_count": n_pairs });
        stage.write_json(panel.manifest().as_str(), &manifest)?;
        if let Some(path) = panel.pairs() {
            stage.write_json(path.as_str(), &sources)?;
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
