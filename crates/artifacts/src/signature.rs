//! What a file is by its first bytes, where that is not plain UTF-8 text.
//!
//! Eight bytes are enough; bytes that may be text have none. Nothing is decoded: the answer only says in words what somebody has
//! handed over. Numbers are those of each format's specification.

use std::fmt;

/// A form that text readers do not take, or that they take unpacked first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signature {
    /// UTF-8 with a byte order mark.
    Utf8Mark,
    /// UTF-16, with a byte order mark or by the zeros between ASCII characters.
    Utf16,
    /// UTF-32, likewise.
    Utf32,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard: a frame, or a skippable frame (RFC 8878, 3.1.2).
    Zstandard,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// LZ4 frames.
    Lz4,
    /// `compress`, the ancestor of gzip.
    Compress,
    /// A ZIP archive; workbooks and documents of office programs are such archives.
    Zip,
    /// A 7z archive.
    SevenZip,
    /// A RAR archive.
    Rar,
    /// A Parquet table.
    Parquet,
    /// An Arrow table.
    Arrow,
    /// A PDF document.
    Pdf,
    /// A workbook or document of an office program before 2007.
    OldOffice,
}

impl Signature {
    /// The signature that `start`, the first bytes of a file, begin with.
    ///
    /// ```
    /// # use spinefairbench_artifacts::signature::Signature;
    /// assert_eq!(Signature::of(b"BZh91AY&SY"), Some(Signature::Bzip2));
    /// assert_eq!(Signature::of(br#"{"results": []}"#), None);
    /// ```
    #[must_use]
    pub const fn of(start: &[u8]) -> Option<Self> {
        Some(match start {
            [0xEF, 0xBB, 0xBF, ..] => Self::Utf8Mark,
            // Before UTF-16, whose little-endian mark is the start of this one. Without a mark, an ASCII character has three zeros.
            [0xFF, 0xFE, 0, 0, ..]
            | [0, 0, 0xFE, 0xFF, ..]
            | [1..=255, 0, 0, 0, ..]
            | [0, 0, 0, 1..=255, ..] => Self::Utf32,
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, 1..=255, ..] | [1..=255, 0, ..] => {
                Self::Utf16
            }
            [0x1F, 0x8B, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Self::Zstandard,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Self::Bzip2,
            [0xFD, b'7', b'z', b'X', b'Z', ..] => Self::Xz,
            [0x04, 0x22, 0x4D, 0x18, ..] => Self::Lz4,
            [0x1F, 0x9D, ..] => Self::Compress,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, ..] => Self::Zip,
            [b'7', b'z', 0xBC, 0xAF, 0x27, 0x1C, ..] => Self::SevenZip,
            [b'R', b'a', b'r', b'!', 0x1A, ..] => Self::Rar,
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Self::Arrow,
            [b'%', b'P', b'D', b'F', b'-', ..] => Self::Pdf,
            [0xD0, 0xCF, 0x11, 0xE0, ..] => Self::OldOffice,
            _ => return None,
        })
    }

    /// Whether it is text in another encoding than plain UTF-8.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Utf8Mark | Self::Utf16 | Self::Utf32)
    }
}

/// What the file is, to stand behind `is`: `a ZIP archive`.
impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Utf8Mark => "UTF-8 with a byte order mark",
            Self::Utf16 => "UTF-16",
            Self::Utf32 => "UTF-32",
            Self::Gzip => "compressed with gzip",
            Self::Zstandard => "compressed with zstd",
            Self::Bzip2 => "compressed with bzip2",
            Self::Xz => "compressed with xz",
            Self::Lz4 => "compressed with lz4",
            Self::Compress => "compressed with `compress`",
            Self::Zip => "a ZIP archive (a workbook of a spreadsheet program is one too)",
            Self::SevenZip => "a 7z archive",
            Self::Rar => "a RAR archive",
            Self::Parquet => "a Parquet table",
            Self::Arrow => "an Arrow table",
            Self::Pdf => "a PDF document",
            Self::OldOffice => "a document of an office program",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(start: &[u8], expected: Option<Signature>) {
        assert_eq!(Signature::of(start), expected, "{}", start.escape_ascii());
    }

    // The bytes are those that Python 3.11, bzip2 1.0.8, xz 5.4, zstd 1.5, lz4 1.9 and zip 3.0 write.
    #[test]
    fn foreign_forms_are_recognised_by_their_first_bytes() {
        check(b"\xEF\xBB\xBF{", Some(Signature::Utf8Mark));
        check(b"\xFF\xFE{\0\"\0", Some(Signature::Utf16));
        check(b"{\0\"\0a\0", Some(Signature::Utf16));
        check(b"\0{\0\"", Some(Signature::Utf16));
        check(b"\xFF\xFE\0\0{\0\0\0", Some(Signature::Utf32));
        check(b"\0\0\xFE\xFF\0\0\0{", Some(Signature::Utf32));
        check(b"{\0\0\0\"\0\0\0", Some(Signature::Utf32));
        check(b"\0\0\0{\0\0\0\"", Some(Signature::Utf32));
        check(b"\x1f\x8b\x08\0", Some(Signature::Gzip));
        check(b"\x28\xb5\x2f\xfd\x04", Some(Signature::Zstandard));
        check(b"\x50\x2a\x4d\x18\x04\0\0\0", Some(Signature::Zstandard));
        check(b"\x5f\x2a\x4d\x18\x04\0\0\0", Some(Signature::Zstandard));
        check(b"BZh91AY&SY", Some(Signature::Bzip2));
        check(b"\xFD7zXZ\0", Some(Signature::Xz));
        check(b"\x04\x22\x4d\x18", Some(Signature::Lz4));
        check(b"PK\x03\x04\x14", Some(Signature::Zip));
        check(b"PK\x05\x06\0\0", Some(Signature::Zip));
        check(b"7z\xBC\xAF\x27\x1C", Some(Signature::SevenZip));
        check(b"Rar!\x1A\x07", Some(Signature::Rar));
        check(b"PAR1\x15", Some(Signature::Parquet));
        check(b"%PDF-1.7", Some(Signature::Pdf));
    }

    #[test]
    fn text_has_no_signature() {
        let texts: [&[u8]; 9] = [
            b"",
            b"{",
            b"{\"a\"",
            b"pair_id,value\n",
            b"BZhang said",
            b"PK",
            b"Parquet",
            b"\xc3\xa9",
            b"7zip",
        ];
        for text in texts {
            check(text, None);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_few_and_what_follows_does_not_matter(bytes: [u8; 8], rest: Vec<u8>) {
            let long = [bytes.as_slice(), &rest].concat();
            proptest::prop_assert_eq!(Signature::of(&bytes), Signature::of(&long));
            for length in 0..8 {
                let _ = Signature::of(&bytes[..length]);
            }
        }
    }
}
