//! Comparisons, leaderboards and sensitivity analyses of the mini bundle's submissions, through the binary.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::Value as AnyValue;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::source::DirectorySource;
use spinefairbench_bootstrap::{Iterations, Plan};
use spinefairbench_parsers::{ResponseClass, diagnostic_labels_strict, response_class};
use spinefairbench_scoring::index::BenchmarkIndex;
use spinefairbench_scoring::score::{Coverage, score};
use spinefairbench_scoring::score_file::ScoreFile;
use spinefairbench_scoring::submission;
use tempfile::TempDir;

use crate::binary::{check_status, demo, mini, run, scope_manifests, stdout_json};

const CORE: &str = "metrics/core_submission.json";
const QUALITY: &str = "metrics/qc_submission.json";

/// A folder with score files.
struct Scores(TempDir);

impl Scores {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes the score of a submission of the mini bundle under `name`, after `change`.
    fn put(&self, name: &str, submission: &str, change: impl FnOnce(&mut ScoreFile)) -> String {
        let mut file = scored(Path::new(mini().0), submission);
        change(&mut file);
        std::fs::write(self.path(name), file.to_bytes()).unwrap();
        self.text(name)
    }
}

fn scored(root: &Path, submission: &str) -> ScoreFile {
    let bytes = std::fs::read(root.join(submission)).unwrap();
    let submission = submission::read(submission, bytes.as_slice()).unwrap();
    let source = DirectorySource::open(root).unwrap();
    let index = BenchmarkIndex::load(&source, submission.header.scope, &scope_manifests()).unwrap();
    let plan = Plan::published().with_iterations(Iterations::new(200).unwrap());
    let score = score(&submission, &index, Coverage::Complete, &plan).unwrap();
    ScoreFile::new(&score, "2026-01-01T00:00:00+00:00")
}

fn name_model(name: &str) -> impl FnOnce(&mut ScoreFile) + '_ {
    move |file| {
        name.clone_into(&mut file.table2_row.model_name);
        file.model.insert("name".to_owned(), AnyValue::String(name.to_owned()));
    }
}

fn stdout(arguments: &[&str], status: i32) -> String {
    let output = run(arguments.iter().copied());
    check_status(&output, status);
    String::from_utf8(output.stdout).unwrap()
}

