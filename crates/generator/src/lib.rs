//! Counterfactual radiographs: Stable Diffusion 1.5 img2img with a LoRA, and its quality control.

#![forbid(unsafe_code)]

pub mod accounting;
pub mod architecture;
pub mod assemble;
pub mod base_model;
pub mod batch;
pub mod config;
pub mod device;
mod edit;
mod error;
pub mod facts;
mod files;
pub mod formula_model;
#[cfg(feature = "libtorch")]
pub mod infer;
pub mod lora;
pub mod metadata;
#[cfg(feature = "libtorch")]
pub mod painter;
pub mod prepare;
mod prompt;
pub mod schedule;
mod seed;
pub mod smoke;
pub mod stored_names;
pub mod strip;
pub mod tokenizer;
#[cfg(feature = "libtorch")]
pub mod torch;
pub mod weight_file;

pub use config::{GeneratorConfig, ReadConfig, RunPlan, read_config};
pub use edit::{Edit, NULL_PROMPT, UnknownEdit};
pub use error::GeneratorError;
pub use prompt::{PromptSet, UnknownPromptSet};
pub use seed::{InvalidSeed, Seed};
