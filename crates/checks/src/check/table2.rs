//! `table2`: the published endpoints and their intervals, recomputed from the retained reports.
//!
//! Means by [`Endpoints`], intervals, on demand, by [`clustered_intervals`] over all models at once, both endpoints of a model from
//! the same resamples.

use serde::Serialize;
use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_artifacts::part::Part;
use spinefairbench_artifacts::records::core_summary::{self, FrozenEndpoints, FrozenResampling};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_bootstrap::{
    Clusters, Interval, Iterations, Plan, Seed, Task, clustered_intervals,
};
use spinefairbench_metrics::{Endpoints, PairOutcome, RefusalAccounting};

use crate::bundle::{Bundle, Needs, RetainedPair};
use crate::by_name::ByName;
use crate::check::{
    Argument, Call, Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing, Notes,
};
use crate::finding::{Code, Finding, Findings, codes};
use crate::models::ModelSelection;
use crate::plan_request::{self, PlanRequest};
use crate::published::{
    Published, agree, intervals_agree, note_no_models, nothing_published, published_plan,
    show_interval,
};
use crate::table::{Cell, Column, Detail, Plot, Table};

codes! {
    /// The frozen summary has no entry for the model.
    FROZEN_MODEL_MISSING = "frozen_model_missing";
    /// The number of usable pairs differs from the frozen one.
    USABLE_PAIRS_MISMATCH = "usable_pairs_mismatch";
    /// The number of full refusals differs from the frozen one.
    FULL_REFUSALS_MISMATCH = "full_refusals_mismatch";
    /// The number of partial refusals differs from the frozen one.
    PARTIAL_REFUSALS_MISMATCH = "partial_refusals_mismatch";
    /// The recommendation change differs from the frozen one.
    RECOMMENDATION_CHANGE_MISMATCH = "recommendation_change_mismatch";
    /// The diagnostic consistency differs from the frozen one.
    DIAGNOSTIC_CONSISTENCY_MISMATCH = "diagnostic_consistency_mismatch";
    /// The recomputed recommendation interval differs from the frozen one.
    RECOMMENDATION_INTERVAL_MISMATCH = "recommendation_interval_mismatch";
    /// The recomputed diagnostic interval differs from the frozen one.
    DIAGNOSTIC_INTERVAL_MISMATCH = "diagnostic_interval_mismatch";
    /// A value that resampling cannot use.
    RESAMPLING_FAILED = "resampling_failed";
}

/// How the suite and the command line know the check.
pub const LISTING: Listing = Listing {
    name: CheckName::new("table2"),
    alias: Some("table3"),
    about: "The endpoints of the retained models against the frozen summary",
    examples: &[
        "table2 --artifacts demo --release demo.release.json --model gpt-5.4 \\\n      --recompute-ci",
        "table2 --artifacts demo --release demo.release.json --recompute-ci --seed 7 \\\n      --no-compare",
    ],
    arguments: &[
        ModelSelection::ARGUMENT,
        Argument::switch(
            "recompute-ci",
            "Recompute the intervals from the per-pair values and compare them with the frozen ones",
        ),
        plan_request::ARGUMENTS[0],
        plan_request::ARGUMENTS[1],
        plan_request::ARGUMENTS[2],
        Argument {
            requires: Some("recompute-ci"),
            ..Argument::switch(
                "no-compare",
                "Show recomputed intervals without comparing them, so that other settings than the frozen ones may be used",
            )
        },
    ],
    from_call: Some(|call| Ok(Box::new(Table2::asked_for(call)?))),
    in_suite: InSuite::Always(|| {
        let (plan, comparison) = (PlanRequest::default(), CompareWithFrozen::default());
        let intervals = Intervals::Recomputed { plan, comparison };
        Box::new(Table2 { models: ModelSelection::All, intervals })
    }),
    codes: &[CODES],
};

/// The check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table2 {
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
        comparison: CompareWithFrozen,
    },
}

/// Whether recomputed intervals are compared with the frozen ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CompareWithFrozen {
    /// They must agree; the plan must then be the frozen one.
    #[default]
    Yes,
    /// They are only shown.
    No,
}

