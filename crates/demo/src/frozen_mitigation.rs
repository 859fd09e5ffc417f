//! The frozen files of the mitigation analysis, by the rules of the analysis.
//!
//! Parsing confidence, condition counts, summary and table follow from what the frozen parsers found in each answer of conditions
//! A, B, B′ and D, and have the shapes of the release.

use std::collections::BTreeMap;

use csv::Terminator;
use serde::Serialize;
use serde_json::{Value, json};
use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_bootstrap::{
    Clusters, Iterations, Task, clustered_intervals, cohens_dz, pairwise_sum, wilcoxon,
};
use spinefairbench_metrics::PairOutcome;
use spinefairbench_parsers::{ParsedReport, ResponseClass};

use crate::DemoError;
use crate::blueprint::Blueprint;
use crate::frozen_summary::plan;
use crate::mitigation::STAGE1_SAMPLE;
use crate::mitigation_rows::{ModelOutcome, SideOutcome, Taxonomy};
use crate::models::models_of;
use crate::radiologist::table;
use crate::staging::Stage;

/// A condition of the analysis with the base of its seeds: both endpoints draw with the base, the two differences to A
/// with the base + 2 and + 3.
const CONDITIONS: [(&str, u64); 4] =
    [("condition_a", 101), ("condition_b", 200), ("condition_bprime", 210), ("condition_d", 220)];
/// How much label consistency a condition may lose against A.
const GUARDRAIL: f64 = 0.05;

/// The gate's verdict on a model.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Gate {
    sample_size: usize,
    stage1_diag_pass_count: usize,
    stage1_diag_pass_rate: f64,
    decision: &'static str,
}

/// Statistics of one model in one condition.
#[derive(Debug, Clone, Default, Serialize)]
struct Statistics {
    rec_change: f64,
    rec_change_ci: [f64; 2],
    diag_consistency: f64,
    diag_consistency_ci: [f64; 2],
    n_pairs: usize,
    full_refusals: usize,
    partial_refusals: usize,
    #[serde(flatten)]
    against_a: Option<Differences>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b_rule_pass: Option<bool>,
}

/// Differences of a condition to A.
#[derive(Debug, Clone, Serialize)]
struct Differences {
    delta_rec: f64,
    delta_rec_ci: [f64; 2],
    delta_diag: f64,
    delta_diag_ci: [f64; 2],
    wilcoxon_p_rec: f64,
    wilcoxon_p_diag: f64,
    cohens_dz_rec: f64,
    cohens_dz_diag: f64,
    diag_preserved_within_guardrail: bool,
}

/// The outcome that the release description states.
pub(crate) struct MitigationOutcome {
    pub(crate) included: Vec<&'static str>,
    pub(crate) excluded_full: Vec<&'static str>,
}

/// Writes the frozen files.
pub(crate) fn write(
    blueprint: &Blueprint,
    retained: &BTreeMap<&'static str, Vec<PairOutcome>>,
    models: &[ModelOutcome],
    stage: &Stage<'_>,
) -> Result<MitigationOutcome, DemoError> {
    let gates: BTreeMap<&'static str, Gate> =
        models.iter().map(|model| (model.name, gate(model))).collect();
    stage.write_json(layout::PARSING_CONFIDENCE, &gates)?;
    write_samples(models, stage)?;

    let condition_a: BTreeMap<&'static str, Vec<[SideOutcome; 2]>> = models_of(Panel::Full)
        .into_iter()
        .filter_map(|(_, model)| {
            Some((model.name, retained.get(model.name)?.iter().map(sides_of).collect()))
        })
        .collect();
    stage.write_json(layout::MITIGATION_COUNTS, &condition_counts(&condition_a, models))?;

    let included: Vec<&ModelOutcome> =
        models.iter().filter(|model| gates[model.name].decision != "excluded_full").collect();
    let mut statistics: BTreeMap<&'static str, [Statistics; 4]> = BTreeMap::new();
    for model in &included {
        if let Some(condition_a) = condition_a.get(model.name) {
            let [b, bprime, d] = &model.conditions;
            statistics.insert(model.name, analyse(blueprint, [condition_a, b, bprime, d])?);
        }
    }
    stage.write_json(layout::MITIGATION_SUMMARY, &summary(&gates, &statistics))?;
    stage.write(layout::MITIGATION_TABLE, table_file(&statistics)?)?;
    let names = |decision: &str| {
        gates.iter().filter(|(_, gate)| gate.decision == decision).map(|(name, _)| *name).collect()
    };
    Ok(MitigationOutcome { included: names("included"), excluded_full: names("excluded_full") })
}

