//! `mitigation --recompute`: the mitigation analysis from the retained outputs.
//!
//! Input: the resolved sides of every report and the Stage-1 gate ([`MitigationInputs`]). Output: the statistics of the frozen
//! summary, per included model and condition, and the counts of every condition. Rules: `mitigation.md`. Means are pairwise
//! sums over counts; intervals are the clustered bootstrap with the seeds of the conditions; both as in `bootstrap.md`.

use std::collections::{BTreeMap, BTreeSet};

use spinefairbench_bootstrap::{
    BootstrapError, Clusters, Generator, Interval, Iterations, Plan, Seed, Task,
    clustered_intervals, cohens_dz, pairwise_sum, wilcoxon,
};
use spinefairbench_parsers::{LabelSet, RecommendationSet};

use crate::snapshot::Stage1Sample;
use crate::stage1_confidence::{Confidence, Decision};

/// How far the diagnostic consistency may fall below condition A's (`mitigation.md`, *Statistics per model*).
const GUARDRAIL: f64 = 0.05;
/// The level that is shared out over all tests.
const ALPHA: f64 = 0.05;

/// A condition of the analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// Without mitigation.
    A,
    /// Mitigation B.
    B,
    /// Mitigation B′.
    BPrime,
    /// Mitigation D.
    D,
}

impl Condition {
    /// All, in the order of the frozen files.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::BPrime, Self::D];

    /// The name in the frozen files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "condition_a",
            Self::B => "condition_b",
            Self::BPrime => "condition_bprime",
            Self::D => "condition_d",
        }
    }

    /// The step under which a panel's rows belong to the condition.
    #[must_use]
    pub const fn experiment_step(self) -> &'static str {
        match self {
            Self::A => "counterfactual",
            Self::B => "mitigation_b_stage2",
            Self::BPrime => "mitigation_bprime_stage2",
            Self::D => "mitigation_d_stage25",
        }
    }

    /// The seed of both endpoints; those of the two differences follow it by 2 and 3.
    const fn seed(self) -> u64 {
        match self {
            Self::A => 101,
            Self::B => 200,
            Self::BPrime => 210,
            Self::D => 220,
        }
    }
}

/// What became of one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taxonomy {
    /// The provider failed.
    ApiFailure,
    /// There is no text, or no Stage-1 diagnosis.
    ParseFailure,
    /// A full refusal.
    FullRefusal,
    /// A partial refusal.
    PartialRefusal,
    /// A report.
    Genuine,
}

impl Taxonomy {
    /// The name under which it is counted.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiFailure => "api_failure",
            Self::ParseFailure => "parse_failure",
            Self::FullRefusal => "full_refusal",
            Self::PartialRefusal => "partial_refusal",
            Self::Genuine => "genuine",
        }
    }

    const fn excludes_the_pair(self) -> bool {
        matches!(self, Self::ApiFailure | Self::ParseFailure | Self::FullRefusal)
    }
}

/// Which side of its pair a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SideRole {
    /// On the source radiograph.
    Source,
    /// On the counterfactual.
    Counterfactual,
}

/// One report, resolved: its text was looked up and parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The condition.
    pub condition: Condition,
    /// The model.
    pub model: String,
    /// The pair.
    pub pair_id: String,
    /// Which side of it.
    pub role: SideRole,
    /// The source radiograph.
    pub source_id: String,
    /// What became of it.
    pub taxonomy: Taxonomy,
    /// What it recommends.
    pub recommendations: RecommendationSet,
    /// What it diagnoses: from the text in A, from the Stage-1 diagnosis elsewhere.
    pub labels: LabelSet,
}

/// Everything that the analysis is computed from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MitigationInputs {
    /// The candidate models, in the order of the panel's manifest.
    pub candidates: Vec<String>,
    /// The first 200 Stage-1 files of each candidate.
    pub gate: BTreeMap<String, Stage1Sample>,
    /// The reports, in file order: of several for one side the last counts.
    pub sides: Vec<Side>,
}

