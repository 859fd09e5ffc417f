//! LoRA files: which format, which modules, which scale.
//!
//! Input: a `safetensors` file in the released PEFT format, diffusers' (new or attention-processor names) or kohya's.
//! Output: for every adapted module the two factors and one scale, `alpha / rank`, held against the base UNet's module
//! list with every tensor accounted for. Where the original silently generates from the plain base model or guesses (PEFT
//! names without the format's metadata, mixed alphas), reading stops unless the caller states the scale.

mod format;
mod info;
mod resolve;

use std::collections::BTreeMap;
use std::path::Path;

pub use format::LoraFormat;
pub use info::{LoraInfo, ScaleFact};
pub use resolve::{LowRankValues, ResolvedLora};

use crate::GeneratorError;
use crate::weight_file::WeightFile;
use format::Part;

/// The released adapter, to name when a pickle is offered.
pub const RELEASED_FILE: &str = "spinefairbench_sd15_lora.safetensors";

/// What the low-rank product is multiplied with.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum ScaleChoice {
    /// `alpha / rank` of the file; 1 where the format has no alpha.
    #[default]
    FromFile,
    /// This number in place of `alpha / rank`.
    Stated(f64),
}

/// Whether adapters become part of the weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LoraMerge {
    /// Added to the weights once, after loading: faster, with the last bits differing from the original's.
    #[default]
    Merged,
    /// Kept beside the weights and computed at every step, as the original does.
    Apart,
}

/// A LoRA file whose names have been understood.
#[derive(Debug, Clone)]
pub struct LoraFile {
    /// The file with its checked header.
    pub weights: WeightFile,
    /// How its tensors are named.
    pub format: LoraFormat,
    /// By the module's name as the file spells it.
    modules: BTreeMap<String, ModuleTensors>,
    /// Tensors whose names say nothing.
    unexpected: Vec<String>,
}

/// The tensor names of one module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct ModuleTensors {
    down: Option<String>,
    up: Option<String>,
    alpha: Option<String>,
}

impl LoraFile {
    /// Opens `path` and sorts its tensors by module.
    ///
    /// # Errors
    ///
    /// If the file is a pickle, is malformed, or has tensors of no known naming.
    pub fn open(path: &Path) -> Result<Self, GeneratorError> {
        let weights = WeightFile::open(path, RELEASED_FILE)?;
        let Some(format) = LoraFormat::recognise(&weights) else {
            return Err(GeneratorError::UnknownLoraFormat {
                path: path.into(),
                first: weights.tensors.keys().next().cloned().unwrap_or_default(),
            });
        };
        let mut modules: BTreeMap<String, ModuleTensors> = BTreeMap::new();
        let mut unexpected = Vec::new();
        for name in weights.tensors.keys() {
            let Some((module, part)) = format.split(name) else {
                unexpected.push(name.clone());
                continue;
            };
            let tensors = modules.entry(module).or_default();
            let slot = match part {
                Part::Down => &mut tensors.down,
                Part::Up => &mut tensors.up,
                Part::Alpha => &mut tensors.alpha,
            };
            if slot.replace(name.clone()).is_some() {
                unexpected.push(name.clone());
            }
        }
        Ok(Self { weights, format, modules, unexpected })
    }
}
