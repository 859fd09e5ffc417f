//! An archive judged in one pass: every verdict is that on the folder.

use std::sync::atomic::AtomicBool;

use serde_json::Value;
use spinefairbench_artifacts::archive::{ArchiveTerms, Watch};
use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::{
    DirectorySource, FileSource as _, MemorySource, ReadLimits,
};
use spinefairbench_checks::suite::archive::verify_archive;
use spinefairbench_checks::{FindingCap, Selection, Status, SuiteReport, Unobserved, verify};

use crate::bundle::{Overlay, fixture, release};

fn judge(packed: &[u8], release: &ReleaseDescription, selection: &Selection) -> SuiteReport {
    judge_within(&ArchiveTerms::default(), packed, release, selection)
}

fn judge_within(
    terms: &ArchiveTerms,
    packed: &[u8],
    release: &ReleaseDescription,
    selection: &Selection,
) -> SuiteReport {
    let cancel = AtomicBool::new(false);
    let mut watch = Watch { cancel: &cancel, progress: &mut |_| {} };
    let how = (FindingCap::default(), &Unobserved as &dyn spinefairbench_checks::Progress);
    verify_archive(packed, terms, release, selection, how, &mut watch).unwrap()
}

/// An archive of the files, in the order of their paths or the other way round.
fn packed(source: &MemorySource, is_reversed: bool) -> Vec<u8> {
    packed_beside(&[], source, is_reversed)
}

