//! JPEG 2000, reversible and irreversible, up to 16 bits (ITU-T T.800).
//!
//! Input: a codestream, alone or inside a JP2 file. Output: its components as planes of bit patterns, signed ones in two's
//! complement, equal to `OpenJPEG`'s. Every progression, tiling, precinct and variant of block coding of the first part is read;
//! subsampled components and packed packet headers are refused by name. Data that end early are refused, never filled up.
//! A component takes four bytes a sample while it is decoded.

mod blocks;
mod codestream;
mod packets;
mod wavelet;

use crate::codec::Fault;
use crate::raster::ImageSize;
use crate::read::Limits;

use self::blocks::{BYPASS, Band, BlockDecoder, Coding, TERMINATE};
use self::codestream::{Codestream, Parameters, Style};
use self::packets::{Block, Resolution};
use self::wavelet::Number;

/// Start of codestream, then the size segment, which always comes first.
const START: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];
const PLACE: &str = "the JPEG 2000 codestream";

/// A part of the reference grid, its right and lower edge left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rect {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Rect {
    fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    fn width(self) -> usize {
        self.right.saturating_sub(self.left) as usize
    }

    fn height(self) -> usize {
        self.bottom.saturating_sub(self.top) as usize
    }

    fn map(self, side: impl Fn(u32) -> u32) -> Self {
        let Self { left, top, right, bottom } = self;
        Self { left: side(left), top: side(top), right: side(right), bottom: side(bottom) }
    }
}

/// A codestream whose headers were read.
#[derive(Debug)]
pub(crate) struct Jpeg2000<'a> {
    codestream: Codestream<'a>,
    area: Rect,
    tiling: Tiling,
    size: ImageSize,
    precision: u8,
    signed: bool,
    n_components: u16,
}

/// Where tiles lie on the grid.
#[derive(Debug, Clone, Copy)]
struct Tiling {
    origin: [u32; 2],
    size: [u32; 2],
    /// How many stand beside and above each other.
    across: u32,
    down: u32,
}

impl Tiling {
    /// The tile with a number, as far as it lies in the picture.
    fn tile(self, number: u16, picture: Rect) -> Option<Rect> {
        let (row, column) = (u32::from(number) / self.across, u32::from(number) % self.across);
        let edges = |number: u32, axis: usize| {
            let edge = |number: u32| {
                let place = u64::from(number) * u64::from(self.size[axis]);
                u32::try_from(place + u64::from(self.origin[axis])).unwrap_or(u32::MAX)
            };
            [edge(number), edge(number + 1)]
        };
        let ([left, right], [top, bottom]) = (edges(column, 0), edges(row, 1));
        let tile = Rect {
            left: left.max(picture.left),
            top: top.max(picture.top),
            right: right.min(picture.right),
            bottom: bottom.min(picture.bottom),
        };
        (row < self.down && !tile.is_empty()).then_some(tile)
    }
}

impl<'a> Jpeg2000<'a> {
    pub(crate) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, Fault> {
        let start = bytes.windows(4).position(|four| four == START);
        let Some(start) = start else { return Fault::broken("there is no JPEG 2000 codestream") };
        let stream = &bytes[start..];
        let number = |place: usize| -> Result<u32, Fault> {
            let four = stream.get(place..).and_then(|rest| rest.first_chunk());
            four.map(|&four| u32::from_be_bytes(four)).ok_or(Fault::Short(PLACE))
        };
        // Size of the grid, offset of the picture in it, size of a tile, offset of the first one.
        let [right, bottom, left, top] = [number(8)?, number(12)?, number(16)?, number(20)?];
        let [tile_width, tile_height] = [number(24)?, number(28)?];
        let [tile_left, tile_top] = [number(32)?, number(36)?];
        let (Some(width), Some(height)) = (right.checked_sub(left), bottom.checked_sub(top)) else {
            return Fault::broken("a picture that starts behind its end");
        };
        let size = limits.size(width, height).map_err(Fault::Refused)?;
        // The two bytes before hold the end of what was just read.
        let n_components = u16::try_from(number(38)? & 0xffff).unwrap_or(u16::MAX);
        if n_components > 4 {
            return Fault::unsupported("more than four components");
        }
        let components = stream.get(42..42 + 3 * usize::from(n_components));
        let components = components.ok_or(Fault::Short(PLACE))?.as_chunks::<3>().0;
        let Some(&[depth, ..]) = components.first() else {
            return Fault::broken("a picture without components");
        };
        let (precision, signed) = ((depth & 0x7f) + 1, depth & 0x80 != 0);
        if components.iter().any(|&[other, ..]| other != depth) {
            return Fault::unsupported("components of several depths");
        }
        if components.iter().any(|&[_, across, down]| (across, down) != (1, 1)) {
            return Fault::unsupported("JPEG 2000 with subsampled components");
        }
        if precision > 16 {
            return Fault::unsupported(format!("{precision}-bit samples"));
        }
        let starts_before = |origin: u32, side: u32, edge: u32| {
            origin <= edge && u64::from(origin) + u64::from(side) > u64::from(edge)
        };
        if !starts_before(tile_left, tile_width, left) || !starts_before(tile_top, tile_height, top)
        {
            return Fault::broken("its first JPEG 2000 tile lies outside the picture");
        }
        let tiling = Tiling {
            origin: [tile_left, tile_top],
            size: [tile_width, tile_height],
            across: (right - tile_left).div_ceil(tile_width),
            down: (bottom - tile_top).div_ceil(tile_height),
        };
        let n_tiles = u64::from(tiling.across) * u64::from(tiling.down);
        if n_tiles > 64 + size.n_pixels() as u64 / 1024 {
            return Fault::unsupported("tiles of a few pixels");
        }
        let codestream = Codestream::read(stream, n_components)?;
        if (codestream.tiles.len() as u64) < n_tiles {
            return Err(Fault::Short(PLACE));
        }
        let area = Rect { left, top, right, bottom };
        let found = Self { codestream, area, tiling, size, precision, signed, n_components };
        let own = found.codestream.tiles.values().filter_map(|tile| tile.parameters.as_ref());
        for parameters in own.chain([&found.codestream.main]) {
            parameters.styles().try_for_each(|style| found.weigh(style))?;
        }
        Ok(found)
    }

