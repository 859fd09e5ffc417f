//! Which pairs the endpoints leave out, and why.

use std::collections::BTreeMap;

use maud::{Markup, html};
use spinefairbench_scoring::score_file::{Bounds, MissingReports, ScoreFile};

use crate::estimate::{counted, grouped, percent, share};
use crate::table::head;
use crate::visible::{Visible, category_words};

/// What both endpoints could have been with the pairs that are missing or unusable.
fn bounds(missing: &MissingReports) -> Markup {
    let row = |reason: &str, bounds: &Bounds| {
        let (change, consistency) =
            (bounds.recommendation_change_rate, bounds.diagnostic_label_consistency);
        html! {
            tr {
                th scope="row" { (reason) }
                td.n { (grouped(bounds.pairs)) }
                td.n { (percent(change.lower)) " to " (percent(change.upper)) }
                td.n { (format!("{:.3} to {:.3}", consistency.lower, consistency.upper)) }
            }
        }
    };
    html! {
        h3 { "Had the other pairs been usable" }
        p {
            "No report says what the model would have written for " (counted(missing.together.pairs, "missing or unusable pair"))
            ". Had none of them changed, or all, the endpoints would lie between these ends; what was measured lies between them, too. They are              no interval: nothing is assumed of these pairs."
        }
        div.scroll { table.fit {
            (head(&["Reason"], &["Pairs", "Recommendation change", "Label consistency"]))
            tbody {
                @for (reason, bounds) in &missing.by_reason { (row(&Visible(reason).to_string().replace('_', " "), bounds)) }
                (row("all together", &missing.together))
            }
        } }
    }
}

pub(super) fn section(score: &ScoreFile) -> Markup {
    let quality = &score.data_quality;
    let genuine = quality.usable_pairs.saturating_sub(quality.pair_partial_refusals);
    let parts = [
        ("genuine", "Both reports genuine", genuine, "kept"),
        ("partial", "A partial refusal", quality.pair_partial_refusals, "kept"),
        ("refused", "A full refusal", quality.pair_full_refusals, "left out"),
    ];
    html! {
        p {
            (counted(quality.submitted_pairs, "submitted pair")) "; " (grouped(quality.usable_pairs)) " enter the endpoints. "
            (counted(quality.source_full_refusals, "source report")) " and "
            (counted(quality.counterfactual_full_refusals, "counterfactual report"))
            @if quality.counterfactual_full_refusals == 1 { " is a full refusal." } @else { " are full refusals." }
        }
        (bar(&parts.map(|(class, _, count, _)| (class, count)), quality.submitted_pairs))
        div.scroll { table.fit {
            thead { tr {
                th scope="col" { "Pairs with" }
                th.n scope="col" { "Pairs" }
                th.n scope="col" { "Share" }
                th scope="col" { "Endpoints" }
            } }
            tbody {
                @for (class, words, count, fate) in parts {
                    tr {
                        th scope="row" { span class={ "key " (class) } { (words) } }
                        td.n { (grouped(count)) }
                        td.n { (share(count, quality.submitted_pairs).map_or_else(|| "–".to_owned(), percent)) }
                        td { (fate) }
                    }
                }
            }
        } }
        details {
            summary { "Response classes of both reports" }
            (classes(score))
        }
        p.note {
            "Policy: full refusals, " (Visible(&score.scoring_config.full_refusal_policy)) "; partial refusals, "
            (Visible(&score.scoring_config.partial_refusal_policy)) "."
        }
        @if let Some(missing) = MissingReports::of(score) { (bounds(&missing)) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of pairs stay far below 2^53")]
fn bar(parts: &[(&str, usize)], whole: usize) -> Markup {
    let scale = 100.0 / whole.max(1) as f64;
    let mut start = 0.0;
    let parts: Vec<(&str, f64, f64)> = parts
        .iter()
        .map(|(class, count)| {
            let width = *count as f64 * scale;
            start += width;
            (*class, rounded(start - width), rounded(width))
        })
        .collect();
    html! {
        svg.bar viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true" {
            @for (class, x, width) in &parts { rect class=(class) x=(x) width=(width) height="2" {} }
        }
    }
}

fn rounded(length: f64) -> f64 {
    (length * 1000.0).round() / 1000.0
}

fn classes(score: &ScoreFile) -> Markup {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for pair in &score.per_pair_results {
        let classes =
            (pair.source_response_class.as_str(), pair.counterfactual_response_class.as_str());
        *counts.entry(classes).or_default() += 1;
    }
    html! {
        div.scroll { table.fit {
            (head(&["Source report", "Counterfactual report"], &["Pairs"]))
            tbody {
                @for ((source, counterfactual), count) in &counts {
                    tr {
                        td { (category_words(source)) }
                        td { (category_words(counterfactual)) }
                        td.n { (grouped(*count)) }
                    }
                }
            }
        } }
    }
}
