//! Errors of the crates as exceptions of the package's one family, which `_errors.py` defines.

use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::{PyRuntimeError, PyUnicodeEncodeError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use spinefairbench_artifacts::finding::Finding;

/// The classes of `spinefairbench._errors`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// An argument that means nothing.
    Argument,
    /// An argument of another type.
    ArgumentType,
    /// A file of the bundle, a release description or a score file.
    File,
    /// A submission that cannot be scored.
    Submission,
    /// No number can be computed from what was given.
    Computation,
    /// A fault of ours.
    Internal,
}

impl Kind {
    const fn class(self) -> &'static str {
        match self {
            Self::Argument => "ArgumentError",
            Self::ArgumentType => "ArgumentTypeError",
            Self::File => "FileError",
            Self::Submission => "SubmissionError",
            Self::Computation => "ComputationError",
            Self::Internal => "InternalError",
        }
    }
}

/// An exception with a message alone.
pub(crate) fn error(py: Python<'_>, kind: Kind, code: &str, message: impl AsRef<str>) -> PyErr {
    raised(py, kind, message.as_ref(), |fields| fields.set_item("code", code))
}

/// An argument of which something else stands at `place` than expected.
pub(crate) fn expected(
    py: Python<'_>,
    kind: Kind,
    place: &str,
    expected: &str,
    found: &str,
) -> PyErr {
    let message = format!("{place}: expected {expected}, found {found}");
    raised(py, kind, &message, |fields| {
        fields.set_item("code", "argument_invalid")?;
        fields.set_item("place", place)?;
        fields.set_item("expected", expected)?;
        fields.set_item("found", found)
    })
}

/// An argument as the type that the call needs; else an error of the family.
pub(crate) fn argument<'py, T: FromPyObjectOwned<'py>>(given: &Bound<'py, PyAny>) -> PyResult<T> {
    argument_at(given, None)
}

/// As [`argument`], for an argument within another, at `place`.
pub(crate) fn argument_at<'py, T: FromPyObjectOwned<'py>>(
    given: &Bound<'py, PyAny>,
    place: Option<&str>,
) -> PyResult<T> {
    given.extract::<T>().map_err(|error| wrong_argument(given, &error.into(), place))
}

/// The family's error for `given`, which Python or the bindings refused with `error`.
pub(crate) fn wrong_argument(
    given: &Bound<'_, PyAny>,
    error: &PyErr,
    place: Option<&str>,
) -> PyErr {
    let py = given.py();
    let said = error.value(py).to_string();
    let said = place.map_or_else(|| said.clone(), |place| format!("{place}: {said}"));
    if error.is_instance_of::<PyUnicodeEncodeError>(py) {
        return raised(py, Kind::Argument, &said, |fields| {
            fields.set_item("code", "text_invalid")?;
            fields.set_item("place", place)?;
            fields.set_item("expected", "text without lone surrogates")?;
            fields.set_item(
                "found",
                format!("one at character {}", error.value(py).getattr("start")?),
            )
        });
    }
    raised(py, Kind::ArgumentType, &said, |fields| {
        fields.set_item("code", "argument_invalid")?;
        fields.set_item("place", place)?;
        fields.set_item("found", given.get_type().name()?)
    })
}

/// An exception for what a reader found.
pub(crate) fn of_finding(py: Python<'_>, kind: Kind, finding: &Finding) -> PyErr {
    raised(py, kind, &finding.message, |fields| {
        fields.set_item("code", finding.code.as_str())?;
        fields.set_item("path", &finding.path)?;
        let line = finding.line.map(|line| format!("line {line}"));
        fields.set_item("place", line.or(finding.row.map(|row| format!("row {row}"))))?;
        fields.set_item("expected", &finding.expected)?;
        fields.set_item("found", &finding.actual)
    })
}

/// The exception for a submission with these problems.
pub(crate) fn refused(py: Python<'_>, path: &str, problems: Vec<String>) -> PyErr {
    let counted = if problems.len() == 1 {
        "1 problem".into()
    } else {
        format!("{} problems", problems.len())
    };
    let first = problems.first().map(|problem| format!(": {problem}")).unwrap_or_default();
    raised(py, Kind::Submission, &format!("`{path}` has {counted}{first}"), |fields| {
        fields.set_item("code", "submission_refused")?;
        fields.set_item("path", path)?;
        fields.set_item("problems", problems)
    })
}

/// The exception for a panic.
pub(crate) fn internal(py: Python<'_>, said: &str) -> PyErr {
    error(py, Kind::Internal, "internal", format!("a fault of spinefairbench itself: {said}"))
}

fn raised(
    py: Python<'_>,
    kind: Kind,
    message: &str,
    fill: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>,
) -> PyErr {
    let raise = || {
        let fields = PyDict::new(py);
        fill(&fields)?;
        let class = py.import("spinefairbench._errors")?.getattr(kind.class())?;
        Ok(PyErr::from_value(class.call((message,), Some(&fields))?))
    };
    raise().unwrap_or_else(|_: PyErr| PyRuntimeError::new_err(message.to_owned()))
}
