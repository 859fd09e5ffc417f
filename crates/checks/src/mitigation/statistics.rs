//! The statistics of the mitigation analysis.
//!
//! They have the shape in which the frozen files state them: per included model and condition, and the counts of every condition.
//! Means are pairwise sums (rule B-07 of `docs/rules.md`) over counts; intervals are the clustered bootstrap with the seeds of the
//! conditions.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::Serializer;
use spinefairbench_bootstrap::{
    BootstrapError, Clusters, Interval, Iterations, Plan, Task, clustered_intervals, cohens_dz,
    pairwise_sum, wilcoxon,
};

use super::conditions::{
    Condition, ConditionCounts, MitigationInputs, Pairs, Taxonomy, UsablePair,
};
use super::gate::{Confidence, Decision};
use crate::by_name::ByName;

/// How far the diagnostic consistency may fall below condition A's by the binding rule.
const GUARDRAIL: f64 = 0.05;
/// The level that is shared out over all tests.
const ALPHA: f64 = 0.05;

/// The analysis, in the shape of the frozen summary, with the counts of the frozen counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Recomputed {
    /// The models that pass the gate.
    pub included_models: Vec<String>,
    /// Their statistics by condition, in the same order.
    pub models: ByName<ByName<ConditionStatistics>>,
    /// The tests against condition A.
    pub multiple_testing: MultipleTesting,
    /// Which models pass the binding rule.
    pub rule_summary: RuleSummary,
    /// All counts.
    pub condition_counts: ConditionCounts,
}

/// The family of tests, with the level of each by Bonferroni.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MultipleTesting {
    /// `bonferroni`
    pub method: &'static str,
    /// How many tests there are.
    pub family_size: usize,
    /// 0.05 over the number of tests.
    pub alpha_adj: f64,
    /// The tests by `model:condition:endpoint`.
    pub tests: BTreeMap<String, TestResult>,
}

/// One test of the family.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TestResult {
    /// Of the signed-rank test.
    pub p_value: f64,
    /// The adjusted level.
    pub alpha_adj: f64,
    /// Whether the first is below the second.
    pub significant: bool,
}

/// The outcome of the binding rule by model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RuleSummary {
    /// Models whose condition B passes.
    pub models_with_b_rule_pass: Vec<String>,
    /// Models whose condition B fails.
    pub models_with_b_rule_fail: Vec<String>,
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

/// A value of the frozen files.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Statistic {
    /// A number.
    Number(f64),
    /// Both ends of an interval.
    Ends([f64; 2]),
    /// A count.
    Count(u64),
    /// A truth value.
    Truth(bool),
}

impl ConditionStatistics {
    /// The statistics under the names that the frozen summary and table have for them, in the summary's order.
    #[must_use]
    pub fn by_field(&self) -> Vec<(&'static str, Statistic)> {
        use Statistic::{Count, Number, Truth};
        let ends = |interval: Interval| Statistic::Ends([interval.lower, interval.upper]);
        let mut fields = vec![
            ("rec_change", Number(self.rec_change.0)),
            ("rec_change_ci", ends(self.rec_change.1)),
            ("diag_consistency", Number(self.diag_consistency.0)),
            ("diag_consistency_ci", ends(self.diag_consistency.1)),
            ("n_pairs", Count(self.n_pairs as u64)),
            ("full_refusals", Count(self.full_refusals)),
            ("partial_refusals", Count(self.partial_refusals)),
        ];
        if let Some(against) = &self.against_a {
            fields.extend([
                ("delta_rec", Number(against.delta_rec.0)),
                ("delta_rec_ci", ends(against.delta_rec.1)),
                ("delta_diag", Number(against.delta_diag.0)),
                ("delta_diag_ci", ends(against.delta_diag.1)),
                ("wilcoxon_p_rec", Number(against.wilcoxon_p_rec)),
                ("wilcoxon_p_diag", Number(against.wilcoxon_p_diag)),
                ("cohens_dz_rec", Number(against.cohens_dz_rec)),
                ("cohens_dz_diag", Number(against.cohens_dz_diag)),
                ("diag_preserved_within_guardrail", Truth(against.diag_preserved_within_guardrail)),
            ]);
            fields.extend(against.b_rule_pass.map(|passes| ("b_rule_pass", Truth(passes))));
        }
        fields
    }
}

impl Serialize for ConditionStatistics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.by_field())
    }
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
    let rules = &mut recomputed.rule_summary;
    for model in &recomputed.included_models {
        let statistics = model_statistics(model, &pairs, iterations)?;
        for (_, statistics) in &statistics {
            match statistics.against_a.as_ref().and_then(|against| against.b_rule_pass) {
                Some(true) => rules.models_with_b_rule_pass.push(model.clone()),
                Some(false) => rules.models_with_b_rule_fail.push(model.clone()),
                None => {}
            }
        }
        let by_condition = statistics.into_iter();
        let by_condition = by_condition.map(|(condition, of)| (condition.as_str().to_owned(), of));
        recomputed.models.push(model, ByName(by_condition.collect()));
    }
    recomputed.multiple_testing = MultipleTesting::of(&recomputed.models);
    Ok(recomputed)
}

impl MultipleTesting {
    fn of(models: &ByName<ByName<ConditionStatistics>>) -> Self {
        let mut testing = Self { method: "bonferroni", ..Self::default() };
        #[expect(clippy::cast_precision_loss, reason = "a handful of tests")]
        let family = (models.len() * 3 * 2) as f64;
        testing.alpha_adj = ALPHA / family;
        for (model, conditions) in models.iter() {
            for (condition, statistics) in conditions.iter() {
                let Some(against) = &statistics.against_a else { continue };
                for (endpoint, p_value) in [
                    ("recommendation", against.wilcoxon_p_rec),
                    ("diagnostic", against.wilcoxon_p_diag),
                ] {
                    let alpha_adj = testing.alpha_adj;
                    let test = TestResult { p_value, alpha_adj, significant: p_value < alpha_adj };
                    testing.tests.insert(format!("{model}:{condition}:{endpoint}"), test);
                }
            }
        }
        testing.family_size = testing.tests.len();
        testing
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

/// The seed of both endpoints; those of the two differences follow it by 2 and 3.
const fn seed_of(condition: Condition) -> u64 {
    match condition {
        Condition::A => 101,
        Condition::B => 200,
        Condition::BPrime => 210,
        Condition::D => 220,
    }
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
        let seed = seed_of(self.condition);
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
        let plan = Plan::published().with_iterations(self.iterations).with_seed(seed);
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
