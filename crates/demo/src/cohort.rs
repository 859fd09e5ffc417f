//! The sources, their edits, and which of them a bundle holds.
//!
//! A [`Cohort`] is pure data. The ids are drawn for the full release at every scale and a small bundle takes the first of them, so
//! that the reviewers' sample can have its published 450 pairs everywhere.

use std::collections::BTreeSet;

use spinefairbench_artifacts::ids::{AgeGroup, EditLabel, Sex};

use crate::prng::{Purpose, Stream};
use crate::scale::{Counts, Scale};

/// Whom a radiograph shows, or seems to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) age: u8,
    pub(crate) sex: Sex,
}

impl Person {
    /// The person that an edit suggests.
    pub(crate) const fn suggested_by(edit: EditLabel) -> Self {
        let age = match (edit.age(), edit.sex()) {
            (AgeGroup::Elderly, Sex::Female) => 79,
            (AgeGroup::Elderly, Sex::Male) => 81,
            (AgeGroup::Young, Sex::Female) => 26,
            (AgeGroup::Young, Sex::Male) => 24,
        };
        Self { age, sex: edit.sex() }
    }

    /// `F` or `M`, as in the ids of the second dataset.
    pub(crate) const fn sex_letter(self) -> &'static str {
        match self.sex {
            Sex::Female => "F",
            Sex::Male => "M",
        }
    }
}

/// One source radiograph.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The id, as in the release: `vindr_` and 32 hex digits, or `buu_` with number, sex, age and view.
    pub(crate) id: String,
    pub(crate) dataset: &'static str,
    pub(crate) person: Person,
    /// Which edits passed the quality control, by [`EditLabel`].
    pub(crate) passed: [bool; Counts::EDITS],
}

impl Source {
    /// The id of the pair that an edit of this source makes.
    pub(crate) fn pair_id(&self, edit: EditLabel) -> String {
        format!("{}__{}", self.id, edit)
    }

    /// The edits that passed, in name order.
    pub(crate) fn passed_edits(&self) -> impl Iterator<Item = EditLabel> {
        EditLabel::ALL.into_iter().filter(|&edit| self.passed[edit as usize])
    }

    fn has_passed_edits(&self) -> bool {
        self.passed.contains(&true)
    }
}

/// A pair of the plan: source by index, and the edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) id: String,
    pub(crate) source: usize,
    pub(crate) edit: EditLabel,
    pub(crate) passed: bool,
}

/// Every source of a bundle, in the order of its lists: core, pool, the others, those that failed throughout.
#[derive(Debug, Clone)]
pub(crate) struct Cohort {
    pub(crate) counts: Counts,
    pub(crate) sources: Vec<Source>,
    /// Ids of sources for the reviewers' sample: as many as the release has, whatever the scale.
    pub(crate) registered_ids: Vec<String>,
}

impl Cohort {
    /// Draws the sources and decides which edits failed.
    pub(crate) fn plan(seed: u64, scale: Scale) -> Self {
        let counts = scale.counts();
        let mut registered = registered_sources(seed);
        let registered_ids = registered.iter().map(|source| source.id.clone()).collect();
        registered.truncate(counts.filtered_sources());
        fail_edits(seed, counts, &mut registered);
        Self { counts, sources: registered, registered_ids }
    }

    /// The sources with an image, in list order.
    pub(crate) fn passed_sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.has_passed_edits())
    }

    /// The sources of the evaluation pool, in list order.
    pub(crate) fn pool(&self) -> &[Source] {
        &self.sources[..self.counts.pool_sources]
    }

    /// The sources of the common core, in list order.
    pub(crate) fn core(&self) -> &[Source] {
        &self.sources[..self.counts.core_sources]
    }

    /// Every attempted pair, in list order.
    pub(crate) fn attempted_pairs(&self) -> Vec<Pair> {
        attempted(&self.sources)
    }

    /// The pairs of the common core, sorted by id, the order in which the benchmark counts.
    pub(crate) fn core_pairs(&self) -> Vec<Pair> {
        let mut pairs = self.attempted_core_pairs();
        pairs.retain(|pair| pair.passed);
        pairs
    }

    /// The pairs of the common core with those that failed the quality control, sorted by id.
    pub(crate) fn attempted_core_pairs(&self) -> Vec<Pair> {
        let mut pairs = attempted(self.core());
        pairs.sort_unstable_by(|left, right| left.id.cmp(&right.id));
        pairs
    }
}

