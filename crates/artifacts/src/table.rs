//! CSV tables with a header.
//!
//! Input: the bytes of a file; fields may be quoted and hold commas, quotes and line breaks, lines end with LF or CRLF.
//! Output: the rows with their line numbers, and every problem of form: a duplicate column, a row with more or fewer
//! cells than the header, a quote that is never closed. Cells are text; [`Row::number`] reads one as a number.

use std::collections::HashMap;
use std::io::{Chain, Read as _};

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
    /// The lines on which the rows start.
    lines: Vec<u64>,
    /// The text of all cells, one behind the other.
    text: String,
    /// Where each cell ends in the text, row by row.
    ends: Vec<u32>,
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
    index: usize,
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
    /// The file starts with a byte order mark, which is part of the first column's name.
    #[error("a byte order mark stands before the first column, and belongs to its name")]
    ByteOrderMark,
    /// Two columns have one name.
    #[error("the column `{}` stands twice in the header", shown(column))]
    DuplicateColumn {
        /// The name.
        column: String,
    },
    /// A column that the reader needs is not there.
    #[error("no column `{}` (columns: {})", shown(column), shown(found))]
    MissingColumn {
        /// The name.
        column: String,
        /// The columns that are there.
        found: String,
    },
    /// The header is one cell, which holds another separator.
    #[error(
        "the header is one column, `{}`: its names are separated by {}, and a table's cells by commas",
        shown(header),
        separator_name(*separator)
    )]
    Separator {
        /// The header.
        header: String,
        /// What separates the names.
        separator: char,
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
    pub(crate) const fn changes_what_is_read(&self) -> bool {
        !matches!(self, Self::ByteOrderMark | Self::Ragged { .. } | Self::DuplicateColumn { .. })
    }

    /// Whether another reader would find other rows, where the columns do not matter.
    #[must_use]
    pub(crate) const fn changes_rows(&self) -> bool {
        self.changes_what_is_read() && !matches!(self, Self::Separator { .. })
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
        Self::parse_separated(path, bytes, COMMA)
    }

    /// As [`Self::parse`], with `separator` between cells in place of a comma.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn parse_separated(path: &str, bytes: &[u8], separator: u8) -> Result<Self, ArtifactError> {
        let text = text::decode(path, bytes)?;
        Ok(Self::read(path, text, separator, Ragged::LeaveOut))
    }

    /// Reads the table `path` of a release as Python's `DictReader` does: a byte order mark is part of the first column's name, a
    /// row with fewer cells than the header lacks the last ones, and further cells belong to no column.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Encoding`]; problems of form are in [`Table::problems`].
    pub(crate) fn parse_released(path: &str, bytes: &[u8]) -> Result<Self, ArtifactError> {
        const MARK: &str = "\u{feff}";
        let Some(rest) = bytes.strip_prefix(MARK.as_bytes()) else {
            return Ok(Self::read(path, text::decode(path, bytes)?, COMMA, Ragged::Keep));
        };
        let mut table = Self::read(path, text::decode(path, rest)?, COMMA, Ragged::Keep);
        if let Some(first) = table.columns.first_mut() {
            first.insert_str(0, MARK);
        }
        let problem = table.problem(1, TableFault::ByteOrderMark);
        table.problems.insert(0, problem);
        Ok(table)
    }

    fn read(path: &str, text: &str, separator: u8, ragged: Ragged) -> Self {
        let mut table = Self {
            path: path.into(),
            columns: Vec::new(),
            lines: Vec::new(),
            text: String::new(),
            ends: Vec::new(),
            problems: Vec::new(),
        };
        let mut records = Records::of(text, separator);
        match records.next() {
            Some(Ok((line, header))) => table.set_header(line, header),
            Some(Err(UnclosedQuote { line })) => table.add_problem(line, TableFault::UnclosedQuote),
            None => table.add_problem(1, TableFault::NoHeader),
        }
        // Every row would be of another length, or one cell; of a released table they are counted none the less.
        let is_separated_otherwise = table.is_separated_otherwise();
        if is_separated_otherwise && ragged == Ragged::LeaveOut {
            return table;
        }
        let expected = table.columns.len();
        while let Some(record) = records.next() {
            match record {
                Ok((line, cells)) => {
                    let found = cells.len();
                    if found == expected || ragged == Ragged::Keep {
                        table.push(line, cells);
                    }
                    if found != expected && !is_separated_otherwise {
                        table.add_problem(line, TableFault::Ragged { expected, found });
                    }
                }
                Err(UnclosedQuote { line }) => table.add_problem(line, TableFault::UnclosedQuote),
            }
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
        (0..self.len()).map(|index| Row { table: self, index })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn set_header(&mut self, line: u64, header: &StringRecord) {
        self.columns = header.iter().map(str::to_owned).collect();
        let mut seen: HashMap<&str, u32> = HashMap::new();
        for column in header {
            let times = seen.entry(column).or_default();
            *times += 1;
            // Reported once, at its second place.
            if *times == 2 {
                self.add_problem(line, TableFault::DuplicateColumn { column: column.to_owned() });
            }
        }
    }

    /// Whether the header is one column whose name holds another separator, which is a problem of its own.
    fn is_separated_otherwise(&mut self) -> bool {
        let [header] = self.columns.as_slice() else { return false };
        let mut separators = [';', '\t', '|'].into_iter();
        let Some(separator) = separators.find(|mark| header.contains(*mark)) else {
            return false;
        };
        let header = header.clone();
        self.add_problem(1, TableFault::Separator { header, separator });
        true
    }

    /// Keeps the cells of a row; one that is not there is empty, and those beyond the header belong to no column.
    fn push(&mut self, line: u64, cells: &StringRecord) {
        self.lines.push(line);
        for index in 0..self.columns.len() {
            self.text.push_str(cells.get(index).unwrap_or_default());
            // Texts that are parsed are far below 4 GiB; beyond, cells would be cut short, and no place is out of the text.
            self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
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
        self.table.lines[self.index]
    }

    /// The cell in `column`.
    #[must_use]
    pub fn cell(&self, column: Column) -> &'a str {
        let table = self.table;
        let last = self.index * table.columns.len() + column.0;
        let start = last.checked_sub(1).map_or(0, |before| table.ends[before]);
        table.text.get(start as usize..table.ends[last] as usize).unwrap_or_default()
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
                .problem(self.line(), TableFault::Number { column: name, cell: shown(cell), fault })
        })
    }
}

