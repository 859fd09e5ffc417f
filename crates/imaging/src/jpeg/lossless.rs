//! Lossless scans: each sample is predicted from its neighbours and corrected (ITU-T T.81, annex H).
//!
//! Prediction works on samples that are already shifted right by the point transform, and starts anew after every
//! restart marker; both were wrong in the decoder that this one replaced (image-rs/jpeg-decoder#286).

use super::blocks::{Interval, Restart};
use super::entropy::BitReader;
use super::stream::{FrameHeader, ScanHeader, Tables};
use crate::codec::Fault;

/// The components of a lossless frame, each `None` until its scan was read.
#[derive(Debug)]
pub(super) struct Lossless {
    planes: Vec<Option<Vec<u16>>>,
}

/// Whether a restart marker was just passed.
struct Fresh(bool);

impl Restart for Fresh {
    fn restart(&mut self) {
        self.0 = true;
    }
}

impl Lossless {
    pub(super) fn new(frame: &FrameHeader) -> Result<Self, Fault> {
        if frame.components.iter().any(|component| (component.across, component.down) != (1, 1)) {
            return Fault::unsupported("lossless coding of subsampled components");
        }
        Ok(Self { planes: vec![None; frame.components.len()] })
    }

    pub(super) fn scan(
        &mut self,
        frame: &FrameHeader,
        scan: &ScanHeader,
        tables: &Tables,
        bits: &mut BitReader<'_>,
    ) -> Result<(), Fault> {
        let (width, height) = (usize::from(frame.width), usize::from(frame.height));
        let (predictor, shift) = (scan.first, scan.low_bit);
        if !(1..=7).contains(&predictor) || shift >= frame.precision {
            return Fault::broken("a lossless scan has an impossible predictor or point transform");
        }
        let interval_in_rows = tables.restart_interval as usize;
        if !interval_in_rows.is_multiple_of(width) {
            return Fault::broken("the restart interval of a lossless scan is not in whole rows");
        }
        let mut parts = Vec::new();
        for &(place, table, _) in &scan.components {
            if self.planes[place].is_some() {
                return Fault::broken("a component is coded twice");
            }
            let Some(table) = &tables.dc[table] else {
                return Fault::broken("a scan uses a Huffman table that is not there");
            };
            parts.push((place, table, Vec::new()));
        }
        let middle = 1 << (frame.precision - shift - 1);
        let mut interval = Interval::new(tables.restart_interval / u32::from(frame.width));
        let mut fresh = Fresh(true);
        for row in 0..height {
            interval.step(bits, &mut fresh)?;
            let is_first = std::mem::take(&mut fresh.0);
            for column in 0..width {
                for (_, table, samples) in &mut parts {
                    let here = row * width + column;
                    let at = |place: usize| i32::from(samples[place]);
                    let prediction = match (is_first, column) {
                        (true, 0) => middle,
                        (true, _) => at(here - 1),
                        (false, 0) => at(here - width),
                        _ => {
                            predict(predictor, at(here - 1), at(here - width), at(here - width - 1))
                        }
                    };
                    let sample = prediction + difference(bits, table)?;
                    samples.push(u16::try_from(sample & 0xffff).unwrap_or(0));
                }
            }
        }
        let limit = u32::from(u16::MAX) >> (16 - frame.precision + shift);
        for (place, _, mut samples) in parts {
            for sample in &mut samples {
                if u32::from(*sample) > limit {
                    return Fault::broken("a lossless sample lies outside its precision");
                }
                *sample <<= shift;
            }
            self.planes[place] = Some(samples);
        }
        Ok(())
    }

    pub(super) fn is_complete(&self) -> bool {
        self.planes.iter().all(Option::is_some)
    }

    pub(super) fn into_planes(self) -> Vec<Vec<u16>> {
        self.planes.into_iter().flatten().collect()
    }
}

/// Table H.1 of the standard: what `left`, `above` and `corner` (above left) let expect.
fn predict(predictor: u8, left: i32, above: i32, corner: i32) -> i32 {
    match predictor {
        1 => left,
        2 => above,
        3 => corner,
        4 => left + above - corner,
        5 => left + ((above - corner) >> 1),
        6 => above + ((left - corner) >> 1),
        _ => (left + above) >> 1,
    }
}

fn difference(
    bits: &mut BitReader<'_>,
    table: &super::entropy::HuffmanTable,
) -> Result<i32, Fault> {
    match bits.symbol(table)? {
        // The one difference of 17 bits has no further bits.
        16 => Ok(32_768),
        length @ 0..=15 => bits.signed(length.into()),
        _ => Fault::broken("the entropy-coded data hold a number that is out of range"),
    }
}