fn stderr(arguments: &[&str], status: i32) -> String {
    let output = run(arguments.iter().copied());
    check_status(&output, status);
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// The numbers of an interval as they are written.
fn written(text: &RawValue) -> String {
    text.get().split_whitespace().collect()
}

#[derive(Deserialize)]
struct Compared {
    comparisons: Vec<ComparedPair>,
}

#[derive(Deserialize)]
struct ComparedPair {
    endpoints: BTreeMap<String, BTreeMap<String, Box<RawValue>>>,
}

#[derive(Deserialize)]
struct Ends {
    lower: Box<RawValue>,
    upper: Box<RawValue>,
}

#[test]
fn an_interval_is_the_one_of_the_differences() {
    let scores = Scores::new();
    let (core, quality) =
        (scores.put("a.json", CORE, |_| {}), scores.put("b.json", QUALITY, |_| {}));
    let table = scores.text("differences.csv");
    for settings in [
        &["--iterations", "300"][..],
        &["--iterations", "77", "--seed", "7", "--rng", "python-mt19937"],
    ] {
        let mut call =
            vec!["compare", &core, &quality, "--differences", &table, "--format", "json"];
        call.extend(settings);
        let compared: Compared = serde_json::from_str(&stdout(&call, 0)).unwrap();
        for (endpoint, numbers) in &compared.comparisons[0].endpoints {
            let mut call = vec![
                "interval",
                &table,
                "--value",
                endpoint,
                "--cluster",
                "source_id",
                "--format",
                "json",
            ];
            call.extend(settings);
            let interval: BTreeMap<String, Box<RawValue>> =
                serde_json::from_str(&stdout(&call, 0)).unwrap();
            let ends: Ends = serde_json::from_str(numbers["ci95"].get()).unwrap();
            let expected = format!("[{},{}]", written(&ends.lower), written(&ends.upper));
            assert_eq!(written(&interval["ci95"]), expected, "{endpoint}");
            assert_eq!(
                written(&interval["mean"]),
                written(&numbers["mean_difference"]),
                "{endpoint}"
            );
        }
    }
}

#[test]
fn a_model_against_itself_differs_by_nothing() {
    let scores = Scores::new();
    let core = scores.put("core.json", CORE, |_| {});
    let again = scores.put("again.json", CORE, |_| {});
    let turned = scores.put("turned.json", CORE, |file| file.per_pair_results.reverse());
    assert!(stderr(&["compare", &core, &turned], 1).contains("`per_pair_results[1].pair_id`"));
    let call = ["compare", &core, &again, "--iterations", "50"];
    let found: Value =
        serde_json::from_str(&stdout(&[&call[..], &["--format", "json"]].concat(), 0)).unwrap();
    let endpoints = found["comparisons"][0]["endpoints"].as_object().unwrap();
    assert_eq!(endpoints.len(), 2);
    for endpoint in endpoints.values() {
        assert_eq!(endpoint["mean_difference"], 0.0);
        assert_eq!(
            (&endpoint["ci95"]["lower"], &endpoint["ci95"]["upper"]),
            (&0.0.into(), &0.0.into())
        );
        assert_eq!(
            (&endpoint["sign_flip"]["p"], &endpoint["wilcoxon"]["p"]),
            (&1.0.into(), &1.0.into())
        );
        assert_eq!(endpoint["verdict"], "identical");
    }
    let text = stdout(&call, 0);
    assert!(text.contains("+0.000  [+0.000, +0.000]"), "{text}");
    assert!(
        text.contains("degenerate: recommendation change: ") && text.contains("no_difference"),
        "{text}"
    );
    assert!(text.contains("core.json) against") && text.contains("again.json)"), "{text}");
}

#[test]
fn every_two_models_are_compared() {
    let scores = Scores::new();
    let files: Vec<String> = ["one", "two", "three"]
        .iter()
        .map(|name| scores.put(&format!("{name}.json"), CORE, name_model(name)))
        .collect();
    let json = scores.text("out.json");
    let mut call = vec!["compare", "--iterations", "20", "--json", &json];
    call.extend(files.iter().map(String::as_str));
    let text = stdout(&call, 0);
    for heading in ["one against two\n", "one against three\n", "two against three\n"] {
        assert!(text.contains(heading), "{text}");
    }
    assert!(text.contains("adjusted over 6 tests"), "{text}");
    let written: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(written["tests_in_family"], 6);
    call.extend(["--differences", "never.csv"]);
    assert!(stderr(&call, 2).contains("this call makes 3"));
    assert!(!Path::new("never.csv").exists());
}

#[test]
fn a_score_stands_against_the_published_models() {
    let (root, release) = mini();
    let scores = Scores::new();
    let core = scores.put("core.json", CORE, |_| {});
    let call = [
        "compare",
        &core,
        "--panel",
        "--artifacts",
        root,
        "--release",
        release,
        "--iterations",
        "20",
    ];
    let output = run(call.into_iter().chain(["--format", "json"]));
    check_status(&output, 0);
    let found = stdout_json(&output);
    let comparisons = found["comparisons"].as_array().unwrap();
    assert_eq!((comparisons.len(), &found["tests_in_family"]), (9, &18.into()));
    assert!(comparisons.iter().all(|comparison| comparison["first"] == comparisons[0]["first"]));
    assert!(comparisons.iter().any(|comparison| comparison["second"] == "gpt-5.4"));
    let other = scores.put("other.json", CORE, |file| {
        let other = Sha256::of(b"other");
        let files = &mut file.provenance.as_mut().unwrap().bundle_files;
        files.insert(layout::QC_PASSED_PAIRS.to_owned(), other);
        file.artifact_identity.as_mut().unwrap().manifest_sha256 = files.clone();
        let identity = &mut file.artifact_identity.as_mut().unwrap().manifest_sha256;
        identity.remove(layout::SHA256SUMS);
    });
    let mut call = call;
    call[1] = &other;
    assert!(stderr(&call, 1).contains("were scored over different manifests"));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let scores = Scores::new();
    let core = scores.put("core.json", CORE, |_| {});
    assert!(stderr(&["compare", &core], 2).contains("--panel"));
    assert!(stderr(&["compare", &core, "no-such-file.json"], 2).contains("no-such-file.json"));
    assert!(stderr(&["compare", &core, &core, "--artifacts", "x"], 2).contains("--panel"));
    let foreign = scores.put("foreign.json", CORE, |file| {
        file.provenance.as_mut().unwrap().registry.combined = "0".repeat(64);
    });
    assert!(stderr(&["compare", &core, &foreign], 1).contains("under different registries"));
    std::fs::write(scores.path("text.json"), "{").unwrap();
    std::fs::write(scores.path("list.json"), "[]").unwrap();
    let errors =
        stderr(&["compare", &core, &scores.text("text.json"), &scores.text("list.json")], 1);
    assert!(errors.contains("text.json") && errors.contains("list.json"), "{errors}");
}

#[test]
fn a_leaderboard_grows_and_is_rendered() {
    let (root, release) = mini();
    let scores = Scores::new();
    let board = scores.text("board.json");
    let first = scores.put("first.json", CORE, name_model("first|one"));
    assert!(stdout(&["leaderboard", "add", &board, &first], 0).contains("added     first|one"));
    let before = std::fs::read(&board).unwrap();
    let again = stderr(&["leaderboard", "add", &board, &first], 1);
    assert!(again.contains("`first|one` has a row already"), "{again}");
    assert_eq!(std::fs::read(&board).unwrap(), before);
    let replaced = stdout(&["leaderboard", "add", &board, &first, "--replace"], 0);
    assert!(
        replaced.contains("replaced  first|one") && replaced.contains("rows      1"),
        "{replaced}"
    );

    let published = ["--artifacts", root, "--release", release];
    let shown = stdout(&[&["leaderboard", "show", &board][..], &published].concat(), 0);
    assert!(shown.contains("first|one") && shown.contains("gpt-5.4"), "{shown}");
    assert_eq!(shown.matches(" published ").count(), 9, "{shown}");
    assert!(shown.contains(" submitted, as stated "), "{shown}");
    let (csv, markdown) = (scores.text("board.csv"), scores.text("board.md"));
    let forms = ["leaderboard", "render", &board, "--csv", &csv, "--markdown", &markdown];
    assert_eq!(stdout(&[&forms[..], &published].concat(), 0), "");
    let csv = std::fs::read_to_string(csv).unwrap();
    assert_eq!(csv.lines().count(), 11, "{csv}");
    assert!(
        std::fs::read_to_string(markdown)
            .unwrap()
            .contains("| first\\|one | submitted, as stated |")
    );
    assert!(stderr(&["leaderboard", "render", &board], 2).contains("--csv"));
    // Of the folder nothing is left but what was asked for; a lock file can only be removed on Unix.
    let names: Vec<String> = std::fs::read_dir(scores.0.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| cfg!(unix) || name != "board.json.lock")
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn a_board_shows_the_places_that_its_score_files_leave_open() {
    let scores = Scores::new();
    let board = scores.text("board.json");
    let names = ["one", "two", "three"];
    let files = names.map(|name| scores.put(&format!("{name}.json"), CORE, name_model(name)));
    let add = [&["leaderboard", "add", &board][..], &files.each_ref().map(String::as_str)].concat();
    stdout(&add, 0);
    let with_scores = |action: &'static str| {
        [&["leaderboard", action, &board, "--scores"][..], &files.each_ref().map(String::as_str)]
            .concat()
    };
    // Equal models share a place, and nothing tells them apart.
    let shown = stdout(&with_scores("show"), 0);
    assert_eq!(shown.matches("1 (1 to 3)").count(), 6, "{shown}");
    let page = scores.text("board.html");
    stdout(&[&with_scores("render")[..], &["--html", &page]].concat(), 0);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("Places left open") && page.contains("1 to 3"));
    let json = stdout(&[&with_scores("show")[..], &["--format", "json"]].concat(), 0);
    let json: Value = serde_json::from_str(&json).unwrap();
    let rows = &json["ranks"]["endpoints"]["recommendation_change_rate"];
    assert_eq!(rows.as_array().unwrap().len(), 3);
    let other = scores.put("other.json", CORE, name_model("other"));
    let refused = stderr(&["leaderboard", "show", &board, "--scores", &other], 1);
    assert!(refused.contains("is the score of no row of the board"), "{refused}");
}

