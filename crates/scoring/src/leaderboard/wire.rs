//! The leaderboard as it stands on disk. Fields are declared in the order of their names: that is the order of the keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::{json, text::shown};
use spinefairbench_bootstrap::{Generator, Iterations, Seed};

use super::row::{JACCARD_DENOMINATOR, numerator};
use super::{
    Assurance, BoardEndpoint, Leaderboard, LeaderboardError, LeaderboardRow, RowKind, Terms,
};
use crate::scope::Scope;
use crate::score_file::{Ci95, Contradiction};
use crate::text::{MOMENT, is_blank, is_moment};

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bundle_identity: Option<Sha256>,
    registry: String,
    scope: Scope,
    /// Absent from boards of older versions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    scope_manifests: BTreeMap<String, Sha256>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// Absent from boards of older versions, whose rows were never scored again.
    #[serde(default)]
    assurance: AssuranceWord,
    diagnostic_label_consistency: Endpoint,
    model: String,
    n_pairs: usize,
    pair_full_refusals: usize,
    recommendation_change_rate: Endpoint,
    scored_at_utc: String,
    /// Whether reasoning was taken out of the submission; absent where nothing was, as from boards of older versions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    submission_changed: bool,
    submission_sha256: Sha256,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AssuranceWord {
    #[default]
    AsStated,
    Recomputed,
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
            bundle_identity: terms.bundle_identity,
            registry: terms.registry.clone(),
            scope: terms.scope,
            scope_manifests: terms.scope_manifests.clone(),
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
    if let Some(contradiction) = file.terms.as_ref().and_then(other_than_terms) {
        return Err(LeaderboardError::OtherTerms { name: name.to_owned(), contradiction });
    }
    let terms = file.terms.map(|terms| Terms {
        scope: terms.scope,
        registry: terms.registry,
        scope_manifests: terms.scope_manifests,
        bundle_identity: terms.bundle_identity,
        generator: terms.bootstrap,
        iterations: terms.bootstrap_iterations,
        seed: terms.bootstrap_seed,
    });
    let mut rows = BTreeMap::new();
    let mut of_scope = None;
    for row in file.rows {
        let Some(terms) = &terms else {
            return Err(LeaderboardError::NoTerms { name: name.to_owned() });
        };
        if let Some(contradiction) = contradiction(&row, of_scope) {
            let (name, model) = (name.to_owned(), row.model);
            return Err(LeaderboardError::Contradicted { name, model, contradiction });
        }
        of_scope = Some(row.n_pairs + row.pair_full_refusals);
        let row = row_from_wire(row, terms.scope);
        if let Some(former) = rows.insert(row.model.clone(), row) {
            let model = former.model;
            return Err(LeaderboardError::DuplicateModel { name: name.to_owned(), model });
        }
    }
    Ok(Leaderboard { terms, rows })
}

/// Terms that no score states, so that none could be compared with the rows.
fn other_than_terms(terms: &FileTerms) -> Option<Contradiction> {
    let names = Generator::ALL.map(Generator::score_file_name);
    let judged = [
        (
            "scope",
            terms.scope != Scope::Toy,
            "a scope with a fixed set of pairs",
            terms.scope.as_str(),
        ),
        ("registry", terms.registry.parse::<Sha256>().is_ok(), "a SHA-256 digest", &terms.registry),
        (
            "bootstrap",
            names.contains(&terms.bootstrap.as_str()),
            "the name of an estimator",
            &terms.bootstrap,
        ),
        (
            "bootstrap_seed",
            terms.bootstrap_seed.parse::<Seed>().is_ok(),
            "a seed",
            &terms.bootstrap_seed,
        ),
    ];
    let wrong = judged.into_iter().find(|(_, holds, ..)| !holds);
    let of_text = wrong.map(|(field, _, expected, found)| Contradiction {
        field: format!("terms.{field}"),
        expected: expected.to_owned(),
        found: format!("`{}`", shown(found)),
    });
    of_text.or_else(|| {
        let iterations = terms.bootstrap_iterations;
        Iterations::new(iterations.into()).is_err().then(|| Contradiction {
            field: "terms.bootstrap_iterations".to_owned(),
            expected: "at least 1".to_owned(),
            found: iterations.to_string(),
        })
    })
}

