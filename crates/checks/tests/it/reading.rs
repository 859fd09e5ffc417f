//! How the bundle is read: once, alike on any number of threads, and never with a panic.

use proptest::prelude::*;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::{CountingSource, FileSource as _};
use spinefairbench_checks::check::both_empty_diagnostic::{self, BothEmptyDiagnostic};
use spinefairbench_checks::check::dataset::{Dataset, ImageDigests};
use spinefairbench_checks::check::mitigation::{Analysis, Mitigation};
use spinefairbench_checks::check::{checksums, gap_sensitivity};
use spinefairbench_checks::{
    FindingCap, ModelSelection, Selection, SuiteReport, Unobserved, run, verify,
};

use crate::bundle::{MINI, Overlay, release};

fn suite(bundle: &Overlay) -> SuiteReport {
    verify(&bundle.source, &release(), &Selection::default(), FindingCap::default(), &Unobserved)
        .unwrap()
}

#[test]
fn the_suite_opens_every_file_once() {
    let source = CountingSource::new(&*MINI);
    verify(&source, &release(), &Selection::default(), FindingCap::default(), &Unobserved).unwrap();
    // What a list names and the bundle lacks (26 sidecars) is looked for, and not there to be opened.
    let listing = MINI.files(None).unwrap();
    let opens = source.opens();
    assert_eq!(listing.regular_files().filter(|path| opens.contains_key(*path)).count(), 2864);
    assert!(
        opens.values().all(|count| *count == 1),
        "{:?}",
        opens.iter().find(|(_, count)| **count != 1)
    );
}

#[test]
fn without_checksums_no_more_is_opened_than_is_judged() {
    let source = CountingSource::new(&*MINI);
    let selection = Selection { skip: [checksums::LISTING.name].into(), ..Selection::default() };
    verify(&source, &release(), &selection, FindingCap::default(), &Unobserved).unwrap();
    let opens = source.opens();
    assert!(
        opens.values().all(|count| *count == 1),
        "{:?}",
        opens.iter().find(|(_, count)| **count != 1)
    );
    // 62 images, 5 samples of 200 texts with their sidecars, and the documents.
    assert!(opens.len() < 62 + 2000 + 40, "{}", opens.len());
    let mitigation = layout::Panel::Mitigation.results();
    assert!(!opens.contains_key(&mitigation));
}

#[test]
fn the_recomputed_analysis_opens_every_file_once() {
    let source = CountingSource::new(&*MINI);
    run(
        &source,
        &release(),
        &Mitigation { analysis: Analysis::Recomputed(None) },
        FindingCap::default(),
        &Unobserved,
    )
    .unwrap();
    let opens = source.opens();
    assert!(opens.len() > 1000, "{}", opens.len());
    assert!(
        opens.values().all(|count| *count == 1),
        "{:?}",
        opens.iter().find(|(_, count)| **count != 1)
    );
}

#[test]
fn one_model_costs_one_panel() {
    let source = CountingSource::new(&*MINI);
    let check = BothEmptyDiagnostic { models: ModelSelection::One("radfm".to_owned()) };
    run(&source, &release(), &check, FindingCap::default(), &Unobserved).unwrap();
    assert_eq!(source.opens().len(), 3);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut bundle = Overlay::default();
    bundle.put("notes.txt", "");
    bundle.remove(layout::DETECTABILITY);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| serde_json::to_string(&suite(&bundle).timed(0)).unwrap())
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(8));
}

#[test]
fn an_empty_bundle_fails_every_check_that_reads() {
    let empty = spinefairbench_artifacts::source::MemorySource::default();
    let suite =
        verify(&empty, &release(), &Selection::default(), FindingCap::default(), &Unobserved)
            .unwrap();
    assert_eq!(suite.passed(), 1, "the registry needs no bundle");
}

/// Few by default; many where slow tests are asked for.
fn cases() -> u32 {
    if std::env::var_os("RUN_SLOW_TESTS").is_some() { 500 } else { 16 }
}

/// Every file that the suite parses.
fn parsed_files() -> Vec<String> {
    let listing = MINI.files(None).unwrap();
    let is_parsed = |path: &&str| {
        !path.contains("/rewrites/")
            && !path.contains("/raw/")
            && !path.contains("stage1_outputs/claude")
    };
    listing.regular_files().map(ReleasePath::as_str).filter(is_parsed).map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn no_change_of_bytes_makes_a_check_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..12),
    ) {
        let files = parsed_files();
        let mut bundle = Overlay::default();
        for (file, at, byte, kind) in edits {
            let path = file.get(&files);
            let mut bytes = bundle.bytes(path);
            if bytes.is_empty() {
                continue;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                2 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
            bundle.put(path, bytes);
        }
        let selection = Selection { skip: [checksums::LISTING.name].into(), ..Selection::default() };
        let suite = verify(&bundle.source, &release(), &selection, FindingCap::default(), &Unobserved).unwrap();
        serde_json::to_string(&suite.timed(0)).unwrap();
    }

    #[test]
    fn no_document_makes_its_check_panic(document in any_json(), which in any::<prop::sample::Index>()) {
        let documents = [
            layout::CORE_SUMMARY, layout::RELEASE_MANIFEST, layout::QC_METADATA, layout::QC_PASSED_PAIRS,
            layout::DATASET_PAIRS, layout::CANONICAL_DEFINITIONS, layout::PARSING_CONFIDENCE, layout::CONFIDENCE_SAMPLE,
            layout::VALIDATED_SUBSET, layout::VALIDATION_MANIFEST, layout::INTERSECTION_MANIFEST,
        ];
        let mut bundle = Overlay::default();
        bundle.put(documents[which.index(documents.len())], document.to_string());
        let selection = Selection {
            skip: [checksums::LISTING.name, gap_sensitivity::LISTING.name, both_empty_diagnostic::LISTING.name].into(),
            ..Selection::default()
        };
        let suite = verify(&bundle.source, &release(), &selection, FindingCap::default(), &Unobserved).unwrap();
        prop_assert!(suite.failed() > 0);
    }
}

/// JSON with the keys that the checks look for, in any shape.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "[a-z./]{0,8}".prop_map(Into::into),
    ];
    let keys = prop::sample::select(vec![
        "panels",
        "full",
        "models",
        "gpt-5.4",
        "data_quality",
        "pair_usable",
        "common_pairs",
        "all9",
        "count",
        "source_clustered_bootstrap",
        "iterations",
        "seed",
        "prompt_registry",
        "pair_ids",
        "files",
        "source_id",
    ]);
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(keys.clone(), inner, 0..5).prop_map(|map| map
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

#[test]
fn images_are_hashed_only_on_demand_and_opened_once() {
    for digests in [ImageDigests::AsRead, ImageDigests::Compare] {
        let source = CountingSource::new(&*MINI);
        run(&source, &release(), &Dataset { digests }, FindingCap::default(), &Unobserved).unwrap();
        assert!(source.opens().values().all(|count| *count == 1));
        assert_eq!(source.opens().len(), 62 + 5);
    }
}
