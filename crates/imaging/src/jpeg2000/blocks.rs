//! Code blocks: the arithmetic decoder and the three passes of a bit plane (T.800, annexes C and D).
//!
//! Input: the coded bytes of a block, in segments, and how many passes each holds. Output: its coefficients, twice their value
//! with one half added to what is not zero, as `OpenJPEG` keeps them.

/// Variants of block coding.
pub(super) const BYPASS: u8 = 1;
const RESET: u8 = 2;
pub(super) const TERMINATE: u8 = 4;
const CAUSAL: u8 = 8;
const SYMBOLS: u8 = 0x20;

/// Neighbours that are significant, north-east, south-east, south-west, north-west, north, east, south, west; the signs of
/// the last four; then the coefficient itself.
const EAST: u16 = 0x20;
const SOUTH: u16 = 0x40;
const NEIGHBOURS: u16 = 0xff;
const BELOW: u16 = 0x446;
const SIGNIFICANT: u16 = 0x1000;
const REFINED: u16 = 0x2000;
const VISITED: u16 = 0x4000;

const RUN: usize = 17;
const UNIFORM: usize = 18;

/// Probability of the less probable symbol, next states after the more and the less probable one, and whether they change
/// places (T.800, table C.2).
const STATES: [(u16, u8, u8, bool); 47] = [
    (0x5601, 1, 1, true),
    (0x3401, 2, 6, false),
    (0x1801, 3, 9, false),
    (0x0ac1, 4, 12, false),
    (0x0521, 5, 29, false),
    (0x0221, 38, 33, false),
    (0x5601, 7, 6, true),
    (0x5401, 8, 14, false),
    (0x4801, 9, 14, false),
    (0x3801, 10, 14, false),
    (0x3001, 11, 17, false),
    (0x2401, 12, 18, false),
    (0x1c01, 13, 20, false),
    (0x1601, 29, 21, false),
    (0x5601, 15, 14, true),
    (0x5401, 16, 14, false),
    (0x5101, 17, 15, false),
    (0x4801, 18, 16, false),
    (0x3801, 19, 17, false),
    (0x3401, 20, 18, false),
    (0x3001, 21, 19, false),
    (0x2801, 22, 19, false),
    (0x2401, 23, 20, false),
    (0x2201, 24, 21, false),
    (0x1c01, 25, 22, false),
    (0x1801, 26, 23, false),
    (0x1601, 27, 24, false),
    (0x1401, 28, 25, false),
    (0x1201, 29, 26, false),
    (0x1101, 30, 27, false),
    (0x0ac1, 31, 28, false),
    (0x09c1, 32, 29, false),
    (0x08a1, 33, 30, false),
    (0x0521, 34, 31, false),
    (0x0441, 35, 32, false),
    (0x02a1, 36, 33, false),
    (0x0221, 37, 34, false),
    (0x0141, 38, 35, false),
    (0x0111, 39, 36, false),
    (0x0085, 40, 37, false),
    (0x0049, 41, 38, false),
    (0x0025, 42, 39, false),
    (0x0015, 43, 40, false),
    (0x0009, 44, 41, false),
    (0x0005, 45, 42, false),
    (0x0001, 45, 43, false),
    (0x5601, 46, 46, false),
];

/// A context's state and its more probable symbol.
type Context = (u8, bool);

const fn initial_contexts() -> [Context; 19] {
    let mut contexts = [(0, false); 19];
    contexts[0].0 = 4;
    contexts[RUN].0 = 3;
    contexts[UNIFORM].0 = 46;
    contexts
}

/// Reads decisions, arithmetically coded or as plain bits. Behind the end come ones, as the standard says.
struct Reader<'a> {
    data: &'a [u8],
    position: usize,
    interval: u32,
    code: u32,
    n_bits: u32,
}

impl<'a> Reader<'a> {
    fn coded(data: &'a [u8]) -> Self {
        let mut reader = Self { data, position: 0, interval: 0x8000, code: 0, n_bits: 0 };
        reader.code = reader.byte(0) << 16;
        reader.feed();
        reader.code <<= 7;
        reader.n_bits -= 7;
        reader
    }

