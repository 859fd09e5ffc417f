//! How the formats name their tensors.

use std::fmt;

use crate::weight_file::WeightFile;

/// Value of the metadata key `format` in the released file.
const RELEASED_MARK: &str = "spinefairbench_lora_safetensors";

/// A way of naming a LoRA's tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoraFormat {
    /// The released format: PEFT names, rank and alpha in the metadata.
    Released,
    /// PEFT names without the released format's metadata: the scale is unknown.
    PeftUnmarked,
    /// diffusers: `unet.MODULE.lora_A.weight`, rank and alpha in the metadata `lora_adapter_metadata`, if anywhere.
    Diffusers,
    /// Older diffusers: `unet.ATTENTION.processor.to_q_lora.down.weight`; without alpha.
    Processor,
    /// kohya: `lora_unet_MODULE.lora_down.weight`, dots of the path turned to underscores, alpha as a tensor.
    Kohya,
}

impl fmt::Display for LoraFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Released => "released",
            Self::PeftUnmarked => "peft-unmarked",
            Self::Diffusers => "diffusers",
            Self::Processor => "diffusers-processor",
            Self::Kohya => "kohya",
        })
    }
}

/// What a tensor is to its module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Down,
    Up,
    Alpha,
}

impl LoraFormat {
    /// The format of `file`, from its metadata and names.
    pub(super) fn recognise(file: &WeightFile) -> Option<Self> {
        if file.metadata.get("format").is_some_and(|format| format == RELEASED_MARK) {
            return Some(Self::Released);
        }
        let mut names = file.tensors.keys();
        let first = names.next()?;
        let is_kohya =
            |name: &String| name.starts_with("lora_unet_") || name.starts_with("lora_te");
        if is_kohya(first) && names.all(is_kohya) {
            return Some(Self::Kohya);
        }
        // A file of one of the other formats may hold strangers; they are named later, so one good name decides.
        [Self::PeftUnmarked, Self::Processor, Self::Diffusers].into_iter().find(|format| {
            file.tensors.keys().any(|name| matches!(format.split(name), Some((_, Part::Down))))
        })
    }

    /// The module that `name` belongs to, as the format spells it, and what it is there.
    pub(super) fn split(self, name: &str) -> Option<(String, Part)> {
        match self {
            Self::Released | Self::PeftUnmarked => {
                let path = name.strip_prefix("base_model.model.")?;
                ends(
                    path,
                    &[(".lora_A.default.weight", Part::Down), (".lora_B.default.weight", Part::Up)],
                )
            }
            Self::Diffusers => {
                let path = name.strip_prefix("unet.")?;
                ends(
                    path,
                    &[
                        (".lora_A.weight", Part::Down),
                        (".lora_B.weight", Part::Up),
                        (".alpha", Part::Alpha),
                    ],
                )
            }
            Self::Processor => {
                let path = name.strip_prefix("unet.")?;
                let (path, part) = ends(
                    path,
                    &[("_lora.down.weight", Part::Down), ("_lora.up.weight", Part::Up)],
                )?;
                let (attention, leaf) = path.split_once(".processor.")?;
                let leaf = if leaf == "to_out" { "to_out.0" } else { leaf };
                Some((format!("{attention}.{leaf}"), part))
            }
            Self::Kohya => {
                let path = name.strip_prefix("lora_unet_")?;
                let parts = [
                    (".lora_down.weight", Part::Down),
                    (".lora_up.weight", Part::Up),
                    (".alpha", Part::Alpha),
                ];
                ends(path, &parts)
            }
        }
    }

    /// How this format spells the module `path` of the network.
    pub(super) fn spell(self, path: &str) -> String {
        match self {
            Self::Kohya => path.replace('.', "_"),
            _ => path.into(),
        }
    }
}

fn ends(path: &str, suffixes: &[(&str, Part)]) -> Option<(String, Part)> {
    suffixes.iter().find_map(|(suffix, part)| Some((path.strip_suffix(suffix)?.to_owned(), *part)))
}
