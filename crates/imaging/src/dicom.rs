//! DICOM to picture.

use crate::ImagingError;
use crate::read::{Format, Picture, ReadOptions};

/// The picture in a DICOM file.
pub(crate) fn decode(_bytes: &[u8], _options: &ReadOptions) -> Result<Picture, ImagingError> {
    Err(ImagingError::Unsupported { format: Format::Dicom, feature: "pixel data".to_owned() })
}
