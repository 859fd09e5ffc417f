//! The exploratory hallucination means of the frozen summary ([`layout::CORE_SUMMARY`]).

use std::collections::BTreeMap;

use crate::json::as_python_reads;
use crate::layout::{self, Panel};
use crate::part::{Document, Part};

/// What is saved of one model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SavedDisparity {
    /// Pairs.
    pub n_pairs: u64,
    /// Mean difference of the two reports' fractions.
    pub mean_disparity: f64,
}

/// By model, of both retained panels; a model without it is a problem of its own.
#[must_use]
pub fn document() -> Document<BTreeMap<String, Part<SavedDisparity>>> {
    Document::at(layout::CORE_SUMMARY, |path, bytes| {
        Part::of_json(path, &as_python_reads(bytes), |root, problems| {
            let panels = root.field("panels", problems)?;
            let mut saved = BTreeMap::new();
            for panel in Panel::RETAINED {
                let Some(node) = panels.field(panel.name(), problems) else { continue };
                let Some(models) = node.field("models", problems) else { continue };
                for (model, node) in models.entries(problems).into_iter().flatten() {
                    let part = Part::gather(|problems| {
                        let statistics = node.field("primary_secondary_stats", problems)?;
                        let saved = statistics.field("hallucination", problems)?;
                        let n_pairs = saved.field("n_pairs", problems)?.count(problems);
                        let mean = saved.field("mean_disparity", problems)?.number(problems);
                        Some(SavedDisparity { n_pairs: n_pairs?, mean_disparity: mean? })
                    });
                    saved.entry(model.to_owned()).or_insert(part);
                }
            }
            Some(saved)
        })
    })
}
