//! The JSON beside a picture: the original's fields, and everything of ours under one key.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};
use spinefairbench_artifacts::ids::EditLabel;

use crate::{GeneratorConfig, PromptSet, Seed};

/// The original's fields, in its names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PictureMetadata {
    /// Name of the LoRA file, if it was given beside the configuration.
    pub checkpoint_filename: Option<String>,
    /// As configured.
    pub guidance_scale: f64,
    /// As configured.
    pub inference_steps: u32,
    /// Whether a mask was given.
    pub mask_applied: bool,
    /// The picture's file name.
    pub output_filename: String,
    /// The text the model was conditioned on.
    pub prompt: String,
    /// The seed that was used.
    pub seed: Seed,
    /// Name of the source's file.
    pub source_filename: String,
    /// As configured.
    pub strength: f64,
    /// The edit.
    pub target_demographic: EditLabel,
    /// Weight of the source inside the mask; null without one.
    pub tsxr_mask_blend: Option<f64>,
    /// What this implementation adds.
    pub spinefairbench: Map<String, Value>,
}

/// What varies from picture to picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureFacts<'a> {
    /// Name of the source's file.
    pub source_filename: &'a str,
    /// Name of the LoRA file, if it was given beside the configuration.
    pub checkpoint_filename: Option<&'a str>,
    /// The edit.
    pub label: EditLabel,
    /// Which wording.
    pub prompt_set: PromptSet,
    /// The seed that was used.
    pub seed: Seed,
    /// Whether a mask was given.
    pub mask_applied: bool,
}

impl PictureMetadata {
    /// The metadata of one picture under `config`; `added` goes under our key, with the prompt set.
    #[must_use]
    pub fn new(
        config: &GeneratorConfig,
        facts: &PictureFacts<'_>,
        mut added: Map<String, Value>,
    ) -> Self {
        added.insert("prompt_set".into(), facts.prompt_set.name().into());
        added.insert(
            "tool".into(),
            concat!("spinefairbench-generator ", env!("CARGO_PKG_VERSION")).into(),
        );
        Self {
            checkpoint_filename: facts.checkpoint_filename.map(Into::into),
            guidance_scale: config.guidance_scale,
            inference_steps: config.inference_steps,
            mask_applied: facts.mask_applied,
            output_filename: picture_name(facts.label),
            prompt: facts.prompt_set.prompt(facts.label).into(),
            seed: facts.seed,
            source_filename: facts.source_filename.into(),
            strength: config.strength,
            target_demographic: facts.label,
            tsxr_mask_blend: facts.mask_applied.then_some(config.tsxr_mask_blend),
            spinefairbench: added,
        }
    }

    /// The file's text: keys in order, two spaces, ASCII only, a line end at the end, as Python's `json` writes it.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Through a value, whose maps are ordered by key.
        let text = serde_json::to_value(self)
            .and_then(|value| serde_json::to_string_pretty(&value))
            .unwrap_or_default();
        escape_non_ascii(&text) + "\n"
    }
}

/// `elderly_female_counterfactual.png`, …
#[must_use]
pub fn picture_name(label: EditLabel) -> String {
    format!("{label}_counterfactual.png")
}

/// `elderly_female_counterfactual.json`, …
#[must_use]
pub fn metadata_name(label: EditLabel) -> String {
    format!("{label}_counterfactual.json")
}

/// Characters beyond ASCII occur inside strings only, where each may be written as one or two `\uXXXX`.
fn escape_non_ascii(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_beyond_ascii_is_escaped_as_python_does() {
        assert_eq!(escape_non_ascii("Wirbelsäule 🦴"), "Wirbels\\u00e4ule \\ud83e\\uddb4");
    }
}
