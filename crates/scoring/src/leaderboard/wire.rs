//! The leaderboard as it stands on disk. Fields are declared in the order of their names: that is the order of the keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spinefairbench_artifacts::json;

use super::{BoardEndpoint, Leaderboard, LeaderboardError, LeaderboardRow, RowKind, Terms};
use crate::score_file::Ci95;

/// The schema version of a leaderboard.
pub const LEADERBOARD_SCHEMA_VERSION: &str = "spinefairbench-leaderboard-v1";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rows: Vec<Row>,
    schema_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    terms: Option<FileTerms>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTerms {
    bootstrap: String,
    bootstrap_iterations: u32,
    /// In decimal; text, since a seed may be larger than a JSON reader's integers.
    bootstrap_seed: String,
    bundle_identity: String,
    registry: String,
    scope: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    diagnostic_label_consistency: Endpoint,
    model: String,
    n_pairs: usize,
    pair_full_refusals: usize,
    recommendation_change_rate: Endpoint,
    scored_at_utc: String,
    submission_sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Endpoint {
    ci95: Ci95,
    point_estimate: f64,
}

pub(super) fn to_bytes(board: &Leaderboard) -> Vec<u8> {
    let file = File {
        rows: board.rows.values().map(row_to_wire).collect(),
        schema_version: LEADERBOARD_SCHEMA_VERSION.to_owned(),
        terms: board.terms.as_ref().map(|terms| FileTerms {
            bootstrap: terms.generator.clone(),
            bootstrap_iterations: terms.iterations,
            bootstrap_seed: terms.seed.clone(),
            bundle_identity: terms.bundle_identity.clone(),
            registry: terms.registry.clone(),
            scope: terms.scope.clone(),
        }),
    };
    let mut bytes = serde_json::to_vec_pretty(&file).expect("a leaderboard has only JSON values");
    bytes.push(b'\n');
    bytes
}

pub(super) fn from_bytes(name: &str, bytes: &[u8]) -> Result<Leaderboard, LeaderboardError> {
    let file: File = json::from_slice(name, bytes)?;
    if file.schema_version != LEADERBOARD_SCHEMA_VERSION {
        let found = file.schema_version;
        return Err(LeaderboardError::SchemaVersion { name: name.to_owned(), found });
    }
    let terms = file.terms.map(|terms| Terms {
        scope: terms.scope,
        registry: terms.registry,
        bundle_identity: terms.bundle_identity,
        generator: terms.bootstrap,
        iterations: terms.bootstrap_iterations,
        seed: terms.bootstrap_seed,
    });
    let mut rows = BTreeMap::new();
    for row in file.rows {
        let Some(terms) = &terms else {
            return Err(LeaderboardError::NoTerms { name: name.to_owned() });
        };
        let row = row_from_wire(row, &terms.scope);
        if let Some(former) = rows.insert(row.model.clone(), row) {
            let model = former.model;
            return Err(LeaderboardError::DuplicateModel { name: name.to_owned(), model });
        }
    }
    Ok(Leaderboard { terms, rows })
}

/// A submitted row as it stands on disk.
fn row_to_wire(row: &LeaderboardRow) -> Row {
    const WHOLE: &str = "a row comes from a score with provenance, which has this";
    let endpoint = |endpoint: BoardEndpoint| Endpoint {
        ci95: endpoint.ci95.expect(WHOLE),
        point_estimate: endpoint.value,
    };
    Row {
        diagnostic_label_consistency: endpoint(row.diagnostic_consistency),
        model: row.model.clone(),
        n_pairs: row.n_pairs,
        pair_full_refusals: row.full_refusals.expect(WHOLE),
        recommendation_change_rate: endpoint(row.recommendation_change),
        scored_at_utc: row.scored_at_utc.clone().expect(WHOLE),
        submission_sha256: row.submission_sha256.clone().expect(WHOLE),
    }
}

fn row_from_wire(row: Row, scope: &str) -> LeaderboardRow {
    let endpoint = |endpoint: Endpoint| BoardEndpoint {
        value: endpoint.point_estimate,
        ci95: Some(endpoint.ci95),
    };
    LeaderboardRow {
        model: row.model,
        kind: RowKind::Submitted,
        scope: scope.to_owned(),
        n_pairs: row.n_pairs,
        full_refusals: Some(row.pair_full_refusals),
        recommendation_change: endpoint(row.recommendation_change_rate),
        diagnostic_consistency: endpoint(row.diagnostic_label_consistency),
        scored_at_utc: Some(row.scored_at_utc),
        submission_sha256: Some(row.submission_sha256),
    }
}