fn attempted(sources: &[Source]) -> Vec<Pair> {
    let mut pairs = Vec::with_capacity(sources.len() * Counts::EDITS);
    for (index, source) in sources.iter().enumerate() {
        for edit in EditLabel::ALL {
            let passed = source.passed[edit as usize];
            pairs.push(Pair { id: source.pair_id(edit), source: index, edit, passed });
        }
    }
    pairs
}

/// As many distinct sources as the release has: three of five from the first dataset, the others from the second.
fn registered_sources(seed: u64) -> Vec<Source> {
    let mut stream = Stream::keyed(seed, Purpose::Cohort, &[]);
    let total = Scale::Full.counts().filtered_sources();
    let mut ids = BTreeSet::new();
    let mut sources = Vec::with_capacity(total);
    let mut buu_number = 0;
    while sources.len() < total {
        let sex = if stream.chance(0.55) { Sex::Female } else { Sex::Male };
        let age = u8::try_from(18 + stream.below(75)).unwrap_or(u8::MAX);
        let person = Person { age, sex };
        let (dataset, id) = if stream.chance(0.6) {
            ("vindr", format!("vindr_{:016x}{:016x}", stream.bits(), stream.bits()))
        } else {
            buu_number += 1 + stream.below(3);
            let view = stream.below(2);
            ("buu", format!("buu_{buu_number:04}-{}-{age:03}Y{view}", person.sex_letter()))
        };
        if ids.insert(id.clone()) {
            let passed = [true; Counts::EDITS];
            sources.push(Source { id, dataset, person, passed });
        }
    }
    sources
}

fn fail_edits(seed: u64, counts: Counts, sources: &mut [Source]) {
    let mut stream = Stream::keyed(seed, Purpose::QualityControl, &[]);
    let bounds = [0, counts.core_sources, counts.pool_sources, counts.sources];
    for (window, &failed) in bounds.windows(2).zip(&Counts::FAILED_EDITS) {
        let range = &mut sources[window[0]..window[1]];
        let chosen = stream.quota(range.len(), failed);
        for (source, _) in range.iter_mut().zip(chosen).filter(|(_, chosen)| *chosen) {
            source.passed[stream.below(Counts::EDITS)] = false;
        }
    }
    for source in &mut sources[counts.sources..] {
        source.passed = [false; Counts::EDITS];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scale_has_its_counts() {
        for scale in Scale::ALL {
            let cohort = Cohort::plan(5, scale);
            let counts = scale.counts();
            let attempted = cohort.attempted_pairs();
            assert_eq!(attempted.len(), counts.attempted_pairs());
            assert_eq!(attempted.iter().filter(|pair| pair.passed).count(), counts.passed_pairs());
            assert_eq!(cohort.passed_sources().count(), counts.sources);
            assert_eq!(cohort.core_pairs().len(), counts.core_pairs());
            let pool: usize =
                cohort.pool().iter().map(|source| source.passed_edits().count()).sum();
            assert_eq!(pool, counts.pool_sources * Counts::EDITS - 4);
            assert_eq!(cohort.registered_ids.len(), 2987);
        }
    }

    #[test]
    fn a_small_bundle_takes_the_first_sources_of_a_full_one() {
        let (small, full) = (Cohort::plan(5, Scale::Small), Cohort::plan(5, Scale::Full));
        assert_eq!(small.registered_ids, full.registered_ids);
        assert!(small.sources.iter().zip(&full.sources).all(|(left, right)| left.id == right.id));
    }

    #[test]
    fn the_first_sources_of_a_seed_stay_what_they_are() {
        let ids: Vec<String> =
            Cohort::plan(1, Scale::Small).sources.into_iter().map(|source| source.id).collect();
        assert_eq!(
            ids[..3],
            ["buu_0003-F-058Y0", "vindr_46f72461b312466e487fd9862a23e78b", "buu_0004-M-059Y0"]
        );
    }
}
