//! The published rows: those of a release description, with the intervals of a bundle's frozen summary where it is at hand.

use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::records::core_summary::CoreSummary;
use spinefairbench_artifacts::release::ReleaseDescription;

use super::{BoardEndpoint, LeaderboardRow, RowKind, Terms};
use crate::scope::Scope;
use crate::score_file::{Ci95, ScoreFile};

/// Why the published rows of a release do not stand beside a board's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishedMismatch {
    /// The board's scope is not the published one.
    #[error(
        "the published rows cover `{}`, the leaderboard covers `{found}`",
        Scope::CommonCore1000
    )]
    Scope {
        /// The board's scope.
        found: Scope,
    },
    /// The board's scores cover other pairs than the release's scopes hold.
    #[error(
        "the published rows are of `{release}`, whose scopes are not those of the leaderboard: {}",
        manifests.join("; ")
    )]
    Benchmark {
        /// The release.
        release: String,
        /// Each manifest that differs, with the release's digest and the board's.
        manifests: Vec<String>,
    },
}

/// The published rows of `release`, in the order of its table.
///
/// With `summary`, the frozen summary of the release's bundle, each row has its frozen interval; without it the interval
/// rounded to three decimals, where one is published. A model that has values in neither has no row. `terms` are those of
/// the board beside which the rows are to stand; none fits any release.
///
/// # Errors
///
/// [`PublishedMismatch`] if the board covers other pairs or another bundle.
pub fn published_rows(
    release: &ReleaseDescription,
    summary: Option<&CoreSummary>,
    terms: Option<&Terms>,
) -> Result<Vec<LeaderboardRow>, PublishedMismatch> {
    terms.map_or(Ok(()), |terms| check_terms(release, terms))?;
    Ok(rows(release, summary))
}

/// The published rows of `release`, and why they do not stand beside `score` if there is a reason: they are for orientation then.
#[must_use]
pub fn rows_beside(
    score: &ScoreFile,
    release: &ReleaseDescription,
    summary: Option<&CoreSummary>,
) -> (Vec<LeaderboardRow>, Option<PublishedMismatch>) {
    let mismatch = Terms::of(score).and_then(|terms| check_terms(release, &terms).err());
    (rows(release, summary), mismatch)
}

fn rows(release: &ReleaseDescription, summary: Option<&CoreSummary>) -> Vec<LeaderboardRow> {
    let published = release.expected.table2.as_ref();
    release
        .table2_models
        .iter()
        .filter_map(|model| {
            let frozen = summary.and_then(|summary| summary.model(model.as_str()));
            let stated = published.and_then(|published| published.get(model.as_str()));
            // The table's change is 1 less the frozen agreement, and so are the ends of its interval, in the other order.
            let change_interval = frozen
                .and_then(|frozen| frozen.agreement_interval)
                .map(|[lower, upper]| Ci95 { lower: 1.0 - upper, upper: 1.0 - lower });
            let consistency_interval = frozen
                .and_then(|frozen| frozen.diagnostic_interval)
                .map(|[lower, upper]| Ci95 { lower, upper });
            let (n_pairs, change, consistency, rounded) = match (stated, frozen) {
                (Some(stated), _) => (
                    stated.pairs,
                    stated.recommendation_change,
                    stated.diagnostic_consistency,
                    [stated.recommendation_change_ci95_3dp, stated.diagnostic_consistency_ci95_3dp],
                ),
                (None, Some(frozen)) => (
                    frozen.usable_pairs?,
                    1.0 - frozen.agreement_rate?,
                    frozen.diagnostic_mean?,
                    [None, None],
                ),
                (None, None) => return None,
            };
            let rounded = rounded.map(|ends| ends.map(|[lower, upper]| Ci95 { lower, upper }));
            Some(LeaderboardRow {
                model: model.to_string(),
                kind: RowKind::Published,
                scope: Scope::CommonCore1000,
                n_pairs: usize::try_from(n_pairs).unwrap_or(usize::MAX),
                full_refusals: frozen
                    .and_then(|frozen| usize::try_from(frozen.full_refusal_pairs?).ok()),
                recommendation_change: BoardEndpoint {
                    value: change,
                    ci95: change_interval.or(rounded[0]),
                },
                diagnostic_consistency: BoardEndpoint {
                    value: consistency,
                    ci95: consistency_interval.or(rounded[1]),
                },
                is_changed: false,
                scored_at_utc: None,
                submission_sha256: None,
            })
        })
        .collect()
}

fn check_terms(release: &ReleaseDescription, terms: &Terms) -> Result<(), PublishedMismatch> {
    if terms.scope != Scope::CommonCore1000 {
        return Err(PublishedMismatch::Scope { found: terms.scope });
    }
    let of_release = Terms {
        scope_manifests: release
            .scope_manifests
            .iter()
            .map(|(path, digest)| (path.to_owned(), *digest))
            .collect(),
        bundle_identity: release.artifact_anchors.get(layout::SHA256SUMS).copied(),
        ..terms.clone()
    };
    let is_known = !of_release.scope_manifests.is_empty() || of_release.bundle_identity.is_some();
    let manifests = of_release.other_benchmark(terms);
    if !is_known || manifests.is_empty() {
        return Ok(());
    }
    Err(PublishedMismatch::Benchmark { release: release.release_id.clone(), manifests })
}