/// With empty files beside the folder.
fn packed_beside(beside: &[&str], source: &MemorySource, is_reversed: bool) -> Vec<u8> {
    let listing = source.files(None).unwrap();
    let mut paths: Vec<&ReleasePath> = listing.regular_files().collect();
    if is_reversed {
        paths.reverse();
    }
    let mut archive =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let of_bundle = paths.into_iter();
    let of_bundle = of_bundle.map(|path| (format!("artifacts/{path}"), source.read(path).unwrap()));
    for (path, bytes) in beside.iter().map(|path| ((*path).to_owned(), Vec::new())).chain(of_bundle)
    {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// What the suite says, without what only an archive can be told.
fn said(suite: &SuiteReport) -> Vec<Value> {
    let mut said: Vec<Value> =
        suite.checks.iter().map(|report| serde_json::to_value(report).unwrap()).collect();
    for report in &mut said {
        if report["check"] == "checksums" {
            report.as_object_mut().unwrap().remove("notes");
            report.as_object_mut().unwrap().remove("compared");
        }
    }
    said
}

#[track_caller]
fn assert_same(bundle: &MemorySource, selection: &Selection) -> SuiteReport {
    let release = release();
    let cap = FindingCap::default();
    let of_folder = verify(bundle, &release, selection, cap, &Unobserved).unwrap();
    for is_reversed in [false, true] {
        let of_archive = judge(&packed(bundle, is_reversed), &release, selection);
        for (archive, folder) in said(&of_archive).iter().zip(said(&of_folder)) {
            assert_eq!(*archive, folder, "reversed: {is_reversed}");
        }
    }
    of_folder
}

#[test]
fn the_verdict_on_an_archive_is_that_on_the_folder_whatever_the_order_of_members() {
    let suite = assert_same(&Overlay::default().source, &Selection::default());
    assert_eq!(suite.status(), Status::Pass);
}

/// Without the intervals, which are the same computation on the same pairs.
#[test]
fn what_is_wrong_with_a_folder_is_wrong_with_its_archive() {
    let selection = Selection { skip: ["table2".parse().unwrap()].into(), ..Selection::default() };
    let stage1 = {
        let bundle = Overlay::default();
        let listing = bundle.source.files(None).unwrap();
        let is_text = |path: &&ReleasePath| {
            path.as_str().contains("stage1_outputs") && path.as_str().contains("__source.txt")
        };
        listing.regular_files().find(is_text).unwrap().to_string()
    };
    let image = {
        let bundle = Overlay::default();
        let listing = bundle.source.files(None).unwrap();
        let is_png = |path: &&ReleasePath| path.as_str().contains("counterfactual_images/");
        listing.regular_files().find(is_png).unwrap().to_string()
    };
    let results = Panel::Full.results().to_string();
    let breaks: [&dyn Fn(&mut Overlay); 8] = [
        &|bundle| bundle.put(layout::README, "another text\n"),
        &|bundle| bundle.put(&image, "no image"),
        &|bundle| bundle.put(&stage1, "nothing of use"),
        &|bundle| bundle.remove(&stage1),
        &|bundle| bundle.put(&results, "[{}, 5]"),
        &|bundle| bundle.remove(layout::PARSING_CONFIDENCE),
        &|bundle| bundle.put("surplus/file.bin", "not listed"),
        &|bundle| {
            bundle.remove(layout::CROISSANT);
            bundle.put("croissant.json/inside", "");
        },
    ];
    for (index, break_it) in breaks.iter().enumerate() {
        let mut bundle = Overlay::default();
        break_it(&mut bundle);
        let suite = assert_same(&bundle.source, &selection);
        assert_eq!(suite.status(), Status::Fail, "break {index}");
    }
}

/// A panel has a limit of its own, above that on other documents: on the full-size release it was once held against theirs.
#[test]
fn what_a_file_may_take_in_an_archive_is_what_it_may_take_in_a_folder() {
    let release = release();
    let selection =
        Selection { skip: ["checksums".parse().unwrap()].into(), ..Selection::default() };
    let bundle = Overlay::default().source;
    let folder = tempfile::tempdir().unwrap();
    let listing = bundle.files(None).unwrap();
    for path in listing.regular_files() {
        let place = folder.path().join(path.as_str());
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, bundle.read(path).unwrap()).unwrap();
    }
    let is_one_of =
        |panels: &[Panel], path: &ReleasePath| panels.iter().any(|panel| panel.results() == *path);
    let longest = |is_meant: &dyn Fn(&ReleasePath) -> bool| {
        let meant = listing.regular_files().filter(|path| is_meant(path));
        meant.map(|path| bundle.read(path).unwrap().len() as u64).max().unwrap()
    };
    let longest_panel = longest(&|path| is_one_of(&Panel::RETAINED, path));
    let longest_text = longest(&|path| !is_one_of(&Panel::ALL, path));
    let archive = packed(&bundle, false);
    for (document_bytes, panel_bytes, is_read) in [
        (longest_text, longest_panel, true),
        (longest_text, longest_panel - 1, false),
        (2_000, longest_panel, false),
    ] {
        let documents = InputLimits { document_bytes, ..InputLimits::default() };
        let files = ReadLimits { documents, panel_bytes, ..ReadLimits::default() };
        let source = DirectorySource::open_within(folder.path(), files).unwrap();
        let cap = FindingCap::default();
        let of_folder = verify(&source, &release, &selection, cap, &Unobserved).unwrap();
        let terms = ArchiveTerms { files, ..ArchiveTerms::default() };
        let of_archive = judge_within(&terms, &archive, &release, &selection);
        let of_archive = said(&of_archive);
        // Whether a text that was not read is the published one is known of an archive alone, whose digests are all computed.
        if document_bytes == longest_text {
            assert_eq!(of_archive, said(&of_folder), "{document_bytes}, {panel_bytes}");
        }
        let is_refused = Value::from(of_archive).to_string().contains("file_too_large");
        assert_eq!(is_refused, !is_read, "{document_bytes}, {panel_bytes}");
    }
}

/// Inside the folder they are judged as in any folder.
#[test]
fn what_a_system_leaves_beside_the_folder_of_an_archive_is_advice() {
    let mut bundle = Overlay::default();
    bundle.put("dataset/.DS_Store", "");
    let packed = packed_beside(&["._artifacts", "__MACOSX/._artifacts"], &bundle.source, false);
    let selection =
        Selection { only: ["checksums".parse().unwrap()].into(), ..Selection::default() };
    let mut suite = judge(&packed, &release(), &selection);
    assert_eq!(suite.checks[0].findings, []);
    let paths: Vec<&str> =
        suite.checks[0].advice.iter().filter_map(|advice| advice.path.as_deref()).collect();
    assert_eq!(paths, ["._artifacts", "__MACOSX/._artifacts", "dataset/.DS_Store"]);
    suite.refuse_advice();
    assert_eq!(suite.status(), Status::Fail);
}

#[test]
fn an_archive_is_the_pinned_one_or_not() {
    let packed = std::fs::read(fixture("mini.tar.gz")).unwrap();
    let selection =
        Selection { only: ["checksums".parse().unwrap()].into(), ..Selection::default() };
    let mut release = release();
    let suite = judge(&packed, &release, &selection);
    assert_eq!(suite.checks[0].findings, []);
    let text = serde_json::to_string(&suite.checks[0]).unwrap();
    assert!(text.contains(r#""SHA256SUMS.txt":{"files_ok":2863,"files":2863"#), "{text}");

    release.artifact_archive.size_bytes = 1;
    let suite = judge(&packed, &release, &selection);
    assert_eq!(suite.status(), Status::Fail);
    assert_eq!(suite.checks[0].findings[0].code.as_str(), "digest_mismatch");
}
