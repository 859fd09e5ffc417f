//! Several models: their order under each variant, and the ranges that the variants span.

use maud::{Markup, html};
use spinefairbench_metrics::bootstrap::is_tied;
use spinefairbench_scoring::pair_score::PrimaryEndpoint;
use spinefairbench_scoring::sensitivity::{
    EndpointOrdering, PanelSensitivity, Sensitivity, Variant, VariantOrdering,
};

use super::{by_group, caution, direction, endpoint_title, group_heading, name, table};
use crate::estimate::{Estimate, counted};
use crate::forest::{Axis, Emphasis, ForestPlot, ForestRow};
use crate::visible::category_words;

/// Which variants a range is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    /// Other rules on all pairs.
    Rules,
    /// The frozen rules on parts of the pairs.
    Parts,
}

/// Ranks under each variant, by both endpoints, and in words how often the order turns.
pub(super) fn order(analysis: &PanelSensitivity) -> Markup {
    html! {
        (caution())
        @for endpoint in PrimaryEndpoint::ALL {
            h3 { (endpoint_title(endpoint)) }
            (summary(analysis, endpoint))
            (ranks(analysis, endpoint))
            (reversals(analysis, endpoint))
        }
        p.note {
            "Ranks from best to worst, 1 being the best; what differs from the frozen rank is set off. tau-b is Kendall's rank \
             correlation with the frozen order; a reversal is two models that stand the other way round."
        }
    }
}

/// The ranges of both endpoints, over other rules and over parts of the pairs.
pub(super) fn ranges(analysis: &PanelSensitivity) -> Markup {
    let [change, consistency] = rule_plots(analysis);
    let [change_of_parts, consistency_of_parts] = plots(analysis, Span::Parts);
    html! {
        figure {
            div.plots { (change.inline("rules-change")) (consistency.inline("rules-consistency")) }
            figcaption {
                "The mark stands at the frozen value; the line reaches from the least to the greatest value under another rule: \
                 another reading of the texts, another treatment of pairs without labels, one category left out. A mark alone: \
                 nothing moves the value. These are not confidence intervals."
            }
        }
        figure {
            div.plots { (change_of_parts.inline("parts-change")) (consistency_of_parts.inline("parts-consistency")) }
            figcaption {
                "The same over parts of the pairs: by edited age, by edited sex and by source dataset, under the frozen rules."
            }
        }
    }
}

/// Every model's table, folded.
pub(super) fn numbers(analysis: &PanelSensitivity) -> Markup {
    html! {
        @for model in &analysis.models {
            details { summary { (name(&model.model)) } (table(model)) }
        }
    }
}

/// The ranges under other rules, the best model on top.
pub(super) fn rule_plots(analysis: &PanelSensitivity) -> [ForestPlot; 2] {
    plots(analysis, Span::Rules)
}

fn plots(analysis: &PanelSensitivity, span: Span) -> [ForestPlot; 2] {
    PrimaryEndpoint::ALL.map(|endpoint| {
        let models = frozen_order(analysis, endpoint);
        let estimates: Vec<Option<Estimate>> =
            models.iter().map(|model| range(model, endpoint, span)).collect();
        let over = match span {
            Span::Rules => "rule",
            Span::Parts => "part",
        };
        ForestPlot {
            title: format!("{}: range by {over}", endpoint_title(endpoint)),
            direction: direction(endpoint),
            axis: Axis::holding(estimates.iter().flatten()),
            rows: models
                .iter()
                .zip(&estimates)
                .map(|(model, estimate)| ForestRow::Estimate {
                    label: model.model.clone(),
                    estimate: *estimate,
                    emphasis: Emphasis::Other,
                })
                .collect(),
            reference: None,
        }
    })
}

/// The models from best to worst under the frozen rules.
fn frozen_order(analysis: &PanelSensitivity, endpoint: PrimaryEndpoint) -> Vec<&Sensitivity> {
    let frozen = analysis.orderings.iter().find(|ordering| ordering.variant == Variant::Frozen);
    let ranked = frozen.map(|ordering| &of_endpoint(ordering, endpoint).ranked[..]);
    let ranked = ranked.unwrap_or_default().iter();
    ranked
        .filter_map(|ranked| analysis.models.iter().find(|model| model.model == ranked.model))
        .collect()
}

fn of_endpoint(ordering: &VariantOrdering, endpoint: PrimaryEndpoint) -> &EndpointOrdering {
    let [first, second] = &ordering.endpoints;
    if first.endpoint == endpoint { first } else { second }
}

/// The frozen value with the least and the greatest one that a variant gives; alone where no variant moves it.
fn range(model: &Sensitivity, endpoint: PrimaryEndpoint, span: Span) -> Option<Estimate> {
    let value = model.frozen()?.of(endpoint);
    let is_part = span == Span::Parts;
    let values = model
        .rows
        .iter()
        .filter(|row| row.variant.group().is_part_of_the_pairs() == is_part)
        .filter_map(|row| Some(row.endpoints?.of(endpoint)));
    let (lower, upper) = values.fold((value, value), |(lower, upper), value| {
        (f64::min(lower, value), f64::max(upper, value))
    });
    let moves = !is_tied(lower, upper, 1.0);
    Some(Estimate { value, interval: moves.then_some((lower, upper)) })
}

