//! The places that the data leave open, as tables.

use maud::{Markup, html};
use spinefairbench_scoring::ranks::{EndpointRanks, Ranks};

use crate::estimate::counted;
use crate::visible::Visible;

/// Both rankings, with what the places mean.
pub(crate) fn body(ranks: &Ranks) -> Markup {
    html! {
        p.note {
            "On the " (counted(ranks.n_pairs, "pair")) " of " (counted(ranks.n_sources, "source")) " that all models have usable. With 95\u{a0}% \
             the true place of every model of a table lies within its places; they come from all "
            (counted(ranks.endpoints[0].n_gaps, "gap")) " between two models, whose intervals hold together. A model whose places begin at 1 is \
             not told apart from the best."
        }
        @for of_endpoint in &ranks.endpoints { (table(of_endpoint)) }
    }
}

fn table(ranks: &EndpointRanks) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th scope="col" { "By " (ranks.endpoint.in_words()) }
                th.n scope="col" { "Mean" }
                th.n scope="col" { "Place" }
                th.n scope="col" { "Places left open" }
                th scope="col" { "Against the best" }
            } }
            tbody { @for row in &ranks.rows { tr {
                th.words scope="row" { bdi { (Visible(&row.model)) } }
                td.n { (format!("{:.3}", row.mean)) }
                td.n { (row.place) }
                td.n { (row.best_place) " to " (row.worst_place) }
                td { @if row.is_among_the_best() { "not told apart" } @else { "worse" } }
            } } }
        } }
    }
}
