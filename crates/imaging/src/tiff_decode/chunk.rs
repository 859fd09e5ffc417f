//! Strips and tiles: where they stand, how they are coded, and their samples in the order of the picture.

use std::borrow::Cow;
use std::io::Read as _;

use weezl::{BitOrder, LzwStatus};

use super::directory::{self, Directory, tag};
use super::{Kind, Layout};
use crate::codec::{Fault, unpack_bits};
use crate::jpeg::Jpeg;
use crate::read::Limits;

const SAMPLES: &str = "the samples";

/// How the bytes of a chunk are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
}

impl Coding {
    pub(super) fn read(directory: &Directory<'_>) -> Result<Self, Fault> {
        Ok(match directory.number(tag::COMPRESSION)?.unwrap_or(1) {
            1 => Self::Plain,
            5 => Self::Lzw,
            7 => Self::Jpeg,
            8 | 32_946 => Self::Deflate,
            32_773 => Self::PackBits,
            2..=4 => return Fault::unsupported("fax compression"),
            6 => return Fault::unsupported("JPEG in the form that TIFF gave up"),
            other => return Fault::unsupported(format!("compression number {other}")),
        })
    }
}

/// Where the chunks of a page stand: row by row of chunks, plane by plane.
#[derive(Debug)]
pub(super) struct Chunks {
    width: usize,
    height: usize,
    is_tiled: bool,
    offsets: Vec<u64>,
    lengths: Vec<u64>,
}

impl Chunks {
    pub(super) fn read(directory: &Directory<'_>, layout: &Layout) -> Result<Self, Fault> {
        let (columns, rows) = (layout.size.columns(), layout.size.rows());
        let number = |tag| {
            Ok(directory.number(tag)?.map(|side| usize::try_from(side).unwrap_or(usize::MAX)))
        };
        let is_tiled = directory.number(tag::TILE_OFFSETS)?.is_some();
        let (width, height, offsets, lengths) = if is_tiled {
            let side = |tag| Ok(number(tag)?.unwrap_or(0));
            let (width, height) = (side(tag::TILE_WIDTH)?, side(tag::TILE_LENGTH)?);
            (width, height, tag::TILE_OFFSETS, tag::TILE_BYTES)
        } else {
            let height = number(tag::ROWS_PER_STRIP)?.unwrap_or(rows).min(rows);
            (columns, height, tag::STRIP_OFFSETS, tag::STRIP_BYTES)
        };
        if width == 0 || height == 0 {
            return Fault::broken("strips or tiles without an extent");
        }
        let n_planes = if layout.planar { layout.n_stored } else { 1 };
        // A tile may be larger than the picture, but what it takes must stay in proportion to that.
        let n_stored = (columns * rows).saturating_mul(layout.n_stored);
        let most = (8_usize << 20) + n_stored + n_stored / 4;
        if width.saturating_mul(height).saturating_mul(layout.n_stored / n_planes) > most {
            return Fault::unsupported("tiles far larger than the picture");
        }
        let chunks = Self {
            width,
            height,
            is_tiled,
            offsets: directory.numbers(offsets)?,
            lengths: directory.numbers(lengths)?,
        };
        let expected = columns.div_ceil(width) * rows.div_ceil(height) * n_planes;
        if chunks.offsets.len() < expected {
            return Fault::broken("it has fewer strips or tiles than its size asks for");
        }
        // Old files leave out how long their strips are.
        if chunks.lengths.len() < expected
            && !(chunks.lengths.is_empty() && layout.coding == Coding::Plain)
        {
            return Fault::broken("it has fewer lengths of strips or tiles than its size asks for");
        }
        Ok(chunks)
    }

