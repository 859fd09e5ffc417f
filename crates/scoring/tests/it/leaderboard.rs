//! Leaderboards of score files and the published rows, on the mini bundle.

#![allow(clippy::float_cmp, reason = "tests compare exact values")]

use serde_json::Value;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::records::core_summary::{self, CoreSummary};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_bootstrap::Seed;
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::leaderboard::{
    Added, Assurance, Leaderboard, LeaderboardError, OnExisting, PublishedMismatch, RankedRow,
    Refusal, RowKind, published_rows, to_csv, to_json, to_markdown,
};
use spinefairbench_scoring::score_file::{
    Ci95, ScoreFile, SeedNumber, StrippedNote, SubmissionNotes,
};

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
    board.add(&named("first"), Assurance::AsStated, OnExisting::Refuse).unwrap();
    board
}

/// Why a board refuses the core score after `change`.
#[track_caller]
fn reasons(change: impl FnOnce(&mut ScoreFile)) -> Vec<Refusal> {
    let (mut board, mut score) = (board(), named("second"));
    change(&mut score);
    let before = board.clone();
    let Err(LeaderboardError::Refused { model, reasons }) =
        board.add(&score, Assurance::AsStated, OnExisting::Refuse)
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
        &reasons(|score| score.scope = Scope::Toy)[..],
        [Refusal::OpenScope { .. }, Refusal::Scope { .. }]
    ));
    assert!(matches!(&reasons(|score| score.scope = Scope::QcPassed)[..], [Refusal::Scope { .. }]));
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
            other.bundle_files.insert(layout::CORE_SUBSET.to_owned(), Sha256::of(b"other"));
            score.provenance = Some(other);
        })[..],
        [Refusal::Benchmark { .. }]
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
    assert!(board.add(&again, Assurance::AsStated, OnExisting::Refuse).is_err());
    let added = board.add(&again, Assurance::Recomputed, OnExisting::Replace).unwrap();
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
    board.add(&named("=second|"), Assurance::AsStated, OnExisting::Refuse).unwrap();
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

#[test]
fn a_row_that_no_score_can_have_is_refused_by_its_field() {
    let mut board = board();
    board.add(&named("second"), Assurance::Recomputed, OnExisting::Refuse).unwrap();
    let bytes = board.to_bytes();
    let refused = |field: &str, change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_slice(&bytes).unwrap();
        change(&mut value["rows"][1]);
        let error =
            Leaderboard::from_bytes("board.json", value.to_string().as_bytes()).unwrap_err();
        assert!(error.to_string().contains(&format!("`{field}")), "{field}: {error}");
    };
    let estimate = |endpoint: &'static str, value: f64| {
        move |row: &mut Value| row[endpoint]["point_estimate"] = value.into()
    };
    let (change, consistency) = ("recommendation_change_rate", "diagnostic_label_consistency");
    for value in [-1.0, -0.0, 7.5, 0.123_456] {
        refused("recommendation_change_rate.point_estimate", &estimate(change, value));
    }
    refused("diagnostic_label_consistency.point_estimate", &estimate(consistency, 7.5));
    refused("diagnostic_label_consistency.point_estimate", &estimate(consistency, 0.500_000_001));
    refused("recommendation_change_rate.ci95", &|row| {
        row["recommendation_change_rate"]["ci95"] = serde_json::json!({"lower": 0.9, "upper": 0.1});
    });
    refused("diagnostic_label_consistency.ci95", &|row| {
        row["diagnostic_label_consistency"]["ci95"]["upper"] = 1.5.into();
    });
    refused("n_pairs", &|row| row["n_pairs"] = 0.into());
    refused("n_pairs", &|row| row["n_pairs"] = 999_999.into());
    refused("n_pairs", &|row| row["pair_full_refusals"] = u64::MAX.into());
    refused("model", &|row| row["model"] = " ".into());
    refused("scored_at_utc", &|row| row["scored_at_utc"] = "yesterday".into());
}

#[test]
fn terms_that_no_score_states_are_refused_by_their_field() {
    let bytes = board().to_bytes();
    for (field, value) in [
        ("scope", "toy".into()),
        ("registry", "none".into()),
        ("bootstrap", "guessed".into()),
        ("bootstrap_seed", "-1".into()),
        ("bootstrap_iterations", 0.into()),
    ] {
        let mut forged: Value = serde_json::from_slice(&bytes).unwrap();
        forged["terms"][field] = value;
        let error =
            Leaderboard::from_bytes("board.json", forged.to_string().as_bytes()).unwrap_err();
        assert!(error.to_string().contains(&format!("`terms.{field}`")), "{field}: {error}");
    }
}

#[test]
fn a_board_of_an_older_version_takes_scores_of_its_bundle() {
    let mut value: Value = serde_json::from_slice(&board().to_bytes()).unwrap();
    value["terms"].as_object_mut().unwrap().remove("scope_manifests");
    value["rows"][0].as_object_mut().unwrap().remove("assurance");
    let text = value.to_string();
    let mut old = Leaderboard::from_bytes("board.json", text.as_bytes()).unwrap();
    assert!(old.rows().all(|row| row.kind == RowKind::Submitted(Assurance::AsStated)));
    let mut elsewhere = named("second");
    elsewhere.provenance.as_mut().unwrap().bundle_identity = Some(Sha256::of(b"other"));
    assert!(old.add(&elsewhere, Assurance::AsStated, OnExisting::Refuse).is_err());
    old.add(&named("second"), Assurance::AsStated, OnExisting::Refuse).unwrap();
    // From now on the manifests are known, and the archive is of no account.
    elsewhere.table2_row.model_name = "third".to_owned();
    old.add(&elsewhere, Assurance::AsStated, OnExisting::Refuse).unwrap();
}

