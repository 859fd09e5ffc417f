//! Look-up tables: modality, values of interest, palettes (DICOM PS3.3, C.11.1, C.11.2 and C.7.6.3.1.5).

use super::attribute;
use super::elements::{DataSet, Tag, Value};
use crate::ImagingError;

const DESCRIPTOR: &str = "LUTDescriptor (0028,3002)";
const DESCRIPTOR_TAG: Tag = (0x0028, 0x3002);
const DATA: &str = "LUTData (0028,3006)";
const DATA_TAG: Tag = (0x0028, 0x3006);

/// A table from numbers to entries.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// The number that the first entry stands for.
    pub(super) first: i32,
    /// Bits of an entry, 8 to 16.
    pub(super) bits: u16,
    /// At least one.
    pub(super) entries: Vec<u16>,
}

impl Table {
    /// The entry for `number`; beyond the ends, that of the end.
    pub(super) fn at(&self, number: i64) -> u16 {
        let index = usize::try_from(number - i64::from(self.first)).unwrap_or(0);
        self.entries[index.min(self.entries.len() - 1)]
    }

    pub(super) fn highest(&self) -> u16 {
        u16::MAX >> (16 - self.bits)
    }

    /// A table from its descriptor and data; `names` are those of the attributes.
    pub(super) fn read(
        descriptor: Option<Value<'_>>,
        data: Option<Value<'_>>,
        signed: bool,
        [descriptor_name, data_name]: [&'static str; 2],
    ) -> Result<Self, ImagingError> {
        let descriptor = descriptor.ok_or_else(|| attribute(descriptor_name, "missing"))?;
        let numbers: Vec<u16> = descriptor.words().collect();
        let [n_entries, first, bits] = numbers[..] else {
            return Err(attribute(descriptor_name, "not three numbers"));
        };
        // 16 bits hold 65536 as 0. The first value has the sign that its representation says, else that of the pixels.
        let n_entries = if n_entries == 0 { 1 << 16 } else { usize::from(n_entries) };
        let signed = match descriptor.representation {
            Some(representation) if &representation != b"UN" => &representation == b"SS",
            _ => signed,
        };
        let first = if signed { i32::from(first.cast_signed()) } else { i32::from(first) };
        if !(8..=16).contains(&bits) {
            return Err(attribute(descriptor_name, "of a depth outside 8 to 16 bits"));
        }
        let data = data.ok_or_else(|| attribute(data_name, "missing"))?;
        // Tables of 8 bits may come as bytes.
        let mut entries: Vec<u16> = if bits == 8 && data.content.len() < 2 * n_entries {
            data.content.iter().map(|&byte| byte.into()).collect()
        } else {
            data.words().collect()
        };
        if entries.len() < n_entries {
            return Err(attribute(data_name, "shorter than its descriptor says"));
        }
        entries.truncate(n_entries);
        Ok(Self { first, bits, entries })
    }
}

/// The table in an item of a sequence, counted from 0.
pub(super) fn nth(
    sequence: Value<'_>,
    index: usize,
    signed: bool,
) -> Result<Option<Table>, ImagingError> {
    let item: Option<DataSet<'_>> = sequence.item(index, &[DESCRIPTOR_TAG, DATA_TAG])?;
    item.map(|item| {
        Table::read(item.get(DESCRIPTOR_TAG), item.get(DATA_TAG), signed, [DESCRIPTOR, DATA])
    })
    .transpose()
}
