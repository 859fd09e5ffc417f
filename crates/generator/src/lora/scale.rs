//! What a module's update is multiplied with: as stated by the caller, as written down in the file or beside it, or as its own alpha says.

use super::names::Part;
use super::settings::Settings;
use super::{LoraFile, LoraFormat, ModuleTensors, Network, ScaleChoice};
use crate::GeneratorError;

/// Where the scale of each module comes from.
#[derive(Debug)]
pub(super) struct Scales {
    stated: Option<f64>,
    unet: Option<Settings>,
    text_encoder: Option<Settings>,
}

impl Scales {
    pub(super) fn of(file: &LoraFile, choice: ScaleChoice) -> Result<Self, GeneratorError> {
        let refuse = |problem: String| GeneratorError::LoraScale {
            path: file.weights.path.clone(),
            problem,
        };
        let stated = match choice {
            ScaleChoice::FromFile => None,
            ScaleChoice::Stated(scale) if scale.is_finite() => Some(scale),
            ScaleChoice::Stated(scale) => {
                return Err(refuse(format!("the stated scale {scale} is not finite")));
            }
        };
        let record = |origin: &str, text: &str, prefix: &str| {
            Settings::read(origin, text, prefix).map_err(|problem| GeneratorError::LoraContent {
                path: file.weights.path.clone(),
                problem,
            })
        };
        let (mut unet, mut text_encoder) = (None, None);
        match file.format {
            LoraFormat::Released => match released_settings(file) {
                Ok(settings) => unet = Some(settings),
                Err(problem) if stated.is_none() => return Err(refuse(problem)),
                Err(_) => {}
            },
            LoraFormat::Peft => {
                let origin = "`adapter_config.json` beside it";
                unet = record(origin, file.adapter_config().unwrap_or("{}"), "")?;
                text_encoder.clone_from(&unet);
                if unet.is_none() && stated.is_none() {
                    return Err(refuse(format!("{origin} has neither `r` nor `lora_alpha`")));
                }
            }
            LoraFormat::PeftUnmarked if stated.is_none() => {
                return Err(refuse(
                    "it has PEFT names, but neither the released format's metadata nor an `adapter_config.json` beside it, so \
                     that its alpha is unknown (the original would generate from the plain base model): state the scale"
                        .into(),
                ));
            }
            LoraFormat::Diffusers | LoraFormat::Processor => {
                if let Some(text) = file.weights.metadata.get("lora_adapter_metadata") {
                    let origin = "its `lora_adapter_metadata`";
                    unet = match record(origin, text, "unet.")? {
                        Some(settings) => Some(settings),
                        None => record(origin, text, "")?,
                    };
                    text_encoder = record(origin, text, "text_encoder.")?;
                    if unet.is_none() && text_encoder.is_none() && stated.is_none() {
                        return Err(refuse(format!(
                            "{origin} lacks a positive `unet.r` or a finite `unet.lora_alpha`"
                        )));
                    }
                }
            }
            LoraFormat::PeftUnmarked | LoraFormat::Kohya => {}
        }
        let alphas: Vec<&String> =
            file.modules.values().filter_map(|tensors| tensors.get(&Part::Alpha)).collect();
        if let (Some(first), None) = (alphas.first(), stated)
            && file.format != LoraFormat::Kohya
        {
            return Err(refuse(format!(
                "it has {} alpha tensors (`{first}`, …) beside {} names, which the format does not know",
                alphas.len(),
                file.format
            )));
        }
        Ok(Self { stated, unet, text_encoder })
    }

    pub(super) fn settings(&self, network: Network) -> Option<&Settings> {
        match network {
            Network::Unet => self.unet.as_ref(),
            Network::TextEncoder => self.text_encoder.as_ref(),
        }
    }

    /// The scale of the module at `path`: stated, from the settings, or its own alpha over its rank; 1 without any of them.
    pub(super) fn of_module(
        &self,
        file: &LoraFile,
        path: &str,
        network: Network,
        tensors: &ModuleTensors,
        rank: Option<usize>,
    ) -> Result<f64, GeneratorError> {
        if let Some(scale) = self.stated {
            return Ok(scale);
        }
        if let Some(settings) = self.settings(network) {
            return Ok(settings.of(path).1);
        }
        let Some(name) = tensors.get(&Part::Alpha) else { return Ok(1.0) };
        let refuse = |problem: String| {
            Err(GeneratorError::LoraScale { path: file.weights.path.clone(), problem })
        };
        match file.weights.read_number(name)? {
            Some(alpha) if alpha.is_finite() && alpha != 0.0 => {
                // Two whole factors have no rank; LyCORIS gives them the scale 1.
                #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
                Ok(rank.map_or(1.0, |rank| alpha / rank as f64))
            }
            Some(0.0) => refuse(format!(
                "`{name}` is 0, which some programs take for no update and others for the rank: state the scale"
            )),
            _ => refuse(format!("`{name}` is not one finite number")),
        }
    }
}

fn released_settings(file: &LoraFile) -> Result<Settings, String> {
    let number = |key: &str| -> Result<usize, String> {
        let text =
            file.weights.metadata.get(key).ok_or_else(|| format!("its metadata lacks `{key}`"))?;
        match text.trim().parse() {
            Ok(0) | Err(_) => {
                Err(format!("`{key}` of its metadata is {text:?}, not a positive whole number"))
            }
            Ok(number) => Ok(number),
        }
    };
    let (rank, alpha) = (number("lora_rank")?, number("lora_alpha")?);
    #[expect(clippy::cast_precision_loss, reason = "alphas are small")]
    Ok(Settings::uniform("its metadata", rank, alpha as f64))
}
