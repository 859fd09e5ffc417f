//! Batches: the same bytes from one shard or three, in one go or after any number of interruptions.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use spinefairbench_artifacts::ids::PairId;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_artifacts::release::{ReleaseDescription, path_beside};
use spinefairbench_artifacts::source::DirectorySource;
use spinefairbench_checks::check::checksums::Checksums;
use spinefairbench_checks::check::dataset::{Dataset, ImageDigests};
use spinefairbench_checks::{Check, FindingCap, Status, Unobserved};
use spinefairbench_generator::assemble::{Assembled, assemble};
use spinefairbench_generator::batch::{
    BatchOutcome, BatchPlan, Journal, Painter, Preparation, Shard, SourceEntry, Start, first_seed,
    journal_path, read_sources, run,
};
use spinefairbench_generator::prepare::{PrepareOptions, PreparedSource};
use spinefairbench_generator::{Edit, GeneratorError, Seed, smoke};
use spinefairbench_imaging::{GreyImage, ImageSize, RgbImage, Thresholds};

/// Paints the source with a tint that the seed decides, and so passes at some seeds only. Fails after a number of calls.
struct Tinter {
    calls_left: Cell<usize>,
}

impl Tinter {
    fn new(calls: usize) -> Self {
        Self { calls_left: Cell::new(calls) }
    }
}

impl Painter for Tinter {
    fn preparation(&self) -> Preparation {
        Preparation { image_size: 16, reduction: 8, options: PrepareOptions::default() }
    }

    fn paint(
        &self,
        source: &PreparedSource,
        edits: &[(Edit, Seed)],
    ) -> Result<Vec<RgbImage>, GeneratorError> {
        let Some(left) = self.calls_left.get().checked_sub(1) else {
            return Err(GeneratorError::NoPicture);
        };
        self.calls_left.set(left);
        let tint = |seed: Seed| u8::try_from(seed.bits() * 37 % 251).unwrap();
        edits
            .iter()
            .map(|(_, seed)| {
                let samples = source
                    .model_input
                    .samples()
                    .iter()
                    .map(|level| level.saturating_add(tint(*seed)))
                    .collect();
                Ok(RgbImage::new(source.model_input.size(), samples).unwrap())
            })
            .collect()
    }

    fn lpips(
        &self,
        source: &GreyImage,
        generated: &GreyImage,
    ) -> Result<Option<f64>, GeneratorError> {
        let mean = |image: &GreyImage| {
            image.samples().iter().map(|level| f64::from(*level)).sum::<f64>()
                / f64::from(image.width().pow(2))
        };
        Ok(Some((mean(source) - mean(generated)).abs() / 255.0))
    }

    fn provenance(&self) -> Map<String, Value> {
        Map::from_iter([("painter".to_owned(), json!("tinter"))])
    }
}

pub fn plan() -> BatchPlan {
    BatchPlan {
        base_seed: Seed::RELEASED,
        thresholds: Thresholds { min_ssim: 0.0, min_edges: 0.0, max_lpips: 0.2 },
        max_attempts: 2,
        batch_size: 4,
        mask_blend: 0.7,
    }
}

/// Synthetic sources and their list.
pub fn write_sources(folder: &Path, count: usize, side: u32) -> Vec<SourceEntry> {
    let base = smoke::synthetic_radiograph(side).unwrap();
    let mut table = String::from("source_id,path,edits\n");
    for number in 0..count {
        let shift = u8::try_from(number).unwrap();
        let samples = base.samples().iter().map(|level| level.wrapping_add(shift) / 2).collect();
        let picture = GreyImage::new(ImageSize::square(side).unwrap(), samples).unwrap();
        std::fs::write(folder.join(format!("{number}.png")), picture.to_png().unwrap()).unwrap();
        writeln!(table, "source_{number:02},{number}.png,").unwrap();
    }
    std::fs::write(folder.join("sources.csv"), table).unwrap();
    read_sources(&folder.join("sources.csv"), &InputLimits::default()).unwrap()
}

pub fn run_all(
    painter: &dyn Painter,
    sources: &[SourceEntry],
    plan: &BatchPlan,
    root: &Path,
    shard: Shard,
    start: Start,
) -> Result<BatchOutcome, GeneratorError> {
    run(painter, sources, plan, root, shard, start, &mut |_| ControlFlow::Continue(()))
}

