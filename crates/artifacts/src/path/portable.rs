//! Names that one system allows and another does not, as pure functions of the name.
//!
//! No file system is asked, so that the answer is the same on every machine.

use super::ReleasePath;

/// The longest path that Windows opens without a prefix (`MAX_PATH`, 260, with its closing zero).
pub(crate) const WINDOWS_PATH_LIMIT: usize = 259;

/// Why Windows cannot hold a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NotPortable {
    /// A device name such as `CON` or `nul.txt`.
    #[error("is a reserved device name on Windows")]
    Reserved,
    /// A dot or space at the end, which Windows drops.
    #[error("ends with a dot or a space")]
    TrailingDotOrSpace,
    /// A character that Windows refuses in names.
    #[error("holds a character that Windows refuses")]
    Character,
    /// More characters than Windows opens.
    #[error("is longer than {WINDOWS_PATH_LIMIT} characters")]
    TooLong,
}

/// Whether Windows takes `segment` for a device: `CON`, `PRN`, `AUX`, `NUL`, `COM1`…, `LPT1`…, any case, any extension.
#[must_use]
pub(crate) fn is_reserved_on_windows(segment: &str) -> bool {
    let stem =
        segment.split('.').next().unwrap_or(segment).trim_end_matches(' ').to_ascii_lowercase();
    if matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$") {
        return true;
    }
    let digits = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    // The superscripts one, two and three are digits for Windows too.
    digits.is_some_and(|rest| {
        matches!(rest, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
    })
}

/// Whether `segment` ends with a dot or a space.
#[must_use]
pub(crate) fn has_trailing_dot_or_space(segment: &str) -> bool {
    segment.ends_with(['.', ' '])
}

/// The first reason why Windows could not hold `path` below a root of `root_chars` characters.
///
/// # Errors
///
/// [`NotPortable`], the first that applies from the root down.
pub fn check(path: &ReleasePath, root_chars: usize) -> Result<(), NotPortable> {
    for segment in path.segments() {
        if is_reserved_on_windows(segment) {
            return Err(NotPortable::Reserved);
        }
        if has_trailing_dot_or_space(segment) {
            return Err(NotPortable::TrailingDotOrSpace);
        }
        if segment.contains(['<', '>', '"', '|', '?', '*']) {
            return Err(NotPortable::Character);
        }
    }
    // Windows counts UTF-16 units, and one separator stands between the root and the path.
    let length = root_chars + 1 + path.as_str().encode_utf16().count();
    if length > WINDOWS_PATH_LIMIT { Err(NotPortable::TooLong) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_names_are_reserved_with_any_extension() {
        for segment in ["CON", "nul.txt", "Aux.", "com1", "LPT9.tar.gz", "con .png", "COM²"] {
            assert!(is_reserved_on_windows(segment), "{segment}");
        }
        for segment in ["console", "com10", "com", "null", "a.con", "lpt0"] {
            assert!(!is_reserved_on_windows(segment), "{segment}");
        }
    }

    #[track_caller]
    fn check_path(path: &str, expected: Result<(), NotPortable>) {
        assert_eq!(check(&path.parse().unwrap(), 10), expected, "path: {path}");
    }

    #[test]
    fn the_first_reason_is_given() {
        check_path("a/b.png", Ok(()));
        check_path("a/nul/b", Err(NotPortable::Reserved));
        check_path("a./b", Err(NotPortable::TrailingDotOrSpace));
        check_path("a/b ", Err(NotPortable::TrailingDotOrSpace));
        check_path("a/b?", Err(NotPortable::Character));
        check_path(&"x".repeat(248), Ok(()));
        check_path(&"x".repeat(249), Err(NotPortable::TooLong));
    }
}