    fn plain(data: &'a [u8]) -> Self {
        Self { data, position: 0, interval: 0, code: 0, n_bits: 0 }
    }

    fn byte(&self, ahead: usize) -> u32 {
        self.data.get(self.position + ahead).map_or(0xff, |&byte| byte.into())
    }

    fn feed(&mut self) {
        if self.byte(0) == 0xff {
            if self.byte(1) > 0x8f {
                self.code += 0xff00;
                self.n_bits = 8;
                return;
            }
            self.code += self.byte(1) << 9;
            self.n_bits = 7;
        } else {
            self.code += self.byte(1) << 8;
            self.n_bits = 8;
        }
        self.position += 1;
    }

    fn decision(&mut self, context: &mut Context) -> bool {
        let (estimate, after_likely, after_unlikely, switches) = STATES[usize::from(context.0)];
        let estimate = u32::from(estimate);
        self.interval -= estimate;
        let likely = context.1;
        let is_likely = if self.code >> 16 < estimate {
            let is_likely = self.interval < estimate;
            self.interval = estimate;
            is_likely
        } else {
            self.code -= estimate << 16;
            if self.interval & 0x8000 != 0 {
                return likely;
            }
            self.interval >= estimate
        };
        if is_likely {
            context.0 = after_likely;
        } else {
            *context = (after_unlikely, likely != switches);
        }
        loop {
            if self.n_bits == 0 {
                self.feed();
            }
            self.interval <<= 1;
            self.code <<= 1;
            self.n_bits -= 1;
            if self.interval & 0x8000 != 0 {
                return likely == is_likely;
            }
        }
    }

    fn plain_bit(&mut self) -> bool {
        if self.n_bits == 0 {
            let after_ones = self.code == 0xff;
            if after_ones && self.byte(0) > 0x8f {
                self.n_bits = 8;
            } else {
                self.n_bits = if after_ones { 7 } else { 8 };
                self.code = self.byte(0);
                self.position += 1;
            }
        }
        self.n_bits -= 1;
        self.code >> self.n_bits & 1 == 1
    }
}

/// Where the horizontal and vertical high passes of a band's filter lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Band {
    LowLow,
    HighLow,
    LowHigh,
    HighHigh,
}

/// The context of a coefficient that is not yet significant, by its neighbours (table D.1).
const fn significance_context(band: Band, flags: u16) -> u8 {
    let (mut across, mut along) = (0, 0);
    let mut diagonal = 0;
    let mut bit = 0;
    while bit < 8 {
        if flags >> bit & 1 == 1 {
            match bit {
                0..=3 => diagonal += 1,
                5 | 7 => across += 1,
                _ => along += 1,
            }
        }
        bit += 1;
    }
    if matches!(band, Band::HighHigh) {
        let straight = across + along;
        return match (diagonal, straight) {
            (3.., _) => 8,
            (2, 1..) => 7,
            (2, 0) => 6,
            (1, 2..) => 5,
            (1, 1) => 4,
            (1, 0) => 3,
            (0, 2..) => 2,
            (0, 1) => 1,
            _ => 0,
        };
    }
    if matches!(band, Band::HighLow) {
        (across, along) = (along, across);
    }
    match (across, along, diagonal) {
        (2, _, _) => 8,
        (1, 1.., _) => 7,
        (1, 0, 1..) => 6,
        (1, 0, 0) => 5,
        (0, 2, _) => 4,
        (0, 1, _) => 3,
        (0, 0, 2..) => 2,
        (0, 0, 1) => 1,
        _ => 0,
    }
}

const fn significance_table(band: Band) -> [u8; 256] {
    let mut table = [0; 256];
    let mut flags = 0;
    while flags < 256 {
        table[flags as usize] = significance_context(band, flags);
        flags += 1;
    }
    table
}

static SIGNIFICANCE: [[u8; 256]; 4] = [
    significance_table(Band::LowLow),
    significance_table(Band::HighLow),
    significance_table(Band::LowHigh),
    significance_table(Band::HighHigh),
];

