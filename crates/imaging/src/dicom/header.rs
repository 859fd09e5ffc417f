//! The attributes that say how samples are stored and what they stand for.

use super::elements::{DataSet, PIXEL_DATA, Tag, Value};
use super::table::{self, Table};
use super::{attribute, unsupported};
use crate::ImagingError;
use crate::raster::ImageSize;
use crate::read::{DicomOddity, ReadOptions};

const SAMPLES_PER_PIXEL: Tag = (0x0028, 0x0002);
const PHOTOMETRIC: Tag = (0x0028, 0x0004);
const PLANAR: Tag = (0x0028, 0x0006);
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
const FLOAT_PIXELS: [Tag; 2] = [(0x7fe0, 0x0008), (0x7fe0, 0x0009)];
pub(super) const WINDOW_CENTER: Tag = (0x0028, 0x1050);
pub(super) const WINDOW_WIDTH: Tag = (0x0028, 0x1051);
pub(super) const VOI_FUNCTION: Tag = (0x0028, 0x1056);
pub(super) const VOI_TABLE: Tag = (0x0028, 0x3010);
/// Descriptor and data of the red, green and blue palette.
pub(super) const PALETTE: [(Tag, Tag); 3] = [
    ((0x0028, 0x1101), (0x0028, 0x1201)),
    ((0x0028, 0x1102), (0x0028, 0x1202)),
    ((0x0028, 0x1103), (0x0028, 0x1203)),
];

/// Every attribute that is held. None of them describes a patient.
pub(super) const HELD: [Tag; 28] = [
    SAMPLES_PER_PIXEL,
    PHOTOMETRIC,
    PLANAR,
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
    PALETTE[0].0,
    PALETTE[0].1,
    PALETTE[1].0,
    PALETTE[1].1,
    PALETTE[2].0,
    PALETTE[2].1,
    FLOAT_PIXELS[0],
    FLOAT_PIXELS[1],
    PIXEL_DATA,
];

/// What samples mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Photometric {
    /// Low values are white.
    Monochrome1,
    Monochrome2,
    Palette,
    Rgb,
    YbrFull,
    /// Where samples are not compressed, two pixels share their chroma.
    YbrFull422,
    /// Colour as JPEG 2000 transforms it, and its decoder back.
    YbrInJpeg2000,
}

impl Photometric {
    fn read(data_set: &DataSet<'_>) -> Result<Self, ImagingError> {
        const NAME: &str = "PhotometricInterpretation (0028,0004)";
        match data_set.get(PHOTOMETRIC).ok_or_else(|| attribute(NAME, "missing"))?.text() {
            Some("MONOCHROME1") => Ok(Self::Monochrome1),
            Some("MONOCHROME2") => Ok(Self::Monochrome2),
            Some("PALETTE COLOR") => Ok(Self::Palette),
            Some("RGB") => Ok(Self::Rgb),
            Some("YBR_FULL") => Ok(Self::YbrFull),
            Some("YBR_FULL_422") => Ok(Self::YbrFull422),
            Some("YBR_RCT" | "YBR_ICT") => Ok(Self::YbrInJpeg2000),
            Some("YBR_PARTIAL_420" | "YBR_PARTIAL_422" | "HSV" | "ARGB" | "CMYK" | "XYB") => {
                Err(unsupported("a colour model other than RGB, YBR_FULL and palettes"))
            }
            _ => Err(attribute(NAME, "not one of the standard's")),
        }
    }

    fn n_samples(self) -> u16 {
        match self {
            Self::Monochrome1 | Self::Monochrome2 | Self::Palette => 1,
            _ => 3,
        }
    }

    /// Its name in the standard, or nearly so.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Monochrome1 => "MONOCHROME1",
            Self::Monochrome2 => "MONOCHROME2",
            Self::Palette => "PALETTE COLOR",
            Self::Rgb => "RGB",
            Self::YbrFull => "YBR_FULL",
            Self::YbrFull422 => "YBR_FULL_422",
            Self::YbrInJpeg2000 => "YBR_RCT or YBR_ICT",
        }
    }
}

