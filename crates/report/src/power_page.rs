//! The page of a plan: what a paired design could show, as curves and tables.
//!
//! Curves have both axes on a logarithmic scale, on which the error of a mean over sources is a straight line. They are there as a
//! figure alone, too.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};
use spinefairbench_scoring::pair_score::PrimaryEndpoint;
use spinefairbench_scoring::power::{ClusterFacts, Power, Sample, Simulated};

use crate::document::{Document, Section};
use crate::estimate::{counted, grouped, signed};
use crate::table::head;
use crate::visible::Visible;

/// The page of `power`.
#[must_use]
pub fn html(power: &Power) -> String {
    let curves = html! {
        @for simulated in &power.simulated { p { (sentence(power, simulated)) } }
        figure {
            div.plots {
                @for (place, simulated) in power.simulated.iter().enumerate() {
                    svg.forest xmlns="http://www.w3.org/2000/svg" role="img" aria-label=(description(simulated))
                        viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } data-plot=(place) { (curve(simulated)) }
                }
            }
            figcaption {
                "The smallest true difference that a paired design shows, and half the width of a 95\u{a0}% interval, by number of sources; \
                 both axes logarithmic."
            }
        }
        @for simulated in &power.simulated { (curve_table(power, simulated)) }
    };
    let mut sections =
        vec![Section { id: "curves", heading: "By number of sources", body: curves }];
    if power.simulated.iter().any(|simulated| !simulated.needed.is_empty()) {
        sections.push(Section { id: "needed", heading: "Sources needed", body: needed(power) });
    }
    if !power.differences.is_empty() {
        let body = html! {
            details {
                summary { (counted(power.differences.len() / 2, "pair")) " of models, both endpoints of each" }
                (facts(&power.differences))
            }
        };
        sections.push(Section { id: "differences", heading: "Every two models", body });
    }
    sections.push(Section { id: "models", heading: "The models", body: facts(&power.models) });
    let settings = &power.settings;
    let document = Document {
        kind: "plan of a comparison",
        title: "What a paired design could show",
        subtitle: html! {
            (counted(settings.simulations.get() as usize, "simulated study").replace("studys", "studies"))
            " at every number of sources · two-sided level " (settings.level) " · seed " (settings.seed)
        },
        sections,
        data: None,
    };
    document.render()
}

/// The curves as an SVG file.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a figure has two plots")]
pub fn svg(power: &Power) -> String {
    const MARGIN: f64 = 16.0;
    let n = power.simulated.len() as f64;
    let (width, height) = (MARGIN * 2.0 + WIDTH * n, MARGIN * 2.0 + HEIGHT);
    let all: Vec<String> = power.simulated.iter().map(description).collect();
    let svg = html! {
        svg.forest xmlns="http://www.w3.org/2000/svg" role="img" aria-label=(all.join(" "))
            width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
            style { (PreEscaped(include_str!("../assets/figure.css"))) }
            rect.paper width="100%" height="100%" {}
            @for (place, simulated) in power.simulated.iter().enumerate() {
                g transform={ "translate(" (MARGIN + WIDTH * place as f64) " " (MARGIN) ")" } { (curve(simulated)) }
            }
        }
    };
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", svg.into_string())
}

/// The endpoint in words.
fn words(endpoint: PrimaryEndpoint) -> &'static str {
    match endpoint {
        PrimaryEndpoint::RecommendationChange => "Recommendation change",
        PrimaryEndpoint::DiagnosticConsistency => "Diagnostic label consistency",
    }
}

/// What the middle of the page says in a sentence.
fn sentence(power: &Power, simulated: &Simulated) -> String {
    let measured =
        power.differences.iter().chain(&power.models).find(|sample| {
            sample.endpoint == simulated.endpoint && sample.models == simulated.models
        });
    let n = measured.map_or(0, |sample| sample.facts.sources);
    let point = simulated.curve.iter().min_by_key(|point| (point.sources as usize).abs_diff(n));
    let Some(point) = point else { return String::new() };
    let name = |place: usize| {
        simulated.models.get(place).map_or_else(String::new, |name| Visible(name).to_string())
    };
    let sources = grouped(point.sources as usize);
    let mut text = format!("{}: ", words(simulated.endpoint));
    let Some(first) = point.smallest_differences.first() else {
        let _never_fails = write!(
            text,
            "with {sources} sources the interval of {} reaches {:.1} percentage points to either side.",
            name(0),
            point.half_width * 100.0
        );
        return text;
    };
    let _never_fails = write!(
        text,
        "with {sources} sources, two models like {} and {} must truly differ by {:.1} percentage points for a comparison to show it in \
         {:.0} of 100 studies; the interval of their difference reaches {:.1} points to either side.",
        name(0),
        name(1),
        first.difference * 100.0,
        first.power * 100.0,
        point.half_width * 100.0
    );
    text
}

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 370.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 250.0;

