//! Paths inside a release: POSIX-relative, checked once.
//!
//! Input: text from a manifest, a panel row, an archive member. Output: a [`ReleasePath`] that cannot leave the root it
//! is joined to, or an [`UnsafePath`] that names the text and the rule it breaks. The rules are those of the bundle:
//! not empty, no backslash, no colon, not absolute, no `..`, no `.` segment, no doubled or trailing slash. Control
//! characters are refused as well, since no tool can print or quote them safely.

use std::borrow::Borrow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicase::UniCase;
use unicode_normalization::UnicodeNormalization as _;

use crate::error::Diagnostic;
use crate::text::shown;

pub mod portable;

/// A path inside a release, with `/` between its segments.
///
/// ```
/// # use spinefairbench_artifacts::path::ReleasePath;
/// let path: ReleasePath = "dataset/pairs.json".parse()?;
/// assert_eq!(path.file_name(), "pairs.json");
/// assert!("../pairs.json".parse::<ReleasePath>().is_err());
/// # Ok::<(), spinefairbench_artifacts::path::UnsafePath>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ReleasePath(Box<str>);

/// A path that breaks the rules for release paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the path `{}` {reason}", shown(path))]
pub struct UnsafePath {
    /// The path as given.
    pub path: String,
    /// The rule it breaks.
    pub reason: UnsafeReason,
}

/// `path` without the segments that lead nowhere: empty ones and `.`, as they are in paths that people write. What is left may
/// be no release path.
///
/// ```
/// # use spinefairbench_artifacts::path::without_idle_segments;
/// assert_eq!(without_idle_segments("./a//b/./c"), "a/b/c");
/// assert_eq!(without_idle_segments("/a/../b"), "/a/../b");
/// ```
#[must_use]
pub fn without_idle_segments(path: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    let segments = path.split('/').filter(|segment| !matches!(*segment, "" | "."));
    format!("{root}{}", segments.collect::<Vec<_>>().join("/"))
}

/// The rule for release paths that a path breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum UnsafeReason {
    /// The path is empty.
    #[error("is empty")]
    Empty,
    /// The path starts with a slash.
    #[error("is absolute")]
    Absolute,
    /// The path holds a backslash, which separates on Windows.
    #[error("holds a backslash")]
    Backslash,
    /// The path holds a colon, which names drives and streams on Windows.
    #[error("holds a colon")]
    Colon,
    /// The path holds a control character.
    #[error("holds a control character")]
    Control,
    /// A segment is `..`.
    #[error("has a `..` segment")]
    Parent,
    /// A segment is `.`.
    #[error("has a `.` segment")]
    Current,
    /// Two slashes follow each other.
    #[error("has a doubled slash")]
    DoubledSlash,
    /// The path ends with a slash.
    #[error("ends with a slash")]
    TrailingSlash,
    /// The name on disk is no Unicode text.
    #[error("is not UTF-8")]
    NotUtf8,
}

impl ReleasePath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path without its last segment; `None` for a single segment, whose folder is the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.into()))
    }

    /// This path followed by `below`.
    ///
    /// # Errors
    ///
    /// [`UnsafePath`] if `below` is no release path of its own.
    pub fn join(&self, below: &str) -> Result<Self, UnsafePath> {
        check(below).map_err(|reason| UnsafePath { path: format!("{self}/{below}"), reason })?;
        Ok(Self(format!("{self}/{below}").into()))
    }

    /// Whether this path is `folder` or lies below it, by whole segments.
    #[must_use]
    pub fn starts_with(&self, folder: &Self) -> bool {
        self.0.strip_prefix(&*folder.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The segments, from the root down.
    #[must_use]
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// A key that is equal for names which some file system takes for the same, as [`fold_key`] gives it.
    #[must_use]
    pub fn fold_key(&self) -> String {
        fold_key(&self.0)
    }

    /// The place of this path under `root` on this machine.
    #[must_use]
    pub fn under(&self, root: &Path) -> PathBuf {
        let mut path = root.to_path_buf();
        path.extend(self.segments());
        path
    }
}

/// The key of [`ReleasePath::fold_key`] for any text: full Unicode case folding, as Python's `casefold` does it, and
/// composed. Joining too much is the safe side, since equal keys are an error that names both.
#[must_use]
pub fn fold_key(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        // Folding can decompose (`İ`), so composition comes last.
        UniCase::unicode(text.nfc().collect::<String>()).to_folded_case().nfc().collect()
    }
}

