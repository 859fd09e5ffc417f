//! The supplement of the follow-up audits, beside the bundle: what follows from its reports, in the shape of the published file.
//!
//! Of the published sections only those are here whose numbers follow from a bundle: what the frozen parsers found in the retained
//! reports, and the readers' answers. The cells of tables are texts, as there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_bootstrap::{Clusters, Iterations, Plan, Task, clustered_intervals};
use spinefairbench_metrics::{
    Calls, Endpoints, Excess, PairOutcome, SourceCalls, Usability, noise_floor,
};
use spinefairbench_parsers::{Category as _, Recommendation};

use crate::DemoError;
use crate::blueprint::Blueprint;
use crate::cohort::Pair;
use crate::decisions::true_labels;
use crate::frozen_summary::{SEED, plan};
use crate::models::MODELS;
use crate::phrases::{Finding, LabelMask};
use crate::radiologist::Ratings;
use crate::staging::Stage;

/// The categories in the order of the published tables.
const CATEGORIES: [Recommendation; 7] = [
    Recommendation::Surgery,
    Recommendation::PhysicalTherapy,
    Recommendation::Imaging,
    Recommendation::Medication,
    Recommendation::Monitoring,
    Recommendation::Referral,
    Recommendation::NoAction,
];

/// The reports of one model, each with its pair.
struct Model<'a> {
    name: &'static str,
    pairs: Vec<(&'a Pair, PairOutcome)>,
}

/// The supplement of the bundle in `stage`, whose panels are written.
pub(crate) fn describe(
    blueprint: &Blueprint,
    outcomes: &BTreeMap<&'static str, Vec<PairOutcome>>,
    ratings: &Ratings,
    stage: &Stage<'_>,
) -> Result<Value, DemoError> {
    let models: Vec<Model<'_>> = MODELS
        .iter()
        .filter_map(|model| {
            let outcomes = outcomes.get(model.name)?.iter().copied();
            let pairs = blueprint.core_pairs.iter().zip(outcomes).collect();
            Some(Model { name: model.name, pairs })
        })
        .collect();
    Ok(json!({
        "scope": "Synthetic supplement of a demonstration bundle: computed from its own reports by this project.",
        "finding_strata": finding_strata(blueprint, &models)?,
        "recommendation_transitions": transitions(&models),
        "reader_reliability": {
            "q1": agreement(&ratings.plausible),
            "q2": agreement(&ratings.preserved),
            "q4": agreement(&ratings.detectability),
        },
        "repeated_calls": repeated_calls(blueprint, &models, stage)?,
    }))
}

