//! CPython's `random.Random(seed)`: the Mersenne Twister with its seeding and its choice of an index.
//!
//! Input: a seed and a bound `n`. Output: indices in `0..n`, as `random.choice` of a sequence of length `n` draws them
//! (rule B-05): the top `bit_length(n)` bits of a 32-bit output, again until they are below `n`; `n = 1` takes outputs too.
//! The source is `Modules/_randommodule.c` and `Lib/random.py` of CPython 3.11.

use crate::{BootstrapError, Seed};
use rand_mt::Mt;

/// CPython's Mersenne Twister.
///
/// ```
/// # use spinefairbench_bootstrap::{Mt19937, Seed};
/// let mut generator = Mt19937::from_seed(&Seed::from(42));
/// assert_eq!([(); 3].map(|()| generator.next_u32()), [2_746_317_213, 478_163_327, 107_420_369]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mt19937 {
    twister: Mt,
}

impl Mt19937 {
    /// The generator of `random.Random(seed)`, before any draw.
    #[must_use]
    pub fn from_seed(seed: &Seed) -> Self {
        Self { twister: Mt::new_with_key(seed.words().iter().copied()) }
    }

    /// The next 32 bits: `getrandbits(32)`.
    pub fn next_u32(&mut self) -> u32 {
        self.twister.next_u32()
    }

    /// The next 64 bits, the first output low: `getrandbits(64)`.
    pub fn next_u64(&mut self) -> u64 {
        let low = self.next_u32();
        let high = self.next_u32();
        u64::from(high) << 32 | u64::from(low)
    }
}

/// The indices that repeated `random.choice` of a sequence of length `n` gives.
#[derive(Debug, Clone)]
pub struct PythonIndices {
    generator: Mt19937,
    n: u64,
    /// `32 - bit_length(n)`.
    dropped_bits: u32,
}

impl PythonIndices {
    /// The indices below `bound` that a fresh generator gives.
    ///
    /// # Errors
    ///
    /// [`BootstrapError::IndexBound`] if `bound` is 0 or needs more than 32 bits.
    pub fn new(seed: &Seed, bound: u64) -> Result<Self, BootstrapError> {
        match (bound, u32::try_from(bound)) {
            (1.., Ok(n)) => Ok(Self {
                generator: Mt19937::from_seed(seed),
                n: bound,
                dropped_bits: n.leading_zeros(),
            }),
            _ => Err(BootstrapError::IndexBound { bound }),
        }
    }

    /// Fills `indices` with the next indices of the stream (rule B-05).
    pub fn fill(&mut self, indices: &mut [u32]) {
        for index in indices {
            *index = loop {
                let candidate = self.generator.next_u32() >> self.dropped_bits;
                if u64::from(candidate) < self.n {
                    break candidate;
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // CPython 3.11: `random.Random(42).getrandbits(64)` and `getrandbits(32)`.
    #[test]
    fn words_are_those_of_cpython() {
        let mut wide = Mt19937::from_seed(&Seed::from(42));
        let drawn = [wide.next_u64(), wide.next_u64(), wide.next_u64()];
        assert_eq!(
            drawn,
            [2_053_695_854_357_871_005, 13_679_192_365_072_849_617, 4_517_457_392_071_889_495]
        );
        let mut narrow = Mt19937::from_seed(&Seed::from(42));
        let drawn = [narrow.next_u32(), narrow.next_u32(), narrow.next_u32(), narrow.next_u32()];
        assert_eq!(drawn, [2_746_317_213, 478_163_327, 107_420_369, 3_184_935_163]);
    }
}
