//! How intervals are to be drawn, as a call asks for it.

use spinefairbench_bootstrap::{BootstrapError, Generator, Iterations, Plan, Seed};

use crate::check::{Argument, CheckError};

/// The options by which a call asks.
pub(crate) const ARGUMENTS: [Argument; 3] = [
    Argument {
        alias: Some("iterations"),
        ..Argument::option(
            "bootstrap-iterations",
            "N",
            "How many resamples are drawn (10000 without it)",
        )
    },
    Argument::option("seed", "N", "The seed: a non-negative integer of any size (42 without it)"),
    Argument::option(
        "rng",
        "RNG",
        "The random stream: `numpy-pcg64` (without it) or `python-mt19937`",
    ),
];

/// A plan of which any part may be left open.
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
    /// What the texts ask for; what was left out stays open.
    ///
    /// # Errors
    ///
    /// [`CheckError::Argument`] for a number of iterations, a seed or a generator that is none.
    pub fn from_texts(
        iterations: Option<&str>,
        seed: Option<&str>,
        rng: Option<&str>,
    ) -> Result<Self, CheckError> {
        Ok(Self {
            iterations: iterations.map(self::iterations).transpose()?,
            seed: seed.map(|text| text.parse().map_err(refused)).transpose()?,
            generator: rng.map(|text| text.parse().map_err(refused)).transpose()?,
        })
    }

    /// The plan, open parts as in `other`.
    #[must_use]
    pub fn complete(&self, other: &Plan) -> Plan {
        other
            .clone()
            .with_iterations(self.iterations.unwrap_or(other.iterations))
            .with_seed(self.seed.clone().unwrap_or_else(|| other.seed.clone()))
            .with_generator(self.generator.unwrap_or(other.generator))
    }
}

/// The number of resamples that `text` gives.
pub(crate) fn iterations(text: &str) -> Result<Iterations, CheckError> {
    let number = text.parse::<u64>().map_err(|_| CheckError::Argument {
        reason: format!("`{text}` is not a number of iterations, expected 1 to {}", u32::MAX),
    })?;
    Iterations::new(number).map_err(refused)
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn refused(error: BootstrapError) -> CheckError {
    CheckError::Argument { reason: error.to_string() }
}
