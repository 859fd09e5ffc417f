//! Before a run: what a paired design could show, from the values of models that were measured before.
//!
//! Input: one or more [`ComparedModel`]s (a bundle's retained models, or the score files of a pilot) and [`Settings`]. Output: how the
//! values vary within and between sources, and by simulation the half-width of an interval, the smallest difference that is shown, and the
//! number of sources that a difference needs. Rule S-12.
//!
//! A simulated study draws sources with all of their pairs, with replacement, from those that were measured; their mean is taken
//! out, so that a true difference is added as a shift. It shows a difference when the mean is further from 0, in its own direction, than
//! the t quantile times its cluster-robust error (B-17). One study so gives the least shift that it would have shown, and the
//! power at a shift is the share of studies whose least shift is no larger.

use rayon::prelude::*;
use spinefairbench_bootstrap::{BootstrapError, Clusters, Iterations, Seed};

use crate::compare::ComparedModel;
use crate::pair_score::{PairScore, PrimaryEndpoint};

mod facts;
mod simulated;
mod wire;

pub use facts::ClusterFacts;
pub use simulated::Simulated;
pub use wire::PowerFile;

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The two-sided level of the test, between 0 and 1.
    pub level: f64,
    /// The powers, each between 0 and 1.
    pub powers: Vec<f64>,
    /// How many studies are simulated at every number of sources.
    pub simulations: Iterations,
    /// Where the streams start; every number of sources has one of its own.
    pub seed: Seed,
    /// The numbers of sources of the curve; of its own choice where none is given.
    pub sources: Vec<u32>,
    /// The differences that sources are counted for.
    pub differences: Vec<f64>,
    /// The two models whose differences are simulated; those with the middle error where none are named.
    pub models: Option<[String; 2]>,
}

/// Why nothing can be planned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PowerError {
    /// No model, or a named one is not there.
    #[error("`{}` is none of the models: {}", spinefairbench_artifacts::text::shown(name), known.join(", "))]
    UnknownModel {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Two models share too little.
    #[error(
        "`{first}` and `{second}` share usable pairs of {sources} sources (at least 2 are needed)"
    )]
    TooFewSources {
        /// The first model, or the only one.
        first: String,
        /// The second model, or the same.
        second: String,
        /// How many sources they share.
        sources: usize,
    },
    /// The studies could not be drawn.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
}

/// The values of one model, or the differences of two, over the pairs that they have usable.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The endpoint.
    pub endpoint: PrimaryEndpoint,
    /// The model, or both.
    pub models: Vec<String>,
    /// How the values vary.
    pub facts: ClusterFacts,
    sums: Vec<f64>,
    counts: Vec<u64>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Power {
    /// What was asked for; the numbers of sources are those of the curve.
    pub settings: Settings,
    /// Both endpoints of every model.
    pub models: Vec<Sample>,
    /// Both endpoints of every two models.
    pub differences: Vec<Sample>,
    /// For both endpoints the sample that was simulated, and what was found.
    pub simulated: Vec<Simulated>,
}

/// Plans with the values of `models` (rule S-12). With one model there is no difference: then half-widths alone are given.
///
/// # Errors
///
/// [`PowerError`] if two models share fewer than two sources, a named model is not there, or the studies cannot be drawn.
pub fn power(models: &[ComparedModel], settings: &Settings) -> Result<Power, PowerError> {
    let known = || models.iter().map(|model| model.name.clone()).collect::<Vec<String>>();
    for name in settings.models.iter().flatten() {
        if !models.iter().any(|model| model.name == *name) {
            return Err(PowerError::UnknownModel { name: name.clone(), known: known() });
        }
    }
    if models.is_empty() {
        return Err(PowerError::UnknownModel { name: String::new(), known: known() });
    }
    let of_models = samples(models.iter().map(|model| (model, None)))?;
    let twos = (0..models.len()).flat_map(|first| {
        (first + 1..models.len()).map(move |second| (&models[first], Some(&models[second])))
    });
    let differences = samples(twos)?;
    let simulated: Vec<&Sample> = PrimaryEndpoint::ALL
        .into_iter()
        .filter_map(|endpoint| {
            let all = if differences.is_empty() { &of_models } else { &differences };
            chosen(all, endpoint, settings.models.as_ref())
        })
        .collect();
    let mut settings = settings.clone();
    if settings.sources.is_empty() {
        let n = simulated.iter().map(|sample| sample.facts.sources).max().unwrap_or(0);
        settings.sources = default_sources(n);
    }
    settings.sources.sort_unstable();
    settings.sources.dedup();
    let simulated: Vec<Result<Simulated, BootstrapError>> =
        simulated.par_iter().map(|sample| Simulated::of(sample, &settings)).collect();
    let simulated = simulated.into_iter().collect::<Result<_, _>>()?;
    Ok(Power { settings, models: of_models, differences, simulated })
}

