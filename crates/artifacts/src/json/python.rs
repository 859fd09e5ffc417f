//! What Python's reader takes and JSON does not have: `NaN`, `Infinity` and half surrogate pairs.
//!
//! Input: the bytes of a JSON file. Output: bytes of the same length that a JSON reader takes, with the same rows at the
//! same places. A number that is none becomes a string that [`Value`](super::Value) knows again, so that whoever reads it
//! finds no number, and whoever passes over it does not notice. Half a surrogate pair becomes U+FFFD, which no rule of the
//! report parsers takes for another kind of character than Python takes the half for.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr2, memchr3, memmem};

/// Something that Python reads and JSON has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Oddity {
    pub(super) bytes: Range<usize>,
    pub(super) kind: OddityKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OddityKind {
    NotFinite(&'static str),
    LoneSurrogate,
}

/// The bytes of a JSON file as Python's `json` reads them, in the terms of JSON; borrowed where nothing differs.
///
/// ```
/// # use spinefairbench_artifacts::json::{as_python_reads, from_slice};
/// #[derive(serde::Deserialize)]
/// struct Row { n: u32 }
///
/// let bytes = as_python_reads(br#"{"n": 1, "latency": NaN}"#);
/// assert_eq!(from_slice::<Row>("a.json", &bytes)?.n, 1);
/// # Ok::<(), spinefairbench_artifacts::ArtifactError>(())
/// ```
#[must_use]
pub fn as_python_reads(bytes: &[u8]) -> Cow<'_, [u8]> {
    let holds = |text: &[u8]| memmem::find(bytes, text).is_some();
    if ![b"NaN".as_slice(), b"Infinity", b"\\ud", b"\\uD"].into_iter().any(holds) {
        return Cow::Borrowed(bytes);
    }
    let mut rewritten = Cow::Borrowed(bytes);
    for Oddity { bytes: place, kind } in oddities(bytes) {
        let place = &mut rewritten.to_mut()[place];
        match kind {
            OddityKind::LoneSurrogate => place.copy_from_slice(br"\ufffd"),
            OddityKind::NotFinite(token) => mark(place, token),
        }
    }
    rewritten
}

