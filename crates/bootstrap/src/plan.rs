//! How to resample: which generator, how often, from which seed.

use crate::{BootstrapError, Seed};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// Everything an interval depends on besides the data.
///
/// ```
/// # use spinefairbench_bootstrap::{Generator, Iterations, Plan, Seed};
/// let plan = Plan::published().with_iterations(Iterations::new(1000)?).with_seed(7);
/// assert_eq!((plan.generator, plan.seed), (Generator::NumpyPcg64, Seed::from(7)));
/// # Ok::<(), spinefairbench_bootstrap::BootstrapError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Plan {
    /// The stream, with the order of its sums and its percentile.
    pub generator: Generator,
    /// How many resamples.
    pub iterations: Iterations,
    /// Where the stream starts. Every endpoint starts its own stream there.
    pub seed: Seed,
}

impl Plan {
    /// How the published intervals were drawn: NumPy's generator, 10,000 resamples, seed 42.
    #[must_use]
    pub fn published() -> Self {
        Self {
            generator: Generator::NumpyPcg64,
            iterations: Iterations::PUBLISHED,
            seed: Seed::from(42),
        }
    }

    /// The same with another generator.
    #[must_use]
    pub fn with_generator(self, generator: Generator) -> Self {
        Self { generator, ..self }
    }

    /// The same with another number of resamples.
    #[must_use]
    pub fn with_iterations(self, iterations: Iterations) -> Self {
        Self { iterations, ..self }
    }

    /// The same with another seed.
    #[must_use]
    pub fn with_seed(self, seed: impl Into<Seed>) -> Self {
        Self { seed: seed.into(), ..self }
    }
}

/// The two estimators that published score files were made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Generator {
    /// `numpy.random.default_rng`, NumPy's pairwise sums and `numpy.percentile`. The published intervals.
    #[default]
    NumpyPcg64,
    /// `random.Random`, sums from left to right and an interpolated percentile. The first public scorer.
    PythonMt19937,
}

impl Generator {
    /// Both, in the order of their names.
    pub const ALL: [Self; 2] = [Self::NumpyPcg64, Self::PythonMt19937];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NumpyPcg64 => "numpy-pcg64",
            Self::PythonMt19937 => "python-mt19937",
        }
    }

    /// The name of the estimator in a score file.
    #[must_use]
    pub fn score_file_name(self) -> &'static str {
        match self {
            Self::NumpyPcg64 => "source_clustered_percentile_numpy_pcg64",
            Self::PythonMt19937 => "source_clustered_percentile",
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Generator {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Generator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Generator {
    type Err = BootstrapError;

    fn from_str(text: &str) -> Result<Self, BootstrapError> {
        let named = Self::ALL.into_iter().find(|generator| generator.name() == text);
        named.ok_or_else(|| BootstrapError::Generator { text: text.to_owned() })
    }
}

/// A number of resamples, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Iterations(NonZeroU32);

impl Iterations {
    /// What the published intervals were made with.
    pub const PUBLISHED: Self = Self(NonZeroU32::new(10_000).expect("not zero"));

    /// Checks that there is at least one.
    ///
    /// # Errors
    ///
    /// [`BootstrapError::Iterations`] for 0 and for more than `u32::MAX`.
    pub fn new(iterations: u64) -> Result<Self, BootstrapError> {
        let number = u32::try_from(iterations).ok().and_then(NonZeroU32::new);
        number.map(Self).ok_or(BootstrapError::Iterations { iterations })
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The number as a size in memory.
    pub(crate) fn as_usize(self) -> usize {
        self.get() as usize
    }
}

impl fmt::Display for Iterations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_as_it_is_written() {
        assert_eq!(Iterations::PUBLISHED.to_string(), "10000");
        for generator in Generator::ALL {
            assert_eq!(generator.to_string().parse(), Ok(generator));
        }
        let error = "mt19937".parse::<Generator>().unwrap_err();
        assert!(matches!(&error, BootstrapError::Generator { text } if text == "mt19937"));
    }
}
