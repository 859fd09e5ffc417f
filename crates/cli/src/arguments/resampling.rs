//! How intervals are drawn, as types.

use clap::Args;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_bootstrap::Plan;
use spinefairbench_checks::PlanRequest;

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
        PlanRequest::from_texts(
            self.bootstrap_iterations.as_deref(),
            self.seed.as_deref(),
            self.rng.as_deref(),
        )
        .map_err(|error| CallError::new(error.to_string()))
    }

    /// The plan: what was left out is as published.
    ///
    /// # Errors
    ///
    /// As [`Self::request`].
    pub(crate) fn plan(&self) -> Result<Plan, CallError> {
        let published = Plan::published().with_seed(ReleaseDescription::pinned().bootstrap_seed());
        Ok(self.request()?.complete(&published))
    }
}
