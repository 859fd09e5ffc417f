//! `cargo xtask coverage`: how often each interval covers, and how often each test rejects, on made-up clustered data.
//!
//! Prints the Markdown tables that stand in `docs/statistics.md`, the same at any number of threads. The truth of every replicate is
//! known, since it was drawn from it.

mod planned;
mod world;

use std::collections::BTreeMap;

use clap::Args;
use rayon::prelude::*;
use spinefairbench_bootstrap::{
    Alternative, BootstrapError, Interval, Iterations, Part, Plan, Task, bootstrap_t_intervals,
    clustered_interval, clustered_mean, mcnemar_exact, sign_flip_against, simultaneous_gaps,
    wilcoxon_with_ties,
};
use world::{Endpoint, Models, World};

use crate::ExitStatus;

/// How much to simulate.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Options {
    /// How many data sets to draw for each line.
    #[arg(long, default_value_t = 2_000)]
    replicates: u64,
    /// How many resamples and sign patterns each takes.
    #[arg(long, default_value_t = 1_000)]
    iterations: u64,
    /// The intraclass correlation of the pairs of one source.
    #[arg(long, default_value_t = 0.15)]
    correlation: f64,
    /// Where the random numbers start.
    #[arg(long, default_value_t = 42)]
    seed: u64,
}

/// Sources of the simulated scopes: 26 are those of the demonstration bundle's core, 1,000 those of the benchmark's.
const SOURCES: [usize; 5] = [26, 50, 100, 300, 1_000];

/// The margin of the one-sided tests, which the true difference lies at.
const MARGIN: f64 = 0.05;

const LEVEL: f64 = 0.05;

/// The 97.5 % quantile of the normal distribution.
const NORMAL_975: f64 = 1.959_963_984_540_054;

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitStatus> {
    let mut counts: BTreeMap<(Statement, usize), [u64; 2]> = BTreeMap::new();
    for n_sources in SOURCES {
        let world = World { n_sources, correlation: options.correlation };
        let plans = planned::Planned::all(world, options.seed)?;
        let replicates: Vec<anyhow::Result<Vec<(Statement, bool)>>> = (0..options.replicates)
            .into_par_iter()
            .map(|replicate| replicate_of(world, &plans, options, replicate))
            .collect();
        for statements in replicates {
            for (statement, holds) in statements? {
                let [of_it, all] = counts.entry((statement, n_sources)).or_default();
                *of_it += u64::from(holds);
                *all += 1;
            }
        }
    }
    println!(
        "{} replicates, {} resamples or sign patterns each, intraclass correlation {}, seed {}.\n",
        options.replicates, options.iterations, options.correlation, options.seed
    );
    print_table("95 % interval covers, %", &counts, Statement::is_interval);
    print_table("Rejects a true null hypothesis at 5 %, %", &counts, |statement| {
        matches!(statement, Statement::Test(..))
    });
    print_table("Shows the difference that `power` named, %", &counts, |statement| {
        matches!(statement, Statement::Planned(..))
    });
    Ok(ExitStatus::Fine)
}

