//! Pictures as values: 8-bit samples, one or three channels, with dimensions that are checked once.
//!
//! Samples are row by row, channels interleaved, 0 to 255. Conversions are Pillow's: `L` from `RGB` is
//! (19595 R + 38470 G + 7471 B + 32768) >> 16 (generator rules, section 9).

use crate::ImagingError;

/// Width and height in pixels, neither zero, at most [`ImageSize::MAX_PIXELS`] together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImageSize {
    width: u32,
    height: u32,
}

impl ImageSize {
    /// The longest side; chosen: above every radiograph, below where an index could overflow.
    pub(crate) const MAX_SIDE: u32 = 65_535;
    /// The most pixels; Pillow refuses pictures above twice its `MAX_IMAGE_PIXELS`, which is this number.
    pub const MAX_PIXELS: u64 = 178_956_970;

    /// A size of `width` x `height` pixels.
    ///
    /// # Errors
    ///
    /// [`ImagingError::EmptySize`] if a side is zero, [`ImagingError::TooLarge`] above the limits.
    pub fn new(width: u32, height: u32) -> Result<Self, ImagingError> {
        if width == 0 || height == 0 {
            return Err(ImagingError::EmptySize { width, height });
        }
        if width.max(height) > Self::MAX_SIDE
            || u64::from(width) * u64::from(height) > Self::MAX_PIXELS
        {
            let (max_side, max_pixels) = (Self::MAX_SIDE, Self::MAX_PIXELS);
            return Err(ImagingError::TooLarge { width, height, max_side, max_pixels });
        }
        Ok(Self { width, height })
    }

    /// A square of `side` pixels.
    ///
    /// # Errors
    ///
    /// As [`ImageSize::new`].
    pub fn square(side: u32) -> Result<Self, ImagingError> {
        Self::new(side, side)
    }

    /// Columns.
    #[must_use]
    pub fn width(self) -> u32 {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(self) -> u32 {
        self.height
    }

    /// Width times height.
    #[must_use]
    pub fn n_pixels(self) -> usize {
        self.columns() * self.rows()
    }

    /// Columns, as an index.
    pub(crate) fn columns(self) -> usize {
        self.width as usize
    }

    /// Rows, as an index.
    pub(crate) fn rows(self) -> usize {
        self.height as usize
    }

    /// Nothing if `found` is this size, else the error that names both.
    pub(crate) fn expect_same(self, found: Self) -> Result<(), ImagingError> {
        if self == found {
            return Ok(());
        }
        Err(ImagingError::SizeMismatch {
            expected_width: self.width,
            expected_height: self.height,
            found_width: found.width,
            found_height: found.height,
        })
    }
}

/// An 8-bit picture of `CHANNELS` interleaved channels. [`GreyImage`] and [`RgbImage`] are the two in use.
#[derive(Clone, PartialEq, Eq)]
pub struct Raster<const CHANNELS: usize> {
    size: ImageSize,
    samples: Vec<u8>,
}

/// One channel, 0 black to 255 white: Pillow's mode `L`.
pub type GreyImage = Raster<1>;

/// Red, green, blue: Pillow's mode `RGB`.
pub type RgbImage = Raster<3>;

impl<const CHANNELS: usize> Raster<CHANNELS> {
    /// A picture from `samples`, row by row, channels interleaved.
    ///
    /// # Errors
    ///
    /// [`ImagingError::SampleCount`] if there are not exactly width x height x channels of them.
    pub fn new(size: ImageSize, samples: Vec<u8>) -> Result<Self, ImagingError> {
        let expected = size.n_pixels() * CHANNELS;
        if samples.len() != expected {
            return Err(ImagingError::SampleCount { expected, found: samples.len() });
        }
        Ok(Self { size, samples })
    }

    /// A picture whose samples were counted where they were made.
    pub(crate) fn from_counted(size: ImageSize, samples: Vec<u8>) -> Self {
        debug_assert_eq!(samples.len(), size.n_pixels() * CHANNELS, "the maker counts the samples");
        Self { size, samples }
    }

    /// Width and height.
    #[must_use]
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.size.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.size.height
    }

    /// The samples, row by row, channels interleaved.
    #[must_use]
    pub fn samples(&self) -> &[u8] {
        &self.samples
    }

