//! A model folder's configuration files, reduced to what the networks depend on.
//!
//! Input: the JSON of `unet/config.json`, `vae/config.json`, `text_encoder/config.json` and
//! `scheduler/scheduler_config.json`. Output: typed values with the defaults that diffusers 0.42 fills in. A key whose
//! value would change the arithmetic in a way that is not written here is refused by name; keys that change nothing
//! (sample sizes, versions, dropout) are passed over.

use serde_json::{Map, Value};

use crate::GeneratorError;

/// Whether a UNet level has a transformer after each residual block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttentionPlacement {
    /// `CrossAttnDownBlock2D`, `CrossAttnUpBlock2D`.
    EveryLayer,
    /// `DownBlock2D`, `UpBlock2D`.
    None,
}

/// The UNet's widths and depths.
#[derive(Debug, Clone, PartialEq)]
pub struct UnetConfig {
    /// Channels of the latents that go in.
    pub in_channels: usize,
    /// Channels of the predicted noise.
    pub out_channels: usize,
    /// Width of each level, from the finest.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks per level on the way down; one more on the way up.
    pub layers_per_block: usize,
    /// Per level on the way down.
    pub down_attention: Vec<AttentionPlacement>,
    /// Per level on the way up.
    pub up_attention: Vec<AttentionPlacement>,
    /// Width of the text states.
    pub cross_attention_dim: usize,
    /// Heads at every level. The file calls the number `attention_head_dim`; it is not the width of a head.
    pub heads: i64,
    /// Groups of every group normalisation.
    pub norm_num_groups: i64,
    /// Epsilon of the residual blocks and the last normalisation.
    pub norm_eps: f64,
}

/// The autoencoder's widths and depths.
#[derive(Debug, Clone, PartialEq)]
pub struct VaeConfig {
    /// Channels of the picture that goes in.
    pub in_channels: usize,
    /// Channels of the picture that comes out.
    pub out_channels: usize,
    /// Width of each level, from the finest.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks per encoder level; one more in the decoder.
    pub layers_per_block: usize,
    /// Channels of the latents.
    pub latent_channels: usize,
    /// Groups of every group normalisation.
    pub norm_num_groups: i64,
    /// Latents are multiplied by it after encoding and divided before decoding.
    pub scaling_factor: f64,
}

impl VaeConfig {
    /// How many picture pixels one latent pixel stands for, along one side.
    #[must_use]
    pub fn reduction(&self) -> u32 {
        1 << (self.block_out_channels.len() - 1)
    }
}

/// The text encoder's widths and depths.
#[derive(Debug, Clone, PartialEq)]
pub struct TextEncoderConfig {
    /// Number of tokens.
    pub vocab_size: usize,
    /// Width of the states.
    pub hidden_size: usize,
    /// Width inside the perceptrons.
    pub intermediate_size: usize,
    /// Depth.
    pub num_hidden_layers: usize,
    /// Heads per layer.
    pub num_attention_heads: i64,
    /// Number of positions, 77.
    pub max_position_embeddings: usize,
    /// Epsilon of every layer normalisation.
    pub layer_norm_eps: f64,
}

/// The noise schedule, as DDIM takes it over from whatever scheduler the folder names.
#[derive(Debug, Clone, PartialEq)]
pub struct SchedulerConfig {
    /// First beta.
    pub beta_start: f64,
    /// Last beta.
    pub beta_end: f64,
    /// Number of training steps.
    pub num_train_timesteps: u32,
    /// Added to every used step.
    pub steps_offset: u32,
    /// Whether the state after the last step is taken to be free of noise.
    pub set_alpha_to_one: bool,
    /// The bound of the predicted clean latents. A file without the key `clip_sample` means 1, as in diffusers.
    pub clip_sample_range: Option<f64>,
}

