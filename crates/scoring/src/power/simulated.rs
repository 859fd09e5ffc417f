//! Simulated studies (rule S-12).

use std::num::NonZeroU32;

use rayon::prelude::*;
use serde::Serialize;
use spinefairbench_bootstrap::{
    BootstrapError, Iterations, PercentileRule, Plan, StudentT, map_rows, percentile,
};

use super::facts::float;
use super::{Sample, Settings};

/// More sources are not simulated.
pub(super) const MOST_SOURCES: u32 = 50_000;

/// What studies of one sample showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// The sample's place in both lists: its endpoint and its models.
    pub endpoint: crate::pair_score::PrimaryEndpoint,
    /// The model, or both.
    pub models: Vec<String>,
    /// By number of sources.
    pub curve: Vec<CurvePoint>,
    /// By difference and power; empty for one model.
    pub needed: Vec<NeededSources>,
}

/// Studies with one number of sources.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Half the distance of the 2.5 and 97.5 percentiles (at the level 0.05) of the studies' means.
    pub half_width: f64,
    /// By power; empty for one model.
    pub smallest_differences: Vec<SmallestDifference>,
    /// The number of sources.
    pub sources: u32,
}

/// The least true difference that is shown with a power.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SmallestDifference {
    /// The difference, in the unit of the endpoint.
    pub difference: f64,
    /// The power.
    pub power: f64,
}

/// How many sources show a difference with a power.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NeededSources {
    /// The true difference.
    pub difference: f64,
    /// The power asked for.
    pub power: f64,
    /// The share of simulated studies that showed it with this number of sources; absent with the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simulated_power: Option<f64>,
    /// The number of sources; absent where more than 50,000 are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<u32>,
}

impl Simulated {
    /// The curve and the numbers of sources of `sample` (rule S-12).
    pub(super) fn of(sample: &Sample, settings: &Settings) -> Result<Self, BootstrapError> {
        let centred = sample.centred();
        let curve: Vec<Result<CurvePoint, BootstrapError>> = settings
            .sources
            .par_iter()
            .map(|sources| {
                let studies = Studies::new(&centred, *sources, settings)?;
                let smallest = |power: &f64| SmallestDifference {
                    difference: studies.smallest_difference(*power),
                    power: *power,
                };
                let is_difference = sample.models.len() == 2;
                let powers = settings.powers.iter().filter(|_| is_difference);
                Ok(CurvePoint {
                    half_width: studies.half_width(settings.level)?,
                    smallest_differences: powers.map(smallest).collect(),
                    sources: *sources,
                })
            })
            .collect();
        let mut asked = Vec::new();
        if sample.models.len() == 2 {
            for difference in &settings.differences {
                asked.extend(settings.powers.iter().map(|power| (*difference, *power)));
            }
        }
        let needed: Vec<Result<NeededSources, BootstrapError>> = asked
            .into_par_iter()
            .map(|(difference, power)| needed(sample, &centred, difference, power, settings))
            .collect();
        Ok(Self {
            endpoint: sample.endpoint,
            models: sample.models.clone(),
            curve: curve.into_iter().collect::<Result<_, _>>()?,
            needed: needed.into_iter().collect::<Result<_, _>>()?,
        })
    }
}

/// The studies with one number of sources.
struct Studies {
    means: Vec<f64>,
    /// The least shift up that each study would have shown, sorted; and the least one down.
    least: [Vec<f64>; 2],
}

impl Studies {
    fn new(
        centred: &[[f64; 2]],
        sources: u32,
        settings: &Settings,
    ) -> Result<Self, BootstrapError> {
        let number = NonZeroU32::new(sources.max(2)).unwrap_or(NonZeroU32::MIN);
        let freedom = NonZeroU32::new(number.get() - 1).unwrap_or(NonZeroU32::MIN);
        let quantile = StudentT::new(freedom).quantile(1.0 - settings.level / 2.0);
        let plan = Plan::published()
            .with_iterations(settings.simulations)
            .with_seed(settings.seed.numbered(number));
        // What a study needs of a source: its sum, its number of pairs, and their products.
        let table: Vec<[f64; 5]> = centred
            .iter()
            .map(|[sum, count]| [*sum, *count, sum * sum, sum * count, count * count])
            .collect();
        let study = |_: u32, row: &[u32]| {
            let (mut sum, mut count, mut products) = (0.0, 0.0, [0.0; 3]);
            for source in row {
                // Written out, since this is nearly all of the work.
                let [of_sum, of_count, squared, product, count_squared] = table[*source as usize];
                sum += of_sum;
                count += of_count;
                products[0] += squared;
                products[1] += product;
                products[2] += count_squared;
            }
            let mean = sum / count;
            let [squared, product, count_squared] = products;
            let residuals = squared - 2.0 * mean * product + mean * mean * count_squared;
            let n = f64::from(number.get());
            let error = (residuals.max(0.0) * n / (n - 1.0)).sqrt() / count;
            [mean, quantile * error]
        };
        let studies = map_rows(centred.len() as u64, number.get() as usize, &plan, study)?;
        let least = |sign: f64| {
            let mut least: Vec<f64> = studies.iter().map(|[mean, far]| far - sign * mean).collect();
            least.sort_unstable_by(f64::total_cmp);
            least
        };
        let least = [least(1.0), least(-1.0)];
        Ok(Self { means: studies.iter().map(|[mean, _]| *mean).collect(), least })
    }

