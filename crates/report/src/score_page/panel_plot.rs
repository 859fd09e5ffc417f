//! Both endpoints of the model among the published ones, as forest plots and as a table.

use maud::{Markup, html};
use spinefairbench_scoring::leaderboard::{BoardEndpoint, LeaderboardRow};
use spinefairbench_scoring::score_file::ScoreFile;

use super::endpoints;
use crate::estimate::{Estimate, grouped};
use crate::forest::{Axis, Emphasis, ForestPlot, ForestRow};
use crate::panel::Panel;
use crate::table::head;
use crate::visible::Visible;

pub(super) fn section(score: &ScoreFile, panel: Option<&Panel>) -> Markup {
    let [change, consistency] = plots(score, panel);
    let lacks_intervals = panel
        .is_some_and(|panel| panel.rows.iter().any(|row| row.recommendation_change.ci95.is_none()));
    html! {
        figure {
            div.plots { (change.inline("panel-change")) (consistency.inline("panel-consistency")) }
            figcaption {
                "Point estimates with 95\u{a0}% intervals, the best on top; the dotted line stands at this model."
                @if let Some(panel) = panel { " Other rows: release " (Visible(&panel.release_id)) "." }
                @if lacks_intervals { " Hollow points have no published interval." }
            }
        }
        @if let Some(panel) = panel {
            details {
                summary { "The same numbers as a table" }
                (table(score, panel))
            }
        }
    }
}

/// Recommendation change and diagnostic consistency.
pub(super) fn plots(score: &ScoreFile, panel: Option<&Panel>) -> [ForestPlot; 2] {
    let [change, consistency] = endpoints(score);
    let rows = panel.map_or(&[][..], |panel| &panel.rows);
    let name = &score.table2_row.model_name;
    let others = |of: fn(&LeaderboardRow) -> BoardEndpoint| {
        rows.iter().map(move |row| (row.model.clone(), of(row).into()))
    };
    let mut lowest_first = ranked(name, change, others(|row| row.recommendation_change));
    lowest_first.sort_by(|left, right| left.1.value.total_cmp(&right.1.value));
    let mut highest_first = ranked(name, consistency, others(|row| row.diagnostic_consistency));
    highest_first.sort_by(|left, right| right.1.value.total_cmp(&left.1.value));
    [
        plot("Recommendation change", "lower is better", change, lowest_first),
        plot("Diagnostic label consistency", "higher is better", consistency, highest_first),
    ]
}

type Row = (String, Estimate, Emphasis);

fn ranked(name: &str, own: Estimate, others: impl Iterator<Item = (String, Estimate)>) -> Vec<Row> {
    let own = (name.to_owned(), own, Emphasis::Own);
    let others = others.map(|(name, estimate)| (name, estimate, Emphasis::Other));
    std::iter::once(own).chain(others).collect()
}

fn plot(title: &str, direction: &'static str, own: Estimate, rows: Vec<Row>) -> ForestPlot {
    let rows = rows.into_iter().map(|(label, estimate, emphasis)| ForestRow::Estimate {
        label,
        estimate: Some(estimate),
        emphasis,
    });
    ForestPlot {
        title: title.to_owned(),
        direction,
        axis: Axis::Unit,
        rows: rows.collect(),
        reference: Some(own.value),
    }
}

fn table(score: &ScoreFile, panel: &Panel) -> Markup {
    let [change, consistency] = endpoints(score);
    let row = |model: &str, n_pairs: String, change: Estimate, consistency: Estimate| {
        html! {
            th scope="row" { (Visible(model)) }
            td.n { (n_pairs) }
            td.n data-value=(change.value) { (change.cell()) }
            td.n data-value=(consistency.value) { (consistency.cell()) }
        }
    };
    html! {
        div.scroll { table.sortable {
            (head(&["Model"], &["Usable pairs", "Recommendation change", "Diagnostic consistency"]))
            tbody {
                tr.own {
                    (row(&score.table2_row.model_name, grouped(score.coverage.usable_pairs), change, consistency))
                }
                @for published in &panel.rows {
                    tr {
                        (row(&published.model, grouped(published.n_pairs), published.recommendation_change.into(), published.diagnostic_consistency.into()))
                    }
                }
            }
        } }
    }
}
