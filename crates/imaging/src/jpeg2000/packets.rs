//! Packets: which bytes belong to which code block (T.800, annex B).
//!
//! Input: the packets of a tile, and its coding. Output: for each component and resolution its bands, their blocks, and the
//! pieces of data that each block has.

use super::blocks::{BYPASS, Band, TERMINATE};
use super::codestream::{Parameters, Progression, Style};
use super::{PLACE, Rect};
use crate::codec::Fault;

/// Bytes of a block, out of one packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) length: u32,
    pub(super) passes: u8,
    /// Whether the coder was started anew for it.
    pub(super) starts_segment: bool,
}

/// A code block.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) area: Rect,
    pub(super) pieces: Vec<Piece>,
    /// Bit planes of zeros on top; known once the block is included.
    pub(super) zero_planes: u32,
    pub(super) n_passes: u32,
    length_bits: u32,
    /// Passes that the segment in work can still take.
    room: u32,
}

/// The blocks of a band in a precinct.
#[derive(Debug)]
struct Grid {
    across: u32,
    blocks: Vec<Block>,
    inclusion: TagTree,
    zero_planes: TagTree,
}

#[derive(Debug)]
struct Precinct {
    /// Where its packets come in the orders by position, row before column.
    position: [u32; 2],
    /// Layers whose packets were read.
    layers: u16,
    /// One for each band.
    grids: Vec<Grid>,
}

/// A band of a resolution.
#[derive(Debug)]
pub(super) struct BandArea {
    pub(super) kind: Band,
    pub(super) area: Rect,
}

/// A resolution of a component.
#[derive(Debug)]
pub(super) struct Resolution {
    pub(super) area: Rect,
    pub(super) bands: Vec<BandArea>,
    precincts: Vec<Precinct>,
}

impl Resolution {
    /// The blocks of a band, by its place among the bands.
    pub(super) fn blocks(&self, band: usize) -> impl Iterator<Item = &Block> {
        self.precincts.iter().flat_map(move |precinct| &precinct.grids[band].blocks)
    }
}

/// The resolutions of a component in a tile, the smallest first.
pub(super) fn resolutions(tile: Rect, style: &Style) -> Vec<Resolution> {
    (0..=style.levels).map(|level| resolution(tile, style, level)).collect()
}

fn resolution(tile: Rect, style: &Style, level: u8) -> Resolution {
    let below = u32::from(style.levels - level);
    let area = tile.map(|side| ceil_shift(side.into(), below));
    let kinds: &[Band] =
        if level == 0 { &[Band::LowLow] } else { &[Band::HighLow, Band::LowHigh, Band::HighHigh] };
    let bands: Vec<BandArea> = kinds
        .iter()
        .map(|&kind| {
            let halvings = if level == 0 { below } else { below + 1 };
            let offset = |is_high: bool| if is_high { 1_u64 << (halvings - 1) } else { 0 };
            let across = offset(matches!(kind, Band::HighLow | Band::HighHigh));
            let along = offset(matches!(kind, Band::LowHigh | Band::HighHigh));
            let side =
                |side: u32, offset| ceil_shift(u64::from(side).saturating_sub(offset), halvings);
            let area = Rect {
                left: side(tile.left, across),
                right: side(tile.right, across),
                top: side(tile.top, along),
                bottom: side(tile.bottom, along),
            };
            BandArea { kind, area }
        })
        .collect();
    let [width, height] = style.precincts[usize::from(level)].map(u32::from);
    let mut precincts = Vec::new();
    if !area.is_empty() {
        for row in area.top >> height..=(area.bottom - 1) >> height {
            for column in area.left >> width..=(area.right - 1) >> width {
                // Where its corner lies in the tile, or the tile's own edge.
                let corner = |number: u32, bits: u32, edge: u32| {
                    let place = u64::from(number) << (bits + below).min(40);
                    u32::try_from(place).unwrap_or(u32::MAX).max(edge)
                };
                let halved = u32::from(level > 0);
                let cell = Cell {
                    column,
                    row,
                    width: width - halved,
                    height: height - halved,
                    block: [
                        u32::from(style.block[0]).min(width - halved),
                        u32::from(style.block[1]).min(height - halved),
                    ],
                };
                precincts.push(Precinct {
                    position: [corner(row, height, tile.top), corner(column, width, tile.left)],
                    layers: 0,
                    grids: bands.iter().map(|band| cell.grid(band.area)).collect(),
                });
            }
        }
    }
    Resolution { area, bands, precincts }
}

