//! Leaderboards of score files and the published rows, on the mini bundle.

#![allow(clippy::float_cmp, reason = "tests compare exact values")]

use serde_json::Value;
use spinefairbench_artifacts::json;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::records::CoreSummary;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_bootstrap::Seed;
use spinefairbench_scoring::leaderboard::{
    Added, Leaderboard, LeaderboardError, OnExisting, PublishedMismatch, Refusal, RowKind,
    published_rows, to_csv, to_markdown,
};
use spinefairbench_scoring::score_file::{ScoreFile, SeedNumber};

use crate::bundle::{file, fixture};
use crate::compare::scored;

fn core() -> ScoreFile {
    scored("metrics/core_submission.json")
}

fn named(name: &str) -> ScoreFile {
    let mut score = core();
    name.clone_into(&mut score.table2_row.model_name);
    score
}

fn board() -> Leaderboard {
    let mut board = Leaderboard::default();
    board.add(&named("first"), OnExisting::Refuse).unwrap();
    board
}

/// Why a board refuses the core score after `change`.
#[track_caller]
fn reasons(change: impl FnOnce(&mut ScoreFile)) -> Vec<Refusal> {
    let (mut board, mut score) = (board(), named("second"));
    change(&mut score);
    let before = board.clone();
    let Err(LeaderboardError::Refused { model, reasons }) = board.add(&score, OnExisting::Refuse)
    else {
        panic!("the score was not refused")
    };
    assert_eq!(model, score.table2_row.model_name);
    assert_eq!(board, before, "a refused score changes nothing");
    reasons
}

#[test]
fn every_reason_is_named() {
    let provenance = |score: &mut ScoreFile| score.provenance.clone().unwrap();
    assert!(matches!(
        &reasons(|score| score.schema_version.push('0'))[..],
        [Refusal::SchemaVersion { .. }]
    ));
    assert!(matches!(
        &reasons(|score| "toy".clone_into(&mut score.scope))[..],
        [Refusal::OpenScope { .. }, Refusal::Scope { .. }]
    ));
    assert!(matches!(
        &reasons(|score| "qc-passed".clone_into(&mut score.scope))[..],
        [Refusal::Scope { .. }]
    ));
    assert!(matches!(
        &reasons(|score| {
            score.coverage.missing_pairs = 3;
            score.coverage.coverage_complete = false;
        })[..],
        [Refusal::Coverage { missing: 3, .. }]
    ));
    assert!(matches!(&reasons(|score| score.provenance = None)[..], [Refusal::NoProvenance]));
    assert!(matches!(
        &reasons(|score| {
            let mut other = provenance(score);
            other.registry.combined = "0".repeat(64);
            score.provenance = Some(other);
        })[..],
        [Refusal::Registry { .. }]
    ));
    assert!(matches!(
        &reasons(|score| {
            let mut other = provenance(score);
            other.bundle_identity = "0".repeat(64);
            score.provenance = Some(other);
        })[..],
        [Refusal::Bundle { .. }]
    ));
    assert!(matches!(
        &reasons(|score| {
            "source_clustered_percentile".clone_into(&mut score.scoring_config.bootstrap);
        })[..],
        [Refusal::Generator { .. }]
    ));
    assert!(matches!(
        &reasons(|score| score.scoring_config.bootstrap_iterations = 7)[..],
        [Refusal::Iterations { expected: 1_000, found: 7 }]
    ));
    assert!(matches!(
        &reasons(|score| score.scoring_config.bootstrap_seed = SeedNumber(Seed::from(7)))[..],
        [Refusal::Seed { .. }]
    ));
    assert!(matches!(
        &reasons(|score| {
            score.primary_endpoints.recommendation_change_rate.point_estimate = 0.0;
        })[..],
        [Refusal::EndpointDisagrees { endpoint: "recommendation_change_rate", .. }]
    ));
    assert!(matches!(
        &reasons(|score| "first".clone_into(&mut score.table2_row.model_name))[..],
        [Refusal::NameTaken { .. }]
    ));
}

#[test]
fn all_reasons_are_given_together() {
    let found = reasons(|score| {
        score.scoring_config.bootstrap_iterations = 7;
        score.scoring_config.bootstrap_seed = SeedNumber(Seed::from(7));
        score.coverage.missing_pairs = 1;
    });
    assert_eq!(found.len(), 3);
    let error = LeaderboardError::Refused { model: "m".to_owned(), reasons: found };
    assert!(error.to_string().contains(
        "3 reasons: the coverage is incomplete (1 of 47 pairs are missing); the number of iterations differs \
         (expected 1000, found 7); the seed differs (expected 42, found 7)"
    ), "{error}");
}

#[test]
fn a_model_is_replaced_only_on_request() {
    let mut board = board();
    let again = named("first");
    assert!(board.add(&again, OnExisting::Refuse).is_err());
    let added = board.add(&again, OnExisting::Replace).unwrap();
    assert!(matches!(added, Added::Replaced(former) if former.model == "first"));
    assert_eq!(board.rows().len(), 1);
}

