//! The models on libtorch: weights, forward passes, the sampling loop.
//!
//! Everything here takes its device, dtype and weights as arguments and keeps no state. Memory layout is part of the
//! arithmetic: a picture enters as `[1, H, W, 3]` memory seen as NCHW and is never made contiguous, and a sum takes the
//! layout of its first operand. With that, the operations below give the reference pipeline's bits on the same CPU,
//! libtorch and number of threads.

mod adapters;
mod layers;
mod lpips;
mod noise;
mod pipeline;
mod text_encoder;
mod unet;
mod vae;
mod weights;

use std::sync::atomic::{AtomicBool, Ordering};

use tch::Tensor;

pub use adapters::{Adapters, NetworkAdapters};
pub use lpips::{Distance, Lpips};
pub use noise::{NoiseOrigin, NoisePair, NoiseSource};
pub use pipeline::{LoadOptions, PictureRequest, Pipeline, Residency, SourceRequests};
pub use text_encoder::encode_tokens;
pub use unet::predict_noise;
pub use vae::{Moments, decode, encode};
pub use weights::{Arithmetic, PieceSizes, Placement, TensorSource};

/// Sees every named block's output while a network runs: goldens, progress, the search for the first infinity.
pub trait Probe {
    /// `value` is the output of the block called `name`; its memory may be used again after the call, so a probe that
    /// keeps it copies it. A feed-forward layer of many tokens is seen in parts.
    fn see(&mut self, name: &str, value: &Tensor);

    /// Whether the pass should end before its next step.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// Sees nothing.
impl Probe for () {
    fn see(&mut self, _: &str, _: &Tensor) {}
}

/// Sees nothing, and stops the pass once the flag is set.
#[derive(Debug, Clone, Copy)]
pub struct StopOn<'a>(pub &'a AtomicBool);

impl Probe for StopOn<'_> {
    fn see(&mut self, _: &str, _: &Tensor) {}

    fn is_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What a forward pass gives.
pub type Torch<T> = Result<T, tch::TchError>;
