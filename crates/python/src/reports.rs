//! Reports and pairs of reports.

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyDict, PyFrozenSet};
use rayon::prelude::*;
use spinefairbench_metrics::PairOutcome;
use spinefairbench_parsers as parsers;

use crate::columns::{self, Column};
use crate::errors::{self, Kind};
use crate::running;

/// What the benchmark keeps of a report.
#[pyclass(frozen, eq, hash, module = "spinefairbench")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ParsedReport(parsers::ParsedReport);

#[pymethods]
impl ParsedReport {
    #[getter]
    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        PyFrozenSet::new(py, self.0.labels.names())
    }

    #[getter]
    fn labels_strict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        PyFrozenSet::new(py, self.0.labels_strict.names())
    }

    #[getter]
    fn recommendations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        PyFrozenSet::new(py, self.0.recommendations.names())
    }

    #[getter]
    fn response_class(&self) -> String {
        self.0.response_class.to_string()
    }

    #[getter]
    fn severity(&self) -> u8 {
        self.0.severity
    }

    #[getter]
    fn hedging(&self) -> u32 {
        self.0.hedging
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let fields = PyDict::new(py);
        fields.set_item("labels", self.0.labels.names().collect::<Vec<_>>())?;
        fields.set_item("labels_strict", self.0.labels_strict.names().collect::<Vec<_>>())?;
        fields.set_item("recommendations", self.0.recommendations.names().collect::<Vec<_>>())?;
        fields.set_item("response_class", self.response_class())?;
        fields.set_item("severity", self.0.severity)?;
        fields.set_item("hedging", self.0.hedging)?;
        Ok(fields)
    }

    fn __repr__(&self) -> String {
        let listed = |names: Vec<&str>| format!("{{{}}}", names.join(", "));
        format!(
            "ParsedReport(labels={}, recommendations={}, response_class={:?}, severity={}, hedging={})",
            listed(self.0.labels.names().collect()),
            listed(self.0.recommendations.names().collect()),
            self.response_class(),
            self.0.severity,
            self.0.hedging,
        )
    }
}

/// Two reports on one radiograph and its edited copy, scored.
#[pyclass(frozen, eq, hash, module = "spinefairbench")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PairScore {
    source: parsers::ParsedReport,
    counterfactual: parsers::ParsedReport,
}

impl PairScore {
    pub(crate) fn outcome(self) -> PairOutcome {
        PairOutcome { source: self.source, counterfactual: self.counterfactual }
    }
}

impl From<PairOutcome> for PairScore {
    fn from(outcome: PairOutcome) -> Self {
        Self { source: outcome.source, counterfactual: outcome.counterfactual }
    }
}

#[pymethods]
impl PairScore {
    #[getter]
    fn source(&self) -> ParsedReport {
        ParsedReport(self.source)
    }

    #[getter]
    fn counterfactual(&self) -> ParsedReport {
        ParsedReport(self.counterfactual)
    }

    #[getter]
    fn is_usable(&self) -> bool {
        self.outcome().is_usable()
    }

    #[getter]
    fn recommendation_changed(&self) -> bool {
        self.outcome().recommendation_changed()
    }

    #[getter]
    fn recommendation_jaccard(&self) -> f64 {
        self.outcome().recommendation_jaccard()
    }

    #[getter]
    fn diagnostic_consistency(&self) -> f64 {
        self.outcome().diagnostic_consistency()
    }

    #[getter]
    fn both_labels_empty(&self) -> bool {
        self.outcome().both_labels_empty()
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let fields = PyDict::new(py);
        fields.set_item("source", self.source().to_dict(py)?)?;
        fields.set_item("counterfactual", self.counterfactual().to_dict(py)?)?;
        fields.set_item("is_usable", self.is_usable())?;
        fields.set_item("recommendation_changed", self.recommendation_changed())?;
        fields.set_item("recommendation_jaccard", self.recommendation_jaccard())?;
        fields.set_item("diagnostic_consistency", self.diagnostic_consistency())?;
        fields.set_item("both_labels_empty", self.both_labels_empty())?;
        Ok(fields)
    }