impl Table2 {
    fn asked_for(call: &Call) -> Result<Self, CheckError> {
        let plan = PlanRequest::from_texts(
            call.value("bootstrap-iterations"),
            call.value("seed"),
            call.value("rng"),
        )?;
        let comparison =
            if call.has("no-compare") { CompareWithFrozen::No } else { CompareWithFrozen::Yes };
        let intervals = if call.has("recompute-ci") {
            Intervals::Recomputed { plan, comparison }
        } else {
            Intervals::Frozen
        };
        Ok(Self { models: call.models(), intervals })
    }
}

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Table2Result {
    /// In the table's order.
    pub models: ByName<Table2Model>,
}

/// One row of the table; what could not be computed is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Table2Model {
    /// The panel that lists the model.
    pub panel: Option<&'static str>,
    /// Pairs without a full refusal.
    pub usable_pairs: Option<usize>,
    /// Pairs with one.
    pub full_refusal_pairs: Option<usize>,
    /// Usable pairs with a partial refusal.
    pub partial_refusal_pairs: Option<usize>,
    /// 1 − (equal pairs)/(pairs).
    pub recommendation_change: Option<f64>,
    /// Mean Jaccard of the label sets.
    pub diagnostic_consistency: Option<f64>,
    /// What the frozen summary says.
    pub frozen: Option<FrozenRow>,
    /// The intervals, when they were drawn.
    pub recomputed: Option<RecomputedIntervals>,
}

/// The frozen values in the table's terms: change instead of agreement. Intervals are lower and upper end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct FrozenRow {
    /// Pairs without a full refusal.
    pub usable_pairs: Option<u64>,
    /// 1 − the frozen agreement.
    pub recommendation_change: Option<f64>,
    /// 1 − the ends of the frozen interval, exchanged.
    pub recommendation_change_ci95: Option<[f64; 2]>,
    /// As frozen.
    pub diagnostic_consistency: Option<f64>,
    /// As frozen.
    pub diagnostic_consistency_ci95: Option<[f64; 2]>,
}

impl FrozenRow {
    fn of(model: &FrozenEndpoints) -> Self {
        let invert = |[lower, upper]: [f64; 2]| [1.0 - upper, 1.0 - lower];
        Self {
            usable_pairs: model.usable_pairs,
            recommendation_change: model.agreement_rate.map(|agreement| 1.0 - agreement),
            recommendation_change_ci95: model.agreement_interval.map(invert),
            diagnostic_consistency: model.diagnostic_mean,
            diagnostic_consistency_ci95: model.diagnostic_interval,
        }
    }
}

/// The intervals of one model, drawn anew, each lower and upper end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecomputedIntervals {
    /// The generator.
    pub rng: &'static str,
    /// Number of resamples.
    pub iterations: u32,
    /// The seed.
    pub seed: ShownSeed,
    /// Of the recommendation change.
    pub recommendation_change_ci95: [f64; 2],
    /// Of the diagnostic consistency.
    pub diagnostic_consistency_ci95: [f64; 2],
}

/// A seed has any size; one beyond 64 bits has no exact JSON number that readers agree on, so it is text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ShownSeed {
    /// At most 64 bits.
    Number(u64),
    /// More.
    Text(String),
}

impl From<&Seed> for ShownSeed {
    fn from(seed: &Seed) -> Self {
        let text = seed.to_string();
        text.parse().map_or(Self::Text(text), Self::Number)
    }
}

impl Check for Table2 {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn models(&self) -> Option<&ModelSelection> {
        Some(&self.models)
    }

