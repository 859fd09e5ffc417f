//! What an input that grows may take at most: bytes, expansion, the length of a line, records, findings.
//!
//! Input: what has been read so far. Output: nothing, or the [`LimitExceeded`] that stops the reading. Everything is counted on
//! the bytes that really come out of a decoder, never on what a header claims. [`Growth`] is what archives and texts have in
//! common; [`InputLimits`] adds what a text has. A text that is in memory as a whole is looked through once more before it is taken
//! apart ([`InputLimits::check_document`]): what it becomes may be a hundred times as large. Every limit is a choice of ours, roomy
//! for what the release and real submissions hold, and every one can be raised.

use std::io;

/// How far a stream may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// Bytes that come out of it in all.
    pub total_bytes: u64,
    /// Bytes that come out for one byte that goes in.
    pub expansion: u64,
    /// Bytes that come out before the expansion counts: a small file of text may well expand more.
    pub expansion_free_bytes: u64,
}

impl Growth {
    /// Whether `decompressed` bytes may have come out of `compressed` ones.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded::TotalBytes`] or [`LimitExceeded::Expansion`].
    pub fn check(&self, compressed: u64, decompressed: u64) -> Result<(), LimitExceeded> {
        if decompressed > self.total_bytes {
            return Err(LimitExceeded::TotalBytes { limit: self.total_bytes });
        }
        let limit = self.expansion;
        if decompressed > self.expansion_free_bytes
            && decompressed > compressed.saturating_mul(limit)
        {
            return Err(LimitExceeded::Expansion { limit, compressed, decompressed });
        }
        Ok(())
    }
}

/// What a text that is read as records may take: a submission, a table, JSON Lines, a score file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputLimits {
    /// How far it may grow while it is decompressed.
    pub growth: Growth,
    /// Bytes of a text that must be in memory as a whole, such as one JSON object.
    pub document_bytes: u64,
    /// Bytes of one line, its line break not counted.
    pub line_bytes: u64,
    /// Lines, rows or results.
    pub records: u64,
    /// Findings that are kept; more are only counted.
    pub findings: usize,
}

impl Default for InputLimits {
    /// Chosen so that a reader stays below 300 MB: the largest scope has 11,948 pairs, and a long report 10 KB.
    fn default() -> Self {
        Self {
            growth: Growth { total_bytes: 4 << 30, expansion: 200, expansion_free_bytes: 64 << 20 },
            document_bytes: 128 << 20,
            line_bytes: 32 << 20,
            records: 200_000,
            findings: 1000,
        }
    }
}

impl InputLimits {
    /// Whether the whole text `bytes` of the file `name` may be taken apart: as one JSON document if it is called so, by lines
    /// otherwise. Both are counted from above, without reading the text as anything.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded::Records`] or [`LimitExceeded::Values`].
    ///
    /// ```
    /// # use spinefairbench_artifacts::limits::{InputLimits, LimitExceeded};
    /// let limits = InputLimits { records: 2, ..InputLimits::default() };
    /// assert_eq!(limits.check_document("a.csv", b"id\n1"), Ok(()));
    /// let exceeded = limits.check_document("a.csv", b"id\n1\n2").unwrap_err();
    /// assert_eq!(exceeded, LimitExceeded::Records { limit: 2 });
    /// ```
    pub fn check_document(&self, name: &str, bytes: &[u8]) -> Result<(), LimitExceeded> {
        let is_json = name.rsplit('.').next().is_some_and(|end| end.eq_ignore_ascii_case("json"));
        if is_json {
            return self.check_values(bytes);
        }
        let mut n_lines = 0;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
            let line = &bytes[start..end];
            start = end + 1;
            n_lines += u64::from(end < bytes.len() || !line.is_empty());
            if n_lines > self.records {
                return Err(LimitExceeded::Records { limit: self.records });
            }
            // A line may be a JSON document or a row of its own; a short one cannot hold too much.
            if line.len() as u64 > self.values() {
                self.check_values(line)?;
            }
        }
        Ok(())
    }

    /// Values of a JSON document, cells of a row.
    fn values(&self) -> u64 {
        /// The released documents have at most four values for a line; a value takes up to 330 bytes of memory.
        const VALUES_FOR_A_RECORD: u64 = 3;
        self.records.saturating_mul(VALUES_FOR_A_RECORD)
    }

    /// Each value but the first stands behind a comma or a bracket.
    fn check_values(&self, text: &[u8]) -> Result<(), LimitExceeded> {
        let n_values = memchr::memchr3_iter(b',', b'[', b'{', text).count() as u64;
        let limit = self.values();
        if n_values > limit { Err(LimitExceeded::Values { limit }) } else { Ok(()) }
    }
}

