//! The first and last bytes of a PNG image.
//!
//! Input: the head and tail of a file ([`HEAD_BYTES`] and [`TAIL_BYTES`]) and its length, or all of it. Output: size, depth
//! and colour type, or what shows that this is no whole PNG. The pixels are not decoded (W3C PNG, sections 5.2, 11.2.2
//! and 11.2.5). Bytes after the closing chunk belong to no picture and are counted; every decoder passes over them.

use crate::error::ArtifactError;
use crate::source::FileEnds;

/// Signature, length and type of the first chunk, its 13 bytes, its check sum.
pub const HEAD_BYTES: usize = 33;
/// A page of the file, within which the closing chunk is looked for. Where it is not there, all of the file tells.
pub const TAIL_BYTES: usize = 4096;

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Length, type and check sum of the closing chunk, which has no data.
const CLOSING_CHUNK: [u8; 12] = *b"\0\0\0\0IEND\xae\x42\x60\x82";

/// What the header of a PNG says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PngHeader {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bits per sample.
    pub bit_depth: u8,
    /// Colour type as in the header: 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha.
    pub color_type: u8,
    /// Bytes after the closing chunk.
    pub trailing_bytes: u64,
}

/// What shows that a file is no whole PNG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PngProblem {
    /// The signature is another.
    #[error("is not a PNG image")]
    NotPng,
    /// The file ends before or within the header, or without the closing chunk.
    #[error("is a PNG image cut short ({len} bytes)")]
    Truncated {
        /// Length of the file.
        len: u64,
    },
    /// The first chunk is no proper header.
    #[error("is a PNG image without a proper header")]
    BadHeader,
    /// Width or height is zero.
    #[error("is a PNG image of {width} by {height} pixels")]
    ZeroDimension {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
}

impl PngProblem {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPng => "png_signature",
            Self::Truncated { .. } => "png_truncated",
            Self::BadHeader => "png_header",
            Self::ZeroDimension { .. } => "png_dimension",
        }
    }
}

/// The header of the PNG image `path`, of which `ends` are the ends.
///
/// # Errors
///
/// [`ArtifactError::Png`] that says what is wrong.
pub fn read(path: &str, ends: &FileEnds) -> Result<PngHeader, ArtifactError> {
    parse(ends).map_err(|problem| ArtifactError::Png { path: path.into(), problem })
}

/// The header of the PNG image of which `ends` are the ends.
///
/// # Errors
///
/// [`PngProblem`].
pub fn parse(ends: &FileEnds) -> Result<PngHeader, PngProblem> {
    parse_parts(&ends.head, &ends.tail, ends.len)
}

/// The header of the PNG image that `bytes` are, all of it.
///
/// # Errors
///
/// [`PngProblem`].
pub fn parse_whole(bytes: &[u8]) -> Result<PngHeader, PngProblem> {
    parse_parts(bytes, bytes, bytes.len() as u64)
}

fn parse_parts(head: &[u8], tail: &[u8], len: u64) -> Result<PngHeader, PngProblem> {
    let truncated = PngProblem::Truncated { len };
    let signature = &head[..SIGNATURE.len().min(head.len())];
    if !SIGNATURE.starts_with(signature) {
        return Err(PngProblem::NotPng);
    }
    let Some(head) = head.first_chunk::<HEAD_BYTES>() else {
        return Err(truncated);
    };
    if head[8..16] != *b"\0\0\0\x0dIHDR" {
        return Err(PngProblem::BadHeader);
    }
    let number =
        |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let closing = memchr::memmem::rfind(tail, &CLOSING_CHUNK);
    let end = closing.map_or(0, |place| place + CLOSING_CHUNK.len());
    let header = PngHeader {
        width: number(16),
        height: number(20),
        bit_depth: head[24],
        color_type: head[25],
        trailing_bytes: (tail.len() - end) as u64,
    };
    if !depth_fits(header) {
        return Err(PngProblem::BadHeader);
    }
    if header.width == 0 || header.height == 0 {
        return Err(PngProblem::ZeroDimension { width: header.width, height: header.height });
    }
    if closing.is_some() { Ok(header) } else { Err(truncated) }
}

/// The pairs of colour type and bit depth that the format allows (table 11.1).
const fn depth_fits(header: PngHeader) -> bool {
    match header.color_type {
        0 => matches!(header.bit_depth, 1 | 2 | 4 | 8 | 16),
        3 => matches!(header.bit_depth, 1 | 2 | 4 | 8),
        2 | 4 | 6 => matches!(header.bit_depth, 8 | 16),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend(b"\0\0\0\x0dIHDR");
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 0, 0, 0, 0, 1, 2, 3, 4]);
        bytes.extend(CLOSING_CHUNK);
        bytes
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: Result<(u32, u32), PngProblem>) {
        let found = parse(&FileEnds::of(bytes, HEAD_BYTES, TAIL_BYTES));
        assert_eq!(found.map(|header| (header.width, header.height)), expected);
    }

    #[test]
    fn bytes_after_the_closing_chunk_are_counted() {
        let padded = |n_bytes| [image(512, 256), vec![b'x'; n_bytes]].concat();
        for n_bytes in [0, 1, TAIL_BYTES - 12] {
            let bytes = padded(n_bytes);
            let ends = FileEnds::of(&bytes, HEAD_BYTES, TAIL_BYTES);
            let header = parse(&ends).unwrap();
            assert_eq!(header.trailing_bytes, n_bytes as u64);
            assert_eq!(parse_whole(&bytes), Ok(header));
        }
        let bytes = padded(TAIL_BYTES);
        let ends = FileEnds::of(&bytes, HEAD_BYTES, TAIL_BYTES);
        assert_eq!(parse(&ends), Err(PngProblem::Truncated { len: bytes.len() as u64 }));
        assert_eq!(parse_whole(&bytes).unwrap().trailing_bytes, TAIL_BYTES as u64);
    }

    #[test]
    fn size_is_read_and_damage_is_named() {
        let whole = image(512, 256);
        check(&whole, Ok((512, 256)));
        check(b"\xff\xd8\xff\xe0 a photograph under another name", Err(PngProblem::NotPng));
        check(b"", Err(PngProblem::Truncated { len: 0 }));
        check(&whole[..20], Err(PngProblem::Truncated { len: 20 }));
        check(&whole[..whole.len() - 1], Err(PngProblem::Truncated { len: 44 }));
        check(&image(0, 5), Err(PngProblem::ZeroDimension { width: 0, height: 5 }));
        let mut other = whole.clone();
        other[12] = b'X';
        check(&other, Err(PngProblem::BadHeader));
        let mut other = whole;
        other[24] = 3;
        check(&other, Err(PngProblem::BadHeader));
    }
}