/// How many variants leave the order as it is, and which pair of models turns most often.
fn summary(analysis: &PanelSensitivity, endpoint: PrimaryEndpoint) -> Markup {
    let others: Vec<&EndpointOrdering> = moving(analysis, endpoint)
        .filter(|ordering| ordering.variant != Variant::Frozen)
        .map(|ordering| of_endpoint(ordering, endpoint))
        .collect();
    let unmoved = others.iter().filter(|ordering| ordering.reversals.is_empty()).count();
    let frozen = analysis.orderings.iter().find(|ordering| ordering.variant == Variant::Frozen);
    let frozen_best: Vec<&str> =
        frozen.map(|frozen| of_endpoint(frozen, endpoint).best().collect()).unwrap_or_default();
    let same_best =
        others.iter().filter(|ordering| ordering.best().eq(frozen_best.iter().copied())).count();
    html! {
        p {
            (unmoved) " of " (counted(others.len(), "variant")) " leave the order of every two models as it is"
            @for (place, best) in frozen_best.iter().enumerate() {
                @if place == 0 { "; " } @else { " and " }
                (name(best))
            }
            @match frozen_best.as_slice() {
                [] => {},
                [_] => { " stays the best under " (same_best) },
                _ => { " stay the best, as equals, under " (same_best) },
            }
            "."
        }
    }
}

/// The orderings of the variants that can move the endpoint, the frozen one first.
fn moving(
    analysis: &PanelSensitivity,
    endpoint: PrimaryEndpoint,
) -> impl Iterator<Item = &VariantOrdering> {
    by_group(&analysis.orderings, |ordering| &ordering.variant)
        .into_iter()
        .filter(move |ordering| ordering.variant.may_move(endpoint))
}

fn ranks(analysis: &PanelSensitivity, endpoint: PrimaryEndpoint) -> Markup {
    let models = frozen_order(analysis, endpoint);
    let mut group = None;
    html! {
        div.scroll { table.ranks {
            thead { tr {
                th scope="col" { "Variant" }
                th.n scope="col" { "tau-b" }
                th.n scope="col" { "Reversals" }
                @for model in &models { th.n scope="col" { (name(&model.model)) } }
            } }
            tbody { @for ordering in moving(analysis, endpoint) {
                @let of_endpoint = of_endpoint(ordering, endpoint);
                @if group.replace(ordering.variant.group()) != Some(ordering.variant.group()) {
                    @if let Some(heading) = group_heading(ordering.variant.group()) {
                        tr.group { th scope="rowgroup" colspan=(models.len() + 3) { (heading) } }
                    }
                }
                tr.own[ordering.variant == Variant::Frozen] {
                    th scope="row" { (category_words(&ordering.variant.to_string())) }
                    td.n { (of_endpoint.kendall_tau_b.map_or_else(|| "–".to_owned(), |tau| format!("{tau:.3}"))) }
                    td.n { (of_endpoint.reversals.len()) }
                    @for model in &models { (rank(of_endpoint, &model.model)) }
                }
            } }
        } }
    }
}

/// Which models stand the other way round, under which variant.
fn reversals(analysis: &PanelSensitivity, endpoint: PrimaryEndpoint) -> Markup {
    let turned: Vec<(&Variant, &EndpointOrdering)> = moving(analysis, endpoint)
        .map(|ordering| (&ordering.variant, of_endpoint(ordering, endpoint)))
        .filter(|(_, ordering)| !ordering.reversals.is_empty())
        .collect();
    html! {
        @if !turned.is_empty() {
            details {
                summary { "Which models stand the other way round" }
                dl { @for (variant, ordering) in turned {
                    dt { (variant_words(variant)) }
                    dd { @for (place, (frozen, here)) in ordering.reversals.iter().enumerate() {
                        @if place > 0 { ", " }
                        (name(here)) " before " (name(frozen))
                    } }
                } }
            }
        }
    }
}

/// The variant with what its group does, so that it stands alone.
fn variant_words(variant: &Variant) -> String {
    let words = category_words(&variant.to_string());
    match variant.group().words() {
        Some(of_what) => format!("{of_what}: {words}"),
        None => words,
    }
}

fn rank(ordering: &EndpointOrdering, model: &str) -> Markup {
    let found = ordering.ranked.iter().find(|ranked| ranked.model == model);
    html! {
        @match found {
            Some(ranked) if ranked.rank == ranked.frozen_rank => td.n.kept { (ranked.rank) },
            Some(ranked) => td.n.moved { (ranked.rank) },
            None => td.n.kept { "–" },
        }
    }
}
