//! Source-clustered intervals.

use std::fmt;
use std::str::FromStr;

use numpy::{PyArrayLike1, TypeMustMatch};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyDict, PyInt, PyString};
use spinefairbench_bootstrap as bootstrap;
use spinefairbench_bootstrap::{Clusters, Generator, Iterations, Seed};
use spinefairbench_metrics::{EstimateWithInterval, SourcedPair};

use crate::errors::{self, Kind};
use crate::reports::PairScore;
use crate::running;

/// How intervals are drawn.
#[pyclass(frozen, eq, hash, module = "spinefairbench")]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Plan(bootstrap::Plan);

impl Plan {
    /// The plan that was given, or that of the published intervals.
    pub(crate) fn or_published(plan: Option<Bound<'_, Self>>) -> bootstrap::Plan {
        plan.map_or_else(bootstrap::Plan::published, |plan| plan.get().0.clone())
    }
}

#[pymethods]
impl Plan {
    #[new]
    #[pyo3(
        signature = (*, iterations=10_000, seed=None, generator=None),
        text_signature = "(*, iterations=10000, seed=None, generator='numpy-pcg64')"
    )]
    fn new(
        py: Python<'_>,
        #[pyo3(from_py_with = errors::argument)] iterations: u64,
        #[pyo3(from_py_with = errors::argument)] seed: Option<Bound<'_, PyInt>>,
        #[pyo3(from_py_with = errors::argument)] generator: Option<PyBackedStr>,
    ) -> PyResult<Self> {
        let wrong = |error: &dyn fmt::Display| {
            errors::error(py, Kind::Argument, "plan_invalid", error.to_string())
        };
        let mut plan = bootstrap::Plan::published()
            .with_iterations(Iterations::new(iterations).map_err(|error| wrong(&error))?);
        if let Some(generator) = generator {
            let generator = Generator::from_str(&generator).map_err(|error| wrong(&error))?;
            plan = plan.with_generator(generator);
        }
        if let Some(seed) = seed {
            let seed = seed.str()?.to_cow()?.parse::<Seed>();
            plan = plan.with_seed(seed.map_err(|error| wrong(&error))?);
        }
        Ok(Self(plan))
    }

    /// As the published intervals were drawn: NumPy's generator, 10,000 resamples, seed 42.
    #[staticmethod]
    fn published() -> Self {
        Self(bootstrap::Plan::published())
    }

    #[getter]
    fn iterations(&self) -> u32 {
        self.0.iterations.get()
    }

    #[getter]
    fn seed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("builtins")?.getattr("int")?.call1((self.0.seed.to_string(),))
    }

    #[getter]
    fn generator(&self) -> &'static str {
        self.0.generator.name()
    }

    fn __repr__(&self) -> String {
        format!(
            "Plan(iterations={}, seed={}, generator={:?})",
            self.0.iterations.get(),
            self.0.seed,
            self.0.generator.name()
        )
    }
}

/// The ends of a 95 % interval.
#[pyclass(frozen, eq, get_all, module = "spinefairbench")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    lower: f64,
    upper: f64,
}

impl Interval {
    pub(crate) fn new(lower: f64, upper: f64) -> Self {
        Self { lower, upper }
    }
}

impl From<bootstrap::Interval> for Interval {
    fn from(interval: bootstrap::Interval) -> Self {
        Self::new(interval.lower, interval.upper)
    }
}

#[pymethods]
impl Interval {
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let fields = PyDict::new(py);
        fields.set_item("lower", self.lower)?;
        fields.set_item("upper", self.upper)?;
        Ok(fields)
    }

    fn __repr__(&self) -> String {
        format!("Interval(lower={}, upper={})", self.lower, self.upper)
    }
}

/// Both endpoints of a model with their intervals.
#[pyclass(frozen, eq, module = "spinefairbench")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Estimate(spinefairbench_metrics::Estimate);

#[pymethods]
impl Estimate {
    #[getter]
    fn recommendation_change(&self) -> f64 {
        self.0.recommendation_change.value
    }

    #[getter]
    fn recommendation_change_interval(&self) -> Interval {
        self.0.recommendation_change.interval.into()
    }

    #[getter]
    fn diagnostic_consistency(&self) -> f64 {
        self.0.diagnostic_consistency.value
    }

    #[getter]
    fn diagnostic_consistency_interval(&self) -> Interval {
        self.0.diagnostic_consistency.interval.into()
    }

    #[getter]
    fn n_pairs(&self) -> usize {
        self.0.endpoints.n_pairs()
    }

