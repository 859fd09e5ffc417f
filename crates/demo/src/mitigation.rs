//! What the five mitigation models answer: Stage-1 texts and the three conditions that build on them.
//!
//! Conditions B, B′ and D recommend from the Stage-1 diagnosis, which agrees less often than the labels of a whole report, and
//! their recommendations change more often than condition A's, so that the binding rule fails as published.

use crate::cohort::Pair;
use crate::decisions::{base_picture, by_fragility, moved_advice, share};
use crate::models::Mitigation;
use crate::phrases::Finding;
use crate::prng::{Purpose, Stream};
use crate::reports::{Answer, Picture};

/// How many Stage-1 files of a model the gate reads.
pub(crate) const STAGE1_SAMPLE: usize = 200;

/// A condition beside A, whose answers are the retained ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Condition {
    B,
    BPrime,
    D,
}

impl Condition {
    pub(crate) const ALL: [Self; 3] = [Self::B, Self::BPrime, Self::D];

    /// The name in the frozen files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::B => "condition_b",
            Self::BPrime => "condition_bprime",
            Self::D => "condition_d",
        }
    }

    /// The `experiment_step` of its rows.
    pub(crate) const fn step(self) -> &'static str {
        match self {
            Self::B => "mitigation_b_stage2",
            Self::BPrime => "mitigation_bprime_stage2",
            Self::D => "mitigation_d_stage25",
        }
    }
}

/// A response of the mitigation panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Response {
    /// The row holds the text.
    Inline(Answer),
    /// The row is blank and names a file with the text.
    RawFile(Answer),
    /// The row holds a draft and names a JSON file with the rewritten text.
    Rewrite(Answer),
    /// The call timed out.
    Error,
    /// The service failed.
    Failure,
    /// The row is blank and names nothing.
    Blank,
}

/// The form of a Stage-1 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage1Form {
    /// `Primary diagnosis:` and the diagnosis on one line.
    Inline,
    /// The diagnosis on a line of its own.
    Block,
    /// No primary diagnosis.
    None,
}

/// What the validation sidecar of a Stage-1 text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sidecar {
    Clean,
    Invalid,
    PromptEcho,
    HtmlGarbage,
    NotJson,
}

/// One Stage-1 file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stage1 {
    /// What is diagnosed; none is a diagnosis without a label.
    pub(crate) finding: Option<Finding>,
    pub(crate) form: Stage1Form,
    pub(crate) sidecar: Sidecar,
}

/// The Stage-1 files of one model: source and counterfactual of every attempted core pair, in pair order.
pub(crate) fn stage1_files(
    seed: u64,
    model: usize,
    behaviour: Mitigation,
    pairs: &[Pair],
) -> Vec<[Stage1; 2]> {
    let mut stream = Stream::keyed(seed, Purpose::Stage1, &[model as u64]);
    let agree = stream.quota(pairs.len(), share(behaviour.stage1_agreement, pairs.len()));
    let mut passes = Vec::with_capacity(2 * pairs.len());
    while passes.len() < 2 * pairs.len() {
        let block = STAGE1_SAMPLE.min(2 * pairs.len() - passes.len());
        let wanted = (behaviour.stage1_passes_per_200 * block + STAGE1_SAMPLE / 2) / STAGE1_SAMPLE;
        passes.extend(stream.quota(block, wanted));
    }
    pairs
        .iter()
        .zip(agree)
        .zip(passes.chunks_exact(2))
        .map(|((pair, agree), passes)| {
            let first = diagnosis(seed, model, pair, &mut stream);
            let second = if agree { first } else { Some(other_diagnosis(first, &mut stream)) };
            [file(first, passes[0], &mut stream), file(second, passes[1], &mut stream)]
        })
        .collect()
}

/// The responses of one model in one condition: source and counterfactual of every core pair, in pair order.
pub(crate) fn responses(
    seed: u64,
    model: usize,
    condition: Condition,
    behaviour: Mitigation,
    pairs: &[Pair],
) -> Vec<[Response; 2]> {
    let mut stream = Stream::keyed(seed, Purpose::Mitigation, &[model as u64, condition as u64]);
    let mut responses: Vec<[Response; 2]> = pairs
        .iter()
        .map(|pair| [Response::Inline(Answer::Report(base_picture(seed, model, pair.source))); 2])
        .collect();

    // A few answers of each kind go wrong, on either side of different pairs.
    let wrong = [
        Response::Error,
        Response::Failure,
        Response::Blank,
        Response::Inline(Answer::Refusal),
        Response::Inline(Answer::Partial),
    ];
    let each = (pairs.len() / 160).max(1);
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    stream.shuffle(&mut order);
    for (place, &index) in order.iter().take(each * wrong.len()).enumerate() {
        responses[index][stream.below(2)] = wrong[place % wrong.len()];
    }

    let whole: Vec<usize> = (0..pairs.len())
        .filter(|&index| {
            responses[index].iter().all(|side| matches!(side, Response::Inline(Answer::Report(_))))
        })
        .collect();
    let changes = share(behaviour.recommendation_change[condition as usize], whole.len());
    for &index in by_fragility(pairs, &whole, &mut stream).iter().take(changes) {
        if let Response::Inline(Answer::Report(picture)) = responses[index][0] {
            let advice = moved_advice(picture.advice, 2, &mut stream);
            responses[index][1] = Response::Inline(Answer::Report(Picture { advice, ..picture }));
        }
    }
    deliver_elsewhere(condition, &whole, &mut responses);
    responses
}

