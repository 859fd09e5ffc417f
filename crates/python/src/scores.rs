//! Submissions to scores, and scores against each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{IntoPyDict as _, PyDict};
use serde::Serialize;
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_report::comparison_page;
use spinefairbench_report::score_page::{self, ScoreContext};
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::compare::{ComparedModel, ComparisonFile, Design};
use spinefairbench_scoring::coverage::Coverage;
use spinefairbench_scoring::index::{BenchmarkIndex, IndexError};
use spinefairbench_scoring::score::{ScoreError, score};
use spinefairbench_scoring::score_file::{Endpoint, ScoreFile};
use spinefairbench_scoring::submission::{self, KeptTexts, Submission, SubmissionError};

use crate::bundles;
use crate::errors::{self, Kind};
use crate::intervals::{Interval, Plan};
use crate::running;

/// A score file: both endpoints, their intervals, every pair, and what they rest on.
#[pyclass(frozen, module = "spinefairbench")]
#[derive(Debug)]
pub(crate) struct Score(ScoreFile);

impl Score {
    fn interval(endpoint: &Endpoint) -> Interval {
        Interval::new(endpoint.ci95.lower, endpoint.ci95.upper)
    }
}

#[pymethods]
impl Score {
    /// The score file at `path`, recomputed from its own rows; a field that does not follow is an error.
    #[staticmethod]
    fn read(
        py: Python<'_>,
        #[pyo3(from_py_with = errors::argument)] path: PathBuf,
    ) -> PyResult<Self> {
        read_score(py, &path).map(Self)
    }

    #[getter]
    fn model_name(&self) -> &str {
        self.0.model_name()
    }

    #[getter]
    fn scope(&self) -> String {
        self.0.scope.to_string()
    }

    #[getter]
    fn recommendation_change(&self) -> f64 {
        self.0.primary_endpoints.recommendation_change_rate.point_estimate
    }

    #[getter]
    fn recommendation_change_interval(&self) -> Interval {
        Self::interval(&self.0.primary_endpoints.recommendation_change_rate)
    }

    #[getter]
    fn diagnostic_consistency(&self) -> f64 {
        self.0.primary_endpoints.diagnostic_label_consistency.point_estimate
    }

    #[getter]
    fn diagnostic_consistency_interval(&self) -> Interval {
        Self::interval(&self.0.primary_endpoints.diagnostic_label_consistency)
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings.clone()
    }

    /// The bytes that `spinefairbench score` writes.
    fn to_json(&self) -> String {
        String::from_utf8_lossy(&self.0.to_bytes()).into_owned()
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        parsed(py, &self.to_json())
    }

    fn __repr__(&self) -> String {
        let shown = |endpoint: &Endpoint| {
            format!(
                "{} [{}, {}]",
                endpoint.point_estimate, endpoint.ci95.lower, endpoint.ci95.upper
            )
        };
        format!(
            "Score(model_name={:?}, scope={:?}, recommendation_change={}, diagnostic_consistency={})",
            self.model_name(),
            self.scope(),
            shown(&self.0.primary_endpoints.recommendation_change_rate),
            shown(&self.0.primary_endpoints.diagnostic_label_consistency),
        )
    }

    fn _repr_html_(&self) -> String {
        framed(&score_page::html(&self.0, &ScoreContext { panel: None, reports: BTreeMap::new() }))
    }
}

/// A submission, a file's path or its content as a `dict`, against the bundle in `artifacts`.
#[pyfunction]
#[pyo3(signature = (submission, artifacts, *, release=None, scope=None, allow_partial=false, plan=None))]
pub(crate) fn score_submission(
    py: Python<'_>,
    submission: &Bound<'_, PyAny>,
    #[pyo3(from_py_with = errors::argument)] artifacts: PathBuf,
    #[pyo3(from_py_with = errors::argument)] release: Option<PathBuf>,
    #[pyo3(from_py_with = errors::argument)] scope: Option<PyBackedStr>,
    #[pyo3(from_py_with = errors::argument)] allow_partial: bool,
    #[pyo3(from_py_with = errors::argument)] plan: Option<Bound<'_, Plan>>,
) -> PyResult<Score> {
    let (name, bytes) = if let Ok(content) = submission.cast::<PyDict>() {
        let text: String = py
            .import("json")?
            .call_method1("dumps", (content,))
            .and_then(|text| text.extract())
            .map_err(|error| errors::wrong_argument(submission, &error, Some("submission")))?;
        ("the submission".to_owned(), text.into_bytes())
    } else {
        let path: PathBuf = errors::argument_at(submission, Some("submission"))?;
        (path.display().to_string(), bundles::read(py, &path)?)
    };
    let scope = scope
        .map(|text| {
            text.parse::<Scope>().map_err(|error| {
                errors::error(py, Kind::Argument, "unknown_scope", error.to_string())
            })
        })
        .transpose()?;
    let release = bundles::description(py, release.as_deref())?;
    let bundle = bundles::open(py, &artifacts)?;
    let coverage = if allow_partial { Coverage::Partial } else { Coverage::Complete };
    let plan = Plan::or_published(plan);
    let now = py.import("datetime")?.getattr("datetime")?;
    let utc = py.import("datetime")?.getattr("timezone")?.getattr("utc")?;
    let now = now.call_method1("now", (utc,))?;
    let now: String = now
        .call_method("isoformat", (), Some(&[("timespec", "seconds")].into_py_dict(py)?))?
        .extract()?;
    let read_as = name.clone();
    let outcome = running::to_the_end(py, move || {
        let submission = read(&read_as, &bytes)?;
        let scope = scope.unwrap_or(submission.header.scope);
        let index = BenchmarkIndex::load(&bundle, scope, &release.scope_manifests)
            .map_err(Failure::Index)?;
        let scored = score(&submission, &index, coverage, &plan).map_err(Failure::Score)?;
        Ok::<_, Failure>(ScoreFile::new(&scored, &now))
    })?;
    outcome.map(Score).map_err(|failure| failure.raised(py, &name))
}