    #[getter]
    fn n_changed(&self) -> usize {
        self.0.endpoints.n_changed()
    }

    #[getter]
    fn n_sources(&self) -> usize {
        self.0.n_sources
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let fields = PyDict::new(py);
        for (name, estimate) in [
            ("recommendation_change", self.0.recommendation_change),
            ("diagnostic_consistency", self.0.diagnostic_consistency),
        ] {
            let endpoint = PyDict::new(py);
            endpoint.set_item("value", estimate.value)?;
            endpoint.set_item("interval", Interval::from(estimate.interval).to_dict(py)?)?;
            fields.set_item(name, endpoint)?;
        }
        fields.set_item("n_pairs", self.n_pairs())?;
        fields.set_item("n_changed", self.n_changed())?;
        fields.set_item("n_sources", self.n_sources())?;
        Ok(fields)
    }

    fn __repr__(&self) -> String {
        let shown = |EstimateWithInterval { value, interval, .. }: EstimateWithInterval| {
            format!("{value} [{}, {}]", interval.lower, interval.upper)
        };
        format!(
            "Estimate(recommendation_change={}, diagnostic_consistency={}, n_pairs={}, n_sources={})",
            shown(self.0.recommendation_change),
            shown(self.0.diagnostic_consistency),
            self.n_pairs(),
            self.n_sources()
        )
    }
}

/// The 95 % interval of the mean of `values` (shape `[n]`, float64, one number a pair), by resampling whole `clusters` (`n` keys, one a
/// pair, told apart by their text).
///
/// >>> clustered_interval([0.0, 1.0, 0.5], ("a", "a", "a"))
/// Interval(lower=0.5, upper=0.5)
///
/// Raises `ComputationError` if the two differ in length, are empty, or a value is not finite.
#[pyfunction]
#[pyo3(signature = (values, clusters, plan=None))]
pub(crate) fn clustered_interval(
    py: Python<'_>,
    #[pyo3(from_py_with = errors::argument)] values: PyArrayLike1<'_, f64, TypeMustMatch>,
    clusters: &Bound<'_, PyAny>,
    #[pyo3(from_py_with = errors::argument)] plan: Option<Bound<'_, Plan>>,
) -> PyResult<Interval> {
    let values = values.as_array().to_vec();
    let clusters = clusters_of(clusters)?;
    let plan = Plan::or_published(plan);
    running::to_the_end(py, move || bootstrap::clustered_interval(&values, &clusters, &plan))?
        .map(Interval::from)
        .map_err(|error| errors::error(py, Kind::Computation, "interval", error.to_string()))
}

/// The clusters that text or numbers name, in the order of their first appearance.
fn clusters_of(keys: &Bound<'_, PyAny>) -> PyResult<Clusters> {
    let names = keys
        .try_iter()
        .map_err(|error| errors::wrong_argument(keys, &error, None))?
        .enumerate()
        .map(|(index, key)| {
            let key = key?;
            let text = if key.is_instance_of::<PyString>() { key } else { key.str()?.into_any() };
            errors::argument_at::<PyBackedStr>(&text, Some(&format!("cluster {index}")))
        })
        .collect::<PyResult<Vec<_>>>()?;
    Ok(Clusters::new(names.iter().map(|name| &**name)))
}

/// Both endpoints of scored pairs, each with the source that it belongs to, and their 95 % intervals, all from 0 to 1.
///
/// >>> estimate([("spine-1", score_pair("Osteophytes. MRI.", "Osteophytes."))]).recommendation_change
/// 1.0
///
/// Raises `ComputationError` if no pair is usable.
#[pyfunction]
#[pyo3(signature = (pairs, plan=None))]
pub(crate) fn estimate(
    py: Python<'_>,
    pairs: &Bound<'_, PyAny>,
    #[pyo3(from_py_with = errors::argument)] plan: Option<Bound<'_, Plan>>,
) -> PyResult<Estimate> {
    let pairs = pairs
        .try_iter()
        .map_err(|error| errors::wrong_argument(pairs, &error, None))?
        .enumerate()
        .map(|(index, pair)| {
            let place = format!("pair {index}");
            let (source_id, score): (String, Py<PairScore>) =
                errors::argument_at(&pair?, Some(&place))?;
            Ok(SourcedPair::new(source_id, score.get().outcome()))
        })
        .collect::<PyResult<Vec<_>>>()?;
    let plan = Plan::or_published(plan);
    running::to_the_end(py, move || spinefairbench_metrics::estimate(&pairs, &plan))?
        .map(Estimate)
        .map_err(|error| errors::error(py, Kind::Computation, "estimate", error.to_string()))
}