/// A precinct as its bands see it; sides are powers of two.
struct Cell {
    column: u32,
    row: u32,
    width: u32,
    height: u32,
    block: [u32; 2],
}

impl Cell {
    fn grid(&self, band: Rect) -> Grid {
        let edge =
            |number: u32, bits: u32| u32::try_from(u64::from(number) << bits).unwrap_or(u32::MAX);
        let area = Rect {
            left: edge(self.column, self.width).max(band.left),
            right: edge(self.column + 1, self.width).min(band.right),
            top: edge(self.row, self.height).max(band.top),
            bottom: edge(self.row + 1, self.height).min(band.bottom),
        };
        let (mut blocks, mut across, mut down) = (Vec::new(), 0, 0);
        if !area.is_empty() {
            let [width, height] = self.block;
            let columns = area.left >> width..=(area.right - 1) >> width;
            let rows = area.top >> height..=(area.bottom - 1) >> height;
            across = columns.end() - columns.start() + 1;
            down = rows.end() - rows.start() + 1;
            for row in rows {
                for column in columns.clone() {
                    blocks.push(Block {
                        area: Rect {
                            left: (column << width).max(area.left),
                            right: edge(column + 1, width).min(area.right),
                            top: (row << height).max(area.top),
                            bottom: edge(row + 1, height).min(area.bottom),
                        },
                        pieces: Vec::new(),
                        zero_planes: 0,
                        n_passes: 0,
                        length_bits: 3,
                        room: 0,
                    });
                }
            }
        }
        Grid {
            across,
            blocks,
            inclusion: TagTree::new(across, down),
            zero_planes: TagTree::new(across, down),
        }
    }
}

fn ceil_shift(number: u64, bits: u32) -> u32 {
    u32::try_from((number + ((1 << bits) - 1)) >> bits).unwrap_or(u32::MAX)
}

/// A quad tree of minima (B.10.2).
#[derive(Debug)]
struct TagTree {
    /// Width and first node of each level, leaves first.
    levels: Vec<(u32, u32)>,
    /// A lower bound, and whether it is the value.
    nodes: Vec<(u32, bool)>,
}

impl TagTree {
    fn new(width: u32, height: u32) -> Self {
        let (mut levels, mut n_nodes) = (Vec::new(), 0);
        let (mut across, mut down) = (width, height);
        while across * down > 0 {
            levels.push((across, n_nodes));
            n_nodes += across * down;
            if across * down == 1 {
                break;
            }
            (across, down) = (across.div_ceil(2), down.div_ceil(2));
        }
        Self { levels, nodes: vec![(0, false); n_nodes as usize] }
    }

    /// The value of a leaf, if it is below `limit`.
    fn value(
        &mut self,
        bits: &mut HeaderBits<'_>,
        [x, y]: [u32; 2],
        limit: u32,
    ) -> Result<Option<u32>, Fault> {
        let mut low = 0;
        let mut is_known = false;
        for (level, &(width, first)) in self.levels.iter().enumerate().rev() {
            let node = &mut self.nodes[(first + (y >> level) * width + (x >> level)) as usize];
            low = low.max(node.0);
            while low < limit && !node.1 {
                if bits.bit()? {
                    node.1 = true;
                } else {
                    low += 1;
                }
            }
            node.0 = low;
            is_known = node.1;
        }
        Ok((is_known && low < limit).then_some(low))
    }
}

