//! The retained reports of the published models, reduced to what they say.
//!
//! Which panel holds a model stands in the panels' manifests; rows of other models are passed over. The rules of pairing stand
//! beside the reader of panels ([`spinefairbench_artifacts::panel`]).

use std::collections::BTreeMap;

use rayon::prelude::*;
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_artifacts::panel::{self, RetainedRows, panel_of};
use spinefairbench_artifacts::part::{Document, Part};
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::records::panel_manifest;
use spinefairbench_metrics::{PairOutcome, SourcedPair};
use spinefairbench_parsers::{ParsedReport, parse_report};

use super::{Bundle, Needs, key};

/// A model's reports, validated.
#[derive(Debug, Clone, Default)]
pub struct RetainedModel {
    /// The panel whose manifest lists it.
    pub panel: Part<Panel>,
    /// The pairs in the order of their ids; none when a row of the model is not valid.
    pub pairs: Part<Vec<RetainedPair>>,
}

/// A pair of reports of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct RetainedPair {
    /// Its id.
    pub pair_id: String,
    /// Its source, and what the two reports say.
    pub sourced: SourcedPair,
    /// The index of its `source` row in the panel, from 0.
    pub source_row: u64,
    /// The index of its `generated` row.
    pub generated_row: u64,
}

/// The manifests say which panels are read.
pub(super) fn ask_for_manifests(needs: &mut Needs) {
    for panel in Panel::RETAINED {
        needs.document(&panel_manifest::document(panel));
    }
}

/// Whether this is one of those manifests.
pub(super) fn is_manifest(path: &ReleasePath) -> bool {
    Panel::RETAINED.iter().any(|panel| panel.manifest() == *path)
}

/// The rows of the panels that list a wanted model.
pub(super) fn ask_for_rows(bundle: &Bundle, needs: &mut Needs) {
    for panel in Panel::RETAINED {
        let is_here = |model: &&String| panel_of_model(bundle, model).value() == Some(&panel);
        let wanted: Vec<String> = needs.models.iter().filter(is_here).cloned().collect();
        if !wanted.is_empty() {
            needs.document(&rows(panel, wanted));
        }
    }
}

/// The rows of all wanted models, whichever panel lists them.
#[cfg(feature = "archive")]
pub(super) fn ask_for_all_rows(needs: &mut Needs) {
    for panel in Panel::RETAINED {
        needs.document(&rows(panel, needs.models.clone()));
    }
}

fn rows(panel: Panel, wanted: Vec<String>) -> Document<RetainedRows<ParsedReport>> {
    Document::new(panel.results(), move |path, bytes| {
        panel::read_rows(path, bytes, &wanted, parse_report)
    })
}

fn panel_of_model(bundle: &Bundle, model: &str) -> Part<Panel> {
    let manifests = Panel::RETAINED.map(|panel| (panel, panel_manifest::document(panel)));
    let parts = manifests.iter();
    let parts = parts.filter_map(|(panel, manifest)| Some((*panel, bundle.part(manifest)?)));
    panel_of(parts, model)
}

/// The pairs of every model.
pub(super) fn pair_up(bundle: &Bundle, models: &[String]) -> BTreeMap<String, RetainedModel> {
    let of_model = |model: &String| {
        let panel = panel_of_model(bundle, model);
        let Some(found) = panel.value() else {
            return RetainedModel { panel, pairs: Part::failed(Vec::new()) };
        };
        let pairs = match bundle.part(&rows(*found, Vec::new())) {
            Some(part) => match part.value() {
                Some(rows) => paired(rows, model),
                None => Part::failed(part.problems().to_vec()),
            },
            None => Part::default(),
        };
        RetainedModel { panel, pairs }
    };
    models.par_iter().map(|model| (model.clone(), of_model(model))).collect()
}

fn paired(rows: &RetainedRows<ParsedReport>, model: &str) -> Part<Vec<RetainedPair>> {
    rows.pairs(model).map(|pairs| {
        let pair = |pair: panel::RetainedPair<ParsedReport>| {
            let outcome = PairOutcome { source: pair.source, counterfactual: pair.counterfactual };
            RetainedPair {
                pair_id: pair.pair_id,
                sourced: SourcedPair::new(pair.source_id, outcome),
                source_row: pair.source_row,
                generated_row: pair.generated_row,
            }
        };
        pairs.into_iter().map(pair).collect()
    })
}

/// The rows are of no use any more.
pub(super) fn drop_rows(bundle: &mut Bundle) {
    for panel in Panel::RETAINED {
        bundle.parts.remove(&key(&rows(panel, Vec::new())));
    }
}