/// The lines of a plot: a name and its points.
fn lines(simulated: &Simulated) -> Vec<(String, Vec<(f64, f64)>)> {
    let n_powers = simulated.curve.first().map_or(0, |point| point.smallest_differences.len());
    let mut lines: Vec<(String, Vec<(f64, f64)>)> = (0..n_powers)
        .map(|place| {
            let power = simulated.curve[0].smallest_differences[place].power;
            let points = simulated.curve.iter().map(|point| {
                (f64::from(point.sources), point.smallest_differences[place].difference)
            });
            (format!("{:.0} % power", power * 100.0), points.collect())
        })
        .collect();
    let half = simulated.curve.iter().map(|point| (f64::from(point.sources), point.half_width));
    lines.push(("half-width".to_owned(), half.collect()));
    lines.sort_by(|left, right| {
        let last = |line: &(String, Vec<(f64, f64)>)| line.1.last().map_or(0.0, |point| point.1);
        last(right).total_cmp(&last(left))
    });
    lines
}

/// Ends of a logarithmic axis: powers of ten times 1, 2 or 5 around the values, and these steps between.
fn steps(values: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let least = values.clone().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
    let greatest = values.fold(0.0, f64::max);
    if !least.is_finite() {
        return vec![0.01, 0.1];
    }
    let all = (-6..7).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
    let all: Vec<f64> = all.collect();
    let start = all.iter().rposition(|step| *step <= least * 1.000_001).unwrap_or(0);
    let end = all.iter().position(|step| *step >= greatest * 0.999_999).unwrap_or(all.len() - 1);
    all[start..=end.max(start + 1)].to_vec()
}

fn curve(simulated: &Simulated) -> Markup {
    let lines = lines(simulated);
    let points = || lines.iter().flat_map(|(_, points)| points.iter().copied());
    let (across, up) = (steps(points().map(|point| point.0)), steps(points().map(|point| point.1)));
    let place = |value: f64, steps: &[f64], from: f64, to: f64| {
        let (first, end) = (steps[0].ln(), steps[steps.len() - 1].ln());
        let share = ((value.max(steps[0]).ln() - first) / (end - first)).clamp(0.0, 1.0);
        ((from + (to - from) * share) * 100.0).round() / 100.0
    };
    let greatest = points().map(|point| point.0).fold(0.0, f64::max);
    let ends_of_x = [points().map(|point| point.0).fold(f64::INFINITY, f64::min), greatest];
    let across: Vec<f64> =
        across.into_iter().filter(|step| (ends_of_x[0]..=ends_of_x[1]).contains(step)).collect();
    let x = |value: f64| place(value, &ends_of_x, LEFT, RIGHT);
    let y = |value: f64| place(value, &up, BOTTOM, TOP);
    let path = |points: &[(f64, f64)]| {
        let mut path = String::new();
        for (number, (sources, value)) in points.iter().enumerate() {
            let start = if number == 0 { "M" } else { " L" };
            let _never_fails = write!(path, "{start}{} {}", x(*sources), y(*value));
        }
        path
    };
    // Names stand at the ends of their lines, one below the other.
    let mut below = f64::NEG_INFINITY;
    let mut ends = Vec::new();
    for (name, points) in &lines {
        let Some((_, value)) = points.last() else { continue };
        below = y(*value).max(below + 14.0);
        ends.push((name, below + 4.0));
    }
    html! {
        text.heading x="0" y="16" { (words(simulated.endpoint)) }
        @for step in &across {
            line.grid x1=(x(*step)) x2=(x(*step)) y1=(TOP) y2=(BOTTOM) {}
            text.tick x=(x(*step)) y=(BOTTOM + 16.0) { (step) }
        }
        @for step in &up {
            line.grid x1=(LEFT) x2=(RIGHT) y1=(y(*step)) y2=(y(*step)) {}
            text.tick x=(LEFT - 24.0) y=(y(*step) + 4.0) { (format!("{} %", rounded(step * 100.0))) }
        }
        text.direction x=(LEFT.midpoint(RIGHT)) y=(BOTTOM + 36.0) { "sources" }
        @for (name, points) in &lines {
            g.own[name != "half-width"] {
                path.interval d=(path(points)) fill="none" stroke-dasharray=[(name == "half-width").then_some("4 3")] {}
            }
        }
        @for (name, height) in ends { text.label x=(RIGHT + 8.0) y=(height) { (name) } }
    }
}