fn check(text: &str) -> Result<(), UnsafeReason> {
    if text.is_empty() {
        return Err(UnsafeReason::Empty);
    }
    if text.starts_with('/') {
        return Err(UnsafeReason::Absolute);
    }
    // A bundle has 91,844 paths, and nearly all of them are plain: one pass without a branch tells.
    let conspicuous = |byte| !matches!(byte, b' '..=b'9' | b';'..=b'[' | b']'..=b'~');
    if text.bytes().fold(false, |found, byte| found | conspicuous(byte)) {
        text.chars().try_for_each(|character| match character {
            '\\' => Err(UnsafeReason::Backslash),
            ':' => Err(UnsafeReason::Colon),
            other if other.is_control() => Err(UnsafeReason::Control),
            _ => Ok(()),
        })?;
    }
    if text.ends_with('/') {
        return Err(UnsafeReason::TrailingSlash);
    }
    text.as_bytes().split(|byte| *byte == b'/').try_for_each(|segment| match segment {
        b"" => Err(UnsafeReason::DoubledSlash),
        b"." => Err(UnsafeReason::Current),
        b".." => Err(UnsafeReason::Parent),
        _ => Ok(()),
    })
}

impl FromStr for ReleasePath {
    type Err = UnsafePath;

    fn from_str(text: &str) -> Result<Self, UnsafePath> {
        check(text).map_err(|reason| UnsafePath { path: text.to_owned(), reason })?;
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for ReleasePath {
    type Error = UnsafePath;

    fn try_from(path: String) -> Result<Self, UnsafePath> {
        match check(&path) {
            Ok(()) => Ok(Self(path.into())),
            Err(reason) => Err(UnsafePath { path, reason }),
        }
    }
}

impl fmt::Display for ReleasePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl AsRef<str> for ReleasePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ReleasePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Diagnostic for UnsafePath {
    fn code(&self) -> &'static str {
        "path_unsafe"
    }

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn expected(&self) -> Option<String> {
        Some("a relative path with plain segments".to_owned())
    }

    fn actual(&self) -> Option<String> {
        Some(format!("`{}`, which {}", shown(&self.path), self.reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(), UnsafeReason>) {
        let found = text.parse::<ReleasePath>();
        assert_eq!(
            found.as_ref().map(|_| ()).map_err(|error| error.reason),
            expected,
            "path: {text:?}"
        );
        if let Ok(path) = found {
            assert_eq!(path.as_str(), text);
        }
    }

    #[test]
    fn plain_relative_paths_are_accepted() {
        for text in
            ["a", "a/b.json", "..a/b..", "a b/ü.png", "artifacts/artifacts", ".hidden", "..."]
        {
            check(text, Ok(()));
        }
    }

    #[test]
    fn each_rule_is_named() {
        check("", Err(UnsafeReason::Empty));
        check("/etc/passwd", Err(UnsafeReason::Absolute));
        check("//host/share", Err(UnsafeReason::Absolute));
        check("a\\b", Err(UnsafeReason::Backslash));
        check("C:/a", Err(UnsafeReason::Colon));
        check("a/b:stream", Err(UnsafeReason::Colon));
        check("a\nb", Err(UnsafeReason::Control));
        check("a\0b", Err(UnsafeReason::Control));
        check("a\u{85}b", Err(UnsafeReason::Control));
        check("../a", Err(UnsafeReason::Parent));
        check("a/..", Err(UnsafeReason::Parent));
        check("./a", Err(UnsafeReason::Current));
        check("a/./b", Err(UnsafeReason::Current));
        check(".", Err(UnsafeReason::Current));
        check("a//b", Err(UnsafeReason::DoubledSlash));
        check("a/", Err(UnsafeReason::TrailingSlash));
    }

    #[test]
    fn parts_of_a_path() {
        let path: ReleasePath = "dataset/images/a.png".parse().unwrap();
        assert_eq!(path.file_name(), "a.png");
        assert_eq!(path.parent().unwrap().as_str(), "dataset/images");
        assert_eq!("a".parse::<ReleasePath>().unwrap().parent(), None);
        assert!(path.starts_with(&"dataset".parse().unwrap()));
        assert!(!path.starts_with(&"data".parse().unwrap()));
        assert_eq!(path.parent().unwrap().join("b.png").unwrap().as_str(), "dataset/images/b.png");
        assert!(path.join("../b").is_err());
        assert_eq!(
            path.under(Path::new("root")),
            Path::new("root").join("dataset").join("images").join("a.png")
        );
    }

    #[test]
    fn names_that_differ_by_case_or_composition_share_a_key() {
        for (one, other) in [
            ("README.md", "readme.MD"),
            ("A/Ü.PNG", "a/u\u{308}.png"),
            ("CAFÉ", "cafe\u{301}"),
            ("straße", "STRASSE"),
            ("ΣΑΣ", "σας"),
            ("\u{212a}elvin", "kelvin"),
            ("ﬁle", "FILE"),
        ] {
            assert_eq!(fold_key(one), fold_key(other), "{one} {other}");
        }
        assert_ne!(fold_key("a/b"), fold_key("a/c"));
    }
}