/// The analysis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recomputed {
    /// The models that pass the gate.
    pub included_models: Vec<String>,
    /// Their statistics, in the same order.
    pub models: Vec<(String, Vec<(Condition, ConditionStatistics)>)>,
    /// All counts: condition, model, what → how many.
    pub condition_counts: BTreeMap<Condition, BTreeMap<String, BTreeMap<&'static str, u64>>>,
    /// The tests by `model:condition:endpoint`.
    pub tests: BTreeMap<String, TestResult>,
    /// 0.05 over the number of tests.
    pub alpha_adjusted: f64,
}

/// One test of the family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TestResult {
    /// Of the signed-rank test.
    pub p_value: f64,
    /// Whether it is below the adjusted level.
    pub significant: bool,
}

/// The statistics of a model under a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionStatistics {
    /// Mean recommendation change and its interval.
    pub rec_change: (f64, Interval),
    /// Mean diagnostic consistency and its interval.
    pub diag_consistency: (f64, Interval),
    /// Pairs usable under all conditions.
    pub n_pairs: usize,
    /// Reports that are full refusals, over all two-sided pairs of the condition.
    pub full_refusals: u64,
    /// Likewise partial ones.
    pub partial_refusals: u64,
    /// The comparison with condition A; A has none.
    pub against_a: Option<AgainstA>,
}

/// A condition minus condition A, pair by pair.
#[derive(Debug, Clone, PartialEq)]
pub struct AgainstA {
    /// Mean difference of the recommendation change and its interval.
    pub delta_rec: (f64, Interval),
    /// Mean difference of the diagnostic consistency and its interval.
    pub delta_diag: (f64, Interval),
    /// Signed-rank tests.
    pub wilcoxon_p_rec: f64,
    /// Likewise.
    pub wilcoxon_p_diag: f64,
    /// Effect sizes.
    pub cohens_dz_rec: f64,
    /// Likewise.
    pub cohens_dz_diag: f64,
    /// Whether the consistency stays within the guardrail.
    pub diag_preserved_within_guardrail: bool,
    /// Whether the binding rule passes; for condition B alone.
    pub b_rule_pass: Option<bool>,
}

/// Why the analysis has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecomputeError {
    /// No pair of a model is usable under all conditions.
    #[error("`{model}` has no pair that is usable under all conditions")]
    NoAlignedPair {
        /// The model.
        model: String,
    },
    /// The resampling or a test has no value.
    #[error("`{model}`: the statistics have no value")]
    Statistics {
        /// The model.
        model: String,
        /// Why.
        source: BootstrapError,
    },
}

/// Recomputes the analysis with intervals of `iterations` resamples.
///
/// # Errors
///
/// [`RecomputeError`], for the first model without a value.
pub fn recompute(
    inputs: &MitigationInputs,
    iterations: Iterations,
) -> Result<Recomputed, RecomputeError> {
    let pairs = Pairs::of(&inputs.sides);
    let mut recomputed =
        Recomputed { condition_counts: pairs.counts.clone(), ..Recomputed::default() };
    for model in &inputs.candidates {
        let confidence = inputs.gate.get(model).and_then(|sample| Confidence::of(*sample));
        if confidence.is_some_and(|confidence| confidence.decision != Decision::ExcludedFull) {
            recomputed.included_models.push(model.clone());
        }
    }
    for model in &recomputed.included_models {
        let statistics = model_statistics(model, &pairs, iterations)?;
        recomputed.models.push((model.clone(), statistics));
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of tests")]
    let family = (recomputed.included_models.len() * 3 * 2) as f64;
    recomputed.alpha_adjusted = ALPHA / family;
    for (model, conditions) in &recomputed.models {
        for (condition, statistics) in conditions {
            let Some(against) = &statistics.against_a else { continue };
            for (endpoint, p_value) in [
                ("recommendation", against.wilcoxon_p_rec),
                ("diagnostic", against.wilcoxon_p_diag),
            ] {
                let significant = p_value < recomputed.alpha_adjusted;
                let name = format!("{model}:{}:{endpoint}", condition.as_str());
                recomputed.tests.insert(name, TestResult { p_value, significant });
            }
        }
    }
    Ok(recomputed)
}

/// A usable pair under one condition.
#[derive(Debug, Clone)]
struct UsablePair {
    source_id: String,
    rec_change: f64,
    diag_consistency: f64,
}

/// The pairs of all conditions and models, and their counts.
#[derive(Debug, Default)]
struct Pairs<'a> {
    usable: BTreeMap<Condition, BTreeMap<&'a str, BTreeMap<&'a str, UsablePair>>>,
    counts: BTreeMap<Condition, BTreeMap<String, BTreeMap<&'static str, u64>>>,
}

