//! A LoRA file held against a base UNet: factors and scale for every module, or everything that does not fit.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{LoraFile, LoraFormat, ModuleTensors, ScaleChoice};
use crate::GeneratorError;
use crate::accounting::{Accounting, ShapeMismatch};
use crate::architecture::Listing;

/// The attention projections that the released adapter covers, all of them.
const RELEASED_TARGETS: [&str; 4] = [".to_q", ".to_k", ".to_v", ".to_out.0"];

/// The two factors of one module in single precision, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct LowRankValues {
    /// `[rank, in]` (with the kernel's sides beside a convolution).
    pub down: Vec<f32>,
    /// Shape of `down`.
    pub down_shape: Vec<usize>,
    /// `[out, rank]` (with two ones beside a convolution).
    pub up: Vec<f32>,
    /// Shape of `up`.
    pub up_shape: Vec<usize>,
    /// What their product is multiplied with.
    pub scale: f64,
}

/// A LoRA that fits its base.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedLora {
    /// By module path of the base UNet.
    pub modules: BTreeMap<String, LowRankValues>,
}

impl LoraFile {
    /// Holds the file against `base`, the UNet's listing.
    ///
    /// # Errors
    ///
    /// [`GeneratorError::Accounting`] with every tensor that does not fit, or [`GeneratorError::LoraScale`] if the file
    /// does not say its scale and `scale` does not either.
    pub fn resolve(
        &self,
        base: &Listing,
        scale: ScaleChoice,
    ) -> Result<ResolvedLora, GeneratorError> {
        let alphas = self.alphas(scale)?;
        let paths: BTreeMap<String, &String> =
            base.modules.keys().map(|path| (self.format.spell(path), path)).collect();
        let mut accounting = Accounting::default();
        accounting.unexpected.extend(self.unexpected.iter().cloned());
        let mut fitting = Vec::new();
        for (spelled, tensors) in &self.modules {
            let Some(path) = paths.get(spelled) else {
                let names = [&tensors.down, &tensors.up, &tensors.alpha];
                accounting.unexpected.extend(names.into_iter().flatten().cloned());
                continue;
            };
            if let (Some(down), Some(up)) = (&tensors.down, &tensors.up) {
                let rank =
                    self.check_shapes(down, up, &base.modules[*path], &alphas, &mut accounting);
                fitting.push((*path, spelled, down, up, rank));
            } else {
                accounting.missing.extend(self.absent_half(spelled, tensors));
            }
        }
        if self.format == LoraFormat::Released {
            let absent = base
                .modules
                .keys()
                .filter(|path| RELEASED_TARGETS.iter().any(|target| path.ends_with(target)))
                .filter(|path| !self.modules.contains_key(*path));
            for path in absent {
                for half in ["lora_A", "lora_B"] {
                    accounting
                        .missing
                        .insert(format!("base_model.model.{path}.{half}.default.weight"));
                }
            }
        }
        if !accounting.is_balanced() {
            return Err(GeneratorError::Accounting {
                path: self.weights.path.clone(),
                network: "base UNet",
                accounting: Box::new(accounting),
            });
        }
        let modules = fitting
            .into_iter()
            .map(|(path, spelled, down, up, rank)| {
                let values = LowRankValues {
                    down: self.weights.read_f32(down)?,
                    down_shape: self.weights.tensors[down].shape.clone(),
                    up: self.weights.read_f32(up)?,
                    up_shape: self.weights.tensors[up].shape.clone(),
                    scale: alphas.scale_of(spelled, rank),
                };
                Ok((path.clone(), values))
            })
            .collect::<Result<_, GeneratorError>>()?;
        Ok(ResolvedLora { modules })
    }

    fn absent_half(&self, spelled: &str, tensors: &ModuleTensors) -> Option<String> {
        match (&tensors.down, &tensors.up) {
            (Some(down), None) => Some(format!("the upper half of `{down}`")),
            (None, Some(up)) => Some(format!("the lower half of `{up}`")),
            (None, None) => Some(format!("both halves of `{spelled}` in {} names", self.format)),
            (Some(_), Some(_)) => None,
        }
    }

    /// Checks both factors against the module's weight and returns their rank.
    fn check_shapes(
        &self,
        down: &str,
        up: &str,
        weight: &[usize],
        alphas: &Alphas,
        accounting: &mut Accounting,
    ) -> usize {
        let (found_down, found_up) =
            (&self.weights.tensors[down].shape, &self.weights.tensors[up].shape);
        let rank = match alphas {
            Alphas::Metadata { rank, .. } => *rank,
            _ => found_down.first().copied().unwrap_or_default(),
        };
        let mut needed_down = weight.to_vec();
        needed_down[0] = rank;
        let mut needed_up = vec![1; weight.len()];
        (needed_up[0], needed_up[1]) = (weight[0], rank);
        for (name, needed, found) in [(down, needed_down, found_down), (up, needed_up, found_up)] {
            if *found != needed || rank == 0 {
                accounting
                    .misshapen
                    .insert(name.into(), ShapeMismatch { needed, found: found.clone() });
            }
        }
        rank
    }

