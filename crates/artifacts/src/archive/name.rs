//! Names of archive members: which are safe on every system, and which collide.
//!
//! Input: the raw bytes of a tar name. Output: a release path that means one and the same file on Linux, macOS and
//! Windows, or the reason why it does not. The rules are those of [`ReleasePath`] and [`portable`], and beyond them the
//! limits. Nothing here touches the disk, so every rule is tested on every system.

use std::fmt::{self, Write as _};

use super::Limits;
use crate::path::portable::{self, NotPortable};
use crate::path::{ReleasePath, UnsafeReason};

/// Why a name cannot be a member of an archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameProblem {
    /// Bytes that are not UTF-8.
    #[error("its name is not UTF-8")]
    NotUtf8,
    /// It leaves the folder, or breaks another rule for release paths.
    #[error("its name {0}")]
    Unsafe(UnsafeReason),
    /// Another system cannot hold it, or changes it silently.
    #[error("its name {0}")]
    NotPortable(NotPortable),
    /// A mark that is not seen: what is shown is not what is stored.
    #[error("its name holds the invisible mark U+{code:04X}")]
    InvisibleMark {
        /// The code point.
        code: u32,
    },
    /// Longer than the limits, or than any file system takes.
    #[error("its name is too long ({length}, at most {limit})")]
    TooLong {
        /// UTF-16 units of the path, or bytes of the segment.
        length: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// More segments than the limits allow.
    #[error("its name is too deep ({depth} segments, at most {limit})")]
    TooDeep {
        /// Segments of the path.
        depth: usize,
        /// The most that is allowed.
        limit: usize,
    },
}

/// The most bytes one segment may have on the file systems in use (ext4, APFS, NTFS: 255).
const SEGMENT_BYTES: usize = 255;

/// What an entry makes on disk; everything else that tar knows is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// The path that `bytes` stand for, checked; without the slash at the end that tar gives a directory, and without the
/// `./` in front of every name of an archive made of the folder it was made in. `None` for that folder itself.
pub(crate) fn checked_name(
    bytes: &[u8],
    kind: MemberKind,
    limits: &Limits,
) -> Result<Option<ReleasePath>, NameProblem> {
    let text = std::str::from_utf8(bytes).map_err(|_| NameProblem::NotUtf8)?;
    let mut text = match kind {
        MemberKind::Directory if text.len() > 1 => text.strip_suffix('/').unwrap_or(text),
        _ => text,
    };
    while let Some(below) = text.strip_prefix("./") {
        text = below;
    }
    if kind == MemberKind::Directory && text == "." {
        return Ok(None);
    }
    let path: ReleasePath =
        text.parse().map_err(|error: crate::path::UnsafePath| NameProblem::Unsafe(error.reason))?;
    if let Some(mark) = text.chars().find(|character| is_invisible_mark(*character)) {
        return Err(NameProblem::InvisibleMark { code: u32::from(mark) });
    }
    let too_long = |length, limit| Err(NameProblem::TooLong { length, limit });
    let length = text.encode_utf16().count();
    if length > limits.path_units {
        return too_long(length, limits.path_units);
    }
    if let Some(long) = path.segments().find(|segment| segment.len() > SEGMENT_BYTES) {
        return too_long(long.len(), SEGMENT_BYTES);
    }
    let depth = path.segments().count();
    if depth > limits.path_depth {
        return Err(NameProblem::TooDeep { depth, limit: limits.path_depth });
    }
    match portable::check(&path, 0) {
        // The length has a limit of its own here.
        Ok(()) | Err(NotPortable::TooLong) => Ok(Some(path)),
        Err(problem) => Err(NameProblem::NotPortable(problem)),
    }
}

