//! The trunk mask and the blend that puts the source back under it.
//!
//! Input: a grey mask of any size, and source and generated picture. Output: the blended picture.
//! The rule (generator rules, section 8): the mask is resized bicubically, a pixel is on when its level / 255 > 0.5,
//! that is from 128 on; where it is on, `generated * (1 - blend) + source * blend` in `f32`, truncated to 8 bits.

use crate::ImagingError;
use crate::raster::{GreyImage, ImageSize, Raster, RgbImage};
use crate::resize::{Filter, PassOrder};

/// The share of the source where the mask is on: finite, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlendWeight(f32);

impl BlendWeight {
    /// The release's weight.
    pub const RELEASED: Self = Self(0.7);

    /// A weight between 0 (generated picture) and 1 (source).
    ///
    /// # Errors
    ///
    /// [`ImagingError::InvalidBlend`] outside that range, or if it is not a number.
    pub fn new(weight: f32) -> Result<Self, ImagingError> {
        if (0.0..=1.0).contains(&weight) {
            Ok(Self(weight))
        } else {
            Err(ImagingError::InvalidBlend { weight })
        }
    }

    /// The weight as a number.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }
}

/// A mask at the size of the picture it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    size: ImageSize,
    on: Vec<bool>,
    facts: MaskFacts,
}

/// What a caller may want to say about a mask before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaskFacts {
    /// The size the mask was given in.
    pub given_size: ImageSize,
    /// Whether it had to be resized.
    pub resized: bool,
    /// Pixels of the given mask that are neither 0 nor 255.
    pub n_grey: usize,
    /// Pixels that are on, after resizing.
    pub n_on: usize,
    /// Pixels on the outermost rows and columns that are on; a trunk mask has few, an inverted one nearly all.
    pub n_border_on: usize,
    /// Pixels on the outermost rows and columns.
    pub n_border: usize,
    /// Pixels in all, after resizing.
    pub n_pixels: usize,
}

impl MaskFacts {
    /// The share of pixels that are on, 0 to 1.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        share(self.n_on, self.n_pixels)
    }

    /// The share of border pixels that are on, 0 to 1.
    #[must_use]
    pub fn border_coverage(&self) -> f64 {
        share(self.n_border_on, self.n_border)
    }
}

impl Mask {
    /// The mask `grey` at `size`.
    ///
    /// ```
    /// # use spinefairbench_imaging::{GreyImage, ImageSize, Mask, PassOrder};
    /// let size = ImageSize::new(3, 1)?;
    /// let mask = Mask::from_grey(&GreyImage::new(size, vec![0, 127, 128])?, size, PassOrder::default());
    /// assert_eq!(mask.on(), [false, false, true]);
    /// # Ok::<(), spinefairbench_imaging::ImagingError>(())
    /// ```
    #[must_use]
    pub fn from_grey(grey: &GreyImage, size: ImageSize, order: PassOrder) -> Self {
        let fitted = grey.resized(size, Filter::Bicubic, order);
        let on: Vec<bool> =
            fitted.samples().iter().map(|&level| f32::from(level) / 255.0 > 0.5).collect();
        let (width, height) = (size.columns(), size.rows());
        let is_border = |idx: usize| {
            let (row, column) = (idx / width, idx % width);
            row == 0 || column == 0 || row + 1 == height || column + 1 == width
        };
        let facts = MaskFacts {
            given_size: grey.size(),
            resized: grey.size() != size,
            n_grey: grey.samples().iter().filter(|&&level| level != 0 && level != 255).count(),
            n_on: on.iter().filter(|&&is_on| is_on).count(),
            n_border_on: on
                .iter()
                .enumerate()
                .filter(|&(idx, &is_on)| is_on && is_border(idx))
                .count(),
            n_border: (0..on.len()).filter(|&idx| is_border(idx)).count(),
            n_pixels: on.len(),
        };
        Self { size, on, facts }
    }

    /// Width and height.
    #[must_use]
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// Row by row, whether the source shows through.
    #[must_use]
    pub fn on(&self) -> &[bool] {
        &self.on
    }

    /// Coverage, border, and what was done to fit it.
    #[must_use]
    pub fn facts(&self) -> &MaskFacts {
        &self.facts
    }

    /// `generated` with `source` blended in where the mask is on; `generated` is resized to the mask if it differs.
    ///
    /// # Errors
    ///
    /// [`ImagingError::SizeMismatch`] if `source` has not the size of the mask.
    pub fn blend(
        &self,
        source: &RgbImage,
        generated: &RgbImage,
        weight: BlendWeight,
        order: PassOrder,
    ) -> Result<RgbImage, ImagingError> {
        self.size.expect_same(source.size())?;
        let fitted = generated.resized(self.size, Filter::Bicubic, order);
        let (of_source, of_generated) = (weight.get(), 1.0 - weight.get());
        let mut samples = fitted.into_samples();
        for ((out, from), &is_on) in
            samples.as_chunks_mut::<3>().0.iter_mut().zip(source.pixels()).zip(&self.on)
        {
            if is_on {
                for (level, &original) in out.iter_mut().zip(from) {
                    *level = truncate(
                        f32::from(*level) * of_generated + f32::from(original) * of_source,
                    );
                }
            }
        }
        Ok(Raster::from_counted(self.size, samples))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the rule clips and truncates"
)]
fn truncate(level: f32) -> u8 {
    level.clamp(0.0, 255.0) as u8
}

#[expect(clippy::cast_precision_loss, reason = "pixel counts stay far below 2^53")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
