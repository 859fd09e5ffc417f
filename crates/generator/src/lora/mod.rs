//! LoRA files: which names, which modules, which scale.
//!
//! Input: a `safetensors` file, or a folder as PEFT and diffusers save it, in the released format, PEFT's, diffusers' (of
//! any time) or kohya's; LoRA, LoCon, LoHa, LoKr, each with or without DoRA, of the UNet and the text encoder.
//! Output: for every adapted module a formula over its tensors and one scale, held against the base's modules with every
//! tensor accounted for. Where the original silently generates from the plain base model or guesses (PEFT names without
//! settings, one alpha for all), reading stops unless the caller states the scale. What is not understood is refused by name.

mod base_modules;
mod info;
mod names;
mod resolve;
mod scale;
mod settings;
mod update;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use base_modules::BaseModules;
pub use info::{LoraInfo, ScaleFact};
pub use names::{LoraFormat, Network};
pub use resolve::{ModuleUpdate, ResolvedLora, Values};
pub use update::{Lengths, Matrix, Side, Update};

use spinefairbench_artifacts::stand_in::{START_BYTES, StandIn};

use crate::weight_file::WeightFile;
use crate::{GeneratorError, files};
use names::{ModuleName, Name, Part, unsupported};

/// The released adapter, to name when a pickle is offered.
pub const RELEASED_FILE: &str = "spinefairbench_sd15_lora.safetensors";

/// What PEFT writes beside its weights.
const ADAPTER_CONFIG: &str = "adapter_config.json";

/// Settings are a few kilobytes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Value of the metadata key `format` in the released file.
const RELEASED_MARK: &str = "spinefairbench_lora_safetensors";

/// What the update is multiplied with.
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
    /// Kept beside the weights and computed at every step, as the original does; what is no plain LoRA is added all the same.
    Apart,
}

/// A LoRA file whose names have been understood.
#[derive(Debug, Clone)]
pub struct LoraFile {
    /// The file with its checked header.
    pub weights: WeightFile,
    /// How its tensors are named.
    pub format: LoraFormat,
    /// The text of the `adapter_config.json` beside it, if it has PEFT names and there is one.
    adapter_config: Option<String>,
    modules: BTreeMap<ModuleName, ModuleTensors>,
    /// Tensors whose names say nothing.
    unexpected: Vec<String>,
}

/// The tensor names of one module.
type ModuleTensors = BTreeMap<Part, String>;

impl LoraFile {
    /// Opens `path`, a file or a folder with one, and sorts its tensors by module.
    ///
    /// # Errors
    ///
    /// If the file is a pickle, is malformed, holds nothing, or has tensors of no known naming or of several adapters.
    pub fn open(path: &Path) -> Result<Self, GeneratorError> {
        let path = if path.is_dir() { weights_in(path)? } else { path.to_owned() };
        let weights = WeightFile::open(&path, RELEASED_FILE)?;
        let refuse = |problem: String| GeneratorError::LoraContent { path: path.clone(), problem };
        let Some(first) = weights.tensors.keys().next() else {
            return Err(refuse("it holds no tensor".into()));
        };
        let mut modules: BTreeMap<ModuleName, ModuleTensors> = BTreeMap::new();
        let mut unexpected = Vec::new();
        let mut format: Option<(LoraFormat, &String)> = None;
        let mut strangers: BTreeMap<&'static str, Vec<&String>> = BTreeMap::new();
        for name in weights.tensors.keys() {
            if let Some(kind) = unsupported(name) {
                strangers.entry(kind).or_default().push(name);
                continue;
            }
            let Some(read) = Name::read(name) else {
                unexpected.push(name.clone());
                continue;
            };
            if let Some((found, other)) = format
                && !read.format.goes_with(found)
            {
                return Err(refuse(format!(
                    "`{other}` and `{name}` are names of two kinds ({found} and {}), whose scales are written in different \
                     ways",
                    read.format
                )));
            }
            format = format.max(Some((read.format, name)));
            let spelled = read.module.spelled.clone();
            if let Some(other) =
                modules.entry(read.module).or_default().insert(read.part, name.clone())
            {
                return Err(refuse(format!(
                    "`{other}` and `{name}` are the same part of `{spelled}` (of two adapters?); save one adapter alone"
                )));
            }
        }
        if !strangers.is_empty() {
            let kinds: Vec<String> = strangers
                .iter()
                .map(|(kind, names)| {
                    let more = if names.len() > 1 { ", …" } else { "" };
                    format!("{kind} ({} tensors: `{}`{more})", names.len(), names[0])
                })
                .collect();
            return Err(refuse(format!(
                "it adapts {}, which is not supported",
                kinds.join(" and ")
            )));
        }
        let Some((mut format, _)) = format else {
            return Err(GeneratorError::UnknownLoraFormat {
                path: path.clone(),
                first: first.clone(),
            });
        };
        let mut adapter_config = None;
        if weights.metadata.get("format").is_some_and(|mark| mark == RELEASED_MARK) {
            format = LoraFormat::Released;
        } else if format == LoraFormat::PeftUnmarked {
            let beside = path.with_file_name(ADAPTER_CONFIG);
            if beside.is_file() {
                let bytes = files::read(&beside, MAX_CONFIG_BYTES)?;
                if let Some(stand_in) = StandIn::recognise(&bytes[..bytes.len().min(START_BYTES)]) {
                    return Err(GeneratorError::StandIn { path: beside, stand_in });
                }
                let text = String::from_utf8(bytes)
                    .map_err(|error| refuse(format!("`{ADAPTER_CONFIG}` beside it: {error}")))?;
                adapter_config = Some(text);
                format = LoraFormat::Peft;
            }
        }
        Ok(Self { weights, format, adapter_config, modules, unexpected })
    }

    /// The text of the settings beside the file, for a digest.
    #[must_use]
    pub fn adapter_config(&self) -> Option<&str> {
        self.adapter_config.as_deref()
    }
}

/// The weights in a folder: what PEFT calls them, what diffusers calls them, or the only file there is.
fn weights_in(folder: &Path) -> Result<PathBuf, GeneratorError> {
    for name in ["adapter_model.safetensors", "pytorch_lora_weights.safetensors"] {
        let path = folder.join(name);
        if path.is_file() {
            return Ok(path);
        }
    }
    let problem = match files::list(folder, "safetensors")?.as_slice() {
        [only] => return Ok(only.clone()),
        [] => {
            // Opening it names it as a pickle.
            for name in ["adapter_model.bin", "pytorch_lora_weights.bin"] {
                let path = folder.join(name);
                if path.is_file() {
                    return Ok(path);
                }
            }
            "it holds no `.safetensors` file".to_owned()
        }
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|path| format!("`{}`", path.file_name().unwrap_or_default().to_string_lossy()))
                .collect();
            format!("it holds several files ({}): name one", names.join(", "))
        }
    };
    Err(GeneratorError::LoraContent { path: folder.into(), problem })
}
