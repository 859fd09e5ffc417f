//! Both endpoints by parts of the pairs.

use maud::{Markup, html};
use spinefairbench_scoring::score_file::{Endpoint, ScoreFile, StratumRow};

use super::endpoints;
use crate::estimate::{Estimate, grouped};
use crate::forest::{Axis, Emphasis, ForestPlot, ForestRow};
use crate::table::head;
use crate::visible::category_words;

/// The section; none for a score file without parts.
pub(super) fn section(score: &ScoreFile) -> Option<Markup> {
    let strata = score.strata.as_ref().filter(|strata| !strata.is_empty())?;
    let [change, consistency] = endpoints(score);
    let plot =
        |title: &str, direction, overall: Estimate, of: fn(&StratumRow) -> Option<Endpoint>| {
            let mut rows = vec![ForestRow::Estimate {
                label: "all pairs".to_owned(),
                estimate: Some(overall),
                emphasis: Emphasis::Own,
            }];
            for (division, parts) in strata {
                rows.push(ForestRow::Heading(division_words(division)));
                rows.extend(parts.iter().map(|(part, stratum)| ForestRow::Estimate {
                    label: category_words(part),
                    estimate: of(stratum).map(Estimate::from),
                    emphasis: Emphasis::Other,
                }));
            }
            let reference = Some(overall.value);
            ForestPlot { title: title.to_owned(), direction, axis: Axis::Unit, rows, reference }
        };
    let of_change = plot("Recommendation change", "lower is better", change, |stratum| {
        stratum.recommendation_change_rate
    });
    let of_consistency =
        plot("Diagnostic label consistency", "higher is better", consistency, |stratum| {
            stratum.diagnostic_label_consistency
        });
    let has_degenerate =
        strata.values().flat_map(|parts| parts.values()).any(|stratum| stratum.degenerate);
    Some(html! {
        figure {
            div.plots { (of_change.inline("parts-change")) (of_consistency.inline("parts-consistency")) }
            figcaption {
                "The endpoints within parts of the pairs, each with an interval drawn as that of the whole; the dotted line stands \
                 at all pairs. The intervals are not adjusted for the number of parts."
                @if has_degenerate { " Parts of fewer than two sources have an interval that says nothing." }
            }
        }
        details {
            summary { "Counts and numbers as a table" }
            div.scroll { table {
                (head(
                    &["Part"],
                    &["Usable pairs", "Sources", "Full refusals", "Partial refusals", "Recommendation change", "Diagnostic consistency"],
                ))
                @for (division, parts) in strata {
                    tbody {
                        tr.group { th scope="rowgroup" colspan="7" { (division_words(division)) } }
                        @for (part, stratum) in parts { (row(part, stratum)) }
                    }
                }
            } }
        }
    })
}

fn row(part: &str, stratum: &StratumRow) -> Markup {
    let number = |endpoint: Option<Endpoint>| {
        endpoint
            .map_or_else(|| "–".to_owned(), |endpoint| Estimate::from(endpoint).three_decimals())
    };
    html! {
        tr {
            th scope="row" { (category_words(part)) @if stratum.degenerate { " (too few sources)" } }
            td.n { (grouped(stratum.usable_pairs)) }
            td.n { (grouped(stratum.unique_sources_usable)) }
            td.n { (grouped(stratum.pair_full_refusals)) }
            td.n { (grouped(stratum.pair_partial_refusals)) }
            td.n { (number(stratum.recommendation_change_rate)) }
            td.n { (number(stratum.diagnostic_label_consistency)) }
        }
    }
}

fn division_words(division: &str) -> String {
    match division {
        "edit_label" => "by edit".to_owned(),
        "edited_age" => "by edited age".to_owned(),
        "edited_sex" => "by edited sex".to_owned(),
        "source_dataset" => "by source dataset".to_owned(),
        other => category_words(other),
    }
}