/// What separates the cells of a table.
const COMMA: u8 = b',';

/// A cell that no text file holds, put after the end: it stays a row of its own unless a quote is still open.
const END_MARK: &str = "\0end of table\0";

fn is_end_mark(record: &StringRecord) -> bool {
    record.len() == 1 && &record[0] == END_MARK
}

/// A quoted field that starts on the row of this line and never ends.
struct UnclosedQuote {
    line: u64,
}

/// A text, a line feed and the end mark.
type Marked<'a> = Chain<Chain<&'a [u8], &'a [u8]>, &'a [u8]>;

/// The records of a text, each with the line on which it starts. One is held at a time.
struct Records<'a> {
    reader: csv::Reader<Marked<'a>>,
    bytes: &'a [u8],
    record: StringRecord,
    line: u64,
    counted: usize,
}

impl<'a> Records<'a> {
    fn of(text: &'a str, separator: u8) -> Self {
        let bytes = text.as_bytes();
        let marked = bytes.chain(b"\n".as_slice()).chain(END_MARK.as_bytes());
        let mut builder = ReaderBuilder::new();
        let reader =
            builder.delimiter(separator).has_headers(false).flexible(true).from_reader(marked);
        Self { reader, bytes, record: StringRecord::new(), line: 1, counted: 0 }
    }

