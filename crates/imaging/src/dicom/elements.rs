//! The data elements of a DICOM file, found without copying or allocating for them.
//!
//! Input: bytes. Output: the few elements asked for, as slices of the file (DICOM PS3.5, section 7). Everything else,
//! above all what describes a patient, is stepped over by its length and never held. A parser library was turned down:
//! those tried allocate what a length field claims, up to 4 GiB for a file of 3 KB, and keep the whole header.

use std::collections::BTreeMap;

use super::malformed;
use crate::ImagingError;
use crate::read::Format;

/// Group and element number.
pub(super) type Tag = (u16, u16);

pub(super) const PIXEL_DATA: Tag = (0x7fe0, 0x0010);
const ITEM: Tag = (0xfffe, 0xe000);
const ITEM_END: Tag = (0xfffe, 0xe00d);
const SEQUENCE_END: Tag = (0xfffe, 0xe0dd);
const UNDEFINED_LENGTH: u32 = u32::MAX;
/// Chosen: real files nest sequences a handful deep.
const MAX_DEPTH: usize = 32;

/// How numbers and element headers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    ImplicitLittle,
    ExplicitLittle,
    ExplicitBig,
}

impl Encoding {
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self == Self::ExplicitBig {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self == Self::ExplicitBig {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    }
}

/// The content of an element.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) content: &'a [u8],
    /// Whether the length was left open, as it is for encapsulated pixels; the content then is a row of items.
    pub(super) open_length: bool,
    /// The value representation, where the encoding names it.
    pub(super) representation: Option<[u8; 2]>,
    encoding: Encoding,
}

impl<'a> Value<'a> {
    /// The content as 16-bit numbers.
    pub(super) fn words(self) -> impl Iterator<Item = u16> + 'a {
        self.content.as_chunks().0.iter().map(move |&pair| self.encoding.u16(pair))
    }

    /// The content as text without padding, if it is ASCII.
    pub(super) fn text(self) -> Option<&'a str> {
        let text = std::str::from_utf8(self.content).ok().filter(|text| text.is_ascii())?;
        Some(text.trim_matches(['\0', ' ']))
    }

    /// The contents of the items of a sequence, or the fragments of encapsulated pixels.
    pub(super) fn items(self) -> Result<Vec<&'a [u8]>, ImagingError> {
        let mut cursor = Cursor { rest: self.content, encoding: self.encoding };
        let mut items = Vec::new();
        while !cursor.rest.is_empty() {
            let (tag, length) = cursor.item_header()?;
            match tag {
                ITEM => items.push(cursor.item_content(length, 0)?),
                _ => return Err(malformed("a sequence holds something else than items")),
            }
        }
        Ok(items)
    }

    /// The wanted elements of an item, if there is one; `index` counts from 0.
    pub(super) fn item(
        self,
        index: usize,
        wanted: &[Tag],
    ) -> Result<Option<DataSet<'a>>, ImagingError> {
        let items = self.items()?;
        items.get(index).map(|content| DataSet::read(content, self.encoding, wanted)).transpose()
    }
}

/// The wanted elements of a data set.
pub(super) struct DataSet<'a> {
    elements: BTreeMap<Tag, Value<'a>>,
}

impl<'a> DataSet<'a> {
    /// Reads up to the end or through the pixels, which come last of what is ever wanted.
    pub(super) fn read(
        bytes: &'a [u8],
        encoding: Encoding,
        wanted: &[Tag],
    ) -> Result<Self, ImagingError> {
        let mut cursor = Cursor { rest: bytes, encoding };
        let mut elements = BTreeMap::new();
        while !cursor.rest.is_empty() {
            let (tag, value) = cursor.element(0)?;
            if wanted.contains(&tag) {
                elements.insert(tag, value);
            }
            if tag == PIXEL_DATA {
                break;
            }
        }
        Ok(Self { elements })
    }

    pub(super) fn get(&self, tag: Tag) -> Option<Value<'a>> {
        self.elements.get(&tag).copied()
    }
}

/// The elements of group 2, which open a file, and the bytes after them.
pub(super) fn split_meta<'a>(
    bytes: &'a [u8],
    wanted: &[Tag],
) -> Result<(DataSet<'a>, &'a [u8]), ImagingError> {
    let mut cursor = Cursor { rest: bytes, encoding: Encoding::ExplicitLittle };
    let mut elements = BTreeMap::new();
    while cursor.rest.starts_with(&[2, 0]) {
        let (tag, value) = cursor.element(0)?;
        if wanted.contains(&tag) {
            elements.insert(tag, value);
        }
    }
    Ok((DataSet { elements }, cursor.rest))
}

