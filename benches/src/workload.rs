//! Named pieces of work, each with its input ready.
//!
//! Input: a name, as `crate/function/size`. Output: a [`Workload`] that can be run as often as wanted. The setting-up is no
//! part of the work. Every run fails if its result is not the expected one, so that nothing is measured that went wrong.

use std::fmt;
use std::hint::black_box;

use anyhow::{Context, Result, ensure};
use spinefairbench_artifacts::panel;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::{DirectorySource, FileSource, MemorySource};
use spinefairbench_bootstrap::{Generator, clustered_interval, clustered_intervals};
use spinefairbench_checks::check::checksums::Checksums;
use spinefairbench_checks::{Check, FindingCap, Selection, Status, Unobserved, run, verify};
use spinefairbench_parsers::{parse_report, stage1_primary_diagnosis};
use spinefairbench_scoring::coverage::Coverage;
use spinefairbench_scoring::score::score;
use spinefairbench_scoring::submission;

use crate::bundles;
use crate::resampling::{self, NineModels};
use crate::submissions;
use crate::texts::{self, Kind};

/// How many times the usual size, in the names of growing workloads.
pub const FACTORS: [usize; 3] = [1, 4, 16];

/// The workloads whose instructions `cargo xtask test` counts: text, numbers, and everything together.
pub const BUDGETED: [&str; 3] =
    ["parsers/all/corpus", "bootstrap/clustered_interval/1000x2000", "checks/verify/mini"];

/// Work with its input ready.
pub struct Workload {
    /// Bytes of input, where the work is to read them.
    pub bytes: Option<usize>,
    work: Box<dyn FnMut() -> Result<()>>,
}

impl fmt::Debug for Workload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Workload").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Workload {
    /// Does the work once.
    ///
    /// # Errors
    ///
    /// If the result is not the expected one.
    pub fn run(&mut self) -> Result<()> {
        (self.work)()
    }

    fn of(bytes: impl Into<Option<usize>>, work: impl FnMut() -> Result<()> + 'static) -> Self {
        Self { bytes: bytes.into(), work: Box::new(work) }
    }
}

/// Every name that [`prepare`] knows.
#[must_use]
pub fn names() -> Vec<String> {
    let grow = |stem: &str| FACTORS.map(|factor| format!("{stem}/{factor}x"));
    let mut names: Vec<String> = BUDGETED.map(str::to_owned).into();
    names.push("nothing".to_owned());
    names.extend(Kind::ALL.map(|kind| format!("parsers/all/{}", kind.name())));
    names.extend(
        ["18x1000x10000", "18x992..1000x10000"]
            .map(|size| format!("bootstrap/clustered_intervals/{size}")),
    );
    names.push("bootstrap/clustered_interval/1000x10000".to_owned());
    names.push(format!("scoring/read_and_score/{}", submissions::PAIRS));
    for stem in GROWING {
        names.extend(grow(stem));
    }
    names
}

/// The workloads of which each has three sizes: `<stem>/1x`, `<stem>/4x` and `<stem>/16x`.
pub const GROWING: [&str; 4] =
    ["parsers/all", "artifacts/panel", "checks/checksums", "bootstrap/clustered_interval"];

/// The workload called `name`.
///
/// # Errors
///
/// If there is none of that name, or its input cannot be made.
pub fn prepare(name: &str) -> Result<Workload> {
    let unknown = || format!("there is no workload `{name}` (one of: {})", names().join(", "));
    let (stem, size) = name.rsplit_once('/').unwrap_or(("", name));
    let factor = size.strip_suffix('x').and_then(|factor| factor.parse::<usize>().ok());
    match (stem, size, factor) {
        ("", "nothing", _) => Ok(Workload::of(None, || Ok(()))),
        ("parsers/all", "corpus", _) => Ok(parsing(every_kind())),
        ("parsers/all", _, Some(factor)) => {
            Ok(parsing(vec![Kind::Mixed.of(texts::REPORT).repeat(factor)]))
        }
        ("parsers/all", kind, None) => {
            let kind =
                Kind::ALL.into_iter().find(|known| known.name() == kind).with_context(unknown)?;
            Ok(parsing(texts::corpus(kind, 2000)))
        }
        ("artifacts/panel", _, Some(factor)) => Ok(reading_a_panel(factor)),
        ("checks/checksums", _, Some(factor)) => checking_digests(factor),
        ("checks/verify", "mini", _) => verifying_the_mini_bundle(),
        ("bootstrap/clustered_interval", "1000x2000", _) => Ok(one_interval(1000, 2000)),
        ("bootstrap/clustered_interval", "1000x10000", _) => Ok(one_interval(1000, 10_000)),
        ("bootstrap/clustered_interval", _, Some(factor)) => {
            Ok(one_interval(1000 * factor, 10_000))
        }
        ("bootstrap/clustered_intervals", "18x1000x10000", _) => Ok(eighteen_intervals(0)),
        ("bootstrap/clustered_intervals", "18x992..1000x10000", _) => Ok(eighteen_intervals(1)),
        ("scoring/read_and_score", pairs, _) => scoring(pairs.parse().with_context(unknown)?),
        _ => anyhow::bail!(unknown()),
    }
}

