use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_demo::{
    Counts, DemoBundle, DemoError, DemoPlan, Observer, Scale, build, release_path,
};

use crate::{SHARED, json, small};

/// Every file below `root` by its release path, with `/` on every system.
fn files(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let below = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(below.replace(std::path::MAIN_SEPARATOR, "/"));
            }
        }
    }
    found
}

fn manifest(root: &Path, name: &str) -> Vec<(Sha256, String)> {
    let text = std::fs::read_to_string(root.join(name)).unwrap();
    text.lines().map(|line| (line[..64].parse().unwrap(), line[66..].to_owned())).collect()
}

#[test]
fn the_same_plan_gives_the_same_bytes_on_any_number_of_threads() {
    let digests = |bundle: &DemoBundle| {
        let sums = std::fs::read(bundle.root.join(layout::SHA256SUMS)).unwrap();
        (Sha256::of(&sums), Sha256::of(&std::fs::read(&bundle.release_path).unwrap()))
    };
    let of_threads = |threads: usize| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        digests(&pool.install(|| small(1, folder.path())))
    };
    assert_eq!(of_threads(1), digests(&SHARED));
    assert_eq!(of_threads(2), digests(&SHARED));
}

#[test]
fn the_layout_is_complete_and_every_file_is_listed() {
    let bundle = &*SHARED;
    let found = files(&bundle.root);
    for path in layout::required_files() {
        assert!(found.contains(path.as_str()), "{path} is missing");
    }
    for path in [
        layout::MITIGATION_TABLE,
        layout::MITIGATION_COUNTS,
        layout::CONFIDENCE_SAMPLE,
        layout::SUBMISSION_SCHEMA,
        layout::SUBMISSION_TEMPLATE,
        layout::TOY_SUBMISSION,
        layout::PAIR_RESULTS,
    ] {
        assert!(found.contains(path), "{path} is missing");
    }
    let whole = manifest(&bundle.root, layout::SHA256SUMS);
    let listed: BTreeSet<String> = whole.iter().map(|(_, path)| path.clone()).collect();
    assert_eq!(listed.len(), whole.len());
    assert!(whole.is_sorted_by_key(|(_, path)| path));
    let unlisted: Vec<&String> = found.difference(&listed).collect();
    assert_eq!(unlisted, [layout::SHA256SUMS]);
    let radiologist = manifest(&bundle.root, layout::RADIOLOGIST_SHA256SUMS);
    assert_eq!(radiologist.len(), 11);
    for (digest, path) in whole.iter().chain(&radiologist) {
        assert_eq!(*digest, Sha256::of(&std::fs::read(bundle.root.join(path)).unwrap()), "{path}");
    }
    for document in [layout::README, layout::BENCHMARK_CARD] {
        let text = std::fs::read_to_string(bundle.root.join(document)).unwrap();
        assert!(text.contains("synthetic") && text.contains("own code"), "{document}");
    }
}

#[test]
fn nothing_is_written_where_something_is() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("bundle");
    std::fs::write(&target, "mine").unwrap();
    let error = build(&DemoPlan { seed: 1, scale: Scale::Small }, &target, &()).unwrap_err();
    assert!(matches!(error, DemoError::Artifact(_)), "{error}");
    assert_eq!(std::fs::read(&target).unwrap(), b"mine");
    assert!(!release_path(&target).exists());
}

