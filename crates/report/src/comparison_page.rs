//! The page of paired comparisons: what was found, in words first, and the tests behind it.
//!
//! Input: the comparisons of one call, whose p-values are adjusted together. Output: a self-contained HTML page, and the
//! differences as a figure alone.

use maud::{Markup, html};
use spinefairbench_scoring::compare::{Comparison, Comparisons, EndpointComparison, Verdict};

use spinefairbench_scoring::pair_score::PrimaryEndpoint;

use crate::document::{Document, Section};
use crate::estimate::{Estimate, counted, grouped, signed};
use crate::forest::{self, Axis, Emphasis, ForestPlot, ForestRow};
use crate::visible::Visible;

/// The page of `comparisons`.
#[must_use]
pub fn html(comparisons: &Comparisons) -> String {
    let findings = html! {
        @if !comparisons.warnings.is_empty() {
            div.caution role="note" {
                ul { @for warning in &comparisons.warnings { li { (sentence(warning)) } } }
            }
        }
        @for comparison in &comparisons.comparisons { (finding(comparison)) }
    };
    let [change, consistency] = plots(comparisons);
    let differences = html! {
        figure {
            div.plots { (change.inline("difference-change")) (consistency.inline("difference-consistency")) }
            figcaption {
                "Mean paired differences, first minus second model, with source-clustered 95\u{a0}% intervals. The intervals are \
                 not adjusted for the number of comparisons."
            }
        }
    };
    let sections = vec![
        Section { id: "findings", heading: "Findings", body: findings },
        Section { id: "differences", heading: "Differences", body: differences },
        Section { id: "tests", heading: "Tests", body: tests(comparisons) },
        Section { id: "alignment", heading: "Shared pairs", body: alignment(comparisons) },
        Section { id: "provenance", heading: "How it was computed", body: provenance(comparisons) },
    ];
    let title = title(comparisons);
    let document = Document {
        kind: "paired comparison",
        title: &title,
        subtitle: html! {
            (counted(comparisons.comparisons.len(), "comparison")) " on shared pairs, two endpoints each"
        },
        sections,
        data: None,
    };
    document.render()
}

/// The differences of both endpoints, as an SVG file.
#[must_use]
pub fn svg(comparisons: &Comparisons) -> String {
    forest::figure(&format!("SpineFairBench: {}", title(comparisons)), &plots(comparisons))
}

fn title(comparisons: &Comparisons) -> String {
    match comparisons.comparisons.as_slice() {
        [only] => format!("{} against {}", only.first, only.second),
        [first, ..] if has_one_first(comparisons) => format!("{} against others", first.first),
        _ => "Comparison of models".to_owned(),
    }
}

/// Whether one model is compared with each of the others.
fn has_one_first(comparisons: &Comparisons) -> bool {
    comparisons.comparisons.windows(2).all(|two| two[0].first == two[1].first)
}

fn finding(comparison: &Comparison) -> Markup {
    html! {
        article.comparison {
            h3 { bdi { (Visible(&comparison.first)) } " against " bdi { (Visible(&comparison.second)) } }
            ul { @for endpoint in &comparison.endpoints { li { (sentence(&endpoint.finding.sentence)) } } }
        }
    }
}

/// A sentence whose names stand between backticks.
fn sentence(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { b { bdi { (Visible(part)) } } } @else { (Visible(part)) }
        }
    }
}

fn plots(comparisons: &Comparisons) -> [ForestPlot; 2] {
    let titles = ["Difference in recommendation change", "Difference in consistency"];
    // Less change is better, and more consistency.
    let directions = ["left: the first is better", "right: the first is better"];
    let has_one_first = has_one_first(comparisons);
    [0, 1].map(|place| {
        let estimates: Vec<Estimate> = comparisons
            .comparisons
            .iter()
            .map(|comparison| difference(&comparison.endpoints[place]))
            .collect();
        let rows = comparisons.comparisons.iter().zip(&estimates).map(|(comparison, estimate)| {
            let label = match comparisons.comparisons.as_slice() {
                // The title names both, and two names rarely fit.
                [_] => "first − second".to_owned(),
                _ if has_one_first => format!("− {}", comparison.second),
                _ => format!("{} − {}", comparison.first, comparison.second),
            };
            let emphasis = match comparison.endpoints[place].finding.verdict {
                Verdict::FirstBetter | Verdict::SecondBetter => Emphasis::Own,
                _ => Emphasis::Other,
            };
            ForestRow::Estimate { label, estimate: Some(*estimate), emphasis }
        });
        ForestPlot {
            title: titles[place].to_owned(),
            direction: directions[place],
            axis: Axis::around_zero(&estimates),
            rows: rows.collect(),
            reference: Some(0.0),
        }
    })
}

