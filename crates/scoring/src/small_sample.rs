//! What is to be known of intervals over few sources.

use spinefairbench_bootstrap::{BootstrapError, ClusteredMean, Clusters, clustered_mean};

use crate::compare::signed;
use crate::pair_score::PrimaryEndpoint;
use crate::score_file::ScoreFile;

/// Below how many sources a percentile interval is to be read beside the t interval (`docs/statistics.md` shows what each covers); a
/// usual limit of "few clusters" (Cameron and Miller 2015, section VI).
pub const SMALL_SAMPLE: usize = 30;

/// A caution over `n_sources` sources, where they are few, with the t interval of each estimate; none from [`SMALL_SAMPLE`] sources up, and
/// none from one source, which has no interval.
pub(crate) fn caution(
    n_sources: usize,
    estimates: &[(PrimaryEndpoint, ClusteredMean)],
    write: impl Fn(f64) -> String,
) -> Option<String> {
    if !(2..SMALL_SAMPLE).contains(&n_sources) {
        return None;
    }
    let intervals: Vec<String> = estimates
        .iter()
        .filter_map(|(endpoint, mean)| {
            let interval = mean.t_interval(0.95)?;
            let (lower, upper) = (write(interval.lower), write(interval.upper));
            Some(format!("{} {lower} to {upper}", endpoint.in_words()))
        })
        .collect();
    Some(format!(
        "{n_sources} sources, fewer than {SMALL_SAMPLE}: percentile intervals are too narrow; 95 % t intervals, {} degrees of freedom: {}",
        n_sources - 1,
        intervals.join(", ")
    ))
}

/// Both endpoints of a score with their standard errors over the sources, and so their t intervals (rule B-17).
///
/// # Errors
///
/// [`BootstrapError::NoValues`] without a usable pair.
pub fn clustered_means(
    file: &ScoreFile,
) -> Result<[(PrimaryEndpoint, ClusteredMean); 2], BootstrapError> {
    let usable = || file.per_pair_results.iter().filter(|pair| pair.usable);
    let clusters = Clusters::new(usable().map(|pair| pair.source_id.as_str()));
    let changes: Vec<f64> = usable().filter_map(|pair| pair.recommendation_changed).collect();
    let consistencies: Vec<f64> =
        usable().filter_map(|pair| pair.diagnostic_label_consistency).collect();
    Ok([
        (PrimaryEndpoint::RecommendationChange, clustered_mean(&changes, &clusters)?),
        (PrimaryEndpoint::DiagnosticConsistency, clustered_mean(&consistencies, &clusters)?),
    ])
}

/// What is to be known of a score over few sources; none from [`SMALL_SAMPLE`] sources up.
///
/// # Errors
///
/// Those of [`clustered_means`].
pub fn of_score(file: &ScoreFile) -> Result<Option<String>, BootstrapError> {
    let estimates = clustered_means(file)?;
    Ok(caution(estimates[0].1.n_clusters, &estimates, |end| format!("{end:.3}")))
}

/// The caution of differences, whose ends have a sign.
pub(crate) fn of_differences(
    n_sources: usize,
    estimates: &[(PrimaryEndpoint, ClusteredMean)],
) -> Option<String> {
    caution(n_sources, estimates, signed)
}
