//! CSV tables with a header.
//!
//! Input: the bytes of a file; fields may be quoted and hold commas, quotes and line breaks, lines end with LF or CRLF.
//! Output: the rows with their line numbers, and every problem of form: a duplicate column, a row with more or fewer
//! cells than the header, a quote that is never closed. Cells are text; [`Row::number`] reads one as a number.

use csv::{ReaderBuilder, StringRecord};

use crate::error::{ArtifactError, Diagnostic};
use crate::text::{self, shown};

mod hex_float;
mod number;

pub use hex_float::{InvalidHexFloat, hex_float};
pub use number::{NumberFault, number, python_number};

/// A table, as far as it could be read.
#[derive(Debug, Clone)]
pub struct Table {
    path: Box<str>,
    columns: Vec<String>,
    rows: Vec<(u64, StringRecord)>,
    /// All problems of form, in file order.
    pub problems: Vec<TableProblem>,
}

/// A column of a table, found by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column(usize);

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    line: u64,
    cells: &'a StringRecord,
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` line {line}: {fault}")]
pub struct TableProblem {
    /// The file.
    pub path: Box<str>,
    /// Line on which the row starts, from 1.
    pub line: u64,
    /// What is wrong.
    pub fault: TableFault,
}

/// The kinds of [`TableProblem`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableFault {
    /// The file has no header.
    #[error("no header row")]
    NoHeader,
    /// Two columns have one name.
    #[error("the column `{}` stands twice in the header", shown(column))]
    DuplicateColumn {
        /// The name.
        column: String,
    },
    /// The file starts with a byte order mark, which is part of the first column's name.
    #[error("a byte order mark stands before the first column, and belongs to its name")]
    ByteOrderMark,
    /// A column that the reader needs is not there.
    #[error("no column `{}` (columns: {})", shown(column), shown(found))]
    MissingColumn {
        /// The name.
        column: String,
        /// The columns that are there.
        found: String,
    },
    /// A row has another number of cells than the header.
    #[error("{found} cells instead of {expected}")]
    Ragged {
        /// Cells of the header.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// A quoted field that the end of the file cuts off.
    #[error("a quoted field is never closed")]
    UnclosedQuote,
    /// A cell that should be a number.
    #[error("column `{}`: `{}` {fault}", shown(column), shown(cell))]
    Number {
        /// The column.
        column: String,
        /// The cell.
        cell: String,
        /// Why it is no number.
        fault: NumberFault,
    },
}

impl TableFault {
    /// Whether a reader of the columns that are there takes something else than another reader would; where it does not, the
    /// fault is worth no more than a remark. A column that stands twice is refused where it is read.
    #[must_use]
    pub const fn changes_what_is_read(&self) -> bool {
        !matches!(self, Self::ByteOrderMark | Self::Ragged { .. } | Self::DuplicateColumn { .. })
    }
}

/// What becomes of a row with another number of cells than the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ragged {
    LeaveOut,
    Keep,
}

impl Table {
    /// Reads the table `path` whose content is `bytes`.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Encoding`]; problems of form are in [`Table::problems`].
    ///
    /// ```
    /// # use spinefairbench_artifacts::table::Table;
    /// let table = Table::parse("a.csv", b"id,value\nx,\"1.5\"\ny\n")?;
    /// let value = table.column("value").unwrap();
    /// assert_eq!(table.rows().next().unwrap().number(value), Ok(1.5));
    /// assert_eq!(table.problems[0].line, 3);
    /// # Ok::<(), spinefairbench_artifacts::ArtifactError>(())
    /// ```
    pub fn parse(path: &str, bytes: &[u8]) -> Result<Self, ArtifactError> {
        let text = text::decode(path, bytes)?;
        Ok(Self::read(path, text, Ragged::LeaveOut))
    }

    /// Reads the table `path` of a release as Python's `DictReader` does: a byte order mark is part of the first column's name, a
    /// row with fewer cells than the header lacks the last ones, and further cells belong to no column.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Encoding`]; problems of form are in [`Table::problems`].
    pub fn parse_released(path: &str, bytes: &[u8]) -> Result<Self, ArtifactError> {
        const MARK: &str = "\u{feff}";
        let Some(rest) = bytes.strip_prefix(MARK.as_bytes()) else {
            return Ok(Self::read(path, text::decode(path, bytes)?, Ragged::Keep));
        };
        let mut table = Self::read(path, text::decode(path, rest)?, Ragged::Keep);
        if let Some(first) = table.columns.first_mut() {
            first.insert_str(0, MARK);
        }
        let problem = table.problem(1, TableFault::ByteOrderMark);
        table.problems.insert(0, problem);
        Ok(table)
    }

    fn read(path: &str, text: &str, ragged: Ragged) -> Self {
        let mut table =
            Self { path: path.into(), columns: Vec::new(), rows: Vec::new(), problems: Vec::new() };
        let mut records = records(text);
        let unclosed = match records.pop() {
            Some((_, last)) if is_end_mark(&last) => None,
            other => other.map(|(line, _)| line),
        };
        let mut records = records.into_iter();
        match records.next() {
            Some((line, header)) => table.set_header(line, &header),
            None if unclosed.is_none() => table.add_problem(1, TableFault::NoHeader),
            None => {}
        }
        let expected = table.columns.len();
        for (line, cells) in records {
            if cells.len() != expected {
                table.add_problem(line, TableFault::Ragged { expected, found: cells.len() });
            }
            if cells.len() == expected || ragged == Ragged::Keep {
                table.rows.push((line, cells));
            }
        }
        if let Some(line) = unclosed {
            table.add_problem(line, TableFault::UnclosedQuote);
        }
        table
    }

    /// The names of the columns, in the order of the file.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The column called `name`.
    ///
    /// # Errors
    ///
    /// [`TableFault::MissingColumn`], and [`TableFault::DuplicateColumn`] where two are called so.
    pub fn column(&self, name: &str) -> Result<Column, TableProblem> {
        let mut found = self.columns.iter().enumerate().filter(|(_, column)| *column == name);
        let (first, second) = (found.next(), found.next());
        if second.is_some() {
            return Err(self.problem(1, TableFault::DuplicateColumn { column: name.to_owned() }));
        }
        first.map(|(index, _)| Column(index)).ok_or_else(|| {
            self.problem(
                1,
                TableFault::MissingColumn {
                    column: name.to_owned(),
                    found: self.columns.join(", "),
                },
            )
        })
    }

    /// The rows, in file order; where the table is no released one, those of the right length.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, cells)| Row { table: self, line: *line, cells })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn set_header(&mut self, line: u64, header: &StringRecord) {
        self.columns = header.iter().map(str::to_owned).collect();
        for (index, column) in header.iter().enumerate() {
            // Reported once, at its second place.
            if header.iter().take(index).filter(|earlier| *earlier == column).count() == 1 {
                self.add_problem(line, TableFault::DuplicateColumn { column: column.to_owned() });
            }
        }
    }

    fn add_problem(&mut self, line: u64, fault: TableFault) {
        self.problems.push(self.problem(line, fault));
    }

    fn problem(&self, line: u64, fault: TableFault) -> TableProblem {
        TableProblem { path: self.path.clone(), line, fault }
    }
}

