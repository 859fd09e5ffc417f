//! What goes with a model by formula: a LoRA in the released format, and the trunk of LPIPS.
//!
//! Values are those of [`super::values`], in single precision, seeded by `lora_A/MODULE`, `lora_B/MODULE` and
//! `alexnet/TENSOR`.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::Dtype;

use super::{FormulaModel, Network, values, write_tensors};
use crate::GeneratorError;

/// The two matrices of one adapted module.
#[derive(Debug, Clone, PartialEq)]
pub struct LowRankFormula {
    /// Path of the module.
    pub module: String,
    /// `[rank, in]`.
    pub down: (Vec<usize>, Vec<f32>),
    /// `[out, rank]`.
    pub up: (Vec<usize>, Vec<f32>),
}

impl FormulaModel {
    /// The updates of every attention projection of the UNet, in order of their names.
    ///
    /// # Errors
    ///
    /// As [`Self::listing`].
    pub fn lora(self, rank: usize) -> Result<Vec<LowRankFormula>, GeneratorError> {
        let adapted = [".to_q", ".to_k", ".to_v", ".to_out.0"];
        Ok(self
            .listing(Network::Unet)?
            .modules
            .into_iter()
            .filter(|(name, _)| adapted.iter().any(|leaf| name.ends_with(leaf)))
            .map(|(module, shape)| {
                let (outputs, inputs) = (shape[0], shape[1]);
                // The update is as wide at every rank as at rank 4, where the amplitude is a quarter.
                #[expect(clippy::cast_precision_loss, reason = "widths and ranks are small")]
                let (down, up) = ((3.0 / inputs as f64).sqrt(), 0.5 / (rank as f64).sqrt());
                let down = values(&format!("lora_A/{module}"), rank * inputs, down, 0.0);
                let up = values(&format!("lora_B/{module}"), outputs * rank, up, 0.0);
                LowRankFormula {
                    module,
                    down: (vec![rank, inputs], down),
                    up: (vec![outputs, rank], up),
                }
            })
            .collect())
    }

    /// Writes [`Self::lora`] to `path` in the released format, with an alpha of twice the rank, as the released one has.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write_lora(self, path: &Path, rank: usize) -> Result<(), GeneratorError> {
        let tensors = self
            .lora(rank)?
            .into_iter()
            .flat_map(|LowRankFormula { module, down, up }| {
                [("A", down), ("B", up)].map(|(half, (shape, values))| {
                    let name = format!("base_model.model.{module}.lora_{half}.default.weight");
                    (name, (shape, bytes(&values)))
                })
            })
            .collect();
        let metadata = [
            ("format", "spinefairbench_lora_safetensors"),
            ("lora_rank", &rank.to_string()),
            ("lora_alpha", &(2 * rank).to_string()),
        ];
        write_tensors(path, Dtype::F32, &tensors, &metadata)
    }
}

/// Writes AlexNet's convolutions to `path`, in torchvision's names.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write_lpips_trunk(path: &Path) -> Result<(), GeneratorError> {
    let mut tensors = BTreeMap::new();
    for (index, shape) in [
        (0, [64, 3, 11, 11]),
        (3, [192, 64, 5, 5]),
        (6, [384, 192, 3, 3]),
        (8, [256, 384, 3, 3]),
        (10, [256, 256, 3, 3]),
    ] {
        let fan_in: usize = shape[1..].iter().product();
        #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
        let amplitude = (6.0 / fan_in as f64).sqrt();
        for (leaf, shape, amplitude) in
            [("weight", shape.to_vec(), amplitude), ("bias", vec![shape[0]], 0.1)]
        {
            let name = format!("features.{index}.{leaf}");
            let count = shape.iter().product();
            let values = values(&format!("alexnet/{name}"), count, amplitude, 0.0);
            tensors.insert(name, (shape, bytes(&values)));
        }
    }
    write_tensors(path, Dtype::F32, &tensors, &[("format", "pt")])
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