/// The context of a sign, and whether the sign is coded as its contrary (tables D.2 and D.3).
fn sign_context(flags: u16) -> (usize, bool) {
    let side = |neighbour: u16| match (flags & neighbour != 0, flags & neighbour << 4 != 0) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => -1,
    };
    let across = (side(EAST) + side(EAST << 2)).clamp(-1, 1);
    let along = (side(SOUTH) + side(SOUTH >> 2)).clamp(-1, 1);
    match (across, along) {
        (1, 1) => (13, false),
        (1, 0) => (12, false),
        (1, -1) => (11, false),
        (0, 1) => (10, false),
        (0, -1) => (10, true),
        (-1, 1) => (11, true),
        (-1, 0) => (12, true),
        (-1, -1) => (13, true),
        _ => (9, false),
    }
}

/// Decodes blocks; its buffers serve one after the other.
#[derive(Default)]
pub(super) struct BlockDecoder {
    width: usize,
    height: usize,
    /// With a border of one all around.
    flags: Vec<u16>,
    pub(super) coefficients: Vec<i32>,
    contexts: [Context; 19],
}

/// What a block is coded with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coding {
    pub(super) band: Band,
    pub(super) variant: u8,
    /// Bit planes that are coded, at most 30.
    pub(super) planes: u32,
}

impl BlockDecoder {
    /// Starts a block of all zeros.
    pub(super) fn start(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.flags.clear();
        self.flags.resize((width + 2) * (height + 2), 0);
        self.coefficients.clear();
        self.coefficients.resize(width * height, 0);
        self.contexts = initial_contexts();
    }

    /// Decodes `n_passes` passes out of one segment, of which the first is pass `first` of the block.
    pub(super) fn decode(&mut self, segment: &[u8], first: u32, n_passes: u32, coding: Coding) {
        let plane_and_kind = |pass: u32| (pass.div_ceil(3), (pass + 2) % 3);
        let is_plain = |pass: u32| {
            let (down, kind) = plane_and_kind(pass);
            coding.variant & BYPASS != 0 && down >= 4 && kind < 2
        };
        let mut reader =
            if is_plain(first) { Reader::plain(segment) } else { Reader::coded(segment) };
        for pass in first..first + n_passes {
            let (down, kind) = plane_and_kind(pass);
            let Some(plane) = coding.planes.checked_sub(down + 1) else { return };
            // Twice the value, so that a half can stand behind it.
            let one = 2_i32 << plane;
            let plain = is_plain(pass);
            match kind {
                0 => self.propagate(&mut reader, one, coding, plain),
                1 => self.refine(&mut reader, one, coding, plain),
                _ => self.clean_up(&mut reader, one, coding),
            }
            if coding.variant & RESET != 0 {
                self.contexts = initial_contexts();
            }
        }
    }

    /// The flags of a coefficient, without what lies below its stripe where that must not be looked at.
    fn seen(&self, place: usize, y: usize, coding: Coding) -> u16 {
        let flags = self.flags[place];
        if coding.variant & CAUSAL != 0 && y % 4 == 3 { flags & !BELOW } else { flags }
    }

    fn significance(&mut self, reader: &mut Reader<'_>, flags: u16, coding: Coding) -> bool {
        let table = &SIGNIFICANCE[coding.band as usize];
        let context = table[usize::from(flags & NEIGHBOURS)];
        reader.decision(&mut self.contexts[usize::from(context)])
    }

    fn sign(&mut self, reader: &mut Reader<'_>, flags: u16) -> bool {
        let (context, contrary) = sign_context(flags);
        reader.decision(&mut self.contexts[context]) != contrary
    }

