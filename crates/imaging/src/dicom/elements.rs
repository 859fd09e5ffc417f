//! The data elements of a DICOM file, found without copying or allocating for them.
//!
//! Input: bytes. Output: the few elements asked for, as slices of the file (DICOM PS3.5, section 7), and what was odd about
//! the way they were written. Everything else, above all what describes a patient, is stepped over by its length and never
//! held. A parser library was turned down: those tried allocate what a length field claims, up to 4 GiB for a file of
//! 3 KB, keep the whole header, and read fewer of the odd files that hospitals have.

use std::collections::{BTreeMap, BTreeSet};

use super::malformed;
use crate::ImagingError;
use crate::read::{DicomOddity, Format};

/// Group and element number.
pub(super) type Tag = (u16, u16);

/// What is odd about a file, each once.
pub(super) type Oddities = BTreeSet<DicomOddity>;

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

    /// The encoding that the first element of `bytes` has, if it can be told.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let &[g0, g1, _, _, v0, v1, v2, v3] = bytes.first_chunk::<8>()?;
        if is_representation([v0, v1]) {
            // Groups are small numbers, so that their higher byte is the lesser one.
            return match g0.cmp(&g1) {
                std::cmp::Ordering::Greater => Some(Self::ExplicitLittle),
                std::cmp::Ordering::Less => Some(Self::ExplicitBig),
                std::cmp::Ordering::Equal => None,
            };
        }
        let length = u32::from_le_bytes([v0, v1, v2, v3]);
        let fits = length == UNDEFINED_LENGTH || length as usize <= bytes.len() - 8;
        (fits && g0 >= g1).then_some(Self::ImplicitLittle)
    }
}