/// What a replicate shows: an interval that covers, or a test that rejects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Statement {
    Interval(Estimate, IntervalKind),
    /// All gaps between subgroups of one model at once.
    AllGaps,
    /// The gap that was picked for being the widest.
    PickedGap,
    /// The widest gap with an interval that does not allow for picking.
    PickedGapUnadjusted,
    /// The true places of five models that are alike.
    Ranks,
    Test(Endpoint, TestKind),
    /// The difference that `power` named for so many per cent is shown.
    Planned(Endpoint, u8, TestKind),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Estimate {
    Mean(Endpoint),
    Difference(Endpoint),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum IntervalKind {
    Percentile,
    T,
    BootstrapT,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TestKind {
    SignFlip,
    T,
    Wilcoxon,
    McNemar,
    MarginSignFlip,
    MarginT,
    MarginBoth,
}

impl Statement {
    fn is_interval(self) -> bool {
        !matches!(self, Self::Test(..) | Self::Planned(..))
    }

    fn words(self) -> String {
        match self {
            Self::Interval(estimate, kind) => {
                let estimate = match estimate {
                    Estimate::Mean(endpoint) => format!("mean of {}", endpoint.words()),
                    Estimate::Difference(endpoint) => format!("difference in {}", endpoint.words()),
                };
                let kind = match kind {
                    IntervalKind::Percentile => "percentile",
                    IntervalKind::T => "t",
                    IntervalKind::BootstrapT => "bootstrap-t",
                };
                format!("{estimate}, {kind}")
            }
            Self::AllGaps => "all gaps between subgroups together".to_owned(),
            Self::PickedGap => "the widest gap, picked".to_owned(),
            Self::PickedGapUnadjusted => {
                "the widest gap, t interval that ignores the picking".to_owned()
            }
            Self::Ranks => "the places of five models that are alike".to_owned(),
            Self::Test(endpoint, kind) => format!("{}, {}", endpoint.words(), kind.words()),
            Self::Planned(endpoint, per_cent, kind) => {
                format!("{}, for {per_cent} %: {}", endpoint.words(), kind.words())
            }
        }
    }
}

impl TestKind {
    const fn words(self) -> &'static str {
        match self {
            Self::SignFlip => "sign-flip",
            Self::T => "clustered t",
            Self::Wilcoxon => "Wilcoxon over pairs",
            Self::McNemar => "McNemar over pairs",
            Self::MarginSignFlip => "no worse by 0.05: sign-flip",
            Self::MarginT => "no worse by 0.05: clustered t",
            Self::MarginBoth => "no worse by 0.05: the larger of both",
        }
    }
}

fn print_table(
    title: &str,
    counts: &BTreeMap<(Statement, usize), [u64; 2]>,
    is_wanted: impl Fn(Statement) -> bool,
) {
    let sources: Vec<String> = SOURCES.iter().map(usize::to_string).collect();
    println!(
        "| {title}; sources: | {} |\n| --- |{}",
        sources.join(" | "),
        " ---: |".repeat(sources.len())
    );
    let mut statements: Vec<Statement> = counts.keys().map(|(statement, _)| *statement).collect();
    statements.dedup();
    statements.sort();
    statements.dedup();
    for statement in statements.into_iter().filter(|statement| is_wanted(*statement)) {
        let cells: Vec<String> = SOURCES
            .iter()
            .map(|sources| match counts.get(&(statement, *sources)) {
                Some([of_it, all]) => format!("{:.1}", 100.0 * float(*of_it) / float(*all)),
                None => "–".to_owned(),
            })
            .collect();
        println!("| {} | {} |", statement.words(), cells.join(" | "));
    }
    println!();
}

fn replicate_of(
    world: World,
    plans: &[planned::Planned],
    options: &Options,
    replicate: u64,
) -> anyhow::Result<Vec<(Statement, bool)>> {
    let seed = options.seed.wrapping_mul(1_000_003).wrapping_add(replicate);
    let plan =
        Plan::published().with_iterations(Iterations::new(options.iterations)?).with_seed(seed);
    let mut shown = Vec::new();
    for endpoint in Endpoint::ALL {
        let alike = world.two_models(endpoint, 0.0, seed);
        intervals(&alike, endpoint, &plan, &mut shown)?;
        tests(&alike, endpoint, &plan, &mut shown)?;
        // The second is worse than the first by as much as the margin: it is not no worse.
        let apart = world.two_models(endpoint, MARGIN, seed ^ 1 << 40);
        margin_tests(&apart, endpoint, &plan, &mut shown)?;
    }
    gaps(world, seed, &plan, &mut shown)?;
    ranks(world, seed, &plan, &mut shown)?;
    for planned in plans {
        planned.study(world, seed, &plan, &mut shown)?;
    }
    Ok(shown)
}

fn intervals(
    models: &Models,
    endpoint: Endpoint,
    plan: &Plan,
    shown: &mut Vec<(Statement, bool)>,
) -> Result<(), BootstrapError> {
    let clusters = models.clusters();
    let differences = models.differences();
    let estimates = [
        (Estimate::Mean(endpoint), &models.first, endpoint.mean()),
        (Estimate::Difference(endpoint), &differences, 0.0),
    ];
    for (estimate, values, truth) in estimates {
        let task = Task { values, clusters: &clusters };
        let intervals = [
            (IntervalKind::Percentile, Some(clustered_interval(values, &clusters, plan)?)),
            (IntervalKind::T, clustered_mean(values, &clusters)?.t_interval(1.0 - LEVEL)),
            (IntervalKind::BootstrapT, bootstrap_t_intervals(&[task], plan)?[0]),
        ];
        let covers =
            |interval: Option<Interval>| interval.is_none_or(|interval| interval.contains(truth));
        shown.extend(
            intervals
                .map(|(kind, interval)| (Statement::Interval(estimate, kind), covers(interval))),
        );
    }
    Ok(())
}

fn tests(
    models: &Models,
    endpoint: Endpoint,
    plan: &Plan,
    shown: &mut Vec<(Statement, bool)>,
) -> Result<(), BootstrapError> {
    let clusters = models.clusters();
    let differences = models.differences();
    let sign_flip = sign_flip_against(&differences, &clusters, 0.0, Alternative::TwoSided, plan)?;
    let t = clustered_mean(&differences, &clusters)?.t_test(0.0, Alternative::TwoSided);
    let wilcoxon = wilcoxon_with_ties(&models.first, &models.second)?;
    let mut p_values = vec![
        (TestKind::SignFlip, sign_flip.p_value),
        (TestKind::T, t.unwrap_or(1.0)),
        (TestKind::Wilcoxon, wilcoxon.p_value),
    ];
    if endpoint == Endpoint::Change {
        let only = |sign: f64| {
            differences.iter().filter(|difference| **difference * sign > 0.5).count() as u64
        };
        p_values.push((TestKind::McNemar, mcnemar_exact(only(1.0), only(-1.0))));
    }
    shown
        .extend(p_values.into_iter().map(|(kind, p)| (Statement::Test(endpoint, kind), p < LEVEL)));
    Ok(())
}

/// That the second is no worse than the first by more than the margin, which is false.
fn margin_tests(
    models: &Models,
    endpoint: Endpoint,
    plan: &Plan,
    shown: &mut Vec<(Statement, bool)>,
) -> Result<(), BootstrapError> {
    let clusters = models.clusters();
    let differences = models.differences();
    // First minus second is minus the margin for change, which is better where lower, and the margin for consistency.
    let (null, alternative) = match endpoint {
        Endpoint::Change => (-MARGIN, Alternative::Greater),
        Endpoint::Consistency => (MARGIN, Alternative::Less),
    };
    let sign_flip = sign_flip_against(&differences, &clusters, null, alternative, plan)?.p_value;
    let t = clustered_mean(&differences, &clusters)?.t_test(null, alternative).unwrap_or(1.0);
    let p_values = [
        (TestKind::MarginSignFlip, sign_flip),
        (TestKind::MarginT, t),
        (TestKind::MarginBoth, sign_flip.max(t)),
    ];
    shown.extend(p_values.map(|(kind, p)| (Statement::Test(endpoint, kind), p < LEVEL)));
    Ok(())
}

/// The part that an edit of a source belongs to.
type PartOf = fn(usize, usize) -> usize;

/// Subgroups of one model that are alike: the four edits, two ages, two sexes, and three datasets that divide the sources.
fn gaps(
    world: World,
    seed: u64,
    plan: &Plan,
    shown: &mut Vec<(Statement, bool)>,
) -> Result<(), BootstrapError> {
    let models = world.two_models(Endpoint::Change, 0.0, seed);
    let divisions: [(usize, PartOf); 4] = [
        (4, |_, edit| edit),
        (2, |_, edit| edit / 2),
        (2, |_, edit| edit % 2),
        (3, |source, _| source % 3),
    ];
    let mut parts: Vec<(Vec<f64>, Vec<usize>)> = Vec::new();
    let mut pairs = Vec::new();
    for (n_parts, part_of) in divisions {
        let from = parts.len();
        parts.resize(from + n_parts, (Vec::new(), Vec::new()));
        for (place, value) in models.first.iter().enumerate() {
            let (source, edit) = (models.sources[place], models.edits[place]);
            let (values, clusters) = &mut parts[from + part_of(source, edit)];
            values.push(*value);
            clusters.push(source);
        }
        let of_division = from..from + n_parts;
        pairs.extend(
            of_division
                .clone()
                .flat_map(|one| (one + 1..of_division.end).map(move |other| (one, other))),
        );
    }
    let parts: Vec<Part<'_>> =
        parts.iter().map(|(values, clusters)| Part { values, clusters }).collect();
    let found = simultaneous_gaps(&parts, world.n_sources, &pairs, plan)?;
    let covers =
        |interval: Option<Interval>| interval.is_none_or(|interval| interval.contains(0.0));
    shown.push((Statement::AllGaps, found.gaps.iter().all(|gap| covers(gap.interval))));
    let widest = found
        .gaps
        .iter()
        .max_by(|one, other| one.difference.abs().total_cmp(&other.difference.abs()));
    if let Some(widest) = widest {
        shown.push((Statement::PickedGap, covers(widest.interval)));
        let ignores = widest.difference.abs() <= NORMAL_975 * widest.standard_error;
        shown.push((Statement::PickedGapUnadjusted, ignores));
    }
    Ok(())
}

/// Five models that are alike, so that every place from 1 to 5 is true of each: each interval of places has to span them all.
fn ranks(
    world: World,
    seed: u64,
    plan: &Plan,
    shown: &mut Vec<(Statement, bool)>,
) -> Result<(), BootstrapError> {
    const MODELS: u64 = 5;
    let models: Vec<Models> = (0..MODELS)
        .map(|model| world.two_models(Endpoint::Consistency, 0.0, seed ^ (model + 2) << 41))
        .collect();
    let parts: Vec<Part<'_>> = models
        .iter()
        .map(|models| Part { values: &models.first, clusters: &models.sources })
        .collect();
    let pairs: Vec<(usize, usize)> = (0..parts.len())
        .flat_map(|one| (one + 1..parts.len()).map(move |other| (one, other)))
        .collect();
    let found = simultaneous_gaps(&parts, world.n_sources, &pairs, plan)?;
    let alike = |interval: Option<Interval>| interval.is_none_or(|interval| interval.contains(0.0));
    shown.push((Statement::Ranks, found.gaps.iter().all(|gap| alike(gap.interval))));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a number of replicates is far below 2⁵³")]
fn float(number: u64) -> f64 {
    number as f64
}
