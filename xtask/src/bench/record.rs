//! What was measured, as it is printed and written down.

use anyhow::Result;
use serde::Serialize;

use super::rows::Setting;
use crate::versions;

/// Everything that one call measured.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    pub(super) processor: String,
    pub(super) threads: usize,
    pub(super) rustc: String,
    pub(super) scale: String,
    pub(super) figures: Vec<Figure>,
}

impl Record {
    pub(super) fn new(setting: &Setting) -> Result<Self> {
        Ok(Self {
            processor: versions::processor(),
            threads: setting.threads,
            rustc: versions::rustc()?,
            scale: setting.scale.to_string(),
            figures: Vec::new(),
        })
    }
}

/// One figure: a number with its unit, and what it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Figure {
    /// Which row it belongs to.
    pub(super) row: &'static str,
    /// What was measured.
    pub(super) what: String,
    pub(super) value: f64,
    pub(super) unit: Unit,
    pub(super) target: Option<Target>,
    /// How many runs the median was taken of, and their spread from the fastest to the slowest in percent of the median.
    pub(super) runs: usize,
    pub(super) spread_percent: f64,
    /// The median of the peer in the same run, in seconds.
    pub(super) peer: Option<Peer>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Peer {
    pub(super) name: String,
    pub(super) seconds: f64,
    pub(super) runs: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unit {
    Seconds,
    Bytes,
    BytesPerSecond,
    RequestsPerSecond,
    /// A share of what could be, 1 at most.
    Share,
    /// How many times the peer's speed.
    TimesThePeer,
    /// The exponent of growth: 1 is linear.
    Exponent,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    /// A median of some seconds.
    pub(super) fn seconds(row: &'static str, what: impl Into<String>, seconds: &[f64]) -> Self {
        Self {
            row,
            what: what.into(),
            value: median(seconds),
            unit: Unit::Seconds,
            target: None,
            runs: seconds.len(),
            spread_percent: spread_percent(seconds),
            peer: None,
        }
    }

    pub(super) fn with_target(self, target: Option<Target>) -> Self {
        Self { target, ..self }
    }

    /// The same measure in another unit.
    pub(super) fn in_unit(self, value: f64, unit: Unit) -> Self {
        Self { value, unit, ..self }
    }

    /// Whether the target is met; `None` without a target.
    pub(super) fn is_met(&self) -> Option<bool> {
        Some(match self.target? {
            Target::AtMost(limit) => self.value <= limit,
            Target::AtLeast(limit) => self.value >= limit,
        })
    }
}

/// The middle of the numbers; of an even count the mean of both.
pub(super) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

fn spread_percent(numbers: &[f64]) -> f64 {
    let fastest = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let slowest = numbers.iter().copied().fold(0.0, f64::max);
    if numbers.is_empty() { 0.0 } else { 100.0 * (slowest - fastest) / median(numbers) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_any_order() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
    }

    #[test]
    fn a_target_is_met_on_its_own_side() {
        let figure = |value: f64, target| {
            Figure::seconds("row", "what", &[value]).with_target(target).is_met()
        };
        assert_eq!(figure(1.0, Some(Target::AtMost(1.0))), Some(true));
        assert_eq!(figure(1.1, Some(Target::AtMost(1.0))), Some(false));
        assert_eq!(figure(5.0, Some(Target::AtLeast(6.0))), Some(false));
        assert_eq!(figure(5.0, None), None);
    }
}
