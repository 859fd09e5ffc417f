//! The tiny model in a batch, with LPIPS: passes, retries that pass and failures, in any division of the work.

use spinefairbench_generator::GeneratorConfig;
use spinefairbench_generator::batch::{BatchPlan, Shard, Start};
use spinefairbench_generator::infer::{Generator, ModelOptions};
use spinefairbench_generator::lora::LoraMerge;
use spinefairbench_generator::painter::ModelPainter;
use spinefairbench_generator::torch::Residency;
use spinefairbench_imaging::Thresholds;

use crate::batches::{assemble_all, plan, run_all, tree, write_sources};
use crate::{inference, perceptual};

fn painter() -> ModelPainter {
    // One step at the smallest size that LPIPS measures.
    let config =
        GeneratorConfig { image_size: 32, inference_steps: 10, ..GeneratorConfig::default() };
    let options = ModelOptions {
        lora_merge: LoraMerge::Merged,
        residency: Residency::Kept,
        ..inference::options()
    };
    ModelPainter::new(Generator::load(&config, &options).unwrap(), Some(&perceptual::trunk()))
        .unwrap()
}

#[test]
fn twenty_sources_give_the_same_bytes_in_one_shard_and_in_three() {
    let folder = tempfile::tempdir().unwrap();
    let sources = write_sources(folder.path(), 20, 32);
    let painter = painter();
    let plan = BatchPlan {
        thresholds: Thresholds { min_ssim: -1.0, min_edges: 0.0, max_lpips: 0.0695 },
        max_attempts: 3,
        ..plan()
    };
    let whole = folder.path().join("whole");
    run_all(&painter, &sources, &plan, &whole, Shard::WHOLE, Start::Fresh).unwrap();
    let shards = [0, 1, 2].map(|index| {
        let root = folder.path().join(format!("shard{index}"));
        run_all(&painter, &sources, &plan, &root, Shard::new(index, 3).unwrap(), Start::Fresh)
            .unwrap();
        root
    });
    let (one, three) = (folder.path().join("one"), folder.path().join("three"));
    let counts = assemble_all(&[whole], &one).unwrap();
    assemble_all(&shards, &three).unwrap();
    assert_eq!(counts.attempted, 80);
    let files = tree(&one);
    assert!(files == tree(&three));
    let metadata =
        String::from_utf8(files[std::path::Path::new("dataset/qc_metadata.jsonl")].clone())
            .unwrap();
    for occurs in ["\"attempt\":1,\"counter", "\"attempt\":2,\"counter", "\"passed_qc\":false"] {
        assert!(metadata.contains(occurs), "{occurs} does not occur");
    }
}