    pub(crate) fn size(&self) -> ImageSize {
        self.size
    }

    pub(crate) fn precision(&self) -> u8 {
        self.precision
    }

    pub(crate) fn n_components(&self) -> usize {
        self.n_components.into()
    }

    /// Refuses a coding style whose bookkeeping outgrows the picture.
    fn weigh(&self, style: &Style) -> Result<(), Fault> {
        let pixels = self.size.n_pixels() as u64 * u64::from(self.n_components);
        let (mut n_blocks, mut n_precincts) = (0, 0);
        for (level, sizes) in (0_u32..).zip(&style.precincts) {
            let of_level = pixels >> (2 * (u32::from(style.levels) - level)).min(63);
            let precinct_bits = u32::from(sizes[0]) + u32::from(sizes[1]);
            let block_bits = u32::from(style.block[0]) + u32::from(style.block[1]);
            // A block is no larger than a precinct of its band.
            n_blocks += (of_level >> block_bits.min(precinct_bits.saturating_sub(2))) + 1;
            n_precincts += (of_level >> precinct_bits) + 1;
        }
        // By their structures: a block of 110 bytes, a precinct of 400; a piece of 24, of which a block has as many as layers
        // or, where the coder is started anew, as passes.
        let layers = self.codestream.main.layers;
        let n_pieces = if style.variant & (BYPASS | TERMINATE) != 0 { 88 } else { layers.min(88) };
        let bytes = n_blocks * (110 + 24 * u64::from(n_pieces)) + n_precincts * 400;
        if bytes > (32 << 20) + pixels {
            return Fault::unsupported("JPEG 2000 blocks, precincts or layers of a few pixels");
        }
        Ok(())
    }

    /// The components as bit patterns of 16 bits.
    pub(crate) fn decode(self) -> Result<Vec<Vec<u16>>, Fault> {
        let mut planes = vec![Vec::new(); self.n_components.into()];
        for (&number, tile) in &self.codestream.tiles {
            let Some(area) = self.tiling.tile(number, self.area) else {
                return Fault::broken("it has a JPEG 2000 tile outside the picture");
            };
            let parameters = tile.parameters.as_ref().unwrap_or(&self.codestream.main);
            let mut components = (0..self.n_components)
                .map(|component| Ok(packets::resolutions(area, parameters.style(component)?)))
                .collect::<Result<Vec<_>, Fault>>()?;
            let data = tile.packets();
            packets::read(&data, parameters, &mut components)?;
            let tile =
                Tile { data: &data, parameters, precision: self.precision, area, components };
            let reversible = (0..self.n_components)
                .map(|component| Ok(parameters.style(component)?.reversible))
                .collect::<Result<Vec<bool>, Fault>>()?;
            let first_single = if parameters.mixed {
                match reversible[..] {
                    [true, true, true, ..] => self.store_mixed::<i32>(&tile, &mut planes)?,
                    [false, false, false, ..] => self.store_mixed::<f32>(&tile, &mut planes)?,
                    _ => return Fault::broken("a component transform of unequal components"),
                }
                3
            } else {
                0
            };
            for component in first_single..self.n_components {
                let plane = &mut planes[usize::from(component)];
                if reversible[usize::from(component)] {
                    self.store(plane, area, tile.component::<i32>(component)?);
                } else {
                    self.store(plane, area, tile.component::<f32>(component)?);
                }
            }
        }
        Ok(planes)
    }

    /// Decodes and stores the three components that were transformed together.
    fn store_mixed<N: Number>(
        &self,
        tile: &Tile<'_>,
        planes: &mut [Vec<u16>],
    ) -> Result<(), Fault> {
        let mut three = [tile.component::<N>(0)?, tile.component(1)?, tile.component(2)?];
        for idx in 0..three[0].len() {
            let pixel = N::unmixed([three[0][idx], three[1][idx], three[2][idx]]);
            for (values, value) in three.iter_mut().zip(pixel) {
                values[idx] = value;
            }
        }
        // Each is gone before the next one's plane is there.
        for (plane, values) in planes.iter_mut().zip(three) {
            self.store(plane, tile.area, values);
        }
        Ok(())
    }