/// The bits of packet headers; after a byte of ones, the next byte has seven.
struct HeaderBits<'a> {
    data: &'a [u8],
    position: usize,
    byte: u8,
    n_bits: u32,
}

impl HeaderBits<'_> {
    fn bit(&mut self) -> Result<bool, Fault> {
        if self.n_bits == 0 {
            self.n_bits = if self.byte == 0xff { 7 } else { 8 };
            self.byte = *self.data.get(self.position).ok_or(Fault::Short(PLACE))?;
            self.position += 1;
        }
        self.n_bits -= 1;
        Ok(self.byte >> self.n_bits & 1 == 1)
    }

    fn number(&mut self, n_bits: u32) -> Result<u32, Fault> {
        (0..n_bits).try_fold(0, |number, _| Ok(number << 1 | u32::from(self.bit()?)))
    }

    /// Goes on at a whole byte.
    fn align(&mut self) {
        if self.byte == 0xff {
            self.position += 1;
        }
        (self.byte, self.n_bits) = (0, 0);
    }

    /// How many passes a block gets (table B.4).
    fn n_passes(&mut self) -> Result<u32, Fault> {
        if !self.bit()? {
            return Ok(1);
        }
        if !self.bit()? {
            return Ok(2);
        }
        Ok(match self.number(2)? {
            3 => match self.number(5)? {
                31 => 37 + self.number(7)?,
                more => 6 + more,
            },
            more => 3 + more,
        })
    }
}

/// Reads the packets of a tile into the blocks of its components.
pub(super) fn read(
    data: &[u8],
    parameters: &Parameters,
    components: &mut [Vec<Resolution>],
) -> Result<(), Fault> {
    let everything = Progression {
        order: parameters.order,
        resolutions: [0, 33],
        components: [0, u16::MAX],
        layers: u16::MAX,
    };
    let changes = if parameters.changes.is_empty() {
        std::slice::from_ref(&everything)
    } else {
        &parameters.changes
    };
    let mut packets = Packets { data, position: 0 };
    for change in changes {
        let n_layers = change.layers.min(parameters.layers);
        let mut places = Vec::new();
        for (component, resolutions) in components.iter().enumerate() {
            if !(usize::from(change.components[0])..usize::from(change.components[1]))
                .contains(&component)
            {
                continue;
            }
            let first = usize::from(change.resolutions[0]);
            let end = resolutions.len().min(change.resolutions[1].into());
            for (level, resolution) in resolutions[first.min(end)..end].iter().enumerate() {
                for (number, precinct) in resolution.precincts.iter().enumerate() {
                    places.push(((first + level), component, number, precinct.position));
                }
            }
        }
        // Within one key the places keep their order: component, resolution, precinct.
        match change.order {
            0..=2 => places.sort_by_key(|&(level, component, number, position)| {
                let position = if change.order == 2 { position } else { [0, 0] };
                (level, position, component, number)
            }),
            3 => places.sort_by_key(|&(level, component, number, position)| {
                (position, component, level, number)
            }),
            _ => places.sort_by_key(|&(level, component, number, position)| {
                (component, position, level, number)
            }),
        }
        let mut packet = |(level, component, number, _): (usize, usize, usize, [u32; 2]), layer| {
            let style = parameters.style(u16::try_from(component).unwrap_or(u16::MAX))?;
            let precinct = &mut components[component][level].precincts[number];
            if precinct.layers != layer {
                return Ok(());
            }
            precinct.layers += 1;
            packets.packet(precinct, layer, style.variant)
        };
        match change.order {
            0 => {
                for layer in 0..n_layers {
                    places.iter().try_for_each(|&place| packet(place, layer))?;
                }
            }
            1 => {
                for of_level in places.chunk_by(|a, b| a.0 == b.0) {
                    for layer in 0..n_layers {
                        of_level.iter().try_for_each(|&place| packet(place, layer))?;
                    }
                }
            }
            _ => {
                for place in places {
                    (0..n_layers).try_for_each(|layer| packet(place, layer))?;
                }
            }
        }
    }
    Ok(())
}

