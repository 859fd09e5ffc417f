//! What the release says about its generator: repository, recommended adapter, defaults, thresholds, prompts.
//!
//! `generator info` is the original's release check without its scripts. Nothing here is computed; the digests are those that the
//! release publishes.

use serde_json::{Value, json};
use spinefairbench_artifacts::ids::EditLabel;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_imaging::Thresholds;

use crate::{GeneratorConfig, PromptSet};

/// Everything as one JSON object.
#[must_use]
pub fn info(release: &ReleaseDescription) -> Value {
    let prompts: Value = PromptSet::ALL
        .into_iter()
        .map(|set| {
            let texts: Value = EditLabel::ALL
                .into_iter()
                .map(|label| (label.to_string(), Value::from(set.prompt(label))))
                .collect();
            (set.name().to_owned(), texts)
        })
        .collect();
    let Thresholds { min_ssim, min_edges, max_lpips } = Thresholds::RELEASED;
    json!({
        "config": serde_json::to_value(GeneratorConfig::default()).unwrap_or_default(),
        "prompts": prompts,
        "default_prompt_set": PromptSet::default().name(),
        "qc_thresholds": {"min_ssim": min_ssim, "min_edges": min_edges, "max_lpips": max_lpips},
        "release": {
            "generator": serde_json::to_value(&release.generator).unwrap_or_default(),
            "lora": {"rank": 64, "alpha": 128, "modules": 128, "tensors": 256},
            "not_released": [
                "source radiographs", "base model weights", "training code and data", "segmentation weights"
            ],
        },
        "libtorch": cfg!(feature = "libtorch"),
    })
}