/// Twenty numbers of sources or fewer, each about the same factor above the one before: from 20 to twice `n`, `n` among them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "numbers of sources are far below 2^32"
)]
fn default_sources(n: usize) -> Vec<u32> {
    const POINTS: i32 = 20;
    let (first, last) = (20.0_f64, (2.0 * n as f64).max(40.0));
    let ratio = (last / first).powf(1.0 / f64::from(POINTS - 1));
    let mut points: Vec<u32> =
        (0..POINTS).map(|place| (first * ratio.powi(place)).round() as u32).collect();
    if let Some(nearest) = points.iter_mut().min_by_key(|point| point.abs_diff(n as u32)) {
        *nearest = (n as u32).max(2);
    }
    points
}

type Two<'a> = (&'a ComparedModel, Option<&'a ComparedModel>);

fn samples<'a>(twos: impl Iterator<Item = Two<'a>>) -> Result<Vec<Sample>, PowerError> {
    let mut samples = Vec::new();
    for (first, second) in twos {
        for endpoint in PrimaryEndpoint::ALL {
            samples.push(Sample::of(first, second, endpoint)?);
        }
    }
    Ok(samples)
}

/// The named sample, or the one whose error is in the middle: the lower of two middle ones.
fn chosen<'a>(
    samples: &'a [Sample],
    endpoint: PrimaryEndpoint,
    named: Option<&[String; 2]>,
) -> Option<&'a Sample> {
    let mut all: Vec<&Sample> =
        samples.iter().filter(|sample| sample.endpoint == endpoint).collect();
    if let Some(named) = named {
        return all
            .into_iter()
            .find(|sample| named.iter().all(|name| sample.models.contains(name)));
    }
    all.sort_by(|left, right| {
        let key = |sample: &Sample| sample.facts.standard_error;
        key(left).total_cmp(&key(right)).then_with(|| left.models.cmp(&right.models))
    });
    all.get(all.len().checked_sub(1)? / 2).copied()
}

impl Sample {
    fn of(
        first: &ComparedModel,
        second: Option<&ComparedModel>,
        endpoint: PrimaryEndpoint,
    ) -> Result<Self, PowerError> {
        let value = |score: &PairScore| score.of(endpoint);
        let mut sources = Vec::new();
        let mut values = Vec::new();
        for (pair_id, (source, of_first)) in first.pairs() {
            let Some(of_first) = of_first else { continue };
            let found = match second {
                None => value(of_first),
                Some(second) => match second.get(pair_id) {
                    Some((_, Some(of_second))) => value(of_first) - value(of_second),
                    _ => continue,
                },
            };
            sources.push(source.as_str());
            values.push(found);
        }
        let clusters = Clusters::new(&sources);
        let too_few = || PowerError::TooFewSources {
            first: first.name.clone(),
            second: second.unwrap_or(first).name.clone(),
            sources: clusters.n_clusters(),
        };
        let facts = ClusterFacts::of(&values, &clusters)?.ok_or_else(too_few)?;
        let counts = clusters.counts().to_vec();
        let sums = clusters.sums(&values)?;
        let models = std::iter::once(first).chain(second).map(|model| model.name.clone());
        Ok(Self { endpoint, models: models.collect(), facts, sums, counts })
    }

    /// Each source's sum without the mean, and its number of pairs.
    fn centred(&self) -> Vec<[f64; 2]> {
        let one = |(sum, count): (&f64, &u64)| {
            let count = facts::float(*count);
            [sum - self.facts.mean * count, count]
        };
        self.sums.iter().zip(&self.counts).map(one).collect()
    }
}