    /// The samples that have a say, pixel by pixel.
    pub(super) fn decode(
        &self,
        directory: &Directory<'_>,
        layout: &Layout,
        limits: &Limits,
    ) -> Result<Vec<u16>, Fault> {
        let (columns, rows) = (layout.size.columns(), layout.size.rows());
        let (n_kept, n_planes) =
            (layout.kind.n_kept(), if layout.planar { layout.n_stored } else { 1 });
        let per_pixel = layout.n_stored / n_planes;
        let (across, down) = (columns.div_ceil(self.width), rows.div_ceil(self.height));
        if across * down * n_planes == 1 && n_kept == per_pixel && !self.is_tiled {
            // The only strip is the picture, and is not held twice.
            let chunk = Chunk { width: columns, n_rows: rows, per_pixel };
            let coded = self.coded(directory, 0, &chunk, layout)?;
            let mut samples = chunk.samples(&coded, directory, layout, limits)?;
            samples.truncate(columns * rows * n_kept);
            return Ok(samples);
        }
        let mut samples = vec![0; columns * rows * n_kept];
        for plane in 0..n_planes.min(n_kept) {
            for index in 0..across * down {
                let (top, left) = (index / across * self.height, index % across * self.width);
                let n_rows = self.height.min(rows - top);
                let n_columns = self.width.min(columns - left);
                // A strip at the end has as many rows as are left; a tile is always whole.
                let stored_rows = if self.is_tiled { self.height } else { n_rows };
                let chunk = Chunk { width: self.width, n_rows: stored_rows, per_pixel };
                let coded = self.coded(directory, plane * across * down + index, &chunk, layout)?;
                let found = chunk.samples(&coded, directory, layout, limits)?;
                let kept = n_kept.min(per_pixel);
                for (row, line) in
                    found.chunks_exact(self.width * per_pixel).take(n_rows).enumerate()
                {
                    let start = ((top + row) * columns + left) * n_kept + plane;
                    let pixels = samples[start..].chunks_mut(n_kept).take(n_columns);
                    for (pixel, stored) in pixels.zip(line.chunks_exact(per_pixel)) {
                        pixel[..kept].copy_from_slice(&stored[..kept]);
                    }
                }
            }
        }
        Ok(samples)
    }

    /// The bytes of a chunk as they stand in the file, their first pixel in the highest bit.
    fn coded<'a>(
        &self,
        directory: &Directory<'a>,
        index: usize,
        chunk: &Chunk,
        layout: &Layout,
    ) -> Result<Cow<'a, [u8]>, Fault> {
        let start = directory::place(self.offsets[index])?;
        let length = match self.lengths.get(index) {
            Some(&length) => directory::place(length)?,
            None => chunk.n_bytes(layout.bits),
        };
        let coded =
            directory::slice(directory.bytes, start, length).ok_or(Fault::Short(SAMPLES))?;
        Ok(if layout.lowest_bit_first && layout.coding != Coding::Jpeg {
            coded.iter().map(|byte| byte.reverse_bits()).collect()
        } else {
            coded.into()
        })
    }
}

/// A strip or tile.
struct Chunk {
    width: usize,
    n_rows: usize,
    /// Samples of a pixel in it.
    per_pixel: usize,
}

impl Chunk {
    fn per_row(&self) -> usize {
        self.width * self.per_pixel
    }

    /// Bytes, each row starting at a whole one.
    fn n_bytes(&self, bits: u16) -> usize {
        (self.per_row() * usize::from(bits)).div_ceil(8) * self.n_rows
    }

