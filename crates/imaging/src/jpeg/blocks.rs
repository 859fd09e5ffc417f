//! Sequential and progressive scans: coefficients of 8 x 8 blocks (ITU-T T.81, annexes F and G).
//!
//! Input: the scans of a frame. Output: its components as planes of samples. Every coefficient must have been coded to
//! its last bit when the stream ends; a picture of which a part would have to be made up is refused.

use super::entropy::{BitReader, ENTROPY_DATA, HuffmanTable};
use super::stream::{FrameHeader, Process, ScanHeader, Tables, ZIGZAG};
use super::transform;
use super::upsample::Plane;
use crate::codec::Fault;

/// Chosen: encoders write about ten scans, optimizers up to a few dozen; each costs a walk over all blocks.
const MAX_SCANS: usize = 200;

/// A component, and how far it was read.
#[derive(Debug)]
struct Grid {
    /// Sampling factors: blocks of one MCU.
    across: usize,
    down: usize,
    /// Pixels that a sample spans, across and down.
    spans: (usize, usize),
    /// In samples.
    width: usize,
    height: usize,
    /// Blocks of a row, with those that only fill up MCUs.
    stride: usize,
    coefficients: Vec<[i16; 64]>,
    /// By coefficient in zigzag order: the bit that it was coded down to.
    coded_to: [Option<u8>; 64],
    /// As it was when the first scan of this component began.
    quantizer: Option<[u16; 64]>,
}

/// The blocks of a frame.
#[derive(Debug)]
pub(super) struct Blocks {
    grids: Vec<Grid>,
    mcus_across: usize,
    mcus_down: usize,
    n_scans: usize,
}

impl Blocks {
    pub(super) fn new(frame: &FrameHeader) -> Result<Self, Fault> {
        let most = |factor: fn(&super::stream::Component) -> u8| {
            usize::from(frame.components.iter().map(factor).max().unwrap_or(1))
        };
        let (most_across, most_down) =
            (most(|component| component.across), most(|component| component.down));
        let (width, height) = (usize::from(frame.width), usize::from(frame.height));
        let mcus_across = width.div_ceil(8 * most_across);
        let mcus_down = height.div_ceil(8 * most_down);
        let grids = frame.components.iter().map(|component| {
            let (across, down) = (usize::from(component.across), usize::from(component.down));
            if !most_across.is_multiple_of(across) || !most_down.is_multiple_of(down) {
                return Fault::unsupported("sampling factors that are no multiples of each other");
            }
            let stride = mcus_across * across;
            Ok(Grid {
                across,
                down,
                spans: (most_across / across, most_down / down),
                width: (width * across).div_ceil(most_across),
                height: (height * down).div_ceil(most_down),
                stride,
                coefficients: vec![[0; 64]; stride * mcus_down * down],
                coded_to: [None; 64],
                quantizer: None,
            })
        });
        Ok(Self { grids: grids.collect::<Result<_, _>>()?, mcus_across, mcus_down, n_scans: 0 })
    }

