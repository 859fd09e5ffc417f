//! The base model: where its weights, configurations and vocabulary are.
//!
//! Input: a folder in the diffusers layout, or a single `.safetensors` checkpoint with LDM names. Output: checked
//! headers and configurations of all parts; no weight is read here. A single file says nothing about head counts, groups
//! or the vocabulary: those come from a folder of configuration files, or are Stable Diffusion 1.5's.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::accounting::Accounting;
use crate::architecture::{
    Listing, SchedulerConfig, TextEncoder, TextEncoderConfig, Unet, UnetConfig, VaeConfig,
    read_scheduler_config, read_text_encoder_config, read_unet_config, read_vae_config,
};
use crate::stored_names::{LDM_PREFIXES, StoredNames, is_ldm_extra};
use crate::tokenizer::Tokenizer;
use crate::weight_file::WeightFile;
use crate::{GeneratorError, files};

/// Configuration files are small.
const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// Vocabularies are a few megabytes.
const MAX_VOCABULARY_BYTES: u64 = 64 << 20;

const SD15_UNET: &str = include_str!("../configs/sd15/unet.json");
const SD15_VAE: &str = include_str!("../configs/sd15/vae.json");
const SD15_TEXT_ENCODER: &str = include_str!("../configs/sd15/text_encoder.json");
const SD15_SCHEDULER: &str = include_str!("../configs/sd15/scheduler.json");
/// The merges that CLIP was published with; the vocabulary follows from them.
pub(crate) const CLIP_MERGES: &[u8] = include_bytes!("../data/clip-merges.txt.gz");

/// One network's weights and what it is built from.
#[derive(Debug, Clone)]
pub struct Part<C> {
    /// Widths and depths.
    pub config: C,
    /// The weights' file with its checked header.
    pub weights: WeightFile,
    /// How that file spells the parameters.
    pub names: StoredNames,
}

/// A base model whose parts are all there.
#[derive(Debug, Clone)]
pub struct BaseModel {
    /// The noise predictor.
    pub unet: Part<UnetConfig>,
    /// The autoencoder.
    pub vae: Part<VaeConfig>,
    /// The text encoder.
    pub text_encoder: Part<TextEncoderConfig>,
    /// The noise schedule.
    pub scheduler: SchedulerConfig,
    /// The vocabulary.
    pub tokenizer: Tokenizer,
}

impl BaseModel {
    /// Opens the model at `path`; `configs` is a folder in the diffusers layout from which a single file takes its
    /// configurations and vocabulary.
    ///
    /// # Errors
    ///
    /// If nothing is at `path`, a part is missing, malformed, a pickle or of an unsupported configuration.
    pub fn open(path: &Path, configs: Option<&Path>) -> Result<Self, GeneratorError> {
        if path.is_dir() {
            Self::open_folder(path)
        } else if path.is_file() {
            Self::open_single_file(path, configs)
        } else {
            Err(GeneratorError::NoBaseModel { path: path.into() })
        }
    }

    fn open_folder(root: &Path) -> Result<Self, GeneratorError> {
        let weights = |part: &str, name: &str| open_weights(&root.join(part), name);
        Ok(Self {
            unet: Part {
                config: config(root, "unet/config.json", read_unet_config)?,
                weights: weights("unet", "diffusion_pytorch_model")?,
                names: StoredNames::Plain,
            },
            vae: Part {
                config: config(root, "vae/config.json", read_vae_config)?,
                weights: weights("vae", "diffusion_pytorch_model")?,
                names: StoredNames::Vae,
            },
            text_encoder: Part {
                config: config(root, "text_encoder/config.json", read_text_encoder_config)?,
                weights: weights("text_encoder", "model")?,
                names: StoredNames::TextEncoder,
            },
            scheduler: config(root, "scheduler/scheduler_config.json", read_scheduler_config)?,
            tokenizer: read_tokenizer(&root.join("tokenizer"))?,
        })
    }

    fn open_single_file(path: &Path, configs: Option<&Path>) -> Result<Self, GeneratorError> {
        let weights = WeightFile::open(path, "the `.safetensors` file of the same model")?;
        let mut accounting = Accounting::default();
        accounting.unexpected.extend(
            weights
                .tensors
                .keys()
                .filter(|name| {
                    !LDM_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                        && !is_ldm_extra(name)
                })
                .cloned(),
        );
        if !accounting.is_balanced() {
            return Err(GeneratorError::Accounting {
                path: path.into(),
                network: "single-file layout",
                accounting: Box::new(accounting),
            });
        }
        let (unet, vae, text_encoder, scheduler, tokenizer) = match configs {
            Some(root) => (
                config(root, "unet/config.json", read_unet_config)?,
                config(root, "vae/config.json", read_vae_config)?,
                config(root, "text_encoder/config.json", read_text_encoder_config)?,
                config(root, "scheduler/scheduler_config.json", read_scheduler_config)?,
                read_tokenizer(&root.join("tokenizer"))?,
            ),
            None => (
                read_unet_config("unet.json", SD15_UNET.as_bytes())?,
                read_vae_config("vae.json", SD15_VAE.as_bytes())?,
                read_text_encoder_config("text_encoder.json", SD15_TEXT_ENCODER.as_bytes())?,
                read_scheduler_config("scheduler.json", SD15_SCHEDULER.as_bytes())?,
                published_tokenizer()?,
            ),
        };
        let (layers_per_block, levels) = (unet.layers_per_block, vae.block_out_channels.len());
        Ok(Self {
            unet: Part {
                config: unet,
                weights: weights.clone(),
                names: StoredNames::LdmUnet { layers_per_block },
            },
            vae: Part {
                config: vae,
                weights: weights.clone(),
                names: StoredNames::LdmVae { levels },
            },
            text_encoder: Part {
                config: text_encoder,
                weights,
                names: StoredNames::LdmTextEncoder,
            },
            scheduler,
            tokenizer,
        })
    }

