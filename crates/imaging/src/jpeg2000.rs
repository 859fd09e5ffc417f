//! JPEG 2000, reversible and irreversible, up to 16 bits, decoded by `hayro-jpeg2000`.
//!
//! Input: a codestream, alone or inside a JP2 file. Output: its components as planes of bit patterns, signed ones in two's
//! complement. A survey of the headers comes first: what a few bytes ask of the decoder's memory must stay in proportion
//! to the picture.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use crate::codec::Fault;
use crate::raster::ImageSize;
use crate::read::Limits;

/// Start of codestream, then the size segment, which always comes first.
const START: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];
const PLACE: &str = "the JPEG 2000 codestream";

/// A codestream whose headers were surveyed.
#[derive(Debug)]
pub(crate) struct Jpeg2000<'a> {
    codestream: &'a [u8],
    size: ImageSize,
    precision: u8,
    signed: bool,
    n_components: usize,
}

impl<'a> Jpeg2000<'a> {
    pub(crate) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, Fault> {
        let start = bytes.windows(4).position(|four| four == START);
        let Some(start) = start else { return Fault::broken("there is no JPEG 2000 codestream") };
        let codestream = &bytes[start..];
        let number = |place: usize| -> Result<u32, Fault> {
            let four = codestream.get(place..).and_then(|rest| rest.first_chunk());
            four.map(|&four| u32::from_be_bytes(four)).ok_or(Fault::Short(PLACE))
        };
        // Size of the grid, offset of the picture in it, size of a tile.
        let [right, bottom, left, top] = [number(8)?, number(12)?, number(16)?, number(20)?];
        let [tile_width, tile_height] = [number(24)?, number(28)?];
        let (Some(width), Some(height)) = (right.checked_sub(left), bottom.checked_sub(top)) else {
            return Fault::broken("a picture that starts behind its end");
        };
        let size = limits.size(width, height).map_err(Fault::Refused)?;
        let n_components = usize::try_from(number(38)? & 0xffff).unwrap_or(usize::MAX);
        if n_components > 4 {
            return Fault::unsupported("more than four components");
        }
        let components = codestream.get(42..42 + 3 * n_components).ok_or(Fault::Short(PLACE))?;
        let depths: Vec<u8> = components.iter().step_by(3).copied().collect();
        let (precision, signed) = match depths.first() {
            Some(depth) => ((depth & 0x7f) + 1, depth & 0x80 != 0),
            None => return Fault::broken("a picture without components"),
        };
        if depths.iter().any(|&depth| depth != depths[0]) {
            return Fault::unsupported("components of several depths");
        }
        if precision > 16 {
            return Fault::unsupported(format!("{precision}-bit samples"));
        }
        let pixels = u64::from(width) * u64::from(height);
        let tile_pixels = u64::from(tile_width.max(1)) * u64::from(tile_height.max(1));
        if pixels / tile_pixels > 64 + pixels / 1024 {
            return Fault::unsupported("tiles of a few pixels");
        }
        let found = Self { codestream, size, precision, signed, n_components };
        found.survey()?;
        Ok(found)
    }

    pub(crate) fn size(&self) -> ImageSize {
        self.size
    }

    pub(crate) fn precision(&self) -> u8 {
        self.precision
    }

    pub(crate) fn n_components(&self) -> usize {
        self.n_components
    }

    /// Looks at the coding styles of the stream and of its tile parts.
    fn survey(&self) -> Result<(), Fault> {
        let mut position = 2;
        let mut tile_end = None;
        while let Some(&[0xff, marker, high, low]) =
            self.codestream.get(position..).and_then(|rest| rest.first_chunk())
        {
            let length = usize::from(u16::from_be_bytes([high, low]));
            match marker {
                // The data of a tile part: on to the next one.
                0x93 => match tile_end.take() {
                    Some(end) if end > position => {
                        position = end;
                        continue;
                    }
                    _ => break,
                },
                0xd9 => break,
                _ => {}
            }
            let content = self.codestream.get(position + 4..position + 2 + length.max(2));
            let content = content.ok_or(Fault::Short(PLACE))?;
            match (marker, content) {
                (0x90, [_, _, l0, l1, l2, l3, ..]) => {
                    let length = u32::from_be_bytes([*l0, *l1, *l2, *l3]);
                    tile_end = usize::try_from(length).ok().map(|length| position + length);
                }
                (0x52, [style, _, l0, l1, _, rest @ ..]) => {
                    let n_layers = u16::from_be_bytes([*l0, *l1]);
                    self.weigh(*style, n_layers.into(), rest)?;
                }
                (0x53, [_, style, rest @ ..]) => self.weigh(*style, 1, rest)?,
                _ => {}
            }
            position += 2 + length.max(2);
        }
        Ok(())
    }

    /// Refuses a coding style whose bookkeeping outgrows the picture.
    fn weigh(&self, style: u8, n_layers: u64, parameters: &[u8]) -> Result<(), Fault> {
        let &[levels, block_width, block_height, _, _, ref precincts @ ..] = parameters else {
            return Err(Fault::Short(PLACE));
        };
        let pixels = self.size.n_pixels() as u64 * self.n_components as u64;
        let block_bits = u32::from(block_width & 15) + u32::from(block_height & 15) + 4;
        let precincts = if style & 1 == 1 { precincts } else { &[] };
        let (mut n_blocks, mut n_precincts) = (0, 0);
        for level in 0..=u32::from(levels.min(32)) {
            let of_level = (pixels >> (2 * (u32::from(levels.min(32)) - level)).min(63)) + 1;
            let precinct_bits = precincts
                .get(level as usize)
                .map_or(30, |sizes| u32::from(sizes & 15) + u32::from(sizes >> 4));
            n_blocks += (of_level >> block_bits.min(precinct_bits.saturating_sub(2))) + 1;
            n_precincts += (of_level >> precinct_bits) + 1;
        }
        // By its structures: about 100 bytes for a block or precinct, 16 for a layer of one.
        let bytes = (n_blocks + n_precincts) * 100 + n_blocks * n_layers * 16;
        if bytes > (32 << 20) + pixels {
            return Fault::unsupported("JPEG 2000 blocks, precincts or layers of a few pixels");
        }
        Ok(())
    }

    /// The components as bit patterns of 16 bits.
    pub(crate) fn decode(self) -> Result<Vec<Vec<u16>>, Fault> {
        let broken = |error: hayro_jpeg2000::DecodeError| {
            Fault::Broken(format!("its JPEG 2000 codestream cannot be decoded: {error}").into())
        };
        let settings = DecodeSettings {
            resolve_palette_indices: false,
            strict: true,
            target_resolution: None,
        };
        let image = Image::new(self.codestream, &settings).map_err(broken)?;
        let mut context = DecoderContext::default();
        let decoded = image.decode(&mut context).map_err(broken)?;
        let (middle, highest) = (1_i32 << (self.precision - 1), (1_i32 << self.precision) - 1);
        // The decoder gives signed samples with the middle of their range added, like unsigned ones.
        let offset = if self.signed { middle } else { 0 };
        #[expect(clippy::cast_possible_truncation, reason = "a number that does not fit saturates")]
        let pattern = |&sample: &f32| {
            let level = (sample.round_ties_even() as i32).clamp(0, highest) - offset;
            level.to_le_bytes().first_chunk().map_or(0, |&pair| u16::from_le_bytes(pair))
        };
        let components = decoded.components().iter();
        Ok(components.map(|component| component.samples().iter().map(pattern).collect()).collect())
    }
}
