//! The streams of random numbers that shape a demonstration bundle.
//!
//! Input: the seed of the bundle, a [`Purpose`] and the indices of the thing that is drawn. Output: a stream of its own for
//! each thing, seeded by the digest of its name, so that neither the order of work nor the number of threads can move a
//! byte. The numbers have no meaning outside the demonstration: published intervals are drawn by `bootstrap`.

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use spinefairbench_artifacts::digest::Sha256;

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

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Stream(Pcg64);

impl Stream {
    /// The stream of one thing: a function of seed, purpose and key alone.
    pub(crate) fn keyed(seed: u64, purpose: Purpose, key: &[u64]) -> Self {
        let words = [seed, purpose as u64].into_iter().chain(key.iter().copied());
        let name: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        Self(Pcg64::from_seed(*Sha256::of(&name).as_bytes()))
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.random()
    }

    /// An index below `bound`, which is positive.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(..bound)
    }

    /// A number in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.random()
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

    /// A random order of the items.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.0);
    }

    /// Exactly `wanted` of `total` indices (all of them if there are fewer), as a mask.
    ///
    /// Quotas instead of coin flips keep the shares of a small bundle where those of a large one are.
    pub(crate) fn quota(&mut self, total: usize, wanted: usize) -> Vec<bool> {
        let mut mask = vec![false; total];
        for index in rand::seq::index::sample(&mut self.0, total, wanted.min(total)) {
            mask[index] = true;
        }
        mask
    }

    /// Fills a buffer with bytes that do not compress.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) {
        self.0.fill(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
