//! Counterfactual radiographs: Stable Diffusion 1.5 img2img with a LoRA, and its quality control.

pub mod accounting;
pub mod architecture;
mod error;
mod files;
#[cfg(feature = "libtorch")]
pub mod torch;
pub mod weight_file;

pub use error::GeneratorError;
