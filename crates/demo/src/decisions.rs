//! What every model answers: the plan of all retained answers, before a word is written.
//!
//! Each pair has two [`Answer`]s. Shares are met by quota and the mean label agreement by a budget, so that the endpoints of a
//! bundle are where its models' behaviour puts them, whatever the seed and the scale.

use crate::cohort::Pair;
use crate::models::{Behaviour, FULL_REFUSALS_OF_RELEASE, MODELS};
use crate::phrases::{Advice, Finding, LabelMask};
use crate::prng::{Purpose, Stream};
use crate::reports::{Answer, Picture};
use crate::scale::Scale;

/// The two answers of a model on one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnswerPair {
    pub(crate) source: Answer,
    pub(crate) counterfactual: Answer,
}

/// Both answers of one model on every core pair, in the order of `pairs`.
pub(crate) fn retained_answers(seed: u64, model: usize, pairs: &[Pair]) -> Vec<AnswerPair> {
    let behaviour = &MODELS[model];
    let mut stream = Stream::keyed(seed, Purpose::Answers, &[model as u64]);
    let refused = refused_pairs(seed, behaviour.name, pairs.len());
    let mut answers: Vec<PairDraft> = pairs
        .iter()
        .zip(refused)
        .map(|(pair, refused)| PairDraft::new(base_picture(seed, model, pair.source), refused))
        .collect();
    let usable: Vec<usize> = (0..pairs.len()).filter(|&index| !answers[index].refused).collect();

    let partial =
        stream.quota(usable.len(), scaled(behaviour.partial_refusals_of_release, pairs.len()));
    for (&index, _) in usable.iter().zip(&partial).filter(|(_, chosen)| **chosen) {
        answers[index].partial =
            Some(if stream.chance(0.5) { Side::Source } else { Side::Counterfactual });
    }
    let whole: Vec<usize> =
        usable.iter().copied().filter(|&index| answers[index].partial.is_none()).collect();
    let empty = stream.quota(whole.len(), scaled(behaviour.both_empty_of_release, pairs.len()));
    for (&index, _) in whole.iter().zip(&empty).filter(|(_, chosen)| **chosen) {
        answers[index].source.findings = 0;
        answers[index].counterfactual.findings = 0;
    }
    change_advice(behaviour, pairs, &usable, &mut answers, &mut stream);
    change_findings(behaviour, pairs, &usable, &mut answers, &mut stream);
    answers.iter().map(|draft| draft.finish(&mut stream)).collect()
}

/// Which pairs a model refuses, as a mask over the core pairs.
pub(crate) fn refused_pairs(seed: u64, model: &str, n_pairs: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..n_pairs).collect();
    Stream::keyed(seed, Purpose::Answers, &[]).shuffle(&mut order);
    let count = |name: &str| {
        let of_release = FULL_REFUSALS_OF_RELEASE
            .iter()
            .find(|(model, _)| *model == name)
            .map_or(0, |(_, n)| *n);
        scaled(of_release, n_pairs)
    };
    let first = if model == "gemma-4" { 0 } else { count("gemma-4") };
    let mut mask = vec![false; n_pairs];
    for &index in order.iter().skip(first).take(count(model)) {
        mask[index] = true;
    }
    mask
}

/// A count of the release's core pairs, scaled to `n_pairs` and at least 1 if it is not 0.
pub(crate) fn scaled(of_release: usize, n_pairs: usize) -> usize {
    let release_pairs = Scale::Full.counts().core_pairs();
    let rounded = (of_release * n_pairs + release_pairs / 2) / release_pairs;
    if of_release == 0 { 0 } else { rounded.max(1) }
}

/// What a model sees in a source and would recommend, before anything is edited.
pub(crate) fn base_picture(seed: u64, model: usize, source: usize) -> Picture {
    let mut truth = Stream::keyed(seed, Purpose::Picture, &[source as u64]);
    let mut picture = Picture { findings: findings(&mut truth), ..Picture::default() };
    let mut eye = Stream::keyed(seed, Purpose::Picture, &[source as u64, model as u64]);
    for _ in 0..2 + truth.below(3) {
        picture.advice |= 1 << truth.below(Advice::ALL.len());
    }
    // Models differ in what they notice: one finding and one recommendation each may be added.
    if eye.chance(0.4) {
        picture.findings |= 1 << eye.below(Finding::ALL.len());
    }
    if eye.chance(0.5) {
        picture.advice |= 1 << eye.below(Advice::ALL.len());
    }
    picture
}

