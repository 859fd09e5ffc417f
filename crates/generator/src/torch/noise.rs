//! The random numbers of a run: exactly two draws, tensor by tensor.
//!
//! On the CPU the stream is torch's mt19937 for the low 32 bits of the seed; on CUDA it is Philox on the GPU, so that
//! one seed gives different pictures on the two unless the noise is drawn on the CPU for both. Half precision on the
//! CPU is a stream of its own, not the single-precision one rounded.

use std::sync::{Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

use super::Torch;
use crate::Seed;

/// Where noise is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NoiseOrigin {
    /// On the model's device and in its dtype, as the original does.
    #[default]
    Device,
    /// On the CPU in single precision, then moved: pictures that match across devices.
    Cpu,
}

/// Held from seeding to the second draw: the generator belongs to the process.
static GLOBAL_GENERATOR: Mutex<()> = Mutex::new(());

/// The stream of one picture.
///
/// libtorch's bindings reach only the global generator; it gives the bits of an own one as long as nothing else draws
/// between seeding and the two draws, which is why [`NoiseSource::latent_pair`] takes both at once.
#[derive(Debug, Clone, Copy)]
pub struct NoiseSource {
    /// The seed, of which the generator takes the low bits.
    pub seed: Seed,
    /// Where it is drawn.
    pub origin: NoiseOrigin,
}

/// Both draws of a run.
#[derive(Debug)]
pub struct NoisePair {
    /// The first draw: the sample from the encoded picture's distribution.
    pub posterior: Tensor,
    /// The second draw: the noise that the loop removes.
    pub initial: Tensor,
}

impl NoiseSource {
    /// Seeds the generator and draws twice, standard normal, `shape` each.
    ///
    /// # Errors
    ///
    /// libtorch's.
    pub fn latent_pair(self, shape: [i64; 4], kind: Kind, device: Device) -> Torch<NoisePair> {
        let (drawn_kind, drawn_on) = match self.origin {
            NoiseOrigin::Device => (kind, device),
            NoiseOrigin::Cpu => (Kind::Float, Device::Cpu),
        };
        let _alone = GLOBAL_GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        tch::manual_seed(self.seed.bits().cast_signed());
        let draw = || -> Torch<Tensor> {
            Tensor::f_randn(shape, (drawn_kind, drawn_on))?.f_to_device(device)?.f_to_kind(kind)
        };
        Ok(NoisePair { posterior: draw()?, initial: draw()? })
    }
}