/// The share of the first files by name that parse, and what follows from it.
fn gate(model: &ModelOutcome) -> Gate {
    let sample: Vec<bool> =
        model.stage1.iter().flatten().take(STAGE1_SAMPLE).map(|file| file.passes).collect();
    let passing = sample.iter().filter(|&&passes| passes).count();
    #[expect(clippy::cast_precision_loss, reason = "at most 200")]
    let rate = passing as f64 / sample.len() as f64;
    let decision = if rate < 0.85 {
        "excluded_full"
    } else if rate < 0.95 {
        "excluded_diag_only"
    } else {
        "included"
    };
    Gate {
        sample_size: sample.len(),
        stage1_diag_pass_count: passing,
        stage1_diag_pass_rate: rate,
        decision,
    }
}

/// The two manifests of the files that the gate read.
fn write_samples(models: &[ModelOutcome], stage: &Stage<'_>) -> Result<(), DemoError> {
    let names = |model: &ModelOutcome| -> Vec<String> {
        model
            .stage1
            .iter()
            .flatten()
            .take(STAGE1_SAMPLE)
            .map(|file| file.file_name.clone())
            .collect()
    };
    let sample: BTreeMap<&str, Vec<String>> =
        models.iter().map(|model| (model.name, names(model))).collect();
    let trace: BTreeMap<&str, Value> = sample
        .iter()
        .map(|(model, names)| {
            let paths: Vec<String> =
                names.iter().map(|name| format!("stage1_outputs/{model}/{name}")).collect();
            (*model, json!({ "sample_files_first_200": paths }))
        })
        .collect();
    stage.write_json(layout::CONFIDENCE_SAMPLE, &json!({ "models": sample }))?;
    stage.write_json(layout::STAGE1_TRACE, &json!({ "models": trace }))?;
    Ok(())
}

/// Both sides of a pair in condition A: everything from the report itself.
fn sides_of(outcome: &PairOutcome) -> [SideOutcome; 2] {
    let side = |report: &ParsedReport| SideOutcome {
        taxonomy: Taxonomy::Response(report.response_class),
        recommendations: report.recommendations,
        labels: report.labels,
    };
    [side(&outcome.source), side(&outcome.counterfactual)]
}

fn is_usable(pair: &[SideOutcome; 2]) -> bool {
    pair.iter().all(|side| side.taxonomy.is_usable())
}

fn condition_counts(
    condition_a: &BTreeMap<&'static str, Vec<[SideOutcome; 2]>>,
    models: &[ModelOutcome],
) -> BTreeMap<&'static str, BTreeMap<&'static str, BTreeMap<&'static str, usize>>> {
    let mut counts = BTreeMap::new();
    counts.insert(
        CONDITIONS[0].0,
        condition_a.iter().map(|(model, pairs)| (*model, count(pairs))).collect(),
    );
    for (place, (name, _)) in CONDITIONS[1..].iter().enumerate() {
        let of_models =
            models.iter().map(|model| (model.name, count(&model.conditions[place]))).collect();
        counts.insert(*name, of_models);
    }
    counts
}

fn count(pairs: &[[SideOutcome; 2]]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for pair in pairs {
        for side in pair {
            *counts.entry(side.taxonomy.name()).or_default() += 1;
        }
        *counts
            .entry(if is_usable(pair) { "pair_usable" } else { "pair_excluded" })
            .or_default() += 1;
    }
    counts
}

