//! NumPy's `SeedSequence`: a seed of any size spread over the words that start a generator.
//!
//! Input: the 32-bit words of the seed. Output: 64-bit words. Rule B-02 fixes both; the source is
//! `numpy/random/bit_generator.pyx` of NumPy 2.4, whose constants these are. All arithmetic wraps.

use crate::Seed;

const POOL_SIZE: usize = 4;
const INITIAL_HASH: u32 = 0x43b0_d7e5;
const HASH_STEP: u32 = 0x931e_8875;
const MIX_LEFT: u32 = 0xca01_f9dd;
const MIX_RIGHT: u32 = 0x4973_f715;
const INITIAL_OUTPUT_HASH: u32 = 0x8b51_f9dd;
const OUTPUT_HASH_STEP: u32 = 0x58f3_8ded;
const XOR_SHIFT: u32 = 16;

/// `SeedSequence(seed).generate_state(N, uint64)`.
pub(crate) fn generate_state<const N: usize>(seed: &Seed) -> [u64; N] {
    let pool = mixed_pool(seed.words());
    let mut hash = Hash { factor: INITIAL_OUTPUT_HASH, step: OUTPUT_HASH_STEP };
    let mut words = pool.iter().cycle().map(|word| hash.next(*word));
    std::array::from_fn(|_| {
        let low = words.next().unwrap_or_default();
        let high = words.next().unwrap_or_default();
        u64::from(high) << 32 | u64::from(low)
    })
}

fn mixed_pool(entropy: &[u32]) -> [u32; POOL_SIZE] {
    let mut hash = Hash { factor: INITIAL_HASH, step: HASH_STEP };
    let mut pool: [u32; POOL_SIZE] =
        std::array::from_fn(|i| hash.next(entropy.get(i).copied().unwrap_or(0)));
    for source in 0..POOL_SIZE {
        for destination in (0..POOL_SIZE).filter(|destination| *destination != source) {
            pool[destination] = mix(pool[destination], hash.next(pool[source]));
        }
    }
    for word in entropy.iter().skip(POOL_SIZE) {
        for slot in &mut pool {
            *slot = mix(*slot, hash.next(*word));
        }
    }
    pool
}

/// A multiplicative hash whose factor moves on with every word.
struct Hash {
    factor: u32,
    step: u32,
}

impl Hash {
    fn next(&mut self, word: u32) -> u32 {
        let word = word ^ self.factor;
        self.factor = self.factor.wrapping_mul(self.step);
        let word = word.wrapping_mul(self.factor);
        word ^ (word >> XOR_SHIFT)
    }
}

fn mix(left: u32, right: u32) -> u32 {
    let word = MIX_LEFT.wrapping_mul(left).wrapping_sub(MIX_RIGHT.wrapping_mul(right));
    word ^ (word >> XOR_SHIFT)
}
