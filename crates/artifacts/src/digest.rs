//! SHA-256 digests of files.
//!
//! Read from 64 hex digits of either case, written in lower case.

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use crate::text::shown;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

/// Text that is not 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no sha-256 digest (expected 64 hex digits, found {} characters)", shown(text), text.chars().count())]
pub struct InvalidDigest {
    /// The text as given.
    pub text: String,
}

impl Sha256 {
    /// The digest of `bytes`.
    ///
    /// ```
    /// # use spinefairbench_artifacts::digest::Sha256;
    /// let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    /// assert_eq!(Sha256::of(b"").to_string(), empty);
    /// ```
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digest that a record states, with or without `sha256:` in front; none where it states nothing.
    ///
    /// # Errors
    ///
    /// [`InvalidDigest`] for any other text.
    pub fn stated(text: &str) -> Result<Option<Self>, InvalidDigest> {
        if text.is_empty() {
            return Ok(None);
        }
        text.strip_prefix("sha256:").unwrap_or(text).parse().map(Some)
    }

    /// The digest whose bytes these are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Sha256 {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        decode_hex(text.as_bytes()).map(Self).ok_or_else(|| InvalidDigest { text: text.to_owned() })
    }
}

impl TryFrom<String> for Sha256 {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, InvalidDigest> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sha256({self})")
    }
}

/// Hashes what is written to it.
///
/// ```
/// # use std::io::Write;
/// # use spinefairbench_artifacts::digest::{Hasher, Sha256};
/// let mut hasher = Hasher::default();
/// hasher.write_all(b"in ")?;
/// hasher.write_all(b"parts")?;
/// assert_eq!(hasher.finish(), Sha256::of(b"in parts"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// Adds `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything added.
    #[must_use]
    pub fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn decode_hex(text: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
    }
    Some(bytes)
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_digest_of_abc_is_that_of_fips_180() {
        assert_eq!(Sha256::of(b"abc").to_string(), ABC);
    }

    #[test]
    fn either_case_is_read_and_lower_case_is_written() {
        let digest: Sha256 = ABC.to_uppercase().parse().unwrap();
        assert_eq!(digest.to_string(), ABC);
    }

    #[test]
    fn a_record_may_state_nothing_or_name_the_method() {
        assert_eq!(Sha256::stated(""), Ok(None));
        let digest = Some(Sha256::of(b"abc"));
        assert_eq!(Sha256::stated(ABC), Ok(digest));
        assert_eq!(Sha256::stated(&format!("sha256:{ABC}")), Ok(digest));
        for text in ["sha256:", " ", "sha1:00", &format!("sha256: {ABC}")] {
            assert!(Sha256::stated(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn anything_but_64_hex_digits_is_refused() {
        for text in
            ["", &ABC[1..], &format!("{ABC}0"), &ABC.replace('b', "g"), &format!("+{}", &ABC[1..])]
        {
            assert!(text.parse::<Sha256>().is_err(), "{text:?}");
        }
    }
}
