//! The widest gaps between subgroups of a score's pairs.

use maud::{Markup, html};
use spinefairbench_scoring::score_file::ScoreFile;
use spinefairbench_scoring::small_sample;
use spinefairbench_scoring::subgroups::{Division, of_score};

use crate::subgroup_table;

/// The section; none for a score file whose plan cannot be read, or without a gap.
pub(super) fn section(score: &ScoreFile) -> Option<Markup> {
    let plan = score.plan().ok()?;
    let subgroups = of_score(score, &Division::SINGLE, &plan).ok()?;
    if subgroups.widest.is_empty() {
        return None;
    }
    let caution = small_sample::of_score(score).ok().flatten();
    Some(html! {
        (subgroup_table::body(&subgroups))
        @if let Some(caution) = caution { p.note { "Few sources: " (caution) "." } }
    })
}
