//! A walk over the chunks of a PNG file before anything is decoded.
//!
//! Input: the bytes. Output: the header's size, and what the walk saw. It names what a decoder would report vaguely or
//! not at all: the chunk that is cut off or has a wrong checksum, a compressed text that inflates without end, more
//! chunks than any picture needs, bytes after the end.

use std::io::Read as _;

use crate::ImagingError;
use crate::raster::ImageSize;
use crate::read::{Format, Limits};

/// The eight bytes that open a PNG file.
const SIGNATURE_LENGTH: usize = 8;

/// What the walk saw.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) size: ImageSize,
    pub(crate) animated: bool,
    pub(crate) orientation: Option<u16>,
    pub(crate) trailing_bytes: usize,
}

/// Checks every chunk of `bytes`, which start with the PNG signature.
pub(crate) fn survey(bytes: &[u8], limits: &Limits) -> Result<Survey, ImagingError> {
    let mut offset = SIGNATURE_LENGTH;
    let mut size = None;
    let (mut animated, mut has_image_data, mut orientation) = (false, false, None);
    for _ in 0..limits.max_chunks {
        let chunk = Chunk::at(bytes, offset)?;
        let end = chunk.end();
        match (size, chunk.kind) {
            (None, b"IHDR") => size = Some(header_size(&chunk, limits)?),
            (None, _) => return Err(malformed("the first chunk is not `IHDR`")),
            (Some(_), b"IHDR") => return Err(malformed("there is a second `IHDR`")),
            (Some(_), b"zTXt" | b"iTXt" | b"iCCP") => chunk.check_compressed_text(limits)?,
            (Some(_), b"eXIf") => orientation = crate::exif::orientation(chunk.content),
            (Some(_), b"acTL") => animated = true,
            (Some(_), b"IDAT") => has_image_data = true,
            (Some(_), b"IEND") if !has_image_data => return Err(malformed("there is no `IDAT`")),
            (Some(size), b"IEND") => {
                let trailing_bytes = bytes.len() - end;
                return Ok(Survey { size, animated, orientation, trailing_bytes });
            }
            (Some(_), kind) if kind[0].is_ascii_uppercase() && kind != b"PLTE" => {
                return Err(malformed(&format!(
                    "chunk `{}` is critical and not of the standard",
                    name(*kind)
                )));
            }
            _ => {}
        }
        offset = end;
    }
    Err(ImagingError::TooManyChunks { limit: limits.max_chunks })
}

struct Chunk<'a> {
    offset: usize,
    kind: &'a [u8; 4],
    content: &'a [u8],
}

impl<'a> Chunk<'a> {
    fn at(bytes: &'a [u8], offset: usize) -> Result<Self, ImagingError> {
        let cut_off =
            |place: &str| ImagingError::Truncated { format: Format::Png, place: place.to_owned() };
        let (length, rest) = bytes[offset..]
            .split_first_chunk()
            .ok_or_else(|| cut_off("the place where a chunk should start"))?;
        let (kind, rest) = rest
            .split_first_chunk()
            .ok_or_else(|| cut_off("the place where a chunk should start"))?;
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err(malformed("a chunk type is not four letters"));
        }
        let cut_off_here = || cut_off(&format!("chunk `{}` at byte {offset}", name(*kind)));
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (content, rest) = rest.split_at_checked(length).ok_or_else(cut_off_here)?;
        let checksum = rest.first_chunk().ok_or_else(cut_off_here)?;
        let mut computed = crc32fast::Hasher::new();
        computed.update(kind);
        computed.update(content);
        if computed.finalize() != u32::from_be_bytes(*checksum) {
            return Err(ImagingError::BadChecksum { chunk: name(*kind), offset });
        }
        Ok(Self { offset, kind, content })
    }

    fn end(&self) -> usize {
        // Length, type and checksum take four bytes each.
        self.offset + 12 + self.content.len()
    }

    /// Inflates to nowhere, up to the limit. A stream that is no deflate stream is left alone, as it is never used.
    fn check_compressed_text(&self, limits: &Limits) -> Result<(), ImagingError> {
        let Some(stream) = self.compressed_part() else { return Ok(()) };
        let allowed = limits.max_text_bytes as u64;
        let mut inflated = flate2::read::ZlibDecoder::new(stream).take(allowed + 1);
        let mut sink = [0; 8192];
        let mut total = 0;
        while let Ok(count @ 1..) = inflated.read(&mut sink) {
            total += count as u64;
        }
        if total <= allowed {
            return Ok(());
        }
        let limit = limits.max_text_bytes;
        Err(ImagingError::CompressedTextTooLarge {
            chunk: name(*self.kind),
            offset: self.offset,
            limit,
        })
    }

    fn compressed_part(&self) -> Option<&'a [u8]> {
        let after_zero = |bytes: &'a [u8]| {
            let zero = bytes.iter().position(|&byte| byte == 0)?;
            bytes.get(zero + 1..)
        };
        let after_keyword = after_zero(self.content)?;
        match (self.kind, after_keyword) {
            // Compression flag, method, language tag, translated keyword.
            (b"iTXt", [1, _, rest @ ..]) => after_zero(after_zero(rest)?),
            (b"zTXt" | b"iCCP", [_method, rest @ ..]) => Some(rest),
            _ => None,
        }
    }
}

fn header_size(chunk: &Chunk<'_>, limits: &Limits) -> Result<ImageSize, ImagingError> {
    let [w0, w1, w2, w3, h0, h1, h2, h3, _depth, _colour, _compression, _filter, _interlace] =
        *chunk.content
    else {
        return Err(malformed("`IHDR` is not 13 bytes long"));
    };
    limits.size(u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]))
}

fn malformed(detail: &str) -> ImagingError {
    ImagingError::Malformed { format: Format::Png, detail: detail.to_owned() }
}

fn name(kind: [u8; 4]) -> String {
    kind.iter().map(|&byte| char::from(byte)).collect()
}
