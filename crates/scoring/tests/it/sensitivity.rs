//! Every row of the sensitivity table, recomputed from the texts on the mini bundle with sets of names.

#![allow(clippy::cast_precision_loss, reason = "tests count little")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_parsers::{
    ResponseClass, diagnostic_labels, diagnostic_labels_strict, negation, recommendations,
    response_class,
};
use spinefairbench_scoring::retained::read_models;
use spinefairbench_scoring::score::{Coverage, score};
use spinefairbench_scoring::score_file::ScoreFile;
use spinefairbench_scoring::sensitivity::{
    AuditedPair, AuditedReport, NoUsablePair, PanelSensitivity, Sensitivity, SensitivityFile,
    Variant, panel_sensitivity, sensitivity,
};
use spinefairbench_scoring::submission;

use crate::bundle::{file, index, mini};
use crate::compare::plan;

const SUBMISSIONS: [&str; 4] = [
    "metrics/toy_submission.json",
    "metrics/core_submission.json",
    "metrics/intersection_submission.json",
    "metrics/qc_submission.json",
];

type Names = BTreeSet<&'static str>;

/// A pair as text, with its id.
#[derive(Debug, Clone)]
struct Texts {
    pair_id: String,
    source: String,
    counterfactual: String,
}

impl Texts {
    fn source_id(&self) -> &str {
        self.pair_id.split("__").next().unwrap()
    }

    fn sets(&self, read: fn(&str) -> Names) -> (Names, Names) {
        (read(&self.source), read(&self.counterfactual))
    }

    fn audited(&self) -> AuditedPair {
        AuditedPair::from_texts(
            self.pair_id.parse().unwrap(),
            self.source_id().parse().unwrap(),
            &self.source,
            &self.counterfactual,
        )
    }
}

fn texts(path: &str) -> Vec<Texts> {
    let submission: Value = serde_json::from_slice(&file(path)).unwrap();
    let text = |result: &Value, field: &str| result[field].as_str().unwrap().to_owned();
    let results = submission["results"].as_array().unwrap();
    let mut texts: Vec<Texts> = results
        .iter()
        .map(|result| Texts {
            pair_id: text(result, "pair_id"),
            source: text(result, "source_report"),
            counterfactual: text(result, "counterfactual_report"),
        })
        .collect();
    texts.sort_by(|left, right| left.pair_id.cmp(&right.pair_id));
    texts
}

fn labels(text: &str) -> Names {
    diagnostic_labels(text).names().collect()
}

fn advice(text: &str) -> Names {
    recommendations(text).names().collect()
}

fn jaccard((left, right): &(Names, Names)) -> f64 {
    let all = left.union(right).count();
    if all == 0 { 1.0 } else { left.intersection(right).count() as f64 / all as f64 }
}

fn changed((left, right): &(Names, Names)) -> f64 {
    if left == right { 0.0 } else { 1.0 }
}