    /// Reads one scan.
    pub(super) fn scan(
        &mut self,
        frame: &FrameHeader,
        scan: &ScanHeader,
        tables: &Tables,
        bits: &mut BitReader<'_>,
    ) -> Result<(), Fault> {
        self.n_scans += 1;
        if self.n_scans > MAX_SCANS {
            return Fault::broken("it has more scans than any picture needs");
        }
        let pass = Pass::of(frame, scan)?;
        for &(place, ..) in &scan.components {
            let grid = &mut self.grids[place];
            grid.account_for(frame.process, scan)?;
            if grid.quantizer.is_none() {
                let table = tables.quantizers[frame.components[place].quantizer];
                grid.quantizer = Some(table.map_or_else(|| missing_table("quantization"), Ok)?);
            }
        }
        let mut coder = Coder { pass, predictions: [0; 4], end_of_band_run: 0, scan, tables };
        let mut interval = Interval::new(tables.restart_interval);
        if let [(place, ..)] = scan.components[..] {
            let grid = &mut self.grids[place];
            let (columns, rows) = (grid.width.div_ceil(8), grid.height.div_ceil(8));
            for row in 0..rows {
                for column in 0..columns {
                    interval.step(bits, &mut coder)?;
                    coder.block(bits, 0, &mut grid.coefficients[row * grid.stride + column])?;
                }
            }
            return Ok(());
        }
        let n_blocks: usize = scan
            .components
            .iter()
            .map(|&(place, ..)| self.grids[place].across * self.grids[place].down)
            .sum();
        if n_blocks > 10 {
            return Fault::broken("an MCU has more than ten blocks");
        }
        for mcu in 0..self.mcus_across * self.mcus_down {
            interval.step(bits, &mut coder)?;
            let (mcu_row, mcu_column) = (mcu / self.mcus_across, mcu % self.mcus_across);
            for (index, &(place, ..)) in scan.components.iter().enumerate() {
                let grid = &mut self.grids[place];
                for block in 0..grid.across * grid.down {
                    let row = mcu_row * grid.down + block / grid.across;
                    let column = mcu_column * grid.across + block % grid.across;
                    coder.block(bits, index, &mut grid.coefficients[row * grid.stride + column])?;
                }
            }
        }
        Ok(())
    }

    /// Whether nothing is missing.
    pub(super) fn is_complete(&self) -> bool {
        self.grids.iter().all(|grid| grid.coded_to == [Some(0); 64])
    }

    /// The components as samples, one for each pixel.
    pub(super) fn into_planes(self, frame: &FrameHeader) -> Vec<Vec<u16>> {
        let (width, height) = (usize::from(frame.width), usize::from(frame.height));
        let planes = self.grids.into_iter().map(|grid| {
            let spans = grid.spans;
            grid.into_plane(frame.precision).upsampled(width, height, spans)
        });
        planes.collect()
    }
}

impl Grid {
    /// Notes what a scan codes, and refuses one that does not follow on those before it.
    fn account_for(&mut self, process: Process, scan: &ScanHeader) -> Result<(), Fault> {
        let range = usize::from(scan.first)..=usize::from(scan.last);
        for coded_to in &mut self.coded_to[range] {
            let follows = match *coded_to {
                None => scan.high_bit == 0,
                Some(bit) => process == Process::Progressive && bit > 0 && scan.high_bit == bit,
            };
            if !follows {
                return Fault::broken("a scan codes again what was coded before, or skips a bit");
            }
            *coded_to = Some(scan.low_bit);
        }
        Ok(())
    }

    fn into_plane(self, precision: u8) -> Plane {
        let quantizer = self.quantizer.unwrap_or([0; 64]).map(i64::from);
        let stride = self.stride * 8;
        let mut samples = vec![0; self.coefficients.len() * 64];
        let mut block = [0; 64];
        for (index, coefficients) in self.coefficients.iter().enumerate() {
            let scaled = std::array::from_fn(|k| i64::from(coefficients[k]) * quantizer[k]);
            transform::inverse(&scaled, precision, &mut block);
            let corner = index / self.stride * 8 * stride + index % self.stride * 8;
            for (row, line) in block.as_chunks::<8>().0.iter().enumerate() {
                samples[corner + row * stride..][..8].copy_from_slice(line);
            }
        }
        Plane { samples, stride, width: self.width, height: self.height }
    }
}

/// Counts MCUs to the next restart marker.
pub(super) struct Interval {
    length: u32,
    left: u32,
    n_restarts: u32,
}

/// What forgets its past at a restart marker.
pub(super) trait Restart {
    fn restart(&mut self);
}

impl Interval {
    pub(super) fn new(length: u32) -> Self {
        Self { length, left: length, n_restarts: 0 }
    }