/// Every file below `root` with its bytes.
pub fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files
                    .insert(path.strip_prefix(root).unwrap().into(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

pub fn assemble_all(roots: &[PathBuf], target: &Path) -> Result<Assembled, GeneratorError> {
    assemble(roots, target, &mut |_, _| ControlFlow::Continue(()))
}

fn assembled(roots: &[PathBuf]) -> (Assembled, BTreeMap<PathBuf, Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("release");
    let counts = assemble_all(roots, &target).unwrap();
    passes_the_checks(&target);
    (counts, tree(&target))
}

/// `dataset` and `checksums` find nothing under the description beside the folder.
fn passes_the_checks(target: &Path) {
    let bundle = DirectorySource::open(target).unwrap();
    let description = std::fs::read(path_beside(target)).unwrap();
    let release = ReleaseDescription::parse("release.json", &description).unwrap();
    assert!(release.expected.dataset.is_some());
    let manifests = vec![layout::constant(layout::SHA256SUMS)];
    let checks: [Box<dyn Check>; 2] = [
        Box::new(Dataset { digests: ImageDigests::Compare }),
        Box::new(Checksums { manifests, ..Checksums::default() }),
    ];
    for check in checks {
        let report = spinefairbench_checks::run(
            &bundle,
            &release,
            check.as_ref(),
            FindingCap::default(),
            &Unobserved,
        )
        .unwrap();
        assert_eq!(report.status(), Status::Pass, "{:?}", report.findings);
    }
}

#[test]
fn shards_and_interruptions_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 20, 24);
    let root = |name: &str| folder.path().join(name);

    let whole = root("whole");
    let outcome =
        run_all(&Tinter::new(usize::MAX), &sources, &plan(), &whole, Shard::WHOLE, Start::Fresh)
            .unwrap();
    assert_eq!((outcome.sources, outcome.passed + outcome.failed), (20, 80));
    let (counts, expected) = assembled(&[whole]);
    let metadata =
        String::from_utf8(expected[Path::new("dataset/qc_metadata.jsonl")].clone()).unwrap();
    for occurs in ["\"attempt\":1,\"counter", "\"attempt\":2,\"counter", "\"passed_qc\":false"] {
        assert!(metadata.contains(occurs), "{occurs} does not occur");
    }
    assert_eq!(counts.attempted, 80);
    assert_eq!(counts.passed, outcome.passed);

    let shards: Vec<PathBuf> = (0..3)
        .map(|index| {
            let root = root(&format!("shard{index}"));
            let shard = Shard::new(index, 3).unwrap();
            run_all(&Tinter::new(usize::MAX), &sources, &plan(), &root, shard, Start::Fresh)
                .unwrap();
            root
        })
        .collect();
    assert!(assembled(&shards).1 == expected, "three shards give other bytes");
    let folder_of_two = tempfile::tempdir().unwrap();
    let error = assemble_all(&shards[..2], &folder_of_two.path().join("release")).unwrap_err();
    assert!(matches!(error, GeneratorError::MissingShards { .. }), "{error}");

    let interrupted = root("interrupted");
    let path = journal_path(&interrupted, Shard::WHOLE);
    let mut start = Start::Fresh;
    for calls in 3.. {
        let done =
            run_all(&Tinter::new(calls), &sources, &plan(), &interrupted, Shard::WHOLE, start)
                .is_ok();
        start = Start::Resume;
        if done {
            break;
        }
        // What a kill leaves: a line cut off anywhere in the last third of the journal.
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - calls * 29 % (bytes.len() / 3)]).unwrap();
    }
    assert!(assembled(&[interrupted]).1 == expected, "interruptions give other bytes");
}

#[test]
fn a_journal_keeps_to_its_settings() {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 2, 24);
    let painter = Tinter::new(usize::MAX);
    let go = |plan: &BatchPlan, start| {
        run_all(&painter, &sources, plan, folder.path(), Shard::WHOLE, start)
    };
    go(&plan(), Start::Fresh).unwrap();
    assert!(go(&plan(), Start::Fresh).unwrap_err().to_string().contains("--resume"));
    assert_eq!(go(&plan(), Start::Resume).unwrap().skipped, 2);
    let other = BatchPlan { max_attempts: 3, ..plan() };
    assert!(
        go(&other, Start::Resume)
            .unwrap_err()
            .to_string()
            .ends_with("other settings: max_attempts")
    );
}

#[test]
fn whoever_watches_can_stop_a_batch_and_an_assembly() {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 5, 24);
    let root = folder.path().join("out");
    let painter = Tinter::new(usize::MAX);
    let mut calls = 0;
    let mut stop_at_two = |_: &BatchOutcome| {
        calls += 1;
        if calls == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let (whole, fresh) = (Shard::WHOLE, Start::Fresh);
    run(&painter, &sources, &plan(), &root, whole, fresh, &mut stop_at_two).unwrap();
    let outcome = run_all(&painter, &sources, &plan(), &root, whole, Start::Resume).unwrap();
    assert_eq!(outcome.skipped, 2, "what was painted before the stop is finished");
    let target = folder.path().join("release");
    let error = assemble(&[root], &target, &mut |_, _| ControlFlow::Break(())).unwrap_err();
    assert!(matches!(error, GeneratorError::Stopped), "{error}");
    assert!(!target.exists() && !path_beside(&target).exists());
}

