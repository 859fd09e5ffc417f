//! The manifests of the scopes, altered and pinned: the answers are those of the benchmark's newest scorer.

use serde_json::Value;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::UniqueMap;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::MemorySource;
use spinefairbench_bootstrap::{Iterations, Plan};
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::index::{BenchmarkIndex, IndexError};
use spinefairbench_scoring::score::{Coverage, score};
use spinefairbench_scoring::score_file::{IdentityStatus, ScoreFile};
use spinefairbench_scoring::submission;

use crate::bundle::{file, fixture, mini, pins};

fn cases(name: &str) -> Vec<Value> {
    serde_json::from_slice(&fixture(name)).unwrap()
}

fn path_of(case: &Value) -> ReleasePath {
    case["file"].as_str().unwrap().parse().unwrap()
}

fn scope_of(case: &Value) -> Scope {
    case["scope"].as_str().unwrap().parse().unwrap()
}

#[test]
fn a_manifest_that_the_newest_scorer_refuses_is_refused_by_its_name() {
    let cases = cases("later/manifest_cases.json");
    assert_eq!(cases.len(), 26);
    for case in &cases {
        let path = path_of(case);
        let mut bundle = mini().clone();
        bundle.insert(path.clone(), case["content"].as_str().unwrap());
        let found = BenchmarkIndex::load(&bundle, scope_of(case), &UniqueMap::default());
        if let Some(pairs) = case["pairs"].as_u64() {
            assert_eq!(found.unwrap().pairs().count() as u64, pairs, "{case}");
        } else {
            let error = found.expect_err(case["name"].as_str().unwrap());
            assert!(format!("{error:#}").contains(path.as_str()), "{case}: {error}");
        }
    }
}

#[test]
fn a_named_scope_rests_on_its_pinned_manifests_alone() {
    let cases = cases("later/pin_cases.json");
    assert_eq!(cases.len(), 24);
    for case in &cases {
        let path = path_of(case);
        let mut bundle = mini().clone();
        match case["what"].as_str().unwrap() {
            "changed" => bundle.get_mut(&path).unwrap().push(b'\n'),
            "removed" => drop(bundle.remove(&path)),
            other => panic!("{other}"),
        }
        let found = BenchmarkIndex::load(&bundle, scope_of(case), &pins());
        if let Some(status) = case["status"].as_str() {
            let identity = found.unwrap().artifact_identity().clone();
            assert_eq!(serde_json::to_value(identity.status).unwrap(), status, "{case}");
        } else {
            let error = found.expect_err(case["error"].as_str().unwrap());
            assert!(format!("{error:#}").contains(path.as_str()), "{case}: {error}");
        }
    }
}

#[test]
fn without_pins_a_named_scope_is_scored_and_not_comparable() {
    for scope in [Scope::CommonCore1000, Scope::AllModelIntersection2166] {
        let index = BenchmarkIndex::load(mini(), scope, &UniqueMap::default()).unwrap();
        assert_eq!(index.artifact_identity().status, IdentityStatus::UnpinnedScope);
        assert!(index.artifact_identity().manifest_sha256.is_empty());
        // One pin that is missing leaves the scope unverified, and the others still hold.
        let some: UniqueMap<_> =
            pins().iter().skip(1).map(|(path, digest)| (path.to_owned(), *digest)).collect();
        let index = BenchmarkIndex::load(mini(), scope, &some).unwrap();
        assert_eq!(index.artifact_identity().status, IdentityStatus::UnpinnedScope);
        let mut bundle = mini().clone();
        bundle.get_mut(&layout::constant(layout::CORE_SUBSET)).unwrap().push(b'\n');
        assert!(matches!(
            BenchmarkIndex::load(&bundle, scope, &some),
            Err(IndexError::NotPinned { .. })
        ));
    }
}

#[test]
fn what_no_number_needs_is_not_asked_for() {
    let row = |image: &str| {
        format!(
            "\n{{\"pair_id\": \"a_1__young_male\", \"source_id\": \"a_1\", \"edit_label\": \"young_male\", \
             \"passed_qc\": true, \"counterfactual_image_path\": {image}, \"x\": 1, \"x\": 2}}\n\n"
        )
    };
    for image in ["null", "false", "7", "[]", "\"images/1.png\""] {
        let bundle: MemorySource =
            [(layout::constant(layout::QC_PASSED_PAIRS), row(image).into_bytes())]
                .into_iter()
                .collect();
        let index = BenchmarkIndex::load(&bundle, Scope::QcPassed, &pins()).unwrap();
        let (_, pair) = index.pairs().next().unwrap();
        assert_eq!(pair.image_path.is_some(), image.contains("png"), "{image}");
        assert_eq!(index.bundle_identity(), None, "a bundle without checksums has no name");
    }
}

/// What a file says of its manifests holds only if scoring again comes to the same.
#[test]
fn a_score_on_pinned_manifests_is_one_again_or_is_refused() {
    let submission = file("metrics/core_submission.json");
    let submission = submission::read("core.json", submission.as_slice()).unwrap();
    let scored = |pins: &UniqueMap<Sha256>| {
        let index = BenchmarkIndex::load(mini(), Scope::CommonCore1000, pins).unwrap();
        let plan = Plan::published().with_iterations(Iterations::new(50).unwrap());
        let score = score(&submission, &index, Coverage::Complete, &plan).unwrap();
        ScoreFile::new(&score, "2026-01-01T00:00:00+00:00")
    };
    let (pinned, unpinned) = (scored(&pins()), scored(&UniqueMap::default()));
    pinned.check_rescored("mine.json", &pinned).unwrap();
    let refused = pinned.check_rescored("mine.json", &unpinned).unwrap_err().to_string();
    assert!(refused.contains("`artifact_identity."), "{refused}");
    // A file that claims less than was found here is none the worse for it.
    unpinned.check_rescored("mine.json", &pinned).unwrap();
}
