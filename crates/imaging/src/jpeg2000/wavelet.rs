//! The inverse wavelet and component transforms, in whole numbers or in single precision (T.800, annexes F and G).
//!
//! Single precision takes the same operations in the same order as `OpenJPEG`, so that the samples are the same ones.

use super::Rect;
use super::packets::Resolution;

/// A coefficient and what becomes of it.
pub(super) trait Number: Copy + Default {
    /// A decoded coefficient, which is twice its value.
    fn of(doubled: i32, step: f32) -> Self;
    /// Low and high passes, one after the other by their positions, into samples. `odd`: the first is a high pass.
    fn lift(line: &mut [Self], odd: bool);
    /// The first three components, of which the transform was one of all three.
    fn unmixed(three: [Self; 3]) -> [Self; 3];
    /// Rounded half to even.
    fn rounded(self) -> i64;
}

/// Adds `change(left, right)` to every second place from `first` on; beyond an end stands the neighbour on the other side.
fn lift_step<N: Copy>(line: &mut [N], first: usize, change: impl Fn(N, N, N) -> N) {
    for place in (first..line.len()).step_by(2) {
        let right = line.get(place + 1).copied();
        let left = place.checked_sub(1).map(|place| line[place]);
        if let (Some(left), Some(right)) = (left.or(right), right.or(left)) {
            line[place] = change(line[place], left, right);
        }
    }
}

impl Number for i32 {
    fn of(doubled: i32, _: f32) -> Self {
        doubled / 2
    }

    fn lift(line: &mut [Self], odd: bool) {
        if let [only] = line {
            if odd {
                *only /= 2;
            }
            return;
        }
        let (low, high) = (usize::from(odd), usize::from(!odd));
        lift_step(line, low, |value, left, right| {
            value.wrapping_sub(left.wrapping_add(right).wrapping_add(2) >> 2)
        });
        lift_step(line, high, |value, left, right| {
            value.wrapping_add(left.wrapping_add(right) >> 1)
        });
    }

    fn unmixed([luma, blue, red]: [Self; 3]) -> [Self; 3] {
        let green = luma.wrapping_sub(blue.wrapping_add(red) >> 2);
        [red.wrapping_add(green), green, blue.wrapping_add(green)]
    }

    fn rounded(self) -> i64 {
        self.into()
    }
}

impl Number for f32 {
    #[expect(clippy::cast_precision_loss, reason = "as OpenJPEG")]
    fn of(doubled: i32, step: f32) -> Self {
        doubled as Self * (step * 0.5)
    }

    #[expect(
        clippy::excessive_precision,
        reason = "the digits of OpenJPEG, whose nearest numbers are meant"
    )]
    fn lift(line: &mut [Self], odd: bool) {
        const LOW_GAIN: f32 = 1.230_174_105;
        const HIGH_GAIN: f32 = 1.625_732_422;
        if line.len() < 2 {
            return;
        }
        let (low, high) = (usize::from(odd), usize::from(!odd));
        for (first, gain) in [(low, LOW_GAIN), (high, HIGH_GAIN)] {
            line.iter_mut().skip(first).step_by(2).for_each(|value| *value *= gain);
        }
        let steps = [
            (low, -0.443_506_852),
            (high, -0.882_911_075),
            (low, 0.052_980_118),
            (high, 1.586_134_342),
        ];
        for (first, factor) in steps {
            lift_step(line, first, |value, left, right| value + (left + right) * factor);
        }
    }

    fn unmixed([luma, blue, red]: [Self; 3]) -> [Self; 3] {
        [luma + red * 1.402, luma - blue * 0.344_13 - red * 0.714_14, luma + blue * 1.772]
    }

    #[expect(clippy::cast_possible_truncation, reason = "a number that does not fit saturates")]
    fn rounded(self) -> i64 {
        self.round_ties_even() as i64
    }
}

/// How many columns are transformed together, so that memory is read in whole lines.
const COLUMNS: usize = 16;

/// Turns the bands of a component, laid out with the smallest at the top left, into its samples, in place.
pub(super) fn invert<N: Number>(values: &mut [N], stride: usize, resolutions: &[Resolution]) {
    let mut lines: Vec<N> = Vec::new();
    for pair in resolutions.windows(2) {
        let (small, Rect { left, top, .. }) = (pair[0].area, pair[1].area);
        let (width, height) = (pair[1].area.width(), pair[1].area.height());
        if pair[1].area.is_empty() {
            continue;
        }
        let (odd_left, odd_top) = (left % 2 == 1, top % 2 == 1);
        let (n_low, n_top) = (small.width(), small.height());
        for row in values.chunks_mut(stride).take(height) {
            lines.clear();
            lines.extend((0..width).map(|x| row[source(x, odd_left, n_low)]));
            N::lift(&mut lines, odd_left);
            row[..width].copy_from_slice(&lines);
        }
        for first in (0..width).step_by(COLUMNS) {
            let n_columns = COLUMNS.min(width - first);
            lines.clear();
            lines.resize(n_columns * height, N::default());
            for y in 0..height {
                let start = source(y, odd_top, n_top) * stride + first;
                for (column, &value) in values[start..start + n_columns].iter().enumerate() {
                    lines[column * height + y] = value;
                }
            }
            for line in lines.chunks_exact_mut(height) {
                N::lift(line, odd_top);
            }
            for y in 0..height {
                let row = &mut values[y * stride + first..][..n_columns];
                for (column, value) in row.iter_mut().enumerate() {
                    *value = lines[column * height + y];
                }
            }
        }
    }
}

/// Where the sample at `place` of a line comes from: low passes first, then high ones.
fn source(place: usize, odd: bool, n_low: usize) -> usize {
    if (place % 2 == 1) == odd { place / 2 } else { n_low + place / 2 }
}
