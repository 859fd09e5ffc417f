//! The endpoints of parts of a score's pairs: by edit, by edited attribute, by source dataset.
//!
//! Input: scored pairs in the order of their ids. Output: for each part its counts and, where a pair is usable, both endpoints
//! with intervals drawn as those of the whole are: same generator, iterations and seed.

use std::collections::BTreeMap;

use rayon::prelude::*;
use spinefairbench_bootstrap::Plan;
use spinefairbench_metrics::{Estimate, MetricError, RefusalAccounting, SourcedPair, estimate};

use crate::index::edit_label;
use crate::score::ScoredPair;

/// The parts of a score, by what divides the pairs and then by the part's name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Strata(pub BTreeMap<&'static str, BTreeMap<String, Stratum>>);

/// One part of the pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// Refusal accounting of the part.
    pub accounting: RefusalAccounting,
    /// Both endpoints; none if no pair of the part is usable.
    pub estimate: Option<Estimate>,
}

impl Stratum {
    /// Whether the intervals say nothing: fewer than two sources, so that every resample is the same.
    #[must_use]
    pub fn is_degenerate(&self) -> bool {
        self.estimate.is_none_or(|estimate| estimate.n_sources < 2)
    }
}

/// The part of a pair whose id names no edit.
const UNKNOWN: &str = "unknown";

/// Divides `pairs` in each of the four ways.
pub(crate) fn strata(pairs: &[ScoredPair], plan: &Plan) -> Result<Strata, MetricError> {
    type Divide = fn(&ScoredPair) -> String;
    let divisions: [(&'static str, Divide); 4] = [
        ("edit_label", |pair| {
            edit_label(&pair.pair_id).map_or(UNKNOWN.into(), |label| label.as_str().into())
        }),
        ("edited_age", |pair| attribute(pair, 0)),
        ("edited_sex", |pair| attribute(pair, 1)),
        ("source_dataset", |pair| {
            let source = pair.source_id.as_str();
            source.split_once('_').map_or(source, |(dataset, _)| dataset).to_owned()
        }),
    ];
    let divided = divisions.into_par_iter().map(|(division, part_of)| {
        let mut parts: BTreeMap<String, Vec<SourcedPair>> = BTreeMap::new();
        for pair in pairs {
            let sourced = SourcedPair::new(pair.source_id.as_str(), pair.outcome);
            parts.entry(part_of(pair)).or_default().push(sourced);
        }
        let parts = parts.into_iter().map(|(name, part)| Ok((name, stratum(&part, plan)?)));
        Ok((division, parts.collect::<Result<_, MetricError>>()?))
    });
    // The first error in the order of the divisions, whichever thread ends first.
    let divided: Vec<Result<_, MetricError>> = divided.collect();
    Ok(Strata(divided.into_iter().collect::<Result<_, _>>()?))
}

fn stratum(pairs: &[SourcedPair], plan: &Plan) -> Result<Stratum, MetricError> {
    let accounting = RefusalAccounting::of(pairs.iter().map(|pair| &pair.outcome));
    let estimate = match estimate(pairs, plan) {
        Err(MetricError::NoUsablePair { .. }) => None,
        other => Some(other?),
    };
    Ok(Stratum { accounting, estimate })
}

/// The `position`-th word of the edit label: the age group or the sex.
fn attribute(pair: &ScoredPair, position: usize) -> String {
    let word = edit_label(&pair.pair_id).and_then(|label| label.as_str().split('_').nth(position));
    word.unwrap_or(UNKNOWN).to_owned()
}