/// How samples are stored, and what they stand for.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) size: ImageSize,
    pub(super) frames: u32,
    pub(super) photometric: Photometric,
    /// Samples of a pixel, 1 or 3.
    pub(super) n_samples: usize,
    /// Whether colours lie in planes, one after the other.
    pub(super) planar: bool,
    /// 1, 8, 16 or 32.
    pub(super) bits_allocated: u16,
    pub(super) bits_stored: u16,
    /// The position of the topmost significant bit.
    high_bit: u16,
    pub(super) signed: bool,
    pub(super) slope: f64,
    pub(super) intercept: f64,
    /// What takes the place of slope and intercept.
    modality: Option<Table>,
    /// Stored values that are no part of the picture, both ends included.
    padding: Option<(i64, i64)>,
    pub(super) oddities: Vec<DicomOddity>,
}

impl Header {
    pub(super) fn read(
        data_set: &DataSet<'_>,
        options: &ReadOptions,
    ) -> Result<Self, ImagingError> {
        if data_set.get(PIXEL_DATA).is_none() {
            if FLOAT_PIXELS.iter().any(|&tag| data_set.get(tag).is_some()) {
                return Err(unsupported("pixels of floating point"));
            }
            return Err(attribute("PixelData (7FE0,0010)", "missing"));
        }
        let mut oddities = Vec::new();
        let rows = required(data_set, ROWS, "Rows (0028,0010)")?;
        let columns = required(data_set, COLUMNS, "Columns (0028,0011)")?;
        let size = options.limits.size(columns.into(), rows.into())?;
        let (frames, is_zero) = frames(data_set)?;
        if is_zero {
            oddities.push(DicomOddity::NoFrames);
        }
        if options.frame >= frames {
            return Err(ImagingError::NoSuchFrame { frame: options.frame, frames });
        }
        let photometric = Photometric::read(data_set)?;
        let n_samples = optional(data_set, SAMPLES_PER_PIXEL).unwrap_or(photometric.n_samples());
        if n_samples != photometric.n_samples() {
            return Err(attribute(
                "SamplesPerPixel (0028,0002)",
                "not the number that its PhotometricInterpretation has",
            ));
        }
        let planar = match optional(data_set, PLANAR).filter(|_| n_samples > 1).unwrap_or(0) {
            0 => false,
            1 => true,
            _ => return Err(attribute("PlanarConfiguration (0028,0006)", "neither 0 nor 1")),
        };
        let bits_allocated = required(data_set, BITS_ALLOCATED, "BitsAllocated (0028,0100)")?;
        if !matches!(bits_allocated, 1 | 8 | 16 | 32) {
            return Err(unsupported(format!("samples of {bits_allocated} bits")));
        }
        let bits_stored = optional(data_set, BITS_STORED).unwrap_or(bits_allocated);
        if !(1..=bits_allocated).contains(&bits_stored) {
            return Err(attribute("BitsStored (0028,0101)", "not between 1 and BitsAllocated"));
        }
        let high_bit = optional(data_set, HIGH_BIT).unwrap_or(bits_stored - 1);
        if high_bit >= bits_allocated || high_bit + 1 < bits_stored {
            return Err(attribute("HighBit (0028,0102)", "outside the sample"));
        }
        let signed = match optional(data_set, PIXEL_REPRESENTATION).unwrap_or(0) {
            0 => false,
            1 => true,
            _ => return Err(attribute("PixelRepresentation (0028,0103)", "neither 0 nor 1")),
        };
        let is_grey = matches!(photometric, Photometric::Monochrome1 | Photometric::Monochrome2);
        let mut modality = None;
        let (mut slope, mut intercept) = (1.0, 0.0);
        // Colours are not rescaled.
        if is_grey {
            if let Some(sequence) = data_set.get(MODALITY_TABLE).filter(|_| is_grey) {
                if sequence.is_of_unknown_representation() {
                    oddities.push(DicomOddity::UnknownSequence);
                }
                modality = table::nth(sequence, 0, signed)?;
            }
            let number = |tag, name, default| {
                Ok::<f64, ImagingError>(
                    decimals(data_set, tag, name)?.first().copied().unwrap_or(default),
                )
            };
            if modality.is_none() {
                slope = number(SLOPE, "RescaleSlope (0028,1053)", 1.0)?;
                intercept = number(INTERCEPT, "RescaleIntercept (0028,1052)", 0.0)?;
            }
            if slope == 0.0 {
                return Err(attribute("RescaleSlope (0028,1053)", "zero"));
            }
        }
        if data_set.get(VOI_TABLE).is_some_and(Value::is_of_unknown_representation) {
            oddities.push(DicomOddity::UnknownSequence);
        }
        let header = Self {
            size,
            frames,
            photometric,
            n_samples: n_samples.into(),
            planar,
            bits_allocated,
            bits_stored,
            high_bit,
            signed,
            slope,
            intercept,
            modality,
            padding: padding(data_set, signed),
            oddities,
        };
        let (low, high) = header.full_range();
        if !(high - low).is_finite() {
            return Err(attribute("RescaleSlope (0028,1053)", "beyond what a number can hold"));
        }
        Ok(header)
    }

