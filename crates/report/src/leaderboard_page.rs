//! The page of a leaderboard: submitted models beside the published ones.
//!
//! The order is the board's: by recommendation change, then by consistency; equal rows share a place. Both endpoints are there as a
//! figure alone, too.

use maud::{Markup, html};
use spinefairbench_scoring::leaderboard::{
    BoardEndpoint, Leaderboard, LeaderboardRow, RankedRow, Terms,
};
use spinefairbench_scoring::ranks::Ranks;

use crate::document::{Document, Section};
use crate::estimate::{Estimate, counted, grouped};
use crate::forest::{self, Axis, Emphasis, ForestPlot, ForestRow};
use crate::ranks_table;
use crate::visible::Visible;

/// The page of `board` beside `published` rows, with the places that the data leave open where the board's score files were given.
#[must_use]
pub fn html(board: &Leaderboard, published: &[LeaderboardRow], ranks: Option<&Ranks>) -> String {
    let rows = board.ranked(published);
    let [change, consistency] = plots(&rows);
    let endpoints = html! {
        @if rows.is_empty() {
            p { "The leaderboard has no row." }
        } @else {
            figure {
                div.plots { (change.inline("board-change")) (consistency.inline("board-consistency")) }
                figcaption {
                    "Point estimates with 95\u{a0}% intervals, the best on top; submitted models are set off."
                    @if rows.iter().any(|ranked| ranked.row.recommendation_change.ci95.is_none()) {
                        " Hollow points have no published interval."
                    }
                }
            }
        }
    };
    let mut sections = vec![
        Section { id: "models", heading: "Models", body: table(&rows) },
        Section { id: "endpoints", heading: "Endpoints", body: endpoints },
    ];
    if let Some(ranks) = ranks {
        sections.push(Section { id: "places", heading: "Places", body: ranks_table::body(ranks) });
    }
    if let Some(terms) = board.terms() {
        let body = provenance(terms, &rows);
        sections.push(Section { id: "terms", heading: "What the scores have in common", body });
    }
    let document = Document {
        kind: "leaderboard",
        title: "Leaderboard",
        subtitle: html! {
            (counted(board.rows().len(), "submitted model")) ", " (counted(published.len(), "published model"))
            @if let Some(terms) = board.terms() { " · scope " (terms.scope) }
        },
        sections,
        data: None,
    };
    document.render()
}

/// Both endpoints of every row, as an SVG file.
#[must_use]
pub fn svg(board: &Leaderboard, published: &[LeaderboardRow]) -> String {
    forest::figure("SpineFairBench leaderboard", &plots(&board.ranked(published)))
}

fn plots(ranked: &[RankedRow<'_>]) -> [ForestPlot; 2] {
    let rows: Vec<&LeaderboardRow> = ranked.iter().map(|ranked| ranked.row).collect();
    let mut by_consistency = rows.clone();
    by_consistency.sort_by(|left, right| {
        right.diagnostic_consistency.value.total_cmp(&left.diagnostic_consistency.value)
    });
    [
        plot("Recommendation change", "lower is better", &rows, |row| row.recommendation_change),
        plot("Diagnostic label consistency", "higher is better", &by_consistency, |row| {
            row.diagnostic_consistency
        }),
    ]
}

fn plot(
    title: &str,
    direction: &'static str,
    rows: &[&LeaderboardRow],
    of: fn(&LeaderboardRow) -> BoardEndpoint,
) -> ForestPlot {
    let rows = rows.iter().map(|row| ForestRow::Estimate {
        label: row.model.clone(),
        estimate: Some(Estimate::from(of(row))),
        emphasis: if row.kind.is_submitted() { Emphasis::Own } else { Emphasis::Other },
    });
    ForestPlot {
        title: title.to_owned(),
        direction,
        axis: Axis::Unit,
        rows: rows.collect(),
        reference: None,
    }
}

fn table(rows: &[RankedRow<'_>]) -> Markup {
    html! {
        p.note {
            "Ordered by recommendation change; the place in this table says nothing about whether a difference is beyond chance. "
            "A row as stated follows from its own score file; a recomputed one from its submission, scored again."
        }
        div.scroll { table.sortable {
            thead { tr {
                th.n scope="col" { "Place" }
                th scope="col" { "Model" }
                th.wide scope="col" { "Row" }
                th.n.wide scope="col" { "Usable pairs" }
                th.n.wide scope="col" { "Full refusals" }
                th.n scope="col" { "Recommendation change" }
                th.n scope="col" { "Diagnostic consistency" }
            } }
            tbody { @for RankedRow { place, row } in rows {
                tr.own[row.kind.is_submitted()] {
                    td.n { (place) }
                    th scope="row" { bdi { (Visible(&row.model)) } }
                    td.wide { (row.kind_in_words()) }
                    td.n.wide data-value=(row.n_pairs) { (grouped(row.n_pairs)) }
                    td.n.wide { (row.full_refusals.map_or_else(|| "–".to_owned(), grouped)) }
                    td.n data-value=(row.recommendation_change.value) { (Estimate::from(row.recommendation_change).cell()) }
                    td.n data-value=(row.diagnostic_consistency.value) { (Estimate::from(row.diagnostic_consistency).cell()) }
                }
            } }
        } }
    }
}

fn provenance(terms: &Terms, rows: &[RankedRow<'_>]) -> Markup {
    html! {
        dl {
            dt { "Scope" }
            dd { (terms.scope) }
            dt { "Intervals" }
            dd {
                (grouped(terms.iterations as usize)) " resamples of the sources, seed " (Visible(&terms.seed)) ", "
                code { (Visible(&terms.generator)) }
            }
            dt { "Registries, combined" }
            dd { code { (Visible(&terms.registry)) } }
            @for (path, digest) in &terms.scope_manifests {
                dt { code { (Visible(path)) } }
                dd { code { (digest) } }
            }
            @if let Some(identity) = &terms.bundle_identity {
                dt { "Bundle identity" }
                dd { code { (identity) } }
            }
        }
        details {
            summary { "Submissions" }
            dl {
                @for row in rows.iter().map(|ranked| ranked.row).filter(|row| row.kind.is_submitted()) {
                    dt { bdi { (Visible(&row.model)) } }
                    dd {
                        @if let Some(scored) = &row.scored_at_utc { "scored " (Visible(scored)) " " }
                        @if let Some(digest) = &row.submission_sha256 { code { (digest) } }
                    }
                }
            }
        }
    }
}