    fn half_width(&self, level: f64) -> Result<f64, BootstrapError> {
        let end = |quantile| percentile(&self.means, quantile, PercentileRule::Numpy);
        Ok((end(1.0 - level / 2.0)? - end(level / 2.0)?) / 2.0)
    }

    /// The least shift that a share `power` of the studies shows, in the direction that needs more.
    fn smallest_difference(&self, power: f64) -> f64 {
        let of = |least: &Vec<f64>| {
            let n = float(least.len() as u64);
            let is_enough = |place: &usize| float(*place as u64 + 1) >= power * n;
            let wanted = (0..least.len()).find(is_enough).unwrap_or(least.len() - 1);
            least[wanted].max(0.0)
        };
        of(&self.least[0]).max(of(&self.least[1]))
    }

    /// The share of studies that show a shift, in the direction in which fewer do.
    fn power_at(&self, difference: f64) -> f64 {
        let share = |least: &Vec<f64>| {
            let shown = least.partition_point(|shift| *shift <= difference);
            float(shown as u64) / float(least.len() as u64)
        };
        share(&self.least[0]).min(share(&self.least[1]))
    }
}

/// The number of sources by the closed form, corrected by what studies of that size show, and their power at the corrected number. Four
/// times as many studies are simulated as for a point of the curve, since errors of both steps add up.
fn needed(
    sample: &Sample,
    centred: &[[f64; 2]],
    difference: f64,
    power: f64,
    settings: &Settings,
) -> Result<NeededSources, BootstrapError> {
    let simulations = u64::from(settings.simulations.get()) * 4;
    let simulations = Iterations::new(simulations).unwrap_or(settings.simulations);
    let settings = &Settings { simulations, ..settings.clone() };
    let none = NeededSources { difference, power, simulated_power: None, sources: None };
    // With so many degrees of freedom, a normal quantile to four digits: a start that simulation corrects.
    let many = NonZeroU32::new(10_000).unwrap_or(NonZeroU32::MIN);
    let normal = StudentT::new(many);
    let quantiles = normal.quantile(1.0 - settings.level / 2.0) + normal.quantile(power);
    let spread = sample.facts.deviation_of_a_source();
    let Some(start) = whole((quantiles * spread / difference).powi(2)) else { return Ok(none) };
    let smallest = Studies::new(centred, start, settings)?.smallest_difference(power);
    let corrected = whole(f64::from(start) * (smallest / difference).powi(2));
    let Some(sources) = corrected else { return Ok(none) };
    let simulated_power = Studies::new(centred, sources, settings)?.power_at(difference);
    Ok(NeededSources { simulated_power: Some(simulated_power), sources: Some(sources), ..none })
}

/// The number of sources not below `number`, at least 3; none above what is simulated.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 3 and 50,000"
)]
fn whole(number: f64) -> Option<u32> {
    let number = number.ceil().max(3.0);
    (number <= f64::from(MOST_SOURCES)).then_some(number as u32)
}

/// How many studies are simulated unless said otherwise.
pub(super) const SIMULATIONS: u64 = 2_000;

impl Settings {
    /// 80 and 90 % power at the level 0.05, 2,000 studies from the seed 42, a curve of its own choice, differences of 5 and 10 points.
    ///
    /// # Errors
    ///
    /// Never: 2,000 is a number of resamples.
    pub fn usual() -> Result<Self, BootstrapError> {
        Ok(Self {
            level: 0.05,
            powers: vec![0.8, 0.9],
            simulations: Iterations::new(SIMULATIONS)?,
            seed: 42.into(),
            sources: Vec::new(),
            differences: vec![0.05, 0.1],
            models: None,
        })
    }
}
