//! Batches: the same bytes from one shard or three, in one go or after any number of interruptions.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

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
    BatchJob, BatchOutcome, BatchPlan, BatchSize, Journal, JournalContent, Painter, Perceptual,
    Preparation, Shard, SourceEdits, SourceEntry, Start, first_seed, journal_path, read_sources,
    run,
};
use spinefairbench_generator::prepare::PrepareOptions;
use spinefairbench_generator::{Edit, GeneratorError, Seed, smoke};
use spinefairbench_imaging::{GreyImage, ImageSize, RgbImage, Thresholds};

/// Paints each source with a tint, and so passes at some seeds only. Fails after a number of passes.
struct Tinter {
    passes_left: Cell<usize>,
    tint: Tint,
}

/// What decides a tint.
#[derive(Clone)]
enum Tint {
    /// The picture's seed alone, as with a model whose sums do not depend on the batch.
    Seed,
    /// All seeds of the pass and the picture's place in it: a model whose last bits depend on all of that.
    Pass,
}

impl Tinter {
    fn new(passes: usize) -> Self {
        Self { passes_left: Cell::new(passes), tint: Tint::Seed }
    }
}

impl Painter for Tinter {
    fn preparation(&self) -> Preparation {
        Preparation { image_size: 16, reduction: 8, options: PrepareOptions::default() }
    }

    fn paint(&self, pass: &[SourceEdits<'_>]) -> Result<Vec<RgbImage>, GeneratorError> {
        let Some(left) = self.passes_left.get().checked_sub(1) else {
            return Err(GeneratorError::NoPicture);
        };
        self.passes_left.set(left);
        let bits = |(_, seed): &(Edit, Seed)| seed.bits() * 37;
        let whole: u64 = match self.tint {
            Tint::Seed => 0,
            Tint::Pass => pass.iter().flat_map(|share| &share.edits).map(bits).sum(),
        };
        let mut pictures = Vec::new();
        for share in pass {
            for edit in &share.edits {
                let place = if whole > 0 { pictures.len() as u64 } else { 0 };
                let tint = u8::try_from((bits(edit) + whole + place) % 251).unwrap();
                pictures.push(tinted(&share.source.model_input, tint));
            }
        }
        Ok(pictures)
    }

    fn provenance(&self) -> Map<String, Value> {
        Map::from_iter([("painter".to_owned(), json!("tinter"))])
    }
}

fn tinted(source: &RgbImage, tint: u8) -> RgbImage {
    let samples = source.samples().iter().map(|level| level.saturating_add(tint)).collect();
    RgbImage::new(source.size(), samples).unwrap()
}

/// The difference of the mean levels, from 0 to 1.
struct MeanGap;

impl Perceptual for MeanGap {
    fn distance(
        &mut self,
        source: &GreyImage,
        generated: &GreyImage,
    ) -> Result<f64, GeneratorError> {
        let mean = |image: &GreyImage| {
            image.samples().iter().map(|level| f64::from(*level)).sum::<f64>()
                / f64::from(image.width().pow(2))
        };
        Ok((mean(source) - mean(generated)).abs() / 255.0)
    }
}

pub fn plan() -> BatchPlan {
    BatchPlan {
        base_seed: Seed::RELEASED,
        thresholds: Thresholds { min_ssim: 0.0, min_edges: 0.0, max_lpips: 0.2 },
        max_attempts: 2,
        batch_size: BatchSize::Pictures(4),
        sources_at_once: 1,
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

fn run_all(
    painter: &dyn Painter,
    sources: &[SourceEntry],
    plan: &BatchPlan,
    root: &Path,
    shard: Shard,
    start: Start,
) -> Result<BatchOutcome, GeneratorError> {
    let job = BatchJob { sources, plan, root, shard, start };
    run(painter, Some(&mut MeanGap), job, &mut |_| ControlFlow::Continue(()))
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
    interrupt_often(&Tint::Seed, &sources, &plan(), &interrupted);
    assert!(assembled(&[interrupted]).1 == expected, "interruptions give other bytes");
}

/// Runs a batch to its end through as many interruptions as it takes; each leaves a line cut off anywhere in the last third of
/// the journal, as a kill does.
fn interrupt_often(tint: &Tint, sources: &[SourceEntry], plan: &BatchPlan, root: &Path) {
    let path = journal_path(root, Shard::WHOLE);
    let mut start = Start::Fresh;
    for passes in 3.. {
        let painter = Tinter { tint: tint.clone(), ..Tinter::new(passes) };
        let done = run_all(&painter, sources, plan, root, Shard::WHOLE, start).is_ok();
        start = Start::Resume;
        if done {
            break;
        }
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - passes * 29 % (bytes.len() / 3)]).unwrap();
    }
}

/// The lines of the journal below `root` after its settings, without what they say of the passes.
fn lines(root: &Path) -> Vec<Value> {
    let journal = std::fs::read_to_string(journal_path(root, Shard::WHOLE)).unwrap();
    let lines = journal.lines().skip(1).map(|line| serde_json::from_str(line).unwrap());
    lines
        .map(|mut line: Value| {
            line.as_object_mut().unwrap().remove("painted_at_once");
            line
        })
        .collect()
}

#[test]
fn several_sources_in_one_pass_give_the_same_pictures_and_the_same_journal() {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 10, 24);
    let go = |name: &str, plan: &BatchPlan| {
        let root = folder.path().join(name);
        let painter = Tinter::new(usize::MAX);
        run_all(&painter, &sources, plan, &root, Shard::WHOLE, Start::Fresh).unwrap();
        (lines(&root), tree(&root.join("dataset")), usize::MAX - painter.passes_left.get())
    };
    let (lines, pictures, passes) = go("one", &plan());
    for at_once in [2, 3, 16] {
        let plan = BatchPlan { sources_at_once: at_once, ..plan() };
        let together = go(&at_once.to_string(), &plan);
        assert!(together.0 == lines && together.1 == pictures, "{at_once} at once");
        assert!(together.2 < passes, "{} passes in place of {passes}", together.2);
    }
}

