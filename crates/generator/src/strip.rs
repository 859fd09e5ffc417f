//! Source, counterfactual and their difference side by side, for looking.
//!
//! Input: both pictures at one size, and the mask if there is one. Output: one RGB picture of three panels with a gap of
//! [`GAP`] pixels; the mask's outline is yellow on the source. The difference is of the grey levels, [`GAIN`] times as
//! large: red where the counterfactual is brighter, blue where it is darker, white where both are the same.

use spinefairbench_imaging::{ImageSize, ImagingError, Mask, RgbImage};

/// White columns between two panels; chosen.
pub const GAP: u32 = 8;

/// What differences are multiplied with before they are shown; chosen so that eight levels are easily seen.
pub const GAIN: u8 = 8;

const WHITE: [u8; 3] = [255; 3];
const OUTLINE: [u8; 3] = [255, 214, 0];

/// The strip of `source` and `generated`; without its first panel where `shows_source` is false, for a page that is passed on
/// where the source may not be. The outline then lies on the counterfactual.
///
/// # Errors
///
/// If the panels are wider than a picture may be.
///
/// # Panics
///
/// If the two pictures differ in size.
pub fn comparison_strip(
    source: &RgbImage,
    generated: &RgbImage,
    mask: Option<&Mask>,
    shows_source: bool,
) -> Result<RgbImage, ImagingError> {
    assert_eq!(source.size(), generated.size(), "both have the size that the model was given");
    let size = source.size();
    let (width, height) = (size.width() as usize, size.height() as usize);
    let (grey_source, grey_generated) = (source.to_grey(), generated.to_grey());
    let outline: Vec<bool> = mask
        .filter(|mask| mask.size() == size)
        .map(|mask| edge(mask.on(), width, height))
        .unwrap_or_default();
    let outlined = |picture: &RgbImage, at: usize| {
        if outline.get(at).copied().unwrap_or_default() { OUTLINE } else { picture.pixels()[at] }
    };
    let mut samples = Vec::new();
    for row in 0..height {
        let line = row * width..(row + 1) * width;
        if shows_source {
            samples.extend(line.clone().map(|at| outlined(source, at)));
            gap(&mut samples);
            samples.extend_from_slice(&generated.pixels()[line.clone()]);
        } else {
            samples.extend(line.clone().map(|at| outlined(generated, at)));
        }
        gap(&mut samples);
        for at in line {
            samples.push(difference(grey_source.samples()[at], grey_generated.samples()[at]));
        }
    }
    let n_panels = if shows_source { 3 } else { 2 };
    let strip_width = size.width().saturating_mul(n_panels).saturating_add((n_panels - 1) * GAP);
    RgbImage::new(ImageSize::new(strip_width, size.height())?, samples.into_flattened())
}

fn gap(samples: &mut Vec<[u8; 3]>) {
    samples.extend([WHITE; GAP as usize]);
}

fn difference(before: u8, after: u8) -> [u8; 3] {
    let rest = 255_u8.saturating_sub(before.abs_diff(after).saturating_mul(GAIN));
    if after >= before { [255, rest, rest] } else { [rest, rest, 255] }
}

/// Pixels that are on beside one that is off or outside.
fn edge(on: &[bool], width: usize, height: usize) -> Vec<bool> {
    let is_on = |row: usize, column: usize| on[row * width + column];
    (0..on.len())
        .map(|at| {
            let (row, column) = (at / width, at % width);
            let is_inner = row > 0
                && column > 0
                && row + 1 < height
                && column + 1 < width
                && is_on(row - 1, column)
                && is_on(row + 1, column)
                && is_on(row, column - 1)
                && is_on(row, column + 1);
            on[at] && !is_inner
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use spinefairbench_imaging::{GreyImage, PassOrder};

    use super::*;

    fn grey(side: u32, levels: &[u8]) -> RgbImage {
        GreyImage::new(ImageSize::square(side).unwrap(), levels.to_vec()).unwrap().to_rgb()
    }

    #[test]
    fn brighter_is_red_darker_is_blue_and_equal_is_white() {
        let strip = comparison_strip(
            &grey(2, &[100, 100, 100, 200]),
            &grey(2, &[100, 101, 90, 255]),
            None,
            true,
        )
        .unwrap();
        assert_eq!((strip.width(), strip.height()), (2 * 3 + 16, 2));
        let last = |row: usize| &strip.pixels()[row * 22 + 20..row * 22 + 22];
        assert_eq!(last(0), [[255, 255, 255], [255, 247, 247]]);
        assert_eq!(last(1), [[175, 175, 255], [255, 0, 0]]);
        assert_eq!(strip.pixels()[0], [100; 3]);
        assert_eq!(strip.pixels()[2], WHITE);
    }

    #[test]
    fn the_outline_of_a_mask_lies_on_the_source_alone() {
        let side = 5;
        let mut levels = vec![255; 25];
        levels[..5].fill(0);
        let mask = GreyImage::new(ImageSize::square(side).unwrap(), levels).unwrap();
        let mask =
            Mask::from_grey(&mask, ImageSize::square(side).unwrap(), PassOrder::HorizontalFirst);
        let black = grey(side, &[0; 25]);
        let strip = comparison_strip(&black, &black, Some(&mask), true).unwrap();
        let n_yellow = strip.pixels().iter().filter(|pixel| **pixel == OUTLINE).count();
        // Twenty pixels are on, six of them have four neighbours that are on.
        assert_eq!(n_yellow, 20 - 6);
        let without = comparison_strip(&black, &black, Some(&mask), false).unwrap();
        assert_eq!(without.width(), 5 + GAP + 5);
        assert_eq!(without.pixels().iter().filter(|pixel| **pixel == OUTLINE).count(), n_yellow);
    }
}
