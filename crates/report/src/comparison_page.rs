//! The page of paired comparisons: what was found, in words first, and the tests behind it.
//!
//! The p-values are those of one call, adjusted together. The differences are there as a figure alone, too.

use maud::{Markup, html};
use spinefairbench_metrics::bootstrap::Interval;
use spinefairbench_scoring::compare::{Comparison, Comparisons, EndpointComparison, Verdict};

use crate::document::{Document, Section};
use crate::estimate::{Estimate, counted, grouped, signed};
use crate::forest::{self, Axis, Emphasis, ForestPlot, ForestRow};
use crate::ranks_table;
use crate::subgroup_table;
use crate::table::head;
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
    let mut sections = vec![
        Section { id: "findings", heading: "Findings", body: findings },
        Section { id: "differences", heading: "Differences", body: differences },
        Section { id: "tests", heading: "Tests", body: tests(comparisons) },
        Section { id: "intervals", heading: "Intervals", body: intervals(comparisons) },
        Section { id: "flips", heading: "Changed recommendations", body: flips(comparisons) },
        Section { id: "alignment", heading: "Shared pairs", body: alignment(comparisons) },
        Section { id: "provenance", heading: "How it was computed", body: provenance(comparisons) },
    ];
    if comparisons.comparisons.iter().any(|comparison| comparison.subgroups.is_some()) {
        let body = subgroup_gaps(comparisons);
        sections.insert(2, Section { id: "subgroups", heading: "Subgroups", body });
    }
    if let Some(ranks) = &comparisons.ranks {
        sections
            .insert(2, Section { id: "places", heading: "Places", body: ranks_table::body(ranks) });
    }
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

fn names(comparison: &Comparison) -> Markup {
    html! { bdi { (Visible(&comparison.first)) } " against " bdi { (Visible(&comparison.second)) } }
}

fn finding(comparison: &Comparison) -> Markup {
    html! {
        article.comparison {
            h3 { (names(comparison)) }
            ul { @for endpoint in &comparison.endpoints {
                li {
                    (sentence(&endpoint.finding.sentence))
                    @if let Some(within) = &endpoint.within_margin { " " (sentence(&within.sentence)) }
                }
            } }
            @if let Some(caution) = comparison.small_sample() { p.note { "Few sources: " (caution) "." } }
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
                        (names(comparison))
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
    let name = endpoint.endpoint.in_words();
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

/// The two intervals of every difference and, where a margin was asked for, what holds within it.
fn intervals(comparisons: &Comparisons) -> Markup {
    let signed_interval = |interval: Option<Interval>| {
        interval.map_or_else(
            || "–".to_owned(),
            |interval| format!("[{}, {}]", signed(interval.lower), signed(interval.upper)),
        )
    };
    let margin = comparisons.margin;
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { "Endpoint" }
                th.n scope="col" { "Sources" }
                th.n scope="col" { "Percentile 95\u{a0}%" }
                th.n scope="col" { "t 95\u{a0}%" }
                @if margin.is_some() {
                    th.n scope="col" { "t 90\u{a0}%" }
                    th.n scope="col" { "First no worse, p" }
                    th.n scope="col" { "Second no worse, p" }
                    th scope="col" { "What holds" }
                }
            } }
            @for comparison in &comparisons.comparisons {
                tbody {
                    tr.group { th scope="rowgroup" colspan=(if margin.is_some() { 8 } else { 4 }) {
                        (names(comparison))
                    } }
                    @for endpoint in &comparison.endpoints { tr {
                        th.words scope="row" { (endpoint.endpoint.in_words()) }
                        td.n { (grouped(comparison.n_sources)) }
                        td.n { (signed_interval(Some(endpoint.interval))) }
                        td.n { (signed_interval(endpoint.clustered_mean.t_interval(0.95))) }
                        @if let Some(within) = &endpoint.within_margin {
                            td.n { (signed_interval(within.t_interval_90)) }
                            td.n { (probability(within.first.holm)) }
                            td.n { (probability(within.second.holm)) }
                            td.words { @for (place, statement) in within.statements.iter().enumerate() {
                                @if place > 0 { ", " } (statement.as_str().replace('_', " "))
                            } }
                        }
                    } }
                }
            }
        } }
        p.note {
            "The t interval has one degree of freedom less than there are sources, and does not run short over few of them. "
            @if let Some(margin) = margin {
                "Within a margin of " (margin) ": a p-value is the larger of a clustered t test and a sign-flip test, after Holm over both sides \
                 of every endpoint. Both sides below 0.05 is equivalence, and the 90\u{a0}% interval then lies within the margin."
            }
        }
    }
}

/// Where the difference of two models is furthest apart.
fn subgroup_gaps(comparisons: &Comparisons) -> Markup {
    html! {
        @for comparison in &comparisons.comparisons { @if let Some(subgroups) = &comparison.subgroups {
            h3 { (names(comparison)) }
            (subgroup_table::body(subgroups))
        } }
    }
}

/// On which pairs the two change their recommendation.
fn flips(comparisons: &Comparisons) -> Markup {
    html! {
        div.scroll { table {
            (head(&["Models"], &["Both changed", "Only first", "Only second", "Neither", "McNemar, exact p", "Sign-flip p"]))
            tbody { @for comparison in &comparisons.comparisons { tr {
                @let flips = comparison.flips;
                th.words scope="row" { (names(comparison)) }
                @for count in [flips.both, flips.only_first, flips.only_second, flips.neither] { td.n { (grouped(usize::try_from(count).unwrap_or(usize::MAX))) } }
                td.n { (probability(flips.mcnemar())) }
                td.n { (probability(comparison.endpoints[0].sign_flip.p_value)) }
            } } }
        } }
        p.note {
            "McNemar's test takes the pairs of one source for independent, and is given for reference; the finding rests on the sign-flip test, \
             whose units are the sources."
        }
    }
}

fn alignment(comparisons: &Comparisons) -> Markup {
    html! {
        p.note { "Pairs are matched by id. A pair counts where both models have usable reports of it." }
        div.scroll { table {
            (head(&["Models"], &["Compared", "Sources", "Unusable in one", "Only first", "Only second"]))
            tbody { @for comparison in &comparisons.comparisons { tr {
                th.words scope="row" { (names(comparison)) }
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
            dd {
                "Holm and Benjamini–Hochberg over " (counted(n_tests, "test"))
                @if comparisons.margin.is_some() { "; within the margin Holm over " (counted(2 * n_tests, "one-sided test")) }
            }
        }
    }
}