/// Where a model's last bits depend on the whole pass, neither shards nor interruptions may change what a pass is made of.
#[test]
fn what_is_painted_together_depends_on_the_list_alone() {
    for sources_at_once in [1, 3] {
        let folder = tempfile::tempdir().unwrap();
        let sources = write_sources(folder.path(), 20, 24);
        let plan = BatchPlan { sources_at_once, max_attempts: 3, ..plan() };
        let painter = || Tinter { tint: Tint::Pass, ..Tinter::new(usize::MAX) };
        let go = |root: &Path, shard: Shard| {
            run_all(&painter(), &sources, &plan, root, shard, Start::Fresh).unwrap();
        };
        let whole = folder.path().join("whole");
        go(&whole, Shard::WHOLE);
        let expected = assembled(&[whole]).1;
        let in_three = folder.path().join("in-three");
        for index in 0..3 {
            go(&in_three, Shard::new(index, 3).unwrap());
        }
        assert!(assembled(&[in_three]).1 == expected, "shards, {sources_at_once} at once");
        let interrupted = folder.path().join("interrupted");
        interrupt_often(&Tint::Pass, &sources, &plan, &interrupted);
        assert!(assembled(&[interrupted]).1 == expected, "kills, {sources_at_once} at once");
    }
}

/// A painter whose device has memory for so many pictures.
struct Cramped {
    tinter: Tinter,
    room: usize,
    refused: Cell<usize>,
}

impl Cramped {
    fn new(room: usize) -> Self {
        Self { tinter: Tinter::new(usize::MAX), room, refused: Cell::new(0) }
    }
}

impl Painter for Cramped {
    fn preparation(&self) -> Preparation {
        self.tinter.preparation()
    }

