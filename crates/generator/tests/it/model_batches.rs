//! The tiny model in a batch, with LPIPS: passes, retries that pass and failures, in any division of the work.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use spinefairbench_generator::GeneratorConfig;
use spinefairbench_generator::batch::{
    BatchJob, BatchOutcome, BatchPlan, JournalContent, Perceptual, Shard, SourceEntry, Start,
    journal_path, run,
};
use spinefairbench_generator::infer::{Generator, ModelOptions};
use spinefairbench_generator::lora::LoraMerge;
use spinefairbench_generator::painter::ModelPainter;
use spinefairbench_generator::torch::{Lpips, Residency};
use spinefairbench_imaging::{ReadOptions, RgbImage, Thresholds, read_picture};

use crate::batches::{assemble_all, plan, tree, write_sources};
use crate::{inference, perceptual};

static NEVER: AtomicBool = AtomicBool::new(false);

fn painter() -> (ModelPainter, Option<Lpips>) {
    // One step at the smallest size that LPIPS measures.
    let config =
        GeneratorConfig { image_size: 32, inference_steps: 10, ..GeneratorConfig::default() };
    let options = ModelOptions {
        lora_merge: LoraMerge::Merged,
        residency: Residency::Kept,
        ..inference::options()
    };
    ModelPainter::new(
        Generator::load(&config, &options).unwrap(),
        Some(&perceptual::trunk()),
        &NEVER,
    )
    .unwrap()
}

fn run_all(
    (painter, lpips): &mut (ModelPainter, Option<Lpips>),
    sources: &[SourceEntry],
    plan: &BatchPlan,
    root: &Path,
    shard: Shard,
) -> BatchOutcome {
    let job = BatchJob { sources, plan, root, shard, start: Start::Fresh };
    let lpips = lpips.as_mut().map(|lpips| lpips as &mut (dyn Perceptual + Send));
    run(painter, lpips, job, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// A pass of another shape may decide the last bits of a picture, which is why the journal tells such pairs apart; it decides no more.
#[test]
fn several_sources_in_one_pass_give_the_pictures_of_single_ones_within_a_level() {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 5, 32);
    let mut painter = painter();
    let mut go = |sources_at_once| -> Vec<RgbImage> {
        let root = folder.path().join(format!("{sources_at_once}"));
        // All pass, so that no verdict hangs on a last bit.
        let thresholds = Thresholds { min_ssim: -1.0, min_edges: 0.0, max_lpips: 1e3 };
        let plan = BatchPlan { sources_at_once, thresholds, ..plan() };
        let outcome = run_all(&mut painter, &sources, &plan, &root, Shard::WHOLE);
        assert_eq!(outcome.passed, 20);
        let journal = std::fs::read(journal_path(&root, Shard::WHOLE)).unwrap();
        for row in JournalContent::parse(&journal).pairs.values() {
            let is_at_the_end = sources_at_once == 3 && row.source_id.as_str() >= "source_03";
            assert_eq!(row.painted_at_once, is_at_the_end.then_some(8), "{}", row.pair_id);
        }
        let picture = |bytes: Vec<u8>| read_picture(&bytes, &ReadOptions::default()).unwrap();
        tree(&root.join("dataset")).into_values().map(|bytes| picture(bytes).to_rgb()).collect()
    };
    for (alone, together) in go(1).iter().zip(go(3)) {
        let gaps = alone.samples().iter().zip(together.samples()).map(|(a, b)| a.abs_diff(*b));
        assert!(gaps.clone().all(|gap| gap <= 1));
        let n_other = gaps.clone().filter(|gap| *gap > 0).count();
        // The limit of a picture against the original's.
        assert!(n_other * 25 < gaps.count(), "{n_other} values");
    }
}

#[test]
fn twenty_sources_give_the_same_bytes_in_one_shard_and_in_three() {
    check_in_three(1);
}

#[test]
fn twenty_sources_in_groups_give_the_same_bytes_in_one_shard_and_in_three() {
    check_in_three(3);
}

fn check_in_three(sources_at_once: usize) {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 20, 32);
    let mut painter = painter();
    let plan = BatchPlan {
        thresholds: Thresholds { min_ssim: -1.0, min_edges: 0.0, max_lpips: 0.0695 },
        max_attempts: 3,
        sources_at_once,
        ..plan()
    };
    let whole = folder.path().join("whole");
    run_all(&mut painter, &sources, &plan, &whole, Shard::WHOLE);
    let shards = [0, 1, 2].map(|index| {
        let root = folder.path().join(format!("shard{index}"));
        run_all(&mut painter, &sources, &plan, &root, Shard::new(index, 3).unwrap());
        root
    });
    let (one, three) = (folder.path().join("one"), folder.path().join("three"));
    let counts = assemble_all(&[whole], &one).unwrap();
    assemble_all(&shards, &three).unwrap();
    assert_eq!(counts.attempted, 80);
    let files = tree(&one);
    assert!(files == tree(&three));
    let metadata =
        String::from_utf8(files[Path::new("dataset/qc_metadata.jsonl")].clone()).unwrap();
    for occurs in ["\"attempt\":1,\"counter", "\"attempt\":2,\"counter", "\"passed_qc\":false"] {
        assert!(metadata.contains(occurs), "{occurs} does not occur");
    }
}