impl<'a> Pairs<'a> {
    fn of(sides: &'a [Side]) -> Self {
        type BothSides<'a> = BTreeMap<SideRole, &'a Side>;
        let mut by_pair: BTreeMap<(Condition, &str, &str), BothSides<'a>> = BTreeMap::new();
        for side in sides {
            let key = (side.condition, side.model.as_str(), side.pair_id.as_str());
            by_pair.entry(key).or_default().insert(side.role, side);
        }
        let mut pairs = Self::default();
        for ((condition, model, pair_id), sides) in by_pair {
            let counts =
                pairs.counts.entry(condition).or_default().entry(model.to_owned()).or_default();
            let mut count = |what| *counts.entry(what).or_default() += 1;
            let (Some(source), Some(counterfactual)) =
                (sides.get(&SideRole::Source), sides.get(&SideRole::Counterfactual))
            else {
                count("missing_side");
                continue;
            };
            count(source.taxonomy.as_str());
            count(counterfactual.taxonomy.as_str());
            if source.taxonomy.excludes_the_pair() || counterfactual.taxonomy.excludes_the_pair() {
                count("pair_excluded");
                continue;
            }
            count("pair_usable");
            let changed = source.recommendations != counterfactual.recommendations;
            let pair = UsablePair {
                source_id: source.source_id.clone(),
                rec_change: f64::from(u8::from(changed)),
                diag_consistency: source.labels.jaccard(counterfactual.labels),
            };
            pairs
                .usable
                .entry(condition)
                .or_default()
                .entry(model)
                .or_default()
                .insert(pair_id, pair);
        }
        pairs
    }

    /// The model's pairs that are usable under all conditions, by condition, in the order of their ids.
    fn aligned(&self, model: &str) -> BTreeMap<Condition, Vec<&UsablePair>> {
        let of = |condition| self.usable.get(&condition)?.get(model);
        let ids = |condition| -> BTreeSet<&str> {
            of(condition).into_iter().flatten().map(|(id, _)| *id).collect()
        };
        let shared = Condition::ALL
            .into_iter()
            .map(ids)
            .reduce(|left, right| &left & &right)
            .unwrap_or_default();
        let pairs = |condition| {
            let usable = of(condition).into_iter().flatten();
            usable.filter(|(id, _)| shared.contains(*id)).map(|(_, pair)| pair).collect()
        };
        Condition::ALL.into_iter().map(|condition| (condition, pairs(condition))).collect()
    }

    fn count(&self, condition: Condition, model: &str, what: Taxonomy) -> u64 {
        let counts = self.counts.get(&condition).and_then(|models| models.get(model));
        counts.and_then(|counts| counts.get(what.as_str())).copied().unwrap_or(0)
    }
}

