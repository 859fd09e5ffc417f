//! The endpoints of parts of a score's pairs: by edit, by edited attribute, by source dataset.
//!
//! Their intervals are drawn as those of the whole are: same generator, iterations and seed.

use std::collections::BTreeMap;

use rayon::prelude::*;
use spinefairbench_bootstrap::Plan;
use spinefairbench_metrics::{MetricError, RefusalAccounting, SourcedPair, estimate};

use crate::score_file::{Endpoint, PairResult, Strata, StratumRow};
use crate::subgroups::Division;

/// Divides `pairs` in each of the four ways.
pub(crate) fn strata(pairs: &[PairResult], plan: &Plan) -> Result<Strata, MetricError> {
    let divided = Division::SINGLE.into_par_iter().map(|division| {
        let mut parts: BTreeMap<String, Vec<SourcedPair>> = BTreeMap::new();
        for pair in pairs {
            let sourced = SourcedPair::new(pair.source_id.as_str(), pair.outcome());
            parts
                .entry(division.part_of(&pair.pair_id, &pair.source_id))
                .or_default()
                .push(sourced);
        }
        let parts = parts.into_iter().map(|(name, part)| Ok((name, stratum(&part, plan)?)));
        Ok((division.as_str().to_owned(), parts.collect::<Result<_, MetricError>>()?))
    });
    // The first error in the order of the divisions, whichever thread ends first.
    let divided: Vec<Result<_, MetricError>> = divided.collect();
    divided.into_iter().collect()
}

fn stratum(pairs: &[SourcedPair], plan: &Plan) -> Result<StratumRow, MetricError> {
    let accounting = RefusalAccounting::of(pairs.iter().map(|pair| &pair.outcome));
    let estimate = match estimate(pairs, plan) {
        Err(MetricError::NoUsablePair { .. }) => None,
        other => Some(other?),
    };
    let n_pairs = accounting.usable_pairs;
    Ok(StratumRow {
        // With fewer than two sources every resample is the same.
        degenerate: estimate.is_none_or(|estimate| estimate.n_sources < 2),
        diagnostic_label_consistency: estimate
            .map(|estimate| Endpoint::new(estimate.diagnostic_consistency, n_pairs)),
        pair_full_refusals: accounting.pair_full_refusals,
        pair_partial_refusals: accounting.pair_partial_refusals,
        recommendation_change_rate: estimate
            .map(|estimate| Endpoint::new(estimate.recommendation_change, n_pairs)),
        submitted_pairs: accounting.pairs,
        unique_sources_usable: estimate.map_or(0, |estimate| estimate.n_sources),
        usable_pairs: n_pairs,
    })
}
