//! PCG64, NumPy's default generator, with jumps.
//!
//! Input: a [`Seed`], as in `numpy.random.default_rng(seed)`. Output: 64-bit draws, or the same draws cut into 32-bit
//! halves, the low half first (rule B-03: PCG XSL-RR 128/64 after O'Neill, seeded by [`Seed`] through `SeedSequence`).
//! A jump over any number of draws costs as much as a few dozen draws, so threads can start anywhere in the stream.

use crate::Seed;
use crate::seed_sequence;
use crate::vectors::{Vectors, Work};

const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;

/// NumPy's `PCG64` bit generator.
///
/// ```
/// # use spinefairbench_bootstrap::{Pcg64, Seed};
/// let mut generator = Pcg64::from_seed(&Seed::from(42));
/// assert_eq!(generator.next_u64(), 14_276_969_152_011_380_360);
///
/// let mut jumped = Pcg64::from_seed(&Seed::from(42));
/// jumped.advance(1);
/// assert_eq!(jumped.next_u64(), generator.next_u64());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pcg64 {
    state: u128,
    increment: u128,
}

impl Pcg64 {
    /// The generator of `default_rng(seed)`, before any draw (rule B-02).
    #[must_use]
    pub fn from_seed(seed: &Seed) -> Self {
        let [state_high, state_low, stream_high, stream_low] = seed_sequence::generate_state(seed);
        let increment = (joined(stream_high, stream_low) << 1) | 1;
        let mut generator = Self { state: 0, increment };
        generator.step();
        generator.state = generator.state.wrapping_add(joined(state_high, state_low));
        generator.step();
        generator
    }

    /// The state before the next draw, as NumPy shows it in `bit_generator.state`.
    #[must_use]
    pub fn state(&self) -> u128 {
        self.state
    }

    /// The odd increment that tells this stream from others.
    #[must_use]
    pub fn increment(&self) -> u128 {
        self.increment
    }

    /// The next 64 bits (rule B-03).
    pub fn next_u64(&mut self) -> u64 {
        self.step();
        output(self.state)
    }

    /// Moves on as if `draws` 64-bit draws had been made.
    pub fn advance(&mut self, draws: u128) {
        self.state = Jump::over(draws, self.increment).apply(self.state);
    }

    fn step(&mut self) {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }
}

/// Several steps of the generator in one: `state * factor + addend`.
#[derive(Debug, Clone, Copy)]
struct Jump {
    factor: u128,
    addend: u128,
}

impl Jump {
    /// Brown's method, "Random number generation with arbitrary strides" (1994): squares the step.
    fn over(mut draws: u128, increment: u128) -> Self {
        let mut jump = Self { factor: 1, addend: 0 };
        let mut step = Self { factor: MULTIPLIER, addend: increment };
        while draws > 0 {
            if draws & 1 == 1 {
                jump = Self {
                    factor: jump.factor.wrapping_mul(step.factor),
                    addend: step.apply(jump.addend),
                };
            }
            step = Self {
                factor: step.factor.wrapping_mul(step.factor),
                addend: step.apply(step.addend),
            };
            draws >>= 1;
        }
        jump
    }

    fn apply(self, state: u128) -> u128 {
        state.wrapping_mul(self.factor).wrapping_add(self.addend)
    }
}

/// How many draws are computed side by side. Each 128-bit step waits for the one before it, so a single chain leaves most
/// of the processor idle. Independent chains, each of which takes every 32nd draw, fill four of the widest vectors.
const LANES: usize = 32;

/// The 32-bit draws of a [`Pcg64`], made a block at a time.
#[derive(Debug, Clone)]
pub(crate) struct HalfDraws {
    /// Lane `i` holds the state whose output is draw `i`, `i + LANES`, … of the block to come: its high half here, …
    high: [u64; LANES],
    /// … its low half here.
    low: [u64; LANES],
    stride: Jump,
    vectors: Vectors,
}

impl HalfDraws {
    /// 32-bit draws in a block.
    pub(crate) const BLOCK: usize = 1024;

    /// The 32-bit draws that follow the next `skipped` 64-bit ones.
    pub(crate) fn after(generator: &Pcg64, skipped: u128, vectors: Vectors) -> Self {
        let mut generator = generator.clone();
        generator.advance(skipped);
        let stride = Jump::over(LANES as u128, generator.increment);
        let lanes: [u128; LANES] = std::array::from_fn(|_| {
            generator.step();
            generator.state
        });
        Self { high: lanes.map(high_word), low: lanes.map(low_word), stride, vectors }
    }

    pub(crate) fn fill(&mut self, block: &mut [u32; Self::BLOCK]) {
        if self.vectors == Vectors::BASELINE {
            self.fill_by_numbers(block);
        } else {
            self.vectors.run(FillByWords { draws: self, block });
        }
    }

