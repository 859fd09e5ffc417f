//! The samples of one frame, as bit patterns.

use super::elements::{self, DataSet, Value};
use super::header::{Header, Photometric};
use super::syntax::Packing;
use super::{attribute, malformed, unsupported};
use crate::ImagingError;
use crate::codec::{Fault, unpack_bits};
use crate::jpeg::{self, Jpeg};
use crate::jpeg_ls::JpegLs;
use crate::jpeg2000::Jpeg2000;
use crate::raster::ImageSize;
use crate::read::{DicomOddity, Format, Notice, ReadOptions};

const PIXEL_DATA: &str = "PixelData (7FE0,0010)";

/// Samples row by row, one plane for each component.
#[derive(Debug)]
pub(super) enum Planes {
    /// Of up to 16 bits.
    Narrow(Vec<Vec<u16>>),
    /// Of up to 32 bits.
    Wide(Vec<Vec<u32>>),
}

/// A frame that was decoded.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) planes: Planes,
    /// What the components are, after what a codec transformed.
    pub(super) photometric: Photometric,
}

/// The samples of the frame that `options` ask for.
pub(super) fn frame(
    data_set: &DataSet<'_>,
    packing: Packing,
    header: &Header,
    options: &ReadOptions,
    notices: &mut Vec<Notice>,
) -> Result<Frame, ImagingError> {
    let value =
        data_set.get(elements::PIXEL_DATA).ok_or_else(|| attribute(PIXEL_DATA, "missing"))?;
    let index = usize::try_from(options.frame).map_err(|_| cut_short())?;
    let native = |planes| Frame { planes, photometric: header.photometric };
    if !value.open_length {
        return match packing {
            Packing::Native | Packing::Unknown => native_frame(value, header, index).map(native),
            _ => Err(attribute(PIXEL_DATA, "not encapsulated in a compressed file")),
        };
    }
    let encoded = encoded_frame(value, header.frames, index)?;
    let found = Packing::of(&encoded);
    if let Some(found) = found
        && found != packing
    {
        notices.push(Notice::Dicom(DicomOddity::CodingDiffers));
    }
    match (found, packing) {
        (Some(Packing::Jpeg), _) => decode_jpeg(&encoded, header, options, notices),
        (Some(Packing::JpegLs), _) => decode_jpeg_ls(&encoded, header, options, notices),
        (Some(_), _) => decode_jpeg2000(&encoded, header, options),
        (None, Packing::Rle) => unpack_rle(&encoded, header).map(native),
        (None, Packing::Encapsulated) => packed_frame(&encoded, header, 0).map(native),
        (None, Packing::Native) => {
            Err(attribute(PIXEL_DATA, "encapsulated in an uncompressed file"))
        }
        (None, Packing::Unknown) => Err(attribute("TransferSyntaxUID (0002,0010)", "missing")),
        (None, _) if encoded.is_empty() => Err(cut_short()),
        (None, _) => Err(malformed("its frame does not start like its transfer syntax says")),
    }
}

impl Packing {
    /// The coding that a frame starts like, if it is one that says so itself.
    fn of(encoded: &[u8]) -> Option<Self> {
        match encoded {
            [0xff, 0xd8, 0xff, ..] if jpeg::is_jpeg_ls(encoded) => Some(Self::JpegLs),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0xff, 0x4f, 0xff, 0x51, ..] | [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] => {
                Some(Self::Jpeg2000)
            }
            _ => None,
        }
    }
}

fn native_frame(value: Value<'_>, header: &Header, index: usize) -> Result<Planes, ImagingError> {
    match (header.bits_allocated, value.is_big_endian()) {
        // In words, the first of two samples is the lower byte in either byte order; an odd last byte stands alone.
        (1 | 8, true) if value.representation != Some(*b"OB") => {
            let padded = value.content.last().filter(|_| value.content.len() % 2 == 1).copied();
            let bytes: Vec<u8> = value.words().flat_map(u16::to_le_bytes).chain(padded).collect();
            packed_frame(&bytes, header, index)
        }
        (16, true) => {
            let bytes: Vec<u8> = value.words().flat_map(u16::to_le_bytes).collect();
            packed_frame(&bytes, header, index)
        }
        (32, true) => {
            let bytes: Vec<u8> = value.long_words().flat_map(u32::to_le_bytes).collect();
            packed_frame(&bytes, header, index)
        }
        _ => packed_frame(value.content, header, index),
    }
}

