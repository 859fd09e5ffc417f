//! Which form a file has, and the reader for it.
//!
//! The form is told by the content: the first bytes, the members of a zip file, the keys of a line. One that is not read is refused by
//! its name, with the way to one that is.

use std::collections::BTreeMap;
use std::fmt;
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

/// A file that is read: what messages call it, what it may hold, and where its records go.
pub struct Reading<'a> {
    /// The file's name.
    pub name: &'a str,
    /// How large it may be.
    pub limits: InputLimits,
    /// The names of its columns.
    pub columns: &'a Columns,
    /// Takes its records, one after the other.
    pub each: &'a mut dyn FnMut(Record),
}

impl fmt::Debug for Reading<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reading").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Reading<'_> {
    /// Reads `file`, whatever form it has.
    ///
    /// # Errors
    ///
    /// [`ImportFault`] if it cannot be read, or is of no form that is.
    pub fn read(mut self, file: &mut dyn Source) -> Result<Origin, ImportFault> {
        let name = self.name;
        let failed = |source| ImportFault::Io { name: name.to_owned(), source };
        let mut start = Vec::new();
        file.take(16).read_to_end(&mut start).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        match Signature::of(&start) {
            Some(Signature::Zip) => return self.zip(file),
            Some(Signature::Parquet) => return self.parquet(file),
            _ => {}
        }
        let bytes = read_document(file, self.limits).map_err(|fault| match fault {
            ReadFault::Io(source) => failed(source),
            fault => self.wrong(&fault.to_string()),
        })?;
        match bytes.trim_ascii_start().first() {
            None => Err(self.wrong("the file is empty")),
            Some(b'{') => self.objects(&bytes),
            Some(b'[') => {
                let rows: Vec<BTreeMap<String, Value>> =
                    json::from_slice(name, &json::as_python_reads(&bytes))?;
                let rows = rows.into_iter().zip(1..);
                self.rows(rows.map(|(row, number)| Ok((format!("`{name}`, row {number}"), row))))
            }
            Some(_) => self.table(&bytes),
        }
    }

    pub(super) fn wrong(&self, problem: &str) -> ImportFault {
        ImportFault::form(self.name, problem)
    }

    fn zip(&mut self, file: &mut dyn Source) -> Result<Origin, ImportFault> {
        let mut zip =
            Zip::open(file, self.limits).map_err(|fault| ImportFault::zip(self.name, fault))?;
        let has = |member: &str| zip.names().any(|name| name == member);
        if has(workbook::WORKBOOK) {
            let rows = workbook::rows(self.name, &mut zip)?;
            return self.rows(rows.into_iter().map(Ok));
        }
        if has(inspect::START) {
            return inspect::read_members(self.name, &mut zip, self.each);
        }
        Err(self.wrong(
            "a zip file that is neither a log of Inspect AI (it has no `_journal/start.json`) nor a workbook",
        ))
    }

    #[cfg(not(feature = "parquet"))]
    fn parquet(&self, _: &mut dyn Source) -> Result<Origin, ImportFault> {
        Err(self.wrong(
            "a Parquet table, which this build does not read; it needs the feature `parquet`, or write the table as CSV or JSON Lines",
        ))
    }

    /// JSON Lines, or one JSON object.
    fn objects(&mut self, bytes: &[u8]) -> Result<Origin, ImportFault> {
        let bytes = json::as_python_reads(bytes);
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let is_one_line = first.len() >= bytes.trim_ascii_end().len();
        let first = json::from_slice::<BTreeMap<String, Value>>(self.name, first);
        let keys = match first {
            Ok(first) if !is_one_line || !is_document(&first) => {
                self.check_records("lines.jsonl", &bytes)?;
                return self.lines(&bytes, &first);
            }
            Ok(first) => first,
            // Not the first of several lines: the document as a whole.
            Err(_) => json::from_slice(self.name, &bytes)?,
        };
        if keys.contains_key("eval") {
            drop(keys);
            return inspect::read_document(self.name, &bytes, self.each);
        }
        Err(self.wrong(&match keys.get("schema_version").and_then(Value::as_str) {
            Some(version) if version.starts_with("spinefairbench-submission") => {
                "this is a submission already; `score` takes it".to_owned()
            }
            _ => format!(
                "a JSON object that is neither a log of Inspect AI (with `eval` and `samples`) nor the first of many lines (it has {})",
                super::names(&keys)
            ),
        }))
    }

    /// No more records than a document may have that is called `what`.
    fn check_records(&self, what: &str, bytes: &[u8]) -> Result<(), ImportFault> {
        let checked = self.limits.check_document(what, bytes);
        checked.map_err(|exceeded| self.wrong(&exceeded.to_string()))
    }

    fn lines(
        &mut self,
        bytes: &[u8],
        first: &BTreeMap<String, Value>,
    ) -> Result<Origin, ImportFault> {
        let name = self.name;
        let lines = (1_u64..).zip(bytes.split(|byte| *byte == b'\n'));
        let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
        let lines = lines.map(|(number, line)| {
            let place = format!("`{name}` line {number}");
            // The place in the message, since each line is read as a document of its own.
            let line = json::from_slice(&format!("{name} (line {number})"), line)?;
            Ok((place, line))
        });
        if !samples::is_sample(first) {
            return self.rows(lines);
        }
        for line in lines {
            let (place, line) = line?;
            if !samples::is_sample(&line) {
                return Err(self.wrong(&format!(
                    "{place}: no sample (expected `doc_id`, `doc_hash` and `resps`; found {})",
                    super::names(&line)
                )));
            }
            (self.each)(samples::record(place, line, self.columns));
        }
        Ok(samples::origin(first))
    }

    /// The rows of a table, whose columns are those of the first.
    pub(super) fn rows(
        &mut self,
        rows: impl Iterator<Item = Result<(String, BTreeMap<String, Value>), ImportFault>>,
    ) -> Result<Origin, ImportFault> {
        let mut known: Option<(Texts, Origin)> = None;
        for row in rows {
            let (place, row) = row?;
            if known.is_none() {
                known = Some((Texts::of(self.name, self.columns, &row)?, tables::origin(&row)));
            }
            if let Some((texts, _)) = &known {
                (self.each)(texts.record(place, row));
            }
        }
        known.map(|(_, origin)| origin).ok_or_else(|| self.wrong("the table has no row"))
    }

    /// CSV, or a table whose cells are separated by tabs.
    fn table(&mut self, bytes: &[u8]) -> Result<Origin, ImportFault> {
        self.check_records("table.csv", bytes)?;
        let name = self.name;
        let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let separator = if header.contains(&b'\t') { b'\t' } else { b',' };
        let table = Table::parse_separated(name, bytes, separator)?;
        let at_line = |line, fault: &dyn fmt::Display| {
            ImportFault::form(name, &format!("line {line}: {fault}"))
        };
        if let Some(problem) = table.problems.first() {
            return Err(at_line(problem.line, &problem.fault));
        }
        let places = table
            .columns()
            .iter()
            .map(|column| {
                let place = table.column(column);
                place
                    .map(|place| (column, place))
                    .map_err(|problem| at_line(problem.line, &problem.fault))
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.rows(table.rows().map(|row| {
            let cell = |place| Value::String(row.cell(place).to_owned());
            let cells = places.iter().map(|(column, place)| ((*column).clone(), cell(*place)));
            Ok((format!("`{}` line {}", shown(name), row.line()), cells.collect()))
        }))
    }
}

fn is_document(keys: &BTreeMap<String, Value>) -> bool {
    keys.contains_key("eval") || keys.contains_key("schema_version")
}
