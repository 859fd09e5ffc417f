//! The widest gaps between subgroups, as a table.

use maud::{Markup, html};
use spinefairbench_scoring::subgroups::{SubgroupGap, Subgroups};

use crate::estimate::{Estimate, counted};
use crate::table::head;
use crate::visible::{Visible, category_words};

/// The widest gap of each endpoint and division, with what its interval holds over.
pub(crate) fn body(subgroups: &Subgroups) -> Markup {
    html! {
        div.scroll { table {
            (head(&["Endpoint", "Parts by", "Higher", "Lower"], &["Gap", "p, adjusted"]))
            tbody { @for gap in &subgroups.widest { (row(gap)) } }
        } }
        p.note {
            "The widest gap of each division. The intervals and p-values hold for all " (counted(subgroups.n_gaps, "gap")) " of both endpoints \
             together, over " (counted(subgroups.n_sources, "source")) ", so that the widest may be picked."
            @for part in &subgroups.left_out {
                " Left out of " (category_words(part.division.as_str())) ", for too few sources: " bdi { (Visible(&part.part)) } "."
            }
        }
    }
}

fn row(gap: &SubgroupGap) -> Markup {
    let part = |part: &spinefairbench_scoring::subgroups::PartMean| html! { bdi { (Visible(&category_words(&part.name))) } (format!(" {:.3}", part.mean)) };
    let interval = gap.interval.map(|interval| (interval.lower, interval.upper));
    html! { tr {
        th.words scope="row" { (gap.endpoint.in_words()) }
        td.words { (category_words(gap.division.as_str())) }
        td.words { (part(&gap.higher)) }
        td.words { (part(&gap.lower)) }
        td.n { (Estimate { value: gap.difference, interval }.signed()) }
        td.n { (gap.p_value.map_or_else(|| "–".to_owned(), |p_value| format!("{p_value:.4}"))) }
    } }
}