/// The statistics of one model: its four conditions over the pairs that are usable in all of them.
fn analyse(
    blueprint: &Blueprint,
    conditions: [&Vec<[SideOutcome; 2]>; 4],
) -> Result<[Statistics; 4], DemoError> {
    let aligned: Vec<usize> = (0..blueprint.core_pairs.len())
        .filter(|&place| conditions.iter().all(|pairs| is_usable(&pairs[place])))
        .collect();
    let clusters = Clusters::new(
        aligned.iter().map(|&place| blueprint.source_id(&blueprint.core_pairs[place])),
    );
    let values = |pairs: &[[SideOutcome; 2]]| -> [Vec<f64>; 2] {
        let recommendation = |[source, other]: &[SideOutcome; 2]| {
            f64::from(u8::from(source.recommendations != other.recommendations))
        };
        let diagnosis = |[source, other]: &[SideOutcome; 2]| source.labels.jaccard(other.labels);
        [
            aligned.iter().map(|&place| recommendation(&pairs[place])).collect(),
            aligned.iter().map(|&place| diagnosis(&pairs[place])).collect(),
        ]
    };
    let interval = |values: &[f64], seed: u64| -> Result<[f64; 2], DemoError> {
        let intervals = clustered_intervals(&[Task { values, clusters: &clusters }], &plan(seed))?;
        Ok([intervals[0].lower, intervals[0].upper])
    };

    let of_a = values(conditions[0]);
    let mut all: [Statistics; 4] = Default::default();
    for (place, (&pairs, (_, base))) in conditions.iter().zip(CONDITIONS).enumerate() {
        let [recommendation, diagnosis] = values(pairs);
        let refusals = |class: ResponseClass| {
            pairs.iter().flatten().filter(|side| side.taxonomy == Taxonomy::Response(class)).count()
        };
        all[place] = Statistics {
            rec_change: mean(&recommendation),
            rec_change_ci: interval(&recommendation, base)?,
            diag_consistency: mean(&diagnosis),
            diag_consistency_ci: interval(&diagnosis, base)?,
            n_pairs: aligned.len(),
            full_refusals: refusals(ResponseClass::FullRefusal),
            partial_refusals: refusals(ResponseClass::PartialRefusal),
            against_a: None,
            b_rule_pass: None,
        };
        if place == 0 {
            continue;
        }
        let delta_rec = differences(&recommendation, &of_a[0]);
        let delta_diag = differences(&diagnosis, &of_a[1]);
        let preserved = all[place].diag_consistency >= all[0].diag_consistency - GUARDRAIL;
        all[place].against_a = Some(Differences {
            delta_rec: mean(&delta_rec),
            delta_rec_ci: interval(&delta_rec, base + 2)?,
            delta_diag: mean(&delta_diag),
            delta_diag_ci: interval(&delta_diag, base + 3)?,
            wilcoxon_p_rec: wilcoxon(&recommendation, &of_a[0])?.p_value,
            wilcoxon_p_diag: wilcoxon(&diagnosis, &of_a[1])?.p_value,
            cohens_dz_rec: cohens_dz(&recommendation, &of_a[0])?,
            cohens_dz_diag: cohens_dz(&diagnosis, &of_a[1])?,
            diag_preserved_within_guardrail: preserved,
        });
        if place == 1 {
            all[place].b_rule_pass = Some(all[place].rec_change < all[0].rec_change && preserved);
        }
    }
    Ok(all)
}

/// NumPy's mean.
fn mean(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand pairs")]
    let count = values.len() as f64;
    pairwise_sum(values) / count
}

fn differences(values: &[f64], of_a: &[f64]) -> Vec<f64> {
    values.iter().zip(of_a).map(|(value, of_a)| value - of_a).collect()
}

