//! The first and last bytes of a PNG image.
//!
//! Input: the head and tail of a file ([`HEAD_BYTES`] and [`TAIL_BYTES`] suffice) and its length. Output: size, depth
//! and colour type, or what shows that this is no whole PNG. The pixels are not decoded (W3C PNG, sections 5.2, 11.2.2
//! and 11.2.5).

use crate::error::ArtifactError;
use crate::source::FileEnds;

/// Signature, length and type of the first chunk, its 13 bytes, its check sum.
pub const HEAD_BYTES: usize = 33;
/// Length, type and check sum of the closing chunk, which has no data.
pub const TAIL_BYTES: usize = 12;

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
const CLOSING_CHUNK: [u8; TAIL_BYTES] = *b"\0\0\0\0IEND\xae\x42\x60\x82";

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
}

/// What shows that a file is no whole PNG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PngProblem {
    /// The signature is another.
    #[error("is not a PNG image")]
    NotPng,
    /// The file ends before or within the header, or without the closing chunk.
    #[error("is a PNG image cut short or with bytes after its end ({len} bytes)")]
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
    let truncated = PngProblem::Truncated { len: ends.len };
    let signature = &ends.head[..SIGNATURE.len().min(ends.head.len())];
    if !SIGNATURE.starts_with(signature) {
        return Err(PngProblem::NotPng);
    }
    let Some(head) = ends.head.first_chunk::<HEAD_BYTES>() else {
        return Err(truncated);
    };
    if head[8..16] != *b"\0\0\0\x0dIHDR" {
        return Err(PngProblem::BadHeader);
    }
    let number =
        |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let header = PngHeader {
        width: number(16),
        height: number(20),
        bit_depth: head[24],
        color_type: head[25],
    };
    if !depth_fits(header) {
        return Err(PngProblem::BadHeader);
    }
    if header.width == 0 || header.height == 0 {
        return Err(PngProblem::ZeroDimension { width: header.width, height: header.height });
    }
    if !ends.tail.ends_with(&CLOSING_CHUNK) {
        return Err(truncated);
    }
    Ok(header)
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
    fn size_is_read_and_damage_is_named() {
        let whole = image(512, 256);
        check(&whole, Ok((512, 256)));
        check(b"\xff\xd8\xff\xe0 a photograph under another name", Err(PngProblem::NotPng));
        check(b"", Err(PngProblem::Truncated { len: 0 }));
        check(&whole[..20], Err(PngProblem::Truncated { len: 20 }));
        check(&whole[..whole.len() - 1], Err(PngProblem::Truncated { len: 44 }));
        check(&[&whole[..], b"x"].concat(), Err(PngProblem::Truncated { len: 46 }));
        check(&image(0, 5), Err(PngProblem::ZeroDimension { width: 0, height: 5 }));
        let mut other = whole.clone();
        other[12] = b'X';
        check(&other, Err(PngProblem::BadHeader));
        let mut other = whole;
        other[24] = 3;
        check(&other, Err(PngProblem::BadHeader));
    }
}