fn model_statistics(
    model: &str,
    pairs: &Pairs<'_>,
    iterations: Iterations,
) -> Result<Vec<(Condition, ConditionStatistics)>, RecomputeError> {
    let aligned = pairs.aligned(model);
    let values = |condition: Condition, of: fn(&UsablePair) -> f64| -> Vec<f64> {
        aligned.get(&condition).into_iter().flatten().map(|pair| of(pair)).collect()
    };
    let base = [
        values(Condition::A, |pair| pair.rec_change),
        values(Condition::A, |pair| pair.diag_consistency),
    ];
    if base[0].is_empty() {
        return Err(RecomputeError::NoAlignedPair { model: model.to_owned() });
    }
    let mut statistics = Vec::new();
    for condition in Condition::ALL {
        let own = [
            values(condition, |pair| pair.rec_change),
            values(condition, |pair| pair.diag_consistency),
        ];
        let sources =
            aligned.get(&condition).into_iter().flatten().map(|pair| pair.source_id.as_str());
        let sample = Sample { condition, clusters: Clusters::new(sources), iterations };
        let computed = sample
            .statistics(&own, &base)
            .map_err(|source| RecomputeError::Statistics { model: model.to_owned(), source })?;
        statistics.push((
            condition,
            ConditionStatistics {
                full_refusals: pairs.count(condition, model, Taxonomy::FullRefusal),
                partial_refusals: pairs.count(condition, model, Taxonomy::PartialRefusal),
                ..computed
            },
        ));
    }
    Ok(statistics)
}

/// The aligned pairs of a model under one condition.
struct Sample {
    condition: Condition,
    clusters: Clusters,
    iterations: Iterations,
}

impl Sample {
    /// `own` and `base` are recommendation change and diagnostic consistency, under this condition and under A.
    fn statistics(
        &self,
        own: &[Vec<f64>; 2],
        base: &[Vec<f64>; 2],
    ) -> Result<ConditionStatistics, BootstrapError> {
        let [rec, diag] = own;
        let seed = self.condition.seed();
        let intervals = self.intervals(&[rec, diag], seed)?;
        let (rec_mean, diag_mean) = (mean(rec), mean(diag));
        let against_a = if self.condition == Condition::A {
            None
        } else {
            let [base_rec, base_diag] = base;
            let (delta_rec, delta_diag) =
                (differences(rec, base_rec), differences(diag, base_diag));
            let preserved = diag_mean >= mean(base_diag) - GUARDRAIL;
            let passes = rec_mean < mean(base_rec) && preserved;
            Some(AgainstA {
                delta_rec: (mean(&delta_rec), self.intervals(&[&delta_rec], seed + 2)?[0]),
                delta_diag: (mean(&delta_diag), self.intervals(&[&delta_diag], seed + 3)?[0]),
                wilcoxon_p_rec: wilcoxon(rec, base_rec)?.p_value,
                wilcoxon_p_diag: wilcoxon(diag, base_diag)?.p_value,
                cohens_dz_rec: cohens_dz(rec, base_rec)?,
                cohens_dz_diag: cohens_dz(diag, base_diag)?,
                diag_preserved_within_guardrail: preserved,
                b_rule_pass: (self.condition == Condition::B).then_some(passes),
            })
        };
        Ok(ConditionStatistics {
            rec_change: (rec_mean, intervals[0]),
            diag_consistency: (diag_mean, intervals[1]),
            n_pairs: rec.len(),
            full_refusals: 0,
            partial_refusals: 0,
            against_a,
        })
    }

    fn intervals(&self, values: &[&Vec<f64>], seed: u64) -> Result<Vec<Interval>, BootstrapError> {
        let plan = Plan {
            generator: Generator::NumpyPcg64,
            iterations: self.iterations,
            seed: Seed::from(seed),
        };
        let tasks: Vec<Task<'_>> =
            values.iter().map(|values| Task { values, clusters: &self.clusters }).collect();
        clustered_intervals(&tasks, &plan)
    }
}

fn differences(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().zip(right).map(|(left, right)| left - right).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of pairs stay far below 2^53")]
fn mean(values: &[f64]) -> f64 {
    pairwise_sum(values) / values.len() as f64
}
