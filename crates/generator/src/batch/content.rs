//! What all journals of a batch say so far, finished or not: for looking at it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use spinefairbench_artifacts::ids::PairId;
use spinefairbench_imaging::Thresholds;

use super::{JOURNAL_FOLDER, JournalContent, PairRow};
use crate::{GeneratorError, files};

/// A batch so far.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchContent<'a> {
    /// The pairs in order of their names, each with the folder that its picture lies below.
    pub rows: Vec<(PairRow, &'a Path)>,
    /// The bounds of its quality control.
    pub thresholds: Thresholds,
    /// Sources that could not be read, and why.
    pub failures: Vec<(String, String)>,
}

/// Reads every journal below the output folders `roots` of one batch.
///
/// # Errors
///
/// [`GeneratorError::NoJournals`] if there is none, [`GeneratorError::IncompleteBatch`] for one without settings,
/// [`GeneratorError::OtherSettings`] if two were held against other bounds, or if one cannot be read.
pub fn read_batch<'a>(roots: &[&'a Path]) -> Result<BatchContent<'a>, GeneratorError> {
    let mut rows: BTreeMap<PairId, (PairRow, &Path)> = BTreeMap::new();
    let mut failures = BTreeMap::new();
    let mut common: Option<Thresholds> = None;
    for root in roots {
        for path in files::list(&root.join(JOURNAL_FOLDER), "jsonl")? {
            let content = JournalContent::read(&path)?;
            let thresholds = content
                .settings
                .as_ref()
                .and_then(|settings| thresholds(settings.get("thresholds")?));
            let Some(thresholds) = thresholds else {
                let problem = "it has no settings with thresholds".into();
                return Err(GeneratorError::IncompleteBatch { path, problem });
            };
            if common.is_some_and(|common| common != thresholds) {
                return Err(GeneratorError::OtherSettings {
                    path,
                    keys: vec!["thresholds".into()],
                });
            }
            common = Some(thresholds);
            rows.extend(content.pairs.into_iter().map(|(pair, row)| (pair, (row, *root))));
            failures.extend(
                content.failures.into_iter().map(|(source, problem)| (source.to_string(), problem)),
            );
        }
    }
    Ok(BatchContent {
        rows: rows.into_values().collect(),
        thresholds: common.ok_or(GeneratorError::NoJournals)?,
        failures: failures.into_iter().collect(),
    })
}

fn thresholds(recorded: &Value) -> Option<Thresholds> {
    let number = |key: &str| recorded.get(key)?.as_f64();
    Some(Thresholds {
        min_ssim: number("min_ssim")?,
        min_edges: number("min_edges")?,
        max_lpips: number("max_lpips")?,
    })
}