/// The diagnostic labels that a source has, whatever a model sees in it.
pub(crate) fn true_labels(seed: u64, source: usize) -> LabelMask {
    let mut truth = Stream::keyed(seed, Purpose::Picture, &[source as u64]);
    Picture { findings: findings(&mut truth), ..Picture::default() }.labels()
}

/// One to four findings, bit by bit in the order of [`Finding::ALL`].
fn findings(truth: &mut Stream) -> u16 {
    (0..=truth.below(4)).fold(0, |findings, _| findings | 1 << truth.below(Finding::ALL.len()))
}

/// A set of advice that differs from the given one by up to `moves` additions and removals, and is not empty.
pub(crate) fn moved_advice(advice: u8, moves: usize, stream: &mut Stream) -> u8 {
    loop {
        let mut result = advice;
        for _ in 0..moves {
            result ^= 1 << stream.below(Advice::ALL.len());
        }
        if result != advice && result != 0 {
            return result;
        }
    }
}

/// The share of labels in common, 1 for two empty sets.
pub(crate) fn jaccard(left: LabelMask, right: LabelMask) -> f64 {
    let union = (left | right).count_ones();
    if union == 0 { 1.0 } else { f64::from((left & right).count_ones()) / f64::from(union) }
}

/// The indices, those with the most fragile pairs first: fragility is partly the source's, so that pairs of one source
/// resemble each other, which is what the clustered intervals are for.
pub(crate) fn by_fragility(pairs: &[Pair], indices: &[usize], stream: &mut Stream) -> Vec<usize> {
    let n_sources = pairs.iter().map(|pair| pair.source + 1).max().unwrap_or(0);
    let of_source: Vec<f64> = (0..n_sources).map(|_| stream.unit()).collect();
    let mut ranked: Vec<(f64, usize)> = indices
        .iter()
        .map(|&index| (0.4 * of_source[pairs[index].source] + 0.6 * stream.unit(), index))
        .collect();
    ranked.sort_unstable_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
    ranked.into_iter().map(|(_, index)| index).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Source,
    Counterfactual,
}

/// A pair of answers while they are being decided.
struct PairDraft {
    refused: bool,
    partial: Option<Side>,
    source: Picture,
    counterfactual: Picture,
}

impl PairDraft {
    const fn new(picture: Picture, refused: bool) -> Self {
        Self { refused, partial: None, source: picture, counterfactual: picture }
    }

    fn agreement(&self) -> f64 {
        match self.partial {
            // The text of a partial refusal has no label.
            Some(Side::Source) => jaccard(0, self.counterfactual.labels()),
            Some(Side::Counterfactual) => jaccard(self.source.labels(), 0),
            None => jaccard(self.source.labels(), self.counterfactual.labels()),
        }
    }

    fn finish(&self, stream: &mut Stream) -> AnswerPair {
        let mut pair = AnswerPair {
            source: Answer::Report(self.source),
            counterfactual: Answer::Report(self.counterfactual),
        };
        match self.partial {
            Some(Side::Source) => pair.source = Answer::Partial,
            Some(Side::Counterfactual) => pair.counterfactual = Answer::Partial,
            None => {}
        }
        if self.refused {
            let which = stream.below(3);
            if which != 0 {
                pair.source = Answer::Refusal;
            }
            if which != 1 {
                pair.counterfactual = Answer::Refusal;
            }
        }
        pair
    }
}

fn change_advice(
    behaviour: &Behaviour,
    pairs: &[Pair],
    usable: &[usize],
    drafts: &mut [PairDraft],
    stream: &mut Stream,
) {
    let mut open = share(behaviour.recommendation_change, usable.len());
    // A partial refusal recommends nothing, so that its pair has changed already.
    open = open
        .saturating_sub(usable.iter().filter(|&&index| drafts[index].partial.is_some()).count());
    for index in by_fragility(pairs, usable, stream) {
        let draft = &mut drafts[index];
        if open == 0 || draft.partial.is_some() {
            continue;
        }
        draft.counterfactual.advice =
            moved_advice(draft.source.advice, behaviour.advice_moves, stream);
        open -= 1;
    }
}