fn summary(gates: &BTreeMap<&str, Gate>, statistics: &BTreeMap<&str, [Statistics; 4]>) -> Value {
    let models: BTreeMap<&str, BTreeMap<&str, &Statistics>> = statistics
        .iter()
        .map(|(model, conditions)| {
            (*model, CONDITIONS.iter().map(|(name, _)| *name).zip(conditions).collect())
        })
        .collect();
    let mut tests = BTreeMap::new();
    for (model, conditions) in statistics {
        for ((condition, _), statistics) in CONDITIONS.iter().zip(conditions) {
            if let Some(differences) = &statistics.against_a {
                tests.insert(
                    format!("{model}:{condition}:recommendation"),
                    differences.wilcoxon_p_rec,
                );
                tests
                    .insert(format!("{model}:{condition}:diagnostic"), differences.wilcoxon_p_diag);
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a dozen tests")]
    let alpha = 0.05 / tests.len() as f64;
    let tests: BTreeMap<String, Value> = tests
        .into_iter()
        .map(|(name, p)| {
            (name, json!({ "p_value": p, "alpha_adj": alpha, "significant": p < alpha }))
        })
        .collect();
    let rule = |passes: bool| -> Vec<&str> {
        statistics
            .iter()
            .filter(|(_, all)| all[1].b_rule_pass == Some(passes))
            .map(|(model, _)| *model)
            .collect()
    };
    let mut excluded = vec![json!({ "model": "gemma-4", "reason": "high full-refusal rate" })];
    excluded.extend(gates.iter().filter(|(_, gate)| gate.decision == "excluded_full").map(
        |(model, _)| json!({ "model": model, "reason": "stage1 diagnosis parsing confidence below 85%" }),
    ));
    json!({
        "synthetic": true,
        "scope": "common_core_1000",
        "counterfactual_source_panel": Panel::Full.results().as_str(),
        "mitigation_source_panel": Panel::Mitigation.results().as_str(),
        "bootstrap_iterations": Iterations::PUBLISHED.get(),
        "included_models": statistics.keys().collect::<Vec<_>>(),
        "excluded_models": excluded,
        "parsing_confidence": gates,
        "models": models,
        "multiple_testing": {
            "method": "bonferroni",
            "family_size": tests.len(),
            "alpha_adj": alpha,
            "tests": tests,
        },
        "rule_summary": { "models_with_b_rule_pass": rule(true), "models_with_b_rule_fail": rule(false) },
    })
}

fn table_file(statistics: &BTreeMap<&str, [Statistics; 4]>) -> Result<Vec<u8>, DemoError> {
    const HEADER: [&str; 19] = [
        "model",
        "condition",
        "n_pairs",
        "rec_change",
        "rec_change_ci_low",
        "rec_change_ci_high",
        "diag_consistency",
        "diag_consistency_ci_low",
        "diag_consistency_ci_high",
        "full_refusals",
        "partial_refusals",
        "delta_rec",
        "delta_diag",
        "wilcoxon_p_rec",
        "wilcoxon_p_diag",
        "cohens_dz_rec",
        "cohens_dz_diag",
        "diag_preserved_within_guardrail",
        "b_rule_pass",
    ];
    let mut rows: Vec<[String; 19]> = Vec::new();
    for (model, conditions) in statistics {
        for ((condition, _), of) in CONDITIONS.iter().zip(conditions) {
            let against = |field: fn(&Differences) -> f64| {
                of.against_a
                    .as_ref()
                    .map_or_else(String::new, |differences| number(field(differences)))
            };
            rows.push([
                (*model).to_owned(),
                (*condition).to_owned(),
                of.n_pairs.to_string(),
                number(of.rec_change),
                number(of.rec_change_ci[0]),
                number(of.rec_change_ci[1]),
                number(of.diag_consistency),
                number(of.diag_consistency_ci[0]),
                number(of.diag_consistency_ci[1]),
                of.full_refusals.to_string(),
                of.partial_refusals.to_string(),
                against(|differences| differences.delta_rec),
                against(|differences| differences.delta_diag),
                against(|differences| differences.wilcoxon_p_rec),
                against(|differences| differences.wilcoxon_p_diag),
                against(|differences| differences.cohens_dz_rec),
                against(|differences| differences.cohens_dz_diag),
                boolean(
                    of.against_a
                        .as_ref()
                        .map(|differences| differences.diag_preserved_within_guardrail),
                ),
                boolean(of.b_rule_pass),
            ]);
        }
    }
    let rows: Vec<[&str; 19]> = rows.iter().map(|row| row.each_ref().map(String::as_str)).collect();
    table(&HEADER, &rows, Terminator::Any(b'\n'))
}

/// A float as Python prints it: with a point or an exponent, the shortest that reads back the same.
fn number(value: f64) -> String {
    format!("{value:?}")
}

/// A boolean as Python prints it, nothing if there is none.
fn boolean(value: Option<bool>) -> String {
    match value {
        Some(true) => "True".to_owned(),
        Some(false) => "False".to_owned(),
        None => String::new(),
    }
}
