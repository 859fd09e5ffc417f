//! The tiny model, with the topology of Stable Diffusion 1.5, all widths different and weights by formula.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use spinefairbench_artifacts::digest::Hasher;
use spinefairbench_generator::base_model::BaseModel;
pub use spinefairbench_generator::formula_model::HalfWeights;
use spinefairbench_generator::formula_model::{FormulaModel, Network, write_weights};
use spinefairbench_generator::lora::BaseModules;

/// The model folder in the diffusers layout, built once per test run.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    &FOLDER
        .get_or_init(|| {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("tiny-sd15");
            FormulaModel::Tiny.write(&path).unwrap();
            (root, path)
        })
        .1
}

pub fn config_bytes(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/tiny").join(name);
    std::fs::read(path).unwrap()
}

/// What a LoRA can adapt in the tiny model.
pub fn modules() -> BaseModules {
    BaseModules::of(&BaseModel::open(folder(), None).unwrap())
}

pub fn weights(network: Network) -> HalfWeights {
    FormulaModel::Tiny.weights(network).unwrap()
}

pub fn write(path: &Path, weights: &HalfWeights) {
    write_weights(path, weights).unwrap();
}

/// Names, shapes and half-precision values, from the original's script (`formula.py`, `make_tiny.py`).
const DIGESTS: [(Network, usize, &str); 3] = [
    (Network::Unet, 686, "ac4c5026a3750affffe6d9f23a574217f1a27d99acd69695deadb56805c933e0"),
    (Network::Vae, 248, "0544b6acb6406b6f714a18a1bbcb0819b07e7c77e61024d1151a878ddece59c3"),
    (Network::TextEncoder, 52, "e3564c66b74ab967e9d863d942808d40714f15ddf52ea4f8be39e2faa7a5d9aa"),
];

#[test]
fn the_tiny_model_is_the_one_of_the_goldens() {
    for (network, n_tensors, expected) in DIGESTS {
        let weights = weights(network);
        let mut hasher = Hasher::default();
        for (name, (shape, bytes)) in &weights {
            hasher.update(format!("{name} {shape:?}\n").as_bytes());
            hasher.update(bytes);
        }
        assert_eq!(weights.len(), n_tensors, "{network:?}");
        assert_eq!(hasher.finish().to_string(), expected, "{network:?}");
    }
}
