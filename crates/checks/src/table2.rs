//! `table2`: the published endpoints and their intervals, recomputed from the retained reports.
//!
//! Input: the retained pairs of each model and the frozen summary. Output: per model the endpoints, the frozen values and,
//! on demand, the recomputed intervals. Rules: `checks.md`, *table2*; means by [`Endpoints`], intervals by
//! [`clustered_intervals`] over all models at once, both endpoints of a model from the same resamples.

use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_bootstrap::{
    Clusters, Generator, Interval, Iterations, Plan, Seed, Task, clustered_intervals,
};
use spinefairbench_metrics::{Endpoints, PairOutcome, RefusalAccounting};

use crate::finding::{Code, Finding, Findings};
use crate::models::ModelSelection;
use crate::published::{
    Published, agree, intervals_agree, nothing_published, published_plan, show_interval,
};
use crate::report::{CheckReport, CheckResult};
use crate::run::CheckError;
use crate::snapshot::{FrozenModel, RetainedPair, Snapshot};

/// What `table2` is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table2Options {
    /// Which models.
    pub models: ModelSelection,
    /// Whether intervals are recomputed.
    pub intervals: Intervals,
}

/// Where the intervals come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Intervals {
    /// The frozen ones are shown.
    #[default]
    Frozen,
    /// They are drawn anew.
    Recomputed {
        /// How; what is left open is as in the frozen summary.
        plan: PlanRequest,
        /// Whether they are compared with the frozen ones.
        comparison: Comparison,
    },
}

/// Whether recomputed intervals are compared with the frozen ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Comparison {
    /// They must agree; the plan must then be the frozen one.
    #[default]
    WithFrozen,
    /// They are only shown.
    None,
}

/// A plan of which any part may be left to the frozen summary.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanRequest {
    /// Number of resamples.
    pub iterations: Option<Iterations>,
    /// Seed of both endpoints.
    pub seed: Option<Seed>,
    /// The generator.
    pub generator: Option<Generator>,
}

impl PlanRequest {
    /// The plan, open parts as frozen.
    fn complete(&self, frozen: &Plan) -> Plan {
        Plan {
            iterations: self.iterations.unwrap_or(frozen.iterations),
            seed: self.seed.clone().unwrap_or_else(|| frozen.seed.clone()),
            generator: self.generator.unwrap_or(frozen.generator),
        }
    }
}

/// The table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table2Result {
    /// In the table's order.
    pub models: Vec<(String, Table2Model)>,
}

/// One row of the table; what could not be computed is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table2Model {
    /// The panel that lists the model.
    pub panel: Option<Panel>,
    /// What the retained reports give.
    pub endpoints: Option<ModelEndpoints>,
    /// What the frozen summary says.
    pub frozen: Option<FrozenEndpoints>,
    /// The intervals, when they were drawn.
    pub recomputed: Option<RecomputedIntervals>,
}

/// The endpoints of one model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelEndpoints {
    /// Pairs without a full refusal.
    pub usable_pairs: usize,
    /// Pairs with one.
    pub full_refusal_pairs: usize,
    /// Usable pairs with a partial refusal.
    pub partial_refusal_pairs: usize,
    /// 1 − (equal pairs)/(pairs).
    pub recommendation_change: f64,
    /// Mean Jaccard of the label sets.
    pub diagnostic_consistency: f64,
}

/// The frozen values in the table's terms: change instead of agreement.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FrozenEndpoints {
    /// Pairs without a full refusal.
    pub usable_pairs: Option<u64>,
    /// 1 − the frozen agreement.
    pub recommendation_change: Option<f64>,
    /// 1 − the ends of the frozen interval, exchanged.
    pub recommendation_interval: Option<Interval>,
    /// As frozen.
    pub diagnostic_consistency: Option<f64>,
    /// As frozen.
    pub diagnostic_interval: Option<Interval>,
}