/// Lets a few texts of each model stand in files: raw outputs in B and B′, rewrites in D.
fn deliver_elsewhere(condition: Condition, whole: &[usize], responses: &mut [[Response; 2]]) {
    let pairs = if condition == Condition::D { 6 } else { 2 };
    for &index in whole.iter().take(pairs) {
        for side in &mut responses[index] {
            if let Response::Inline(answer) = *side {
                *side = if condition == Condition::D {
                    Response::Rewrite(answer)
                } else {
                    Response::RawFile(answer)
                };
            }
        }
    }
}

fn diagnosis(seed: u64, model: usize, pair: &Pair, stream: &mut Stream) -> Option<Finding> {
    let findings: Vec<Finding> = base_picture(seed, model, pair.source).findings().collect();
    if findings.is_empty() || stream.chance(0.04) { None } else { Some(*stream.pick(&findings)) }
}

/// A diagnosis that shares no label with the first.
fn other_diagnosis(first: Option<Finding>, stream: &mut Stream) -> Finding {
    let taken = first.map_or(0, Finding::labels);
    let free: Vec<Finding> =
        Finding::ALL.into_iter().filter(|finding| finding.labels() & taken == 0).collect();
    *stream.pick(&free)
}

fn file(finding: Option<Finding>, passes: bool, stream: &mut Stream) -> Stage1 {
    let form = if stream.chance(0.6) { Stage1Form::Inline } else { Stage1Form::Block };
    let passing = Stage1 { finding, form, sidecar: Sidecar::Clean };
    if passes {
        return passing;
    }
    match stream.below(6) {
        0 | 1 => Stage1 { form: Stage1Form::None, ..passing },
        2 => Stage1 { sidecar: Sidecar::Invalid, ..passing },
        3 => Stage1 { sidecar: Sidecar::PromptEcho, ..passing },
        4 => Stage1 { sidecar: Sidecar::HtmlGarbage, ..passing },
        _ => Stage1 { sidecar: Sidecar::NotJson, ..passing },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cohort::Cohort;
    use crate::models::mitigation_models;
    use crate::scale::Scale;

    #[test]
    fn the_gate_decides_as_published() {
        for seed in 0..10 {
            let pairs = Cohort::plan(seed, Scale::Small).attempted_core_pairs();
            for (model, behaviour, part) in mitigation_models() {
                let files = stage1_files(seed, model, part, &pairs);
                let passing = files
                    .iter()
                    .flatten()
                    .take(STAGE1_SAMPLE)
                    .filter(|file| file.form != Stage1Form::None && file.sidecar == Sidecar::Clean)
                    .count();
                assert_eq!(passing, part.stage1_passes_per_200, "{}", behaviour.name);
                let kept = ["gpt-5.4", "glm-4.6v"].contains(&behaviour.name);
                assert_eq!(passing >= 190, kept, "{}", behaviour.name);
                assert_eq!(passing < 170, !kept, "{}", behaviour.name);
            }
        }
    }

    #[test]
    fn every_kind_of_response_occurs() {
        let pairs = Cohort::plan(1, Scale::Small).core_pairs();
        let (model, _, part) = mitigation_models()[0];
        let kinds = |condition| {
            let responses = responses(1, model, condition, part, &pairs);
            let count = |wanted: fn(&Response) -> bool| {
                responses.iter().flatten().filter(|side| wanted(side)).count()
            };
            [
                count(|side| matches!(side, Response::RawFile(_))),
                count(|side| matches!(side, Response::Rewrite(_))),
                count(|side| *side == Response::Error),
                count(|side| *side == Response::Failure),
                count(|side| *side == Response::Blank),
                count(|side| *side == Response::Inline(Answer::Refusal)),
                count(|side| *side == Response::Inline(Answer::Partial)),
            ]
        };
        assert_eq!(kinds(Condition::B), [4, 0, 1, 1, 1, 1, 1]);
        assert_eq!(kinds(Condition::D), [0, 12, 1, 1, 1, 1, 1]);
    }
}
