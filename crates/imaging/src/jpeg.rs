//! JPEG to picture: 8-bit grey and colour, baseline and progressive.
//!
//! Input: bytes that start with the JPEG marker. Output: a [`Picture`]. Decoders may differ within the standard's
//! tolerance: against Pillow's libjpeg-turbo, grey levels differ by at most 1 in about 3 % of pixels, colours by a few
//! levels where chroma is subsampled. EXIF orientation is ignored, as in the original.

use jpeg_decoder::{Decoder, Error, PixelFormat, UnsupportedFeature};

use crate::ImagingError;
use crate::raster::Raster;
use crate::read::{Format, Picture, Pixels, ReadOptions};

/// The picture in a JPEG file.
pub(crate) fn decode(bytes: &[u8], options: &ReadOptions) -> Result<Picture, ImagingError> {
    let mut decoder = Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(options.limits.max_decoder_bytes);
    decoder.read_info().map_err(|error| refusal(&error))?;
    let info = decoder.info().ok_or_else(|| malformed("it has no frame header"))?;
    let size = options.limits.size(info.width.into(), info.height.into())?;
    let pixels = match info.pixel_format {
        PixelFormat::L8 => Pixels::Grey(Raster::new(size, samples(&mut decoder)?)?),
        PixelFormat::RGB24 => Pixels::Rgb(Raster::new(size, samples(&mut decoder)?)?),
        PixelFormat::L16 => return Err(unsupported("grey levels of more than 8 bits")),
        PixelFormat::CMYK32 => return Err(unsupported("CMYK colour")),
    };
    Ok(Picture { pixels, format: Format::Jpeg, window: None, dicom: None, notices: Vec::new() })
}

fn samples(decoder: &mut Decoder<&[u8]>) -> Result<Vec<u8>, ImagingError> {
    decoder.decode().map_err(|error| refusal(&error))
}

/// Our error for the decoder's.
fn refusal(error: &Error) -> ImagingError {
    match error {
        Error::Format(detail) => malformed(detail),
        Error::Unsupported(UnsupportedFeature::ArithmeticEntropyCoding) => {
            unsupported("arithmetic coding")
        }
        Error::Unsupported(UnsupportedFeature::SamplePrecision(bits)) => {
            unsupported(&format!("{bits}-bit samples"))
        }
        Error::Unsupported(_) => unsupported("a rare coding process"),
        Error::Io(_) => ImagingError::Truncated {
            format: Format::Jpeg,
            place: "the entropy-coded data".to_owned(),
        },
        Error::Internal(_) => malformed("the decoder gave up"),
    }
}

fn malformed(detail: &str) -> ImagingError {
    ImagingError::Malformed { format: Format::Jpeg, detail: detail.to_owned() }
}

fn unsupported(feature: &str) -> ImagingError {
    ImagingError::Unsupported { format: Format::Jpeg, feature: feature.to_owned() }
}
