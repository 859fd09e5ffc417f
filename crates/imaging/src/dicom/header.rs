//! The attributes that say how samples are stored and what they stand for.

use super::elements::{self, DataSet, Encoding, PIXEL_DATA, Tag, Value};
use super::{attribute, unsupported};
use crate::ImagingError;
use crate::raster::ImageSize;
use crate::read::ReadOptions;

const TRANSFER_SYNTAX: Tag = (0x0002, 0x0010);
const SAMPLES_PER_PIXEL: Tag = (0x0028, 0x0002);
const PHOTOMETRIC: Tag = (0x0028, 0x0004);
const N_FRAMES: Tag = (0x0028, 0x0008);
const ROWS: Tag = (0x0028, 0x0010);
const COLUMNS: Tag = (0x0028, 0x0011);
const BITS_ALLOCATED: Tag = (0x0028, 0x0100);
const BITS_STORED: Tag = (0x0028, 0x0101);
const HIGH_BIT: Tag = (0x0028, 0x0102);
const PIXEL_REPRESENTATION: Tag = (0x0028, 0x0103);
const PADDING: Tag = (0x0028, 0x0120);
const PADDING_LIMIT: Tag = (0x0028, 0x0121);
const INTERCEPT: Tag = (0x0028, 0x1052);
const SLOPE: Tag = (0x0028, 0x1053);
const MODALITY_TABLE: Tag = (0x0028, 0x3000);
pub(super) const WINDOW_CENTER: Tag = (0x0028, 0x1050);
pub(super) const WINDOW_WIDTH: Tag = (0x0028, 0x1051);
pub(super) const VOI_FUNCTION: Tag = (0x0028, 0x1056);
pub(super) const VOI_TABLE: Tag = (0x0028, 0x3010);

/// Every attribute that is held. None of them describes a patient.
const HELD: [Tag; 19] = [
    SAMPLES_PER_PIXEL,
    PHOTOMETRIC,
    N_FRAMES,
    ROWS,
    COLUMNS,
    BITS_ALLOCATED,
    BITS_STORED,
    HIGH_BIT,
    PIXEL_REPRESENTATION,
    PADDING,
    PADDING_LIMIT,
    WINDOW_CENTER,
    WINDOW_WIDTH,
    INTERCEPT,
    SLOPE,
    VOI_FUNCTION,
    MODALITY_TABLE,
    VOI_TABLE,
    PIXEL_DATA,
];

/// How the samples of a frame are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Native,
    Rle,
    Jpeg,
}

/// A file whose transfer syntax is supported.
pub(super) struct File<'a> {
    packing: Packing,
    pub(super) data_set: DataSet<'a>,
}

/// Opens the bytes of a file, of which the preamble was seen when the format was told.
pub(super) fn open(bytes: &[u8]) -> Result<File<'_>, ImagingError> {
    let (meta, rest) = elements::split_meta(&bytes[132..], &[TRANSFER_SYNTAX])?;
    let syntax = meta.get(TRANSFER_SYNTAX).and_then(Value::text);
    let syntax = syntax.ok_or_else(|| attribute("TransferSyntaxUID (0002,0010)", "missing"))?;
    let (packing, encoding) = transfer_syntax(syntax)?;
    Ok(File { packing, data_set: DataSet::read(rest, encoding, &HELD)? })
}