    /// Before each MCU.
    pub(super) fn step(
        &mut self,
        bits: &mut BitReader<'_>,
        state: &mut impl Restart,
    ) -> Result<(), Fault> {
        if self.length == 0 {
            return Ok(());
        }
        if self.left == 0 {
            bits.restart(self.n_restarts)?;
            state.restart();
            self.n_restarts = self.n_restarts.wrapping_add(1);
            self.left = self.length;
        }
        self.left -= 1;
        Ok(())
    }
}

/// What a scan adds to a block.
#[derive(Debug, Clone, Copy)]
enum Pass {
    Whole,
    DcFirst,
    DcRefine,
    AcFirst,
    AcRefine,
}

impl Pass {
    fn of(frame: &FrameHeader, scan: &ScanHeader) -> Result<Self, Fault> {
        let ScanHeader { first, last, high_bit, low_bit, .. } = *scan;
        if frame.process == Process::Sequential {
            return if (first, last, high_bit, low_bit) == (0, 63, 0, 0) {
                Ok(Self::Whole)
            } else {
                Fault::broken("a sequential scan does not code all coefficients")
            };
        }
        let sound = last <= 63
            && first <= last
            && (first > 0 || last == 0)
            && (first == 0 || scan.components.len() == 1)
            && low_bit <= 13
            && (high_bit == 0 || high_bit == low_bit + 1);
        if !sound {
            return Fault::broken("a progressive scan has impossible bounds");
        }
        Ok(match (first, high_bit) {
            (0, 0) => Self::DcFirst,
            (0, _) => Self::DcRefine,
            (_, 0) => Self::AcFirst,
            _ => Self::AcRefine,
        })
    }
}

struct Coder<'a> {
    pass: Pass,
    predictions: [i32; 4],
    end_of_band_run: u32,
    scan: &'a ScanHeader,
    tables: &'a Tables,
}

impl Restart for Coder<'_> {
    fn restart(&mut self) {
        self.predictions = [0; 4];
        self.end_of_band_run = 0;
    }
}

