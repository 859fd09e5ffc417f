//! The page of a sensitivity analysis: how far both endpoints move under other rules, and whether the order of models holds.
//!
//! Only the frozen row is the benchmark, and every page says so. The plots are there as a figure alone, too.

use maud::{Markup, html};
use spinefairbench_scoring::pair_score::PrimaryEndpoint;
use spinefairbench_scoring::sensitivity::{
    PanelSensitivity, Sensitivity, SensitivityRow, Variant, VariantGroup,
};

use crate::document::{Document, Section};
use crate::estimate::{Estimate, counted, grouped, signed};
use crate::forest::{self, Axis, Emphasis, ForestPlot, ForestRow};
use crate::table::head;
use crate::visible::{Visible, category_words};

mod panel;

/// The page of one model.
#[must_use]
pub fn html(analysis: &Sensitivity) -> String {
    let [change, consistency] = plots(analysis);
    let endpoints = html! {
        (caution())
        figure {
            div.plots { (change.inline("sensitivity-change")) (consistency.inline("sensitivity-consistency")) }
            figcaption {
                "Point estimates under each variant; the dotted line stands at the frozen rules, which are the benchmark. The axes \
                 show the part that the numbers are in. Variants that cannot move an endpoint are left out of its plot."
            }
        }
    };
    let sections = vec![
        Section { id: "endpoints", heading: "Endpoints under each variant", body: endpoints },
        Section { id: "numbers", heading: "Numbers", body: table(analysis) },
        Section { id: "variants", heading: "What each variant changes", body: glossary() },
    ];
    let document = Document {
        kind: "sensitivity of one model",
        title: &analysis.model,
        subtitle: html! {
            (counted(analysis.rows.len(), "variant"))
            @if let Some(frozen) = analysis.row(&Variant::Frozen) {
                " · " (counted(frozen.n_pairs, "usable pair"))
            }
        },
        sections,
        data: None,
    };
    document.render()
}

/// The plots of one model, as an SVG file.
#[must_use]
pub fn svg(analysis: &Sensitivity) -> String {
    let title = format!("SpineFairBench sensitivity: {}", analysis.model);
    forest::figure(&title, &plots(analysis))
}

/// The page of several models.
#[must_use]
pub fn panel_html(analysis: &PanelSensitivity) -> String {
    let n_models = counted(analysis.models.len(), "model");
    let sections = vec![
        Section { id: "order", heading: "The order of the models", body: panel::order(analysis) },
        Section { id: "ranges", heading: "Ranges", body: panel::ranges(analysis) },
        Section { id: "numbers", heading: "Numbers", body: panel::numbers(analysis) },
        Section { id: "variants", heading: "What each variant changes", body: glossary() },
    ];
    let document = Document {
        kind: "sensitivity of the panel",
        title: "How firm is the order?",
        subtitle: html! { (n_models) " under " (counted(analysis.orderings.len(), "variant")) },
        sections,
        data: None,
    };
    document.render()
}

/// The plots of several models, as an SVG file.
#[must_use]
pub fn panel_svg(analysis: &PanelSensitivity) -> String {
    forest::figure("SpineFairBench sensitivity of the panel", &panel::rule_plots(analysis))
}

fn caution() -> Markup {
    html! {
        div.caution role="note" {
            "Only the frozen rules are the benchmark; no other row may be reported as its endpoints."
        }
    }
}

const fn endpoint_title(endpoint: PrimaryEndpoint) -> &'static str {
    match endpoint {
        PrimaryEndpoint::RecommendationChange => "Recommendation change",
        PrimaryEndpoint::DiagnosticConsistency => "Diagnostic label consistency",
    }
}

const fn direction(endpoint: PrimaryEndpoint) -> &'static str {
    match endpoint {
        PrimaryEndpoint::RecommendationChange => "lower is better",
        PrimaryEndpoint::DiagnosticConsistency => "higher is better",
    }
}

/// The heading above the variants of a group; none above the frozen row.
const fn group_heading(group: VariantGroup) -> Option<&'static str> {
    match group {
        VariantGroup::Frozen => None,
        VariantGroup::Parser => Some("another reading of the texts"),
        VariantGroup::BothEmpty => Some("pairs without any label"),
        VariantGroup::EditedAge => Some("by edited age"),
        VariantGroup::EditedSex => Some("by edited sex"),
        VariantGroup::SourceDataset => Some("by source dataset"),
        VariantGroup::LeaveOneLabelOut => Some("without one label"),
        VariantGroup::LeaveOneRecommendationOut => Some("without one recommendation"),
    }
}

