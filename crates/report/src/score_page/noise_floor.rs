//! The endpoints with the noise floor beside them: how far two calls on one image differ.

use maud::{Markup, html};
use spinefairbench_scoring::score_file::{
    ExcessRow, FloorEndpoints, FloorMean, FloorRow, NoiseFloorSection, ScoreFile,
};

use super::endpoints;
use crate::estimate::{Estimate, counted, signed};
use crate::forest::{Axis, Emphasis, ForestPlot, ForestRow};
use crate::table::head;
use crate::visible::Visible;

/// The section; none where the score has no repeats.
pub(super) fn section(score: &ScoreFile) -> Option<Markup> {
    let floor = score.noise_floor.as_ref()?;
    let [change, labels] = plots(score, floor);
    Some(html! {
        @for sentence in floor.sentences() { p { (Visible(&sentence)) } }
        @if floor.demographic_edits.by_source.is_some() || floor.null_edits.is_some() {
            figure {
                div.plots { (change.inline("floor-change")) (labels.inline("floor-labels")) }
                figcaption {
                    "How often two reports differ, with 95\u{a0}% intervals. The dotted line is the noise floor: what the model does when \
                     nothing has changed. Every source counts once, but in the row of the endpoint, where every pair does."
                }
            }
            (table("Age or sex edited", &floor.demographic_edits))
            @if let Some(row) = &floor.null_edits { (table("Edited without another age or sex", row)) }
        }
        p.note {
            (counted(floor.repeats, "round")) " of calls; the source radiograph was called "
            @match floor.source_calls.as_str() {
                "one_per_pair" => "anew for every pair. ",
                _ => "once a round, as far as the reports show. ",
            }
            @if floor.controls_left_out > 0 {
                (counted(floor.controls_left_out, "null control")) " name no source of the scope and are left out. "
            }
            "This stands beside the endpoints and replaces none of them. Calls of one model at one time are no sample of other days or \
             other providers."
        }
    })
}

fn plots(score: &ScoreFile, floor: &NoiseFloorSection) -> [ForestPlot; 2] {
    let [change, consistency] = endpoints(score);
    // The labels as instability, so that both plots read alike.
    let turned = Estimate {
        value: 1.0 - consistency.value,
        interval: consistency.interval.map(|(lower, upper)| (1.0 - upper, 1.0 - lower)),
    };
    [
        plot("Recommendations differ", change, floor, |row| row.recommendation_instability),
        plot("Diagnostic labels differ (1 − overlap)", turned, floor, |row| {
            row.diagnostic_instability
        }),
    ]
}

fn plot(
    title: &str,
    endpoint: Estimate,
    floor: &NoiseFloorSection,
    of: fn(&FloorEndpoints) -> ExcessRow,
) -> ForestPlot {
    let by_source = |row: &FloorRow| row.by_source.as_ref().map(of);
    let edits = by_source(&floor.demographic_edits);
    let nulls = floor.null_edits.as_ref().map(by_source);
    let row = |label: &str, estimate: Option<Estimate>, emphasis| ForestRow::Estimate {
        label: label.to_owned(),
        estimate,
        emphasis,
    };
    let mut rows = vec![
        row("the endpoint", Some(endpoint), Emphasis::Own),
        row("age or sex edited", edits.map(|row| row.edited.into()), Emphasis::Other),
    ];
    if let Some(nulls) = nulls {
        rows.push(row("null edit", nulls.map(|row| row.edited.into()), Emphasis::Other));
    }
    let same = edits.or_else(|| nulls.flatten()).map(|row| row.floor);
    rows.push(row("same image again", same.map(Estimate::from), Emphasis::Other));
    ForestPlot {
        title: title.to_owned(),
        direction: "share of two reports that differ",
        axis: Axis::Unit,
        rows,
        reference: same.map(|floor| floor.point_estimate),
    }
}

impl From<FloorMean> for Estimate {
    fn from(mean: FloorMean) -> Self {
        Self {
            value: mean.point_estimate,
            interval: mean.ci95.map(|ends| (ends.lower, ends.upper)),
        }
    }
}

fn table(caption: &str, row: &FloorRow) -> Markup {
    let parts = [("source", row.by_source), ("pair", row.by_pair)];
    html! {
        div.scroll { table.fit {
            caption { (caption) }
            (head(&["Differing", "By"], &["Edited (T)", "Same image (F)", "T − F", "(T − F)/(1 − F)"]))
            tbody {
                @for (weight, endpoints) in parts {
                    @if let Some(endpoints) = endpoints {
                        (line("advice", weight, &endpoints.recommendation_instability))
                        (line("labels", weight, &endpoints.diagnostic_instability))
                    }
                }
            }
        } }
        p.note {
            (counted(row.sources, "source")) " with a floor, " (counted(row.source_calls, "call")) " on their radiographs, "
            (counted(row.repeated_comparisons, "comparison")) " of the same image, "
            (counted(row.edited_comparisons, "comparison")) " with an edit. Left out: "
            (counted(row.sources_without_usable_edit, "source")) " without a usable pair, "
            (counted(row.sources_with_fewer_than_two_calls, "source")) " with fewer than two usable calls."
        }
    }
}

fn line(what: &str, weight: &str, row: &ExcessRow) -> Markup {
    html! {
        tr {
            th scope="row" { (what) }
            td { (weight) }
            td.n { (Estimate::from(row.edited).cell()) }
            td.n { (Estimate::from(row.floor).cell()) }
            td.n { (difference(row.excess)) }
            td.n {
                @match row.normalized_excess {
                    Some(mean) => (difference(mean)),
                    None => "none: F is 1",
                }
            }
        }
    }
}

fn difference(mean: FloorMean) -> Markup {
    html! {
        (signed(mean.point_estimate))
        @if let Some(ends) = mean.ci95 {
            " " span.ci { "[" (signed(ends.lower)) ", " (signed(ends.upper)) "]" }
        }
    }
}
