//! What the release says about its generator: repository, recommended adapter, defaults, thresholds, prompts.
//!
//! Output: one JSON value, `generator info`, which is the original's release check without its scripts. Nothing here is
//! computed; the digests are those that the release publishes.

use serde_json::{Value, json};
use spinefairbench_artifacts::ids::EditLabel;
use spinefairbench_imaging::Thresholds;

use crate::{GeneratorConfig, PromptSet};

/// A file of the generator repository that `fetch` brings, with its pinned digest where the release gives one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleasedFile {
    /// Name inside the repository.
    pub name: &'static str,
    /// SHA-256 as hex.
    pub sha256: Option<&'static str>,
}

/// The generator's model repository on the Hub.
pub const REPOSITORY: &str = "anon-submission7979/spinefairbench-generator";

/// Its pinned revision.
pub const REVISION: &str = "f3ae3af9564b7cae1b93ebfbc2cf2921b155d436";

/// What is fetched: the adapter, its configuration, and the checksums published with them.
pub const FETCHED_FILES: [ReleasedFile; 3] = [
    ReleasedFile {
        name: crate::lora::RELEASED_FILE,
        sha256: Some("21bbfa4ee50ff389c3a49edc9fa39f4e1f7c691fad85c34cbcce595f62b8d56c"),
    },
    ReleasedFile { name: "generator_config.yaml", sha256: None },
    ReleasedFile { name: "SHA256SUMS.recommended.txt", sha256: None },
];

/// The training checkpoint beside them, a pickle: known so that it can be refused by name, never fetched.
pub const REFUSED_FILE: ReleasedFile = ReleasedFile {
    name: "latest.pt",
    sha256: Some("bc3f71631f07f3d0ca645808b0622f28da2c863b21622cab0ed65e8e44f329ff"),
};

/// Everything as one JSON object.
#[must_use]
pub fn info() -> Value {
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
            "repository": REPOSITORY,
            "revision": REVISION,
            "files": FETCHED_FILES
                .iter()
                .map(|file| json!({"name": file.name, "sha256": file.sha256}))
                .collect::<Vec<_>>(),
            "refused": {"name": REFUSED_FILE.name, "sha256": REFUSED_FILE.sha256, "reason": "pickle"},
            "lora": {"rank": 64, "alpha": 128, "modules": 128, "tensors": 256},
            "not_released": [
                "source radiographs", "base model weights", "training code and data", "segmentation weights"
            ],
        },
        "libtorch": cfg!(feature = "libtorch"),
    })
}