#[test]
fn two_processes_do_not_write_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = journal_path(folder.path(), Shard::WHOLE);
    let first = Journal::open(&path, &Map::new(), Start::Fresh).unwrap();
    let error = Journal::open(&path, &Map::new(), Start::Fresh).unwrap_err().to_string();
    assert!(error.contains("shard-0-of-1.jsonl` is being written by process"), "{error}");
    drop(first);
    Journal::open(&path, &Map::new(), Start::Resume).unwrap();
}

#[test]
fn an_unreadable_source_is_named_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 3, 24);
    std::fs::write(&sources[1].path, b"no picture").unwrap();
    let root = folder.path().join("out");
    let painter = Tinter::new(usize::MAX);
    let outcome = run_all(&painter, &sources, &plan(), &root, Shard::WHOLE, Start::Fresh).unwrap();
    assert_eq!((outcome.unreadable.len(), outcome.passed + outcome.failed), (1, 8));
    let error = assemble_all(&[root], &folder.path().join("release")).unwrap_err().to_string();
    assert!(error.contains("1 sources could not be read, the first is `source_01`"), "{error}");
}

/// Editing these numbers changes every picture of a batch.
#[test]
fn the_seed_rule_is_stable() {
    let seeds: Vec<u64> = ["a__young_male", "buu_0002-M-049Y1__elderly_female"]
        .map(|pair| {
            first_seed(Seed::RELEASED, &pair.to_owned().try_into().unwrap() as &PairId).bits()
        })
        .into();
    assert_eq!(seeds, [2_592_995_370, 3_640_307_590]);
}

#[test]
fn lists_of_sources_are_checked_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    let jsonl = folder.path().join("list.jsonl");
    let check = |path: &Path, text: &str, expected: &str| {
        std::fs::write(path, text).unwrap();
        let error = read_sources(path, &InputLimits::default()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(&path, "source_id,path\na,1.png\na,2.png\n", "line 3: `a` is named twice");
    check(&path, "source_id,path\n../a,1.png\n", "cannot name a folder");
    check(&path, "source_id,path,edits\na,1.png,elderly_child\n", "is no edit label");
    check(&path, "source_id\na\n", "path");
    let limits = InputLimits { records: 2, ..InputLimits::default() };
    std::fs::write(&path, "source_id,path\na,1.png\nb,2.png\n").unwrap();
    let error = read_sources(&path, &limits).unwrap_err().to_string();
    assert!(error.contains("more than 2 records; `--max-records` raises the limit"), "{error}");
    let limits = InputLimits { document_bytes: 8, ..InputLimits::default() };
    assert!(read_sources(&path, &limits).unwrap_err().to_string().contains("more than the 8"));
    check(&jsonl, "{\"source_id\": \"a\", \"path\": \"1.png\", \"edit\": []}\n", "line 1");
    std::fs::write(
        &jsonl,
        "{\"source_id\": \"b\", \"path\": \"1.png\", \"edits\": [\"young_male\"]}\n",
    )
    .unwrap();
    assert_eq!(read_sources(&jsonl, &InputLimits::default()).unwrap()[0].edits.len(), 1);
}

#[test]
fn a_batch_of_null_edits_has_pictures_of_its_own_and_enters_no_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = write_sources(folder.path(), 2, 16);
    for source in &mut sources {
        source.edits = [Edit::Null].into();
    }
    let root = folder.path().join("out");
    let plan = BatchPlan { max_attempts: 9, ..plan() };
    let painter = Tinter::new(99);
    let outcome = run_all(&painter, &sources, &plan, &root, Shard::WHOLE, Start::Fresh).unwrap();
    assert_eq!((outcome.passed, outcome.failed), (2, 0));
    assert!(root.join("null_edits/source_00/null.png").is_file());
    assert!(!root.join("dataset").exists());
    let journal = std::fs::read_to_string(journal_path(&root, Shard::WHOLE)).unwrap();
    for part in [
        "\"null_prompt\":\"lumbar spine radiograph\"",
        "\"pair_id\":\"source_00__null\"",
        "\"edit_label\":\"null\"",
    ] {
        assert!(journal.contains(part), "{part}");
    }
    let target = folder.path().join("generated");
    let error =
        assemble(std::slice::from_ref(&root), &target, &mut |_, _| ControlFlow::Continue(()))
            .unwrap_err();
    assert!(error.to_string().contains("null edits"), "{error}");
    assert!(!target.exists());
    let again = run_all(&painter, &sources, &plan, &root, Shard::WHOLE, Start::Resume).unwrap();
    assert_eq!((again.skipped, again.passed), (2, 0));
}
