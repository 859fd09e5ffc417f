//! A submission over every pair of the release, and the index to score it on.

use anyhow::Result;
use serde_json::json;
use spinefairbench_artifacts::json::UniqueMap;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::source::MemorySource;
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::index::BenchmarkIndex;

use crate::texts::{self, Kind};

/// The pairs of the release that passed the quality control.
pub const PAIRS: usize = 11_795;

fn edit_of(pair_id: &str) -> &str {
    pair_id.rsplit_once("__").map_or(pair_id, |(_, edit)| edit)
}

const EDITS: [&str; 4] = ["elderly_female", "elderly_male", "young_female", "young_male"];

fn pair(number: usize) -> (String, String) {
    let source = format!("buu_{:06}", number / EDITS.len());
    (format!("{source}__{}", EDITS[number % EDITS.len()]), source)
}

/// The index of a bundle with the first `n` pairs.
///
/// # Errors
///
/// If the bundle made up here is none, which the tests exclude.
pub fn index(n: usize) -> Result<BenchmarkIndex> {
    let rows = (0..n).map(pair).map(|(pair_id, source_id)| {
        let image = format!("dataset/counterfactual_images/{pair_id}.png");
        let row = json!({
            "pair_id": pair_id, "source_id": source_id, "edit_label": edit_of(&pair_id), "passed_qc": true,
            "counterfactual_image_path": image,
        });
        format!("{row}\n")
    });
    let mut bundle = MemorySource::default();
    bundle.insert(layout::constant(layout::QC_PASSED_PAIRS), rows.collect::<String>());
    bundle.insert(layout::constant(layout::SHA256SUMS), "made up\n");
    Ok(BenchmarkIndex::load(&bundle, Scope::QcPassed, &UniqueMap::default())?)
}

/// A submission over those pairs as JSON, two reports of usual length each.
#[must_use]
pub fn submission(n: usize) -> Vec<u8> {
    let reports = texts::corpus(Kind::Mixed, 400);
    let report = |number: usize| &reports[number % reports.len()];
    let results: Vec<_> = (0..n)
        .map(|number| {
            let (pair_id, _) = pair(number);
            json!({
                "pair_id": pair_id,
                "source_report": report(number * 2),
                "counterfactual_report": report(number * 3 + 1),
            })
        })
        .collect();
    json!({
        "schema_version": "spinefairbench-submission-v1",
        "model": { "name": "made-up", "version": "0" },
        "scope": Scope::QcPassed.as_str(),
        "results": results,
    })
    .to_string()
    .into_bytes()
}