impl FrozenEndpoints {
    fn of(model: &FrozenModel) -> Self {
        let invert = |interval: Interval| Interval {
            lower: 1.0 - interval.upper,
            upper: 1.0 - interval.lower,
        };
        Self {
            usable_pairs: model.usable_pairs,
            recommendation_change: model.agreement_rate.map(|agreement| 1.0 - agreement),
            recommendation_interval: model.agreement_interval.map(invert),
            diagnostic_consistency: model.diagnostic_mean,
            diagnostic_interval: model.diagnostic_interval,
        }
    }
}

/// The intervals of one model, drawn anew.
#[derive(Debug, Clone, PartialEq)]
pub struct RecomputedIntervals {
    /// How they were drawn.
    pub plan: Plan,
    /// Of the recommendation change.
    pub recommendation_change: Interval,
    /// Of the diagnostic consistency.
    pub diagnostic_consistency: Interval,
}

/// Recomputes the table.
///
/// # Errors
///
/// [`CheckError::PlanDiffersFromFrozen`] if intervals are to be compared that were drawn otherwise than the frozen ones.
pub fn check(
    snapshot: &Snapshot,
    release: &ReleaseDescription,
    options: &Table2Options,
    mut findings: Findings,
) -> Result<CheckReport, CheckError> {
    let summary = snapshot.frozen_summary.open(&mut findings);
    let frozen_models = summary.and_then(|summary| summary.models.open(&mut findings));
    let plan = match &options.intervals {
        Intervals::Frozen => None,
        Intervals::Recomputed { plan, comparison } => {
            let frozen = summary.and_then(|summary| summary.plan.open(&mut findings));
            Some(resolve(plan, *comparison, frozen)?)
        }
    };
    let mut rows: Vec<Row<'_>> = Vec::new();
    for model in options.models.of(release) {
        let mut row = Row::compute(snapshot, model, &mut findings);
        if let (Some(frozen_models), Some(panel)) = (frozen_models, row.result.panel) {
            if let Some(frozen) = frozen_models.get(&(panel, model.to_owned())) {
                row.frozen = frozen.open(&mut findings);
                row.result.frozen = row.frozen.map(FrozenEndpoints::of);
            } else {
                let message =
                    format!("the frozen summary has no `{model}` in the panel `{}`", panel.name());
                findings.push(
                    Finding::new(Code::FrozenModelMissing, message).in_file(layout::CORE_SUMMARY),
                );
            }
        }
        row.judge_endpoints(&mut findings);
        rows.push(row);
    }
    if let Some(plan) = &plan {
        recompute(&mut rows, plan, &mut findings);
    }
    let compared = matches!(
        options.intervals,
        Intervals::Recomputed { comparison: Comparison::WithFrozen, .. }
    );
    let mut notes = Vec::new();
    if plan.is_some() && !compared {
        notes.push(
            "the recomputed intervals were not compared with the frozen ones, as asked for"
                .to_owned(),
        );
    }
    if release.expected.table2.is_none() {
        notes.push(nothing_published("table2"));
    }
    for row in &rows {
        if compared {
            row.judge_intervals(&mut findings);
        }
        row.judge_published(release, compared, &mut findings, &mut notes);
    }
    let models = rows.into_iter().map(|row| (row.model.to_owned(), row.result)).collect();
    Ok(CheckReport {
        findings: findings.finish(),
        notes,
        result: CheckResult::Table2(Table2Result { models }),
    })
}

/// The plan to draw with; it must be the frozen one if the outcome is to be compared.
fn resolve(
    request: &PlanRequest,
    comparison: Comparison,
    frozen: Option<&Plan>,
) -> Result<Plan, CheckError> {
    let frozen = frozen.cloned().unwrap_or_else(published_plan);
    let requested = request.complete(&frozen);
    if comparison == Comparison::WithFrozen && requested != frozen {
        return Err(CheckError::PlanDiffersFromFrozen {
            requested: Box::new(requested),
            frozen: Box::new(frozen),
        });
    }
    Ok(requested)
}

/// A model while its row is made.
struct Row<'a> {
    model: &'a str,
    pairs: Option<&'a [RetainedPair]>,
    frozen: Option<&'a FrozenModel>,
    result: Table2Model,
}