    fn needs(&self, release: &ReleaseDescription) -> Needs {
        let mut needs = Needs::default();
        needs.document(&core_summary::document()).retained(self.models.of(release));
        needs
    }

    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        let Judgement { findings, notes } = judgement;
        let summary = bundle.open(&core_summary::document(), findings);
        let frozen_models = summary.and_then(|summary| summary.models.open(findings));
        let plan = match &self.intervals {
            Intervals::Frozen => None,
            Intervals::Recomputed { plan, comparison } => {
                let published = published_plan(release);
                let frozen = summary.and_then(|summary| {
                    frozen_plan(&summary.resampling, &published).open(findings).cloned()
                });
                Some(resolve(plan, *comparison, frozen.unwrap_or(published))?)
            }
        };
        let mut rows: Vec<Row<'_>> = Vec::new();
        for model in self.models.of(release) {
            let mut row = Row::compute(bundle, model, findings);
            if let (Some(frozen_models), Some(panel)) = (frozen_models, row.panel) {
                // The summary may have the model in another panel than the manifests, the full one first.
                let in_panel = |panel: Panel| frozen_models.get(&(panel, model.to_owned()));
                if let Some(frozen) = Panel::RETAINED.into_iter().find_map(in_panel) {
                    row.frozen = frozen.open(findings);
                    row.result.frozen = row.frozen.map(FrozenRow::of);
                } else {
                    let panel = panel.name();
                    let message =
                        format!("the frozen summary has no `{model}` in the panel `{panel}`");
                    let finding = Finding::new(FROZEN_MODEL_MISSING, message);
                    findings.push(finding.in_file(layout::CORE_SUMMARY));
                }
            }
            row.judge_endpoints(findings);
            rows.push(row);
        }
        if let Some(plan) = &plan {
            recompute(&mut rows, plan, findings);
        }
        let compared = matches!(
            self.intervals,
            Intervals::Recomputed { comparison: CompareWithFrozen::Yes, .. }
        );
        if plan.is_some() && !compared {
            let note =
                "the recomputed intervals were not compared with the frozen ones, as asked for";
            notes.not_compared(note);
        }
        if release.expected.table2.is_none() {
            notes.not_compared(nothing_published("table2"));
        }
        note_no_models(release, &self.models, notes);
        for row in &rows {
            if compared {
                row.judge_intervals(findings);
            }
            row.judge_published(release, compared, findings, notes);
        }
        let models = rows.into_iter().map(|row| (row.model.to_owned(), row.result)).collect();
        Ok(Box::new(Table2Result { models: ByName(models) }))
    }
}

/// How the frozen intervals were drawn: as published, with the number of resamples that the summary states. What it has on the seed
/// and the generator is a record; one that differs is advice, since intervals that agree show how they were drawn.
fn frozen_plan(frozen: &Part<FrozenResampling>, published: &Plan) -> Part<Plan> {
    let Some(resampling) = frozen.value() else {
        return Part::failed(frozen.problems().to_vec());
    };
    Part::gather(|problems| {
        problems.extend_from_slice(frozen.problems());
        let at = |field: &str, what: String| {
            let message = format!("`$.source_clustered_bootstrap.{field}`: {what}");
            Finding::new(Code::FIELD_INVALID, message).in_file(layout::CORE_SUMMARY)
        };
        let records = [
            ("seed", &resampling.seed, published.seed.to_string()),
            ("rng", &resampling.rng, published.generator.to_string()),
        ];
        for (field, recorded, published) in records {
            if let Some(recorded) = recorded.as_ref().filter(|recorded| **recorded != published) {
                let what = "the record differs from what the intervals are drawn with".to_owned();
                problems.push(at(field, what).comparing(published, recorded).as_advice());
            }
        }
        let iterations = Iterations::new(resampling.iterations)
            .map_err(|error| problems.push(at("iterations", error.to_string())))
            .ok()?;
        Some(published.clone().with_iterations(iterations))
    })
}

