//! Models whose weights are a formula: nothing to download, the same bits everywhere.
//!
//! Output: a model folder in the diffusers layout, either tiny (the topology of Stable Diffusion 1.5 with small, all
//! different widths: tests and `generator smoke`) or of full size (measurements). The pictures mean nothing. Value `i` of
//! the tensor `NAME` is `offset + amplitude * v` with `v` in `[-1, 1)` from splitmix64 seeded by FNV-1a of
//! `PART/NAME`, in single precision, then rounded to half precision; the amplitudes keep activations in a sane range.

mod companions;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use spinefairbench_artifacts::write::{create_folder, write_atomic};

pub use companions::{LowRankFormula, write_lpips_trunk};

use crate::GeneratorError;
use crate::architecture::{
    Listing, TextEncoder, Unet, Vae, read_text_encoder_config, read_unet_config, read_vae_config,
};

/// Which sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormulaModel {
    /// 0.6 million parameters beside the vocabulary's.
    Tiny,
    /// Stable Diffusion 1.5's.
    Full,
}

/// The networks of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// `unet/`
    Unet,
    /// `vae/`
    Vae,
    /// `text_encoder/`
    TextEncoder,
}

impl Network {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Unet, Self::Vae, Self::TextEncoder];

    /// The folder, which is also the first part of the names that the formula is seeded with.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Unet => "unet",
            Self::Vae => "vae",
            Self::TextEncoder => "text_encoder",
        }
    }

    fn weights_name(self) -> &'static str {
        match self {
            Self::Unet | Self::Vae => "diffusion_pytorch_model.safetensors",
            Self::TextEncoder => "model.safetensors",
        }
    }
}

impl FormulaModel {
    /// Writes the model into the folder `root`.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn write(self, root: &Path) -> Result<(), GeneratorError> {
        for network in Network::ALL {
            let folder = root.join(network.folder());
            create_folder(&folder)?;
            write_atomic(folder.join("config.json"), self.config(network).as_bytes())?;
            write_weights(&folder.join(network.weights_name()), &self.weights(network)?)?;
        }
        create_folder(root.join("scheduler"))?;
        write_atomic(root.join("scheduler/scheduler_config.json"), SCHEDULER.as_bytes())?;
        write_atomic(root.join("model_index.json"), MODEL_INDEX.as_bytes())?;
        write_tokenizer(&root.join("tokenizer"))
    }

    /// The configuration file of `network`.
    #[must_use]
    pub fn config(self, network: Network) -> &'static str {
        match (self, network) {
            (Self::Tiny, Network::Unet) => include_str!("../configs/tiny/unet.json"),
            (Self::Tiny, Network::Vae) => include_str!("../configs/tiny/vae.json"),
            (Self::Tiny, Network::TextEncoder) => include_str!("../configs/tiny/text_encoder.json"),
            (Self::Full, Network::Unet) => include_str!("../configs/sd15/unet.json"),
            (Self::Full, Network::Vae) => include_str!("../configs/sd15/vae.json"),
            (Self::Full, Network::TextEncoder) => include_str!("../configs/sd15/text_encoder.json"),
        }
    }

    /// The names and shapes of `network`.
    ///
    /// # Errors
    ///
    /// Never: the embedded configurations are supported, which a test shows.
    pub fn listing(self, network: Network) -> Result<Listing, GeneratorError> {
        let (name, bytes) = (network.folder(), self.config(network).as_bytes());
        let mut listing = Listing::default();
        match network {
            Network::Unet => {
                Unet::build(&read_unet_config(name, bytes)?, &mut listing);
            }
            Network::Vae => {
                Vae::build(&read_vae_config(name, bytes)?, &mut listing);
            }
            Network::TextEncoder => {
                TextEncoder::build(&read_text_encoder_config(name, bytes)?, &mut listing);
            }
        }
        Ok(listing)
    }

    /// The weights of `network`.
    ///
    /// # Errors
    ///
    /// As [`Self::listing`].
    pub fn weights(self, network: Network) -> Result<HalfWeights, GeneratorError> {
        Ok(self
            .listing(network)?
            .parameters
            .into_iter()
            .map(|(name, shape)| {
                let bytes = fill(network, &name, &shape)
                    .into_iter()
                    .flat_map(|value| single_to_half(value).to_le_bytes())
                    .collect();
                (name, (shape, bytes))
            })
            .collect())
    }
}

/// Shape and half-precision bytes by name.
pub type HalfWeights = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

/// Writes `weights` as a `safetensors` file.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write_weights(path: &Path, weights: &HalfWeights) -> Result<(), GeneratorError> {
    write_tensors(path, Dtype::F16, weights, &[("format", "pt")])
}