#[test]
fn the_observer_hears_of_every_file() {
    #[derive(Default)]
    struct Count {
        planned: AtomicUsize,
        written: AtomicUsize,
    }
    impl Observer for Count {
        fn planned(&self, files: usize) {
            self.planned.store(files, Ordering::Relaxed);
        }
        fn written(&self, _bytes: usize) {
            self.written.fetch_add(1, Ordering::Relaxed);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let count = Count::default();
    let target = folder.path().join("bundle");
    let bundle = build(&DemoPlan { seed: 1, scale: Scale::Small }, &target, &count).unwrap();
    let written = count.written.load(Ordering::Relaxed);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        3,
        "the bundle, its description and its supplement"
    );
    assert_eq!(written, files(&bundle.root).len());
    assert!(count.planned.load(Ordering::Relaxed).abs_diff(written) < 40);
}

#[test]
fn a_cancelled_build_leaves_nothing() {
    struct StopAfter(AtomicIsize);
    impl Observer for StopAfter {
        fn planned(&self, _files: usize) {}
        fn written(&self, _bytes: usize) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
        fn is_cancelled(&self) -> bool {
            self.0.load(Ordering::Relaxed) <= 1
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let plan = DemoPlan { seed: 1, scale: Scale::Small };
    // Several threads write at once, so that a few more files than one may pass.
    let observer = StopAfter(AtomicIsize::new(100));
    let error = build(&plan, &folder.path().join("bundle"), &observer).unwrap_err();
    assert!(matches!(error, DemoError::Cancelled), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_counts_of_a_small_bundle_are_those_of_its_scale() {
    check_counts(&SHARED, Scale::Small.counts());
}

#[test]
fn a_full_bundle_has_the_counts_of_the_release() {
    if std::env::var_os("RUN_SLOW_TESTS").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let plan = DemoPlan { seed: 1, scale: Scale::Full };
    let bundle = build(&plan, &folder.path().join("bundle"), &()).unwrap();
    check_counts(&bundle, Scale::Full.counts());
    let intersection = json(&bundle, layout::INTERSECTION_MANIFEST);
    assert_eq!(intersection["pair_count"], 2166);
    let description: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&bundle.release_path).unwrap()).unwrap();
    assert_eq!(description["expected"]["both_empty"]["pooled_usable_pairs"], 34_146);
    let n_files = files(&bundle.root).len();
    assert!((91_800..92_200).contains(&n_files), "{n_files}");
}

fn check_counts(bundle: &DemoBundle, counts: Counts) {
    let lines =
        |path: &str| std::fs::read_to_string(bundle.root.join(path)).unwrap().lines().count();
    assert_eq!(lines(layout::QC_METADATA), counts.attempted_pairs());
    assert_eq!(lines(layout::QC_PASSED_PAIRS), counts.passed_pairs());
    let found = files(&bundle.root);
    let count = |wanted: &dyn Fn(&String) -> bool| found.iter().filter(|path| wanted(path)).count();
    let named = |path: &str, extension: &str| {
        path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
    };
    assert_eq!(count(&|path| named(path, "png")), counts.passed_pairs());
    let stage1 = 5 * counts.stage1_texts_per_model();
    assert_eq!(count(&|path| path.contains("/stage1_outputs/") && named(path, "txt")), stage1);
    assert_eq!(count(&|path| path.ends_with(".validation.json")), stage1);
    for (panel, models) in [(Panel::Full, 6), (Panel::Baseline, 3), (Panel::Mitigation, 5 * 3)] {
        let rows = json(bundle, panel.results().as_str());
        assert_eq!(
            rows.as_array().unwrap().len(),
            models * 2 * counts.core_pairs(),
            "{}",
            panel.name()
        );
    }
    let core = json(bundle, layout::CORE_SUBSET);
    assert_eq!(core["source_ids"].as_array().unwrap().len(), counts.core_sources);
    let sample = json(bundle, layout::CONFIDENCE_SAMPLE);
    for names in sample["models"].as_object().unwrap().values() {
        assert_eq!(names.as_array().unwrap().len(), 200);
    }
    let validated = json(bundle, layout::VALIDATED_SUBSET);
    assert_eq!(validated["pair_ids"].as_array().unwrap().len(), 443);
    let detectability = std::fs::read_to_string(bundle.root.join(layout::DETECTABILITY)).unwrap();
    assert_eq!(detectability.matches("Cannot tell").count(), 1307);
    assert_eq!(detectability.lines().count(), 1351);
}

#[test]
fn lists_have_the_shapes_of_the_release() {
    let counts = Scale::Small.counts();
    for (path, n_sources) in [
        (layout::CORE_SUBSET, counts.core_sources),
        (layout::EVALUATION_SUBSET, counts.pool_sources),
    ] {
        let subset = json(&SHARED, path);
        assert_eq!(subset["actual_n"], n_sources);
        assert_eq!(subset["source_ids"].as_array().unwrap().len(), n_sources);
    }
    for record in json(&SHARED, layout::INTERSECTION_MANIFEST)["records"].as_array().unwrap() {
        let text = |field: &str| record[field].as_str().unwrap();
        assert_eq!(text("pair_id"), format!("{}__{}", text("source_id"), text("edit_label")));
    }
    for panel in Panel::RETAINED {
        let sources = json(&SHARED, panel.pairs().unwrap().as_str());
        let sources = sources.as_array().unwrap();
        assert_eq!(sources.len(), counts.pool_sources);
        for source in sources {
            let labels = source["pathology_labels"].as_array().unwrap();
            assert!(!labels.is_empty() && labels.iter().all(|label| label.as_u64().unwrap() < 13));
        }
    }
}

#[test]
fn the_croissant_file_states_what_the_files_are() {
    let description = json(&SHARED, layout::CROISSANT);
    let files = description["distribution"].as_array().unwrap();
    assert_eq!(files.len(), 7);
    for file in files {
        let bytes = std::fs::read(SHARED.root.join(file["contentUrl"].as_str().unwrap())).unwrap();
        assert_eq!(file["sha256"], Sha256::of(&bytes).to_string());
        assert_eq!(file["contentSize"], format!("{} B", bytes.len()));
    }
}
