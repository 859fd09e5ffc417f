//! What `lora-info` prints: a LoRA file by itself, or held against a base.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::names::Part;
use super::resolve::distinct;
use super::{BaseModules, LoraFile, Network, ScaleChoice};

/// The scale of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleFact {
    /// The values that occur, of all modules.
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
    /// Number of modules of the UNet.
    pub modules: usize,
    /// Number of modules of the text encoder.
    pub text_encoder_modules: usize,
    /// Methods, with the number of modules of each.
    pub methods: BTreeMap<String, usize>,
    /// Ranks that occur.
    pub ranks: BTreeSet<usize>,
    /// What the updates are multiplied with.
    pub scale: ScaleFact,
    /// Kinds of the UNet's layers that are adapted, with the number of modules of each.
    pub targets: BTreeMap<String, usize>,
    /// Storage types that occur.
    pub dtypes: BTreeSet<String>,
    /// Tensors that are neither factors nor alphas of a plain LoRA: DoRA's lengths, LoHa's and LoKr's parts.
    pub other_parts: Vec<String>,
    /// Tensors that belong to no module.
    pub unexpected: Vec<String>,
    /// What a user should know although the file can be used.
    pub notices: Vec<String>,
    /// Why the file cannot be used, whatever scale is stated.
    pub refused: Option<String>,
    /// The file's own notes.
    pub metadata: BTreeMap<String, String>,
}

impl LoraFile {
    /// The facts about this file, held against `base`. What [`resolve`](Self::resolve) would refuse with any stated scale is
    /// in `refused`.
    #[must_use]
    pub fn info(&self, base: &BaseModules) -> LoraInfo {
        let plan = self.plan(base, ScaleChoice::FromFile);
        let usable = self.resolve(base, ScaleChoice::Stated(1.0));
        let (notices, refused) = match usable {
            Ok(resolved) => {
                let mut notices = self.notices(&resolved);
                notices.extend(self.misfit(base));
                (notices, None)
            }
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let scale = match (&plan, &refused) {
            (_, Some(refused)) => ScaleFact::Unknown(refused.clone()),
            (Ok(plan), None) => ScaleFact::Known(distinct(plan.iter().map(|module| module.scale))),
            (Err(error), None) => ScaleFact::Unknown(error.to_string()),
        };
        let planned =
            plan.or_else(|_| self.plan(base, ScaleChoice::Stated(1.0))).unwrap_or_default();
        let mut methods = BTreeMap::new();
        for module in &planned {
            let dora = if module.lengths.is_some() { "DoRA of " } else { "" };
            *methods.entry(format!("{dora}{}", module.update.method())).or_insert(0) += 1;
        }
        // Of a file that is refused, what its lower factors say.
        let down_ranks = self.modules.values().filter_map(|tensors| {
            self.weights.tensors.get(tensors.get(&Part::Down)?)?.shape.first().copied()
        });
        let ranks = if planned.is_empty() {
            down_ranks.collect()
        } else {
            planned.iter().filter_map(|module| module.rank).collect()
        };
        let mut targets = BTreeMap::new();
        for module in planned.iter().filter(|module| module.network == Network::Unet) {
            *targets.entry(leaf(&module.path).to_owned()).or_insert(0) += 1;
        }
        let n_modules =
            |network| self.modules.keys().filter(|module| module.network == network).count();
        LoraInfo {
            format: self.format.to_string(),
            tensors: self.weights.tensors.len(),
            modules: n_modules(Network::Unet),
            text_encoder_modules: n_modules(Network::TextEncoder),
            methods,
            ranks,
            scale,
            targets,
            dtypes: self
                .weights
                .tensors
                .values()
                .map(|entry| format!("{:?}", entry.dtype))
                .collect(),
            other_parts: self
                .modules
                .values()
                .flatten()
                .filter(|(part, _)| !matches!(part, Part::Down | Part::Up | Part::Alpha))
                .map(|(_, name)| name.clone())
                .collect(),
            unexpected: self.unexpected.clone(),
            notices,
            refused,
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