/// The plan to draw with; it must be the frozen one if the outcome is to be compared.
fn resolve(
    request: &PlanRequest,
    comparison: CompareWithFrozen,
    frozen: Plan,
) -> Result<Plan, CheckError> {
    let requested = request.complete(&frozen);
    if comparison == CompareWithFrozen::Yes && requested != frozen {
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
    panel: Option<Panel>,
    /// The pairs, if they have endpoints.
    pairs: Option<&'a [RetainedPair]>,
    frozen: Option<&'a FrozenEndpoints>,
    result: Table2Model,
}

impl<'a> Row<'a> {
    fn compute(bundle: &'a Bundle, model: &'a str, findings: &mut Findings) -> Self {
        let panel = bundle.retained(model).and_then(|retained| retained.panel.value()).copied();
        let result = Table2Model { panel: panel.map(Panel::name), ..Table2Model::default() };
        let mut row = Self { model, panel, pairs: None, frozen: None, result };
        let Some(pairs) = bundle.retained_pairs(model, findings) else { return row };
        let outcomes = pairs.iter().map(|pair| &pair.sourced.outcome);
        let refusals = RefusalAccounting::of(outcomes.clone());
        match Endpoints::of(outcomes) {
            Ok(endpoints) => {
                row.pairs = Some(pairs);
                let result = &mut row.result;
                result.usable_pairs = Some(endpoints.n_pairs());
                result.full_refusal_pairs = Some(refusals.pair_full_refusals);
                result.partial_refusal_pairs = Some(refusals.pair_partial_refusals);
                result.recommendation_change =
                    Some(endpoints.recommendation_change_from_agreement());
                result.diagnostic_consistency = Some(endpoints.diagnostic_consistency());
            }
            Err(error) => {
                let message = format!("`{model}`: {error}");
                findings.push(Finding::new(Code::NO_USABLE_PAIR, message));
            }
        }
        row
    }

    fn finding(&self, code: Code, what: &str) -> Finding {
        let message = format!("`{}`: {what} differs from the frozen summary", self.model);
        Finding::new(code, message).in_file(layout::CORE_SUMMARY)
    }

    /// Counts exactly, means within the tolerance.
    fn judge_endpoints(&self, findings: &mut Findings) {
        let Some(frozen) = self.frozen else { return };
        let computed = &self.result;
        let counts = [
            (
                USABLE_PAIRS_MISMATCH,
                "the number of usable pairs",
                frozen.usable_pairs,
                computed.usable_pairs,
            ),
            (
                FULL_REFUSALS_MISMATCH,
                "the number of full refusals",
                frozen.full_refusal_pairs,
                computed.full_refusal_pairs,
            ),
            (
                PARTIAL_REFUSALS_MISMATCH,
                "the number of partial refusals",
                frozen.partial_refusal_pairs,
                computed.partial_refusal_pairs,
            ),
        ];
        for (code, what, frozen, computed) in counts {
            let differing = frozen.zip(computed).filter(|(left, right)| *left != *right as u64);
            findings
                .extend(differing.map(|(frozen, computed)| {
                    self.finding(code, what).comparing(frozen, computed)
                }));
        }
        let frozen = FrozenRow::of(frozen);
        let means = [
            (
                RECOMMENDATION_CHANGE_MISMATCH,
                "the recommendation change",
                frozen.recommendation_change,
                computed.recommendation_change,
            ),
            (
                DIAGNOSTIC_CONSISTENCY_MISMATCH,
                "the diagnostic consistency",
                frozen.diagnostic_consistency,
                computed.diagnostic_consistency,
            ),
        ];
        for (code, what, frozen, computed) in means {
            let differing = frozen.zip(computed).filter(|(left, right)| !agree(*left, *right));
            findings
                .extend(differing.map(|(frozen, computed)| {
                    self.finding(code, what).comparing(frozen, computed)
                }));
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
                RECOMMENDATION_INTERVAL_MISMATCH,
                "the recommendation interval",
                frozen.recommendation_change_ci95,
                recomputed.recommendation_change_ci95,
            ),
            (
                DIAGNOSTIC_INTERVAL_MISMATCH,
                "the diagnostic interval",
                frozen.diagnostic_consistency_ci95,
                recomputed.diagnostic_consistency_ci95,
            ),
        ];
        for (code, what, frozen, computed) in intervals {
            if let Some(frozen) = frozen.filter(|frozen| !intervals_agree(*frozen, computed)) {
                let finding = self.finding(code, what);
                findings.push(finding.comparing(show_interval(frozen), show_interval(computed)));
            }
        }
    }

    /// Everything agrees with the published constants of the model.
    fn judge_published(
        &self,
        release: &ReleaseDescription,
        compared: bool,
        findings: &mut Findings,
        notes: &mut Notes,
    ) {
        let Some(table) = &release.expected.table2 else { return };
        let Some(expected) = table.get(self.model) else {
            notes.not_compared(format!(
                "the release description has no `expected.table2.{}`: not compared",
                self.model
            ));
            return;
        };
        let computed = &self.result;
        let field = |name: &str| format!("{}.{name}", self.model);
        let mut published = Published::new(findings, "table2");
        published.equal(&field("pairs"), expected.pairs, computed.usable_pairs);
        for (name, expected, computed) in [
            (
                "recommendation_change",
                expected.recommendation_change,
                computed.recommendation_change,
            ),
            (
                "diagnostic_consistency",
                expected.diagnostic_consistency,
                computed.diagnostic_consistency,
            ),
        ] {
            published.mean(&field(name), expected, computed);
        }
        let frozen = computed.frozen.unwrap_or_default();
        // Intervals that were drawn otherwise than the published ones are not comparable with them.
        let recomputed = computed.recomputed.as_ref().filter(|_| compared);
        let change = expected.recommendation_change_ci95_3dp;
        let consistency = expected.diagnostic_consistency_ci95_3dp;
        let intervals = [
            ("recommendation_change_ci95_3dp", change, frozen.recommendation_change_ci95),
            (
                "recommendation_change_ci95_3dp",
                change,
                recomputed.map(|recomputed| recomputed.recommendation_change_ci95),
            ),
            ("diagnostic_consistency_ci95_3dp", consistency, frozen.diagnostic_consistency_ci95),
            (
                "diagnostic_consistency_ci95_3dp",
                consistency,
                recomputed.map(|recomputed| recomputed.diagnostic_consistency_ci95),
            ),
        ];
        for (name, expected, found) in intervals {
            for (expected, found) in expected
                .zip(found)
                .into_iter()
                .flat_map(|(expected, found)| expected.into_iter().zip(found))
            {
                published.rounded(&field(name), 3, expected, Some(found));
            }
        }
    }
}