/// A step without the rounding of its powers of ten.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn description(simulated: &Simulated) -> String {
    let mut text = format!("{}, by number of sources.", words(simulated.endpoint));
    for (name, points) in lines(simulated) {
        let _never_fails = write!(text, " {name}:");
        for (sources, value) in points {
            let _never_fails = write!(text, " {sources} {value:.3};");
        }
    }
    text
}

fn curve_table(power: &Power, simulated: &Simulated) -> Markup {
    let is_difference = simulated.models.len() == 2;
    let names: Vec<String> =
        simulated.models.iter().map(|name| Visible(name).to_string()).collect();
    html! {
        details {
            summary { (words(simulated.endpoint)) ", " (names.join(" and ")) ", as a table" }
            div.scroll { table.fit {
                thead { tr {
                    th.n scope="col" { "Sources" }
                    @if is_difference {
                        @for share in &power.settings.powers {
                            th.n scope="col" { (format!("Difference shown with {:.0}\u{a0}% power", share * 100.0)) }
                        }
                    }
                    th.n scope="col" { "Half-width" }
                } }
                tbody { @for point in &simulated.curve { tr {
                    td.n { (grouped(point.sources as usize)) }
                    @for smallest in &point.smallest_differences {
                        td.n { (format!("{:.3}", smallest.difference)) }
                    }
                    td.n { (format!("{:.3}", point.half_width)) }
                } } }
            } }
        }
    }
}

fn needed(power: &Power) -> Markup {
    html! {
        div.scroll { table.fit {
            (head(&["Endpoint"], &["True difference", "Power", "Sources", "Power in simulation"]))
            tbody { @for simulated in &power.simulated { @for row in &simulated.needed { tr {
                th scope="row" { (words(simulated.endpoint)) }
                td.n { (format!("{:.3}", row.difference)) }
                td.n { (format!("{:.2}", row.power)) }
                td.n { (row.sources.map_or_else(|| "more than 50,000".to_owned(), |n| grouped(n as usize))) }
                td.n { (row.simulated_power.map_or_else(|| "–".to_owned(), |share| format!("{share:.3}"))) }
            } } } }
        } }
    }
}

fn facts(samples: &[Sample]) -> Markup {
    let or_none = |value: Option<f64>, digits: usize| {
        let text = |value| format!("{value:.digits$}").replace('-', "\u{2212}");
        value.map_or_else(|| "–".to_owned(), text)
    };
    html! {
        p.note {
            "The intraclass correlation says how alike the pairs of one source are; the design effect, by how much that widens an interval's \
             square. The standard error treats sources as the units."
        }
        div.scroll { table.fit {
            (head(
                &["Models", "Endpoint"],
                &["Mean", "Standard error", "Variance", "Within sources", "Intraclass correlation", "Design effect", "Sources", "Pairs"],
            ))
            tbody { @for sample in samples {
                @let ClusterFacts { mean, standard_error, variance, variance_within, sources, pairs, .. } = sample.facts;
                tr {
                    th scope="row" {
                        (Visible(&sample.models[0]))
                        @if let Some(second) = sample.models.get(1) { " less " (Visible(second)) }
                    }
                    td { (words(sample.endpoint)) }
                    td.n { @if sample.models.len() == 2 { (signed(mean)) } @else { (format!("{mean:.3}")) } }
                    td.n { (format!("{standard_error:.4}")) }
                    td.n { (format!("{variance:.3}")) }
                    td.n { (or_none(variance_within, 3)) }
                    td.n { (or_none(sample.facts.intraclass_correlation, 3)) }
                    td.n { (or_none(sample.facts.design_effect, 2)) }
                    td.n { (grouped(sources)) }
                    td.n { (grouped(pairs)) }
                }
            } }
        } }
    }
}