    fn __repr__(&self) -> String {
        format!(
            "PairScore(is_usable={}, recommendation_changed={}, diagnostic_consistency={})",
            python_bool(self.is_usable()),
            python_bool(self.recommendation_changed()),
            self.diagnostic_consistency(),
        )
    }
}

fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// The labels, categories and response class of a report. Every text has a value.
///
/// >>> parse_report("Osteophytes at L4. MRI is advised.").response_class
/// 'genuine'
///
/// Raises `ArgumentError` for text with lone surrogates and `ArgumentTypeError` for anything but text.
#[pyfunction]
pub(crate) fn parse_report(
    py: Python<'_>,
    #[pyo3(from_py_with = errors::argument)] text: PyBackedStr,
) -> PyResult<ParsedReport> {
    running::at_once(py, || ParsedReport(parsers::parse_report(&text)))
}

/// The report on a radiograph against the report on its edited copy.
///
/// >>> score_pair("Osteophytes. MRI is advised.", "Osteophytes.").recommendation_changed
/// True
///
/// Raises as `parse_report` does.
#[pyfunction]
pub(crate) fn score_pair(
    py: Python<'_>,
    #[pyo3(from_py_with = errors::argument)] source: PyBackedStr,
    #[pyo3(from_py_with = errors::argument)] counterfactual: PyBackedStr,
) -> PyResult<PairScore> {
    running::at_once(py, || spinefairbench_metrics::score_pair(&source, &counterfactual).into())
}

/// As `score_pair` for every pair, in their order, on all processors, without the interpreter's lock.
///
/// `pairs` is an iterable of pairs of texts, or a table of two columns of text; or it has the reports on the sources and `counterfactuals`
/// those on the edited copies, in the same order. Tables and columns of pandas, Polars, `PyArrow` and whatever else speaks Arrow's C
/// interface are read where they stand.
///
/// >>> [pair.diagnostic_consistency for pair in score_pairs([("Osteophytes.", "Osteophytes."), ("Osteophytes.", "")])]
/// [1.0, 0.0]
/// >>> score_pairs(["Osteophytes."], ["Osteophytes."])[0].diagnostic_consistency
/// 1.0
///
/// Raises as `parse_report` does, and `ArgumentError` for columns of two lengths; the error's `place` is the pair or the row, counted from 0.
#[pyfunction]
#[pyo3(signature = (pairs, counterfactuals=None))]
pub(crate) fn score_pairs(
    py: Python<'_>,
    pairs: &Bound<'_, PyAny>,
    counterfactuals: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<PairScore>> {
    let columns = match counterfactuals {
        Some(counterfactuals) => Some([
            Column::of(pairs, "the first column")?,
            Column::of(counterfactuals, "the second column")?,
        ]),
        None => columns::of_table(pairs)?,
    };
    let [sources, counterfactuals] = columns.map_or_else(|| of_pairs(pairs), Ok)?;
    if sources.len() != counterfactuals.len() {
        let (expected, found) = (sources.len(), counterfactuals.len());
        let expected = format!("{expected} rows, as the first has");
        return Err(errors::expected(
            py,
            Kind::Argument,
            "the second column",
            &expected,
            &found.to_string(),
        ));
    }
    running::to_the_end(py, move || {
        let (sources, counterfactuals) = (sources.texts(), counterfactuals.texts());
        sources
            .par_iter()
            .zip(&counterfactuals)
            .map(|(source, counterfactual)| {
                spinefairbench_metrics::score_pair(source, counterfactual).into()
            })
            .collect()
    })
}

/// Pairs taken apart.
fn of_pairs(pairs: &Bound<'_, PyAny>) -> PyResult<[Column; 2]> {
    let (sources, counterfactuals) = pairs
        .try_iter()
        .map_err(|error| errors::wrong_argument(pairs, &error, None))?
        .enumerate()
        .map(|(index, pair)| {
            let pair = pair?;
            pair.extract::<(PyBackedStr, PyBackedStr)>().map_err(|error| {
                errors::wrong_argument(&pair, &error, Some(&format!("pair {index}")))
            })
        })
        .collect::<PyResult<(Vec<_>, Vec<_>)>>()?;
    Ok([Column::Given(sources), Column::Given(counterfactuals)])
}
