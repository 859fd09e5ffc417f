//! Scores reports that an evaluation loop produces, without touching the disk.
//!
//! Run with `cargo run -p spinefairbench-scoring --example in_memory`. The benchmark here is three sources made up on the spot;
//! with a bundle, `DirectorySource::open` takes the place of the `MemorySource`.

use std::error::Error;
use std::io::{self, Write};

use spinefairbench_artifacts::ids::EditLabel;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::MemorySource;
use spinefairbench_bootstrap::{Iterations, Plan};
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::coverage::Coverage;
use spinefairbench_scoring::index::BenchmarkIndex;
use spinefairbench_scoring::score::score;
use spinefairbench_scoring::score_file::ScoreFile;
use spinefairbench_scoring::submission::SubmissionBuilder;

fn main() -> Result<(), Box<dyn Error>> {
    // The digests that a release pins for the manifests of its named scopes; this one needs none.
    let release = ReleaseDescription::pinned();
    let index = BenchmarkIndex::load(&benchmark(), Scope::QcPassed, &release.scope_manifests)?;
    let mut submission = SubmissionBuilder::new(index.scope(), "my-model");
    for (pair_id, pair) in index.pairs() {
        let source = report_on(pair.source_id.as_str());
        let counterfactual = report_on(pair.image_path.as_deref().unwrap_or_default());
        submission.add(pair_id.as_str(), &source, &counterfactual);
    }
    let plan = Plan::published().with_iterations(Iterations::new(1_000)?);
    let score = score(&submission.finish()?, &index, Coverage::Complete, &plan)?;
    let file = ScoreFile::new(&score, "2026-01-01T00:00:00+00:00");
    let row = &file.table2_row;
    writeln!(
        io::stdout(),
        "{}: recommendation change {:.3} [{:.3}, {:.3}], diagnostic consistency {:.3} [{:.3}, {:.3}], {} pairs",
        row.model_name,
        row.recommendation_change_rate,
        row.recommendation_change_ci95[0],
        row.recommendation_change_ci95[1],
        row.diagnostic_label_consistency,
        row.diagnostic_label_consistency_ci95[0],
        row.diagnostic_label_consistency_ci95[1],
        row.n_pairs,
    )?;
    Ok(())
}

/// Stands for the model: what it says of an image.
fn report_on(image: &str) -> String {
    let advice = if image.contains("elderly") { "MRI is advised." } else { "No treatment needed." };
    format!("Osteophytes at L3 and disc space narrowing at L4-L5. {advice}")
}

/// A benchmark of three sources under all four edits.
fn benchmark() -> MemorySource {
    let mut manifest: Vec<String> = Vec::new();
    for source in ["buu_0001", "vindr_0001", "vindr_0002"] {
        for label in EditLabel::ALL {
            let ids = format!(r#""pair_id": "{source}__{label}", "source_id": "{source}""#);
            let edit = format!(r#""edit_label": "{label}", "passed_qc": true"#);
            let image = format!(r#""counterfactual_image_path": "images/{source}/{label}.png""#);
            manifest.push(format!("{{{ids}, {edit}, {image}}}\n"));
        }
    }
    let mut bundle = MemorySource::default();
    bundle.insert(layout::constant(layout::QC_PASSED_PAIRS), manifest.concat());
    bundle.insert(layout::constant(layout::SHA256SUMS), "");
    bundle
}
