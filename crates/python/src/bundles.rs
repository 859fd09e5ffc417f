//! The released bundle: its description, and the suite of checks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pyo3::prelude::*;
use spinefairbench_artifacts::error::Diagnostic;
use spinefairbench_artifacts::finding::Finding;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::DirectorySource;
use spinefairbench_checks::{CheckName, FindingCap, Selection, SuiteReport, Unobserved};
use spinefairbench_demo::{DemoError, DemoPlan, Scale};
use spinefairbench_report::suite_page;

use crate::errors::{self, Kind};
use crate::{running, scores};

/// What the suite of checks says of a bundle.
#[pyclass(frozen, module = "spinefairbench")]
#[derive(Debug)]
pub(crate) struct Suite {
    #[pyo3(get)]
    verdict: &'static str,
    #[pyo3(get)]
    passed: usize,
    #[pyo3(get)]
    failed: usize,
    json: String,
    page: String,
}

#[pymethods]
impl Suite {
    #[getter]
    fn is_verified(&self) -> bool {
        self.verdict == "verified"
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scores::parsed(py, &self.json)
    }

    fn __repr__(&self) -> String {
        format!("Suite(verdict='{}', passed={}, failed={})", self.verdict, self.passed, self.failed)
    }

    fn _repr_html_(&self) -> String {
        scores::framed(&self.page)
    }
}

/// Every check of the suite on the bundle in the folder `artifacts`, or those of `only` and not of `skip`.
///
/// Raises `FileError` if the folder or the release description cannot be read; what is wrong within the bundle is a finding.
#[pyfunction]
#[pyo3(signature = (artifacts, *, release=None, only=None, skip=None))]
pub(crate) fn verify(
    py: Python<'_>,
    #[pyo3(from_py_with = errors::argument)] artifacts: PathBuf,
    #[pyo3(from_py_with = errors::argument)] release: Option<PathBuf>,
    #[pyo3(from_py_with = errors::argument)] only: Option<Vec<String>>,
    #[pyo3(from_py_with = errors::argument)] skip: Option<Vec<String>>,
) -> PyResult<Suite> {
    let named = |names: Option<Vec<String>>| {
        let names = names.unwrap_or_default();
        names
            .iter()
            .map(|name| {
                let check = name.parse::<CheckName>();
                check.map_err(|error| {
                    errors::error(py, Kind::Argument, "unknown_check", error.to_string())
                })
            })
            .collect::<PyResult<BTreeSet<_>>>()
    };
    let selection = Selection { only: named(only)?, skip: named(skip)?, ..Selection::default() };
    if selection.checks().is_empty() {
        return Err(errors::error(py, Kind::Argument, "no_check", "no check is left to run"));
    }
    let release = description(py, release.as_deref())?;
    let source = open(py, &artifacts)?;
    let start = Instant::now();
    let suite = running::to_the_end(py, move || {
        spinefairbench_checks::verify(
            &source,
            &release,
            &selection,
            FindingCap::default(),
            &Unobserved,
        )
    })?
    .map_err(|error| errors::error(py, Kind::Argument, "call", error.to_string()))?;
    Suite::new(py, &suite, start, &artifacts)
}

impl Suite {
    fn new(
        py: Python<'_>,
        suite: &SuiteReport,
        start: Instant,
        artifacts: &Path,
    ) -> PyResult<Self> {
        let elapsed = start.elapsed();
        let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        Ok(Self {
            verdict: suite.verdict().as_str(),
            passed: suite.passed(),
            failed: suite.failed(),
            json: scores::written(py, &suite.timed(milliseconds))?,
            page: suite_page::html(suite, elapsed, &artifacts.display().to_string()),
        })
    }
}

/// A small synthetic bundle in the new folder `path`, to try things out; no number of it is a result.
///
/// Gives the path of the bundle and that of its release description, which stands beside it. The same seed gives the same bytes.
/// Raises `FileError` if something is at `path` already or the disk stands in the way.
#[pyfunction]
#[pyo3(signature = (path, *, seed=42))]
pub(crate) fn write_demo(
    py: Python<'_>,
    #[pyo3(from_py_with = errors::argument)] path: PathBuf,
    #[pyo3(from_py_with = errors::argument)] seed: u64,
) -> PyResult<(PathBuf, PathBuf)> {
    let plan = DemoPlan { seed, scale: Scale::Small };
    match running::to_the_end(py, move || spinefairbench_demo::build(&plan, &path, &()))? {
        Ok(bundle) => Ok((bundle.root, bundle.release_path)),
        Err(DemoError::Artifact(error)) => Err(problem(py, &error)),
        Err(error) => Err(errors::error(py, Kind::File, "demo", error.to_string())),
    }
}

/// The bundle in a folder.
pub(crate) fn open(py: Python<'_>, artifacts: &Path) -> PyResult<DirectorySource> {
    DirectorySource::open(artifacts).map_err(|error| problem(py, &error))
}

/// The description in a file, or the pinned one.
pub(crate) fn description(py: Python<'_>, path: Option<&Path>) -> PyResult<ReleaseDescription> {
    let Some(path) = path else { return Ok(ReleaseDescription::pinned()) };
    let name = path.display().to_string();
    let bytes = read(py, path)?;
    ReleaseDescription::parse(&name, &bytes).map_err(|error| problem(py, &error))
}

/// The bytes of a file that the caller names.
#[expect(clippy::disallowed_methods, reason = "the user's own files are opened here")]
pub(crate) fn read(py: Python<'_>, path: &Path) -> PyResult<Vec<u8>> {
    fs::read(path).map_err(|error| {
        let finding = Finding::new(
            spinefairbench_artifacts::finding::Code::FILE_MISSING,
            format!("cannot read `{}`: {error}", path.display()),
        );
        errors::of_finding(py, Kind::File, &finding.in_file(path.display()))
    })
}

/// The exception for what a reader of files says.
pub(crate) fn problem(py: Python<'_>, problem: &dyn Diagnostic) -> PyErr {
    errors::of_finding(py, Kind::File, &Finding::of(problem))
}