/// The bytes with every number that is beyond the largest float marked as no finite one, as [`as_python_reads`] marks
/// `Infinity`; for a text in which a parser met one.
pub(super) fn with_numbers_beyond_floats(bytes: &[u8]) -> Vec<u8> {
    let mut rewritten = bytes.to_vec();
    let (mut at, mut in_string) = (0, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if in_string => at += 1,
            b'"' => in_string = !in_string,
            b'-' | b'0'..=b'9' if !in_string => {
                let is_of_number =
                    |byte: &&u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let end = at + bytes[at..].iter().take_while(is_of_number).count();
                let value =
                    std::str::from_utf8(&bytes[at..end]).ok().and_then(|text| text.parse().ok());
                if value.is_some_and(f64::is_infinite) {
                    let token = if *byte == b'-' { "-Infinity" } else { "Infinity" };
                    mark(&mut rewritten[at..end], token);
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    rewritten
}

/// Puts a string in place of a number that is none.
fn mark(place: &mut [u8], token: &str) {
    place.fill(b' ');
    place[0] = b'"';
    place[1] = NOT_FINITE;
    match token {
        "Infinity" => place[2] = b'+',
        "-Infinity" => place[2] = b'-',
        _ => {}
    }
    if let Some(last) = place.last_mut() {
        *last = b'"';
    }
}

/// The character that a string starts with which stands for a number that is none: DELETE, which no file of a release
/// holds; the sign of an infinity and blanks follow it.
const NOT_FINITE: u8 = 0x7f;

/// The token that `text` stands for, if [`as_python_reads`] put it there.
pub(crate) fn not_finite(text: &str) -> Option<&'static str> {
    let [NOT_FINITE, rest @ ..] = text.as_bytes() else { return None };
    let (token, blanks) = match rest {
        [b'+', blanks @ ..] => ("Infinity", blanks),
        [b'-', blanks @ ..] => ("-Infinity", blanks),
        blanks => ("NaN", blanks),
    };
    blanks.iter().all(|byte| *byte == b' ').then_some(token)
}

const TOKENS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// All oddities, in file order.
pub(super) fn oddities(bytes: &[u8]) -> impl Iterator<Item = Oddity> {
    let (mut at, mut in_string) = (0, false);
    std::iter::from_fn(move || {
        loop {
            let rest = bytes.get(at..)?;
            if in_string {
                at += memchr2(b'"', b'\\', rest)?;
                if bytes[at] == b'"' {
                    in_string = false;
                    at += 1;
                    continue;
                }
                match surrogate(&bytes[at..]) {
                    None => at += 2,
                    Some(Surrogate::Pair) => at += 12,
                    Some(Surrogate::Half) => {
                        let bytes = at..at + 6;
                        at = bytes.end;
                        return Some(Oddity { bytes, kind: OddityKind::LoneSurrogate });
                    }
                }
                continue;
            }
            at += memchr3(b'"', b'N', b'I', rest)?;
            if bytes[at] == b'"' {
                in_string = true;
                at += 1;
                continue;
            }
            let start =
                if at > 0 && bytes[at] == b'I' && bytes[at - 1] == b'-' { at - 1 } else { at };
            if let Some(token) =
                TOKENS.into_iter().find(|token| bytes[start..].starts_with(token.as_bytes()))
            {
                at = start + token.len();
                return Some(Oddity { bytes: start..at, kind: OddityKind::NotFinite(token) });
            }
            at += 1;
        }
    })
}

enum Surrogate {
    Pair,
    Half,
}

/// What the escape at the start of `bytes` is; nothing where it is no surrogate.
fn surrogate(bytes: &[u8]) -> Option<Surrogate> {
    let unit = |bytes: &[u8]| {
        let digits = bytes.strip_prefix(br"\u")?.first_chunk::<4>()?;
        // `from_str_radix` takes a sign, which is no digit.
        let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
        u16::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| is_hex)?, 16).ok()
    };
    match unit(bytes)? {
        0xd800..=0xdbff => Some(match bytes.get(6..).and_then(unit) {
            Some(0xdc00..=0xdfff) => Surrogate::Pair,
            _ => Surrogate::Half,
        }),
        0xdc00..=0xdfff => Some(Surrogate::Half),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = as_python_reads(text.as_bytes());
        assert_eq!(std::str::from_utf8(&found), Ok(expected), "{text}");
        assert_eq!(matches!(found, Cow::Borrowed(_)), text == expected, "{text}");
    }

    #[test]
    fn numbers_that_are_none_become_strings_of_the_same_length() {
        check("[NaN, 1]", "[\"\u{7f}\", 1]");
        check("[Infinity]", "[\"\u{7f}+    \"]");
        check("[-Infinity]", "[\"\u{7f}-     \"]");
        for token in TOKENS {
            let text = format!("[{token}]");
            let found = as_python_reads(text.as_bytes()).into_owned();
            let strings: Vec<String> = serde_json::from_slice(&found).unwrap();
            assert_eq!(not_finite(&strings[0]), Some(token));
        }
        for text in ["", "x", "\u{7f}x", "\u{7f}  .", "\u{7f}+1"] {
            assert_eq!(not_finite(text), None);
        }
    }

    #[test]
    fn numbers_beyond_the_largest_float_are_marked_and_no_others() {
        let text = br#"[1e308, -9e308, 1e999, "1e999", 12, 0.5e-999]"#;
        let found = String::from_utf8(with_numbers_beyond_floats(text)).unwrap();
        assert_eq!(found, "[1e308, \"\u{7f}-  \", \"\u{7f}+ \", \"1e999\", 12, 0.5e-999]");
        assert_eq!(found.len(), text.len());
    }

    #[test]
    fn strings_stay_as_they_are() {
        check(r#"["NaN", "a\" NaN", "\\", "Infinity"]"#, r#"["NaN", "a\" NaN", "\\", "Infinity"]"#);
        check(r#"["\\ud800 NaN"]"#, r#"["\\ud800 NaN"]"#);
    }

    #[test]
    fn halves_of_surrogate_pairs_become_the_replacement_character() {
        check(r#"["\ud83d\ude00"]"#, r#"["\ud83d\ude00"]"#);
        check(r#"["\ud83d x"]"#, r#"["\ufffd x"]"#);
        check(r#"["\uDE00\uD83D"]"#, r#"["\ufffd\ufffd"]"#);
        check(r#"["\ud83d\ud83d\ude00"]"#, r#"["\ufffd\ud83d\ude00"]"#);
        check(r#"["\ud83"#, r#"["\ud83"#);
    }

    proptest! {
        #[test]
        fn any_bytes_keep_their_length_and_json_stays_the_same(
            bytes in prop::collection::vec(
                prop::sample::select(br#"["\ud8cNaInfity-,]"#.to_vec()), 0..40),
        ) {
            let found = as_python_reads(&bytes);
            prop_assert_eq!(found.len(), bytes.len());
            if serde_json::from_slice::<serde_json::Value>(&bytes).is_ok() {
                prop_assert_eq!(&found[..], &bytes[..]);
            }
        }
    }
}