    fn paint(&self, pass: &[SourceEdits<'_>]) -> Result<Vec<RgbImage>, GeneratorError> {
        let batch: usize = pass.iter().map(|share| share.edits.len()).sum();
        if batch > self.room {
            self.refused.set(self.refused.get() + 1);
            let (step, source) = ("removing noise".into(), "the card is full".into());
            return Err(GeneratorError::OutOfMemory { step, batch, source });
        }
        self.tinter.paint(pass)
    }

    fn provenance(&self) -> Map<String, Value> {
        self.tinter.provenance()
    }
}

#[test]
fn a_batch_for_which_memory_runs_out_is_halved_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 7, 24);
    for (sources_at_once, room, halved) in [
        (1, 4, vec![]),
        (1, 3, vec![2]),
        (1, 1, vec![2, 1]),
        (3, 5, vec![6, 3]),
        (3, 1, vec![6, 3, 1]),
    ] {
        let root = folder.path().join(format!("{sources_at_once}-{room}"));
        let stated = BatchPlan { sources_at_once, ..plan() };
        let auto = BatchPlan { batch_size: BatchSize::Auto, ..stated.clone() };
        let cramped = Cramped::new(room);
        let outcome =
            run_all(&cramped, &sources, &auto, &root, Shard::WHOLE, Start::Fresh).unwrap();
        assert_eq!(outcome.passed + outcome.failed, 28);
        assert_eq!(cramped.refused.get(), halved.len(), "each size is tried once");

        let journal = std::fs::read(journal_path(&root, Shard::WHOLE)).unwrap();
        let content = JournalContent::parse(&journal);
        assert_eq!(content.settings.as_ref().unwrap()["batch_size"], "auto");
        assert_eq!(content.halved, halved.last().copied());
        let recorded: Vec<Value> =
            lines(&root).into_iter().filter(|line| line["kind"] == "halved").collect();
        let expected: Vec<Value> =
            halved.iter().map(|size| json!({"kind": "halved", "pictures_at_once": size})).collect();
        assert_eq!(recorded, expected);
        for row in content.pairs.values() {
            let at_once = row.painted_at_once.unwrap_or(4 * sources_at_once);
            assert!(at_once <= room, "{} was painted with {at_once}", row.pair_id);
        }

        // The pictures are those of a device with room.
        let whole = root.with_extension("whole");
        let roomy = Tinter::new(usize::MAX);
        run_all(&roomy, &sources, &stated, &whole, Shard::WHOLE, Start::Fresh).unwrap();
        assert!(tree(&whole.join("dataset")) == tree(&root.join("dataset")), "{room}");
    }
}

#[test]
fn a_resumed_batch_starts_with_the_size_that_fitted() {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 8, 24);
    let root = folder.path().join("out");
    let auto = BatchPlan { batch_size: BatchSize::Auto, ..plan() };
    let first = Cramped { tinter: Tinter::new(6), ..Cramped::new(2) };
    run_all(&first, &sources, &auto, &root, Shard::WHOLE, Start::Fresh).unwrap_err();
    assert_eq!(first.refused.get(), 1);
    let second = Cramped::new(2);
    run_all(&second, &sources, &auto, &root, Shard::WHOLE, Start::Resume).unwrap();
    assert_eq!(second.refused.get(), 0);
}

#[test]
fn memory_that_runs_out_ends_a_batch_of_a_stated_size_and_one_of_single_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 2, 24);
    let check = |name: &str, room: usize, batch_size: BatchSize, words: &str| {
        let root = folder.path().join(name);
        let plan = BatchPlan { batch_size, ..plan() };
        let go = |painter: &dyn Painter, start| {
            run_all(painter, &sources, &plan, &root, Shard::WHOLE, start)
        };
        let error = go(&Cramped::new(room), Start::Fresh).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        // The journal is whole: with room it goes on.
        let outcome = go(&Tinter::new(usize::MAX), Start::Resume).unwrap();
        assert_eq!((outcome.skipped, outcome.passed + outcome.failed), (0, 8));
    };
    check("stated", 3, BatchSize::Pictures(4), "`--batch-size auto`");
    check("single", 0, BatchSize::Auto, "with a batch of 1: try `--dtype float16`");
}

/// Paints no source that is all black.
struct Squeamish(Tinter);

impl Painter for Squeamish {
    fn preparation(&self) -> Preparation {
        self.0.preparation()
    }

    fn paint(&self, pass: &[SourceEdits<'_>]) -> Result<Vec<RgbImage>, GeneratorError> {
        if pass
            .iter()
            .any(|share| share.source.model_input.samples().iter().all(|level| *level == 0))
        {
            return Err(GeneratorError::NotFinite { stage: "the latents", kind: "Half".into() });
        }
        self.0.paint(pass)
    }

    fn provenance(&self) -> Map<String, Value> {
        self.0.provenance()
    }
}

#[test]
fn a_source_that_cannot_be_painted_takes_none_of_its_neighbours_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 6, 24);
    let dark = GreyImage::new(ImageSize::square(24).unwrap(), vec![0; 24 * 24]).unwrap();
    std::fs::write(&sources[1].path, dark.to_png().unwrap()).unwrap();
    let root = folder.path().join("out");
    let plan = BatchPlan { sources_at_once: 3, max_attempts: 1, ..plan() };
    let painter = Squeamish(Tinter::new(usize::MAX));
    let outcome = run_all(&painter, &sources, &plan, &root, Shard::WHOLE, Start::Fresh).unwrap();
    assert_eq!(outcome.unreadable.len(), 1);
    assert!(outcome.unreadable[0].0 == "source_01" && outcome.unreadable[0].1.contains("finite"));
    assert_eq!(outcome.passed + outcome.failed, 20);
    let journal = std::fs::read(journal_path(&root, Shard::WHOLE)).unwrap();
    let shapes: BTreeMap<String, Option<usize>> = JournalContent::parse(&journal)
        .pairs
        .into_values()
        .map(|row| (row.source_id.to_string(), row.painted_at_once))
        .collect();
    assert_eq!(shapes["source_00"], Some(4), "its neighbours were painted by themselves");
    assert_eq!(shapes["source_05"], None, "the other group in one pass");
}