/// Whether `pair` is one of the standard's value representations (PS3.5, 6.2).
fn is_representation(pair: [u8; 2]) -> bool {
    const ALL: &[u8] = b"AEASATCSDADSDTFDFLISLOLTOBODOFOLOVOWPNSHSLSQSSSTSVTMUCUIULUNURUSUTUV";
    ALL.as_chunks::<2>().0.contains(&pair)
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

    /// The content as 32-bit numbers.
    pub(super) fn long_words(self) -> impl Iterator<Item = u32> + 'a {
        self.content.as_chunks().0.iter().map(move |&four| self.encoding.u32(four))
    }

    /// Whether words have their higher byte first.
    pub(super) fn is_big_endian(self) -> bool {
        self.encoding == Encoding::ExplicitBig
    }

    /// Whether nothing says what the content is, so that a sequence in it had to be found out.
    pub(super) fn is_of_unknown_representation(self) -> bool {
        self.representation == Some(*b"UN")
    }

    /// The content as text without padding, if it is ASCII.
    pub(super) fn text(self) -> Option<&'a str> {
        let text = std::str::from_utf8(self.content).ok().filter(|text| text.is_ascii())?;
        Some(text.trim_matches(['\0', ' ']))
    }

    /// The contents of the items of a sequence, or the fragments of encapsulated pixels.
    pub(super) fn items(self) -> Result<Vec<&'a [u8]>, ImagingError> {
        let mut cursor = Cursor::new(self.content, self.encoding);
        let mut items = Vec::new();
        while cursor.rest.len() >= 8 {
            let (tag, length) = cursor.item_header()?;
            match tag {
                ITEM => items.push(cursor.item_content(length, 0)?),
                // A delimiter in a sequence of stated length ends nothing.
                ITEM_END | SEQUENCE_END => {}
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
    pub(super) oddities: Oddities,
}

impl<'a> DataSet<'a> {
    /// Reads up to the end or through the pixels, which come last of what is ever wanted.
    pub(super) fn read(
        bytes: &'a [u8],
        declared: Encoding,
        wanted: &[Tag],
    ) -> Result<Self, ImagingError> {
        let mut cursor = Cursor::new(bytes, Encoding::of(bytes).unwrap_or(declared));
        if cursor.encoding != declared {
            cursor.oddities.insert(DicomOddity::EncodingDiffers);
        }
        let mut elements = BTreeMap::new();
        // A few zeros may fill up the file.
        while cursor.rest.len() >= 8 || cursor.rest.iter().any(|&byte| byte != 0) {
            let Some((tag, value)) = cursor.element(0)? else { continue };
            if wanted.contains(&tag) {
                elements.entry(tag).or_insert(value);
            }
            if tag == PIXEL_DATA {
                break;
            }
        }
        Ok(Self { elements, oddities: cursor.oddities })
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
    let mut cursor = Cursor::new(bytes, Encoding::ExplicitLittle);
    let mut elements = BTreeMap::new();
    while cursor.rest.starts_with(&[2, 0]) {
        let Some((tag, value)) = cursor.element(0)? else { continue };
        if wanted.contains(&tag) {
            elements.insert(tag, value);
        }
    }
    Ok((DataSet { elements, oddities: cursor.oddities }, cursor.rest))
}

struct Cursor<'a> {
    rest: &'a [u8],
    encoding: Encoding,
    oddities: Oddities,
}

impl<'a> Cursor<'a> {
    fn new(rest: &'a [u8], encoding: Encoding) -> Self {
        Self { rest, encoding, oddities: Oddities::new() }
    }

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

    /// The next element; nothing for a delimiter that delimits nothing.
    fn element(&mut self, depth: usize) -> Result<Option<(Tag, Value<'a>)>, ImagingError> {
        let tag = self.tag()?;
        if tag == ITEM_END || tag == SEQUENCE_END {
            self.array::<4>()?;
            self.oddities.insert(DicomOddity::StrayDelimiter);
            return Ok(None);
        }
        if tag.0 == ITEM.0 {
            return Err(malformed("an item stands outside a sequence"));
        }
        let (representation, length) = self.representation_and_length()?;
        let open_length = length == UNDEFINED_LENGTH;
        let mut value =
            Value { content: &[], open_length, representation, encoding: self.encoding };
        // What is of unknown representation is implicit inside (PS3.5, 6.2.2).
        if representation == Some(*b"UN") && (open_length || self.starts_with_item()) {
            value.encoding = Encoding::ImplicitLittle;
        }
        value.content = if open_length {
            self.content_to_end_of_sequence(value.encoding, tag, depth)?
        } else {
            self.take(length, tag)?
        };
        Ok(Some((tag, value)))
    }

    fn starts_with_item(&self) -> bool {
        self.rest.starts_with(&[0xfe, 0xff, 0x00, 0xe0])
    }

    /// What stands after a tag. An element that is written in the other way than its surroundings is taken as it is.
    fn representation_and_length(&mut self) -> Result<(Option<[u8; 2]>, u32), ImagingError> {
        let Some(&[v0, v1, v2, v3]) = self.rest.first_chunk::<4>() else {
            return Err(cut_in("an element's header"));
        };
        let implicit_length = u32::from_le_bytes([v0, v1, v2, v3]);
        let fits =
            |length: u32| length == UNDEFINED_LENGTH || length as usize <= self.rest.len() - 4;
        let is_explicit = if self.encoding == Encoding::ImplicitLittle {
            let differs = is_representation([v0, v1]) && !fits(implicit_length);
            if differs {
                self.oddities.insert(DicomOddity::ElementEncodingDiffers);
            }
            differs
        } else {
            let named = v0.is_ascii_uppercase() && v1.is_ascii_uppercase();
            if !named {
                if self.encoding == Encoding::ExplicitBig || !fits(implicit_length) {
                    return Err(malformed("an element does not name its value representation"));
                }
                self.oddities.insert(DicomOddity::ElementEncodingDiffers);
            }
            named
        };
        if !is_explicit {
            self.array::<4>()?;
            return Ok((None, implicit_length));
        }
        let representation: [u8; 2] = self.array()?;
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

    /// What stands before the delimiter of a sequence of open length; the delimiter is stepped over. Pixels that end with
    /// the file may lack theirs.
    fn content_to_end_of_sequence(
        &mut self,
        inside: Encoding,
        tag: Tag,
        depth: usize,
    ) -> Result<&'a [u8], ImagingError> {
        let start = self.rest;
        let mut cursor = Cursor::new(start, inside);
        let content = loop {
            let end = start.len() - cursor.rest.len();
            if tag == PIXEL_DATA && end > 0 && cursor.rest.len() < 8 {
                self.oddities.insert(DicomOddity::PixelsNotClosed);
                cursor.rest = &[];
                break &start[..end];
            }
            match cursor.item_header()? {
                (SEQUENCE_END, _) => break &start[..end],
                (ITEM, length) => cursor.item_content(length, depth + 1)?,
                _ => return Err(malformed("a sequence holds something else than items")),
            };
        };
        self.rest = cursor.rest;
        self.oddities.append(&mut cursor.oddities);
        Ok(content)
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
        let around = self.encoding;
        if let Some(own) = Encoding::of(start).filter(|&own| own != around) {
            self.encoding = own;
            self.oddities.insert(DicomOddity::ElementEncodingDiffers);
        }
        loop {
            let end = start.len() - self.rest.len();
            let mut ahead = Cursor::new(self.rest, around);
            if ahead.tag()? == ITEM_END {
                ahead.array::<4>()?;
                self.rest = ahead.rest;
                self.encoding = around;
                return Ok(&start[..end]);
            }
            self.element(depth)?;
        }
    }
}

fn cut_in(place: &str) -> ImagingError {
    ImagingError::Truncated { format: Format::Dicom, place: place.to_owned() }
}
