//! The first directory of a TIFF file: where its entries stand, and their numbers.

use crate::codec::Fault;

/// The tags that have a say in a picture.
pub(super) mod tag {
    pub(in super::super) const WIDTH: u16 = 256;
    pub(in super::super) const LENGTH: u16 = 257;
    pub(in super::super) const BITS_PER_SAMPLE: u16 = 258;
    pub(in super::super) const COMPRESSION: u16 = 259;
    pub(in super::super) const PHOTOMETRIC: u16 = 262;
    pub(in super::super) const FILL_ORDER: u16 = 266;
    pub(in super::super) const STRIP_OFFSETS: u16 = 273;
    pub(in super::super) const ORIENTATION: u16 = 274;
    pub(in super::super) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(in super::super) const ROWS_PER_STRIP: u16 = 278;
    pub(in super::super) const STRIP_BYTES: u16 = 279;
    pub(in super::super) const PLANAR: u16 = 284;
    pub(in super::super) const PREDICTOR: u16 = 317;
    pub(in super::super) const COLOUR_MAP: u16 = 320;
    pub(in super::super) const TILE_WIDTH: u16 = 322;
    pub(in super::super) const TILE_LENGTH: u16 = 323;
    pub(in super::super) const TILE_OFFSETS: u16 = 324;
    pub(in super::super) const TILE_BYTES: u16 = 325;
    pub(in super::super) const EXTRA_SAMPLES: u16 = 338;
    pub(in super::super) const SAMPLE_FORMAT: u16 = 339;
    pub(in super::super) const JPEG_TABLES: u16 = 347;
    pub(in super::super) const YCBCR_SAMPLING: u16 = 530;
}

/// The place that a cut is reported at.
const PLACE: &str = "a directory";

/// A directory, its entries still in the file.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) big_endian: bool,
    /// 8 in `BigTIFF`, else 4.
    word: usize,
    entries: &'a [u8],
    /// Whether another page follows.
    pub(super) has_others: bool,
}

impl<'a> Directory<'a> {
    pub(super) fn first(bytes: &'a [u8]) -> Result<Self, Fault> {
        let big_endian = bytes.starts_with(b"MM");
        let word = if number(bytes, 2, 2, big_endian)? == 43 { 8 } else { 4 };
        let start = place(number(bytes, word, word, big_endian)?)?;
        let (count_size, entry_size) = if word == 8 { (8, 20) } else { (2, 12) };
        let n_entries = place(number(bytes, start, count_size, big_endian)?)?;
        let entries = n_entries
            .checked_mul(entry_size)
            .and_then(|length| slice(bytes, start + count_size, length))
            .ok_or(Fault::Short(PLACE))?;
        // A file may end without saying that no page follows.
        let next = number(bytes, start + count_size + entries.len(), word, big_endian);
        Ok(Self { bytes, big_endian, word, entries, has_others: next.is_ok_and(|next| next != 0) })
    }

    /// The type and content of an entry, nothing if there is none.
    fn content(&self, tag: u16) -> Result<Option<(u64, &'a [u8])>, Fault> {
        let found = self.entries.chunks_exact(self.word + 4 + self.word).find(|entry| {
            number(entry, 0, 2, self.big_endian).is_ok_and(|found| found == u64::from(tag))
        });
        let Some(entry) = found else { return Ok(None) };
        let kind = number(entry, 2, 2, self.big_endian)?;
        let size = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16 | 17 | 18 => 8,
            _ => return Fault::broken("an entry of a type that TIFF does not have"),
        };
        let length = place(number(entry, 4, self.word, self.big_endian)?)?.checked_mul(size);
        let length = length.ok_or(Fault::Short(PLACE))?;
        if length <= self.word {
            return Ok(slice(entry, 4 + self.word, length).map(|content| (kind, content)));
        }
        let start = place(number(entry, 4 + self.word, self.word, self.big_endian)?)?;
        let content = slice(self.bytes, start, length).ok_or(Fault::Short("an entry's values"))?;
        Ok(Some((kind, content)))
    }

    /// The whole numbers of an entry, none if it is absent.
    pub(super) fn numbers(&self, tag: u16) -> Result<Vec<u64>, Fault> {
        let Some((kind, content)) = self.content(tag)? else { return Ok(Vec::new()) };
        let size = match kind {
            1 | 7 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return Fault::broken("an entry that should hold whole numbers holds others"),
        };
        content.chunks_exact(size).map(|part| number(part, 0, size, self.big_endian)).collect()
    }

    /// The first number of an entry.
    pub(super) fn number(&self, tag: u16) -> Result<Option<u64>, Fault> {
        Ok(self.numbers(tag)?.first().copied())
    }

    /// The bytes of an entry.
    pub(super) fn opaque(&self, tag: u16) -> Result<Option<&'a [u8]>, Fault> {
        Ok(self.content(tag)?.map(|(_, content)| content))
    }
}

/// A place in memory for one in a file.
pub(super) fn place(number: u64) -> Result<usize, Fault> {
    usize::try_from(number).map_err(|_| Fault::Short(PLACE))
}

pub(super) fn slice(bytes: &[u8], start: usize, length: usize) -> Option<&[u8]> {
    bytes.get(start..)?.get(..length)
}

/// An unsigned number of `size` bytes, at most eight.
fn number(bytes: &[u8], start: usize, size: usize, big_endian: bool) -> Result<u64, Fault> {
    let digits = slice(bytes, start, size).ok_or(Fault::Short(PLACE))?;
    let add = |number: u64, &digit: &u8| number << 8 | u64::from(digit);
    Ok(if big_endian { digits.iter().fold(0, add) } else { digits.iter().rev().fold(0, add) })
}
