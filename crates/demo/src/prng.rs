//! The streams of random numbers that shape a demonstration bundle.
//!
//! Input: the seed of the bundle, a [`Purpose`] and the indices of the thing that is drawn. Output: a `SplitMix64` stream of
//! its own for each thing, so that neither the order of work nor the number of threads can move a byte. The numbers
//! have no meaning outside the demonstration: published intervals are drawn by `bootstrap`.

/// The golden-ratio increment of `SplitMix64` (Steele, Lea and Flood, 2014).
const INCREMENT: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a stream is drawn for. Two purposes never share a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Purpose {
    /// The sources and their ids.
    Cohort = 1,
    /// Which pairs failed the quality control, and its scores.
    QualityControl = 2,
    /// The clinical picture of a source.
    Picture = 3,
    /// What a model makes of it, and how its answers move.
    Answers = 4,
    /// The wording of a retained report.
    Wording = 5,
    /// Stage-1 diagnoses, forms and sidecars.
    Stage1 = 6,
    /// The answers of the mitigation conditions.
    Mitigation = 7,
    /// The wording of a mitigation report.
    MitigationWording = 8,
    /// The order of the rows in a panel.
    RowOrder = 9,
    /// The pixels of an image.
    Pixels = 10,
    /// The ratings of the reviewers.
    Radiologist = 11,
    /// The reports of the demonstration submissions.
    Submission = 12,
}

/// A `SplitMix64` stream.
#[derive(Debug, Clone)]
pub(crate) struct Stream(u64);

impl Stream {
    /// The stream of one thing: a function of seed, purpose and key alone.
    pub(crate) fn keyed(seed: u64, purpose: Purpose, key: &[u64]) -> Self {
        let mut state = finalize(seed ^ INCREMENT);
        for word in std::iter::once(purpose as u64).chain(key.iter().copied()) {
            state = finalize(state ^ finalize(word.wrapping_add(INCREMENT)));
        }
        Self(state)
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(INCREMENT);
        finalize(self.0)
    }

    /// An index below `bound`, which is positive.
    ///
    /// The high half of a 128-bit product: its bias is below `bound / 2^64`, and nothing here is a published number.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        debug_assert!(bound > 0, "an index needs at least one value");
        let product = u128::from(self.bits()) * bound as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// A number in `[0, 1)`, a multiple of 2^-53.
    pub(crate) fn unit(&mut self) -> f64 {
        /// 2^-53.
        const STEP: f64 = 1.0 / 9_007_199_254_740_992.0;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact in an f64")]
        let numerator = (self.bits() >> 11) as f64;
        numerator * STEP
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One item of a list that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// One phrase of a list that is not empty.
    pub(crate) fn phrase(&mut self, phrases: &[&'static str]) -> &'static str {
        phrases[self.below(phrases.len())]
    }

    /// A random order of the items (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }

    /// Exactly `wanted` of `total` indices (all of them if there are fewer), as a mask.
    ///
    /// Quotas instead of coin flips keep the shares of a small bundle where those of a large one are.
    pub(crate) fn quota(&mut self, total: usize, wanted: usize) -> Vec<bool> {
        let mut order: Vec<usize> = (0..total).collect();
        self.shuffle(&mut order);
        let mut mask = vec![false; total];
        for &index in order.iter().take(wanted) {
            mask[index] = true;
        }
        mask
    }

    /// Fills a buffer with bytes that do not compress.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let bytes = self.bits().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

/// The output function of `SplitMix64`.
const fn finalize(state: u64) -> u64 {
    let mut bits = state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_draws_are_those_of_the_reference() {
        // The reference implementation of SplitMix64 with state 1234567.
        let mut stream = Stream(1_234_567);
        let draws: Vec<u64> = (0..5).map(|_| stream.bits()).collect();
        assert_eq!(
            draws,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821
            ]
        );
    }

    #[test]
    fn every_part_of_the_key_counts() {
        let first = |seed, purpose, key: &[u64]| Stream::keyed(seed, purpose, key).bits();
        let base = first(1, Purpose::Cohort, &[1, 2]);
        assert_ne!(base, first(2, Purpose::Cohort, &[1, 2]));
        assert_ne!(base, first(1, Purpose::Picture, &[1, 2]));
        assert_ne!(base, first(1, Purpose::Cohort, &[2, 1]));
        assert_ne!(base, first(1, Purpose::Cohort, &[1, 2, 0]));
    }

    #[test]
    fn a_quota_is_exact() {
        let mut stream = Stream::keyed(7, Purpose::Answers, &[]);
        assert_eq!(stream.quota(40, 13).iter().filter(|&&chosen| chosen).count(), 13);
        assert_eq!(stream.quota(3, 13), [true; 3]);
    }

    #[test]
    fn indices_and_shares_stay_in_range() {
        let mut stream = Stream::keyed(7, Purpose::Answers, &[1]);
        for bound in 1..200 {
            assert!(stream.below(bound) < bound);
            assert!((0.0..1.0).contains(&stream.unit()));
        }
    }
}
