//! Which form a file has, and the reader for it.
//!
//! Input: a file of whatever form. Output: its records, one after the other, and its [`Origin`]. The form is told by the content: the first
//! bytes, the members of a zip file, the keys of a line. A form that is not read is refused by its name, with the way to one that is.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::json::{self, Value};
use spinefairbench_artifacts::limited::{ReadFault, read_document};
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_artifacts::signature::Signature;
use spinefairbench_artifacts::table::Table;
use spinefairbench_artifacts::text::shown;
use spinefairbench_artifacts::zip::{Zip, ZipFault};

use super::tables::Texts;
use super::{Columns, Origin, Record, inspect, samples, tables, workbook};

/// Why a file gives no records.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportFault {
    /// The file cannot be read.
    #[error("cannot read `{name}`")]
    Io {
        /// The file.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// It is damaged, or in a form that is not read, or beyond a limit.
    #[error("`{name}`: {problem}")]
    Form {
        /// The file.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A part of it is not what it must be.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

impl ImportFault {
    pub(super) fn form(name: &str, problem: &str) -> Self {
        Self::Form { name: name.to_owned(), problem: problem.to_owned() }
    }

    pub(super) fn zip(name: &str, fault: ZipFault) -> Self {
        match fault {
            ZipFault::Io(source) => Self::Io { name: name.to_owned(), source },
            fault => Self::form(name, &fault.to_string()),
        }
    }
}

/// A file that can be read at any place.
pub trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

/// Gives the records of `file`, which is called `name`, to `each`.
///
/// # Errors
///
/// [`ImportFault`] if it cannot be read, or is of no form that is.
pub fn read(
    name: &str,
    file: &mut dyn Source,
    limits: InputLimits,
    columns: &Columns,
    each: &mut dyn FnMut(Record),
) -> Result<Origin, ImportFault> {
    let failed = |source| ImportFault::Io { name: name.to_owned(), source };
    let mut start = Vec::new();
    file.take(16).read_to_end(&mut start).map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    match Signature::of(&start) {
        Some(Signature::Zip) => return read_zip(name, file, limits, columns, each),
        Some(Signature::Parquet) => return read_parquet(name, file, limits, columns, each),
        _ => {}
    }
    let bytes = read_document(file, limits).map_err(|fault| match fault {
        ReadFault::Io(source) => failed(source),
        fault => ImportFault::form(name, &fault.to_string()),
    })?;
    match bytes.trim_ascii_start().first() {
        None => Err(ImportFault::form(name, "the file is empty")),
        Some(b'{') => read_objects(name, &bytes, limits, columns, each),
        Some(b'[') => {
            let rows: Vec<BTreeMap<String, Value>> =
                json::from_slice(name, &json::as_python_reads(&bytes))?;
            let rows = rows.into_iter().zip(1..);
            let rows = rows.map(|(row, number)| Ok((format!("`{name}`, row {number}"), row)));
            read_rows(name, rows, columns, each)
        }
        Some(_) => read_table(name, &bytes, limits, columns, each),
    }
}

fn read_zip(
    name: &str,
    file: &mut dyn Source,
    limits: InputLimits,
    columns: &Columns,
    each: &mut dyn FnMut(Record),
) -> Result<Origin, ImportFault> {
    let mut zip = Zip::open(file, limits).map_err(|fault| ImportFault::zip(name, fault))?;
    let has = |member: &str| zip.names().any(|name| name == member);
    if has(workbook::WORKBOOK) {
        let rows = workbook::rows(name, &mut zip)?;
        return read_rows(name, rows.into_iter().map(Ok), columns, each);
    }
    if has(inspect::START) {
        return inspect::read_members(name, &mut zip, each);
    }
    let problem = "a zip file that is neither a log of Inspect AI (it has no `_journal/start.json`) nor a workbook";
    Err(ImportFault::form(name, problem))
}

#[cfg(not(feature = "parquet"))]
fn read_parquet(
    name: &str,
    _: &mut dyn Source,
    _: InputLimits,
    _: &Columns,
    _: &mut dyn FnMut(Record),
) -> Result<Origin, ImportFault> {
    let problem = "a Parquet table, which this build does not read; it needs the feature `parquet`, or write the table as CSV or JSON Lines";
    Err(ImportFault::form(name, problem))
}

#[cfg(feature = "parquet")]
use super::columnar::read as read_parquet;

/// JSON Lines, or one JSON object.
fn read_objects(
    name: &str,
    bytes: &[u8],
    limits: InputLimits,
    columns: &Columns,
    each: &mut dyn FnMut(Record),
) -> Result<Origin, ImportFault> {
    let bytes = json::as_python_reads(bytes);
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_one_line = first.len() >= bytes.trim_ascii_end().len();
    let first = json::from_slice::<BTreeMap<String, Value>>(name, first);
    let keys = match first {
        Ok(first) if !is_one_line || !is_document(&first) => {
            limits
                .check_document("lines.jsonl", &bytes)
                .map_err(|exceeded| ImportFault::form(name, &exceeded.to_string()))?;
            return read_lines(name, &bytes, &first, columns, each);
        }
        Ok(first) => first,
        // Not the first of several lines: the document as a whole.
        Err(_) => json::from_slice(name, &bytes)?,
    };
    if keys.contains_key("eval") {
        drop(keys);
        return inspect::read_document(name, &bytes, each);
    }
    let problem = match keys.get("schema_version").and_then(Value::as_str) {
        Some(version) if version.starts_with("spinefairbench-submission") => {
            "this is a submission already; `score` takes it".to_owned()
        }
        _ => format!(
            "a JSON object that is neither a log of Inspect AI (with `eval` and `samples`) nor the first of many lines (it has {})",
            super::names(&keys)
        ),
    };
    Err(ImportFault::form(name, &problem))
}

fn is_document(keys: &BTreeMap<String, Value>) -> bool {
    keys.contains_key("eval") || keys.contains_key("schema_version")
}

fn read_lines(
    name: &str,
    bytes: &[u8],
    first: &BTreeMap<String, Value>,
    columns: &Columns,
    each: &mut dyn FnMut(Record),
) -> Result<Origin, ImportFault> {
    let lines = (1_u64..).zip(bytes.split(|byte| *byte == b'\n'));
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let lines = lines.map(|(number, line)| {
        let place = format!("`{name}` line {number}");
        // The place in the message, since each line is read as a document of its own.
        let line = json::from_slice(&format!("{name} (line {number})"), line)?;
        Ok((place, line))
    });
    if !samples::is_sample(first) {
        return read_rows(name, lines, columns, each);
    }
    for line in lines {
        let (place, line) = line?;
        if !samples::is_sample(&line) {
            let problem = format!(
                "{place}: no sample (expected `doc_id`, `doc_hash` and `resps`; found {})",
                super::names(&line)
            );
            return Err(ImportFault::form(name, &problem));
        }
        each(samples::record(place, line, columns));
    }
    Ok(samples::origin(first))
}

/// The rows of a table, whose columns are those of the first.
pub(super) fn read_rows(
    name: &str,
    rows: impl Iterator<Item = Result<(String, BTreeMap<String, Value>), ImportFault>>,
    columns: &Columns,
    each: &mut dyn FnMut(Record),
) -> Result<Origin, ImportFault> {
    let mut known: Option<(Texts, Origin)> = None;
    for row in rows {
        let (place, row) = row?;
        if known.is_none() {
            known = Some((Texts::of(name, columns, &row)?, tables::origin(&row)));
        }
        if let Some((texts, _)) = &known {
            each(texts.record(place, row));
        }
    }
    known.map(|(_, origin)| origin).ok_or_else(|| ImportFault::form(name, "the table has no row"))
}

/// CSV, or a table whose cells are separated by tabs.
fn read_table(
    name: &str,
    bytes: &[u8],
    limits: InputLimits,
    columns: &Columns,
    each: &mut dyn FnMut(Record),
) -> Result<Origin, ImportFault> {
    limits
        .check_document("table.csv", bytes)
        .map_err(|exceeded| ImportFault::form(name, &exceeded.to_string()))?;
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let separator = if header.contains(&b'\t') { b'\t' } else { b',' };
    let table = Table::parse_separated(name, bytes, separator)?;
    if let Some(problem) = table.problems.first() {
        return Err(ImportFault::form(name, &format!("line {}: {}", problem.line, problem.fault)));
    }
    let places = table
        .columns()
        .iter()
        .map(|column| {
            let place = table.column(column);
            place.map(|place| (column, place)).map_err(|problem| {
                ImportFault::form(name, &format!("line {}: {}", problem.line, problem.fault))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let rows = table.rows().map(|row| {
        let cell = |place| Value::String(row.cell(place).to_owned());
        let cells = places.iter().map(|(column, place)| ((*column).clone(), cell(*place)));
        Ok((format!("`{}` line {}", shown(name), row.line()), cells.collect()))
    });
    read_rows(name, rows, columns, each)
}
