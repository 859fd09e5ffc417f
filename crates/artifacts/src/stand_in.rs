//! What lies where a large file should be: nothing, a page, a pointer, a download that never filled its file.
//!
//! It is told by the first bytes of the file, and what to do about it is said with it. One function for weights, pictures and
//! downloads, so that all three say the same.

use std::fmt;

/// Bytes that are enough to judge: a pointer is at most this long.
pub const START_BYTES: usize = 512;

/// Something that is not the file, but stands where it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StandIn {
    /// No byte at all.
    Empty,
    /// A page for people: an error, a login, a portal of the network.
    HtmlPage,
    /// The text that stands for a large file in its repository.
    LfsPointer {
        /// Size of the file that it points to, if the pointer says it.
        size_bytes: Option<u64>,
    },
    /// git-annex's counterpart of a Git LFS pointer.
    AnnexPointer,
    /// A server's answer that the file could not be had.
    ErrorAnswer {
        /// Its start, escaped.
        start: String,
    },
    /// Zeros: space that a download set aside and did not fill.
    Zeros,
}

impl StandIn {
    /// What stands in place of a file that starts with `start`, its first [`START_BYTES`] or all of a shorter one.
    #[must_use]
    pub fn recognise(start: &[u8]) -> Option<Self> {
        if start.is_empty() {
            return Some(Self::Empty);
        }
        // DICOM and some RAW files start with 128 zeros or more; no file that is read here starts with 512.
        if start.len() >= START_BYTES && start.iter().all(|byte| *byte == 0) {
            return Some(Self::Zeros);
        }
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        let opens =
            |tag: &[u8]| text.get(..tag.len()).is_some_and(|found| found.eq_ignore_ascii_case(tag));
        let pages: [&[u8]; 7] =
            [b"<!doctype html", b"<html", b"<head", b"<body", b"<title", b"<script", b"<!--"];
        if pages.into_iter().any(opens) {
            return Some(Self::HtmlPage);
        }
        if opens(b"version https://git-lfs.github.com/spec/")
            || opens(b"version https://hawser.github.com/spec/")
        {
            let size_bytes = text.split(|byte| *byte == b'\n').find_map(|line| {
                str::from_utf8(line.strip_prefix(b"size ")?).ok()?.trim().parse().ok()
            });
            return Some(Self::LfsPointer { size_bytes });
        }
        if opens(b"/annex/objects/") || opens(b".git/annex/objects/") {
            return Some(Self::AnnexPointer);
        }
        // XML, as object stores answer; JSON and plain text, as the Hub does.
        let answers: [&[u8]; 7] = [
            b"<?xml",
            b"<Error>",
            b"{\"error\"",
            b"{\"message\"",
            b"Entry not found",
            b"Repository not found",
            b"Invalid username or password",
        ];
        if answers.into_iter().any(opens) {
            let start = text[..text.len().min(60)].escape_ascii().to_string();
            return Some(Self::ErrorAnswer { start });
        }
        None
    }

    /// What to do about it, as a sentence for the line after the error.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Empty | Self::Zeros => "fetch the file again: the download did not finish",
            Self::HtmlPage | Self::ErrorAnswer { .. } => {
                "open the address in a browser: it may want a login, or the file's own address (on the Hub `/resolve/`, not \
                 `/blob/`)"
            }
            Self::LfsPointer { .. } => {
                "`git lfs install` and then `git lfs pull` in the repository bring the file itself"
            }
            Self::AnnexPointer => "`git annex get` in the repository brings the file itself",
        }
    }
}

impl fmt::Display for StandIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("empty"),
            Self::HtmlPage => formatter.write_str("an HTML page, not the file"),
            Self::LfsPointer { size_bytes: None } => {
                formatter.write_str("a Git LFS pointer, not the file it points to")
            }
            Self::LfsPointer { size_bytes: Some(size) } => {
                write!(formatter, "a Git LFS pointer, not the file of {size} bytes it points to")
            }
            Self::AnnexPointer => {
                formatter.write_str("a git-annex pointer, not the file it points to")
            }
            Self::ErrorAnswer { start } => {
                write!(formatter, "a server's answer, not the file (it starts with `{start}`)")
            }
            Self::Zeros => formatter.write_str("full of zeros at its start"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(start: &[u8], expected: Option<&str>) {
        let found = StandIn::recognise(start).map(|stand_in| stand_in.to_string());
        assert_eq!(found.as_deref(), expected, "{}", start.escape_ascii());
    }

    #[test]
    fn what_is_not_the_file_is_named() {
        check(b"", Some("empty"));
        check(&[0; 512], Some("full of zeros at its start"));
        check(b"\xef\xbb\xbf\n <!DOCTYPE HTML>", Some("an HTML page, not the file"));
        check(b"<html lang=en>", Some("an HTML page, not the file"));
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n";
        check(pointer, Some("a Git LFS pointer, not the file of 123 bytes it points to"));
        check(&pointer[..50], Some("a Git LFS pointer, not the file it points to"));
        check(
            b"/annex/objects/SHA256E-s1--00.png",
            Some("a git-annex pointer, not the file it points to"),
        );
        check(
            b"Entry not found",
            Some("a server's answer, not the file (it starts with `Entry not found`)"),
        );
    }

    #[test]
    fn what_may_be_the_file_is_left_to_its_reader() {
        check(b"\x89PNG\r\n\x1a\n", None);
        check(b"\xff\xd8\xff\xe0", None);
        check(&[[0; 128].as_slice(), b"DICM"].concat(), None);
        check(b"\x10\0\0\0\0\0\0\0{\"__metadata__\":", None);
        check(&[0; 200], None);
    }
}
