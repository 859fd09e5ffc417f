//! The inverse discrete cosine transform, to the bit as libjpeg's `islow` computes it.
//!
//! Input: 64 coefficients in row order, already multiplied by their quantizers. Output: 64 samples of the frame's
//! precision. The method is that of Loeffler, Ligtenberg and Moschytz with 13 fraction bits, columns before rows, so
//! that levels agree with Pillow's decoder and not only to within the standard's tolerance.

const FRACTION_BITS: u32 = 13;

/// `value` in 13 fraction bits, rounded.
#[expect(clippy::cast_possible_truncation, reason = "constants below 4")]
const fn fixed(value: f64) -> i64 {
    (value * 8192.0 + 0.5) as i64
}

/// The samples of a block, 0 to `2^precision - 1`.
pub(super) fn inverse(coefficients: &[i64; 64], precision: u8, samples: &mut [u16; 64]) {
    // Deeper samples leave less room between the passes.
    let extra_bits = if precision > 8 { 1 } else { 2 };
    let mut between = [0_i64; 64];
    for column in 0..8 {
        let line: [i64; 8] = std::array::from_fn(|row| coefficients[row * 8 + column]);
        let done = butterfly(line, FRACTION_BITS - extra_bits);
        for (row, value) in done.into_iter().enumerate() {
            between[row * 8 + column] = value;
        }
    }
    let (middle, highest) = (1_i64 << (precision - 1), (1_i64 << precision) - 1);
    for (line, row) in between.as_chunks::<8>().0.iter().zip(samples.as_chunks_mut::<8>().0) {
        let done = butterfly(*line, FRACTION_BITS + extra_bits + 3);
        for (sample, value) in row.iter_mut().zip(done) {
            *sample = u16::try_from((value + middle).clamp(0, highest)).unwrap_or(0);
        }
    }
}

/// One line of eight, descaled by `shift`.
fn butterfly(line: [i64; 8], shift: u32) -> [i64; 8] {
    let scaled = |value: i64| (value + (1 << (shift - 1))) >> shift;
    if line[1..] == [0; 7] {
        return [scaled(line[0] << FRACTION_BITS); 8];
    }
    let common = (line[2] + line[6]) * fixed(0.541_196_100);
    let lower = common - line[6] * fixed(1.847_759_065);
    let upper = common + line[2] * fixed(0.765_366_865);
    let sum = (line[0] + line[4]) << FRACTION_BITS;
    let difference = (line[0] - line[4]) << FRACTION_BITS;
    let even = [sum + upper, difference + lower, difference - lower, sum - upper];

    let [one, three, five, seven] = [line[1], line[3], line[5], line[7]];
    let turned = (seven + three + five + one) * fixed(1.175_875_602);
    let outer = -(seven + one) * fixed(0.899_976_223);
    let inner = -(five + three) * fixed(2.562_915_447);
    let upper = turned - (seven + three) * fixed(1.961_570_560);
    let lower = turned - (five + one) * fixed(0.390_180_644);
    let odd = [
        one * fixed(1.501_321_110) + outer + lower,
        three * fixed(3.072_711_026) + inner + upper,
        five * fixed(2.053_119_869) + inner + lower,
        seven * fixed(0.298_631_336) + outer + upper,
    ];
    std::array::from_fn(|idx| {
        scaled(if idx < 4 { even[idx] + odd[idx] } else { even[7 - idx] - odd[7 - idx] })
    })
}
