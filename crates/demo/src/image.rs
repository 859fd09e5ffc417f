//! Invented images: valid 8-bit greyscale PNG files that show nothing.
//!
//! Small images are a soft gradient with a band of noise; those of the release scale are noise throughout, stored without
//! compression, about as large as the released ones.

use crate::prng::Stream;
use crate::scale::Scale;

/// Width and height of the images of a scale, in pixels.
pub(crate) const fn size(scale: Scale) -> (u32, u32) {
    match scale {
        Scale::Small | Scale::Full => (24, 32),
        Scale::Release => (552, 556),
    }
}

/// The bytes of one image.
///
/// # Errors
///
/// What the encoder reports; writing to memory, it has no reason to.
pub(crate) fn png(scale: Scale, stream: &mut Stream) -> Result<Vec<u8>, png::EncodingError> {
    let (width, height) = size(scale);
    let mut pixels = vec![0_u8; width as usize * height as usize];
    stream.fill(&mut pixels);
    let mut bytes = Vec::with_capacity(pixels.len() + 1024);
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    if scale == Scale::Release {
        encoder.set_compression(png::Compression::NoCompression);
    } else {
        encoder.set_compression(png::Compression::Fast);
        soften(&mut pixels, width as usize);
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// Turns all rows but one in eight into a gradient that starts at the row's first pixel.
fn soften(pixels: &mut [u8], width: usize) {
    for (y, row) in pixels.chunks_exact_mut(width).enumerate().filter(|(y, _)| y % 8 != 0) {
        let start = row[0] / 4;
        for (x, pixel) in row.iter_mut().enumerate() {
            *pixel = start.saturating_add(u8::try_from((4 * x + y) % 192).unwrap_or(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prng::Purpose;

    #[test]
    fn images_decode_and_have_the_size_of_their_scale() {
        for (scale, bytes) in [
            (Scale::Small, 200..1_000),
            (Scale::Full, 200..1_000),
            (Scale::Release, 300_000..320_000),
        ] {
            let image = png(scale, &mut Stream::keyed(1, Purpose::Pixels, &[0])).unwrap();
            assert!(bytes.contains(&image.len()), "{scale}: {} bytes", image.len());
            let mut reader = png::Decoder::new(std::io::Cursor::new(image)).read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut pixels).unwrap();
            assert_eq!((info.width, info.height), size(scale));
            assert_eq!(
                (info.color_type, info.bit_depth),
                (png::ColorType::Grayscale, png::BitDepth::Eight)
            );
        }
    }
}
