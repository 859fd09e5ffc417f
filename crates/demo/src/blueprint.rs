//! The whole plan of a bundle: pure data, from seed and scale alone.

use crate::DemoPlan;
use crate::cohort::{Cohort, Pair, Person};
use crate::decisions::{AnswerPair, retained_answers};
use crate::mitigation::{Condition, Response, Stage1, responses, stage1_files};
use crate::models::{Behaviour, MODELS, mitigation_models};

/// One side of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Counterfactual,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Source, Self::Counterfactual];
}

/// What one mitigation model answers.
pub(crate) struct MitigationPart {
    /// The model's place in [`MODELS`].
    pub(crate) model: usize,
    pub(crate) behaviour: &'static Behaviour,
    /// By attempted core pair.
    pub(crate) stage1: Vec<[Stage1; 2]>,
    /// By condition, then by core pair.
    pub(crate) responses: [Vec<[Response; 2]>; 3],
}

/// Everything that is decided before anything is written.
pub(crate) struct Blueprint {
    pub(crate) plan: DemoPlan,
    pub(crate) cohort: Cohort,
    /// The common core, in the order of the ids.
    pub(crate) core_pairs: Vec<Pair>,
    /// The same with the pairs that failed the quality control.
    pub(crate) attempted_core_pairs: Vec<Pair>,
    /// For every core pair its place among the attempted ones.
    pub(crate) attempted_places: Vec<usize>,
    /// By model (in the order of [`MODELS`]), then by core pair.
    pub(crate) retained: Vec<Vec<AnswerPair>>,
    /// By model name.
    pub(crate) mitigation: Vec<MitigationPart>,
}

impl Blueprint {
    /// Plans a bundle.
    pub(crate) fn new(plan: DemoPlan) -> Self {
        let DemoPlan { seed, scale } = plan;
        let cohort = Cohort::plan(seed, scale);
        let core_pairs = cohort.core_pairs();
        let attempted_core_pairs = cohort.attempted_core_pairs();
        let attempted_places =
            (0..attempted_core_pairs.len()).filter(|&i| attempted_core_pairs[i].passed).collect();
        let retained =
            (0..MODELS.len()).map(|model| retained_answers(seed, model, &core_pairs)).collect();
        let mitigation = mitigation_models()
            .into_iter()
            .map(|(model, behaviour, part)| MitigationPart {
                model,
                behaviour,
                stage1: stage1_files(seed, model, part, &attempted_core_pairs),
                responses: Condition::ALL
                    .map(|condition| responses(seed, model, condition, part, &core_pairs)),
            })
            .collect();
        Self {
            plan,
            cohort,
            core_pairs,
            attempted_core_pairs,
            attempted_places,
            retained,
            mitigation,
        }
    }

    /// Whom one side of a pair shows.
    pub(crate) fn person(&self, pair: &Pair, side: Side) -> Person {
        match side {
            Side::Source => self.cohort.sources[pair.source].person,
            Side::Counterfactual => Person::suggested_by(pair.edit),
        }
    }

    /// The id of a pair's source.
    pub(crate) fn source_id(&self, pair: &Pair) -> &str {
        &self.cohort.sources[pair.source].id
    }

    /// About how many files the bundle will hold.
    pub(crate) fn n_files(&self) -> usize {
        let counts = self.cohort.counts;
        counts.passed_pairs() + 2 * self.mitigation.len() * counts.stage1_texts_per_model() + 150
    }
}
