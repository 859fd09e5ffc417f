//! `report` and `verify --html`.

use std::path::{Path, PathBuf};

use spinefairbench_artifacts::source::DirectorySource;
use spinefairbench_bootstrap::{Iterations, Plan};
use spinefairbench_scoring::index::BenchmarkIndex;
use spinefairbench_scoring::score::{Coverage, score};
use spinefairbench_scoring::score_file::ScoreFile;
use spinefairbench_scoring::submission;
use tempfile::TempDir;

use crate::binary::{check_status, mini, run, scope_manifests};

/// The core submission of the mini bundle, and its score file in `folder`.
fn scored(folder: &Path) -> (PathBuf, PathBuf) {
    let root = Path::new(mini().0);
    let submitted = root.join("metrics/core_submission.json");
    let submission = submission::read("core", std::fs::File::open(&submitted).unwrap()).unwrap();
    let bundle = DirectorySource::open(root).unwrap();
    let index = BenchmarkIndex::load(&bundle, submission.header.scope, &scope_manifests()).unwrap();
    let plan = Plan::published().with_iterations(Iterations::new(100).unwrap());
    let score = score(&submission, &index, Coverage::Complete, &plan).unwrap();
    let path = folder.join("score.json");
    std::fs::write(&path, ScoreFile::new(&score, "2026-01-01T00:00:00+00:00").to_bytes()).unwrap();
    (submitted, path)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_score_becomes_a_page_and_a_plot() {
    let folder = TempDir::new().unwrap();
    let (submitted, score) = scored(folder.path());
    let [page, plot] = ["score.html", "score.svg"].map(|name| folder.path().join(name));
    let (root, release) = mini();
    let output = run([
        "report",
        text(&score),
        "--html",
        text(&page),
        "--svg",
        text(&plot),
        "--artifacts",
        root,
        "--release",
        release,
        "--submission",
        text(&submitted),
    ]);
    check_status(&output, 0);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("core-model") && page.contains("\"diagnosis\""), "marked reports");
    assert!(
        page.contains("of the 9 published models"),
        "the published rows stand beside the score"
    );
    assert!(!page.contains("Hollow points"), "the bundle has an interval for every row");
    assert!(std::fs::read_to_string(plot).unwrap().contains("core-model"));
}

#[test]
fn a_score_of_another_bundle_is_not_ranked() {
    let folder = TempDir::new().unwrap();
    let (_, score) = scored(folder.path());
    let page = folder.path().join("score.html");
    check_status(&run(["report", text(&score), "--html", text(&page)]), 0);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("does not stand beside the published panel: the published rows are of"));
}

#[test]
fn what_cannot_be_a_report_is_refused_and_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let (_, score) = scored(folder.path());
    let page = folder.path().join("score.html");
    check_status(&run(["report", text(&score)]), 2);
    check_status(&run(["report", "absent.json", "--html", text(&page)]), 2);
    let wrong = folder.path().join("wrong.json");
    std::fs::write(&wrong, "{}").unwrap();
    check_status(&run(["report", text(&wrong), "--html", text(&page)]), 1);
    let other = Path::new(mini().0).join("metrics/toy_submission.json");
    let output = run(["report", text(&score), "--html", text(&page), "--submission", text(&other)]);
    check_status(&output, 1);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("is not the submission that was scored")
    );
    assert!(!page.exists());
}

#[test]
fn a_verdict_becomes_a_page() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("verdict.html");
    let (root, release) = mini();
    let verify = ["verify", "--artifacts", root, "--release", release, "--html", text(&page)];
    for (selection, verdict) in
        [(&[][..], "Consistent"), (&["--only", "inspect,table2"], "2 of 11 checks ran and pass")]
    {
        check_status(&run([&verify[..], selection].concat()), 0);
        let page = std::fs::read_to_string(&page).unwrap();
        assert!(page.contains(verdict) && page.contains("gpt-5.4"), "{verdict}");
    }
}