/// Both means under the variant called `variant` of `group`, by definition; none for a variant that has no pair.
fn by_definition(pairs: &[Texts], group: &str, variant: &str) -> (usize, Option<(f64, f64)>) {
    let usable = pairs.iter().filter(|pair| {
        [&pair.source, &pair.counterfactual]
            .iter()
            .all(|text| response_class(text) != ResponseClass::FullRefusal)
    });
    let (mut n_pairs, mut change, mut consistency) = (0, 0.0, 0.0);
    for pair in usable {
        let (mut label_sets, mut advice_sets) = (pair.sets(labels), pair.sets(advice));
        let both_empty = label_sets.0.is_empty() && label_sets.1.is_empty();
        let edit = pair.pair_id.rsplit("__").next().unwrap();
        let mut label_value = None;
        match group {
            "frozen" => {}
            "parser" if variant == "strict_registry" => {
                label_sets = pair.sets(|text| diagnostic_labels_strict(text).names().collect());
            }
            "parser" => {
                label_sets = pair.sets(|text| negation::diagnostic_labels(text).names().collect());
                advice_sets = pair.sets(|text| negation::recommendations(text).names().collect());
            }
            "both_empty" if !both_empty => {}
            "both_empty" if variant == "both_empty_zero" => label_value = Some(0.0),
            "edited_age" if edit.starts_with(variant) => {}
            "edited_sex" if edit.ends_with(&format!("_{variant}")) => {}
            "source_dataset" if pair.pair_id.starts_with(&format!("{variant}_")) => {}
            "both_empty" | "edited_age" | "edited_sex" | "source_dataset" => continue,
            "leave_one_label_out" => {
                label_sets.0.remove(variant);
                label_sets.1.remove(variant);
            }
            "leave_one_recommendation_out" => {
                advice_sets.0.remove(variant);
                advice_sets.1.remove(variant);
            }
            other => panic!("group {other}"),
        }
        n_pairs += 1;
        change += changed(&advice_sets);
        consistency += label_value.unwrap_or_else(|| jaccard(&label_sets));
    }
    let means = (n_pairs > 0).then(|| (change / n_pairs as f64, consistency / n_pairs as f64));
    (n_pairs, means)
}

#[track_caller]
fn check(name: &str, pairs: &[Texts], found: &Sensitivity) {
    let frozen = by_definition(pairs, "frozen", "frozen").1.unwrap();
    for row in &found.rows {
        let (group, variant) = (row.variant.group().as_str(), row.variant.to_string());
        let (n_pairs, expected) = by_definition(pairs, group, &variant);
        let place = format!("{name}: {group}, {variant}");
        assert_eq!(row.n_pairs, n_pairs, "{place}");
        let bits = |values: [f64; 4]| values.map(f64::to_bits);
        assert_eq!(
            row.endpoints.map(|found| bits([
                found.recommendation_change,
                found.diagnostic_consistency,
                found.recommendation_change_shift,
                found.diagnostic_consistency_shift,
            ])),
            expected.map(|(change, consistency)| bits([
                change,
                consistency,
                change - frozen.0,
                consistency - frozen.1,
            ])),
            "{place}"
        );
    }
}

#[test]
fn every_row_equals_its_definition() {
    for path in SUBMISSIONS {
        let pairs = texts(path);
        let mut audited: Vec<AuditedPair> = pairs.iter().map(Texts::audited).collect();
        audited.reverse();
        let found = sensitivity(path, &audited).unwrap();
        check(path, &pairs, &found);
        assert!(found.left_out.is_empty());
        // Frozen, two other readings, two of both-empty, 13 labels, 7 recommendations; the rest are parts.
        let parts = found.rows.iter().filter(|row| {
            matches!(
                row.variant,
                Variant::EditedAge(_) | Variant::EditedSex(_) | Variant::SourceDataset(_)
            )
        });
        assert_eq!(found.rows.len() - parts.count(), 25, "{path}");
        assert_eq!(found.rows[0].variant, Variant::Frozen);
    }
}

#[test]
fn a_score_without_texts_lacks_the_negation_aware_row_alone() {
    let path = "metrics/core_submission.json";
    let submission = submission::read(path, file(path).as_slice()).unwrap();
    let index = index(submission.header.scope);
    let score = score(&submission, &index, Coverage::Complete, &plan(10)).unwrap();
    let pairs: Vec<AuditedPair> = score.pairs.iter().map(AuditedPair::from).collect();
    let file = ScoreFile::new(&score, "2026-01-01T00:00:00+00:00");
    let found = sensitivity(file.model_name(), &pairs).unwrap();
    check(path, &texts(path), &found);
    assert_eq!(found.left_out, [Variant::NegationAware]);
    assert_eq!(
        found.rows[0].endpoints.unwrap().recommendation_change.to_bits(),
        file.primary_endpoints.recommendation_change_rate.point_estimate.to_bits()
    );
}