    /// Where the scale comes from.
    pub(super) fn alphas(&self, choice: ScaleChoice) -> Result<Alphas, GeneratorError> {
        let refuse = |problem: String| GeneratorError::LoraScale {
            path: self.weights.path.clone(),
            problem,
        };
        if let ScaleChoice::Stated(scale) = choice {
            if !scale.is_finite() {
                return Err(refuse(format!("the stated scale {scale} is not finite")));
            }
            // The released format's rank still says what shape its tensors must have.
            return Ok(match (self.format, self.metadata_number("lora_rank")) {
                (LoraFormat::Released, Ok(rank)) => Alphas::Metadata { rank, scale },
                _ => Alphas::Stated(scale),
            });
        }
        match self.format {
            LoraFormat::Released => {
                let rank = self.metadata_number("lora_rank").map_err(&refuse)?;
                let alpha = self.metadata_number("lora_alpha").map_err(&refuse)?;
                Ok(Alphas::Metadata { rank, scale: ratio(alpha, rank) })
            }
            LoraFormat::PeftUnmarked => Err(refuse(
                "it has PEFT names but not the released format's metadata, so that its alpha is unknown (the original \
                 would generate from the plain base model): state the scale"
                    .into(),
            )),
            LoraFormat::Diffusers => self.diffusers_alphas().map_err(refuse),
            LoraFormat::Processor => Ok(Alphas::Rank),
            LoraFormat::Kohya => self.kohya_alphas(),
        }
    }

    fn metadata_number(&self, key: &str) -> Result<usize, String> {
        let text =
            self.weights.metadata.get(key).ok_or_else(|| format!("its metadata lacks `{key}`"))?;
        match text.trim().parse() {
            Ok(0) | Err(_) => {
                Err(format!("`{key}` of its metadata is {text:?}, not a positive whole number"))
            }
            Ok(number) => Ok(number),
        }
    }

    fn diffusers_alphas(&self) -> Result<Alphas, String> {
        #[derive(Deserialize)]
        struct Adapter {
            #[serde(rename = "unet.r")]
            rank: Option<usize>,
            #[serde(rename = "unet.lora_alpha")]
            alpha: Option<f64>,
            #[serde(rename = "unet.rank_pattern", default)]
            rank_pattern: BTreeMap<String, serde_json::Value>,
            #[serde(rename = "unet.alpha_pattern", default)]
            alpha_pattern: BTreeMap<String, serde_json::Value>,
            #[serde(rename = "unet.use_rslora", default)]
            use_rslora: bool,
            #[serde(rename = "unet.use_dora", default)]
            use_dora: bool,
        }
        let with_alpha: Vec<_> =
            self.modules.values().filter_map(|tensors| tensors.alpha.as_ref()).collect();
        if let Some(first) = with_alpha.first() {
            return Err(format!(
                "it has {} alpha tensors (`{first}`, …) beside diffusers names, which the format does not know",
                with_alpha.len()
            ));
        }
        let Some(text) = self.weights.metadata.get("lora_adapter_metadata") else {
            return Ok(Alphas::Rank);
        };
        let adapter: Adapter = serde_json::from_str(text)
            .map_err(|error| format!("its `lora_adapter_metadata`: {error}"))?;
        if !adapter.rank_pattern.is_empty()
            || !adapter.alpha_pattern.is_empty()
            || adapter.use_rslora
            || adapter.use_dora
        {
            return Err("its `lora_adapter_metadata` asks for patterns, rsLoRA or DoRA, which are not supported".into());
        }
        match (adapter.rank, adapter.alpha) {
            (Some(rank), Some(alpha)) if rank > 0 && alpha.is_finite() => {
                #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
                let scale = alpha / rank as f64;
                Ok(Alphas::Metadata { rank, scale })
            }
            _ => Err("its `lora_adapter_metadata` lacks a positive `unet.r` or a finite `unet.lora_alpha`".into()),
        }
    }

    fn kohya_alphas(&self) -> Result<Alphas, GeneratorError> {
        let refuse = |problem: String| GeneratorError::LoraScale {
            path: self.weights.path.clone(),
            problem,
        };
        let text_encoder: Vec<&String> =
            self.unexpected.iter().filter(|name| name.starts_with("lora_te")).collect();
        if let Some(first) = text_encoder.first() {
            return Err(refuse(format!(
                "it also adapts the text encoder ({} tensors, `{first}`, …), which is not supported",
                text_encoder.len()
            )));
        }
        let mut by_module = BTreeMap::new();
        let mut kinds: BTreeSet<Option<u32>> = BTreeSet::new();
        for (module, tensors) in &self.modules {
            let alpha = match &tensors.alpha {
                None => None,
                Some(name) => match self.weights.read_f32(name)?.as_slice() {
                    [alpha] if alpha.is_finite() => Some(*alpha),
                    _ => return Err(refuse(format!("`{name}` is not one finite number"))),
                },
            };
            kinds.insert(alpha.map(f32::to_bits));
            by_module.insert(module.clone(), alpha);
        }
        if kinds.len() > 1 {
            let shown: Vec<String> = kinds
                .iter()
                .map(|bits| {
                    bits.map_or_else(|| "none".into(), |bits| f32::from_bits(bits).to_string())
                })
                .collect();
            return Err(refuse(format!(
                "its modules have different alphas ({}); the original would use the most frequent one for all: state \
                 the scale",
                shown.join(", ")
            )));
        }
        Ok(if kinds.contains(&None) { Alphas::Rank } else { Alphas::Tensors(by_module) })
    }
}

/// Where the scale of each module comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Alphas {
    /// The caller.
    Stated(f64),
    /// The metadata, which also fix the rank.
    Metadata { rank: usize, scale: f64 },
    /// One alpha per module.
    Tensors(BTreeMap<String, Option<f32>>),
    /// Alpha is the rank: the scale is 1.
    Rank,
}

impl Alphas {
    pub(super) fn scale_of(&self, module: &str, rank: usize) -> f64 {
        match self {
            Self::Stated(scale) | Self::Metadata { scale, .. } => *scale,
            Self::Rank => 1.0,
            Self::Tensors(alphas) => {
                #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
                let rank = rank as f64;
                alphas.get(module).copied().flatten().map_or(1.0, |alpha| f64::from(alpha) / rank)
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "rank and alpha are small")]
fn ratio(alpha: usize, rank: usize) -> f64 {
    alpha as f64 / rank as f64
}
