//! The reviewer checks on a demonstration bundle, with the description that was written beside it.

use std::collections::BTreeMap;

use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::DirectorySource;
use spinefairbench_checks::check::GivenFile;
use spinefairbench_checks::check::followup::SUPPLEMENT;
use spinefairbench_checks::{FindingCap, Selection, Status, SuiteReport, Unobserved, verify};
use spinefairbench_demo::{DemoBundle, DemoPlan, Scale, build};

use crate::SHARED;

fn suite(bundle: &DemoBundle) -> SuiteReport {
    let description = std::fs::read(&bundle.release_path).unwrap();
    let release = ReleaseDescription::parse("bundle.release.json", &description).unwrap();
    let source = DirectorySource::open(&bundle.root).unwrap();
    let supplement = std::fs::read(&bundle.supplement_path).unwrap();
    let supplement = GivenFile { name: "bundle.supplement.json".into(), bytes: supplement };
    let selection = Selection { files: [(SUPPLEMENT, supplement)].into(), ..Selection::default() };
    verify(&source, &release, &selection, FindingCap::default(), &Unobserved).unwrap()
}

#[track_caller]
fn assert_passes(suite: &SuiteReport) {
    let findings: BTreeMap<String, _> = suite
        .checks
        .iter()
        .filter(|report| report.status() == Status::Fail)
        .map(|report| (report.check.to_string(), &report.findings))
        .collect();
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!(suite.status(), Status::Pass);
    // Nothing that the description could state is left uncompared.
    let notes: Vec<&String> = suite.checks.iter().flat_map(|report| &report.notes).collect();
    let [intervals] = notes[..] else { panic!("{notes:#?}") };
    assert!(intervals.starts_with("the stored intervals were not drawn anew"), "{intervals}");
    assert_eq!(suite.not_compared(), []);
}

#[test]
fn every_check_passes_on_a_small_bundle() {
    assert_passes(&suite(&SHARED));
}

#[test]
fn every_check_passes_on_a_full_bundle() {
    if std::env::var_os("RUN_SLOW_TESTS").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let plan = DemoPlan { seed: 2, scale: Scale::Full };
    assert_passes(&suite(&build(&plan, &folder.path().join("bundle"), &()).unwrap()));
}