    /// Bytes of a sample, where samples have whole ones.
    pub(super) fn bytes_each(&self) -> usize {
        usize::from(self.bits_allocated.div_ceil(8))
    }

    /// Samples of a frame.
    pub(super) fn n_frame_samples(&self) -> usize {
        self.size.n_pixels() * self.n_samples
    }

    pub(super) fn is_grey(&self) -> bool {
        matches!(self.photometric, Photometric::Monochrome1 | Photometric::Monochrome2)
    }

    pub(super) fn is_inverted(&self) -> bool {
        self.photometric == Photometric::Monochrome1
    }

    /// The number in the significant bits of a sample.
    pub(super) fn stored(&self, sample: u32) -> i64 {
        let unused = 32 - self.bits_stored;
        let aligned = (sample >> (self.high_bit + 1 - self.bits_stored)) << unused;
        if self.signed {
            (aligned.cast_signed() >> unused).into()
        } else {
            (aligned >> unused).into()
        }
    }

    /// What a sample stands for.
    pub(super) fn value_of(&self, sample: u32) -> f64 {
        let stored = self.stored(sample);
        match &self.modality {
            Some(table) => table.at(stored).into(),
            #[expect(clippy::cast_precision_loss, reason = "32 bits at most")]
            None => stored as f64 * self.slope + self.intercept,
        }
    }

    /// The least and the greatest value that a sample can stand for.
    pub(super) fn full_range(&self) -> (f64, f64) {
        if let Some(table) = &self.modality {
            return (0.0, table.highest().into());
        }
        let span = 2_f64.powi(i32::from(self.bits_stored));
        let lowest = if self.signed { -span / 2.0 } else { 0.0 };
        let ends = [lowest, lowest + span - 1.0].map(|stored| stored * self.slope + self.intercept);
        (ends[0].min(ends[1]), ends[0].max(ends[1]))
    }

    /// Whether a sample fills up the frame beside the picture (PS3.3, C.7.5.1.1.2).
    pub(super) fn is_padding(&self, sample: u32) -> bool {
        let stored = self.stored(sample);
        self.padding.is_some_and(|(low, high)| (low..=high).contains(&stored))
    }
}

/// The bytes that the pixels of a data set take, by its header.
pub(super) fn native_bytes(data_set: &DataSet<'_>) -> Option<u64> {
    let number = |tag| optional(data_set, tag).map(u64::from);
    let frames = frames(data_set).ok()?.0.into();
    let samples = number(SAMPLES_PER_PIXEL).unwrap_or(1);
    [number(ROWS)?, number(COLUMNS)?, samples, frames, number(BITS_ALLOCATED)?.div_ceil(8)]
        .into_iter()
        .try_fold(1_u64, u64::checked_mul)
}

fn padding(data_set: &DataSet<'_>, signed: bool) -> Option<(i64, i64)> {
    let number = |tag| {
        let value = data_set.get(tag)?;
        if value.content.len() == 4 {
            let word = value.long_words().next()?;
            return Some(if signed { i64::from(word.cast_signed()) } else { i64::from(word) });
        }
        let word = value.words().next()?;
        Some(if signed { i64::from(word.cast_signed()) } else { i64::from(word) })
    };
    let value = number(PADDING)?;
    let limit = number(PADDING_LIMIT).unwrap_or(value);
    Some((value.min(limit), value.max(limit)))
}

/// The number of frames, and whether it had to be taken for one.
fn frames(data_set: &DataSet<'_>) -> Result<(u32, bool), ImagingError> {
    match data_set.get(N_FRAMES).map(Value::text) {
        None | Some(Some("")) => Ok((1, false)),
        Some(text) => match text.and_then(|text| text.parse().ok()) {
            Some(0) => Ok((1, true)),
            Some(frames) => Ok((frames, false)),
            None => Err(attribute("NumberOfFrames (0028,0008)", "not a number")),
        },
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