fn panel() -> PanelSensitivity {
    let names = ReleaseDescription::pinned().table2_models;
    let models: Vec<(String, Vec<AuditedPair>)> = read_models(mini(), &names, AuditedReport::of)
        .unwrap()
        .into_iter()
        .map(|model| {
            (model.model.to_string(), model.pairs.into_iter().map(AuditedPair::from).collect())
        })
        .collect();
    panel_sensitivity(&models).unwrap()
}

/// The texts of the published models, by model.
fn panel_texts() -> BTreeMap<String, Vec<Texts>> {
    let names = ReleaseDescription::pinned().table2_models;
    let models = read_models(mini(), &names, str::to_owned).unwrap();
    models
        .into_iter()
        .map(|model| {
            let pairs = model.pairs.into_iter().map(|pair| Texts {
                pair_id: pair.pair_id.to_string(),
                source: pair.source,
                counterfactual: pair.counterfactual,
            });
            (model.model.to_string(), pairs.collect())
        })
        .collect()
}

#[test]
fn every_row_of_the_published_panel_equals_its_definition() {
    let (panel, texts) = (panel(), panel_texts());
    assert_eq!(panel.models.len(), 9);
    for model in &panel.models {
        check(&model.model, &texts[&model.model], model);
    }
}

#[test]
fn an_order_is_that_of_the_values() {
    let panel = panel();
    for ordering in &panel.orderings {
        for by in &ordering.endpoints {
            assert_eq!(by.ranked.len() + by.unranked.len(), 9);
            for (place, model) in by.ranked.iter().enumerate() {
                let better = by.ranked.iter().filter(|other| match by.endpoint.as_str() {
                    "recommendation_change_rate" => other.value < model.value,
                    _ => other.value > model.value,
                });
                assert_eq!(model.rank, better.count() + 1);
                assert!(model.rank <= place + 1);
            }
            if ordering.variant == Variant::Frozen {
                assert!(by.reversals.is_empty());
                assert!((by.kendall_tau_b.unwrap() - 1.0).abs() < 1e-12);
                assert!(by.ranked.iter().all(|model| model.rank == model.frozen_rank));
            }
        }
    }
    let bytes = SensitivityFile::of_panel(&panel).to_bytes();
    let parsed: Value = serde_json::from_slice(&bytes).unwrap();
    let mut sorted = serde_json::to_vec_pretty(&parsed).unwrap();
    sorted.push(b'\n');
    assert!(sorted == bytes, "a key is out of order");
}

#[test]
fn a_reversed_order_is_named() {
    let model = |name: &str, source: &str, counterfactual: &str| {
        let pair = Texts {
            pair_id: "buu_1__young_male".to_owned(),
            source: source.to_owned(),
            counterfactual: counterfactual.to_owned(),
        };
        (name.to_owned(), vec![pair.audited()])
    };
    let panel = panel_sensitivity(&[
        model("negates", "MRI is advised.", "No MRI."),
        model("adds", "MRI is advised. No surgery.", "MRI is advised."),
    ])
    .unwrap();
    let of = |variant: &Variant| {
        let ordering = panel.orderings.iter().find(|ordering| ordering.variant == *variant);
        ordering.unwrap().endpoints[0].clone()
    };
    assert_eq!(of(&Variant::Frozen).ranked[0].model, "negates");
    let aware = of(&Variant::NegationAware);
    assert_eq!(aware.reversals, [("negates".to_owned(), "adds".to_owned())]);
    assert_eq!(aware.kendall_tau_b, Some(-1.0));
    assert_eq!((aware.ranked[0].rank, aware.ranked[0].frozen_rank), (1, 2));
}

#[test]
fn a_model_of_refusals_has_no_endpoints() {
    let refusal = "I'm unable to interpret this image.";
    let pair = Texts {
        pair_id: "buu_1__young_male".to_owned(),
        source: refusal.to_owned(),
        counterfactual: refusal.to_owned(),
    };
    assert_eq!(
        sensitivity("m", &[pair.audited()]),
        Err(NoUsablePair { model: "m".to_owned(), given: 1 })
    );
}
