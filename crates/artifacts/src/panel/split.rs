//! Places at which a JSON array can be cut.
//!
//! Input: the bytes of an array. Output: pieces of about equal size that end between two values. The scan knows strings
//! and brackets and nothing else: whether each value is JSON is for its parser to say. Inside a string only quotes are
//! looked at, so that the scan runs at the speed of `memchr` over the reports.

use std::ops::Range;

/// How many bytes a piece has at least; chosen so that a release makes hundreds of pieces, and a piece stays in cache.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;

/// A piece of the array: whole values with commas between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Where it stands in the file.
    pub(super) bytes: Range<usize>,
    /// Position of its first value in the array.
    pub(super) first_row: usize,
    /// How many values it has.
    pub(super) rows: usize,
    /// Line of its first byte, from 1.
    pub(super) first_line: u64,
}

/// The bytes are no array of anything; a parser can say where and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoArray;

/// The pieces of the array in `bytes`, each of at least `chunk_bytes` but the last.
pub(super) fn chunks(bytes: &[u8], chunk_bytes: usize) -> Result<Vec<Chunk>, NoArray> {
    let start = skip_space(bytes, 0);
    if bytes.get(start) != Some(&b'[') {
        return Err(NoArray);
    }
    let mut scan =
        Scan { bytes, chunks: Vec::new(), cut: start + 1, rows: 0, row: 0, line: 1, counted: 0 };
    if bytes.get(skip_space(bytes, start + 1)) == Some(&b']') {
        let end = skip_space(bytes, start + 1);
        return if skip_space(bytes, end + 1) == bytes.len() {
            Ok(Vec::new())
        } else {
            Err(NoArray)
        };
    }
    let mut depth = 1_usize;
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at + 1)?,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    scan.cut_at(at);
                    let whole = *byte == b']' && skip_space(bytes, at + 1) == bytes.len();
                    return if whole { Ok(scan.chunks) } else { Err(NoArray) };
                }
            }
            b',' if depth == 1 => {
                scan.rows += 1;
                if at - scan.cut >= chunk_bytes {
                    scan.rows -= 1;
                    scan.cut_at(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    Err(NoArray)
}

struct Scan<'a> {
    bytes: &'a [u8],
    chunks: Vec<Chunk>,
    /// Start of the piece that is being gathered.
    cut: usize,
    /// Commas between its values so far.
    rows: usize,
    /// Position of its first value.
    row: usize,
    /// Line at `counted`.
    line: u64,
    counted: usize,
}

impl Scan<'_> {
    fn cut_at(&mut self, at: usize) {
        self.line += memchr::memchr_iter(b'\n', &self.bytes[self.counted..self.cut]).count() as u64;
        self.counted = self.cut;
        let rows = self.rows + 1;
        self.chunks.push(Chunk {
            bytes: self.cut..at,
            first_row: self.row,
            rows,
            first_line: self.line,
        });
        self.row += rows;
        self.rows = 0;
        self.cut = at + 1;
    }
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

/// Where the string that starts at `start`, after its quote, has its closing quote.
fn end_of_string(bytes: &[u8], start: usize) -> Result<usize, NoArray> {
    for quote in memchr::memchr_iter(b'"', &bytes[start..]) {
        // Each run of backslashes stands before one quote at most, so all runs together are read once.
        let escapes =
            bytes[start..start + quote].iter().rev().take_while(|byte| **byte == b'\\').count();
        if escapes % 2 == 0 {
            return Ok(start + quote);
        }
    }
    Err(NoArray)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&[(&str, usize, u64)], NoArray>) {
        let found = chunks(text.as_bytes(), 1).map(|chunks| {
            chunks
                .into_iter()
                .map(|chunk| (&text[chunk.bytes], chunk.first_row, chunk.first_line))
                .collect::<Vec<_>>()
        });
        assert_eq!(found.as_deref(), expected.as_ref().copied(), "text: {text}");
    }

    #[test]
    fn an_array_is_cut_between_its_values() {
        check(" [ ] \n", Ok(&[]));
        check("[1]", Ok(&[("1", 0, 1)]));
        check(
            "\n[1,\n[2,3],\n{\"a\":[4,5]}]\n",
            Ok(&[("1", 0, 2), ("\n[2,3]", 1, 2), ("\n{\"a\":[4,5]}", 2, 3)]),
        );
        check(r#"["a,]\"",1]"#, Ok(&[(r#""a,]\"""#, 0, 1), ("1", 1, 1)]));
        check(r#"["\\",1]"#, Ok(&[(r#""\\""#, 0, 1), ("1", 1, 1)]));
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            " ",
            "{}",
            "[",
            "[1",
            "[1,2",
            "[\"a]",
            "[\"a\\\"]",
            "[1]]",
            "[1] 2",
            "[1}",
            "[]x",
            "null",
        ] {
            check(text, Err(NoArray));
        }
    }

    #[test]
    fn pieces_count_their_values() {
        let chunks = chunks(b"[1,2,3,4,5,6,7]", 5).unwrap();
        let counts: Vec<(usize, usize)> =
            chunks.iter().map(|chunk| (chunk.first_row, chunk.rows)).collect();
        assert_eq!(counts, [(0, 3), (3, 3), (6, 1)]);
    }
}