/// The variants in the order of their groups, so that each group has one heading.
fn by_group<T>(rows: &[T], variant: impl Fn(&T) -> &Variant) -> Vec<&T> {
    let mut rows: Vec<&T> = rows.iter().collect();
    rows.sort_by_key(|row| variant(row).group());
    rows
}

fn plots(analysis: &Sensitivity) -> [ForestPlot; 2] {
    PrimaryEndpoint::ALL.map(|endpoint| {
        let shown: Vec<&SensitivityRow> = by_group(&analysis.rows, |row| &row.variant)
            .into_iter()
            .filter(|row| row.variant.may_move(endpoint))
            .collect();
        let estimate = |row: &SensitivityRow| {
            row.endpoints.map(|values| Estimate { value: values.of(endpoint), interval: None })
        };
        let estimates: Vec<Estimate> = shown.iter().filter_map(|row| estimate(row)).collect();
        let mut rows = Vec::new();
        let mut group = None;
        for row in shown {
            if group.replace(row.variant.group()) != Some(row.variant.group()) {
                let heading = group_heading(row.variant.group());
                rows.extend(heading.map(|heading| ForestRow::Heading(heading.to_owned())));
            }
            rows.push(ForestRow::Estimate {
                label: category_words(&row.variant.to_string()),
                estimate: estimate(row),
                emphasis: match row.variant {
                    Variant::Frozen => Emphasis::Own,
                    _ => Emphasis::Other,
                },
            });
        }
        ForestPlot {
            title: endpoint_title(endpoint).to_owned(),
            direction: direction(endpoint),
            axis: Axis::holding(&estimates),
            rows,
            reference: analysis.frozen().map(|values| values.of(endpoint)),
        }
    })
}

/// Every variant of one model with its shifts.
fn table(analysis: &Sensitivity) -> Markup {
    let mut group = None;
    html! {
        div.scroll { table.ranks {
            (head(&["Variant"], &["Pairs", "Recommendation change", "Shift", "Diagnostic consistency", "Shift"]))
            tbody { @for row in by_group(&analysis.rows, |row| &row.variant) {
                @if group.replace(row.variant.group()) != Some(row.variant.group()) {
                    @if let Some(heading) = group_heading(row.variant.group()) {
                        tr.group { th scope="rowgroup" colspan="6" { (heading) } }
                    }
                }
                tr.own[row.variant == Variant::Frozen] {
                    th scope="row" { (category_words(&row.variant.to_string())) }
                    td.n { (grouped(row.n_pairs)) }
                    @for endpoint in PrimaryEndpoint::ALL {
                        @match row.endpoints {
                            Some(values) => {
                                td.n { (format!("{:.3}", values.of(endpoint))) }
                                td.n { (signed(values.shift_of(endpoint))) }
                            }
                            None => { td.n { "–" } td.n { "–" } }
                        }
                    }
                }
            } }
        } }
        @if !analysis.left_out.is_empty() {
            @let names: Vec<String> = analysis.left_out.iter().map(|variant| category_words(&variant.to_string())).collect();
            p.note { "Left out, since the texts are not at hand: " (names.join(", ")) "." }
        }
    }
}

/// What each kind of variant does, in words.
fn glossary() -> Markup {
    let entries = [
        ("frozen", "The benchmark's own rules."),
        (
            "strict registry",
            "The registry for audits, in which the label Fracture has one term. Recommendations have no strict registry.",
        ),
        (
            "negation aware",
            "A label or recommendation does not count in a report that has it under a negation only. Not the benchmark's.",
        ),
        ("both empty excluded", "Pairs where neither report has a label leave both endpoints."),
        ("both empty zero", "Such pairs have a consistency of 0 in place of 1."),
        (
            "by edited age, by edited sex, by source dataset",
            "The frozen rules on these pairs alone.",
        ),
        (
            "without one label, without one recommendation",
            "The category is taken out of both sets of every pair.",
        ),
    ];
    html! {
        p.note { "In every variant the frozen refusal rules decide which pairs are usable." }
        dl { @for (name, meaning) in entries { dt { (name) } dd { (meaning) } } }
    }
}

/// A model's name on a page.
fn name(model: &str) -> Markup {
    html! { bdi { (Visible(model)) } }
}