/// Reports of every kind.
fn every_kind() -> Vec<String> {
    Kind::ALL.into_iter().flat_map(|kind| texts::corpus(kind, 40)).collect()
}

/// Every parser on every text.
fn parsing(texts: Vec<String>) -> Workload {
    let bytes = texts.iter().map(String::len).sum::<usize>();
    Workload::of(bytes, move || {
        for text in &texts {
            black_box((parse_report(text), stage1_primary_diagnosis(text)));
        }
        Ok(())
    })
}

/// A panel to what its reports say.
fn reading_a_panel(factor: usize) -> Workload {
    let bytes = bundles::panel(bundles::PANEL_BYTES * factor);
    Workload::of(bytes.len(), move || {
        let rows = panel::map_rows("results.json", &bytes, |_, row| {
            row.map(|row| row.response.as_deref().map(parse_report))
        })?;
        ensure!(rows.iter().all(Result::is_ok), "a row of the panel cannot be read");
        black_box(rows);
        Ok(())
    })
}

/// Every file of a folder against its manifest.
fn checking_digests(factor: usize) -> Result<Workload> {
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let n = bundles::FOLDER_FILES * factor;
    bundles::folder(folder.path(), n).context("writing files")?;
    let manifests = vec![spinefairbench_artifacts::layout::constant(
        spinefairbench_artifacts::layout::SHA256SUMS,
    )];
    let check = Checksums { manifests, ..Checksums::default() };
    Ok(Workload::of(n * bundles::FILE_BYTES, move || {
        let source = DirectorySource::open(folder.path())?;
        judged(&source, &check)
    }))
}

fn judged(source: &dyn FileSource, check: &dyn Check) -> Result<()> {
    let report =
        run(source, &ReleaseDescription::pinned(), check, FindingCap::default(), &Unobserved)?;
    ensure!(report.findings.is_empty(), "the made-up folder has findings: {:?}", report.findings);
    Ok(())
}

/// The whole suite on the mini bundle, in memory.
fn verifying_the_mini_bundle() -> Result<Workload> {
    let (bundle, release): (MemorySource, ReleaseDescription) = bundles::mini()?;
    Ok(Workload::of(None, move || {
        let suite =
            verify(&bundle, &release, &Selection::default(), FindingCap::default(), &Unobserved)?;
        ensure!(suite.status() == Status::Pass, "the mini bundle does not pass");
        Ok(())
    }))
}

fn one_interval(n_clusters: usize, iterations: u64) -> Workload {
    let clusters = resampling::clusters(n_clusters, 0);
    let values = resampling::consistencies(clusters.n_values(), 0);
    let plan = resampling::plan(Generator::NumpyPcg64, iterations);
    Workload::of(None, move || {
        black_box(clustered_interval(&values, &clusters, &plan)?);
        Ok(())
    })
}

fn eighteen_intervals(missing_per_model: usize) -> Workload {
    let models = NineModels::new(missing_per_model);
    let plan = resampling::plan(Generator::NumpyPcg64, 10_000);
    Workload::of(None, move || {
        black_box(clustered_intervals(&models.tasks(), &plan)?);
        Ok(())
    })
}

/// A submission from its bytes to its score, with a thousand resamples.
fn scoring(pairs: usize) -> Result<Workload> {
    let (index, bytes) = (submissions::index(pairs)?, submissions::submission(pairs));
    let plan = resampling::plan(Generator::NumpyPcg64, 1000);
    Ok(Workload::of(bytes.len(), move || {
        let submission = submission::read("submission.json", bytes.as_slice())?;
        black_box(score(&submission, &index, Coverage::Complete, &plan)?);
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_budgeted_workload_succeeds_twice() {
        for name in BUDGETED {
            let mut workload = prepare(name).unwrap();
            workload.run().unwrap();
            workload.run().unwrap();
        }
    }

    #[test]
    fn a_small_one_of_each_other_kind_succeeds() {
        for name in [
            "nothing",
            "parsers/all/turkish",
            "artifacts/panel/1x",
            "checks/checksums/1x",
            "scoring/read_and_score/40",
        ] {
            prepare(name).unwrap().run().unwrap();
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = prepare("parsers/all/klingon").unwrap_err().to_string();
        assert!(
            error.contains("`parsers/all/klingon`") && error.contains("checks/verify/mini"),
            "{error}"
        );
    }
}
