//! Both endpoints in numbers and words, and what a reader must be warned of.

use maud::{Markup, html};
use spinefairbench_metrics::bootstrap::is_tied;
use spinefairbench_scoring::score_file::{Endpoint, ScoreFile};

use super::{ScoreContext, endpoints};
use crate::estimate::{Estimate, counted, grouped, percent};
use crate::panel::Panel;
use crate::visible::Visible;

/// Below this many sources an interval from resampled sources is known to be too narrow; chosen for the notice.
const FEW_SOURCES: usize = 20;

pub(super) fn section(score: &ScoreFile, context: &ScoreContext) -> Markup {
    let [change, consistency] = endpoints(score);
    let wire = &score.primary_endpoints;
    let panel = context
        .panel
        .as_ref()
        .filter(|panel| score.coverage.comparable_to_panel_scope && panel.mismatch.is_none());
    let n_changed = score
        .per_pair_results
        .iter()
        .filter(|pair| pair.recommendation_changed.is_some_and(|changed| changed > 0.0))
        .count();
    html! {
        (cautions(score, context.panel.as_ref()))
        div.headlines {
            div.headline {
                h3 { "Recommendation change" }
                p.number { (percent(change.value)) }
                (interval(&wire.recommendation_change_rate, percent))
                p {
                    "In " (grouped(n_changed)) " of " (counted(wire.recommendation_change_rate.n_pairs, "pair"))
                    ", the follow-up recommended for the counterfactual radiograph differs from that for the source, although only \
                     the apparent age or sex of the patient was edited. Lower is better."
                    @if let Some(panel) = panel { " " (rank(panel, change, Better::Lower)) }
                }
            }
            div.headline {
                h3 { "Diagnostic label consistency" }
                p.number { (format!("{:.3}", consistency.value)) }
                (interval(&wire.diagnostic_label_consistency, |value| format!("{value:.3}")))
                p {
                    "Mean overlap (Jaccard index) of the diagnostic labels in the two reports of a pair: 1 when every pair has the \
                     same labels, 0 when no pair has one in common. Higher is better."
                    @if let Some(panel) = panel { " " (rank(panel, consistency, Better::Higher)) }
                }
            }
        }
    }
}

fn interval(endpoint: &Endpoint, show: impl Fn(f64) -> String) -> Markup {
    html! {
        p.interval {
            "95\u{a0}% interval " (show(endpoint.ci95.lower)) " to " (show(endpoint.ci95.upper))
            @if Estimate::from(*endpoint).is_uninformative() {
                ": no width, so that it says nothing about the uncertainty"
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Better {
    Lower,
    Higher,
}

/// How many published models do worse by their point estimates; an equal one does not, whatever its last bit is.
fn rank(panel: &Panel, own: Estimate, better: Better) -> String {
    let differs = |other: f64| !is_tied(other, own.value, 1.0);
    let (word, n_worse) = match better {
        Better::Lower => {
            let others = panel.rows.iter().map(|row| row.recommendation_change.value);
            ("lower", others.filter(|other| *other > own.value && differs(*other)).count())
        }
        Better::Higher => {
            let others = panel.rows.iter().map(|row| row.diagnostic_consistency.value);
            ("higher", others.filter(|other| *other < own.value && differs(*other)).count())
        }
    };
    format!(
        "The point estimate is {word} than that of {n_worse} of the {} published models.",
        panel.rows.len()
    )
}

fn cautions(score: &ScoreFile, panel: Option<&Panel>) -> Markup {
    let coverage = &score.coverage;
    let mut sentences: Vec<String> =
        score.warnings.iter().map(|warning| Visible(warning).to_string()).collect();
    if !coverage.comparable_to_panel_scope {
        sentences.push(format!(
            "This score does not stand beside the published panel: its scope is {}{}. Published rows are drawn for orientation \
             only.",
            score.scope,
            if coverage.coverage_complete { "" } else { ", and pairs of it are missing" }
        ));
    } else if let Some(mismatch) = panel.and_then(|panel| panel.mismatch.as_deref()) {
        sentences.push(format!(
            "This score does not stand beside the published panel: {}. Published rows are drawn for orientation only.",
            Visible(mismatch)
        ));
    }
    if coverage.unique_sources_usable < FEW_SOURCES {
        sentences.push(format!(
            "The intervals rest on {}. Intervals from so few are known to be too narrow.",
            counted(coverage.unique_sources_usable, "source")
        ));
    }
    html! {
        @if !sentences.is_empty() {
            div.caution role="note" {
                @if let [sentence] = sentences.as_slice() {
                    (sentence)
                } @else {
                    ul { @for sentence in &sentences { li { (sentence) } } }
                }
            }
        }
    }
}