#[test]
fn published_rows_of_another_bundle_are_left_out() {
    let (root, release) = mini();
    let scores = Scores::new();
    let board = scores.text("board.json");
    let first = scores.put("first.json", CORE, |_| {});
    stdout(&["leaderboard", "add", &board, &first], 0);
    let output = run(["leaderboard", "show", &board]);
    check_status(&output, 0);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("no published rows"), "{errors}");
    assert!(!String::from_utf8(output.stdout).unwrap().contains("gpt-5.4"));
    let demo = demo().root.to_str().unwrap();
    assert_ne!(demo, root);
    let wrong =
        stderr(&["leaderboard", "show", &board, "--artifacts", demo, "--release", release], 1);
    assert!(wrong.contains("is not the bundle of"), "{wrong}");
    assert!(
        stderr(&["leaderboard", "show", "no-such-board.json"], 2).contains("no-such-board.json")
    );
}

#[test]
fn a_leaderboard_names_every_reason() {
    let scores = Scores::new();
    let board = scores.text("board.json");
    let first = scores.put("first.json", CORE, name_model("first"));
    stdout(&["leaderboard", "add", &board, &first], 0);
    let before = std::fs::read(&board).unwrap();
    let second = scores.put("second.json", CORE, |file| {
        name_model("second")(file);
        let provenance = file.provenance.as_mut().unwrap();
        provenance.registry.combined = "0".repeat(64);
        provenance.bundle_files.insert(layout::CORE_SUBSET.to_owned(), Sha256::of(b"other"));
        let identity = file.artifact_identity.as_mut().unwrap();
        identity.manifest_sha256.insert(layout::CORE_SUBSET.to_owned(), Sha256::of(b"other"));
    });
    let errors = stderr(&["leaderboard", "add", &board, &second], 1);
    assert_eq!(errors.lines().count(), 2, "{errors}");
    for reason in ["registry digest", "manifests of the scope differ"] {
        assert!(errors.contains(reason), "{errors}");
    }
    let toy = scores.put("toy.json", "metrics/toy_submission.json", |_| {});
    assert!(stderr(&["leaderboard", "add", &board, &toy], 1).contains("no fixed set of pairs"));
    let new = scores.text("new.json");
    stderr(&["leaderboard", "add", &new, &toy], 1);
    assert!(!Path::new(&new).exists(), "a refused score makes no board");
    std::fs::write(scores.path("wrong.json"), "{}").unwrap();
    stderr(&["leaderboard", "add", &scores.text("wrong.json"), &first], 1);
    assert_eq!(std::fs::read(&board).unwrap(), before);
}

