//! What the readers answered, row by row: the combined table ([`crate::layout::PAIR_RESULTS`]), the answers on detectability
//! ([`crate::layout::DETECTABILITY`]) and each reader's own.
//!
//! The tables name their columns in several ways, of which only some are published: a question is the first column whose name
//! begins with its number, a reader the first whose name begins with `reviewer`.

use crate::finding::Finding;
use crate::part::{Document, Part};
use crate::path::ReleasePath;

/// How many questions there are.
pub const QUESTIONS: usize = 4;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderAnswers {
    /// The pair.
    pub pair_id: String,
    /// The reader; `None` in a table without such a column.
    pub reviewer: Option<String>,
    /// The answers to the questions 1 to 4; `None` where the table has no such column.
    pub answers: [Option<String>; QUESTIONS],
}

/// The rows of the table at `path`, in its order.
#[must_use]
pub fn document(path: ReleasePath) -> Document<Vec<ReaderAnswers>> {
    Document::new(path, |path, bytes| {
        Part::of_table(path, bytes, |table, problems| {
            let pair = table
                .column("pair_id")
                .map_err(|problem| problems.push(Finding::of(&problem)))
                .ok()?;
            let beginning = |start: &str| {
                let name = table.columns().iter().find(|name| name.starts_with(start))?;
                table.column(name).ok()
            };
            let reviewer = beginning("reviewer");
            let questions = ["q1", "q2", "q3", "q4"].map(beginning);
            let rows = table.rows().map(|row| {
                let cell = |column| row.cell(column).to_owned();
                ReaderAnswers {
                    pair_id: cell(pair),
                    reviewer: reviewer.map(cell),
                    answers: questions.map(|question| question.map(cell)),
                }
            });
            Some(rows.collect())
        })
    })
}