fn transfer_syntax(uid: &str) -> Result<(Packing, Encoding), ImagingError> {
    let name = match uid.strip_prefix("1.2.840.10008.1.2") {
        Some("") => return Ok((Packing::Native, Encoding::ImplicitLittle)),
        Some(".1") => return Ok((Packing::Native, Encoding::ExplicitLittle)),
        Some(".2") => return Ok((Packing::Native, Encoding::ExplicitBig)),
        Some(".5") => return Ok((Packing::Rle, Encoding::ExplicitLittle)),
        Some(".4.50" | ".4.51" | ".4.57" | ".4.70") => {
            return Ok((Packing::Jpeg, Encoding::ExplicitLittle));
        }
        Some(".1.99") => "deflated",
        Some(".4.80" | ".4.81") => "JPEG-LS",
        Some(".4.90" | ".4.91" | ".4.92" | ".4.93") => "JPEG 2000",
        Some(".4.201" | ".4.202" | ".4.203") => "high-throughput JPEG 2000",
        Some(".4.110" | ".4.111" | ".4.112") => "JPEG XL",
        // Its text is the file's own, and is not repeated.
        _ => return Err(unsupported("a transfer syntax that is not known")),
    };
    Err(unsupported(format!("transfer syntax {uid} ({name})")))
}

/// How samples are stored, and what they stand for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) size: ImageSize,
    pub(super) frames: u32,
    pub(super) packing: Packing,
    /// 1 or 2.
    pub(super) bytes_each: usize,
    pub(super) bits_stored: u16,
    /// The position of the topmost significant bit.
    high_bit: u16,
    pub(super) signed: bool,
    pub(super) inverted: bool,
    pub(super) slope: f64,
    pub(super) intercept: f64,
    /// Stored values that are no part of the picture, both ends included.
    padding: Option<(i32, i32)>,
}

impl Header {
    pub(super) fn read(file: &File<'_>, options: &ReadOptions) -> Result<Self, ImagingError> {
        let data_set = &file.data_set;
        let rows = required(data_set, ROWS, "Rows (0028,0010)")?;
        let columns = required(data_set, COLUMNS, "Columns (0028,0011)")?;
        let size = options.limits.size(columns.into(), rows.into())?;
        let frames = frames(data_set)?;
        if options.frame >= frames {
            return Err(ImagingError::NoSuchFrame { frame: options.frame, frames });
        }
        if optional(data_set, SAMPLES_PER_PIXEL).is_some_and(|samples| samples != 1) {
            return Err(unsupported("colour"));
        }
        let inverted = is_inverted(data_set)?;
        let bits_allocated = required(data_set, BITS_ALLOCATED, "BitsAllocated (0028,0100)")?;
        let bytes_each = match bits_allocated {
            8 => 1,
            16 => 2,
            bits => return Err(unsupported(format!("samples of {bits} bits"))),
        };
        let bits_stored = optional(data_set, BITS_STORED).unwrap_or(bits_allocated);
        if !(1..=bits_allocated).contains(&bits_stored) {
            return Err(attribute("BitsStored (0028,0101)", "not between 1 and BitsAllocated"));
        }
        let high_bit = optional(data_set, HIGH_BIT).unwrap_or(bits_stored - 1);
        if high_bit >= bits_allocated || high_bit + 1 < bits_stored {
            return Err(attribute("HighBit (0028,0102)", "outside the sample"));
        }
        if data_set.get(MODALITY_TABLE).is_some_and(|table| !table.content.is_empty()) {
            return Err(unsupported("a modality look-up table"));
        }
        let signed = match optional(data_set, PIXEL_REPRESENTATION).unwrap_or(0) {
            0 => false,
            1 => true,
            _ => return Err(attribute("PixelRepresentation (0028,0103)", "neither 0 nor 1")),
        };
        let number = |tag, name, default| {
            Ok(decimals(data_set, tag, name)?.first().copied().unwrap_or(default))
        };
        let slope = number(SLOPE, "RescaleSlope (0028,1053)", 1.0)?;
        if slope == 0.0 {
            return Err(attribute("RescaleSlope (0028,1053)", "zero"));
        }
        let intercept = number(INTERCEPT, "RescaleIntercept (0028,1052)", 0.0)?;
        let header = Self {
            size,
            frames,
            packing: file.packing,
            bytes_each,
            bits_stored,
            high_bit,
            signed,
            inverted,
            slope,
            intercept,
            padding: padding(data_set, signed),
        };
        let (low, high) = header.full_range();
        if !(high - low).is_finite() {
            return Err(attribute("RescaleSlope (0028,1053)", "beyond what a number can hold"));
        }
        Ok(header)
    }