/// Draws the intervals of all rows in one call, so that models with as many clusters share one pass over the stream.
fn recompute(rows: &mut [Row<'_>], plan: &Plan, findings: &mut Findings) {
    let mut drawn_rows = Vec::new();
    let mut samples: Vec<(Clusters, [Vec<f64>; 2])> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(pairs) = row.pairs else { continue };
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
            let ends = |interval: Interval| [interval.lower, interval.upper];
            for (index, pair) in drawn_rows.into_iter().zip(intervals.chunks_exact(2)) {
                rows[index].result.recomputed = Some(RecomputedIntervals {
                    rng: plan.generator.name(),
                    iterations: plan.iterations.get(),
                    seed: ShownSeed::from(&plan.seed),
                    recommendation_change_ci95: ends(pair[0]),
                    diagnostic_consistency_ci95: ends(pair[1]),
                });
            }
        }
        Err(error) => {
            let message = format!("the intervals cannot be drawn: {error}");
            findings.push(Finding::new(RESAMPLING_FAILED, message));
        }
    }
}

impl Table2Model {
    /// Both endpoints, with the recomputed or else the frozen interval.
    fn estimates(&self) -> [Cell; 2] {
        let (recomputed, frozen) = (self.recomputed.as_ref(), self.frozen.as_ref());
        let change = recomputed
            .map(|recomputed| recomputed.recommendation_change_ci95)
            .or(frozen.and_then(|frozen| frozen.recommendation_change_ci95));
        let consistency = recomputed
            .map(|recomputed| recomputed.diagnostic_consistency_ci95)
            .or(frozen.and_then(|frozen| frozen.diagnostic_consistency_ci95));
        [
            Cell::Estimate { value: self.recommendation_change, interval: change },
            Cell::Estimate { value: self.diagnostic_consistency, interval: consistency },
        ]
    }
}

impl CheckResult for Table2Result {
    fn summary(&self) -> String {
        let [(model, row)] = self.models.0.as_slice() else {
            return format!("{} models", self.models.len());
        };
        let pairs = Cell::count(row.usable_pairs);
        let [change, consistency] = row.estimates();
        format!(
            "{model}: {pairs} usable pairs, recommendation change {change}, diagnostic consistency {consistency}"
        )
    }

    fn details(&self) -> Vec<Detail> {
        if self.models.len() < 2 {
            return Vec::new();
        }
        let plot = |name, heading, plot| Column { plot: Some(plot), ..Column::new(name, heading) };
        let row = |(model, row): (&str, &Table2Model)| {
            let [change, consistency] = row.estimates();
            vec![
                Cell::text(model),
                Cell::count(row.usable_pairs),
                Cell::count(row.full_refusal_pairs),
                Cell::count(row.partial_refusal_pairs),
                change,
                consistency,
            ]
        };
        let is_recomputed = self.models.iter().all(|(_, row)| row.recomputed.is_some());
        vec![Detail::Table(Table {
            title: "The same numbers as a table",
            columns: vec![
                Column::new("model", "Model"),
                Column::new("pairs", "Pairs"),
                Column::new("refused", "Full refusals"),
                Column::new("partial", "Partial refusals"),
                plot(
                    "recommendation change",
                    "Recommendation change",
                    Plot {
                        id: "table2-change",
                        title: "Recommendation change",
                        direction: "lower is better",
                    },
                ),
                plot(
                    "diagnostic consistency",
                    "Diagnostic consistency",
                    Plot {
                        id: "table2-consistency",
                        title: "Diagnostic label consistency",
                        direction: "higher is better",
                    },
                ),
            ],
            rows: self.models.iter().map(row).collect(),
            caption: format!(
                "Endpoints computed from the retained reports, with {} 95\u{a0}% intervals, in the order of the published table.",
                if is_recomputed { "recomputed" } else { "the frozen" }
            ),
        })]
    }
}
