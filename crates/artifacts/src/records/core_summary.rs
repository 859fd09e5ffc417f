//! The frozen summary of the common core ([`layout::CORE_SUMMARY`]). Its parts fail independently: one broken model leaves the
//! others readable.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::json::Value;
use crate::layout::{self, Panel};
use crate::node::{Node, Problems};
use crate::part::{Document, Part};

/// What the summary says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CoreSummary {
    /// The number of pairs usable for all models, by whichever of its two names has one. No number depends on it.
    pub common_pairs: Part<u64>,
    /// How the frozen intervals were drawn.
    pub resampling: Part<FrozenResampling>,
    /// The frozen endpoints by panel and model.
    pub models: Part<BTreeMap<(Panel, String), Part<FrozenEndpoints>>>,
}

/// How the frozen intervals were drawn. The seed and the generator are a record: intervals are drawn as the release description says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenResampling {
    /// Number of resamples.
    pub iterations: u64,
    /// What the file has as the seed, as JSON.
    pub seed: Option<String>,
    /// What the file calls the generator; any other value than a text, as JSON.
    pub rng: Option<String>,
}

/// A model's frozen endpoints; a field that could not be read is `None`. Intervals are lower and upper end.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FrozenEndpoints {
    /// Pairs without a full refusal.
    pub usable_pairs: Option<u64>,
    /// Pairs with a full refusal.
    pub full_refusal_pairs: Option<u64>,
    /// Kept pairs with a partial refusal.
    pub partial_refusal_pairs: Option<u64>,
    /// Share of pairs with equal recommendations: one less the recommendation change.
    pub agreement_rate: Option<f64>,
    /// Interval of the agreement.
    pub agreement_interval: Option<[f64; 2]>,
    /// Mean diagnostic consistency.
    pub diagnostic_mean: Option<f64>,
    /// Its interval.
    pub diagnostic_interval: Option<[f64; 2]>,
}

impl CoreSummary {
    /// The endpoints of `model` in whichever panel has it, the full one first.
    #[must_use]
    pub fn model(&self, model: &str) -> Option<&FrozenEndpoints> {
        let models = self.models.value()?;
        let of = |panel| models.get(&(panel, model.to_owned()))?.value();
        Panel::RETAINED.into_iter().find_map(of)
    }

    /// Everything that is wrong with the endpoints.
    pub fn problems_of_endpoints(&self) -> impl Iterator<Item = &Finding> {
        let of_models = self.models.value().into_iter().flat_map(BTreeMap::values);
        self.models.problems().iter().chain(of_models.flat_map(Part::problems))
    }
}

/// The summary.
#[must_use]
pub fn document() -> Document<CoreSummary> {
    Document::at(layout::CORE_SUMMARY, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.fields(problems)?;
            Some(CoreSummary {
                common_pairs: Part::gather(|problems| common_pairs(root, problems)),
                resampling: Part::gather(|problems| resampling(root, problems)),
                models: Part::gather(|problems| Some(models(root, problems))),
            })
        })
    })
}

fn common_pairs(root: &Node<'_>, problems: &mut Problems) -> Option<u64> {
    let mut missing = Vec::new();
    let stated = stated_pairs(root, problems, &mut missing);
    problems.extend(missing.into_iter().map(Finding::as_advice));
    stated
}

/// Under the first name, unless it says nothing there (no value, or 0), else under the second.
fn stated_pairs(root: &Node<'_>, problems: &mut Problems, missing: &mut Problems) -> Option<u64> {
    let common = root.field("common_pairs", missing)?;
    let first = common.optional("intersection_9_all_models", problems);
    if let Some(first) = first.filter(|first| first.value().is_truthy()) {
        return first.count_or_text(missing);
    }
    let Some(all) = common.optional("all9", problems) else {
        common.field("intersection_9_all_models", missing);
        return None;
    };
    all.field("count", missing)?.count_or_text(missing)
}

fn resampling(root: &Node<'_>, problems: &mut Problems) -> Option<FrozenResampling> {
    let bootstrap = root.field("source_clustered_bootstrap", problems)?;
    let iterations = bootstrap.field("iterations", problems)?.count(problems)?;
    let seed = bootstrap.optional("seed", problems).map(|seed| seed.value().to_string());
    let rng = bootstrap.optional("rng", problems).map(|rng| match rng.value() {
        Value::String(name) => name.clone(),
        other => other.to_string(),
    });
    Some(FrozenResampling { iterations, seed, rng })
}

fn models(
    root: &Node<'_>,
    problems: &mut Problems,
) -> BTreeMap<(Panel, String), Part<FrozenEndpoints>> {
    let mut models = BTreeMap::new();
    let Some(panels) = root.field("panels", problems) else { return models };
    for panel in Panel::RETAINED {
        let Some(node) = panels.field(panel.name(), problems) else { continue };
        let Some(listed) = node.field("models", problems) else { continue };
        let Some(entries) = listed.entries(problems) else { continue };
        for (name, node) in entries {
            let endpoints = Part::gather(|problems| Some(endpoints(&node, problems)));
            models.insert((panel, name.to_owned()), endpoints);
        }
    }
    models
}

fn endpoints(node: &Node<'_>, problems: &mut Problems) -> FrozenEndpoints {
    let mut endpoints = FrozenEndpoints::default();
    if let Some(quality) = node.field("data_quality", problems) {
        let mut count = |name| quality.field(name, problems)?.count(problems);
        endpoints.usable_pairs = count("pair_usable");
        endpoints.full_refusal_pairs = count("pair_full_refusals");
        endpoints.partial_refusal_pairs = count("pair_partial_refusals");
    }
    let Some(statistics) = node.field("primary_secondary_stats", problems) else {
        return endpoints;
    };
    if let Some(recommendation) = statistics.field("recommendation", problems) {
        endpoints.agreement_rate =
            recommendation.field("agreement_rate", problems).and_then(|rate| rate.number(problems));
        endpoints.agreement_interval = interval(&recommendation, problems);
    }
    if let Some(diagnostic) = statistics.field("diagnostic_label", problems) {
        endpoints.diagnostic_mean =
            diagnostic.field("mean", problems).and_then(|mean| mean.number(problems));
        endpoints.diagnostic_interval = interval(&diagnostic, problems);
    }
    endpoints
}

fn interval(node: &Node<'_>, problems: &mut Problems) -> Option<[f64; 2]> {
    let interval = node.field("bootstrap_ci", problems)?;
    let mut end = |name| interval.field(name, problems)?.number(problems);
    let (lower, upper) = (end("lower"), end("upper"));
    Some([lower?, upper?])
}
