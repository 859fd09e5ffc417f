//! A synthetic, internally consistent artifact bundle of any size, from a seed.
//!
//! Input: a [`DemoPlan`] (seed and [`Scale`]) and a path. Output: a folder with the layout of the release, which passes every
//! check with the release description that is written beside it. The same plan gives the same bytes on any number of
//! threads and on any day.
//!
//! Everything is decided first, as pure data (cohort, answers, Stage-1 files), then worded, parsed, summarised and
//! written. The frozen files of a demonstration are computed by this project's own `parsers`, `metrics` and `bootstrap`, and the
//! bundle says so: it exercises the tools, while the fixtures of the original show that they are right.
//!
//! ```no_run
//! use spinefairbench_demo::{DemoPlan, Scale, build};
//!
//! let bundle = build(&DemoPlan { seed: 1, scale: Scale::Small }, "demo-bundle".as_ref(), &())?;
//! assert!(bundle.root.ends_with("demo-bundle"));
//! assert!(bundle.release_path.ends_with("demo-bundle.release.json"));
//! # Ok::<(), spinefairbench_demo::DemoError>(())
//! ```

#![forbid(unsafe_code)]

mod blueprint;
mod cohort;
mod dataset;
mod decisions;
mod description;
mod documents;
mod frozen_mitigation;
mod frozen_summary;
mod image;
mod mitigation;
mod mitigation_rows;
mod models;
mod panel_rows;
mod phrases;
mod prng;
mod radiologist;
mod reports;
mod scale;
mod stage1;
mod staging;
mod submissions;
mod supplement;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_artifacts::path::UnsafePath;
use spinefairbench_artifacts::write::AtomicFile;
use spinefairbench_bootstrap::BootstrapError;
use spinefairbench_metrics::MetricError;

pub use scale::{Counts, Scale, UnknownScale};
pub use staging::Observer;

use blueprint::Blueprint;
use staging::Stage;

/// Which bundle to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DemoPlan {
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// The size.
    pub scale: Scale,
}

/// A bundle that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoBundle {
    /// The root of the bundle.
    pub root: PathBuf,
    /// Its release description, beside the root.
    pub release_path: PathBuf,
    /// The supplement of its follow-up audits, beside the root.
    pub supplement_path: PathBuf,
}

/// Why a bundle could not be built. Nothing is left under the target's name then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A file or folder could not be written, or something is at the target already.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A path of the plan is no release path.
    #[error(transparent)]
    Path(#[from] UnsafePath),
    /// A value could not be written as JSON.
    #[error("cannot write a value as json")]
    Json(#[from] serde_json::Error),
    /// A table could not be written.
    #[error("cannot write a table")]
    Table(#[from] csv::Error),
    /// An image could not be encoded.
    #[error("cannot encode an image")]
    Image(#[from] png::EncodingError),
    /// An endpoint has no value.
    #[error("cannot compute the frozen endpoints")]
    Metric(#[from] MetricError),
    /// The observer asked for it.
    #[error("cancelled")]
    Cancelled,
    /// An interval or a test has no value.
    #[error("cannot compute the frozen intervals")]
    Bootstrap(#[from] BootstrapError),
}

/// Builds a bundle at `target`, where nothing may be yet, and its release description beside it.
///
/// The bundle grows under a temporary name in the same folder and is renamed when it is whole.
///
/// # Errors
///
/// [`DemoError::Artifact`] if the disk or something at `target` stands in the way; the other variants say that the plan did
/// not work out, which the tests of the crate exclude.
pub fn build(
    plan: &DemoPlan,
    target: &Path,
    observer: &dyn Observer,
) -> Result<DemoBundle, DemoError> {
    let blueprint = Blueprint::new(*plan);
    observer.planned(blueprint.n_files());
    let stage = Stage::beside(target, observer)?;

    dataset::write(&blueprint, &stage)?;
    let ratings = radiologist::write(&blueprint, &stage)?;
    let mut outcomes = BTreeMap::new();
    for panel in Panel::RETAINED {
        let rendered = panel_rows::render(&blueprint, panel)?;
        stage.write(panel.results().as_str(), rendered.bytes)?;
        outcomes.extend(rendered.outcomes.into_iter().map(|(model, pairs)| (model.name, pairs)));
    }
    let models = frozen_summary::summarize(&blueprint, &outcomes)?;
    let intersection = frozen_summary::intersection(&outcomes, blueprint.core_pairs.len());
    stage.write_json(
        layout::CORE_SUMMARY,
        &frozen_summary::summary_file(&models, intersection.len()),
    )?;
    let mitigation = mitigation_rows::write(&blueprint, &stage)?;
    let mitigation = frozen_mitigation::write(&blueprint, &outcomes, &mitigation, &stage)?;
    documents::write(&blueprint, &intersection, &stage)?;
    submissions::write(&blueprint, &intersection, &stage)?;
    stage.write(layout::SHA256SUMS, stage.checksums(|_| true))?;

    let supplement = supplement::describe(&blueprint, &outcomes, &ratings, &stage)?;
    let supplement = document(&supplement)?;
    let description = description::describe(&blueprint, &models, &mitigation, &supplement, &stage);
    let (release_path, supplement_path) = (release_path(target), supplement_path(target));
    let beside = [(&supplement_path, supplement), (&release_path, document(&description)?)];
    // In this order a process that is killed in between leaves a description without a bundle, which the next run
    // replaces, and never a bundle that no description vouches for.
    for (path, bytes) in beside {
        write_beside(path, &bytes)?;
    }
    stage.commit()?;
    Ok(DemoBundle { root: target.to_owned(), release_path, supplement_path })
}

fn document(value: &serde_json::Value) -> Result<Vec<u8>, DemoError> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn write_beside(path: &Path, bytes: &[u8]) -> Result<(), DemoError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(|source| ArtifactError::Write {
        step: "write",
        path: path.to_owned(),
        source,
    })?;
    Ok(file.commit()?)
}

/// `<name>.supplement.json` beside a bundle called `<name>`.
#[must_use]
pub fn supplement_path(target: &Path) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".supplement.json");
    target.with_file_name(name)
}

/// `<name>.release.json` beside a bundle called `<name>`.
#[must_use]
pub fn release_path(target: &Path) -> PathBuf {
    spinefairbench_artifacts::release::path_beside(target)
}
