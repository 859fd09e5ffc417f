//! Columns of texts: those of pandas, Polars, `PyArrow` and others through Arrow's C interface, whose buffers are read where they stand, and
//! Python's own sequences.

use std::ffi::CStr;
use std::fmt::Display;

use arrow_array::cast::AsArray as _;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::ffi_stream::{ArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::{Array as _, ArrayRef, make_array};
use arrow_schema::{ArrowError, DataType};
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyCapsule, PyTuple};

use crate::errors::{self, Kind};

/// Texts in a row, none of them missing.
pub(crate) enum Column {
    /// Of Python.
    Given(Vec<PyBackedStr>),
    /// Of Arrow, in pieces, each of one of the three types of text.
    Arrow(Vec<ArrayRef>),
}

impl Column {
    /// The column that `given` is; `name` is for messages.
    pub(crate) fn of(given: &Bound<'_, PyAny>, name: &str) -> PyResult<Self> {
        if let Some(pieces) = arrow(given)? {
            return Self::of_arrow(given.py(), pieces, name);
        }
        given
            .try_iter()
            .map_err(|error| errors::wrong_argument(given, &error, Some(name)))?
            .enumerate()
            .map(|(index, text)| errors::argument_at(&text?, Some(&format!("{name}, row {index}"))))
            .collect::<PyResult<Vec<_>>>()
            .map(Self::Given)
    }

    fn of_arrow(py: Python<'_>, pieces: Vec<ArrayRef>, name: &str) -> PyResult<Self> {
        let mut rows = 0;
        for piece in &pieces {
            let kind = piece.data_type();
            if !matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
                return Err(errors::expected(
                    py,
                    Kind::ArgumentType,
                    name,
                    "text",
                    &kind.to_string(),
                ));
            }
            if let Some(row) = (0..piece.len()).find(|row| piece.is_null(*row)) {
                let place = format!("{name}, row {}", rows + row);
                return Err(errors::expected(
                    py,
                    Kind::ArgumentType,
                    &place,
                    "text",
                    "a missing value",
                ));
            }
            // Who made the buffers promised UTF-8 and fitting offsets; nothing below may rest on that.
            piece.to_data().validate_full().map_err(|error| damaged(py, name, &error))?;
            rows += piece.len();
        }
        Ok(Self::Arrow(pieces))
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Given(texts) => texts.len(),
            Self::Arrow(pieces) => pieces.iter().map(arrow_array::Array::len).sum(),
        }
    }

    /// Every text, where it stands.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Given(texts) => texts.iter().map(|text| &**text).collect(),
            Self::Arrow(pieces) => {
                let mut texts = Vec::with_capacity(self.len());
                for piece in pieces {
                    match piece.data_type() {
                        DataType::LargeUtf8 => texts.extend(piece.as_string::<i64>().iter()),
                        DataType::Utf8View => texts.extend(piece.as_string_view().iter()),
                        _ => texts.extend(piece.as_string::<i32>().iter()),
                    }
                }
                texts.into_iter().flatten().collect()
            }
        }
    }
}

/// The two columns of a table that speaks Arrow; none for what does not.
pub(crate) fn of_table(given: &Bound<'_, PyAny>) -> PyResult<Option<[Column; 2]>> {
    let Some(pieces) = arrow(given)? else { return Ok(None) };
    let py = given.py();
    let mut columns = [Vec::new(), Vec::new()];
    for piece in &pieces {
        let table = piece.as_struct_opt().filter(|table| table.num_columns() == columns.len());
        let Some(table) = table else {
            let found = piece.data_type().to_string();
            let kind = Kind::ArgumentType;
            return Err(errors::expected(py, kind, "pairs", "a table of two columns", &found));
        };
        for (pieces, column) in columns.iter_mut().zip(table.columns()) {
            pieces.push(column.clone());
        }
    }
    let [sources, counterfactuals] = columns;
    Ok(Some([
        Column::of_arrow(py, sources, "the first column")?,
        Column::of_arrow(py, counterfactuals, "the second column")?,
    ]))
}

/// The pieces of what speaks Arrow; none for what does not, or whose library lacks what it needs for it.
fn arrow(given: &Bound<'_, PyAny>) -> PyResult<Option<Vec<ArrayRef>>> {
    let called = |method| match given.call_method0(method) {
        Err(error) if error.is_instance_of::<PyImportError>(given.py()) => Ok(None),
        result => result.map(Some),
    };
    let unreadable = |error: ArrowError| damaged(given.py(), "the column", &error);
    if given.hasattr("__arrow_c_array__")? {
        let Some(pair) = called("__arrow_c_array__")? else { return Ok(None) };
        let pair = pair.cast_into::<PyTuple>()?;
        let schema = pointer(&pair.get_item(0)?, c"arrow_schema")?;
        let array = pointer(&pair.get_item(1)?, c"arrow_array")?;
        #[expect(
            unsafe_code,
            reason = "the capsules' names say what they point at, and they are taken over once"
        )]
        // SAFETY: a capsule of this name holds a valid structure of this type, which this call takes out of it.
        let read = unsafe {
            let schema = FFI_ArrowSchema::from_raw(schema.cast());
            from_ffi(FFI_ArrowArray::from_raw(array.cast()), &schema)
        };
        return Ok(Some(vec![make_array(read.map_err(unreadable)?)]));
    }
    if given.hasattr("__arrow_c_stream__")? {
        let Some(capsule) = called("__arrow_c_stream__")? else { return Ok(None) };
        let stream = pointer(&capsule, c"arrow_array_stream")?;
        #[expect(
            unsafe_code,
            reason = "the capsule's name says what it points at, and it is taken over once"
        )]
        // SAFETY: as above.
        let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream.cast()) };
        let pieces = ArrayStreamReader::try_new(stream).and_then(Iterator::collect);
        return Ok(Some(pieces.map_err(unreadable)?));
    }
    Ok(None)
}

/// What a capsule of this name points at.
fn pointer(capsule: &Bound<'_, PyAny>, name: &CStr) -> PyResult<*mut std::ffi::c_void> {
    Ok(capsule.cast::<PyCapsule>()?.pointer_checked(Some(name))?.as_ptr())
}

fn damaged(py: Python<'_>, name: &str, error: &dyn Display) -> PyErr {
    errors::expected(py, Kind::Argument, name, "a column that Arrow describes", &error.to_string())
}