impl Coder<'_> {
    /// The next block of the component that stands at `index` in the scan.
    fn block(
        &mut self,
        bits: &mut BitReader<'_>,
        index: usize,
        block: &mut [i16; 64],
    ) -> Result<(), Fault> {
        match self.pass {
            Pass::Whole => {
                self.dc_first(bits, index, block)?;
                self.whole_ac(bits, index, block)
            }
            Pass::DcFirst => self.dc_first(bits, index, block),
            Pass::DcRefine => {
                block[0] |= i16::from(bits.bit()?) << self.scan.low_bit;
                Ok(())
            }
            Pass::AcFirst => self.ac_first(bits, block),
            Pass::AcRefine => self.ac_refine(bits, block),
        }
    }

    fn dc_table(&self, index: usize) -> Result<&HuffmanTable, Fault> {
        let (_, table, _) = self.scan.components[index];
        self.tables.dc[table].as_ref().map_or_else(|| missing_table("Huffman"), Ok)
    }

    fn ac_table(&self, index: usize) -> Result<&HuffmanTable, Fault> {
        let (.., table) = self.scan.components[index];
        self.tables.ac[table].as_ref().map_or_else(|| missing_table("Huffman"), Ok)
    }

    fn dc_first(
        &mut self,
        bits: &mut BitReader<'_>,
        index: usize,
        block: &mut [i16; 64],
    ) -> Result<(), Fault> {
        let length = bits.symbol(self.dc_table(index)?)?;
        if length > 15 {
            return out_of_range();
        }
        let prediction = self.predictions[index] + bits.signed(length.into())?;
        self.predictions[index] = prediction;
        block[0] = coefficient(prediction, self.scan.low_bit)?;
        Ok(())
    }

    fn whole_ac(
        &self,
        bits: &mut BitReader<'_>,
        index: usize,
        block: &mut [i16; 64],
    ) -> Result<(), Fault> {
        let table = self.ac_table(index)?;
        let mut k = 1;
        while k < 64 {
            let symbol = bits.symbol(table)?;
            let (run, length) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if length == 0 {
                if run < 15 {
                    break;
                }
                k += 16;
                continue;
            }
            k += run;
            let place = ZIGZAG.get(k).map_or_else(out_of_range, Ok)?;
            block[usize::from(*place)] = coefficient(bits.signed(length)?, 0)?;
            k += 1;
        }
        Ok(())
    }

    fn ac_first(&mut self, bits: &mut BitReader<'_>, block: &mut [i16; 64]) -> Result<(), Fault> {
        if self.end_of_band_run > 0 {
            self.end_of_band_run -= 1;
            return Ok(());
        }
        let table = self.ac_table(0)?;
        let (mut k, last) = (usize::from(self.scan.first), usize::from(self.scan.last));
        while k <= last {
            let symbol = bits.symbol(table)?;
            let (run, length) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if length > 0 {
                k += run as usize;
                if k > last {
                    return out_of_range();
                }
                let value = coefficient(bits.signed(length)?, self.scan.low_bit)?;
                block[usize::from(ZIGZAG[k])] = value;
                k += 1;
            } else if run == 15 {
                k += 16;
            } else {
                self.end_of_band_run = (1 << run) + bits.number(run)?.cast_unsigned() - 1;
                break;
            }
        }
        Ok(())
    }

    fn ac_refine(&mut self, bits: &mut BitReader<'_>, block: &mut [i16; 64]) -> Result<(), Fault> {
        let (mut k, last) = (usize::from(self.scan.first), usize::from(self.scan.last));
        let step = 1_i16 << self.scan.low_bit;
        if self.end_of_band_run == 0 {
            let table = self.ac_table(0)?;
            while k <= last {
                let symbol = bits.symbol(table)?;
                let (mut run, length) = (u32::from(symbol >> 4), symbol & 15);
                let new = match length {
                    0 if run < 15 => {
                        self.end_of_band_run = (1 << run) + bits.number(run)?.cast_unsigned();
                        break;
                    }
                    0 => 0,
                    1 if bits.bit()? => step,
                    1 => -step,
                    _ => return out_of_range(),
                };
                // Steps over `run` coefficients that are still zero, and refines those that are not.
                while k <= last {
                    let known = &mut block[usize::from(ZIGZAG[k])];
                    if *known != 0 {
                        refine(bits, known, step)?;
                    } else if run == 0 {
                        break;
                    } else {
                        run -= 1;
                    }
                    k += 1;
                }
                if new != 0 {
                    if k > last {
                        return out_of_range();
                    }
                    block[usize::from(ZIGZAG[k])] = new;
                }
                k += 1;
            }
        }
        if self.end_of_band_run > 0 {
            self.end_of_band_run -= 1;
            for place in ZIGZAG.get(k..=last).unwrap_or_default() {
                let known = &mut block[usize::from(*place)];
                if *known != 0 {
                    refine(bits, known, step)?;
                }
            }
        }
        Ok(())
    }
}

/// One more bit of a coefficient that is not zero.
fn refine(bits: &mut BitReader<'_>, known: &mut i16, step: i16) -> Result<(), Fault> {
    if bits.bit()? && *known & step == 0 {
        *known = known.saturating_add(step * known.signum());
    }
    Ok(())
}

fn coefficient(value: i32, shift: u8) -> Result<i16, Fault> {
    i16::try_from(i64::from(value) << shift).or_else(|_| out_of_range())
}

fn out_of_range<T>() -> Result<T, Fault> {
    Fault::broken("the entropy-coded data hold a number that is out of range")
}

fn missing_table<T>(kind: &str) -> Result<T, Fault> {
    Fault::broken(format!("a scan uses a {kind} table that is not there"))
}

/// What a stream lacks that ends before its scans are complete.
pub(super) fn incomplete() -> Fault {
    Fault::Short(ENTROPY_DATA)
}