    /// What a stored sample stands for.
    pub(super) fn value_of(&self, sample: u16) -> f64 {
        f64::from(self.stored(sample)) * self.slope + self.intercept
    }

    /// The number in the significant bits of a sample.
    fn stored(&self, sample: u16) -> i32 {
        let unused = 16 - self.bits_stored;
        let aligned = (sample >> (self.high_bit + 1 - self.bits_stored)) << unused;
        if self.signed {
            (aligned.cast_signed() >> unused).into()
        } else {
            (aligned >> unused).into()
        }
    }

    /// Whether a sample fills up the frame beside the picture (PS3.3, C.7.5.1.1.2).
    pub(super) fn is_padding(&self, sample: u16) -> bool {
        let stored = self.stored(sample);
        self.padding.is_some_and(|(low, high)| (low..=high).contains(&stored))
    }

    /// The least and the greatest value that a sample can stand for.
    pub(super) fn full_range(&self) -> (f64, f64) {
        let span = f64::from(1_u32 << self.bits_stored);
        let lowest = if self.signed { -span / 2.0 } else { 0.0 };
        let ends = [lowest, lowest + span - 1.0].map(|stored| stored * self.slope + self.intercept);
        (ends[0].min(ends[1]), ends[0].max(ends[1]))
    }
}

fn padding(data_set: &DataSet<'_>, signed: bool) -> Option<(i32, i32)> {
    let number = |tag| {
        let word = optional(data_set, tag)?;
        Some(if signed { i32::from(word.cast_signed()) } else { i32::from(word) })
    };
    let value = number(PADDING)?;
    let limit = number(PADDING_LIMIT).unwrap_or(value);
    Some((value.min(limit), value.max(limit)))
}

fn is_inverted(data_set: &DataSet<'_>) -> Result<bool, ImagingError> {
    const NAME: &str = "PhotometricInterpretation (0028,0004)";
    match data_set.get(PHOTOMETRIC).ok_or_else(|| attribute(NAME, "missing"))?.text() {
        Some("MONOCHROME1") => Ok(true),
        Some("MONOCHROME2") => Ok(false),
        Some("RGB" | "PALETTE COLOR") => Err(unsupported("colour")),
        Some(ybr) if ybr.starts_with("YBR_") => Err(unsupported("colour")),
        _ => Err(attribute(NAME, "not one of the standard's")),
    }
}

fn frames(data_set: &DataSet<'_>) -> Result<u32, ImagingError> {
    let number = |text: &str| text.parse().ok().filter(|&frames| frames > 0);
    match data_set.get(N_FRAMES).map(Value::text) {
        None | Some(Some("")) => Ok(1),
        Some(text) => text
            .and_then(number)
            .ok_or_else(|| attribute("NumberOfFrames (0028,0008)", "not a positive number")),
    }
}

fn optional(data_set: &DataSet<'_>, tag: Tag) -> Option<u16> {
    data_set.get(tag)?.words().next()
}

fn required(data_set: &DataSet<'_>, tag: Tag, name: &'static str) -> Result<u16, ImagingError> {
    optional(data_set, tag).ok_or_else(|| attribute(name, "missing"))
}

/// The numbers of a decimal string, none if it is absent or empty.
pub(super) fn decimals(
    data_set: &DataSet<'_>,
    tag: Tag,
    name: &'static str,
) -> Result<Vec<f64>, ImagingError> {
    let Some(value) = data_set.get(tag) else { return Ok(Vec::new()) };
    let number = |part: &str| {
        part.trim_matches(['\0', ' ']).parse().ok().filter(|number: &f64| number.is_finite())
    };
    match value.text() {
        Some("") => Ok(Vec::new()),
        text => text
            .and_then(|text| text.split('\\').map(number).collect())
            .ok_or_else(|| attribute(name, "not a finite number")),
    }
}