/// Two stages that wait for each other: either alone would wait in vain.
struct Rendezvous {
    tinter: Tinter,
    painting: mpsc::Sender<()>,
    judging: mpsc::Receiver<()>,
    passes: Cell<usize>,
}

const PATIENCE: Duration = Duration::from_mins(1);

impl Painter for Rendezvous {
    fn preparation(&self) -> Preparation {
        self.tinter.preparation()
    }

    fn paint(&self, pass: &[SourceEdits<'_>]) -> Result<Vec<RgbImage>, GeneratorError> {
        if self.passes.replace(self.passes.get() + 1) > 0 {
            // The pass before this one is being judged while this one is painted.
            let _ = self.painting.send(());
            self.judging.recv_timeout(PATIENCE).map_err(|_| GeneratorError::NoPicture)?;
        }
        self.tinter.paint(pass)
    }

    fn provenance(&self) -> Map<String, Value> {
        self.tinter.provenance()
    }
}

struct Meeting {
    painting: mpsc::Receiver<()>,
    judging: mpsc::Sender<()>,
    left: usize,
}

impl Perceptual for Meeting {
    fn distance(
        &mut self,
        source: &GreyImage,
        generated: &GreyImage,
    ) -> Result<f64, GeneratorError> {
        if self.left > 0 {
            self.left -= 1;
            let _ = self.judging.send(());
            self.painting.recv_timeout(PATIENCE).map_err(|_| GeneratorError::NoPicture)?;
        }
        MeanGap.distance(source, generated)
    }
}

#[test]
fn a_source_is_painted_while_the_one_before_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = write_sources(folder.path(), 6, 24);
    for source in &mut sources {
        // One picture a pass: one judgement for each.
        source.edits.retain(|label| label.name() == "young_male");
    }
    let root = folder.path().join("out");
    let plan = BatchPlan { max_attempts: 1, ..plan() };
    let (painting_in, painting_out) = mpsc::channel();
    let (judging_in, judging_out) = mpsc::channel();
    let painter = Rendezvous {
        tinter: Tinter::new(usize::MAX),
        painting: painting_in,
        judging: judging_out,
        passes: Cell::new(0),
    };
    // The last pass has none after it to meet.
    let mut meeting = Meeting { painting: painting_out, judging: judging_in, left: 5 };
    let job = BatchJob {
        sources: &sources,
        plan: &plan,
        root: &root,
        shard: Shard::WHOLE,
        start: Start::Fresh,
    };
    let outcome =
        run(&painter, Some(&mut meeting), job, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(outcome.passed + outcome.failed, 6);
    let stages = outcome.stages;
    for stage in [stages.reading, stages.painting, stages.judging, stages.writing] {
        assert!(stage > Duration::ZERO && stage <= stages.whole, "{stages:?}");
    }
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
    let sources = write_sources(folder.path(), 12, 24);
    let root = folder.path().join("out");
    let painter = Tinter::new(usize::MAX);
    let mut calls = 0;
    let mut stop_at_two = |_: &BatchOutcome| {
        calls += 1;
        if calls == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let (plan, shard) = (BatchPlan { max_attempts: 1, ..plan() }, Shard::WHOLE);
    let job = BatchJob { sources: &sources, plan: &plan, root: &root, shard, start: Start::Fresh };
    run(&painter, Some(&mut MeanGap), job, &mut stop_at_two).unwrap();
    let outcome = run_all(&painter, &sources, &plan, &root, shard, Start::Resume).unwrap();
    let skipped = outcome.skipped;
    assert!((2..12).contains(&skipped), "{skipped}: what was painted before the stop is finished");
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
