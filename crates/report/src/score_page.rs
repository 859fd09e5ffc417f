//! The page of a score: what a reviewer needs to judge one model's row.
//!
//! Beside the score stand the published panel, if it is known, and marked reports of some or all pairs. Files of the first public
//! scorer, without provenance and strata, give the same page without those sections. The endpoints are there as a figure alone,
//! too.

use std::collections::BTreeMap;

use maud::{Markup, html};
use spinefairbench_scoring::score_file::ScoreFile;

use crate::document::{Document, Section};
use crate::estimate::{Estimate, counted};
use crate::forest;
use crate::marked_text::MarkedPair;
use crate::panel::Panel;
use crate::visible::Visible;

mod headline;
mod noise_floor;
mod pairs;
mod panel_plot;
mod provenance;
mod refusals;
mod strata;
mod subgroups;
mod submission;
mod transitions;

/// What a page can show beside the score itself.
#[derive(Debug, Clone, Default)]
pub struct ScoreContext {
    /// The published models.
    pub panel: Option<Panel>,
    /// The reports of pairs, by pair id.
    pub reports: BTreeMap<String, MarkedPair>,
}

/// The page of `score`.
#[must_use]
pub fn html(score: &ScoreFile, context: &ScoreContext) -> String {
    let table = pairs::PairTable::new(&score.per_pair_results);
    let mut sections =
        vec![Section { id: "result", heading: "Result", body: headline::section(score, context) }];
    let panel_heading = match &context.panel {
        Some(_) => "Against the published panel",
        None => "Endpoints",
    };
    sections.push(Section {
        id: "panel",
        heading: panel_heading,
        body: panel_plot::section(score, context.panel.as_ref()),
    });
    if let Some(body) = noise_floor::section(score) {
        sections.push(Section { id: "floor", heading: "Noise floor", body });
    }
    if let Some(body) = strata::section(score) {
        sections.push(Section { id: "parts", heading: "Parts of the pairs", body });
    }
    if let Some(body) = subgroups::section(score) {
        sections.push(Section { id: "subgroups", heading: "Widest gaps", body });
    }
    sections.push(Section {
        id: "changes",
        heading: "What changed",
        body: transitions::section(&score.per_pair_results),
    });
    sections.push(Section { id: "refusals", heading: "Refusals", body: refusals::section(score) });
    if let Some(body) = submission::section(score) {
        sections.push(Section { id: "submission", heading: "The submission", body });
    }
    sections.push(Section {
        id: "pairs",
        heading: "Pairs",
        body: table.section(!context.reports.is_empty()),
    });
    sections.push(Section {
        id: "provenance",
        heading: "How it was computed",
        body: provenance::section(score),
    });
    let document = Document {
        kind: "score of one model",
        title: &score.table2_row.model_name,
        subtitle: subtitle(score),
        sections,
        data: Some(table.data(&context.reports)),
    };
    document.render()
}

/// Both endpoints against the published panel, as an SVG file.
#[must_use]
pub fn svg(score: &ScoreFile, panel: Option<&Panel>) -> String {
    let title = format!("SpineFairBench endpoints of {}", score.table2_row.model_name);
    forest::figure(&title, &panel_plot::plots(score, panel))
}

fn subtitle(score: &ScoreFile) -> Markup {
    let coverage = &score.coverage;
    html! {
        "Scope " (score.scope) " · " (counted(coverage.usable_pairs, "usable pair")) " of "
        (counted(coverage.unique_sources_usable, "source")) " · scored " (Visible(&score.scored_at_utc))
    }
}

/// Recommendation change and diagnostic consistency.
fn endpoints(score: &ScoreFile) -> [Estimate; 2] {
    let endpoints = &score.primary_endpoints;
    [endpoints.recommendation_change_rate.into(), endpoints.diagnostic_label_consistency.into()]
}