/// One of several frames of little-endian samples without gaps between them.
fn packed_frame(content: &[u8], header: &Header, index: usize) -> Result<Planes, ImagingError> {
    let n_samples = header.n_frame_samples();
    if header.photometric == Photometric::YbrFull422 {
        return shared_chroma(content, header, index);
    }
    let frame = |bytes_each: usize| {
        let length = n_samples.checked_mul(bytes_each).ok_or_else(cut_short)?;
        let start = index.checked_mul(length).ok_or_else(cut_short)?;
        content.get(start..).and_then(|rest| rest.get(..length)).ok_or_else(cut_short)
    };
    Ok(match header.bits_allocated {
        1 => {
            let first = index.checked_mul(n_samples).ok_or_else(cut_short)?;
            if first + n_samples > content.len() * 8 {
                return Err(cut_short());
            }
            let bit = |place: usize| u16::from(content[place / 8] >> (place % 8) & 1);
            Planes::Narrow(in_planes((first..first + n_samples).map(bit), header))
        }
        8 => Planes::Narrow(in_planes(frame(1)?.iter().map(|&byte| byte.into()), header)),
        16 => {
            let pairs = frame(2)?.as_chunks().0.iter();
            Planes::Narrow(in_planes(pairs.map(|&pair| u16::from_le_bytes(pair)), header))
        }
        _ => {
            let fours = frame(4)?.as_chunks().0.iter();
            Planes::Wide(in_planes(fours.map(|&four| u32::from_le_bytes(four)), header))
        }
    })
}

/// Samples in the order of the file, component by component.
fn in_planes<S: Copy>(samples: impl Iterator<Item = S>, header: &Header) -> Vec<Vec<S>> {
    let (n_pixels, n_components) = (header.size.n_pixels(), header.n_samples);
    let mut planes: Vec<Vec<S>> = (0..n_components).map(|_| Vec::with_capacity(n_pixels)).collect();
    for (idx, sample) in samples.enumerate() {
        let plane = if header.planar { idx / n_pixels } else { idx % n_components };
        planes[plane].push(sample);
    }
    planes
}