#[test]
fn a_row_whose_submission_gives_another_score_is_refused() {
    let (root, release) = mini();
    let scores = Scores::new();
    let board = scores.text("board.json");
    let score = scores.put("core.json", CORE, name_model("core"));
    let of_bundle = ["--artifacts", root, "--release", release];
    let add = |submission: &str| -> Vec<String> {
        let call = ["leaderboard", "add", &board, &score, "--submission", submission];
        call.into_iter().chain(of_bundle).map(str::to_owned).collect()
    };
    let refused = |submission: &str, reason: &str| {
        let call = add(submission);
        let call: Vec<&str> = call.iter().map(String::as_str).collect();
        let errors = stderr(&call, 1);
        assert!(errors.contains(reason), "{errors}");
        assert!(!Path::new(&board).exists(), "a refused score makes no board");
    };
    let other = Path::new(root).join(QUALITY);
    refused(other.to_str().unwrap(), "is the score of none of the submissions");
    // The score's own submission, but for a report and the model's name.
    let mut value: Value =
        serde_json::from_slice(&std::fs::read(Path::new(root).join(CORE)).unwrap()).unwrap();
    value["results"][0]["counterfactual_report"] = "Normal.".into();
    std::fs::write(scores.path("edited.json"), value.to_string()).unwrap();
    refused(&scores.text("edited.json"), "is the score of none of the submissions");
    // The score says that it is of the edited one.
    let bytes = std::fs::read(scores.path("edited.json")).unwrap();
    let digest = submission::read("edited", bytes.as_slice()).unwrap().content_digest;
    let score_of = |name: &str| {
        scores.put(name, CORE, |file| {
            file.provenance.as_mut().unwrap().submission_sha256 = digest;
        })
    };
    let claimed = score_of("core.json");
    assert_eq!(claimed, score);
    refused(&scores.text("edited.json"), "contradicts itself");
}

#[test]
fn names_of_models_that_look_alike_get_advice() {
    let scores = Scores::new();
    let board = scores.text("board.json");
    let first = scores.put("a.json", CORE, name_model("model-5"));
    let second = scores.put("b.json", CORE, name_model("mоdel\u{2011}5"));
    for call in [
        &["leaderboard", "add", &board, &first, &second][..],
        &["leaderboard", "show", &board],
        &["compare", &first, &second, "--iterations", "20"],
    ] {
        let output = run(call.iter().copied());
        check_status(&output, 0);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(
            errors.contains("advice: names of models look alike and are not the same"),
            "{errors}"
        );
    }
}

