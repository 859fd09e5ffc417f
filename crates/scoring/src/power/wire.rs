//! What was planned as a file: `spinefairbench-power-v1`, and the curve as a table.

use std::fmt::Write as _;

use serde::Serialize;

use super::simulated::{CurvePoint, NeededSources};
use super::{ClusterFacts, Power, Sample};
use crate::csv_cell;

/// The schema version of the file.
pub(crate) const POWER_SCHEMA_VERSION: &str = "spinefairbench-power-v1";

/// The file, described by `schemas/power.schema.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PowerFile {
    /// Both endpoints of the differences of every two models.
    pub differences: Vec<SampleRow>,
    /// Both endpoints of every model.
    pub models: Vec<SampleRow>,
    /// `spinefairbench-power-v1`.
    pub schema_version: &'static str,
    /// What was asked for.
    pub settings: SettingsRow,
    /// For both endpoints what was simulated.
    pub simulated: Vec<SimulatedRow>,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SettingsRow {
    /// The two-sided level.
    pub level: f64,
    /// The powers.
    pub powers: Vec<f64>,
    /// The seed, as text: it may be of any size.
    pub seed: String,
    /// Studies at every number of sources.
    pub simulations: u32,
    /// How a simulated study tests.
    pub test: &'static str,
}

/// How the values of one sample vary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SampleRow {
    /// The endpoint.
    pub endpoint: &'static str,
    /// The numbers.
    pub facts: ClusterFacts,
    /// The model, or both: the values are then the first one's less the second one's.
    pub models: Vec<String>,
}

/// What studies of one sample showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimulatedRow {
    /// By number of sources.
    pub curve: Vec<CurvePoint>,
    /// The endpoint.
    pub endpoint: &'static str,
    /// The model, or both.
    pub models: Vec<String>,
    /// By difference and power.
    pub needed: Vec<NeededSources>,
}

impl PowerFile {
    /// The file of `power`.
    #[must_use]
    pub fn new(power: &Power) -> Self {
        let rows = |samples: &[Sample]| samples.iter().map(SampleRow::of).collect();
        let settings = &power.settings;
        Self {
            differences: rows(&power.differences),
            models: rows(&power.models),
            schema_version: POWER_SCHEMA_VERSION,
            settings: SettingsRow {
                level: settings.level,
                powers: settings.powers.clone(),
                seed: settings.seed.to_string(),
                simulations: settings.simulations.get(),
                test: "t test of the mean with its cluster-robust error, sources - 1 degrees of freedom",
            },
            simulated: power
                .simulated
                .iter()
                .map(|simulated| SimulatedRow {
                    curve: simulated.curve.clone(),
                    endpoint: simulated.endpoint.as_str(),
                    models: simulated.models.clone(),
                    needed: simulated.needed.clone(),
                })
                .collect(),
        }
    }

    /// The bytes of the file.
    ///
    /// # Panics
    ///
    /// Never: it holds finite numbers, text, lists and objects.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("it has only JSON values");
        bytes.push(b'\n');
        bytes
    }

    /// The curves as CSV: `endpoint`, `first`, `second`, `sources`, `half_width`, `power`, `smallest_difference`; what there is not of one
    /// model is empty.
    #[must_use]
    pub fn curve_csv(&self) -> String {
        let mut table =
            String::from("endpoint,first,second,sources,half_width,power,smallest_difference\n");
        for simulated in &self.simulated {
            let name = |place: usize| {
                simulated.models.get(place).map_or_else(String::new, |name| csv_cell::of(name))
            };
            for point in &simulated.curve {
                let start = format!(
                    "{},{},{},{},{}",
                    simulated.endpoint,
                    name(0),
                    name(1),
                    point.sources,
                    point.half_width
                );
                if point.smallest_differences.is_empty() {
                    let _never_fails = writeln!(table, "{start},,");
                }
                for smallest in &point.smallest_differences {
                    let _never_fails =
                        writeln!(table, "{start},{},{}", smallest.power, smallest.difference);
                }
            }
        }
        table
    }
}

impl SampleRow {
    fn of(sample: &Sample) -> Self {
        Self {
            endpoint: sample.endpoint.as_str(),
            facts: sample.facts,
            models: sample.models.clone(),
        }
    }
}
