//! Pictures in and out of the generator, equal to Pillow's where the original used Pillow.
//!
//! [`read_picture`] turns the bytes of a PNG, JPEG, DICOM or TIFF file into a [`Picture`];
//! [`Raster::resized`] is Pillow's 8-bit resize; [`Mask`] blends the source back; [`compare`] and
//! [`Thresholds::judge`] are the quality control. Nothing here touches the file system, the clock or torch: bytes and
//! values come in, values go out. The rules are those of the generator's specification, sections 8, 9, 11 and 16.
//!
//! ```
//! use spinefairbench_imaging::{Filter, GreyImage, ImageSize, PassOrder, ReadOptions, read_picture};
//!
//! let file = GreyImage::new(ImageSize::new(2, 2)?, vec![0, 80, 160, 240])?.to_png()?;
//! let picture = read_picture(&file, &ReadOptions::default())?;
//! let source = picture.to_rgb().resized(ImageSize::square(8)?, Filter::Bicubic, PassOrder::default());
//! assert_eq!(source.pixels()[0], [0, 0, 0]);
//! # Ok::<(), spinefairbench_imaging::ImagingError>(())
//! ```

#![forbid(unsafe_code)]

mod codec;
mod dicom;
mod error;
mod exif;
mod jpeg;
mod jpeg2000;
mod jpeg_ls;
mod mask;
mod numpy;
mod png_chunks;
mod png_decode;
mod png_encode;
mod quality;
mod raster;
mod raw;
mod read;
mod resize;
mod tiff_decode;
mod window;

pub use dicom::stored_samples;
pub use error::ImagingError;
pub use mask::{BlendWeight, Mask, MaskFacts};
pub use quality::{Comparison, EdgeMap, Measures, Thresholds, Verdict, compare};
pub use raster::{GreyImage, ImageSize, Raster, RgbImage};
pub use raw::RawLayout;
pub use read::{
    DicomFacts, DicomOddity, Format, Limits, Notice, Picture, Pixels, ReadOptions, Sixteen,
    read_picture,
};
pub use resize::{Filter, PassOrder};
pub use window::{AppliedWindow, WindowBounds, WindowChoice, WindowOrigin};