    fn samples(
        &self,
        coded: &[u8],
        directory: &Directory<'_>,
        layout: &Layout,
        limits: &Limits,
    ) -> Result<Vec<u16>, Fault> {
        if layout.coding == Coding::Jpeg {
            return self.jpeg_samples(coded, directory, layout, limits);
        }
        let n_bytes = self.n_bytes(layout.bits);
        let packed: Cow<'_, [u8]> = match layout.coding {
            Coding::PackBits => unpack_bits(coded, n_bytes).ok_or(Fault::Short(SAMPLES))?.into(),
            Coding::Lzw => from_lzw(coded, n_bytes)?.into(),
            Coding::Deflate => from_deflate(coded, n_bytes)?.into(),
            _ => coded.get(..n_bytes).ok_or(Fault::Short(SAMPLES))?.into(),
        };
        let mut samples = unpacked(&packed, self, layout.bits, directory.big_endian);
        if layout.differences {
            for row in samples.chunks_exact_mut(self.per_row()) {
                for idx in self.per_pixel..row.len() {
                    row[idx] = row[idx].wrapping_add(row[idx - self.per_pixel]);
                    if layout.bits == 8 {
                        row[idx] &= 0xff;
                    }
                }
            }
        }
        Ok(samples)
    }

    /// The samples of a JPEG stream, whose tables may stand in the directory.
    fn jpeg_samples(
        &self,
        coded: &[u8],
        directory: &Directory<'_>,
        layout: &Layout,
        limits: &Limits,
    ) -> Result<Vec<u16>, Fault> {
        let tables = directory.opaque(tag::JPEG_TABLES)?.unwrap_or_default();
        let tables = tables.strip_suffix(&[0xff, 0xd9]).unwrap_or(tables);
        let stream = match coded.strip_prefix(&[0xff, 0xd8]) {
            Some(rest) if !tables.is_empty() => [tables, rest].concat(),
            _ => coded.to_vec(),
        };
        let jpeg = Jpeg::open(&stream, limits)?;
        let size = jpeg.size();
        if (size.columns(), jpeg.n_components()) != (self.width, self.per_pixel)
            || size.rows() < self.n_rows
            || u16::from(jpeg.precision()) != layout.bits
        {
            return Fault::broken("a JPEG stream does not fit its strip or tile");
        }
        let planes = jpeg.decode()?.planes;
        if layout.kind == Kind::YCbCr {
            let levels = crate::jpeg::rgb_of_planes(&planes);
            drop(planes);
            return Ok(levels.into_iter().map(u16::from).collect());
        }
        let n_samples = self.width * self.n_rows * self.per_pixel;
        let interleaved =
            (0..n_samples).map(|idx| planes[idx % self.per_pixel][idx / self.per_pixel]);
        Ok(interleaved.collect())
    }
}

/// Samples of rows that start at whole bytes.
fn unpacked(packed: &[u8], chunk: &Chunk, bits: u16, big_endian: bool) -> Vec<u16> {
    match bits {
        8 => packed.iter().map(|&byte| byte.into()).collect(),
        16 => {
            let pair = if big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
            packed.as_chunks().0.iter().map(|&bytes| pair(bytes)).collect()
        }
        _ => {
            let (bits, mask) = (usize::from(bits), u32::from(u16::MAX >> (16 - bits)));
            let row_length = (chunk.per_row() * bits).div_ceil(8);
            let rows = packed.chunks_exact(row_length);
            let sample = |row: &[u8], idx: usize| {
                let (first, skipped) = (idx * bits / 8, idx * bits % 8);
                let byte = |place: usize| row.get(first + place).map_or(0, |&byte| byte.into());
                let three: u32 = byte(0) << 16 | byte(1) << 8 | byte(2);
                u16::try_from(three >> (24 - skipped - bits) & mask).unwrap_or(0)
            };
            rows.flat_map(|row| (0..chunk.per_row()).map(move |idx| sample(row, idx))).collect()
        }
    }
}

fn from_lzw(coded: &[u8], n_bytes: usize) -> Result<Vec<u8>, Fault> {
    let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
    let mut bytes = vec![0; n_bytes];
    let (mut consumed, mut filled) = (0, 0);
    while filled < n_bytes {
        let step = decoder.decode_bytes(&coded[consumed..], &mut bytes[filled..]);
        consumed += step.consumed_in;
        filled += step.consumed_out;
        match step.status {
            Err(_) => return Fault::broken("a strip or tile is no LZW data"),
            Ok(LzwStatus::Ok) if step.consumed_in + step.consumed_out > 0 => {}
            Ok(_) if filled < n_bytes => return Err(Fault::Short(SAMPLES)),
            Ok(_) => {}
        }
    }
    Ok(bytes)
}

fn from_deflate(coded: &[u8], n_bytes: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![0; n_bytes];
    match flate2::read::ZlibDecoder::new(coded).read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(Fault::Short(SAMPLES))
        }
        Err(_) => Fault::broken("a strip or tile is no deflate data"),
    }
}