#[test]
fn a_board_that_was_written_is_read_as_it_was() {
    let mut board = board();
    assert_eq!(Leaderboard::default(), {
        let empty = Leaderboard::default().to_bytes();
        Leaderboard::from_bytes("board.json", &empty).unwrap()
    });
    board.add(&named("=second|"), OnExisting::Refuse).unwrap();
    let bytes = board.to_bytes();
    let read = Leaderboard::from_bytes("board.json", &bytes).unwrap();
    assert_eq!(read, board);
    assert!(read.to_bytes() == bytes);
    let broken = |change: fn(&mut Value)| {
        let mut value: Value = serde_json::from_slice(&bytes).unwrap();
        change(&mut value);
        Leaderboard::from_bytes("board.json", value.to_string().as_bytes()).unwrap_err()
    };
    assert!(matches!(
        broken(|value| value["schema_version"] = "v0".into()),
        LeaderboardError::SchemaVersion { .. }
    ));
    assert!(matches!(
        broken(|value| value["rows"][0]["model"] = "first".into()),
        LeaderboardError::DuplicateModel { .. }
    ));
    assert!(matches!(
        broken(|value| _ = value.as_object_mut().unwrap().remove("terms")),
        LeaderboardError::NoTerms { .. }
    ));
    assert!(matches!(
        broken(|value| value["rows"][0]["rank"] = 1.into()),
        LeaderboardError::Artifact(_)
    ));
}

fn summary() -> CoreSummary {
    json::from_slice(layout::CORE_SUMMARY, &file(layout::CORE_SUMMARY)).unwrap()
}

#[test]
fn the_published_rows_of_the_release_have_intervals_where_they_are_published() {
    let release = ReleaseDescription::pinned();
    let rows = published_rows(&release, None, None).unwrap();
    assert_eq!(rows.len(), 9);
    assert_eq!((rows[0].model.as_str(), rows[0].n_pairs), ("gpt-5.4", 3998));
    assert_eq!(
        rows[0].recommendation_change.value.to_bits(),
        0.693_846_923_461_730_8_f64.to_bits()
    );
    for row in &rows {
        let published = release.expected.table2.as_ref().unwrap().get(&row.model).unwrap();
        assert_eq!(
            row.recommendation_change.ci95.map(|ends| [ends.lower, ends.upper]),
            published.recommendation_change_ci95_3dp
        );
        assert_eq!(row.kind, RowKind::Published);
    }
    assert!(rows.iter().any(|row| row.diagnostic_consistency.ci95.is_none()));
}

#[test]
fn a_frozen_summary_gives_every_published_row_its_interval() {
    let release =
        ReleaseDescription::parse("mini.release.json", &fixture("mini.release.json")).unwrap();
    assert!(published_rows(&release, None, None).unwrap().is_empty());
    let rows = published_rows(&release, Some(&summary()), board().terms()).unwrap();
    let expected: Value = serde_json::from_slice(&fixture("table2.json")).unwrap();
    assert_eq!(rows.len(), 9);
    for row in rows {
        let frozen = &expected["models"][&row.model]["frozen"];
        let number = |field: &str| frozen[field].as_f64().unwrap();
        let ends = |field: &str| [0, 1].map(|end| frozen[field][end].as_f64().unwrap());
        let found = |ends: spinefairbench_scoring::score_file::Ci95| [ends.lower, ends.upper];
        assert_eq!(frozen["usable_pairs"], row.n_pairs);
        assert_eq!(row.recommendation_change.value, number("recommendation_change"));
        assert_eq!(row.diagnostic_consistency.value, number("diagnostic_consistency"));
        assert_eq!(
            found(row.recommendation_change.ci95.unwrap()),
            ends("recommendation_change_ci95")
        );
        assert_eq!(
            found(row.diagnostic_consistency.ci95.unwrap()),
            ends("diagnostic_consistency_ci95")
        );
    }
}

#[test]
fn published_rows_stand_only_beside_scores_of_their_pairs() {
    let board = board();
    assert!(matches!(
        published_rows(&ReleaseDescription::pinned(), None, board.terms()),
        Err(PublishedMismatch::Bundle { .. })
    ));
    let mut other = Leaderboard::default();
    other.add(&scored("metrics/qc_submission.json"), OnExisting::Refuse).unwrap();
    assert!(matches!(
        published_rows(&ReleaseDescription::pinned(), None, other.terms()),
        Err(PublishedMismatch::Scope { .. })
    ));
}

#[test]
fn rows_are_ranked_by_change_then_consistency_then_name() {
    let mut board = board();
    board.add(&named("a"), OnExisting::Refuse).unwrap();
    let published = published_rows(&ReleaseDescription::pinned(), None, None).unwrap();
    let ranked = board.ranked(&published);
    assert_eq!(ranked.len(), 11);
    let keys: Vec<_> = ranked
        .iter()
        .map(|row| (row.recommendation_change.value, -row.diagnostic_consistency.value, &row.model))
        .collect();
    assert!(keys.is_sorted_by(|left, right| left.partial_cmp(right).unwrap().is_lt()), "{keys:?}");
}

#[test]
fn foreign_names_are_escaped_in_both_tables() {
    let mut board = Leaderboard::default();
    board.add(&named("=HYPERLINK(\"x\")|<b>"), OnExisting::Refuse).unwrap();
    let published = published_rows(&ReleaseDescription::pinned(), None, None).unwrap();
    let rows = board.ranked(&published);
    let csv = to_csv(&rows);
    assert!(csv.contains("\n\"'=HYPERLINK(\"\"x\"\")|<b>\",submitted,common-core-1000,"), "{csv}");
    assert!(
        csv.contains("qwen2.5-vl,published,common-core-1000,3998,,0.2933966983491746,"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 11);
    let columns = csv.lines().next().unwrap().split(',').count();
    assert_eq!(csv.lines().nth(1).unwrap().split(',').count(), columns, "{csv}");
    let markdown = to_markdown(&rows);
    assert!(markdown.contains("| =HYPERLINK(\"x\")\\|&lt;b&gt; | submitted |"), "{markdown}");
    assert_eq!(markdown.lines().count(), 12);
}