/// Why there is no score.
enum Failure {
    Submission(SubmissionError),
    Index(IndexError),
    Score(ScoreError),
}

impl Failure {
    fn raised(self, py: Python<'_>, name: &str) -> PyErr {
        match self {
            Self::Submission(SubmissionError::Refused { problems, .. })
            | Self::Score(ScoreError::Refused(problems)) => {
                errors::refused(py, name, problems.iter().map(ToString::to_string).collect())
            }
            Self::Submission(error) => {
                errors::error(py, Kind::File, "unreadable", error.to_string())
            }
            Self::Index(IndexError::Artifact(error)) => bundles::problem(py, &error),
            Self::Index(error) => errors::error(py, Kind::File, "scope", error.to_string()),
            Self::Score(error) => {
                errors::error(py, Kind::Computation, "interval", error.to_string())
            }
        }
    }
}

fn read(name: &str, bytes: &[u8]) -> Result<Submission, Failure> {
    submission::read_keeping(name, bytes, KeptTexts::None, InputLimits::default())
        .map(|(submission, _)| submission)
        .map_err(Failure::Submission)
}

fn read_score(py: Python<'_>, path: &Path) -> PyResult<ScoreFile> {
    let (name, bytes) = (path.display().to_string(), bundles::read(py, path)?);
    running::to_the_end(py, move || ScoreFile::from_bytes(&name, &bytes))?
        .map_err(|error| errors::error(py, Kind::File, "score_file", error.to_string()))
}

/// Scored models on the pairs that they share.
#[pyclass(frozen, module = "spinefairbench")]
#[derive(Debug)]
pub(crate) struct Comparison {
    /// The finding of each endpoint of each two models, in words.
    #[pyo3(get)]
    findings: Vec<String>,
    #[pyo3(get)]
    warnings: Vec<String>,
    json: String,
    page: String,
}

#[pymethods]
impl Comparison {
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        parsed(py, &self.json)
    }

    fn __repr__(&self) -> String {
        format!("Comparison({})", self.findings.join(" "))
    }

    fn _repr_html_(&self) -> String {
        framed(&self.page)
    }
}

/// Scores, or paths of score files, with each other: every two of them.
#[pyfunction]
#[pyo3(signature = (*scores, plan=None))]
pub(crate) fn compare(
    py: Python<'_>,
    scores: Vec<Bound<'_, PyAny>>,
    #[pyo3(from_py_with = errors::argument)] plan: Option<Bound<'_, Plan>>,
) -> PyResult<Comparison> {
    let models = scores
        .iter()
        .enumerate()
        .map(|(index, given)| {
            if let Ok(score) = given.cast::<Score>() {
                return Ok(ComparedModel::from_score_file(
                    score.get().model_name(),
                    &score.get().0,
                ));
            }
            let path: PathBuf = errors::argument_at(given, Some(&format!("score {index}")))?;
            Ok(ComparedModel::from_score_file(&path.display().to_string(), &read_score(py, &path)?))
        })
        .collect::<PyResult<Vec<_>>>()?;
    if models.len() < 2 {
        let message = format!("a comparison needs two scores, found {}", models.len());
        return Err(errors::error(py, Kind::Argument, "too_few_scores", message));
    }
    let plan = Plan::or_published(plan);
    let comparisons = running::to_the_end(py, move || {
        spinefairbench_scoring::compare::compare(&models, Design::AllPairs, &plan)
    })?
    .map_err(|error| errors::error(py, Kind::Computation, "not_comparable", error.to_string()))?;
    let endpoints = comparisons.comparisons.iter().flat_map(|two| &two.endpoints);
    Ok(Comparison {
        findings: endpoints.map(|endpoint| endpoint.finding.sentence.clone()).collect(),
        warnings: comparisons.warnings.clone(),
        json: String::from_utf8_lossy(&ComparisonFile::new(&comparisons).to_bytes()).into_owned(),
        page: comparison_page::html(&comparisons),
    })
}

/// JSON text as Python's objects.
pub(crate) fn parsed<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (json,))
}

/// A value as JSON text.
pub(crate) fn written(py: Python<'_>, value: &impl Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| errors::internal(py, &error.to_string()))
}

/// A whole page within a notebook's cell: a frame, so that the page's style stays with it.
pub(crate) fn framed(page: &str) -> String {
    let escaped = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<iframe sandbox=\"allow-scripts\" style=\"width:100%;height:40em;border:0\" srcdoc=\"{escaped}\"></iframe>"
    )
}