impl<'a> Row<'a> {
    /// The line on which the row starts, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The cell in `column`.
    #[must_use]
    pub fn cell(&self, column: Column) -> &'a str {
        self.cells.get(column.0).unwrap_or_default()
    }

    /// The cell in `column` as a finite decimal number.
    ///
    /// # Errors
    ///
    /// [`TableFault::Number`].
    pub fn number(&self, column: Column) -> Result<f64, TableProblem> {
        let cell = self.cell(column);
        number(cell).map_err(|fault| {
            let name = self.table.columns.get(column.0).cloned().unwrap_or_default();
            self.table
                .problem(self.line, TableFault::Number { column: name, cell: shown(cell), fault })
        })
    }
}

/// A cell that no text file holds, put after the end: it stays a row of its own unless a quote is still open.
const END_MARK: &str = "\0end of table\0";

fn is_end_mark(record: &StringRecord) -> bool {
    record.len() == 1 && &record[0] == END_MARK
}

/// All records with the lines on which they start, the last being the end mark unless a quote is open.
fn records(text: &str) -> Vec<(u64, StringRecord)> {
    use std::io::Read as _;
    let marked = text.as_bytes().chain(b"\n".as_slice()).chain(END_MARK.as_bytes());
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(marked);
    let bytes = text.as_bytes();
    let mut records = Vec::new();
    let mut record = StringRecord::new();
    let (mut line, mut counted) = (1, 0);
    // Reading from memory cannot fail, and all of it is UTF-8.
    while reader.read_record(&mut record).unwrap_or(false) {
        // The reader's own count stops before the second half of a CRLF and before blank lines, as its place does.
        let place = record.position().map_or(0, csv::Position::byte);
        let mut start = usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
        start += bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line += memchr::memchr_iter(b'\n', &bytes[counted..start]).count() as u64;
        counted = start;
        records.push((line, record.clone()));
    }
    records
}

