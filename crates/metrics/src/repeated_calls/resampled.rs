//! The means over sources, and their intervals by a nested bootstrap (rule M-09).
//!
//! Each resample draws sources as rule B-10 draws clusters, then for each source that it drew repeats from a stream of the resample's
//! own, NumPy's `default_rng([seed, resample + 1])`. A source with one repeat takes nothing from that stream, so that without repeats the
//! intervals are those of rule B-10.

use std::num::NonZeroU32;

use spinefairbench_bootstrap::{
    BootstrapError, Interval, NumpyDraws, PercentileRule, Plan, map_rows, pairwise_sum, percentile,
};

use super::normalized;
use super::source::{Source, Values};

/// T, F and T − F by weight (sources, then pairs) and by endpoint.
pub(super) struct Means(pub(super) [[[f64; 3]; 2]; 2]);

impl Means {
    pub(super) fn of(sources: &[Values]) -> Self {
        let by_source = |_: &Values| 1.0;
        let by_pair = |source: &Values| source.n_edited;
        Self([weighted(sources, by_source), weighted(sources, by_pair)])
    }
}

/// T, F and T − F of both endpoints, each source with its weight: a whole number, so that products with 1 and sums of weights are exact.
fn weighted(sources: &[Values], weight: impl Fn(&Values) -> f64 + Copy) -> [[f64; 3]; 2] {
    let weights: f64 = sources.iter().map(weight).sum();
    let mut products = Vec::with_capacity(sources.len());
    let mut mean = |value: fn(&Values, usize) -> f64, endpoint: usize| {
        products.clear();
        products.extend(sources.iter().map(|source| value(source, endpoint) * weight(source)));
        pairwise_sum(&products) / weights
    };
    [0, 1].map(|endpoint| {
        [
            mean(|source, endpoint| source.edited[endpoint], endpoint),
            mean(|source, endpoint| source.floor[endpoint], endpoint),
            mean(|source, endpoint| source.edited[endpoint] - source.floor[endpoint], endpoint),
        ]
    })
}

/// The intervals of one weight, by endpoint.
#[derive(Debug)]
pub(super) struct Drawn {
    /// Of T, F and T − F.
    pub(super) plain: [[Interval; 3]; 2],
    /// Of (T − F)/(1 − F); none where F was 1 in a resample.
    pub(super) normalized: [Option<Interval>; 2],
}

/// The intervals by sources and by pairs.
pub(super) fn intervals(sources: &[Source], plan: &Plan) -> Result<[Drawn; 2], BootstrapError> {
    let as_given: Vec<Values> = sources.iter().map(Source::values).collect();
    let is_repeated = sources.iter().any(|source| source.n_repeats() > 1);
    let of_row = |number: u32, row: &[u32]| {
        let chosen = row.iter().map(|source| *source as usize);
        let Some(number) = NonZeroU32::new(number.wrapping_add(1)).filter(|_| is_repeated) else {
            return Means::of(&chosen.map(|source| as_given[source]).collect::<Vec<Values>>());
        };
        let mut draws = NumpyDraws::new(&plan.seed.numbered(number));
        let mut times = Vec::new();
        let values = chosen.map(|source| match sources[source].n_repeats() {
            0 | 1 => as_given[source],
            _ => sources[source].redrawn(&mut draws, &mut times).unwrap_or(as_given[source]),
        });
        Means::of(&values.collect::<Vec<Values>>())
    };
    let resamples = map_rows(sources.len() as u64, sources.len(), plan, of_row)?;
    let drawn = |weight: usize| {
        let interval = |endpoint: usize, which: usize| {
            let values = resamples.iter().map(|means| means.0[weight][endpoint][which]);
            percentiles(&values.collect::<Vec<f64>>())
        };
        let normalized = |endpoint: usize| {
            let of_resample = |means: &Means| {
                let [_, floor, excess] = means.0[weight][endpoint];
                normalized(excess, floor)
            };
            let values: Option<Vec<f64>> = resamples.iter().map(of_resample).collect();
            values.map(|values| percentiles(&values)).transpose()
        };
        Ok(Drawn {
            plain: [
                [interval(0, 0)?, interval(0, 1)?, interval(0, 2)?],
                [interval(1, 0)?, interval(1, 1)?, interval(1, 2)?],
            ],
            normalized: [normalized(0)?, normalized(1)?],
        })
    };
    Ok([drawn(0)?, drawn(1)?])
}

/// The 2.5 and 97.5 percentiles, as NumPy takes them.
fn percentiles(values: &[f64]) -> Result<Interval, BootstrapError> {
    let end = |quantile| percentile(values, quantile, PercentileRule::Numpy);
    Ok(Interval { lower: end(0.025)?, upper: end(0.975)? })
}
