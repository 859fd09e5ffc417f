//! Picture to PNG: 8-bit grey or RGB, no ancillary chunk, the same bytes for the same picture.
//!
//! The compressor is zlib-rs in every build, since this crate's own dependency on it decides; a new release of it or of
//! `png` may change the bytes, never the picture.

use crate::ImagingError;
use crate::raster::{GreyImage, Raster, RgbImage};

impl GreyImage {
    /// The picture as a PNG file of colour type 0.
    ///
    /// # Errors
    ///
    /// [`ImagingError::Encode`] if the encoder fails, which no picture is known to cause.
    pub fn to_png(&self) -> Result<Vec<u8>, ImagingError> {
        encode(self, png::ColorType::Grayscale)
    }
}

impl RgbImage {
    /// The picture as a PNG file of colour type 2.
    ///
    /// # Errors
    ///
    /// [`ImagingError::Encode`] if the encoder fails, which no picture is known to cause.
    pub fn to_png(&self) -> Result<Vec<u8>, ImagingError> {
        encode(self, png::ColorType::Rgb)
    }
}

fn encode<const CHANNELS: usize>(
    image: &Raster<CHANNELS>,
    colour: png::ColorType,
) -> Result<Vec<u8>, ImagingError> {
    let refusal = |error: png::EncodingError| ImagingError::Encode { detail: error.to_string() };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(png::Filter::Adaptive);
    let mut writer = encoder.write_header().map_err(refusal)?;
    writer.write_image_data(image.samples()).map_err(refusal)?;
    writer.finish().map_err(refusal)?;
    Ok(bytes)
}
