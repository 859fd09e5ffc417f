//! DICOM to picture: one frame of grey, through rescale and window.
//!
//! Input: the bytes of a file with preamble. Output: a [`Picture`] with the window and the few header facts that decide
//! its levels. The rule (generator rules, section 16): slope and intercept, then the first VOI look-up table or window,
//! else the percentile window; MONOCHROME1 is inverted. A window that the caller chose goes before the file's.
//!
//! Only attributes of the picture are held at all, and no text of the header gets into an output, a notice or an error:
//! names and numbers of patients stay where they are. Read are uncompressed, RLE, JPEG baseline and lossless files.

mod elements;
mod header;
mod pixels;
mod voi;

use crate::ImagingError;
use crate::raster::Raster;
use crate::read::{DicomFacts, Format, Notice, Picture, Pixels, ReadOptions};
use crate::window::Histogram;

use self::header::Header;

/// The picture in a DICOM file.
pub(crate) fn decode(bytes: &[u8], options: &ReadOptions) -> Result<Picture, ImagingError> {
    let file = header::open(bytes)?;
    let header = Header::read(&file, options)?;
    let mut notices = Vec::new();
    let samples = pixels::frame(&file.data_set, &header, options, &mut notices)?;
    let mut histogram = Histogram::of(&samples);
    if header.frames > 1 {
        notices.push(Notice::OtherFrames { frames: header.frames });
    }
    if histogram.is_constant() {
        notices.push(Notice::ConstantPicture);
    }
    let value_of = |sample: u16| header.value_of(sample);
    let mut n_padding = 0;
    let percentiles = || {
        n_padding = histogram.leave_out(|sample| header.is_padding(sample));
        histogram.percentile_window(value_of)
    };
    let (transform, window) =
        voi::transform(&file.data_set, &header, options.window(), percentiles)?;
    if n_padding > 0 {
        notices.push(Notice::PaddingLeftOut { count: n_padding });
    }
    let table: Vec<u8> = (0..=u16::MAX)
        .map(|sample| {
            let level = transform.level(value_of(sample));
            if header.inverted { 255 - level } else { level }
        })
        .collect();
    let levels = samples.iter().map(|&sample| table[usize::from(sample)]).collect();
    let dicom = DicomFacts {
        frames: header.frames,
        frame: options.frame,
        bits_stored: header.bits_stored,
        signed: header.signed,
        slope: header.slope,
        intercept: header.intercept,
        inverted: header.inverted,
    };
    Ok(Picture {
        pixels: Pixels::Grey(Raster::from_counted(header.size, levels)),
        format: Format::Dicom,
        window: Some(window),
        dicom: Some(dicom),
        notices,
    })
}

/// The error for an attribute that is missing or wrong; `state` never repeats its value.
fn attribute(attribute: &'static str, state: &'static str) -> ImagingError {
    ImagingError::DicomAttribute { attribute, state }
}

fn unsupported(feature: impl Into<String>) -> ImagingError {
    ImagingError::Unsupported { format: Format::Dicom, feature: feature.into() }
}

fn malformed(detail: &str) -> ImagingError {
    ImagingError::Malformed { format: Format::Dicom, detail: detail.to_owned() }
}