/// Reads `unet/config.json`.
///
/// # Errors
///
/// If the bytes are no JSON object, a needed key is missing or of another type, or a value is not supported.
pub fn read_unet_config(file: &str, bytes: &[u8]) -> Result<UnetConfig, GeneratorError> {
    let reader = Reader::new(file, bytes)?;
    reader.refuse_unless(&[
        ("_class_name", "\"UNet2DConditionModel\""),
        ("act_fn", "\"silu\""),
        ("center_input_sample", "false"),
        ("downsample_padding", "1"),
        ("flip_sin_to_cos", "true"),
        ("freq_shift", "0"),
        ("mid_block_scale_factor", "1"),
        ("mid_block_type", "\"UNetMidBlock2DCrossAttn\""),
        ("transformer_layers_per_block", "1"),
        ("use_linear_projection", "false"),
        ("only_cross_attention", "false"),
        ("dual_cross_attention", "false"),
        ("resnet_time_scale_shift", "\"default\""),
        ("time_embedding_type", "\"positional\""),
        ("conv_in_kernel", "3"),
        ("conv_out_kernel", "3"),
        ("class_embed_type", "null"),
        ("num_class_embeds", "null"),
        ("addition_embed_type", "null"),
        ("encoder_hid_dim", "null"),
        ("num_attention_heads", "null"),
        ("time_cond_proj_dim", "null"),
        ("upcast_attention", "false"),
    ])?;
    let widths = reader.widths("block_out_channels")?;
    let config = UnetConfig {
        in_channels: reader.size_or("in_channels", 4)?,
        out_channels: reader.size_or("out_channels", 4)?,
        layers_per_block: reader.size_or("layers_per_block", 2)?,
        down_attention: reader.placements(
            "down_block_types",
            "CrossAttnDownBlock2D",
            "DownBlock2D",
            widths.len(),
        )?,
        up_attention: reader.placements(
            "up_block_types",
            "CrossAttnUpBlock2D",
            "UpBlock2D",
            widths.len(),
        )?,
        cross_attention_dim: reader.size_or("cross_attention_dim", 1280)?,
        heads: reader.count_or("attention_head_dim", 8)?,
        norm_num_groups: reader.count_or("norm_num_groups", 32)?,
        norm_eps: reader.number_or("norm_eps", 1e-5)?,
        block_out_channels: widths,
    };
    reader.divisible(&config.block_out_channels, config.norm_num_groups, "norm_num_groups")?;
    reader.divisible(&config.block_out_channels, config.heads, "attention_head_dim")?;
    Ok(config)
}

/// Reads `vae/config.json`.
///
/// # Errors
///
/// As [`read_unet_config`].
pub fn read_vae_config(file: &str, bytes: &[u8]) -> Result<VaeConfig, GeneratorError> {
    let reader = Reader::new(file, bytes)?;
    reader.refuse_unless(&[
        ("_class_name", "\"AutoencoderKL\""),
        ("act_fn", "\"silu\""),
        ("use_quant_conv", "true"),
        ("use_post_quant_conv", "true"),
        ("mid_block_add_attention", "true"),
        ("shift_factor", "null"),
        ("latents_mean", "null"),
        ("latents_std", "null"),
    ])?;
    let widths = reader.widths("block_out_channels")?;
    for (key, kind) in
        [("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D")]
    {
        reader.placements(key, "", kind, widths.len())?;
    }
    let config = VaeConfig {
        in_channels: reader.size_or("in_channels", 3)?,
        out_channels: reader.size_or("out_channels", 3)?,
        layers_per_block: reader.size_or("layers_per_block", 1)?,
        latent_channels: reader.size_or("latent_channels", 4)?,
        norm_num_groups: reader.count_or("norm_num_groups", 32)?,
        scaling_factor: reader.number_or("scaling_factor", 0.18215)?,
        block_out_channels: widths,
    };
    reader.divisible(&config.block_out_channels, config.norm_num_groups, "norm_num_groups")?;
    Ok(config)
}

/// Reads `text_encoder/config.json`.
///
/// # Errors
///
/// As [`read_unet_config`].
pub fn read_text_encoder_config(
    file: &str,
    bytes: &[u8],
) -> Result<TextEncoderConfig, GeneratorError> {
    let reader = Reader::new(file, bytes)?;
    reader.refuse_unless(&[("hidden_act", "\"quick_gelu\"")])?;
    let config = TextEncoderConfig {
        vocab_size: reader.size_or("vocab_size", 49408)?,
        hidden_size: reader.size_or("hidden_size", 512)?,
        intermediate_size: reader.size_or("intermediate_size", 2048)?,
        num_hidden_layers: reader.size_or("num_hidden_layers", 12)?,
        num_attention_heads: reader.count_or("num_attention_heads", 8)?,
        max_position_embeddings: reader.size_or("max_position_embeddings", 77)?,
        layer_norm_eps: reader.number_or("layer_norm_eps", 1e-5)?,
    };
    reader.divisible(&[config.hidden_size], config.num_attention_heads, "num_attention_heads")?;
    Ok(config)
}

/// Reads `scheduler/scheduler_config.json` of any scheduler whose values DDIM can take over.
///
/// # Errors
///
/// As [`read_unet_config`].
pub fn read_scheduler_config(file: &str, bytes: &[u8]) -> Result<SchedulerConfig, GeneratorError> {
    let reader = Reader::new(file, bytes)?;
    reader.refuse_unless(&[
        ("beta_schedule", "\"scaled_linear\""),
        ("prediction_type", "\"epsilon\""),
        ("timestep_spacing", "\"leading\""),
        ("thresholding", "false"),
        ("rescale_betas_zero_snr", "false"),
        ("trained_betas", "null"),
    ])?;
    let clip = reader.flag_or("clip_sample", true)?;
    Ok(SchedulerConfig {
        beta_start: reader.number_or("beta_start", 0.0001)?,
        beta_end: reader.number_or("beta_end", 0.02)?,
        num_train_timesteps: u32::try_from(reader.size_or("num_train_timesteps", 1000)?)
            .map_err(|_| reader.unsupported("num_train_timesteps", "a number below 2^32"))?,
        steps_offset: u32::try_from(reader.count_from("steps_offset", 0)?)
            .map_err(|_| reader.unsupported("steps_offset", "a number below 2^32"))?,
        set_alpha_to_one: reader.flag_or("set_alpha_to_one", true)?,
        clip_sample_range: if clip {
            Some(reader.number_or("clip_sample_range", 1.0)?)
        } else {
            None
        },
    })
}