struct Packets<'a> {
    data: &'a [u8],
    position: usize,
}

impl Packets<'_> {
    fn skip_marker(&mut self, marker: u8, length: usize) {
        if self.data[self.position.min(self.data.len())..].starts_with(&[0xff, marker]) {
            self.position += length;
        }
    }

    /// One packet: its header, then the bytes of its blocks.
    fn packet(&mut self, precinct: &mut Precinct, layer: u16, variant: u8) -> Result<(), Fault> {
        // Markers of the start of a packet and of the end of its header stand for themselves, announced or not.
        self.skip_marker(0x91, 6);
        let mut bits = HeaderBits { data: self.data, position: self.position, byte: 0, n_bits: 0 };
        let mut lengths = Vec::new();
        if bits.bit()? {
            for (band, grid) in precinct.grids.iter_mut().enumerate() {
                for place in 0..grid.blocks.len() {
                    grid.block_header(&mut bits, place, layer, variant, |piece| {
                        lengths.push((band, place, piece));
                    })?;
                }
            }
        }
        bits.align();
        self.position = bits.position;
        self.skip_marker(0x92, 2);
        for (band, place, mut piece) in lengths {
            piece.start = self.position;
            self.position += piece.length as usize;
            if self.position > self.data.len() {
                return Err(Fault::Short(PLACE));
            }
            precinct.grids[band].blocks[place].pieces.push(piece);
        }
        Ok(())
    }
}

impl Grid {
    /// What a packet's header says about one block.
    fn block_header(
        &mut self,
        bits: &mut HeaderBits<'_>,
        place: usize,
        layer: u16,
        variant: u8,
        mut found: impl FnMut(Piece),
    ) -> Result<(), Fault> {
        let block = &mut self.blocks[place];
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        let leaf = [place % self.across, place / self.across];
        let is_new = block.n_passes == 0;
        let is_included = if is_new {
            self.inclusion.value(bits, leaf, u32::from(layer) + 1)?.is_some()
        } else {
            bits.bit()?
        };
        if !is_included {
            return Ok(());
        }
        if is_new {
            const MOST_PLANES: u32 = 80;
            let planes = self.zero_planes.value(bits, leaf, MOST_PLANES)?;
            block.zero_planes =
                planes.ok_or(Fault::Broken("a code block has too few bit planes".into()))?;
        }
        let mut n_passes = bits.n_passes()?;
        while bits.bit()? {
            block.length_bits += 1;
        }
        while n_passes > 0 {
            let starts_segment = block.room == 0;
            if starts_segment {
                block.room = room_of_segment(block.n_passes, variant);
            }
            let passes = n_passes.min(block.room);
            let n_bits = block.length_bits + passes.ilog2();
            if n_bits > 31 {
                return Fault::broken("a code block is longer than any file");
            }
            let length = bits.number(n_bits)?;
            let small = u8::try_from(passes).unwrap_or(u8::MAX);
            found(Piece { start: 0, length, passes: small, starts_segment });
            block.room -= passes;
            block.n_passes += passes;
            n_passes -= passes;
            // Thirty planes have three passes each, the first one alone.
            if block.n_passes > 88 {
                return Fault::broken("a code block has more passes than bit planes");
            }
        }
        Ok(())
    }
}

/// How many passes a segment takes that starts with pass `first`.
fn room_of_segment(first: u32, variant: u8) -> u32 {
    if variant & TERMINATE != 0 {
        return 1;
    }
    if variant & BYPASS == 0 {
        return u32::from(u8::MAX);
    }
    // Ten coded passes, then two of plain bits and one coded pass in turn.
    match first {
        0..10 => 10 - first,
        _ => [2, 1, 1][(first as usize - 10) % 3],
    }
}
