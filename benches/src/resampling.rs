//! Values in clusters, as the release has them: four values a cluster, a few of them missing.

use spinefairbench_bootstrap::{Clusters, Generator, Iterations, Plan, Task};

const CLUSTER_SIZE: usize = 4;

/// A plan with the seed of the release.
///
/// # Panics
///
/// For 0 iterations, or more than there can be.
#[must_use]
pub fn plan(generator: Generator, iterations: u64) -> Plan {
    let iterations = Iterations::new(iterations).expect("at least one");
    Plan::published().with_generator(generator).with_iterations(iterations)
}

/// Each model lacks a few other values, as refusals leave them out, so that no two models share their counts.
#[must_use]
pub fn clusters(n: usize, model: usize) -> Clusters {
    let kept = |value: &usize| value.is_multiple_of(CLUSTER_SIZE) || value % 37 != model;
    Clusters::new(
        (0..n * CLUSTER_SIZE).filter(kept).map(|value| format!("buu_{:06}", value / CLUSTER_SIZE)),
    )
}

/// Zeros and ones, as the recommendation endpoint has them.
#[must_use]
pub fn changes(n: usize, model: usize) -> Vec<f64> {
    (0..n).map(|value| if (value * 7919 + model) % 10 < 4 { 1.0 } else { 0.0 }).collect()
}

/// Fractions, as the diagnostic endpoint has them.
#[must_use]
pub fn consistencies(n: usize, model: usize) -> Vec<f64> {
    const FRACTIONS: [f64; 6] = [1.0, 0.5, 1.0 / 3.0, 0.0, 2.0 / 3.0, 0.25];
    (0..n).map(|value| FRACTIONS[(value * 104_729 + value * model / 7) % FRACTIONS.len()]).collect()
}

/// Nine models with both endpoints each.
#[derive(Debug)]
pub struct NineModels(Vec<(Clusters, Vec<f64>, Vec<f64>)>);

impl NineModels {
    /// 1,000 clusters each, less `missing_per_model` for each further model, so that none shares its number of clusters.
    #[must_use]
    pub fn new(missing_per_model: usize) -> Self {
        let model = |model: usize| {
            let clusters = clusters(1000 - model * missing_per_model, model);
            let n = clusters.n_values();
            (clusters, changes(n, model), consistencies(n, model))
        };
        Self((0..9).map(model).collect())
    }

    /// The eighteen intervals to draw.
    #[must_use]
    pub fn tasks(&self) -> Vec<Task<'_>> {
        let mut tasks = Vec::new();
        for (clusters, changes, consistencies) in &self.0 {
            tasks.push(Task { values: changes, clusters });
            tasks.push(Task { values: consistencies, clusters });
        }
        tasks
    }
}
