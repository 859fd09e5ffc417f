//! How intervals are drawn, as types.

use clap::Args;
use spinefairbench_bootstrap::{BootstrapError, Generator, Iterations, Plan, Seed};
use spinefairbench_checks::table2::PlanRequest;

use crate::exit_status::CallError;

/// How intervals are drawn.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ResamplingArguments {
    /// How many resamples are drawn (10000 without it).
    #[arg(long, visible_alias = "iterations", value_name = "N", allow_hyphen_values = true)]
    pub(crate) bootstrap_iterations: Option<String>,
    /// The seed: a non-negative integer of any size (42 without it).
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) seed: Option<String>,
    /// The random stream: `numpy-pcg64` (without it) or `python-mt19937`.
    #[arg(long, value_name = "RNG")]
    pub(crate) rng: Option<String>,
}

impl ResamplingArguments {
    /// What was asked for; what was left out stays open.
    ///
    /// # Errors
    ///
    /// [`CallError`] for a number of iterations, a seed or a generator that is none.
    pub(crate) fn request(&self) -> Result<PlanRequest, CallError> {
        let refuse = |error: BootstrapError| CallError::new(error.to_string());
        let iterations = self.bootstrap_iterations.as_deref().map(iterations).transpose()?;
        Ok(PlanRequest {
            iterations,
            seed: self
                .seed
                .as_ref()
                .map(|text| text.parse::<Seed>().map_err(refuse))
                .transpose()?,
            generator: self
                .rng
                .as_ref()
                .map(|text| text.parse::<Generator>().map_err(refuse))
                .transpose()?,
        })
    }

    /// The plan: what was left out is as published.
    ///
    /// # Errors
    ///
    /// As [`Self::request`].
    pub(crate) fn plan(&self) -> Result<Plan, CallError> {
        let request = self.request()?;
        Ok(Plan {
            generator: request.generator.unwrap_or_default(),
            iterations: request.iterations.unwrap_or(Iterations::PUBLISHED),
            seed: request.seed.unwrap_or_else(|| Seed::from(PUBLISHED_SEED)),
        })
    }
}

/// The number of resamples that `text` gives.
///
/// # Errors
///
/// [`CallError`] if it gives none.
pub(crate) fn iterations(text: &str) -> Result<Iterations, CallError> {
    let number = text.parse::<u64>().map_err(|_| {
        CallError::new(format!(
            "`{text}` is not a number of iterations, expected 1 to {}",
            u32::MAX
        ))
    })?;
    Iterations::new(number).map_err(|error| CallError::new(error.to_string()))
}

/// The seed of the published intervals.
const PUBLISHED_SEED: u64 = 42;