    /// A coefficient becomes significant.
    fn found(&mut self, place: usize, x: usize, y: usize, one: i32, negative: bool) {
        let value = one | one >> 1;
        self.coefficients[y * self.width + x] = if negative { -value } else { value };
        let stride = self.width + 2;
        let sign = if negative { 0xf00 } else { 0 };
        let flags = &mut self.flags;
        flags[place] |= SIGNIFICANT;
        flags[place - stride] |= 0x40 | sign & 0x400;
        flags[place + stride] |= 0x10 | sign & 0x100;
        flags[place - 1] |= 0x20 | sign & 0x200;
        flags[place + 1] |= 0x80 | sign & 0x800;
        flags[place - stride - 1] |= 2;
        flags[place - stride + 1] |= 4;
        flags[place + stride - 1] |= 1;
        flags[place + stride + 1] |= 8;
    }

    fn propagate(&mut self, reader: &mut Reader<'_>, one: i32, coding: Coding, plain: bool) {
        for top in (0..self.height).step_by(4) {
            for x in 0..self.width {
                for y in top..self.height.min(top + 4) {
                    let place = (y + 1) * (self.width + 2) + x + 1;
                    let flags = self.seen(place, y, coding);
                    if flags & NEIGHBOURS == 0 || flags & (SIGNIFICANT | VISITED) != 0 {
                        continue;
                    }
                    let is_found = if plain {
                        reader.plain_bit()
                    } else {
                        self.significance(reader, flags, coding)
                    };
                    if is_found {
                        let negative =
                            if plain { reader.plain_bit() } else { self.sign(reader, flags) };
                        self.found(place, x, y, one, negative);
                    }
                    self.flags[place] |= VISITED;
                }
            }
        }
    }

    fn refine(&mut self, reader: &mut Reader<'_>, one: i32, coding: Coding, plain: bool) {
        for top in (0..self.height).step_by(4) {
            for x in 0..self.width {
                for y in top..self.height.min(top + 4) {
                    let place = (y + 1) * (self.width + 2) + x + 1;
                    let flags = self.seen(place, y, coding);
                    if flags & (SIGNIFICANT | VISITED) != SIGNIFICANT {
                        continue;
                    }
                    let bit = if plain {
                        reader.plain_bit()
                    } else {
                        let context = match (flags & REFINED != 0, flags & NEIGHBOURS != 0) {
                            (true, _) => 16,
                            (false, true) => 15,
                            (false, false) => 14,
                        };
                        reader.decision(&mut self.contexts[context])
                    };
                    let coefficient = &mut self.coefficients[y * self.width + x];
                    let half = one >> 1;
                    *coefficient += if bit == (*coefficient >= 0) { half } else { -half };
                    self.flags[place] |= REFINED;
                }
            }
        }
    }

    fn clean_up(&mut self, reader: &mut Reader<'_>, one: i32, coding: Coding) {
        let stride = self.width + 2;
        for top in (0..self.height).step_by(4) {
            for x in 0..self.width {
                let place_of = |y: usize| (y + 1) * stride + x + 1;
                let mut first = top;
                let mut is_known = false;
                let is_quiet = top + 4 <= self.height
                    && (top..top + 4).all(|y| {
                        let flags = self.seen(place_of(y), y, coding);
                        flags & (SIGNIFICANT | VISITED | NEIGHBOURS) == 0
                    });
                if is_quiet {
                    if !reader.decision(&mut self.contexts[RUN]) {
                        continue;
                    }
                    let high = usize::from(reader.decision(&mut self.contexts[UNIFORM]));
                    first += 2 * high + usize::from(reader.decision(&mut self.contexts[UNIFORM]));
                    is_known = true;
                }
                for y in first..self.height.min(top + 4) {
                    let place = place_of(y);
                    let flags = self.seen(place, y, coding);
                    if flags & (SIGNIFICANT | VISITED) == 0 {
                        let is_found =
                            (is_known && y == first) || self.significance(reader, flags, coding);
                        if is_found {
                            let negative = self.sign(reader, flags);
                            self.found(place, x, y, one, negative);
                        }
                    }
                    self.flags[place] &= !VISITED;
                }
            }
        }
        if coding.variant & SYMBOLS != 0 {
            for _ in 0..4 {
                reader.decision(&mut self.contexts[UNIFORM]);
            }
        }
    }
}
