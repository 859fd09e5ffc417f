//! The form of one line of a checksum manifest, and the forms it is mistaken for.

use crate::digest::Sha256;

/// The one form that is accepted.
pub(super) const FORM: &str = "64 hex digits, a space, a space or `*`, a release path";

/// How a line differs from the form that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// `SHA256 (file) = …`, as `sha256sum --tag` writes it.
    #[error("a line in the BSD tag form")]
    BsdTag,
    /// A backslash before the digest, as GNU tools write it for names with line breaks.
    #[error("a line with a GNU-escaped name")]
    GnuEscaped,
    /// A line that starts with `#`.
    #[error("a comment line")]
    Comment,
    /// A line that starts with white space.
    #[error("a line that starts with white space")]
    LeadingSpace,
    /// Hex digits, but not 64.
    #[error("a digest of {digits} hex digits instead of 64")]
    DigestLength {
        /// How many.
        digits: usize,
    },
    /// 64 characters that are not all hex digits.
    #[error("a digest with a character that is no hex digit")]
    NotHex,
    /// One space between digest and path.
    #[error("one space between digest and path instead of two, or a space and `*`")]
    OneSpace,
    /// Something else between digest and path.
    #[error("no separator between digest and path")]
    NoSeparator,
    /// A digest and nothing after it.
    #[error("a digest without a path")]
    NoPath,
    /// Anything else.
    #[error("a line of another form")]
    Other,
}

/// Digest and path of a line without its end.
pub(super) fn split(text: &str) -> Result<(Sha256, &str), LineFault> {
    if let Some((digest, rest)) = text.split_at_checked(64)
        && let Ok(digest) = digest.parse::<Sha256>()
    {
        return separated(rest).map(|path| (digest, path));
    }
    Err(fault(text))
}

fn separated(rest: &str) -> Result<&str, LineFault> {
    let path = match rest.as_bytes() {
        [b' ', b' ' | b'*', ..] => &rest[2..],
        [b' ', _, ..] => return Err(LineFault::OneSpace),
        [] | [b' '] => return Err(LineFault::NoPath),
        [next, ..] if next.is_ascii_hexdigit() => return Err(digest_length(rest, 64)),
        _ => return Err(LineFault::NoSeparator),
    };
    if path.is_empty() { Err(LineFault::NoPath) } else { Ok(path) }
}

fn digest_length(rest: &str, before: usize) -> LineFault {
    LineFault::DigestLength {
        digits: before + rest.bytes().take_while(u8::is_ascii_hexdigit).count(),
    }
}

fn fault(text: &str) -> LineFault {
    if text.starts_with('#') {
        return LineFault::Comment;
    }
    if text.starts_with(char::is_whitespace) {
        return LineFault::LeadingSpace;
    }
    if text.starts_with("SHA") && text.contains(" (") && text.contains(") = ") {
        return LineFault::BsdTag;
    }
    if let Some(rest) = text.strip_prefix('\\')
        && rest.bytes().take(64).filter(u8::is_ascii_hexdigit).count() == 64
    {
        return LineFault::GnuEscaped;
    }
    // A word that is nearly all hex digits was meant as a digest; any other is no digest at all.
    let word = text.split([' ', '\t']).next().unwrap_or(text);
    let digits = word.bytes().take_while(u8::is_ascii_hexdigit).count();
    match word.chars().count() {
        64 => LineFault::NotHex,
        length if length == digits && digits >= 8 => LineFault::DigestLength { digits },
        _ => LineFault::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[track_caller]
    fn check(text: &str, expected: Result<&str, LineFault>) {
        assert_eq!(split(text).map(|(_, path)| path), expected, "line: {text:?}");
    }

    #[test]
    fn both_separators_are_accepted() {
        check(&format!("{HEX}  a/b c.txt"), Ok("a/b c.txt"));
        check(&format!("{HEX} *a.txt"), Ok("a.txt"));
        check(&format!("{}   spaced", HEX.to_uppercase()), Ok(" spaced"));
    }

    #[test]
    fn other_forms_are_named() {
        check(&format!("{HEX} a.txt"), Err(LineFault::OneSpace));
        check(&format!("{HEX}\ta.txt"), Err(LineFault::NoSeparator));
        check(HEX, Err(LineFault::NoPath));
        check(&format!("{HEX}  "), Err(LineFault::NoPath));
        check(&format!("SHA256 (a.txt) = {HEX}"), Err(LineFault::BsdTag));
        check(&format!("\\{HEX}  a\\nb"), Err(LineFault::GnuEscaped));
        check(&format!("# {HEX}  a.txt"), Err(LineFault::Comment));
        check(&format!(" {HEX}  a.txt"), Err(LineFault::LeadingSpace));
        check(&format!("{}  a.txt", &HEX[..40]), Err(LineFault::DigestLength { digits: 40 }));
        check(&format!("{HEX}ab  a.txt"), Err(LineFault::DigestLength { digits: 66 }));
        check(&format!("{}  a.txt", HEX.replace('b', "g")), Err(LineFault::NotHex));
        check("garbage", Err(LineFault::Other));
        check("é", Err(LineFault::Other));
    }
}
