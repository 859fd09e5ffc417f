//! The configuration of a run: a YAML mapping over the release's defaults.
//!
//! Input: the bytes of a file such as `configs/inference_sd15_lora.yaml`. Output: a [`GeneratorConfig`] and the keys
//! that mean nothing. An empty file means the defaults; anything but a mapping is an error. `lora_rank` and `lora_alpha`
//! are recorded and never used: both come from the LoRA file. The values are held against what can be carried out in
//! [`GeneratorConfig::plan`], before any weight is loaded.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{GeneratorError, Seed};

/// Everything that a configuration file can say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GeneratorConfig {
    /// A folder in the diffusers layout, a single `.safetensors` file, or a name on the Hub.
    pub base_model: String,
    /// Not used; recorded.
    pub lora_rank: u32,
    /// Not used; recorded.
    pub lora_alpha: u32,
    /// Steps of the whole schedule, 1 to the number of training steps.
    pub inference_steps: u32,
    /// Weight of the conditioned prediction; without unconditional one at 1 and below.
    pub guidance_scale: f64,
    /// The part of the schedule that is run, above 0 to 1.
    pub strength: f64,
    /// The seed.
    pub seed: Seed,
    /// Side of the square picture.
    pub image_size: u32,
    /// Weight of the source inside the mask.
    pub tsxr_mask_blend: f64,
    /// A LoRA file.
    pub checkpoint_path: Option<PathBuf>,
    /// `auto`, `cpu`, `cuda` or `cuda:N`.
    pub device: String,
}

impl Default for GeneratorConfig {
    fn default() -> Self {
        Self {
            base_model: "stable-diffusion-v1-5/stable-diffusion-v1-5".into(),
            lora_rank: 64,
            lora_alpha: 128,
            inference_steps: 50,
            guidance_scale: 5.0,
            strength: 0.15,
            seed: Seed::RELEASED,
            image_size: 512,
            tsxr_mask_blend: 0.7,
            checkpoint_path: None,
            device: "auto".into(),
        }
    }
}

/// A configuration file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadConfig {
    /// The values, defaults filled in.
    pub config: GeneratorConfig,
    /// Keys that mean nothing here, as in the original; to be reported.
    pub unknown_keys: BTreeSet<String>,
}

/// Reads the YAML in `bytes`; `file` is its name for messages.
///
/// # Errors
///
/// [`GeneratorError::Config`] if it is not a YAML mapping or a value has the wrong type.
pub fn read_config(file: &str, bytes: &[u8]) -> Result<ReadConfig, GeneratorError> {
    let failure = |problem: String| GeneratorError::Config { file: file.into(), problem };
    let text = std::str::from_utf8(bytes).map_err(|error| failure(error.to_string()))?;
    let tree: serde_json::Value = if is_blank(text) {
        serde_json::Value::Null
    } else {
        serde_saphyr::from_str(text).map_err(|error| failure(first_line(&error.to_string())))?
    };
    let map = match tree {
        serde_json::Value::Null => serde_json::Map::new(),
        serde_json::Value::Object(map) => map,
        other => return Err(failure(format!("expected a mapping, found {}", kind_of(&other)))),
    };
    let known = serde_json::to_value(GeneratorConfig::default())
        .ok()
        .and_then(|value| {
            value.as_object().map(|object| object.keys().cloned().collect::<BTreeSet<_>>())
        })
        .unwrap_or_default();
    let (known, unknown): (serde_json::Map<_, _>, serde_json::Map<_, _>) =
        map.into_iter().partition(|(key, _)| known.contains(key));
    // A number that YAML reads as whole or as fraction is the same to a fraction's field, and integers have a range.
    let config =
        serde_json::from_value(known.into()).map_err(|error| failure(error.to_string()))?;
    Ok(ReadConfig { config, unknown_keys: unknown.into_iter().map(|(key, _)| key).collect() })
}

fn is_blank(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#') || line == "---" || line == "...")
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').into()
}

fn kind_of(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Array(_) => "a list",
        serde_json::Value::String(_) => "text",
        serde_json::Value::Number(_) => "a number",
        _ => "a single value",
    }
}

/// The numbers of a run, known to be possible together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunPlan {
    /// Steps of the whole schedule.
    pub inference_steps: u32,
    /// The last so many of them are run; at least one.
    pub used_steps: u32,
    /// Weight of the conditioned prediction.
    pub guidance_scale: f64,
    /// Side of the picture that goes in and, without a mask, comes out if it is a multiple of the reduction.
    pub image_size: u32,
}