/// Uncompressed `YBR_FULL_422`: two levels, then the chroma of both pixels.
fn shared_chroma(content: &[u8], header: &Header, index: usize) -> Result<Planes, ImagingError> {
    if header.bits_allocated != 8 || header.size.columns() % 2 == 1 {
        return Err(unsupported("shared chroma in rows of odd length or of deep samples"));
    }
    let length = header.size.n_pixels() * 2;
    let start = index.checked_mul(length).ok_or_else(cut_short)?;
    let frame = content.get(start..).and_then(|rest| rest.get(..length)).ok_or_else(cut_short)?;
    let mut planes = vec![Vec::new(); 3];
    for &[first, second, blue, red] in frame.as_chunks::<4>().0 {
        for (plane, levels) in planes.iter_mut().zip([[first, second], [blue; 2], [red; 2]]) {
            plane.extend(levels.map(u16::from));
        }
    }
    Ok(Planes::Narrow(planes))
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

/// RLE Lossless: one run-length coded plane per byte of a sample and component, the most significant first.
fn unpack_rle(encoded: &[u8], header: &Header) -> Result<Planes, ImagingError> {
    let n_pixels = header.size.n_pixels();
    let words: Vec<usize> = encoded
        .get(..64)
        .ok_or_else(cut_short)?
        .as_chunks()
        .0
        .iter()
        .map(|&word| u32::from_le_bytes(word) as usize)
        .collect();
    let n_segments = header.bytes_each() * header.n_samples;
    if header.bits_allocated == 1 || words[0] != n_segments {
        return Err(malformed("the number of RLE segments does not fit the samples"));
    }
    let segment = |number: usize| {
        let end = if number < n_segments { words[number + 1] } else { encoded.len() };
        let bytes = encoded.get(words[number]..end).and_then(|part| unpack_bits(part, n_pixels));
        bytes.ok_or_else(cut_short)
    };
    if header.bits_allocated == 32 {
        return Ok(Planes::Wide(joined(
            header,
            |sample: u32, byte| sample << 8 | u32::from(byte),
            segment,
        )?));
    }
    Ok(Planes::Narrow(joined(header, |sample: u16, byte| sample << 8 | u16::from(byte), segment)?))
}

/// The components of a frame, each from the segments of its bytes.
fn joined<S: Copy + Default>(
    header: &Header,
    append: impl Fn(S, u8) -> S,
    segment: impl Fn(usize) -> Result<Vec<u8>, ImagingError>,
) -> Result<Vec<Vec<S>>, ImagingError> {
    let bytes_each = header.bytes_each();
    (0..header.n_samples)
        .map(|component| {
            let mut plane = vec![S::default(); header.size.n_pixels()];
            for byte in 1..=bytes_each {
                for (sample, byte) in plane.iter_mut().zip(segment(component * bytes_each + byte)?)
                {
                    *sample = append(*sample, byte);
                }
            }
            Ok(plane)
        })
        .collect()
}

/// The error of a codec, as one of this file.
fn in_frame(fault: Fault) -> ImagingError {
    match fault {
        Fault::Short(_) => cut_short(),
        other => other.in_file(Format::Dicom),
    }
}

/// Refuses a codestream of another picture than the header describes.
fn expect_frame(
    header: &Header,
    size: ImageSize,
    n_components: usize,
    precision: u8,
) -> Result<(), ImagingError> {
    if size != header.size {
        return Err(malformed("its coded frame is not as large as its header says"));
    }
    if n_components != header.n_samples {
        return Err(malformed(
            "its coded frame has another number of components than its header says",
        ));
    }
    if u16::from(precision) > header.bits_allocated {
        return Err(malformed("its coded frame has deeper samples than its header says"));
    }
    Ok(())
}

fn decode_jpeg(
    encoded: &[u8],
    header: &Header,
    options: &ReadOptions,
    notices: &mut Vec<Notice>,
) -> Result<Frame, ImagingError> {
    let jpeg = Jpeg::open(encoded, &options.limits).map_err(in_frame)?;
    expect_frame(header, jpeg.size(), jpeg.n_components(), jpeg.precision())?;
    let decoded = jpeg.decode().map_err(in_frame)?;
    notices.extend(decoded.notices().into_iter().filter(is_no_padding));
    Ok(Frame { planes: Planes::Narrow(decoded.planes), photometric: header.photometric })
}

fn decode_jpeg_ls(
    encoded: &[u8],
    header: &Header,
    options: &ReadOptions,
    notices: &mut Vec<Notice>,
) -> Result<Frame, ImagingError> {
    let stream = JpegLs::open(encoded, &options.limits).map_err(in_frame)?;
    expect_frame(header, stream.size(), stream.n_components(), stream.precision())?;
    let decoded = stream.decode().map_err(in_frame)?;
    notices.extend(decoded.notices().into_iter().filter(is_no_padding));
    Ok(Frame { planes: Planes::Narrow(decoded.planes), photometric: header.photometric })
}

fn decode_jpeg2000(
    encoded: &[u8],
    header: &Header,
    options: &ReadOptions,
) -> Result<Frame, ImagingError> {
    let stream = Jpeg2000::open(encoded, &options.limits).map_err(in_frame)?;
    expect_frame(header, stream.size(), stream.n_components(), stream.precision())?;
    let planes = stream.decode().map_err(in_frame)?;
    let photometric = match header.photometric {
        Photometric::YbrInJpeg2000 => Photometric::Rgb,
        other => other,
    };
    Ok(Frame { planes: Planes::Narrow(planes), photometric })
}

/// Frames are padded to an even length, some to more.
fn is_no_padding(notice: &Notice) -> bool {
    !matches!(notice, Notice::TrailingBytes { count: 0..=3 })
}

fn cut_short() -> ImagingError {
    ImagingError::Truncated { format: Format::Dicom, place: PIXEL_DATA.to_owned() }
}
