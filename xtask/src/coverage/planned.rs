//! Whether a study shows the difference that `power` named, as often as it said.
//!
//! Each replicate measures two models in a pilot, asks `power` for the smallest difference that a number of sources shows, and then
//! draws a study of two models that differ by as much. How much values vary depends on how far the models are apart, so that the
//! models of the pilot are about as far apart as those of the study.

use anyhow::Context as _;
use spinefairbench_bootstrap::{Alternative, Iterations, Plan, clustered_mean, sign_flip_against};
use spinefairbench_scoring::compare::ComparedModel;
use spinefairbench_scoring::pair_score::{PairScore, PrimaryEndpoint};
use spinefairbench_scoring::power::{Settings, power};

use super::world::{Endpoint, Models, World};
use super::{LEVEL, Statement, TestKind};

/// Sources of a pilot: those of the benchmark's core.
const PILOT_SOURCES: usize = 1_000;

/// One promise of `power`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    endpoint: Endpoint,
    per_cent: u8,
    /// How far the models of a pilot are apart.
    apart: f64,
}

impl Planned {
    /// Both endpoints at the powers that `power` states by itself, for studies in `world`.
    pub(super) fn all(world: World, seed: u64) -> anyhow::Result<Vec<Self>> {
        let mut all = Vec::new();
        for endpoint in Endpoint::ALL {
            for per_cent in [80, 90] {
                let mut planned = Self { endpoint, per_cent, apart: 0.0 };
                // The difference settles within a few steps, since the spread depends on it but little.
                for step in 0..3 {
                    planned.apart = planned.smallest_difference(world, !seed ^ step)?;
                }
                all.push(planned);
            }
        }
        Ok(all)
    }

    /// What `power` says after a pilot.
    fn smallest_difference(&self, world: World, seed: u64) -> anyhow::Result<f64> {
        let pilot = World { n_sources: PILOT_SOURCES, ..world };
        let pilot = pilot.two_models(self.endpoint, self.apart, seed);
        let models = [("first", &pilot.first), ("second", &pilot.second)]
            .map(|(name, values)| measured(name, values, &pilot))
            .into_iter()
            .collect::<anyhow::Result<Vec<_>>>()?;
        let settings = Settings {
            level: LEVEL,
            powers: vec![f64::from(self.per_cent) / 100.0],
            simulations: Iterations::new(1_000)?,
            sources: vec![u32::try_from(world.n_sources)?],
            differences: Vec::new(),
            ..Settings::usual()?
        };
        let found = power(&models, &settings)?;
        let endpoint = match self.endpoint {
            Endpoint::Change => PrimaryEndpoint::RecommendationChange,
            Endpoint::Consistency => PrimaryEndpoint::DiagnosticConsistency,
        };
        let simulated = found.simulated.iter().find(|simulated| simulated.endpoint == endpoint);
        let smallest = simulated
            .and_then(|simulated| simulated.curve.first()?.smallest_differences.first())
            .context("`power` named no difference")?;
        Ok(smallest.difference)
    }

    /// A pilot and the study that was planned with it.
    pub(super) fn study(
        &self,
        world: World,
        seed: u64,
        plan: &Plan,
        shown: &mut Vec<(Statement, bool)>,
    ) -> anyhow::Result<()> {
        let seed = seed ^ u64::from(self.per_cent) << 48;
        let apart = self.smallest_difference(world, seed)?;
        let study = world.two_models(self.endpoint, apart, seed ^ 1 << 47);
        let (differences, clusters) = (study.differences(), study.clusters());
        let two_sided = Alternative::TwoSided;
        let sign_flip = sign_flip_against(&differences, &clusters, 0.0, two_sided, plan)?.p_value;
        let t = clustered_mean(&differences, &clusters)?.t_test(0.0, two_sided).unwrap_or(1.0);
        shown.extend(
            [(TestKind::SignFlip, sign_flip), (TestKind::T, t)].map(|(kind, p)| {
                (Statement::Planned(self.endpoint, self.per_cent, kind), p < LEVEL)
            }),
        );
        Ok(())
    }
}

/// A model of which one endpoint was drawn: the other has the same values.
fn measured(name: &str, values: &[f64], pilot: &Models) -> anyhow::Result<ComparedModel> {
    let pairs = values.iter().zip(pilot.sources.iter().zip(&pilot.edits));
    let pairs = pairs.map(|(value, (source, edit))| {
        let score = PairScore { recommendation_change: *value, diagnostic_consistency: *value };
        let source = format!("s{source:06}");
        Ok((format!("{source}__{edit}").parse()?, source.parse()?, score))
    });
    Ok(ComparedModel::of_values(name, pairs.collect::<anyhow::Result<Vec<_>>>()?))
}