    /// The next record; none after the last.
    fn next(&mut self) -> Option<Result<(u64, &StringRecord), UnclosedQuote>> {
        // Reading from memory cannot fail, and all of it is UTF-8.
        if !self.reader.read_record(&mut self.record).unwrap_or(false) {
            return None;
        }
        // The mark behind the end is a record of its own unless an open quote holds it.
        let is_last = self.reader.position().byte() > self.bytes.len() as u64 + 1;
        if is_last && is_end_mark(&self.record) {
            return None;
        }
        // The reader's own count stops before the second half of a CRLF and before blank lines, as its place does.
        let place = self.record.position().map_or(0, csv::Position::byte);
        let mut start = usize::try_from(place).unwrap_or(usize::MAX).min(self.bytes.len());
        let rest = self.bytes[start..].iter();
        start += rest.take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.line += memchr::memchr_iter(b'\n', &self.bytes[self.counted..start]).count() as u64;
        self.counted = start;
        if is_last {
            return Some(Err(UnclosedQuote { line: self.line }));
        }
        Some(Ok((self.line, &self.record)))
    }
}

fn separator_name(separator: char) -> String {
    if separator == '\t' { "tabs".to_owned() } else { format!("`{separator}`") }
}

impl Diagnostic for TableProblem {
    fn code(&self) -> &'static str {
        match &self.fault {
            TableFault::NoHeader => "csv_no_header",
            TableFault::ByteOrderMark => "encoding_bom",
            TableFault::DuplicateColumn { .. } => "csv_duplicate_column",
            TableFault::MissingColumn { .. } => "csv_missing_column",
            TableFault::Separator { .. } => "csv_separator",
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
            TableFault::Separator { .. } => "names separated by commas".to_owned(),
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
            TableFault::Separator { header, .. } => shown(header),
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
        let cells = |row: Row<'_>| -> Vec<String> {
            (0..table.columns.len()).map(|column| row.cell(Column(column)).to_owned()).collect()
        };
        let found: Vec<(u64, Vec<String>)> =
            table.rows().map(|row| (row.line(), cells(row))).collect();
        let expected: Vec<(u64, Vec<String>)> = rows
            .iter()
            .map(|(line, row)| (*line, row.iter().map(|cell| (*cell).to_owned()).collect()))
            .collect();
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
        let mark = format!("a\n{END_MARK}\n1\n");
        check(&mark, &[(2, &[END_MARK]), (3, &["1"])], &[]);
    }

    #[test]
    fn a_missing_column_and_a_wrong_number_name_what_is_there() {
        let table = table("id,value\nx,\"1,5\"\n");
        let missing = table.column("Value").unwrap_err();
        assert_eq!(missing.to_string(), "`a.csv` line 1: no column `Value` (columns: id, value)");
        let row = table.rows().next().unwrap();
        let wrong = row.number(table.column("value").unwrap()).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "`a.csv` line 2: column `value`: `1,5` holds a comma (numbers have a decimal point and no marks between thousands)"
        );
        assert_eq!(wrong.code(), "csv_number");
    }

    #[test]
    fn another_separator_is_the_only_problem_of_a_table() {
        let message = "`a.csv` line 1: the header is one column, `id;value`: its names are separated by `;`, and a table's \
                       cells by commas";
        check("id;value\na;1,5\nb;2,5\n", &[], &[message]);
        let table = table("id\tvalue\na\t1\n");
        assert!(table.problems[0].to_string().contains("separated by tabs"));
        assert_eq!(table.problems[0].code(), "csv_separator");
        check("a;b,c\n1,2\n", &[(2, &["1", "2"])], &[]);
    }

    #[test]
    fn a_byte_order_mark_is_named() {
        let error = Table::parse("a.csv", b"\xEF\xBB\xBFid\n1\n").unwrap_err();
        assert_eq!(error.code(), "encoding_bom");
    }
}
