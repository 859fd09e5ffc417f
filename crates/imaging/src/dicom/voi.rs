//! From values to levels: the window or look-up table of a file (DICOM PS3.3, C.11.2).

use super::elements::{DataSet, Tag};
use super::header::{Header, VOI_FUNCTION, VOI_TABLE, WINDOW_CENTER, WINDOW_WIDTH, decimals};
use super::{attribute, unsupported};
use crate::ImagingError;
use crate::window::{self, AppliedWindow, WindowChoice, WindowOrigin};

const CENTER: &str = "WindowCenter (0028,1050)";
const WIDTH: &str = "WindowWidth (0028,1051)";
const DESCRIPTOR: &str = "LUTDescriptor (0028,3002)";
const DESCRIPTOR_TAG: Tag = (0x0028, 0x3002);
const DATA: &str = "LUTData (0028,3006)";
const DATA_TAG: Tag = (0x0028, 0x3006);

/// A way from values to levels.
#[derive(Debug, Clone)]
pub(super) enum Transform {
    Linear { low: f64, high: f64 },
    Sigmoid { center: f64, width: f64 },
    Table { first: f64, levels: Vec<u8> },
}

/// The transform for the caller's choice, and the window to record. What the file says is read only where it counts, so
/// that a window of the caller's own works whatever is wrong with the file's.
pub(super) fn transform(
    data_set: &DataSet<'_>,
    header: &Header,
    choice: WindowChoice,
    percentiles: impl FnOnce() -> (f64, f64),
) -> Result<(Transform, AppliedWindow), ImagingError> {
    let linear = |(low, high), origin| {
        (Transform::Linear { low, high }, AppliedWindow { low, high, origin })
    };
    Ok(match choice {
        WindowChoice::Bounds(bounds) => linear((bounds.low(), bounds.high()), WindowOrigin::Given),
        WindowChoice::Full => linear(header.full_range(), WindowOrigin::Full),
        WindowChoice::Percentiles => linear(percentiles(), WindowOrigin::Percentiles),
        WindowChoice::Default => {
            match (nth_table(data_set, 0, header)?, nth_window(data_set, 0)?) {
                (Some(table), _) => table.with_origin(WindowOrigin::VoiTable),
                (None, Some(window)) => window.with_origin(WindowOrigin::VoiWindow),
                (None, None) => linear(percentiles(), WindowOrigin::Percentiles),
            }
        }
        WindowChoice::Numbered(number) => {
            let index = usize::from(number.get()) - 1;
            match nth_window(data_set, index)? {
                Some(window) => window.with_origin(WindowOrigin::VoiWindow),
                None => nth_table(data_set, index, header)?
                    .ok_or_else(|| ImagingError::NoSuchWindow { window: number.get() })?
                    .with_origin(WindowOrigin::VoiTable),
            }
        }
    })
}

/// A look-up table of the file, counted from 0.
fn nth_table(
    data_set: &DataSet<'_>,
    index: usize,
    header: &Header,
) -> Result<Option<Transform>, ImagingError> {
    let Some(sequence) = data_set.get(VOI_TABLE) else { return Ok(None) };
    let item = sequence.item(index, &[DESCRIPTOR_TAG, DATA_TAG])?;
    item.map(|item| table(&item, header.signed)).transpose()
}

/// A window of the file, counted from 0.
fn nth_window(data_set: &DataSet<'_>, index: usize) -> Result<Option<Transform>, ImagingError> {
    let nth = |tag, name| decimals(data_set, tag, name).map(|numbers| numbers.get(index).copied());
    match (nth(WINDOW_CENTER, CENTER)?, nth(WINDOW_WIDTH, WIDTH)?) {
        (Some(center), Some(width)) => window(data_set, center, width).map(Some),
        _ => Ok(None),
    }
}

impl Transform {
    fn with_origin(self, origin: WindowOrigin) -> (Self, AppliedWindow) {
        let (low, high) = match &self {
            Self::Linear { low, high } => (*low, *high),
            Self::Sigmoid { center, width } => (center - width / 2.0, center + width / 2.0),
            Self::Table { first, levels } => (*first, first + last_index(levels)),
        };
        (self, AppliedWindow { low, high, origin })
    }

    pub(super) fn level(&self, value: f64) -> u8 {
        match self {
            Self::Linear { low, high } => window::level(value, *low, *high),
            Self::Sigmoid { center, width } => {
                window::to_level(255.0 / (1.0 + (-4.0 * (value - center) / width).exp()))
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to the table"
            )]
            Self::Table { first, levels } => {
                levels[(value - first).clamp(0.0, last_index(levels)) as usize]
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a table has at most 65536 entries")]
fn last_index(levels: &[u8]) -> f64 {
    (levels.len() - 1) as f64
}

fn window(data_set: &DataSet<'_>, center: f64, width: f64) -> Result<Transform, ImagingError> {
    let function = match data_set.get(VOI_FUNCTION) {
        None => String::new(),
        Some(value) => value.text().unwrap_or("?").to_ascii_uppercase(),
    };
    let linear = |center: f64, width: f64| {
        let (low, high) = (center - width / 2.0, center + width / 2.0);
        if (high - low).is_finite() {
            return Ok(Transform::Linear { low, high });
        }
        Err(attribute(WIDTH, "beyond what a number can hold"))
    };
    match function.as_str() {
        "" | "LINEAR" if width < 1.0 => Err(attribute(WIDTH, "below 1")),
        "" | "LINEAR" => linear(center - 0.5, width - 1.0),
        "LINEAR_EXACT" | "SIGMOID" if width <= 0.0 => Err(attribute(WIDTH, "not positive")),
        "LINEAR_EXACT" => linear(center, width),
        "SIGMOID" => Ok(Transform::Sigmoid { center, width }),
        _ => Err(unsupported("a VOI LUT function that is not in the standard")),
    }
}

fn table(item: &DataSet<'_>, signed: bool) -> Result<Transform, ImagingError> {
    let descriptor = item.get(DESCRIPTOR_TAG).ok_or_else(|| attribute(DESCRIPTOR, "missing"))?;
    let numbers: Vec<u16> = descriptor.words().collect();
    let [entries, first, bits] = numbers[..] else {
        return Err(attribute(DESCRIPTOR, "not three numbers"));
    };
    // 16 bits hold 65536 as 0. The first value has the sign that its representation says, else that of the pixels.
    let entries = if entries == 0 { 1 << 16 } else { usize::from(entries) };
    let signed =
        descriptor.representation.map_or(signed, |representation| &representation == b"SS");
    let first = if signed { f64::from(first.cast_signed()) } else { f64::from(first) };
    if !(8..=16).contains(&bits) {
        return Err(attribute(DESCRIPTOR, "of a depth outside 8 to 16 bits"));
    }
    let data = item.get(DATA_TAG).ok_or_else(|| attribute(DATA, "missing"))?;
    // Tables of 8 bits may come as bytes.
    let values: Vec<u16> = if bits == 8 && data.content.len() < 2 * entries {
        data.content.iter().map(|&byte| byte.into()).collect()
    } else {
        data.words().collect()
    };
    let values =
        values.get(..entries).ok_or_else(|| attribute(DATA, "shorter than its descriptor says"))?;
    let highest = f64::from((1_u32 << bits) - 1);
    let levels =
        values.iter().map(|&value| window::to_level(f64::from(value) / highest * 255.0)).collect();
    Ok(Transform::Table { first, levels })
}