struct Reader<'a> {
    file: &'a str,
    values: Map<String, Value>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a str, bytes: &[u8]) -> Result<Self, GeneratorError> {
        let values = serde_json::from_slice(bytes)
            .map_err(|source| GeneratorError::ModelConfigJson { file: file.into(), source })?;
        Ok(Self { file, values })
    }

    fn unsupported(&self, key: &str, supported: &str) -> GeneratorError {
        GeneratorError::ModelConfigValue {
            file: self.file.into(),
            key: key.into(),
            found: self.values.get(key).map_or_else(|| "nothing".into(), ToString::to_string),
            supported: supported.into(),
        }
    }

    /// Each key, if present, must hold the JSON value beside it: the arithmetic here is written for that value alone.
    fn refuse_unless(&self, fixed: &[(&str, &str)]) -> Result<(), GeneratorError> {
        for (key, only) in fixed {
            let Some(found) = self.values.get(*key) else { continue };
            let same_number = found.as_f64().is_some_and(|number| only.parse() == Ok(number));
            let same_text = serde_json::from_str::<Value>(only).is_ok_and(|value| value == *found);
            if !same_number && !same_text {
                return Err(self.unsupported(key, only));
            }
        }
        Ok(())
    }

    fn count_from(&self, key: &str, default: i64) -> Result<i64, GeneratorError> {
        match self.values.get(key) {
            None => Ok(default),
            // A bound keeps every product of two sizes far from overflow.
            Some(value) => match value.as_i64() {
                Some(count) if (0..=1 << 20).contains(&count) => Ok(count),
                _ => Err(self.unsupported(key, "a whole number from 0 to 1048576")),
            },
        }
    }

    fn count_or(&self, key: &str, default: i64) -> Result<i64, GeneratorError> {
        match self.count_from(key, default)? {
            0 => Err(self.unsupported(key, "a whole number from 1 to 1048576")),
            count => Ok(count),
        }
    }

    fn size_or(&self, key: &str, default: usize) -> Result<usize, GeneratorError> {
        let Some(_) = self.values.get(key) else { return Ok(default) };
        usize::try_from(self.count_or(key, 1)?).map_err(|_| self.unsupported(key, "a whole number"))
    }

    fn number_or(&self, key: &str, default: f64) -> Result<f64, GeneratorError> {
        match self.values.get(key) {
            None => Ok(default),
            Some(value) => value
                .as_f64()
                .filter(|number| number.is_finite() && *number > 0.0)
                .ok_or_else(|| self.unsupported(key, "a positive number")),
        }
    }

    fn flag_or(&self, key: &str, default: bool) -> Result<bool, GeneratorError> {
        match self.values.get(key) {
            None => Ok(default),
            Some(value) => {
                value.as_bool().ok_or_else(|| self.unsupported(key, "`true` or `false`"))
            }
        }
    }

    fn widths(&self, key: &str) -> Result<Vec<usize>, GeneratorError> {
        let supported = "a list of 1 to 8 whole numbers from 1 to 65536";
        let list = self
            .values
            .get(key)
            .and_then(Value::as_array)
            .ok_or_else(|| self.unsupported(key, supported))?;
        let widths: Option<Vec<usize>> = list
            .iter()
            .map(|value| value.as_u64().filter(|width| (1..=65536).contains(width)))
            .map(|width| width.and_then(|width| usize::try_from(width).ok()))
            .collect();
        widths
            .filter(|widths| (1..=8).contains(&widths.len()))
            .ok_or_else(|| self.unsupported(key, supported))
    }

    fn placements(
        &self,
        key: &str,
        with: &str,
        without: &str,
        n_levels: usize,
    ) -> Result<Vec<AttentionPlacement>, GeneratorError> {
        let supported = if with.is_empty() {
            format!("{n_levels} times `{without}`")
        } else {
            format!("{n_levels} of `{with}` or `{without}`")
        };
        let refusal = || self.unsupported(key, &supported);
        let list = self.values.get(key).and_then(Value::as_array).ok_or_else(refusal)?;
        if list.len() != n_levels {
            return Err(refusal());
        }
        list.iter()
            .map(|value| match value.as_str() {
                Some(name) if name == without => Ok(AttentionPlacement::None),
                Some(name) if name == with => Ok(AttentionPlacement::EveryLayer),
                _ => Err(refusal()),
            })
            .collect()
    }

    fn divisible(&self, widths: &[usize], divisor: i64, key: &str) -> Result<(), GeneratorError> {
        let divisor = usize::try_from(divisor).unwrap_or(1);
        if widths.iter().all(|width| width.is_multiple_of(divisor)) {
            return Ok(());
        }
        Err(self.unsupported(key, &format!("a divisor of every width in {widths:?}")))
    }
}