    /// The UNet's names and shapes: what a LoRA is held against.
    #[must_use]
    pub fn unet_listing(&self) -> Listing {
        let mut listing = Listing::default();
        Unet::build(&self.unet.config, &mut listing);
        listing
    }

    /// The text encoder's names and shapes, which a LoRA may adapt as well.
    #[must_use]
    pub fn text_encoder_listing(&self) -> Listing {
        let mut listing = Listing::default();
        TextEncoder::build(&self.text_encoder.config, &mut listing);
        listing
    }
}

/// The listing of Stable Diffusion 1.5's UNet, the base of the released adapter.
///
/// # Panics
///
/// Never: the embedded configuration is a constant, which a test reads.
#[must_use]
pub fn released_unet_listing() -> Listing {
    let config = read_unet_config("unet.json", SD15_UNET.as_bytes())
        .expect("the embedded configuration is supported");
    let mut listing = Listing::default();
    Unet::build(&config, &mut listing);
    listing
}

/// The listing of Stable Diffusion 1.5's text encoder.
pub(crate) fn released_text_encoder_listing() -> Listing {
    let config = read_text_encoder_config("text_encoder.json", SD15_TEXT_ENCODER.as_bytes())
        .expect("the embedded configuration is supported");
    let mut listing = Listing::default();
    TextEncoder::build(&config, &mut listing);
    listing
}

fn config<C>(
    root: &Path,
    name: &str,
    read: impl Fn(&str, &[u8]) -> Result<C, GeneratorError>,
) -> Result<C, GeneratorError> {
    let path = root.join(name);
    read(&path.display().to_string(), &files::read(&path, MAX_CONFIG_BYTES)?)
}

/// The weights of one part: the plain file, else the half-precision one. A pickle in their place is named as such.
fn open_weights(folder: &Path, name: &str) -> Result<WeightFile, GeneratorError> {
    let wanted = format!("{name}.safetensors");
    let candidates: Vec<PathBuf> = [wanted.clone(), format!("{name}.fp16.safetensors")]
        .iter()
        .map(|name| folder.join(name))
        .collect();
    if let Some(path) = candidates.iter().find(|path| path.is_file()) {
        return WeightFile::open(path, &wanted);
    }
    let pickles = ["diffusion_pytorch_model.bin", "pytorch_model.bin"];
    match pickles.iter().map(|name| folder.join(name)).find(|path| path.is_file()) {
        Some(pickle) => WeightFile::open(&pickle, &wanted),
        None => WeightFile::open(&folder.join(&wanted), &wanted),
    }
}

fn read_tokenizer(folder: &Path) -> Result<Tokenizer, GeneratorError> {
    let read = |name: &str| files::read(&folder.join(name), MAX_VOCABULARY_BYTES);
    if folder.join("tokenizer.json").is_file() {
        Tokenizer::from_tokenizer_json(&read("tokenizer.json")?)
    } else {
        Tokenizer::from_vocabulary(&read("vocab.json")?, &read("merges.txt")?)
    }
}

fn published_tokenizer() -> Result<Tokenizer, GeneratorError> {
    let mut merges = String::new();
    flate2::read::GzDecoder::new(CLIP_MERGES)
        .read_to_string(&mut merges)
        .map_err(|error| GeneratorError::Tokenizer { problem: error.to_string() })?;
    Tokenizer::from_merges(&merges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::Vae;

    fn n_values(listing: &Listing) -> usize {
        listing.parameters.values().map(|shape| shape.iter().product::<usize>()).sum()
    }

    /// The numbers of parameters that Stable Diffusion 1.5 is published with.
    #[test]
    fn the_embedded_configurations_describe_the_published_model() {
        let unet = released_unet_listing();
        assert_eq!((unet.parameters.len(), n_values(&unet)), (686, 859_520_964));
        let (mut vae, mut text) = (Listing::default(), Listing::default());
        Vae::build(&read_vae_config("vae", SD15_VAE.as_bytes()).unwrap(), &mut vae);
        assert_eq!((vae.parameters.len(), n_values(&vae)), (248, 83_653_863));
        let config = read_text_encoder_config("text", SD15_TEXT_ENCODER.as_bytes()).unwrap();
        TextEncoder::build(&config, &mut text);
        assert_eq!((text.parameters.len(), n_values(&text)), (196, 123_060_480));
        assert!(published_tokenizer().is_ok());
        let adapted = |path: &&String| {
            [".to_q", ".to_k", ".to_v", ".to_out.0"].iter().any(|leaf| path.ends_with(leaf))
        };
        assert_eq!(unet.modules.keys().filter(adapted).count(), 128);
    }
}
