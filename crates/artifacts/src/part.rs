//! A part of a bundle as far as it could be read, and the file that it is read from.
//!
//! A [`Document`] says where a released file stands and how its bytes become a value; a [`Part`] is what came of that: the value
//! as far as the bytes gave one, with every problem met on the way. Whoever uses a part decides what its problems mean: a check
//! reports them, a command that needs the whole refuses.

use std::fmt;
use std::sync::Arc;

use crate::error::ArtifactError;
use crate::finding::{Code, Finding};
use crate::json;
use crate::layout;
use crate::node::{Node, Problems};
use crate::path::ReleasePath;
use crate::source::FileSource;
use crate::table::{Table, TableFault, TableProblem};

/// The value that could be read, and the problems of reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<T> {
    value: Option<T>,
    problems: Vec<Finding>,
}

impl<T> Default for Part<T> {
    /// A part that was not read.
    fn default() -> Self {
        Self::failed(vec![Finding::new(
            Code::PART_NOT_READ,
            "a part of the bundle that this check needs was not read",
        )])
    }
}

impl<T> Part<T> {
    /// A value that was read without a problem.
    #[must_use]
    pub fn whole(value: T) -> Self {
        Self { value: Some(value), problems: Vec::new() }
    }

    /// A value with the problems met on the way.
    #[must_use]
    pub fn with_problems(value: T, problems: Vec<Finding>) -> Self {
        Self { value: Some(value), problems }
    }

    /// No value, and why.
    #[must_use]
    pub fn failed(problems: Vec<Finding>) -> Self {
        Self { value: None, problems }
    }

    /// What `read` gives; where it gives nothing the problems say why.
    pub fn gather(read: impl FnOnce(&mut Problems) -> Option<T>) -> Self {
        let mut problems = Vec::new();
        let value = read(&mut problems);
        Self { value, problems }
    }

    /// What `read` makes of the JSON document `bytes`, as Python reads it.
    pub fn of_json(
        path: &str,
        bytes: &[u8],
        read: impl FnOnce(&Node<'_>, &mut Problems) -> Option<T>,
    ) -> Self {
        match json::released(path, bytes) {
            Ok(value) => Self::gather(|problems| read(&Node::root(path, &value), problems)),
            Err(error) => Self::failed(vec![Finding::of(&error)]),
        }
    }

    /// What `read` makes of a CSV table, as Python's `DictReader` reads it; problems of its form are kept.
    pub fn of_table(
        path: &str,
        bytes: &[u8],
        read: impl FnOnce(&Table, &mut Problems) -> Option<T>,
    ) -> Self {
        Self::of_table_judging(path, bytes, TableFault::changes_what_is_read, read)
    }

    /// The same for a table of which the rows are counted and no column is read.
    pub(crate) fn of_table_rows(path: &str, bytes: &[u8], read: impl FnOnce(u64) -> T) -> Self {
        Self::of_table_judging(path, bytes, TableFault::changes_rows, |table, _| {
            Some(read(table.len() as u64))
        })
    }

    fn of_table_judging(
        path: &str,
        bytes: &[u8],
        is_error: fn(&TableFault) -> bool,
        read: impl FnOnce(&Table, &mut Problems) -> Option<T>,
    ) -> Self {
        match Table::parse_released(path, bytes) {
            Ok(table) => Self::gather(|problems| {
                let finding = |problem: &TableProblem| {
                    let finding = Finding::of(problem);
                    if is_error(&problem.fault) { finding } else { finding.as_advice() }
                };
                problems.extend(table.problems.iter().map(finding));
                read(&table, problems)
            }),
            Err(error) => Self::failed(vec![Finding::of(&error)]),
        }
    }

    /// The value as far as there is one; the problems go to `findings`.
    pub fn open(&self, findings: &mut impl Extend<Finding>) -> Option<&T> {
        findings.extend(self.problems.iter().cloned());
        self.value.as_ref()
    }

    /// The value as far as there is one, where it is only shown: one of another type is advice then.
    pub fn open_shown(&self, findings: &mut impl Extend<Finding>) -> Option<&T> {
        let weighed = |problem: &Finding| match problem.code {
            Code::FIELD_INVALID => problem.clone().as_advice(),
            _ => problem.clone(),
        };
        findings.extend(self.problems.iter().map(weighed));
        self.value.as_ref()
    }

    /// The value as far as there is one.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The value, to be completed.
    pub fn value_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }

    /// The part with its value as `with` makes it.
    #[must_use]
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Part<U> {
        Part { value: self.value.map(with), problems: self.problems }
    }

    /// The problems of reading it.
    #[must_use]
    pub fn problems(&self) -> &[Finding] {
        &self.problems
    }

    /// Whether there is no such file: for one that a bundle may lack that is no problem.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.value.is_none()
            && self.problems.iter().all(|problem| problem.code == Code::FILE_MISSING)
    }

    /// The value, if nothing is wrong with it; advice is passed over.
    ///
    /// # Errors
    ///
    /// The problems.
    pub fn strict(self) -> Result<T, Vec<Finding>> {
        match self.value {
            Some(value) if self.problems.iter().all(Finding::is_advice) => Ok(value),
            _ => Err(self.problems),
        }
    }
}

/// How bytes become a part; the text is the path, for messages.
type Reader<T> = dyn Fn(&str, &[u8]) -> Part<T> + Send + Sync;

/// A released file: where it stands, and how it is read.
pub struct Document<T> {
    path: ReleasePath,
    reader: Arc<Reader<T>>,
}

impl<T> Clone for Document<T> {
    fn clone(&self) -> Self {
        Self { path: self.path.clone(), reader: Arc::clone(&self.reader) }
    }
}

impl<T> fmt::Debug for Document<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Document").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<T> Document<T> {
    /// The file `path`, read by `reader`.
    pub fn new(
        path: ReleasePath,
        reader: impl Fn(&str, &[u8]) -> Part<T> + Send + Sync + 'static,
    ) -> Self {
        Self { path, reader: Arc::new(reader) }
    }

    /// The file at one of the constants of [`layout`].
    pub fn at(
        constant: &str,
        reader: impl Fn(&str, &[u8]) -> Part<T> + Send + Sync + 'static,
    ) -> Self {
        Self::new(layout::constant(constant), reader)
    }

    /// Where the file stands.
    #[must_use]
    pub fn path(&self) -> &ReleasePath {
        &self.path
    }

    /// The part that the file's content is; a file that cannot be read is its own problem.
    #[must_use]
    pub fn part(&self, bytes: Result<&[u8], &ArtifactError>) -> Part<T> {
        match bytes {
            Ok(bytes) => (self.reader)(self.path.as_str(), bytes),
            Err(error) => Part::failed(vec![Finding::of(error)]),
        }
    }

    /// The part that stands in `source`.
    #[must_use]
    pub fn read_from(&self, source: &dyn FileSource) -> Part<T> {
        let bytes = source.read(&self.path);
        self.part(bytes.as_deref())
    }
}