    /// The samples, without a copy.
    #[must_use]
    pub(crate) fn into_samples(self) -> Vec<u8> {
        self.samples
    }

    /// The picture turned upright, from the way that an EXIF or TIFF orientation of 1 to 8 says it lies.
    pub(crate) fn turned(self, orientation: u16) -> Self {
        let (columns, rows) = (self.size.columns(), self.size.rows());
        let is_swapped = orientation >= 5;
        let place = |row: usize, column: usize| match orientation {
            2 => (row, columns - 1 - column),
            3 => (rows - 1 - row, columns - 1 - column),
            4 => (rows - 1 - row, column),
            5 => (column, row),
            6 => (rows - 1 - column, row),
            7 => (rows - 1 - column, columns - 1 - row),
            8 => (column, columns - 1 - row),
            _ => (row, column),
        };
        if !(2..=8).contains(&orientation) {
            return self;
        }
        let size = if is_swapped {
            ImageSize { width: self.size.height, height: self.size.width }
        } else {
            self.size
        };
        let pixels = self.pixels();
        let mut samples = Vec::with_capacity(self.samples.len());
        for row in 0..size.rows() {
            for column in 0..size.columns() {
                let (row, column) = place(row, column);
                samples.extend(pixels[row * columns + column]);
            }
        }
        Self { size, samples }
    }

    /// The samples pixel by pixel.
    #[must_use]
    pub fn pixels(&self) -> &[[u8; CHANNELS]] {
        self.samples.as_chunks().0
    }
}

impl GreyImage {
    /// The picture with its one channel three times.
    #[must_use]
    pub fn to_rgb(&self) -> RgbImage {
        let samples = self.samples.iter().flat_map(|&level| [level; 3]).collect();
        Raster::from_counted(self.size, samples)
    }
}

impl RgbImage {
    /// The luma of each pixel, by Pillow's integer rule.
    #[must_use]
    pub fn to_grey(&self) -> GreyImage {
        Raster::from_counted(self.size, self.pixels().iter().map(|&pixel| luma(pixel)).collect())
    }
}

/// Pillow's luma of one pixel.
pub(crate) fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let weighted = 19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue);
    u8::try_from((weighted + 0x8000) >> 16)
        .expect("the weights add up to 65536, so the result is at most 255")
}

/// A pixel of Pillow's mode `YCbCr` in red, green and blue.
pub(crate) fn rgb_of_ycc([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    // A hundred-thousandth of a level each; Pillow keeps six fraction bits, cut off towards zero after rounding.
    let part =
        |factor: i32, sample: u8| (factor * (i32::from(sample) - 128) * 64 + 50_000) / 100_000;
    let level =
        |chroma: i32| u8::try_from((i32::from(luma) + (chroma >> 6)).clamp(0, 255)).unwrap_or(0);
    [
        level(part(140_200, red)),
        level(part(-34_414, blue) + part(-71_414, red)),
        level(part(177_200, blue)),
    ]
}

// The samples of a picture are of no use in a message.
impl<const CHANNELS: usize> std::fmt::Debug for Raster<CHANNELS> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Raster<{CHANNELS}> of {} x {}", self.size.width, self.size.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_pixels_and_an_end() {
        assert_eq!(ImageSize::new(0, 4), Err(ImagingError::EmptySize { width: 0, height: 4 }));
        assert!(matches!(ImageSize::new(60_000, 60_000), Err(ImagingError::TooLarge { .. })));
        assert!(matches!(ImageSize::new(65_536, 1), Err(ImagingError::TooLarge { .. })));
        assert_eq!(ImageSize::new(3, 2).unwrap().n_pixels(), 6);
    }

    #[test]
    fn samples_fill_the_size() {
        let size = ImageSize::new(3, 2).unwrap();
        let error = RgbImage::new(size, vec![0; 17]).unwrap_err();
        assert_eq!(error, ImagingError::SampleCount { expected: 18, found: 17 });
    }

    #[test]
    fn grey_survives_the_way_through_rgb() {
        let size = ImageSize::new(256, 1).unwrap();
        let ramp = GreyImage::new(size, (0..=255).collect()).unwrap();
        assert_eq!(ramp.to_rgb().to_grey(), ramp);
    }
}