impl Diagnostic for TableProblem {
    fn code(&self) -> &'static str {
        match &self.fault {
            TableFault::NoHeader => "csv_no_header",
            TableFault::ByteOrderMark => "encoding_bom",
            TableFault::DuplicateColumn { .. } => "csv_duplicate_column",
            TableFault::MissingColumn { .. } => "csv_missing_column",
            TableFault::Ragged { .. } => "csv_ragged_row",
            TableFault::UnclosedQuote => "csv_unclosed_quote",
            TableFault::Number { .. } => "csv_number",
        }
    }

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn line(&self) -> Option<u64> {
        Some(self.line)
    }

    fn expected(&self) -> Option<String> {
        Some(match &self.fault {
            TableFault::NoHeader => "a header row".to_owned(),
            TableFault::ByteOrderMark => "no byte order mark".to_owned(),
            TableFault::DuplicateColumn { .. } => "each column once".to_owned(),
            TableFault::MissingColumn { column, .. } => format!("a column `{}`", shown(column)),
            TableFault::Ragged { expected, .. } => format!("{expected} cells"),
            TableFault::UnclosedQuote => "a closing quote".to_owned(),
            TableFault::Number { .. } => "a finite decimal number".to_owned(),
        })
    }

    fn actual(&self) -> Option<String> {
        Some(match &self.fault {
            TableFault::NoHeader => "nothing".to_owned(),
            TableFault::ByteOrderMark => "the bytes EF BB BF".to_owned(),
            TableFault::DuplicateColumn { column } => format!("`{}` twice", shown(column)),
            TableFault::MissingColumn { found, .. } => shown(found),
            TableFault::Ragged { found, .. } => format!("{found} cells"),
            TableFault::UnclosedQuote => "the end of the file".to_owned(),
            TableFault::Number { cell, .. } => shown(cell),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        Table::parse("a.csv", text.as_bytes()).unwrap()
    }

    #[track_caller]
    fn check(text: &str, rows: &[(u64, &[&str])], problems: &[&str]) {
        let table = table(text);
        let found: Vec<(u64, Vec<&str>)> =
            table.rows.iter().map(|(line, row)| (*line, row.iter().collect())).collect();
        let expected: Vec<(u64, Vec<&str>)> =
            rows.iter().map(|(line, row)| (*line, row.to_vec())).collect();
        assert_eq!(found, expected, "text: {text:?}");
        let found: Vec<String> = table.problems.iter().map(ToString::to_string).collect();
        assert_eq!(found, problems, "text: {text:?}");
    }

    #[test]
    fn quoted_fields_hold_commas_quotes_and_line_breaks() {
        check(
            "a,b\n1,\"x, \"\"y\"\"\"\n2,\"p\r\nq\"\r\n3,\n",
            &[(2, &["1", "x, \"y\""]), (3, &["2", "p\r\nq"]), (5, &["3", ""])],
            &[],
        );
    }

    #[test]
    fn the_last_line_end_may_be_missing_even_after_a_quote() {
        check("a\n\"1\n\"", &[(2, &["1\n"])], &[]);
        check("a\n\"1\"", &[(2, &["1"])], &[]);
    }

    #[test]
    fn problems_of_form_are_all_named() {
        check("", &[], &["`a.csv` line 1: no header row"]);
        check(
            "a,b,a\n1,2,3\n",
            &[(2, &["1", "2", "3"])],
            &["`a.csv` line 1: the column `a` stands twice in the header"],
        );
        check(
            "a,b\n1\n2,3\n4,5,6\n",
            &[(3, &["2", "3"])],
            &["`a.csv` line 2: 1 cells instead of 2", "`a.csv` line 4: 3 cells instead of 2"],
        );
        check("a,b\n1,\"2\n3,4\n", &[], &["`a.csv` line 2: a quoted field is never closed"]);
        check("\"a", &[], &["`a.csv` line 1: a quoted field is never closed"]);
    }

    #[test]
    fn a_missing_column_and_a_wrong_number_name_what_is_there() {
        let table = table("id,value\nx,\"1,5\"\n");
        let missing = table.column("Value").unwrap_err();
        assert_eq!(missing.to_string(), "`a.csv` line 1: no column `Value` (columns: id, value)");
        let row = table.rows().next().unwrap();
        let wrong = row.number(table.column("value").unwrap()).unwrap_err();
        assert_eq!(wrong.to_string(), "`a.csv` line 2: column `value`: `1,5` holds a comma");
        assert_eq!(wrong.code(), "csv_number");
    }

    #[test]
    fn a_byte_order_mark_is_named() {
        let error = Table::parse("a.csv", b"\xEF\xBB\xBFid\n1\n").unwrap_err();
        assert_eq!(error.code(), "encoding_bom");
    }
}