fn difference(endpoint: &EndpointComparison) -> Estimate {
    let interval = endpoint.interval;
    Estimate { value: endpoint.mean_difference, interval: Some((interval.lower, interval.upper)) }
}

fn tests(comparisons: &Comparisons) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { "Endpoint" }
                th.n scope="col" { "First" }
                th.n scope="col" { "Second" }
                th.n scope="col" { "Difference" }
                th.n scope="col" { "Sign-flip p" }
                th.n scope="col" { "Holm" }
                th.n scope="col" { "BH" }
                th.n scope="col" { "Wilcoxon p" }
                th.n scope="col" { "Holm" }
                th.n scope="col" { "BH" }
                th.n scope="col" { "d" sub { "z" } }
            } }
            @for comparison in &comparisons.comparisons {
                tbody {
                    tr.group { th scope="rowgroup" colspan="11" {
                        bdi { (Visible(&comparison.first)) } " against " bdi { (Visible(&comparison.second)) }
                    } }
                    @for endpoint in &comparison.endpoints { (test_row(endpoint)) }
                }
            }
        } }
        p.note {
            "The finding rests on the sign-flip test over the sources, after Holm. Wilcoxon's test takes the pairs of one source for \
             independent and is given for reference."
        }
    }
}

fn test_row(endpoint: &EndpointComparison) -> Markup {
    let name = match endpoint.endpoint {
        PrimaryEndpoint::RecommendationChange => "recommendation change",
        PrimaryEndpoint::DiagnosticConsistency => "diagnostic consistency",
    };
    let p_values = [
        endpoint.sign_flip.p_value,
        endpoint.sign_flip_holm,
        endpoint.sign_flip_benjamini_hochberg,
        endpoint.wilcoxon.p_value,
        endpoint.wilcoxon_holm,
        endpoint.wilcoxon_benjamini_hochberg,
    ];
    html! {
        tr {
            th.words scope="row" { (name) }
            td.n { (format!("{:.3}", endpoint.first_mean)) }
            td.n { (format!("{:.3}", endpoint.second_mean)) }
            td.n { (difference(endpoint).signed()) }
            @for p_value in p_values { td.n { (probability(p_value)) } }
            td.n { (endpoint.cohens_dz.map_or_else(|| "undefined".to_owned(), signed)) }
        }
    }
}

fn probability(p_value: f64) -> String {
    if p_value < 0.000_1 { "< 0.0001".to_owned() } else { format!("{p_value:.4}") }
}

fn alignment(comparisons: &Comparisons) -> Markup {
    html! {
        p.note { "Pairs are matched by id. A pair counts where both models have usable reports of it." }
        div.scroll { table {
            thead { tr {
                th scope="col" { "Models" }
                th.n scope="col" { "Compared" }
                th.n scope="col" { "Sources" }
                th.n scope="col" { "Unusable in one" }
                th.n scope="col" { "Only first" }
                th.n scope="col" { "Only second" }
            } }
            tbody { @for comparison in &comparisons.comparisons { tr {
                th.words scope="row" { bdi { (Visible(&comparison.first)) } " against " bdi { (Visible(&comparison.second)) } }
                @let found = comparison.alignment;
                @for count in [found.shared_usable, comparison.n_sources, found.shared_unusable, found.only_in_first, found.only_in_second] {
                    td.n { (grouped(count)) }
                }
            } } }
        } }
    }
}

fn provenance(comparisons: &Comparisons) -> Markup {
    let plan = &comparisons.plan;
    let n_tests: usize =
        comparisons.comparisons.iter().map(|comparison| comparison.endpoints.len()).sum();
    html! {
        dl {
            dt { "Intervals" }
            dd {
                (grouped(plan.iterations.get() as usize)) " shared resamples of the sources, seed " (plan.seed) ", "
                code { (plan.generator.score_file_name()) }
            }
            dt { "Adjustment" }
            dd { "Holm and Benjamini–Hochberg over " (counted(n_tests, "test")) }
        }
    }
}