fn change_findings(
    behaviour: &Behaviour,
    pairs: &[Pair],
    usable: &[usize],
    drafts: &mut [PairDraft],
    stream: &mut Stream,
) {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand pairs at most")]
    let n_usable = usable.len() as f64;
    let mut budget = (1.0 - behaviour.diagnostic_consistency) * n_usable;
    budget -= usable.iter().map(|&index| 1.0 - drafts[index].agreement()).sum::<f64>();
    for index in by_fragility(pairs, usable, stream) {
        let draft = &mut drafts[index];
        if budget <= 0.0 {
            break;
        }
        if draft.partial.is_some() || draft.source.findings == 0 {
            continue;
        }
        let replace = stream.chance(behaviour.label_replacement);
        draft.counterfactual.findings = if replace {
            other_findings(draft.source, stream)
        } else {
            moved_findings(draft.source, stream)
        };
        budget -= 1.0 - draft.agreement();
    }
}

/// Findings that share no label with those of the picture.
fn other_findings(picture: Picture, stream: &mut Stream) -> u16 {
    let taken = picture.labels();
    let free: Vec<Finding> =
        Finding::ALL.into_iter().filter(|finding| finding.labels() & taken == 0).collect();
    let mut findings = 0;
    for _ in 0..=stream.below(2) {
        findings |= 1 << *stream.pick(&free) as u16;
    }
    findings
}

/// Findings with one added, removed or exchanged, such that the labels differ and some are left.
pub(crate) fn moved_findings(picture: Picture, stream: &mut Stream) -> u16 {
    let labels = picture.labels();
    loop {
        let mut moved = picture;
        for _ in 0..=stream.below(2) {
            moved.findings ^= 1 << stream.below(Finding::ALL.len());
        }
        if moved.labels() != labels && moved.findings != 0 {
            return moved.findings;
        }
    }
}

/// A share of a count, rounded.
pub(crate) fn share(share: f64, count: usize) -> usize {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share in [0, 1] of a few thousand pairs"
    )]
    let rounded = (share * count as f64).round() as usize;
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cohort::Cohort;

    fn endpoints(answers: &[AnswerPair]) -> (u32, f64, f64) {
        let (mut usable, mut changed, mut agreement) = (0_u32, 0.0, 0.0);
        let picture = |answer| match answer {
            Answer::Report(picture) => Some(picture),
            Answer::Partial => Some(Picture::default()),
            Answer::Refusal => None,
        };
        for pair in answers {
            if let (Some(source), Some(counterfactual)) =
                (picture(pair.source), picture(pair.counterfactual))
            {
                usable += 1;
                changed += f64::from(u8::from(source.advice != counterfactual.advice));
                agreement += jaccard(source.labels(), counterfactual.labels());
            }
        }
        (usable, changed / f64::from(usable), agreement / f64::from(usable))
    }

    #[test]
    fn the_endpoints_follow_the_behaviour_at_every_scale() {
        for (scale, tolerance) in [(Scale::Small, 0.02), (Scale::Full, 0.001)] {
            for seed in 0..4 {
                let pairs = Cohort::plan(seed, scale).core_pairs();
                for (model, behaviour) in MODELS.iter().enumerate() {
                    let (_, change, consistency) =
                        endpoints(&retained_answers(seed, model, &pairs));
                    let name = behaviour.name;
                    assert!(
                        (change - behaviour.recommendation_change).abs() < tolerance,
                        "{name}: {change}"
                    );
                    assert!(
                        (consistency - behaviour.diagnostic_consistency).abs() < tolerance,
                        "{name}: {consistency}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_full_scale_refuses_as_often_as_the_release() {
        let n_pairs = Scale::Full.counts().core_pairs();
        let mut answered_by_all = vec![true; n_pairs];
        for behaviour in &MODELS {
            let refused = refused_pairs(3, behaviour.name, n_pairs);
            for (all, refused) in answered_by_all.iter_mut().zip(&refused) {
                *all &= !refused;
            }
            let expected = match behaviour.name {
                "gemma-4" => 2176,
                "glm-4.6v" => 3988,
                "kimi-k2.5" => 3994,
                _ => 3998,
            };
            assert_eq!(
                refused.iter().filter(|&&refused| !refused).count(),
                expected,
                "{}",
                behaviour.name
            );
        }
        assert_eq!(answered_by_all.iter().filter(|&&all| all).count(), 2166);
    }
}
