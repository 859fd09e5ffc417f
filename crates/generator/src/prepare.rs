//! From the user's files to what the model sees, and from what it gives to the final picture. No torch.
//!
//! Input: the bytes of a source picture and of a mask. Output: the source as a square 8-bit RGB picture of the configured
//! size, the same at a size that fits the latents, and the mask. Aspect ratio is not kept and EXIF orientation is ignored,
//! as in the original; the filter is bicubic, and Lanczos for the last few pixels down to a multiple of the reduction.

use std::path::Path;

use serde_json::{Map, Value};
use spinefairbench_artifacts::stand_in::{START_BYTES, StandIn};
use spinefairbench_imaging::{
    AppliedWindow, BlendWeight, Filter, GreyImage, ImageSize, Mask, MaskFacts, PassOrder, Picture,
    ReadOptions, RgbImage, Sixteen, WindowChoice, read_picture,
};

use crate::GeneratorError;

/// How files are read and resized.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PrepareOptions {
    /// Limits, and the rule for deep grey levels.
    pub read: ReadOptions,
    /// Which pass of a resize comes first.
    pub order: PassOrder,
}

impl PrepareOptions {
    /// What was asked for otherwise than by default and decides which samples are read and how they become 8 bits: window, frame, raw
    /// layout. By default there is nothing to state, so that records of such runs stay what they were.
    #[must_use]
    pub fn stated_reading(&self) -> Map<String, Value> {
        let ReadOptions { sixteen, frame, raw, limits: _ } = self.read;
        let window = match sixteen {
            Sixteen::Windowed(WindowChoice::Default) => None,
            Sixteen::Windowed(window) => Some(window.to_string()),
            Sixteen::PillowClip => Some("pillow-clip".to_owned()),
        };
        let frame = (frame > 0).then(|| frame.into());
        let raw = raw.map(|layout| layout.to_string().into());
        [("window", window.map(Value::from)), ("frame", frame), ("raw", raw)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }
}

/// The picture in `bytes`, the content of the file at `path`, with what a user may want to know about it.
///
/// # Errors
///
/// If something else lies there ([`GeneratorError::StandIn`]), or the bytes are no picture that is read.
pub fn read_picture_file(
    path: &Path,
    bytes: &[u8],
    options: &ReadOptions,
) -> Result<(Picture, Vec<String>), GeneratorError> {
    if let Some(stand_in) = StandIn::recognise(&bytes[..bytes.len().min(START_BYTES)]) {
        return Err(GeneratorError::StandIn { path: path.into(), stand_in });
    }
    let picture = read_picture(bytes, options)?;
    let mut notices: Vec<String> = picture.notices.iter().map(ToString::to_string).collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !picture.format.fits_name(&name) {
        notices.push(format!("the file is called `{name}`, its content is {}", picture.format));
    }
    Ok((picture, notices))
}

/// A source that is ready for the model.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedSource {
    /// `image_size` squared: what a mask blends back.
    pub resized: RgbImage,
    /// The same with sides that are multiples of the reduction: what the model encodes.
    pub model_input: RgbImage,
    /// The file's picture in grey, at its own size: what quality control compares with.
    pub original: GreyImage,
    /// The window that deep grey levels were put through.
    pub window: Option<AppliedWindow>,
    /// What a user may want to know about the file.
    pub notices: Vec<String>,
    order: PassOrder,
}

impl PreparedSource {
    /// The picture in `bytes`, the content of the file at `path`, for a model with this `image_size` and `reduction`.
    ///
    /// # Errors
    ///
    /// As [`read_picture_file`], or if the size is below the reduction.
    pub fn read(
        path: &Path,
        bytes: &[u8],
        image_size: u32,
        reduction: u32,
        options: &PrepareOptions,
    ) -> Result<Self, GeneratorError> {
        if image_size < reduction {
            return Err(GeneratorError::ImageSize { image_size, minimum: reduction });
        }
        let (picture, notices) = read_picture_file(path, bytes, &options.read)?;
        let resized = picture.to_rgb().resized(
            ImageSize::square(image_size)?,
            Filter::Bicubic,
            options.order,
        );
        let even = ImageSize::square(image_size - image_size % reduction)?;
        let model_input = resized.resized(even, Filter::Lanczos, options.order);
        Ok(Self {
            resized,
            model_input,
            original: picture.to_grey(),
            window: picture.window,
            notices,
            order: options.order,
        })
    }

    /// The mask in `bytes`, the content of the file at `path`, fitted to this source.
    ///
    /// # Errors
    ///
    /// As [`read_picture_file`].
    pub fn read_mask(
        &self,
        path: &Path,
        bytes: &[u8],
        options: &PrepareOptions,
    ) -> Result<Mask, GeneratorError> {
        let grey = read_picture_file(path, bytes, &options.read)?.0.to_grey();
        Ok(Mask::from_grey(&grey, self.resized.size(), options.order))
    }

    /// The final picture: `generated` itself, or with the source blended in where `mask` is on.
    ///
    /// # Errors
    ///
    /// If the weight is not between 0 and 1.
    pub fn finish(
        &self,
        generated: RgbImage,
        mask: Option<(&Mask, f64)>,
    ) -> Result<RgbImage, GeneratorError> {
        let Some((mask, weight)) = mask else { return Ok(generated) };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the original blends in single precision"
        )]
        let weight = BlendWeight::new(weight as f32)?;
        Ok(mask.blend(&self.resized, &generated, weight, self.order)?)
    }
}

/// What a user should be told about a mask before an hour of generation: that it covers nothing, or all, is likely inverted.
#[must_use]
pub fn mask_warning(facts: &MaskFacts) -> Option<String> {
    if facts.n_on == 0 {
        return Some("the mask covers nothing: the picture is as without it".into());
    }
    if facts.n_on == facts.n_pixels {
        return Some("the mask covers the whole picture".into());
    }
    (facts.border_coverage() > 0.5)
        .then(|| "the mask covers most of the border, as an inverted one would".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_the_samples_is_stated_unless_it_is_the_default() {
        let stated = |read: ReadOptions| {
            let options = PrepareOptions { read, ..PrepareOptions::default() };
            Value::Object(options.stated_reading()).to_string()
        };
        let default = ReadOptions::default();
        assert_eq!(stated(default), "{}");
        for (text, expected) in [
            ("full", r#"{"window":"full"}"#),
            ("percentile", r#"{"window":"percentile"}"#),
            ("-10.5,200", r#"{"window":"-10.5,200"}"#),
            ("2", r#"{"window":"2"}"#),
        ] {
            let sixteen = Sixteen::Windowed(text.parse().unwrap());
            assert_eq!(stated(ReadOptions { sixteen, ..default }), expected);
        }
        assert_eq!(
            stated(ReadOptions { sixteen: Sixteen::PillowClip, frame: 3, ..default }),
            r#"{"frame":3,"window":"pillow-clip"}"#
        );
        for layout in ["20x30,12", "20x30,12,be", "20x30,12,le"] {
            let raw = Some(layout.parse().unwrap());
            let expected = format!(r#"{{"raw":"{layout}"}}"#);
            assert_eq!(stated(ReadOptions { raw, ..default }), expected);
        }
    }
}