impl GeneratorConfig {
    /// The LoRA of a run: `given` on the command line, else this configuration's. Looked for before anything is loaded.
    ///
    /// # Errors
    ///
    /// If there is none, or nothing at its path.
    pub fn checkpoint(&self, given: Option<&Path>) -> Result<PathBuf, GeneratorError> {
        let path = given.or(self.checkpoint_path.as_deref()).ok_or(GeneratorError::NoCheckpoint)?;
        if !path.exists() {
            return Err(GeneratorError::CheckpointMissing { path: path.into() });
        }
        Ok(path.into())
    }

    /// The numbers of a run for a model with `train_steps` training steps whose autoencoder reduces sides by
    /// `reduction`.
    ///
    /// # Errors
    ///
    /// If the original would fail, with or without a clear message: strength outside `[0, 1]` or below one step, steps
    /// out of range, a picture smaller than one latent pixel, numbers that are not finite.
    pub fn plan(&self, train_steps: u32, reduction: u32) -> Result<RunPlan, GeneratorError> {
        let steps = self.inference_steps;
        if !(1..=train_steps).contains(&steps) {
            return Err(GeneratorError::Steps { steps, maximum: train_steps });
        }
        if !(0.0..=1.0).contains(&self.strength) {
            return Err(GeneratorError::Strength { strength: self.strength });
        }
        // The product is taken in double precision and cut off, as the original does: 100 * 0.29 gives 28.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the number of steps"
        )]
        let used_steps = ((f64::from(steps) * self.strength) as u32).min(steps);
        if used_steps == 0 {
            return Err(GeneratorError::NoSteps { steps, strength: self.strength });
        }
        if !self.guidance_scale.is_finite() {
            return Err(GeneratorError::Guidance { guidance_scale: self.guidance_scale });
        }
        if self.image_size < reduction {
            return Err(GeneratorError::ImageSize {
                image_size: self.image_size,
                minimum: reduction,
            });
        }
        Ok(RunPlan {
            inference_steps: steps,
            used_steps,
            guidance_scale: self.guidance_scale,
            image_size: self.image_size,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The released inference configuration, as shipped.
    const RELEASED: &str = include_str!("../configs/inference_sd15_lora.yaml");

    fn read(text: &str) -> Result<ReadConfig, GeneratorError> {
        read_config("run.yaml", text.as_bytes())
    }

    #[test]
    fn an_empty_file_means_the_defaults_which_the_shipped_file_repeats() {
        assert_eq!(read("# nothing\n").unwrap().config, GeneratorConfig::default());
        assert_eq!(read(RELEASED).unwrap().config, GeneratorConfig::default());
    }

    #[test]
    fn unknown_keys_are_dropped_and_named() {
        let read = read("seed: 7\nstrength: 1\nscheduler: ddim\n").unwrap();
        assert_eq!(read.config.seed, Seed::from(7));
        assert!((read.config.strength - 1.0).abs() < f64::EPSILON);
        assert_eq!(read.unknown_keys, BTreeSet::from(["scheduler".to_owned()]));
    }

    #[test]
    fn anything_but_a_mapping_is_refused() {
        for text in ["- 1\n- 2\n", "just text", "42"] {
            let error = read(text).unwrap_err();
            assert!(error.to_string().contains("expected a mapping"), "{error}");
        }
        assert!(read("seed: [1").is_err());
        assert!(read("inference_steps: many").is_err());
    }

    #[test]
    fn impossible_runs_say_what_to_change() {
        let check = |change: fn(&mut GeneratorConfig), expected: &str| {
            let mut config = GeneratorConfig::default();
            change(&mut config);
            assert_eq!(config.plan(1000, 8).unwrap_err().to_string(), expected);
        };
        check(
            |c| c.strength = 0.0,
            "50 steps at strength 0 are less than one step: raise `strength` to at least 0.02",
        );
        check(
            |c| c.strength = 0.01,
            "50 steps at strength 0.01 are less than one step: raise `strength` to at least 0.02",
        );
        check(|c| c.strength = 1.5, "`strength` is 1.5, it must lie between 0 and 1");
        check(|c| c.strength = -0.1, "`strength` is -0.1, it must lie between 0 and 1");
        check(|c| c.inference_steps = 0, "`inference_steps` is 0, it must lie between 1 and 1000");
        check(
            |c| c.inference_steps = 1001,
            "`inference_steps` is 1001, it must lie between 1 and 1000",
        );
        check(|c| c.image_size = 7, "`image_size` is 7, it must be at least 8");
        let mut config =
            GeneratorConfig { image_size: 8, guidance_scale: 0.0, ..GeneratorConfig::default() };
        assert_eq!(config.plan(1000, 8).unwrap().used_steps, 7);
        (config.inference_steps, config.strength) = (100, 0.29);
        assert_eq!(config.plan(1000, 8).unwrap().used_steps, 28);
    }
}