/// Direction marks, zero-width characters and the byte-order mark.
fn is_invisible_mark(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

/// A name as it may be shown: control characters, direction marks and bytes that are not UTF-8 are escaped, and what is
/// longer than a line is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownName(String);

impl ShownName {
    /// The most characters of a name that a message holds.
    const CHARACTERS: usize = 300;

    /// The form of `bytes` that is safe on a terminal.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut shown = String::new();
        for chunk in bytes.utf8_chunks() {
            for character in chunk.valid().chars() {
                if character.is_control() || is_invisible_mark(character) {
                    shown.extend(character.escape_default());
                } else {
                    shown.push(character);
                }
            }
            for byte in chunk.invalid() {
                // Writing to a `String` cannot fail.
                let _ = write!(shown, "\\x{byte:02x}");
            }
        }
        if let Some((end, _)) = shown.char_indices().nth(Self::CHARACTERS) {
            shown.truncate(end);
            shown.push('…');
        }
        Self(shown)
    }

    /// The escaped text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShownName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &[u8], expected: &Result<&str, NameProblem>) {
        let found = checked_name(name, MemberKind::File, &Limits::default());
        let found = found.map(|path| path.expect("a file is not the root").to_string());
        let expected = &expected.clone().map(str::to_owned);
        assert_eq!(&found, expected, "{}", ShownName::from_bytes(name));
    }

    #[test]
    fn plain_names_pass() {
        check(b"artifacts/dataset/pairs.json", &Ok("artifacts/dataset/pairs.json"));
        check("artifacts/größe.txt".as_bytes(), &Ok("artifacts/größe.txt"));
        check(b"..a/b..c/...d", &Ok("..a/b..c/...d"));
        check(b"comet/lpt10/console", &Ok("comet/lpt10/console"));
    }

    #[test]
    fn a_directory_may_end_with_one_slash_and_a_file_may_not() {
        let directory = |name| checked_name(name, MemberKind::Directory, &Limits::default());
        assert_eq!(directory(b"a/b/").unwrap().unwrap().as_str(), "a/b");
        assert_eq!(directory(b"a/b//"), Err(NameProblem::Unsafe(UnsafeReason::TrailingSlash)));
        assert_eq!(directory(b"/"), Err(NameProblem::Unsafe(UnsafeReason::Absolute)));
        check(b"a/b/", &Err(NameProblem::Unsafe(UnsafeReason::TrailingSlash)));
    }

    #[test]
    fn names_may_start_at_the_folder_that_was_archived() {
        check(b"./artifacts/a", &Ok("artifacts/a"));
        check(b"././a", &Ok("a"));
        for name in [b".".as_slice(), b"./", b"././", b"./."] {
            assert_eq!(checked_name(name, MemberKind::Directory, &Limits::default()), Ok(None));
        }
        for (name, reason) in [
            (b".".as_slice(), UnsafeReason::Current),
            (b"./", UnsafeReason::Empty),
            (b".//etc/passwd", UnsafeReason::Absolute),
            (b"./../a", UnsafeReason::Parent),
            (b"a/./b", UnsafeReason::Current),
        ] {
            check(name, &Err(NameProblem::Unsafe(reason)));
        }
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        let refused = |name: &[u8], reason| check(name, &Err(NameProblem::Unsafe(reason)));
        refused(b"", UnsafeReason::Empty);
        refused(b"..", UnsafeReason::Parent);
        refused(b"a/../../b", UnsafeReason::Parent);
        refused(b"/etc/passwd", UnsafeReason::Absolute);
        refused(b"//server/share/x", UnsafeReason::Absolute);
        refused(b"a//b", UnsafeReason::DoubledSlash);
        refused(b"C:/x", UnsafeReason::Colon);
        refused(b"C:x", UnsafeReason::Colon);
        refused(b"\\\\server\\share\\x", UnsafeReason::Backslash);
        refused(b"a\\..\\b", UnsafeReason::Backslash);
    }

    #[test]
    fn names_that_windows_reserves_or_changes_are_refused() {
        let refused = |name: &[u8], problem| check(name, &Err(NameProblem::NotPortable(problem)));
        for name in ["CON", "nul.txt", "a/Aux/b", "com1", "LPT9.tar.gz", "COM\u{b9}", "nul .x"] {
            refused(name.as_bytes(), NotPortable::Reserved);
        }
        for name in ["a.", "a ", "x/b./c", "..."] {
            refused(name.as_bytes(), NotPortable::TrailingDotOrSpace);
        }
        refused(b"a?b", NotPortable::Character);
        check(b"a/b:stream", &Err(NameProblem::Unsafe(UnsafeReason::Colon)));
    }

    #[test]
    fn paths_that_are_too_long_or_too_deep_are_refused() {
        let long = vec!["a".repeat(255); 4].join("/");
        check(&long.as_bytes()[..901], &Err(NameProblem::TooLong { length: 901, limit: 900 }));
        check(&long.as_bytes()[..900], &Ok(&long[..900]));
        check(&long.as_bytes()[..255], &Ok(&long[..255]));
        let segment = "é".repeat(128);
        check(segment.as_bytes(), &Err(NameProblem::TooLong { length: 256, limit: 255 }));
        let deep = vec!["d"; 33].join("/");
        check(deep.as_bytes(), &Err(NameProblem::TooDeep { depth: 33, limit: 32 }));
    }

    #[test]
    fn bytes_that_must_not_reach_a_terminal_are_refused_and_shown_escaped() {
        check(b"a\xff", &Err(NameProblem::NotUtf8));
        for name in [b"a\nb".as_slice(), b"a\0b", b"\x1b[31mred"] {
            check(name, &Err(NameProblem::Unsafe(UnsafeReason::Control)));
        }
        check("a\u{202e}gnp.exe".as_bytes(), &Err(NameProblem::InvisibleMark { code: 0x202e }));
        let shown = ShownName::from_bytes(b"\x1b[31m\xffa\n\xe2\x80\xaeb");
        assert_eq!(shown.as_str(), "\\u{1b}[31m\\xffa\\n\\u{202e}b");
        assert_eq!(ShownName::from_bytes(&[b'a'; 400]).as_str().chars().count(), 301);
    }
}