#[test]
fn foreign_names_reach_the_terminal_escaped() {
    let (root, release) = mini();
    let evil = "evil\u{1b}[31m\u{202e}\u{7}\nname";
    let scores = Scores::new();
    let (first, second) =
        (scores.put("a.json", CORE, name_model(evil)), scores.put("b.json", QUALITY, |_| {}));
    let board = scores.text("board.json");
    let submission = scores.text("submission.json");
    let mut value: Value =
        serde_json::from_slice(&std::fs::read(Path::new(root).join(CORE)).unwrap()).unwrap();
    value["model"]["name"] = evil.into();
    std::fs::write(&submission, value.to_string()).unwrap();
    for (call, status) in [
        (&["compare", &first, &second, "--iterations", "20"][..], 0),
        (&["leaderboard", "add", &board, &first], 0),
        (&["leaderboard", "add", &board, &first], 1),
        (&["leaderboard", "add", &board, &first, "--replace"], 0),
        (&["leaderboard", "show", &board, "--artifacts", root, "--release", release], 0),
        (&["sensitivity", &submission, "--artifacts", root], 0),
    ] {
        let output = run(call.iter().copied());
        check_status(&output, status);
        let shown = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(shown.contains("evil\\u{1b}[31m\\u{202e}\\u{7}\\u{a}name"), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown}");
    }
}

/// The mean Jaccard index of the strict label sets over usable pairs, summed in the order of the ids.
fn strict_consistency(submission: &Value) -> f64 {
    let text = |result: &Value, field: &str| result[field].as_str().unwrap().to_owned();
    let values: BTreeMap<String, f64> = submission["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|result| {
            let sides = ["source_report", "counterfactual_report"].map(|field| text(result, field));
            if sides.iter().any(|side| response_class(side) == ResponseClass::FullRefusal) {
                return None;
            }
            let [source, counterfactual] = sides.map(|side| diagnostic_labels_strict(&side));
            Some((text(result, "pair_id"), source.jaccard(counterfactual)))
        })
        .collect();
    values.values().fold(0.0, |sum, value| sum + value)
        / f64::from(u32::try_from(values.len()).unwrap())
}

#[test]
fn the_strict_row_is_a_recount() {
    let root = mini().0;
    for path in [CORE, QUALITY] {
        let whole = Path::new(root).join(path);
        let submission: Value = serde_json::from_slice(&std::fs::read(&whole).unwrap()).unwrap();
        let output =
            run(["sensitivity", whole.to_str().unwrap(), "--artifacts", root, "--format", "json"]);
        check_status(&output, 0);
        let found = stdout_json(&output);
        let rows = found["models"][0]["rows"].as_array().unwrap();
        let row = |name: &str| rows.iter().find(|row| row["variant"] == name).unwrap();
        let strict = row("strict_registry")["diagnostic_label_consistency"].as_f64().unwrap();
        assert_eq!(strict.to_bits(), strict_consistency(&submission).to_bits(), "{path}");
        assert_eq!(row("frozen")["diagnostic_label_consistency_shift"], 0.0);
        // The texts are at hand, so that no variant is left out.
        assert!(row("negation_aware")["recommendation_change_rate"].is_number());
        assert_eq!(found["models"][0]["left_out"], Value::Array(Vec::new()));
    }
}

#[test]
fn the_order_of_the_published_models_is_analysed() {
    let (root, release) = mini();
    let call = ["sensitivity", "--panel", "--artifacts", root, "--release", release];
    let text = stdout(&call, 0);
    assert!(text.contains("best to worst: ") && text.contains("strict registry"), "{text}");
    let frozen = text.lines().find(|line| line.trim_start().starts_with("frozen ")).unwrap();
    assert!(frozen.contains("+0.000") && frozen.contains("1.000"), "{frozen}");
    let found: Value =
        serde_json::from_str(&stdout(&[&call[..], &["--format", "json"]].concat(), 0)).unwrap();
    assert_eq!(found["models"].as_array().unwrap().len(), 9);
}

#[test]
fn what_cannot_be_analysed_is_refused() {
    let root = mini().0;
    let scores = Scores::new();
    let core = scores.put("core.json", CORE, |_| {});
    let errors = stderr(&["sensitivity", &core, "--artifacts", root], 1);
    assert!(errors.contains("is a score file") && errors.lines().count() == 1, "{errors}");
    std::fs::write(scores.path("wrong.json"), "{\"scope\": \"everything\"}").unwrap();
    let errors = stderr(&["sensitivity", &scores.text("wrong.json"), "--artifacts", root], 1);
    assert!(errors.lines().count() > 1, "{errors}");
    stderr(&["sensitivity", "--artifacts", root], 2);
    stderr(&["sensitivity", "no-such-file.json", "--artifacts", root], 2);
}