/// Tensors of one type as a `safetensors` file with `metadata`.
fn write_tensors(
    path: &Path,
    dtype: Dtype,
    tensors: &BTreeMap<String, (Vec<usize>, Vec<u8>)>,
    metadata: &[(&str, &str)],
) -> Result<(), GeneratorError> {
    let failure = |error: safetensors::SafeTensorError| GeneratorError::MalformedWeights {
        path: path.into(),
        problem: error.to_string(),
    };
    let views = tensors
        .iter()
        .map(|(name, (shape, bytes))| {
            Ok((name.as_str(), TensorView::new(dtype, shape.clone(), bytes)?))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(failure)?;
    let metadata =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    serialize_to_file(views, Some(metadata), path).map_err(failure)
}

/// `offset + amplitude * v` for `count` values of the tensor called `name`, each `v` in `[-1, 1)`.
#[must_use]
pub fn values(name: &str, count: usize, amplitude: f64, offset: f64) -> Vec<f32> {
    let seed = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    });
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the formula rounds both constants to single precision"
    )]
    let (amplitude, offset) = (amplitude as f32, offset as f32);
    (1..=count as u64).map(|position| offset + amplitude * unit(seed, position)).collect()
}

fn unit(seed: u64, position: u64) -> f32 {
    let mut z = seed.wrapping_add(position.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit a single exactly")]
    let top = (z >> 40) as f32;
    top * 2.0_f32.powi(-23) - 1.0
}

/// Single to half precision, to nearest, ties to even; no value of a model here is near overflow.
fn single_to_half(value: f32) -> u16 {
    let bits = value.to_bits();
    let [_, _, _, high] = bits.to_le_bytes();
    let sign = u16::from(high & 0x80) << 8;
    let magnitude = f32::from_bits(bits & 0x7fff_ffff);
    if magnitude < 2.0_f32.powi(-14) {
        // Subnormal halves are multiples of 2^-24; the product is exact and rounding it is the conversion.
        let fraction = (magnitude * 2.0_f32.powi(24)).round_ties_even();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 1024"
        )]
        return sign | fraction as u16;
    }
    let rounded = (bits & 0x7fff_ffff) + 0x0fff + (bits >> 13 & 1);
    sign | u16::try_from((rounded >> 13) - (112 << 10)).unwrap_or(0x7c00)
}

/// Which amplitude and offset a parameter's name calls for.
fn fill(network: Network, name: &str, shape: &[usize]) -> Vec<f32> {
    let full = format!("{}/{name}", network.folder());
    let count = shape.iter().product();
    let mut parts = name.rsplit('.');
    let (leaf, owner) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if owner.contains("norm") {
        return values(&full, count, 0.2, if leaf == "weight" { 1.0 } else { 0.0 });
    }
    if owner == "token_embedding" {
        return values(&full, count, 1.0, 0.0);
    }
    if owner == "position_embedding" {
        return values(&full, count, 0.5, 0.0);
    }
    if leaf == "bias" {
        let mut biases = values(&full, count, 0.1, 0.0);
        if name == "quant_conv.bias" {
            // A log-variance about -4, so that the posterior is narrow.
            biases.iter_mut().skip(4).for_each(|value| *value -= 4.0);
        }
        return biases;
    }
    let gain = match name {
        "conv_in.weight" | "encoder.conv_in.weight" => 2.0,
        "post_quant_conv.weight" => 0.25,
        _ if matches!(owner, "to_q" | "to_k") => 2.0,
        _ => 1.0,
    };
    let fan_in: usize = shape.iter().skip(1).product();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
    let amplitude = (3.0 / fan_in as f64).sqrt() * gain;
    let mut weights = values(&full, count, amplitude, 0.0);
    if name == "quant_conv.weight" {
        // Means as wide as real latents are before their scaling.
        weights.iter_mut().take(4 * fan_in).for_each(|value| *value *= 6.0);
    }
    weights
}

const SCHEDULER: &str = include_str!("../configs/tiny/scheduler.json");
const MODEL_INDEX: &str = include_str!("../configs/tiny/model_index.json");
const TOKENIZER_CONFIG: &str = include_str!("../configs/tiny/tokenizer_config.json");
const SPECIAL_TOKENS: &str = include_str!("../configs/tiny/special_tokens_map.json");

/// `vocab.json` and `merges.txt` as the model folder has them, from the published merges.
fn write_tokenizer(folder: &Path) -> Result<(), GeneratorError> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(crate::base_model::CLIP_MERGES)
        .read_to_string(&mut text)
        .map_err(|error| GeneratorError::Tokenizer { problem: error.to_string() })?;
    let merges: Vec<&str> = text.lines().skip(1).take(crate::tokenizer::N_MERGES).collect();
    let vocabulary: BTreeMap<String, u32> =
        crate::tokenizer::vocabulary(&merges).zip(0..).collect();
    create_folder(folder)?;
    write_atomic(folder.join("vocab.json"), &serde_json::to_vec(&vocabulary).unwrap_or_default())?;
    write_atomic(
        folder.join("merges.txt"),
        format!("#version: 0.2\n{}\n", merges.join("\n")).as_bytes(),
    )?;
    write_atomic(folder.join("tokenizer_config.json"), TOKENIZER_CONFIG.as_bytes())?;
    write_atomic(folder.join("special_tokens_map.json"), SPECIAL_TOKENS.as_bytes())?;
    Ok(())
}
