//! Files that are the published ones by their digests, and readers that refuse them.

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_checks::{
    CheckReport, FindingCap, Selection, Status, SuiteReport, Unobserved, Verdict, verify,
};

use crate::bundle::{Overlay, release};

/// Makes the manifest of a bundle anew, as if it had been published so.
fn published(bundle: &mut Overlay, changed: &[&str]) -> ReleaseDescription {
    for manifest in [layout::RADIOLOGIST_SHA256SUMS, layout::SHA256SUMS] {
        let line = |line: &str| {
            let (_, path) = line.split_once("  ").unwrap();
            let is_changed = path == layout::RADIOLOGIST_SHA256SUMS || changed.contains(&path);
            if !is_changed {
                return format!("{line}\n");
            }
            format!("{}  {path}\n", Sha256::of(&bundle.bytes(path)))
        };
        let sums: String = bundle.text(manifest).lines().map(line).collect();
        bundle.put(manifest, sums);
    }
    let mut release = release();
    let anchors = release.artifact_anchors.into_iter();
    release.artifact_anchors =
        anchors.map(|(path, _)| (path.clone(), Sha256::of(&bundle.bytes(&path)))).collect();
    release
}

fn suite(bundle: &Overlay, release: &ReleaseDescription) -> SuiteReport {
    let all = Selection::default();
    verify(&bundle.source, release, &all, FindingCap::default(), &Unobserved).unwrap()
}

fn report<'a>(suite: &'a SuiteReport, check: &str) -> &'a CheckReport {
    suite.checks.iter().find(|report| report.check.as_str() == check).unwrap()
}

#[test]
fn a_published_file_that_is_refused_is_no_fault_of_the_bundle() {
    for (path, check) in [
        (layout::EXCLUSION_LIST, "radiologist"),
        (layout::CORE_SUMMARY, "table2"),
        (layout::MITIGATION_TABLE, "mitigation"),
    ] {
        let mut bundle = Overlay::default();
        bundle.put(path, "\u{feff}\u{feff}{");
        let release = published(&mut bundle, &[path]);
        let suite = suite(&bundle, &release);
        let refused = report(&suite, check);
        assert_eq!(refused.status(), Status::NotJudged, "{path}: {:?}", refused.findings);
        let said = &refused.notes.last().unwrap();
        assert!(said.contains("the disagreement is ours"), "{said}");
        assert!(said.contains("Please report"), "{said}");
        let Verdict::PassedInPart { left_out } = suite.verdict() else {
            panic!("{path}: {:?}", suite.verdict())
        };
        assert!(left_out.iter().any(|name| name.as_str() == check));
        let json = serde_json::to_value(refused).unwrap();
        assert_eq!(
            (&json["status"], json["ours"].as_array().unwrap().is_empty()),
            (&"not judged".into(), false)
        );
    }
}

#[test]
fn a_file_with_another_digest_is_the_bundle_s_own_fault() {
    let mut bundle = Overlay::default();
    bundle.put(layout::EXCLUSION_LIST, "{");
    // The manifest lists the file as it was.
    let suite = suite(&bundle, &release());
    assert_eq!(report(&suite, "radiologist").status(), Status::Fail);
    assert_eq!(report(&suite, "checksums").status(), Status::Fail);
    assert_eq!(suite.verdict(), Verdict::NotVerified);
}

#[test]
fn a_manifest_that_nothing_pins_makes_nothing_authentic() {
    let mut bundle = Overlay::default();
    bundle.put(layout::PARSING_CONFIDENCE, "{");
    let mut release = published(&mut bundle, &[layout::PARSING_CONFIDENCE]);
    let anchors = release.artifact_anchors.into_iter();
    release.artifact_anchors = anchors.filter(|(path, _)| path != layout::SHA256SUMS).collect();
    let suite = suite(&bundle, &release);
    assert_eq!(report(&suite, "stage1-confidence").status(), Status::Fail);
}

#[test]
fn a_wrong_number_in_a_published_file_stays_wrong() {
    let mut bundle = Overlay::default();
    bundle.replace(layout::PARSING_CONFIDENCE, "0.965", "0.966");
    let release = published(&mut bundle, &[layout::PARSING_CONFIDENCE]);
    let suite = suite(&bundle, &release);
    assert_eq!(report(&suite, "stage1-confidence").status(), Status::Fail);
    assert_eq!(suite.verdict(), Verdict::NotVerified);
}

/// A record of another image's digest, as one made before the metadata was taken out of the images would be.
#[test]
fn a_stale_digest_of_a_published_image_is_advice() {
    let stale = "7648122c68ae4b99b0233bbc757ee473a6f8c96ef746fb961dc7c2947d981efc";
    let mut bundle = Overlay::default();
    let lists = [layout::QC_METADATA, layout::QC_PASSED_PAIRS];
    for path in lists {
        bundle.replace(path, stale, &"0".repeat(64));
    }
    let release = published(&mut bundle, &lists);
    let suite = suite(&bundle, &release);
    let dataset = report(&suite, "dataset");
    assert_eq!(dataset.findings, []);
    assert_eq!(dataset.advice[0].code.as_str(), "png_digest_mismatch");
    // Elsewhere the image is another one.
    let unpinned = {
        let anchors = release.artifact_anchors.clone().into_iter();
        let artifact_anchors = anchors.filter(|(path, _)| path != layout::SHA256SUMS).collect();
        ReleaseDescription { artifact_anchors, ..release }
    };
    assert_eq!(report(&self::suite(&bundle, &unpinned), "dataset").status(), Status::Fail);
}
