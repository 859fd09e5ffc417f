//! The samples of one frame, as bit patterns of 16 bits.

use super::elements::{self, DataSet, Value};
use super::header::{Header, Packing};
use super::{attribute, malformed, unsupported};
use crate::ImagingError;
use crate::codec::Fault;
use crate::jpeg::Jpeg;
use crate::read::{Format, Notice, ReadOptions};

const PIXEL_DATA: &str = "PixelData (7FE0,0010)";

/// The samples of the frame that `options` ask for, row by row.
pub(super) fn frame(
    data_set: &DataSet<'_>,
    header: &Header,
    options: &ReadOptions,
    notices: &mut Vec<Notice>,
) -> Result<Vec<u16>, ImagingError> {
    let value =
        data_set.get(elements::PIXEL_DATA).ok_or_else(|| attribute(PIXEL_DATA, "missing"))?;
    let index = usize::try_from(options.frame).map_err(|_| cut_short())?;
    match (header.packing, value.open_length) {
        (Packing::Native, false) => native_frame(value, header, index),
        (Packing::Native, true) => {
            Err(attribute(PIXEL_DATA, "encapsulated in an uncompressed file"))
        }
        (Packing::Rle, true) => unpack_rle(&encoded_frame(value, header.frames, index)?, header),
        (Packing::Jpeg, true) => {
            decode_jpeg(&encoded_frame(value, header.frames, index)?, header, options, notices)
        }
        (Packing::Rle | Packing::Jpeg, false) => {
            Err(attribute(PIXEL_DATA, "not encapsulated in a compressed file"))
        }
    }
}

fn native_frame(value: Value<'_>, header: &Header, index: usize) -> Result<Vec<u16>, ImagingError> {
    let n_pixels = header.size.n_pixels();
    let (start, end) = (index.checked_mul(n_pixels), (index + 1).checked_mul(n_pixels));
    let (start, end) = start.zip(end).ok_or_else(cut_short)?;
    let n_samples = value.content.len() / header.bytes_each;
    if end > n_samples {
        return Err(cut_short());
    }
    if header.bytes_each == 2 {
        return Ok(value.words().skip(start).take(n_pixels).collect());
    }
    if value.representation == Some(*b"OB") {
        return Ok(value.content[start..end].iter().map(|&byte| byte.into()).collect());
    }
    // In words, the first of two samples is the lower byte in either byte order; an odd last byte stands alone.
    let padded = value.content.last().filter(|_| value.content.len() % 2 == 1).copied();
    let samples = value.words().flat_map(u16::to_le_bytes).chain(padded);
    Ok(samples.skip(start).take(n_pixels).map(u16::from).collect())
}

/// The fragments of one frame, joined. The first item is the offset table, which may be empty.
fn encoded_frame(value: Value<'_>, frames: u32, index: usize) -> Result<Vec<u8>, ImagingError> {
    let items = value.items()?;
    let (offsets, fragments) = items.split_first().ok_or_else(cut_short)?;
    if frames == 1 {
        return Ok(fragments.concat());
    }
    if usize::try_from(frames) == Ok(fragments.len()) {
        return fragments.get(index).map(|fragment| fragment.to_vec()).ok_or_else(cut_short);
    }
    // Offsets count from the first fragment's item header, each of which takes eight bytes.
    let offsets: Vec<u64> =
        offsets.as_chunks().0.iter().map(|&word| u32::from_le_bytes(word).into()).collect();
    let start = *offsets
        .get(index)
        .ok_or_else(|| unsupported("frames in pieces without an offset table"))?;
    let end = offsets.get(index + 1).copied().unwrap_or(u64::MAX);
    let mut position = 0_u64;
    let mut encoded = Vec::new();
    for fragment in fragments {
        if (start..end).contains(&position) {
            encoded.extend_from_slice(fragment);
        }
        position += fragment.len() as u64 + 8;
    }
    Ok(encoded)
}

/// RLE Lossless: one run-length coded plane per byte of a sample, the most significant first.
fn unpack_rle(encoded: &[u8], header: &Header) -> Result<Vec<u16>, ImagingError> {
    let n_pixels = header.size.n_pixels();
    let words: Vec<usize> = encoded
        .get(..64)
        .ok_or_else(cut_short)?
        .as_chunks()
        .0
        .iter()
        .map(|&word| u32::from_le_bytes(word) as usize)
        .collect();
    if words[0] != header.bytes_each {
        return Err(malformed("the number of RLE segments does not fit the samples"));
    }
    let mut samples = vec![0_u16; n_pixels];
    for plane in 1..=header.bytes_each {
        let end = if plane < header.bytes_each { words[plane + 1] } else { encoded.len() };
        let segment = encoded.get(words[plane]..end).ok_or_else(cut_short)?;
        let bytes = unpack_bits(segment, n_pixels).ok_or_else(cut_short)?;
        for (sample, byte) in samples.iter_mut().zip(bytes) {
            *sample = *sample << 8 | u16::from(byte);
        }
    }
    Ok(samples)
}

/// `length` bytes of packed bits, or nothing if the segment holds fewer.
fn unpack_bits(mut segment: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let (&control, rest) = segment.split_first()?;
        segment = match control {
            0..=127 => {
                let (literal, rest) = rest.split_at_checked(usize::from(control) + 1)?;
                bytes.extend_from_slice(literal);
                rest
            }
            128 => rest,
            129..=255 => {
                let (&repeated, rest) = rest.split_first()?;
                bytes.extend(std::iter::repeat_n(repeated, 257 - usize::from(control)));
                rest
            }
        };
    }
    bytes.truncate(length);
    Some(bytes)
}

fn decode_jpeg(
    encoded: &[u8],
    header: &Header,
    options: &ReadOptions,
    notices: &mut Vec<Notice>,
) -> Result<Vec<u16>, ImagingError> {
    let fault = |fault: Fault| match fault {
        Fault::Short(_) => cut_short(),
        other => other.in_file(Format::Dicom),
    };
    let jpeg = Jpeg::open(encoded, &options.limits).map_err(fault)?;
    if jpeg.size() != header.size {
        return Err(malformed("its JPEG frame is not as large as its header says"));
    }
    if jpeg.n_components() != 1 {
        return Err(unsupported("colour"));
    }
    let mut decoded = jpeg.decode().map_err(fault)?;
    // Frames are padded to an even length.
    decoded.trailing_bytes = 0;
    notices.extend(decoded.notices());
    Ok(decoded.planes.swap_remove(0))
}

fn cut_short() -> ImagingError {
    ImagingError::Truncated { format: Format::Dicom, place: PIXEL_DATA.to_owned() }
}