impl<'a> Row<'a> {
    fn compute(snapshot: &'a Snapshot, model: &'a str, findings: &mut Findings) -> Self {
        let panel =
            snapshot.retained.get(model).and_then(|retained| retained.panel.value()).copied();
        let mut result = Table2Model { panel, ..Table2Model::default() };
        let pairs = snapshot.retained_pairs(model, findings);
        if let Some(pairs) = pairs {
            let outcomes = pairs.iter().map(|pair| &pair.sourced.outcome);
            let refusals = RefusalAccounting::of(outcomes.clone());
            match Endpoints::of(outcomes) {
                Ok(endpoints) => {
                    result.endpoints = Some(ModelEndpoints {
                        usable_pairs: endpoints.n_pairs(),
                        full_refusal_pairs: refusals.pair_full_refusals,
                        partial_refusal_pairs: refusals.pair_partial_refusals,
                        recommendation_change: endpoints.recommendation_change_from_agreement(),
                        diagnostic_consistency: endpoints.diagnostic_consistency(),
                    });
                }
                Err(error) => {
                    findings.push(Finding::new(Code::NoUsablePair, format!("`{model}`: {error}")));
                }
            }
        }
        Self { model, pairs, frozen: None, result }
    }

    fn finding(&self, code: Code, what: &str) -> Finding {
        let message = format!("`{}`: {what} differs from the frozen summary", self.model);
        Finding::new(code, message).in_file(layout::CORE_SUMMARY)
    }

    /// Counts exactly, means within the tolerance.
    fn judge_endpoints(&self, findings: &mut Findings) {
        let (Some(computed), Some(frozen)) = (&self.result.endpoints, self.frozen) else { return };
        let counts = [
            (
                Code::UsablePairsMismatch,
                "the number of usable pairs",
                frozen.usable_pairs,
                computed.usable_pairs,
            ),
            (
                Code::FullRefusalsMismatch,
                "the number of full refusals",
                frozen.full_refusal_pairs,
                computed.full_refusal_pairs,
            ),
            (
                Code::PartialRefusalsMismatch,
                "the number of partial refusals",
                frozen.partial_refusal_pairs,
                computed.partial_refusal_pairs,
            ),
        ];
        for (code, what, frozen, computed) in counts {
            if let Some(frozen) = frozen.filter(|frozen| *frozen != computed as u64) {
                findings.push(self.finding(code, what).comparing(frozen, computed));
            }
        }
        let frozen = FrozenEndpoints::of(frozen);
        let means = [
            (
                Code::RecommendationChangeMismatch,
                "the recommendation change",
                frozen.recommendation_change,
                computed.recommendation_change,
            ),
            (
                Code::DiagnosticConsistencyMismatch,
                "the diagnostic consistency",
                frozen.diagnostic_consistency,
                computed.diagnostic_consistency,
            ),
        ];
        for (code, what, frozen, computed) in means {
            if let Some(frozen) = frozen.filter(|frozen| !agree(*frozen, computed)) {
                findings.push(self.finding(code, what).comparing(frozen, computed));
            }
        }
    }

    /// Recomputed intervals agree with the frozen ones.
    fn judge_intervals(&self, findings: &mut Findings) {
        let (Some(recomputed), Some(frozen)) = (&self.result.recomputed, &self.result.frozen)
        else {
            return;
        };
        let intervals = [
            (
                Code::RecommendationIntervalMismatch,
                "the recommendation interval",
                frozen.recommendation_interval,
                recomputed.recommendation_change,
            ),
            (
                Code::DiagnosticIntervalMismatch,
                "the diagnostic interval",
                frozen.diagnostic_interval,
                recomputed.diagnostic_consistency,
            ),
        ];
        for (code, what, frozen, computed) in intervals {
            if let Some(frozen) = frozen.filter(|frozen| !intervals_agree(*frozen, computed)) {
                findings.push(
                    self.finding(code, what)
                        .comparing(show_interval(frozen), show_interval(computed)),
                );
            }
        }
    }

