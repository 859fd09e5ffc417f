//! Chroma brought to the size of the picture, as libjpeg's "fancy" upsampling does.
//!
//! Input: a component of fewer samples than pixels. Output: one sample per pixel. Twice as many columns, rows or both are
//! interpolated with weights of 3 to 1 (ordered rounding, so that no level drifts); any other whole ratio repeats samples.

/// A component: rows of `stride` samples, of which `width` x `height` belong to the picture.
#[derive(Debug)]
pub(super) struct Plane {
    pub(super) samples: Vec<u16>,
    pub(super) stride: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Plane {
    fn row(&self, row: usize) -> &[u16] {
        &self.samples[row * self.stride..][..self.width]
    }

    /// The plane without what lies beyond the picture.
    fn cropped(mut self) -> Vec<u16> {
        for row in 1..self.height {
            self.samples
                .copy_within(row * self.stride..row * self.stride + self.width, row * self.width);
        }
        self.samples.truncate(self.width * self.height);
        self.samples
    }

    /// One sample per pixel of a picture of `width` x `height`, `across` and `down` times as many as here.
    pub(super) fn upsampled(
        self,
        width: usize,
        height: usize,
        (across, down): (usize, usize),
    ) -> Vec<u16> {
        // Interpolation needs a neighbour on both sides.
        let has_neighbours = self.width > 2;
        match (across, down) {
            (1, 1) => self.cropped(),
            (2, 1) if has_neighbours => self.by_rows(width, height, |plane, row, out| {
                let line: Vec<u32> = plane.row(row).iter().map(|&level| level.into()).collect();
                widen(&line, out, [(0, 0), (1, 2)], 2);
            }),
            (1, 2) => self.by_rows(width, height, |plane, row, out| {
                let bias = if row.is_multiple_of(2) { 1 } else { 2 };
                for (sample, sum) in out.iter_mut().zip(plane.blended(row)) {
                    *sample = narrow((sum + bias) >> 2);
                }
            }),
            (2, 2) if has_neighbours => self.by_rows(width, height, |plane, row, out| {
                let line: Vec<u32> = plane.blended(row).collect();
                widen(&line, out, [(8, 7), (8, 7)], 4);
            }),
            _ => self.by_rows(width, height, |plane, row, out| {
                let line = plane.row(row / down);
                for (column, sample) in out.iter_mut().enumerate() {
                    *sample = line[column / across];
                }
            }),
        }
    }

    fn by_rows(
        self,
        width: usize,
        height: usize,
        fill: impl Fn(&Self, usize, &mut [u16]),
    ) -> Vec<u16> {
        let mut samples = vec![0; width * height];
        for (row, out) in samples.chunks_exact_mut(width).enumerate() {
            fill(&self, row, out);
        }
        samples
    }

    /// Three parts of the nearer row and one of the farther; `row` counts rows of the picture.
    fn blended(&self, row: usize) -> impl Iterator<Item = u32> {
        let near = row / 2;
        let far = if row.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            (near + 1).min(self.height - 1)
        };
        let pairs = self.row(near).iter().zip(self.row(far));
        pairs.map(|(&near, &far)| 3 * u32::from(near) + u32::from(far))
    }
}

/// Twice as many columns. `biases` are the roundings of (left, right) at the ends and between.
fn widen(line: &[u32], out: &mut [u16], [ends, between]: [(u32, u32); 2], shift: u32) {
    let last = line.len() - 1;
    for (column, sample) in out.iter_mut().enumerate() {
        let near = column / 2;
        *sample = narrow(match column % 2 {
            0 if near == 0 => (line[0] * 4 + ends.0) >> shift,
            0 => (line[near] * 3 + line[near - 1] + between.0) >> shift,
            _ if near == last => (line[last] * 4 + ends.1) >> shift,
            _ => (line[near] * 3 + line[near + 1] + between.1) >> shift,
        });
    }
}

fn narrow(level: u32) -> u16 {
    u16::try_from(level).unwrap_or(u16::MAX)
}