    /// Puts the samples of a tile into the plane of its component. The values go as the samples come, from the last row
    /// to the first, so that both are never there as a whole.
    fn store<N: Number>(&self, plane: &mut Vec<u16>, tile: Rect, mut values: Vec<N>) {
        const STEPS: usize = 16;
        let (stride, width) = (self.size.columns(), tile.width());
        if plane.is_empty() {
            // Memory that is asked for as zeros is taken up only where it is written to.
            *plane = vec![0; self.size.n_pixels()];
        }
        let middle = 1_i64 << (self.precision - 1);
        let (offset, lowest) = if self.signed { (0, -middle) } else { (middle, 0) };
        let pattern = |&value: &N| {
            let level = (value.rounded() + offset).clamp(lowest, lowest + 2 * middle - 1);
            level.to_le_bytes().first_chunk().map_or(0, |&pair| u16::from_le_bytes(pair))
        };
        let first =
            (tile.top - self.area.top) as usize * stride + (tile.left - self.area.left) as usize;
        let rows_between = tile.height().div_ceil(STEPS);
        for row in (0..tile.height()).rev() {
            let samples = &mut plane[first + row * stride..][..width];
            for (sample, value) in samples.iter_mut().zip(&values[row * width..]) {
                *sample = pattern(value);
            }
            values.truncate(row * width);
            if row % rows_between == 0 {
                values.shrink_to_fit();
            }
        }
    }
}

/// A tile whose packets were read.
struct Tile<'a> {
    data: &'a [u8],
    parameters: &'a Parameters,
    precision: u8,
    area: Rect,
    components: Vec<Vec<Resolution>>,
}

impl Tile<'_> {
    /// The samples of a component, before the component transform.
    fn component<N: Number>(&self, component: u16) -> Result<Vec<N>, Fault> {
        let stride = self.area.width();
        let mut values = vec![N::default(); stride * self.area.height()];
        let resolutions = &self.components[usize::from(component)];
        let variant = self.parameters.style(component)?.variant;
        let quantization = self.parameters.quantization(component)?;
        let region_shift = self.parameters.region_shift(component);
        let mut decoder = BlockDecoder::default();
        let mut index = 0;
        for (level, resolution) in resolutions.iter().enumerate() {
            for (place, band) in resolution.bands.iter().enumerate() {
                let (planes, step) = quantization.band(index, self.precision)?;
                index += 1;
                let planes = planes + u32::from(region_shift);
                // High passes stand right of and below what the smaller resolutions fill.
                let small = |is_high: bool, of: fn(Rect) -> usize| {
                    if is_high { of(resolutions[level - 1].area) } else { 0 }
                };
                let x = small(matches!(band.kind, Band::HighLow | Band::HighHigh), Rect::width);
                let y = small(matches!(band.kind, Band::LowHigh | Band::HighHigh), Rect::height);
                for block in resolution.blocks(place).filter(|block| block.n_passes > 0) {
                    let planes = planes.checked_sub(block.zero_planes);
                    let Some(planes @ 1..=30) = planes else {
                        return Fault::broken("a code block has too many or too few bit planes");
                    };
                    self.block(&mut decoder, block, Coding { band: band.kind, variant, planes });
                    let width = block.area.width();
                    let left = x + (block.area.left - band.area.left) as usize;
                    let top = y + (block.area.top - band.area.top) as usize;
                    for (row, line) in decoder.coefficients.chunks_exact(width).enumerate() {
                        let start = (top + row) * stride + left;
                        for (value, &doubled) in values[start..][..width].iter_mut().zip(line) {
                            *value = N::of(unshifted(doubled, region_shift), step);
                        }
                    }
                }
            }
        }
        wavelet::invert(&mut values, stride, resolutions);
        Ok(values)
    }

    /// Decodes a block, segment by segment.
    fn block(&self, decoder: &mut BlockDecoder, block: &Block, coding: Coding) {
        decoder.start(block.area.width(), block.area.height());
        let mut first = 0;
        for pieces in block.pieces.chunk_by(|_, next| !next.starts_segment) {
            let part = |piece: &packets::Piece| &self.data[piece.start..][..piece.length as usize];
            let n_passes = pieces.iter().map(|piece| u32::from(piece.passes)).sum();
            if let [only] = pieces {
                decoder.decode(part(only), first, n_passes, coding);
            } else {
                let segment: Vec<u8> = pieces.iter().flat_map(part).copied().collect();
                decoder.decode(&segment, first, n_passes, coding);
            }
            first += n_passes;
        }
    }
}

/// A coefficient of a region of interest, back where it was before it was shifted above all others.
fn unshifted(doubled: i32, shift: u8) -> i32 {
    if shift > 0 && doubled.abs() >= 1 << shift {
        return doubled.signum() * (doubled.abs() >> shift);
    }
    doubled
}