struct Cursor<'a> {
    rest: &'a [u8],
    encoding: Encoding,
}

impl<'a> Cursor<'a> {
    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], ImagingError> {
        let (array, rest) =
            self.rest.split_first_chunk().ok_or_else(|| cut_in("an element's header"))?;
        self.rest = rest;
        Ok(*array)
    }

    fn take(&mut self, length: u32, tag: Tag) -> Result<&'a [u8], ImagingError> {
        let place =
            if tag == PIXEL_DATA { "PixelData (7FE0,0010)" } else { "an element's content" };
        let length = usize::try_from(length).map_err(|_| cut_in(place))?;
        let (content, rest) = self.rest.split_at_checked(length).ok_or_else(|| cut_in(place))?;
        self.rest = rest;
        Ok(content)
    }

    fn tag(&mut self) -> Result<Tag, ImagingError> {
        Ok((self.encoding.u16(self.array()?), self.encoding.u16(self.array()?)))
    }

    fn element(&mut self, depth: usize) -> Result<(Tag, Value<'a>), ImagingError> {
        let tag = self.tag()?;
        if tag.0 == ITEM.0 {
            return Err(malformed("an item stands outside a sequence"));
        }
        let (representation, length) = self.representation_and_length()?;
        let open_length = length == UNDEFINED_LENGTH;
        let mut value =
            Value { content: &[], open_length, representation, encoding: self.encoding };
        if value.open_length {
            // What is of unknown representation is implicit inside (PS3.5, 6.2.2).
            if representation == Some(*b"UN") {
                value.encoding = Encoding::ImplicitLittle;
            }
            value.content = self.content_to_end_of_sequence(value.encoding, depth)?;
        } else {
            value.content = self.take(length, tag)?;
        }
        Ok((tag, value))
    }

    fn representation_and_length(&mut self) -> Result<(Option<[u8; 2]>, u32), ImagingError> {
        if self.encoding == Encoding::ImplicitLittle {
            return Ok((None, self.encoding.u32(self.array()?)));
        }
        let representation: [u8; 2] = self.array()?;
        if !representation.iter().all(u8::is_ascii_uppercase) {
            return Err(malformed("an element does not name its value representation"));
        }
        let length = match &representation {
            b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN"
            | b"UR" | b"UT" | b"UV" => {
                let _reserved: [u8; 2] = self.array()?;
                self.encoding.u32(self.array()?)
            }
            _ => u32::from(self.encoding.u16(self.array()?)),
        };
        Ok((Some(representation), length))
    }

    fn item_header(&mut self) -> Result<(Tag, u32), ImagingError> {
        Ok((self.tag()?, self.encoding.u32(self.array()?)))
    }

    /// What stands before the delimiter of a sequence of open length; the delimiter is stepped over.
    fn content_to_end_of_sequence(
        &mut self,
        inside: Encoding,
        depth: usize,
    ) -> Result<&'a [u8], ImagingError> {
        let start = self.rest;
        let mut cursor = Cursor { rest: start, encoding: inside };
        loop {
            let end = start.len() - cursor.rest.len();
            match cursor.item_header()? {
                (SEQUENCE_END, _) => {
                    self.rest = cursor.rest;
                    return Ok(&start[..end]);
                }
                (ITEM, length) => cursor.item_content(length, depth + 1)?,
                _ => return Err(malformed("a sequence holds something else than items")),
            };
        }
    }

    /// The content of an item whose header was read; a delimiter is stepped over.
    fn item_content(&mut self, length: u32, depth: usize) -> Result<&'a [u8], ImagingError> {
        if length != UNDEFINED_LENGTH {
            return self.take(length, ITEM);
        }
        if depth > MAX_DEPTH {
            return Err(malformed("its sequences are nested too deeply"));
        }
        let start = self.rest;
        loop {
            let end = start.len() - self.rest.len();
            let mut ahead = Cursor { rest: self.rest, encoding: self.encoding };
            if ahead.tag()? == ITEM_END {
                ahead.array::<4>()?;
                self.rest = ahead.rest;
                return Ok(&start[..end]);
            }
            self.element(depth)?;
        }
    }
}

fn cut_in(place: &str) -> ImagingError {
    ImagingError::Truncated { format: Format::Dicom, place: place.to_owned() }
}
