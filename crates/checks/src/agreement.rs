//! How far several readers agree: raw agreement, Fleiss' kappa and Gwet's AC1.
//!
//! Every subject is rated equally often. A coefficient whose chance agreement is 1 is not defined.

use std::collections::BTreeMap;

use spinefairbench_artifacts::records::reader_answers::ReaderAnswers;

/// The answers to one question, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// Answers by category.
    pub(crate) totals: BTreeMap<String, u64>,
    /// Pairs of answers about one subject that are equal.
    pub(crate) agreements: u64,
    /// Pairs of answers about one subject.
    pub(crate) comparisons: u64,
}

impl Agreement {
    /// Counts `subjects`, each the answers about it; nothing, if they are not all answered equally often, and at least twice.
    pub(crate) fn of<'a>(subjects: impl IntoIterator<Item = &'a Vec<String>>) -> Option<Self> {
        let mut counted = Self::default();
        let mut n_answers = None;
        for answers in subjects {
            if *n_answers.get_or_insert(answers.len()) != answers.len() || answers.len() < 2 {
                return None;
            }
            let mut categories: BTreeMap<&str, u64> = BTreeMap::new();
            for answer in answers {
                *categories.entry(answer).or_default() += 1;
            }
            for (category, n) in categories {
                counted.agreements += pairs(n);
                *counted.totals.entry(category.to_owned()).or_default() += n;
            }
            counted.comparisons += pairs(answers.len() as u64);
        }
        n_answers.is_some().then_some(counted)
    }

    /// The share of pairs that are equal.
    pub(crate) fn raw(&self) -> f64 {
        share(self.agreements, self.comparisons)
    }

    /// Fleiss' kappa.
    pub(crate) fn fleiss_kappa(&self) -> Option<f64> {
        let chance = self.marginals().map(|marginal| marginal * marginal).sum();
        corrected(self.raw(), chance)
    }

    /// Gwet's AC1.
    pub(crate) fn gwet_ac1(&self) -> Option<f64> {
        let spread: f64 = self.marginals().map(|marginal| marginal * (1.0 - marginal)).sum();
        let others = self.totals.len().saturating_sub(1);
        // With one category nothing can agree by chance.
        let chance = if others == 0 { 0.0 } else { spread / small(others as u64) };
        corrected(self.raw(), chance)
    }

    fn marginals(&self) -> impl Iterator<Item = f64> {
        let all = self.totals.values().sum();
        self.totals.values().map(move |n| share(*n, all))
    }
}

/// The agreement on one question of a table, from 0; nothing, if the table lacks it or pairs are answered unequally often.
pub(crate) fn agreement_on(rows: &[ReaderAnswers], question: usize) -> Option<Agreement> {
    let mut subjects: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in rows {
        subjects.entry(&row.pair_id).or_default().push(row.answers[question].clone()?);
    }
    Agreement::of(subjects.values())
}

fn corrected(observed: f64, chance: f64) -> Option<f64> {
    (chance < 1.0).then(|| (observed - chance) / (1.0 - chance))
}

fn pairs(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

fn share(part: u64, whole: u64) -> f64 {
    small(part) / small(whole)
}

#[expect(clippy::cast_precision_loss, reason = "counts of answers are far below 2^53")]
fn small(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published counts, and the coefficients that the follow-up supplement has for them.
    #[test]
    fn the_published_coefficients_follow_from_the_published_counts() {
        let question = |totals: &[(&str, u64)], agreements| Agreement {
            totals: totals.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect(),
            agreements,
            comparisons: 1350,
        };
        let plausible = question(&[("Yes", 1324), ("No", 26)], 1324);
        assert!((plausible.fleiss_kappa().unwrap() - 0.490_181_268_882_173_67).abs() < 1e-14);
        assert!((plausible.gwet_ac1().unwrap() - 0.979_984_626_368_287_3).abs() < 1e-14);
        let detected = question(
            &[("Cannot tell", 1307), ("Image B edited", 17), ("Image A edited", 26)],
            1272,
        );
        assert!((detected.fleiss_kappa().unwrap() - 0.070_494_147_555_734_17).abs() < 1e-14);
        assert!((detected.gwet_ac1().unwrap() - 0.940_368_897_368_246_1).abs() < 1e-14);
    }

    #[test]
    fn answers_are_counted_by_subject() {
        let answers = |list: &[&str]| list.iter().map(|answer| (*answer).to_owned()).collect();
        let subjects: [Vec<String>; 2] =
            [answers(&["Yes", "Yes", "No"]), answers(&["Yes", "Yes", "Yes"])];
        let found = Agreement::of(&subjects).unwrap();
        assert_eq!((found.agreements, found.comparisons), (4, 6));
        let alike: [Vec<String>; 1] = [answers(&["Yes", "Yes"])];
        let alike = Agreement::of(&alike).unwrap();
        assert_eq!((alike.fleiss_kappa(), alike.gwet_ac1()), (None, Some(1.0)));
        assert_eq!(Agreement::of(&[answers(&["Yes", "Yes"]), answers(&["Yes"])]), None);
        assert_eq!(Agreement::of(&[]), None);
    }
}