    /// Everything agrees with the published constants of the model.
    fn judge_published(
        &self,
        release: &ReleaseDescription,
        compared: bool,
        findings: &mut Findings,
        notes: &mut Vec<String>,
    ) {
        let Some(table) = &release.expected.table2 else { return };
        let Some(expected) = table.get(self.model) else {
            notes.push(format!(
                "the release description has no `expected.table2.{}`: not compared",
                self.model
            ));
            return;
        };
        let computed = self.result.endpoints.as_ref();
        let frozen = self.result.frozen.unwrap_or_default();
        let field = |name: &str| format!("{}.{name}", self.model);
        let mut published = Published::new(findings, "table2");
        published.equal(
            &field("pairs"),
            expected.pairs,
            computed.map(|computed| computed.usable_pairs as u64),
        );
        let change = computed.map(|computed| computed.recommendation_change);
        published.mean(&field("recommendation_change"), expected.recommendation_change, change);
        let consistency = computed.map(|computed| computed.diagnostic_consistency);
        published.mean(
            &field("diagnostic_consistency"),
            expected.diagnostic_consistency,
            consistency,
        );
        // Intervals that were drawn otherwise than the published ones are not comparable with them.
        let recomputed = self.result.recomputed.as_ref().filter(|_| compared);
        let change = recomputed.map(|recomputed| recomputed.recommendation_change);
        let consistency = recomputed.map(|recomputed| recomputed.diagnostic_consistency);
        let intervals = [
            (
                "recommendation_change_ci95_3dp",
                expected.recommendation_change_ci95_3dp,
                frozen.recommendation_interval,
            ),
            ("recommendation_change_ci95_3dp", expected.recommendation_change_ci95_3dp, change),
            (
                "diagnostic_consistency_ci95_3dp",
                expected.diagnostic_consistency_ci95_3dp,
                frozen.diagnostic_interval,
            ),
            (
                "diagnostic_consistency_ci95_3dp",
                expected.diagnostic_consistency_ci95_3dp,
                consistency,
            ),
        ];
        for (name, expected, found) in intervals {
            if let (Some([lower, upper]), Some(found)) = (expected, found) {
                published.rounded(&field(name), 3, lower, Some(found.lower));
                published.rounded(&field(name), 3, upper, Some(found.upper));
            }
        }
    }
}

/// Draws the intervals of all rows in one call, so that models with as many clusters share one pass over the stream.
fn recompute(rows: &mut [Row<'_>], plan: &Plan, findings: &mut Findings) {
    let mut drawn_rows = Vec::new();
    let mut samples: Vec<(Clusters, [Vec<f64>; 2])> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(pairs) = row.pairs.filter(|_| row.result.endpoints.is_some()) else { continue };
        let usable = || pairs.iter().filter(|pair| pair.sourced.outcome.is_usable());
        let values =
            |of: fn(&PairOutcome) -> f64| usable().map(|pair| of(&pair.sourced.outcome)).collect();
        let clusters = Clusters::new(usable().map(|pair| pair.sourced.source_id.as_str()));
        samples.push((
            clusters,
            [
                values(PairOutcome::recommendation_change),
                values(PairOutcome::diagnostic_consistency),
            ],
        ));
        drawn_rows.push(index);
    }
    let tasks: Vec<Task<'_>> = samples
        .iter()
        .flat_map(|(clusters, values)| values.iter().map(move |values| Task { values, clusters }))
        .collect();
    match clustered_intervals(&tasks, plan) {
        Ok(intervals) => {
            for (index, pair) in drawn_rows.into_iter().zip(intervals.chunks_exact(2)) {
                rows[index].result.recomputed = Some(RecomputedIntervals {
                    plan: plan.clone(),
                    recommendation_change: pair[0],
                    diagnostic_consistency: pair[1],
                });
            }
        }
        Err(error) => {
            findings.push(Finding::new(
                Code::ResamplingFailed,
                format!("the intervals cannot be drawn: {error}"),
            ));
        }
    }
}