/// A limit that an input goes beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitExceeded {
    /// More bytes come out than may.
    #[error("it holds more than {limit} bytes")]
    TotalBytes {
        /// The limit.
        limit: u64,
    },
    /// The bytes that come out are too many for those that went in.
    #[error("its first {compressed} bytes expand to {decompressed} (limit: {limit} for one byte)")]
    Expansion {
        /// Bytes that may come out for one byte.
        limit: u64,
        /// Bytes that went in.
        compressed: u64,
        /// Bytes that came out.
        decompressed: u64,
    },
    /// A text that must be in memory as a whole is too long.
    #[error("it is one document of more than {limit} bytes")]
    DocumentBytes {
        /// The limit.
        limit: u64,
    },
    /// A line is too long.
    #[error("line {line} is longer than {limit} bytes")]
    LineBytes {
        /// The line, from 1.
        line: u64,
        /// The limit.
        limit: u64,
    },
    /// There are too many lines, rows or results.
    #[error("it holds more than {limit} records")]
    Records {
        /// The limit.
        limit: u64,
    },
    /// A JSON document holds too many values, or a row too many cells.
    #[error("it holds more than {limit} values in one document or row")]
    Values {
        /// The limit, three for each record that a text may hold.
        limit: u64,
    },
}

impl LimitExceeded {
    /// The limit behind `error`, if it is one: readers hand it on as an [`io::Error`].
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Self>().copied()
    }

    /// The flag of the command line that raises the limit.
    #[must_use]
    pub const fn flag(self) -> &'static str {
        match self {
            Self::TotalBytes { .. } => "--max-input-bytes",
            Self::Expansion { .. } => "--max-expansion",
            Self::DocumentBytes { .. } => "--max-document-bytes",
            Self::LineBytes { .. } => "--max-line-bytes",
            Self::Records { .. } | Self::Values { .. } => "--max-records",
        }
    }
}

impl From<LimitExceeded> for io::Error {
    fn from(exceeded: LimitExceeded) -> Self {
        Self::other(exceeded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expansion_counts_from_the_free_bytes_on() {
        let growth = Growth { total_bytes: 1000, expansion: 10, expansion_free_bytes: 100 };
        assert_eq!(growth.check(1, 100), Ok(()));
        assert_eq!(growth.check(11, 110), Ok(()));
        assert_eq!(
            growth.check(10, 101),
            Err(LimitExceeded::Expansion { limit: 10, compressed: 10, decompressed: 101 })
        );
        assert_eq!(growth.check(1000, 1000), Ok(()));
        assert_eq!(growth.check(1000, 1001), Err(LimitExceeded::TotalBytes { limit: 1000 }));
        let no_overflow = Growth { expansion: u64::MAX, ..growth };
        assert_eq!(no_overflow.check(1000, 1000), Ok(()));
    }

    #[test]
    fn lines_and_values_are_counted_before_a_text_is_taken_apart() {
        let limits = InputLimits { records: 2, ..InputLimits::default() };
        let records = Err(LimitExceeded::Records { limit: 2 });
        let values = Err(LimitExceeded::Values { limit: 6 });
        for (name, text, expected) in [
            ("a.csv", "", Ok(())),
            ("a.csv", "id\n1\n", Ok(())),
            ("a.csv", "id\n1\n\n", records),
            ("a.txt", "\n\n\n", records),
            ("a.csv", "id,,,,,,\n", Ok(())),
            ("a.csv", "id,,,,,,,\n", values),
            ("a.json", "\n\n\n\n", Ok(())),
            ("a.json", "[1,2,3,4,5,6]", Ok(())),
            ("a.JSON", "[1,2,3,4,5,6,7]", values),
            ("a.jsonl", "[[[[[[[0]]]]]]]\n", values),
        ] {
            assert_eq!(limits.check_document(name, text.as_bytes()), expected, "{name}: {text:?}");
        }
        let all = InputLimits { records: u64::MAX, ..limits };
        assert_eq!(all.check_document("a.json", b"[1,2,3,4,5,6,7]"), Ok(()));
    }

    #[test]
    fn a_limit_is_known_again_behind_an_input_error() {
        let exceeded = LimitExceeded::LineBytes { line: 3, limit: 8 };
        assert_eq!(LimitExceeded::of(&exceeded.into()), Some(exceeded));
        assert_eq!(LimitExceeded::of(&io::Error::other("another")), None);
        assert_eq!(LimitExceeded::of(&io::Error::from_raw_os_error(5)), None);
    }
}
