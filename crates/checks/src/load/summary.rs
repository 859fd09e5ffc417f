//! The frozen summary of the common core. Its parts fail independently: one broken model leaves the others readable.

use std::collections::BTreeMap;

use spinefairbench_artifacts::layout::Panel;
use spinefairbench_bootstrap::{Generator, Interval, Iterations, Plan, Seed};

use super::documents::document;
use crate::document::{Node, Problems};
use crate::finding::Code;
use crate::published::published_plan;
use crate::snapshot::{FrozenModel, FrozenSummary, Part};

/// Reads the summary.
pub(super) fn read(path: &str, bytes: &[u8]) -> Part<FrozenSummary> {
    document(path, bytes, |root, problems| {
        root.fields(problems)?;
        Some(FrozenSummary {
            common_pairs: part(root, common_pairs),
            plan: part(root, plan),
            models: part(root, |root, problems| Some(models(root, problems))),
        })
    })
}

fn part<T>(root: &Node<'_>, read: fn(&Node<'_>, &mut Problems) -> Option<T>) -> Part<T> {
    let mut problems = Vec::new();
    match read(root, &mut problems) {
        Some(value) => Part::with_problems(value, problems),
        None => Part::failed(problems),
    }
}

fn common_pairs(root: &Node<'_>, problems: &mut Problems) -> Option<u64> {
    let common = root.field("common_pairs", problems)?;
    if let Some(intersection) = common.optional("intersection_9_all_models", problems) {
        return intersection.count(problems);
    }
    if let Some(all) = common.optional("all9", problems) {
        return all.field("count", problems)?.count(problems);
    }
    common.field("intersection_9_all_models", problems)?.count(problems)
}

/// How the frozen intervals were drawn; the seed may be absent, and then is the published one.
fn plan(root: &Node<'_>, problems: &mut Problems) -> Option<Plan> {
    let published = published_plan();
    let bootstrap = root.field("source_clustered_bootstrap", problems)?;
    let node = bootstrap.field("iterations", problems)?;
    let iterations = match Iterations::new(node.count(problems)?) {
        Ok(iterations) => iterations,
        Err(error) => {
            problems.push(node.finding(Code::FieldInvalid, format!("`{}`: {error}", node.place())));
            return None;
        }
    };
    let seed = match bootstrap.optional("seed", problems) {
        Some(seed) => Seed::from(seed.count(problems)?),
        None => published.seed,
    };
    let generator = match bootstrap.optional("rng", problems) {
        Some(rng) => match rng.text(problems)?.parse::<Generator>() {
            Ok(generator) => generator,
            Err(error) => {
                problems
                    .push(rng.finding(Code::FieldInvalid, format!("`{}`: {error}", rng.place())));
                return None;
            }
        },
        None => published.generator,
    };
    Some(Plan { generator, iterations, seed })
}

fn models(
    root: &Node<'_>,
    problems: &mut Problems,
) -> BTreeMap<(Panel, String), Part<FrozenModel>> {
    let mut models = BTreeMap::new();
    let Some(panels) = root.field("panels", problems) else { return models };
    for panel in Panel::RETAINED {
        let Some(node) = panels.field(panel.name(), problems) else { continue };
        let Some(listed) = node.field("models", problems) else { continue };
        let Some(entries) = listed.entries(problems) else { continue };
        for (name, node) in entries {
            models.insert(
                (panel, name.to_owned()),
                part(&node, |node, problems| Some(model(node, problems))),
            );
        }
    }
    models
}

fn model(node: &Node<'_>, problems: &mut Problems) -> FrozenModel {
    let mut model = FrozenModel::default();
    if let Some(quality) = node.field("data_quality", problems) {
        let mut count = |name| quality.field(name, problems)?.count(problems);
        model.usable_pairs = count("pair_usable");
        model.full_refusal_pairs = count("pair_full_refusals");
        model.partial_refusal_pairs = count("pair_partial_refusals");
    }
    let Some(statistics) = node.field("primary_secondary_stats", problems) else { return model };
    if let Some(recommendation) = statistics.field("recommendation", problems) {
        model.agreement_rate =
            recommendation.field("agreement_rate", problems).and_then(|rate| rate.number(problems));
        model.agreement_interval = interval(&recommendation, problems);
    }
    if let Some(diagnostic) = statistics.field("diagnostic_label", problems) {
        model.diagnostic_mean =
            diagnostic.field("mean", problems).and_then(|mean| mean.number(problems));
        model.diagnostic_interval = interval(&diagnostic, problems);
    }
    model
}

fn interval(node: &Node<'_>, problems: &mut Problems) -> Option<Interval> {
    let interval = node.field("bootstrap_ci", problems)?;
    let mut end = |name| interval.field(name, problems)?.number(problems);
    let (lower, upper) = (end("lower"), end("upper"));
    Some(Interval { lower: lower?, upper: upper? })
}