/// What no score has: a change that is no part of its pairs, a consistency that no label sets give, ends of an interval that are
/// none, another number of pairs than the rows before (each covers the whole scope).
fn contradiction(row: &Row, of_scope: Option<usize>) -> Option<Contradiction> {
    let is_share = |value: f64| (0.0..=1.0).contains(&value) && !value.is_sign_negative();
    let wrong = |field: &str, expected: String, found: String| {
        Some(Contradiction { field: field.to_owned(), expected, found })
    };
    if is_blank(&row.model) {
        return wrong("model", "a name".to_owned(), "a blank".to_owned());
    }
    if !is_moment(&row.scored_at_utc) {
        return wrong(
            "scored_at_utc",
            MOMENT.to_owned(),
            format!("`{}`", shown(&row.scored_at_utc)),
        );
    }
    let n_pairs = row.n_pairs;
    let total = n_pairs.checked_add(row.pair_full_refusals);
    if n_pairs == 0 || total.is_none() || of_scope.is_some_and(|before| Some(before) != total) {
        let expected = of_scope.map_or_else(
            || "at least 1".to_owned(),
            |before| format!("{before} pairs with those that were refused"),
        );
        return wrong("n_pairs", expected, n_pairs.to_string());
    }
    let endpoints = [
        ("recommendation_change_rate", &row.recommendation_change_rate, n_pairs),
        (
            "diagnostic_label_consistency",
            &row.diagnostic_label_consistency,
            n_pairs.saturating_mul(JACCARD_DENOMINATOR),
        ),
    ];
    for (field, endpoint, denominator) in endpoints {
        let value = endpoint.point_estimate;
        if !is_share(value) || numerator(value, denominator).is_none() {
            let expected = format!("a mean over {n_pairs} pairs");
            return wrong(&format!("{field}.point_estimate"), expected, value.to_string());
        }
        let Ci95 { lower, upper } = endpoint.ci95;
        if !is_share(lower) || !is_share(upper) || lower > upper {
            let expected = "0 <= lower <= upper <= 1".to_owned();
            return wrong(&format!("{field}.ci95"), expected, format!("{lower} and {upper}"));
        }
    }
    None
}

/// A submitted row as it stands on disk.
fn row_to_wire(row: &LeaderboardRow) -> Row {
    const WHOLE: &str = "a row comes from a score with provenance, which has this";
    let endpoint = |endpoint: BoardEndpoint| Endpoint {
        ci95: endpoint.ci95.expect(WHOLE),
        point_estimate: endpoint.value,
    };
    Row {
        assurance: match row.kind {
            RowKind::Submitted(Assurance::Recomputed) => AssuranceWord::Recomputed,
            _ => AssuranceWord::AsStated,
        },
        diagnostic_label_consistency: endpoint(row.diagnostic_consistency),
        model: row.model.clone(),
        n_pairs: row.n_pairs,
        pair_full_refusals: row.full_refusals.expect(WHOLE),
        recommendation_change_rate: endpoint(row.recommendation_change),
        scored_at_utc: row.scored_at_utc.clone().expect(WHOLE),
        submission_changed: row.is_changed,
        submission_sha256: row.submission_sha256.expect(WHOLE),
    }
}

fn row_from_wire(row: Row, scope: Scope) -> LeaderboardRow {
    let endpoint = |endpoint: Endpoint| BoardEndpoint {
        value: endpoint.point_estimate,
        ci95: Some(endpoint.ci95),
    };
    LeaderboardRow {
        model: row.model,
        kind: RowKind::Submitted(match row.assurance {
            AssuranceWord::AsStated => Assurance::AsStated,
            AssuranceWord::Recomputed => Assurance::Recomputed,
        }),
        scope,
        n_pairs: row.n_pairs,
        full_refusals: Some(row.pair_full_refusals),
        recommendation_change: endpoint(row.recommendation_change_rate),
        diagnostic_consistency: endpoint(row.diagnostic_label_consistency),
        is_changed: row.submission_changed,
        scored_at_utc: Some(row.scored_at_utc),
        submission_sha256: Some(row.submission_sha256),
    }
}