fn repeated_calls(
    blueprint: &Blueprint,
    models: &[Model<'_>],
    stage: &Stage<'_>,
) -> Result<Value, DemoError> {
    let core = blueprint.cohort.core();
    let excess = |excess: &Excess| {
        json!({
            "T": excess.edited, "F": excess.floor, "normalized_excess": excess.normalized_excess,
            "excess": excess.excess, "ci95": [excess.interval.lower, excess.interval.upper],
        })
    };
    let mut described: BTreeMap<&str, Value> = BTreeMap::new();
    for model in models {
        // In the order of the ids, which is that of the core pairs.
        let calls: Vec<Calls> = model
            .pairs
            .iter()
            .map(|(pair, outcome)| Calls {
                source_id: blueprint.source_id(pair).to_owned(),
                repeat: 0,
                source: Some(outcome.source),
                counterfactual: Some(outcome.counterfactual),
            })
            .collect();
        let sources = core.iter().map(|source| source.id.as_str());
        let floor = noise_floor(&calls, sources, SourceCalls::OnePerPair, &plan(SEED))?;
        described.insert(
            model.name,
            json!({
                "n_sources": floor.n_sources,
                "dropped_no_usable_edited_comparison": floor.dropped_no_usable_edited_comparison,
                "dropped_fewer_than_two_usable_source_reports":
                    floor.dropped_fewer_than_two_usable_source_reports,
                "recommendation": excess(&floor.recommendation),
                "diagnostic": excess(&floor.diagnostic),
            }),
        );
    }
    let digests: BTreeMap<&str, String> = Panel::RETAINED
        .into_iter()
        .filter_map(|panel| {
            let written = stage.written(panel.results().as_str())?;
            Some((panel.name(), written.digest.to_string()))
        })
        .collect();
    Ok(json!({
        "input_sha256": digests,
        "common_core_sources": core.len(),
        "bootstrap_resamples": Iterations::PUBLISHED.get(),
        "seed": SEED,
        "models": described,
    }))
}

/// One row of a table, its cells as text.
type Row = Vec<String>;

fn cell(value: f64) -> String {
    format!("{value:?}")
}

fn table(columns: &[&str], rows: &[Row]) -> Value {
    json!({ "columns": columns, "rows": rows })
}

fn finding_strata(blueprint: &Blueprint, models: &[Model<'_>]) -> Result<Value, DemoError> {
    let unremarkable: LabelMask = Finding::Unremarkable.labels();
    let seed = blueprint.plan.seed;
    let has_finding: Vec<bool> = (0..blueprint.cohort.sources.len())
        .map(|source| true_labels(seed, source) & !unremarkable != 0)
        .collect();
    let (mut estimates, mut contrasts): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
    for (scope, within) in [("pooled", ""), ("within_vindr", "vindr_")] {
        for model in models {
            let mut points: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
            for (stratum, wants_finding) in [("no_finding_label", false), ("any_finding", true)] {
                let pairs: Vec<&(&Pair, PairOutcome)> = model
                    .pairs
                    .iter()
                    .filter(|(pair, _)| {
                        blueprint.source_id(pair).starts_with(within)
                            && has_finding[pair.source] == wants_finding
                    })
                    .collect();
                for (place, row) in stratum_rows(blueprint, &pairs)?.into_iter().enumerate() {
                    let (endpoint, point, cells) = row;
                    points[place].push(point);
                    let name = [scope, model.name, stratum, endpoint];
                    estimates.push(name.into_iter().map(str::to_owned).chain(cells).collect());
                }
            }
            for (points, endpoint) in points.iter().zip(ENDPOINTS) {
                if let [none, any] = points[..] {
                    let difference = cell(any - none);
                    let row = [scope, model.name, endpoint, &difference, "-1.0", "1.0"];
                    contrasts.push(row.into_iter().map(str::to_owned).collect());
                }
            }
        }
    }
    Ok(json!({
        "estimates": table(
            &[
                "scope", "model", "stratum", "endpoint", "point_estimate", "ci95_lower",
                "ci95_upper", "expected_pairs", "usable_pairs", "expected_sources",
                "usable_sources", "zero_usable_sources", "api_error_pairs", "full_refusal_pairs",
                "partial_refusal_pairs_included",
            ],
            &estimates,
        ),
        "contrasts": table(
            &[
                "scope", "model", "endpoint", "point_estimate_any_minus_no_finding", "ci95_lower",
                "ci95_upper",
            ],
            &contrasts,
        ),
    }))
}

const ENDPOINTS: [&str; 2] = ["recommendation_change", "diagnostic_consistency"];

/// An endpoint, its point, and the cells that follow the names.
type StratumRow = (&'static str, f64, Vec<String>);

/// The endpoints of one stratum, each with its point and the cells that follow the names; none without a usable pair.
fn stratum_rows(
    blueprint: &Blueprint,
    pairs: &[&(&Pair, PairOutcome)],
) -> Result<Vec<StratumRow>, DemoError> {
    let outcomes = || pairs.iter().map(|(_, outcome)| outcome);
    let usable: Vec<&(&Pair, PairOutcome)> =
        pairs.iter().copied().filter(|(_, outcome)| outcome.is_usable()).collect();
    let Ok(endpoints) = Endpoints::of(outcomes()) else { return Ok(Vec::new()) };
    let sources = |pairs: &[&(&Pair, PairOutcome)]| {
        pairs.iter().map(|(pair, _)| pair.source).collect::<BTreeSet<usize>>().len()
    };
    let (expected, found) = (sources(pairs), sources(&usable));
    let clusters = Clusters::new(usable.iter().map(|(pair, _)| blueprint.source_id(pair)));
    let values: [Vec<f64>; 2] = [
        usable.iter().map(|(_, outcome)| outcome.recommendation_change()).collect(),
        usable.iter().map(|(_, outcome)| outcome.diagnostic_consistency()).collect(),
    ];
    let tasks = values.each_ref().map(|values| Task { values, clusters: &clusters });
    let intervals = clustered_intervals(&tasks, &Plan::published().with_seed(SEED))?;
    let points = [endpoints.recommendation_change(), endpoints.diagnostic_consistency()];
    let partial = usable
        .iter()
        .filter(|(_, outcome)| outcome.usability() == Usability::PartialRefusal)
        .count();
    Ok(ENDPOINTS
        .into_iter()
        .zip(points)
        .zip(intervals)
        .map(|((endpoint, point), interval)| {
            let floats = [point, interval.lower.min(point), interval.upper.max(point)];
            let counts = [
                pairs.len(),
                usable.len(),
                expected,
                found,
                expected - found,
                0,
                pairs.len() - usable.len(),
                partial,
            ];
            let counts = counts.map(|count| count.to_string());
            (endpoint, point, floats.map(cell).into_iter().chain(counts).collect())
        })
        .collect())
}

fn transitions(models: &[Model<'_>]) -> Value {
    let (mut flows, mut switches): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
    for model in models {
        let usable: Vec<&PairOutcome> = model
            .pairs
            .iter()
            .map(|(_, outcome)| outcome)
            .filter(|outcome| outcome.is_usable())
            .collect();
        let n = usable.len().to_string();
        for category in CATEGORIES {
            let mut row = vec![model.name.to_owned(), n.clone(), category.name().to_owned()];
            for before in [false, true] {
                let could = usable
                    .iter()
                    .filter(|pair| pair.source.recommendations.contains(category) == before);
                row.extend(share(
                    could.map(|pair| {
                        pair.counterfactual.recommendations.contains(category) != before
                    }),
                ));
            }
            flows.push(row);
        }
        for from in CATEGORIES {
            for to in CATEGORIES.into_iter().filter(|to| *to != from) {
                let names = [model.name, &n, from.name(), to.name()];
                let mut row: Row = names.into_iter().map(str::to_owned).collect();
                row.extend(share(usable.iter().filter_map(|pair| {
                    let (source, edited) =
                        (pair.source.recommendations, pair.counterfactual.recommendations);
                    (source.contains(from) && !source.contains(to))
                        .then(|| !edited.contains(from) && edited.contains(to))
                })));
                switches.push(row);
            }
        }
    }
    json!({
        "category_flows": table(
            &[
                "model", "eligible_pairs", "category", "addition_events", "addition_opportunities",
                "addition_rate", "removal_events", "removal_opportunities", "removal_rate",
            ],
            &flows,
        ),
        "strict_switches": table(
            &[
                "model", "eligible_pairs", "source_category", "target_category", "events",
                "opportunities", "rate",
            ],
            &switches,
        ),
    })
}

/// Events, opportunities and rate; one item an opportunity, true for an event.
fn share(opportunities: impl Iterator<Item = bool>) -> [String; 3] {
    let (mut events, mut n) = (0_u32, 0_u32);
    for event in opportunities {
        events += u32::from(event);
        n += 1;
    }
    let rate = if n == 0 { String::new() } else { cell(f64::from(events) / f64::from(n)) };
    [events.to_string(), n.to_string(), rate]
}

/// The agreement of three readers, in the shape of the published file.
fn agreement(answers: &[[&'static str; 3]]) -> Value {
    let mut totals: BTreeMap<&str, u32> = BTreeMap::new();
    let mut agreements = 0_u32;
    for [first, second, third] in answers {
        for answer in [first, second, third] {
            *totals.entry(answer).or_default() += 1;
        }
        agreements +=
            [first == second, first == third, second == third].map(u32::from).iter().sum::<u32>();
    }
    let all = f64::from(totals.values().sum::<u32>());
    let comparisons = u32::try_from(answers.len() * 3).unwrap_or(u32::MAX);
    let observed = f64::from(agreements) / f64::from(comparisons);
    let marginals: Vec<f64> = totals.values().map(|n| f64::from(*n) / all).collect();
    let fleiss: f64 = marginals.iter().map(|marginal| marginal * marginal).sum();
    let spread: f64 = marginals.iter().map(|marginal| marginal * (1.0 - marginal)).sum();
    let others =
        f64::from(u32::try_from(totals.len()).unwrap_or(u32::MAX).saturating_sub(1).max(1));
    let gwet = spread / others;
    json!({
        "category_totals": totals,
        "raw_pairwise": {
            "agreements": agreements, "comparisons": comparisons, "raw_agreement": observed,
        },
        "fleiss": { "fleiss_kappa": (observed - fleiss) / (1.0 - fleiss) },
        "gwet": { "gwet_ac1": (observed - gwet) / (1.0 - gwet) },
    })
}