#[test]
fn every_form_says_which_rows_were_recomputed() {
    let mut board = board();
    board.add(&named("second"), Assurance::Recomputed, OnExisting::Refuse).unwrap();
    let rows = board.ranked(&[]);
    assert!(to_csv(&rows).lines().nth(1).unwrap().ends_with(",1,as stated,false,"));
    assert!(to_csv(&rows).lines().nth(2).unwrap().ends_with(",1,recomputed,false,"));
    assert!(to_markdown(&rows).contains("| second | submitted, recomputed |"));
    let shown: Value = serde_json::from_slice(&to_json(&rows, None)).unwrap();
    assert_eq!(
        (&shown["rows"][0]["assurance"], &shown["rows"][1]["assurance"]),
        (&"as stated".into(), &"recomputed".into())
    );
    assert_eq!((&shown["rows"][0]["place"], &shown["rows"][1]["place"]), (&1.into(), &1.into()));
}

#[test]
fn every_form_says_of_which_submissions_reasoning_was_taken_out() {
    let mut changed = named("changed");
    let note = StrippedNote {
        characters: 3,
        forms: vec!["think, closed".to_owned()],
        original_sha256: "0".repeat(64),
        reports: 1,
    };
    changed.submission =
        Some(SubmissionNotes { advice: Vec::new(), stripped: Some(note), unanswered_pairs: None });
    let mut board = board();
    board.add(&changed, Assurance::Recomputed, OnExisting::Refuse).unwrap();
    let bytes = board.to_bytes();
    let board = Leaderboard::from_bytes("board.json", &bytes).unwrap();
    let rows = board.ranked(&[]);
    assert!(to_csv(&rows).lines().nth(1).unwrap().ends_with(",1,recomputed,true,"));
    let markdown = to_markdown(&rows);
    assert!(markdown.contains("| changed | submitted, recomputed, reasoning taken out |"));
    assert!(markdown.contains("| first | submitted, as stated |"), "{markdown}");
    let shown: Value = serde_json::from_slice(&to_json(&rows, None)).unwrap();
    assert_eq!(shown["rows"][0]["submission_changed"], true);
    assert_eq!(shown["rows"][1]["submission_changed"], false);
}

#[test]
fn every_form_marks_intervals_without_width() {
    let mut score = named("first");
    let endpoint = &mut score.primary_endpoints.recommendation_change_rate;
    endpoint.ci95 = Ci95 { lower: 0.3, upper: 0.1 + 0.2 };
    let mut board = Leaderboard::default();
    board.add(&score, Assurance::AsStated, OnExisting::Refuse).unwrap();
    let rows = board.ranked(&[]);
    let csv = to_csv(&rows);
    assert!(csv.lines().nth(1).unwrap().ends_with(",false,recommendation_change_rate"), "{csv}");
    assert_eq!(to_markdown(&rows).matches("(no width)").count(), 1);
    let shown: Value = serde_json::from_slice(&to_json(&rows, None)).unwrap();
    assert_eq!(
        shown["rows"][0]["uninformative_intervals"],
        serde_json::json!(["recommendation_change_rate"])
    );
}

fn summary() -> CoreSummary {
    core_summary::document().part(Ok(&file(layout::CORE_SUMMARY))).strict().unwrap()
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
        Err(PublishedMismatch::Benchmark { .. })
    ));
    let mut other = Leaderboard::default();
    other
        .add(&scored("metrics/qc_submission.json"), Assurance::AsStated, OnExisting::Refuse)
        .unwrap();
    assert!(matches!(
        published_rows(&ReleaseDescription::pinned(), None, other.terms()),
        Err(PublishedMismatch::Scope { .. })
    ));
}

#[test]
fn rows_are_ranked_by_change_then_consistency_then_name() {
    let mut board = board();
    board.add(&named("a"), Assurance::AsStated, OnExisting::Refuse).unwrap();
    let published = published_rows(&ReleaseDescription::pinned(), None, None).unwrap();
    let ranked = board.ranked(&published);
    assert_eq!(ranked.len(), 11);
    let keys: Vec<_> = ranked
        .iter()
        .map(|RankedRow { row, .. }| {
            (row.recommendation_change.value, -row.diagnostic_consistency.value, &row.model)
        })
        .collect();
    assert!(keys.is_sorted_by(|left, right| left.partial_cmp(right).unwrap().is_lt()), "{keys:?}");
    let place = |model: &str| {
        ranked.iter().find(|ranked| ranked.row.model == model).map(|ranked| ranked.place)
    };
    assert_eq!(place("a"), place("first"), "equal rows share a place");
}

#[test]
fn foreign_names_are_escaped_in_both_tables() {
    let mut board = Leaderboard::default();
    board.add(&named("=HYPERLINK(\"x\")|<b>"), Assurance::AsStated, OnExisting::Refuse).unwrap();
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
    assert!(
        markdown.contains("| =HYPERLINK(\"x\")\\|&lt;b&gt; | submitted, as stated |"),
        "{markdown}"
    );
    assert_eq!(markdown.lines().count(), 12);
}
