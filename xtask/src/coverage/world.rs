//! Made-up pairs like the benchmark's: sources of up to four edits, whose pairs are alike, and models that find the same sources hard.

use spinefairbench_bootstrap::{Clusters, Pcg64, Seed};

const EDITS: usize = 4;

/// How often a pair is not usable.
const REFUSED: f64 = 0.05;

/// How often two models see the same difficulty in a source.
const SHARED_DIFFICULTY: f64 = 0.5;

/// An endpoint of the simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Endpoint {
    /// 0 or 1; lower is better.
    Change,
    /// Jaccard indices of small sets, many of them 1; higher is better.
    Consistency,
}

impl Endpoint {
    pub(super) const ALL: [Self; 2] = [Self::Change, Self::Consistency];

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Change => "recommendation change",
            Self::Consistency => "diagnostic consistency",
        }
    }

    /// The values from the worst to the best, each with its probability.
    const fn values(self) -> &'static [(f64, f64)] {
        match self {
            Self::Change => &[(1.0, 0.3), (0.0, 0.7)],
            Self::Consistency => {
                &[(0.0, 0.15), (1.0 / 3.0, 0.1), (0.5, 0.15), (2.0 / 3.0, 0.1), (1.0, 0.5)]
            }
        }
    }

    pub(super) fn mean(self) -> f64 {
        self.values().iter().map(|(value, probability)| value * probability).sum()
    }

    /// The value at `uniform`; a model that is `worse` has the worst value as much more often, and the best less.
    fn value(self, uniform: f64, worse: f64) -> f64 {
        let mut below = worse;
        for (value, probability) in self.values() {
            below += probability;
            if uniform < below {
                return *value;
            }
        }
        self.values().last().map_or(0.0, |(value, _)| *value)
    }
}

/// How the pairs come about.
#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    pub(super) n_sources: usize,
    /// The intraclass correlation of a model's values within a source.
    pub(super) correlation: f64,
}

/// Two models on the same usable pairs.
#[derive(Debug)]
pub(super) struct Models {
    pub(super) first: Vec<f64>,
    pub(super) second: Vec<f64>,
    /// The source of each pair.
    pub(super) sources: Vec<usize>,
    /// The edit of each pair.
    pub(super) edits: Vec<usize>,
}

impl World {
    /// Two models, of which the second is worse by `worse`.
    ///
    /// A pair takes the number drawn for its source with probability √correlation, else one of its own: two pairs of a source share one with
    /// probability `correlation`, which then is their correlation whatever the values are.
    pub(super) fn two_models(self, endpoint: Endpoint, worse: f64, seed: u64) -> Models {
        let mut generator = Pcg64::from_seed(&Seed::from(seed));
        let mut uniform = || uniform(&mut generator);
        let shares = self.correlation.sqrt();
        let mut models = Models {
            first: Vec::new(),
            second: Vec::new(),
            sources: Vec::new(),
            edits: Vec::new(),
        };
        for source in 0..self.n_sources {
            let of_first = uniform();
            let of_second = if uniform() < SHARED_DIFFICULTY { of_first } else { uniform() };
            for edit in 0..EDITS {
                let mut of_pair =
                    |of_source: f64| if uniform() < shares { of_source } else { uniform() };
                let (first, second) = (of_pair(of_first), of_pair(of_second));
                // A source keeps its first pair, so that each has one.
                if uniform() < REFUSED && edit > 0 {
                    continue;
                }
                models.first.push(endpoint.value(first, 0.0));
                models.second.push(endpoint.value(second, worse));
                models.sources.push(source);
                models.edits.push(edit);
            }
        }
        models
    }
}

impl Models {
    pub(super) fn clusters(&self) -> Clusters {
        Clusters::new(self.sources.iter().map(|source| format!("{source:06}")))
    }

    /// First minus second.
    pub(super) fn differences(&self) -> Vec<f64> {
        self.first.iter().zip(&self.second).map(|(first, second)| first - second).collect()
    }
}

/// Uniform in `[0, 1)`.
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
fn uniform(generator: &mut Pcg64) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worse model loses from its best value what it gains at its worst: the means differ by as much.
    #[test]
    fn the_means_are_as_far_apart_as_was_asked_for() {
        let world = World { n_sources: 20_000, correlation: 0.3 };
        for endpoint in Endpoint::ALL {
            let models = world.two_models(endpoint, 0.1, 1);
            #[expect(clippy::cast_precision_loss, reason = "a number of pairs is far below 2⁵³")]
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            assert!((mean(&models.first) - endpoint.mean()).abs() < 0.01, "{endpoint:?}");
            assert!((mean(&models.differences()).abs() - 0.1).abs() < 0.01, "{endpoint:?}");
        }
    }
}
