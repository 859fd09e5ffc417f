//! What `lora-info` prints: a LoRA file by itself, without a base model.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{LoraFile, ScaleChoice};
use crate::base_model::released_unet_listing;

/// The scale of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleFact {
    /// The values that occur; one, in every file that can be used without stating a scale.
    Known(Vec<f64>),
    /// Why the file does not say it.
    Unknown(String),
}

/// A LoRA file in a few facts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LoraInfo {
    /// The format's name.
    pub format: String,
    /// Number of tensors.
    pub tensors: usize,
    /// Number of modules.
    pub modules: usize,
    /// Ranks that occur.
    pub ranks: BTreeSet<usize>,
    /// `alpha / rank`.
    pub scale: ScaleFact,
    /// Kinds of layers that are adapted, with the number of modules of each.
    pub targets: BTreeMap<String, usize>,
    /// Storage types that occur.
    pub dtypes: BTreeSet<String>,
    /// Tensors that belong to no module.
    pub unexpected: Vec<String>,
    /// The file's own notes.
    pub metadata: BTreeMap<String, String>,
}

impl LoraFile {
    /// The facts about this file.
    #[must_use]
    pub fn info(&self) -> LoraInfo {
        let rank_of = |name: &String| {
            self.weights.tensors.get(name).and_then(|entry| entry.shape.first().copied())
        };
        let ranks: BTreeSet<usize> =
            self.modules.values().filter_map(|tensors| rank_of(tensors.down.as_ref()?)).collect();
        // Flattened names are read back through the module list of the released base.
        let known: BTreeMap<String, String> = released_unet_listing()
            .modules
            .into_keys()
            .map(|path| (self.format.spell(&path), path))
            .collect();
        let mut targets = BTreeMap::new();
        for spelled in self.modules.keys() {
            let path = known.get(spelled).unwrap_or(spelled);
            *targets.entry(leaf(path).to_owned()).or_insert(0) += 1;
        }
        let scale = match self.alphas(ScaleChoice::FromFile) {
            Ok(alphas) => {
                let mut scales: Vec<f64> = self
                    .modules
                    .iter()
                    .map(|(module, tensors)| {
                        let rank = tensors.down.as_ref().and_then(rank_of).unwrap_or(1);
                        alphas.scale_of(module, rank)
                    })
                    .collect();
                scales.sort_by(f64::total_cmp);
                scales.dedup();
                ScaleFact::Known(scales)
            }
            Err(error) => ScaleFact::Unknown(error.to_string()),
        };
        LoraInfo {
            format: self.format.to_string(),
            tensors: self.weights.tensors.len(),
            modules: self.modules.len(),
            ranks,
            scale,
            targets,
            dtypes: self
                .weights
                .tensors
                .values()
                .map(|entry| format!("{:?}", entry.dtype))
                .collect(),
            unexpected: self.unexpected.clone(),
            metadata: self.weights.metadata.clone(),
        }
    }
}

/// The part of a module path that says which kind of layer it is: what follows the last numbered container.
fn leaf(path: &str) -> &str {
    for container in [".attn1.", ".attn2.", ".transformer_blocks.0."] {
        if let Some((_, leaf)) = path.rsplit_once(container) {
            return leaf;
        }
    }
    path.rsplit_once('.').map_or(path, |(_, leaf)| leaf)
}
