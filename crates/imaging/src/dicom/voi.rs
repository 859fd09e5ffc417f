//! From values to levels: the window or look-up table of a file (DICOM PS3.3, C.11.2).

use super::elements::DataSet;
use super::header::{Header, VOI_FUNCTION, VOI_TABLE, WINDOW_CENTER, WINDOW_WIDTH, decimals};
use super::table::{self, Table};
use super::{attribute, unsupported};
use crate::ImagingError;
use crate::window::{self, AppliedWindow, WindowChoice, WindowOrigin};

const CENTER: &str = "WindowCenter (0028,1050)";
const WIDTH: &str = "WindowWidth (0028,1051)";
/// A way from values to levels.
#[derive(Debug, Clone)]
pub(super) enum Transform {
    Linear { low: f64, high: f64 },
    Sigmoid { center: f64, width: f64 },
    Table(Table),
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
    Ok(table::nth(sequence, index, header.signed)?.map(Transform::Table))
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
            Self::Table(table) => {
                let first = f64::from(table.first);
                (first, first + last_index(table))
            }
        };
        (self, AppliedWindow { low, high, origin })
    }

    pub(super) fn level(&self, value: f64) -> u8 {
        match self {
            Self::Linear { low, high } => window::level(value, *low, *high),
            Self::Sigmoid { center, width } => {
                window::to_level(255.0 / (1.0 + (-4.0 * (value - center) / width).exp()))
            }
            Self::Table(table) => {
                #[expect(clippy::cast_possible_truncation, reason = "clamped to the table")]
                let number = value.clamp(f64::from(i32::MIN), f64::from(i32::MAX)) as i64;
                window::to_level(f64::from(table.at(number)) / f64::from(table.highest()) * 255.0)
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a table has at most 65536 entries")]
fn last_index(table: &Table) -> f64 {
    (table.entries.len() - 1) as f64
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