    /// Without wide vectors: 128-bit numbers, for which the processor has a multiplication.
    fn fill_by_numbers(&mut self, block: &mut [u32; Self::BLOCK]) {
        let (groups, _) = block.as_chunks_mut::<{ 2 * LANES }>();
        for group in groups {
            let (pairs, _) = group.as_chunks_mut::<2>();
            for ((pair, high), low) in pairs.iter_mut().zip(&mut self.high).zip(&mut self.low) {
                let state = joined(*high, *low);
                let draw = output(state);
                *pair = [low_half(draw), low_half(draw >> 32)];
                let next = self.stride.apply(state);
                (*high, *low) = (high_word(next), low_word(next));
            }
        }
    }
}

/// The same with 64-bit words alone, the widest that vectors multiply.
struct FillByWords<'a> {
    draws: &'a mut HalfDraws,
    block: &'a mut [u32; HalfDraws::BLOCK],
}

impl Work for FillByWords<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "only inlined code takes the instruction set of its caller"
    )]
    fn run(self) {
        let Self { draws, block } = self;
        let factor = [high_word(draws.stride.factor), low_word(draws.stride.factor)];
        let addend = [high_word(draws.stride.addend), low_word(draws.stride.addend)];
        let (mut high, mut low) = (draws.high, draws.low);
        let (groups, _) = block.as_chunks_mut::<{ 2 * LANES }>();
        for group in groups {
            for lane in 0..LANES {
                let draw = (high[lane] ^ low[lane]).rotate_right((high[lane] >> 58) as u32);
                group[2 * lane] = low_half(draw);
                group[2 * lane + 1] = low_half(draw >> 32);
                let (carried, product) = wide_product(low[lane], factor[1]);
                let next_low = product.wrapping_add(addend[1]);
                let carry = u64::from(next_low < product);
                high[lane] = carried
                    .wrapping_add(low[lane].wrapping_mul(factor[0]))
                    .wrapping_add(high[lane].wrapping_mul(factor[1]))
                    .wrapping_add(addend[0])
                    .wrapping_add(carry);
                low[lane] = next_low;
            }
        }
        (draws.high, draws.low) = (high, low);
    }
}

/// High and low word of a product, from products of 32-bit halves.
#[inline(always)]
fn wide_product(left: u64, right: u64) -> (u64, u64) {
    const HALF: u64 = 0xffff_ffff;
    let low = (left & HALF) * (right & HALF);
    let cross = (left & HALF) * (right >> 32);
    let middle = (low >> 32) + (cross & HALF) + (left >> 32) * (right & HALF);
    let high = (left >> 32) * (right >> 32) + (cross >> 32) + (middle >> 32);
    (high, middle << 32 | low & HALF)
}

fn output(state: u128) -> u64 {
    let folded = high_word(state) ^ low_word(state);
    folded.rotate_right((state >> 122) as u32)
}

fn joined(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

fn high_word(number: u128) -> u64 {
    low_word(number >> 64)
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low_word(number: u128) -> u64 {
    number as u64
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low_half(number: u64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_pcg::rand_core::Rng;

    #[test]
    fn the_first_draws_of_seed_42_stay() {
        let mut generator = Pcg64::from_seed(&Seed::from(42));
        assert_eq!(generator.state(), 0xcea4_4f67_9879_8f2a_acbc_7c9d_6886_0ac8);
        let expected = [
            14_276_969_152_011_380_360,
            8_095_878_257_575_067_585,
            15_838_336_090_824_644_132,
            12_864_169_557_245_331_597,
        ];
        assert_eq!(expected.map(|_| generator.next_u64()), expected);
    }

    proptest! {
        #[test]
        fn the_stream_is_that_of_rand_pcg(number: u64, jump: u64) {
            let seed = Seed::from(number);
            let [state_high, state_low, stream_high, stream_low] = seed_sequence::generate_state(&seed);
            let mut expected =
                rand_pcg::Lcg128Xsl64::new(joined(state_high, state_low), joined(stream_high, stream_low));
            let mut generator = Pcg64::from_seed(&seed);
            prop_assert_eq!(generator.next_u64(), expected.next_u64());
            generator.advance(u128::from(jump));
            expected.advance(u128::from(jump));
            prop_assert_eq!(generator.next_u64(), expected.next_u64());
        }

        #[test]
        fn half_draws_are_the_draws_cut_in_two(number: u64, skipped in 0_u128..100) {
            let mut generator = Pcg64::from_seed(&Seed::from(number));
            generator.advance(skipped);
            for vectors in Vectors::available() {
                let mut generator = generator.clone();
                let mut halves = HalfDraws::after(&Pcg64::from_seed(&Seed::from(number)), skipped, vectors);
                let mut block = [0; HalfDraws::BLOCK];
                for _ in 0..2 {
                    halves.fill(&mut block);
                    for pair in block.chunks_exact(2) {
                        prop_assert_eq!(u64::from(pair[1]) << 32 | u64::from(pair[0]), generator.next_u64());
                    }
                }
            }
        }
    }
}
