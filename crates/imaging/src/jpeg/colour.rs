//! Components to red, green and blue, in libjpeg's and Pillow's fixed-point arithmetic.

use super::Colour;

/// Interleaved RGB from the components of a picture of 8 bits, three or four of them.
pub(super) fn to_rgb(planes: &[Vec<u16>], colour: Colour) -> Vec<u8> {
    let [first, second, third, rest @ ..] = planes else { return Vec::new() };
    let mut samples = Vec::with_capacity(first.len() * 3);
    for (idx, ((&a, &b), &c)) in first.iter().zip(second).zip(third).enumerate() {
        let levels = [a, b, c].map(i32::from);
        let key = rest.first().map_or(0, |plane| i32::from(plane[idx]));
        samples.extend(match colour {
            Colour::Grey | Colour::Rgb => levels.map(clip),
            Colour::YCbCr => rgb_from_ycc(levels),
            Colour::Cmyk => rgb_from_stored_cmyk(levels.map(clip), key),
            // Stored as the complement of an RGB picture in YCbCr.
            Colour::Ycck => {
                rgb_from_stored_cmyk(rgb_from_ycc(levels).map(|level| 255 - level), key)
            }
        });
    }
    samples
}

/// `y + 1.402 cr` and its siblings, in 16 fraction bits.
fn rgb_from_ycc([y, cb, cr]: [i32; 3]) -> [u8; 3] {
    let (cb, cr) = (cb - 128, cr - 128);
    let rounded = |scaled: i32| (scaled + (1 << 15)) >> 16;
    [y + rounded(91_881 * cr), y + rounded(-22_554 * cb - 46_802 * cr), y + rounded(116_130 * cb)]
        .map(clip)
}

/// RGB of amounts of ink.
pub(crate) fn rgb_from_inks(inks: [u8; 3], key: u8) -> [u8; 3] {
    rgb_from_stored_cmyk(inks.map(|ink| 255 - ink), 255 - i32::from(key))
}

/// Pillow takes every CMYK JPEG as Adobe writes it, with 255 for no ink.
fn rgb_from_stored_cmyk(stored: [u8; 3], stored_key: i32) -> [u8; 3] {
    let paper = stored_key.clamp(0, 255);
    stored.map(|level| {
        let ink = 255 - i32::from(level);
        let product = ink * paper + 128;
        clip(paper - (((product >> 8) + product) >> 8))
    })
}

fn clip(level: i32) -> u8 {
    u8::try_from(level.clamp(0, 255)).unwrap_or(0)
}

/// A level of at most 8 bits.
pub(super) fn byte(level: u16) -> u8 {
    u8::try_from(level).unwrap_or(u8::MAX)
}
