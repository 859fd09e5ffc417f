//! Panels: one JSON array of reports, over 100 MB in a release.
//!
//! Input: the bytes of an `evaluation_results.json`. Output: one value per row, made by a function of the caller, in
//! file order. Rows borrow their text from the bytes wherever it holds no escape. Fields that no check reads are passed
//! over without being built, and so is the array: one linear scan finds places to cut it, the pieces are parsed in
//! parallel, and the outcome is that of one sequential parse, the first error included.
//!
//! A row that is JSON but not of the right shape is a [`RowProblem`], so that all of them can be reported; text that is
//! no JSON is an error of the file.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::ArtifactError;
use crate::json::{self, JsonError};
use crate::text;

mod problem;
mod retained;
mod row;
mod split;

pub use problem::{RowFault, RowProblem};
pub use retained::{RetainedPair, RetainedRows, panel_of, read_rows};
pub use row::PanelRow;

use row::{FieldsRead, RawRow};

/// Which row of a panel, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowIndex {
    /// Position in the array, from 0.
    pub index: usize,
    /// Line of the file on which the row starts, from 1.
    pub line: u64,
}

/// Applies `use_row` to every row of the panel `path` whose content is `bytes`, and gives the results in file order.
///
/// # Errors
///
/// [`ArtifactError::Encoding`] or [`ArtifactError::Json`] for a file that is no JSON array, the first by position.
///
/// ```
/// # use spinefairbench_artifacts::panel;
/// let bytes = br#"[{"model": "m", "response": "Normal.", "usage": {}}, {"model": 5}]"#;
/// let lengths = panel::map_rows("results.json", bytes, |_, row| {
///     row.map(|row| row.response.map_or(0, |response| response.len())).map_err(|problem| problem.to_string())
/// })?;
/// assert_eq!(lengths[0], Ok(7));
/// assert!(lengths[1].is_err());
/// # Ok::<(), spinefairbench_artifacts::ArtifactError>(())
/// ```
pub fn map_rows<T, F>(path: &str, bytes: &[u8], use_row: F) -> Result<Vec<T>, ArtifactError>
where
    T: Send,
    F: Fn(RowIndex, Result<PanelRow<'_>, RowProblem>) -> T + Sync,
{
    map_chunks(path, bytes, split::CHUNK_BYTES, FieldsRead::All, use_row)
}

/// The same for who reads the fields of a retained report alone: the others may hold anything.
fn map_retained_rows<T, F>(path: &str, bytes: &[u8], use_row: F) -> Result<Vec<T>, ArtifactError>
where
    T: Send,
    F: Fn(RowIndex, Result<PanelRow<'_>, RowProblem>) -> T + Sync,
{
    map_chunks(path, bytes, split::CHUNK_BYTES, FieldsRead::OfRetainedReports, use_row)
}

fn map_chunks<T, F>(
    path: &str,
    bytes: &[u8],
    chunk_bytes: usize,
    fields: FieldsRead,
    use_row: F,
) -> Result<Vec<T>, ArtifactError>
where
    T: Send,
    F: Fn(RowIndex, Result<PanelRow<'_>, RowProblem>) -> T + Sync,
{
    let use_row =
        |place: RowIndex, row: RawRow<'_>| use_row(place, row.checked(path, place, fields));
    text::refuse_marks(bytes)
        .map_err(|problem| ArtifactError::Encoding { path: path.into(), problem })?;
    let Ok(chunks) = split::chunks(bytes, chunk_bytes) else {
        return Err(failure(path, bytes));
    };
    let results: Vec<Option<Vec<T>>> =
        chunks.into_par_iter().map(|chunk| read_chunk(bytes, &chunk, &use_row)).collect();
    let Some(results) = results.into_iter().collect::<Option<Vec<_>>>() else {
        return Err(failure(path, bytes));
    };
    Ok(results.into_iter().flatten().collect())
}

/// The rows of one chunk; none if it is no list of JSON values between commas, as Python reads them.
fn read_chunk<T, F>(bytes: &[u8], chunk: &split::Chunk, use_row: &F) -> Option<Vec<T>>
where
    F: Fn(RowIndex, RawRow<'_>) -> T,
{
    let text = std::str::from_utf8(&bytes[chunk.bytes.clone()]).ok()?;
    // Nearly every chunk is plain JSON, so that only one that is not is looked through for what Python takes besides.
    read_rows_of(text, chunk, use_row).or_else(|| {
        let text = json::as_python_reads_all(text.as_bytes());
        read_rows_of(std::str::from_utf8(&text).ok()?, chunk, use_row)
    })
}

fn read_rows_of<T, F>(text: &str, chunk: &split::Chunk, use_row: &F) -> Option<Vec<T>>
where
    F: Fn(RowIndex, RawRow<'_>) -> T,
{
    let mut rows = Vec::with_capacity(chunk.rows);
    let mut place = RowIndex { index: chunk.first_row, line: chunk.first_line };
    let mut at = 0;
    loop {
        let start = at + spaces(&text[at..]);
        place.line += line_breaks(text, at..start);
        let mut values =
            serde_json::Deserializer::from_str(&text[start..]).into_iter::<RawRow<'_>>();
        let row = values.next()?.ok()?;
        at = start + values.byte_offset();
        rows.push(use_row(place, row));
        place.line += line_breaks(text, start..at);
        place.index += 1;
        let after = at + spaces(&text[at..]);
        place.line += line_breaks(text, at..after);
        match text.as_bytes().get(after) {
            None => return Some(rows),
            Some(b',') => at = after + 1,
            Some(_) => return None,
        }
    }
}

fn spaces(text: &str) -> usize {
    text.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

fn line_breaks(text: &str, range: Range<usize>) -> u64 {
    memchr::memchr_iter(b'\n', &text.as_bytes()[range]).count() as u64
}

/// What is wrong with a panel that could not be read in pieces: a sequential parse names the first place.
fn failure(path: &str, bytes: &[u8]) -> ArtifactError {
    let text = json::as_python_reads_all(bytes);
    let located = json::from_slice::<row::AnyRows>(path, &text);
    located.err().unwrap_or_else(|| {
        // Not reached as long as the pieces are read as the whole is; a wrong verdict would be worse than this text.
        ArtifactError::Json(Box::new(JsonError {
            path: path.into(),
            line: 1,
            column: 1,
            place: "$".to_owned(),
            problem: json::JsonProblem::Syntax { detail: "no list of values".to_owned() },
            excerpt: String::new(),
        }))
    })
}

#[cfg(test)]
mod tests;
