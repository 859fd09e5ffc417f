//! How weight files spell the parameters of the three networks.
//!
//! The networks ask for a parameter by its name in the diffusers layout; a file spells it so, with the autoencoder's older
//! attention names, or with the LDM names of single-file checkpoints.

/// The spelling that one network's weights use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredNames {
    /// The names that are asked for.
    Plain,
    /// The text encoder's, beside which some files store the positions.
    TextEncoder,
    /// The autoencoder's, whose attention layers had other names once.
    Vae,
    /// A single file's UNet, of so many levels and layers per level on the way down.
    LdmUnet {
        /// Residual blocks per level on the way down.
        layers_per_block: usize,
    },
    /// A single file's autoencoder, of so many levels.
    LdmVae {
        /// Number of levels.
        levels: usize,
    },
    /// A single file's text encoder.
    LdmTextEncoder,
    /// torchvision's AlexNet, of which the classifier is not used.
    AlexNet,
}

/// Where each network lives in a single file.
pub(crate) const LDM_PREFIXES: [&str; 3] =
    ["model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer."];

/// Other tensors of single files: schedules, averaged weights, training state. Nothing here is needed for inference.
pub(crate) fn is_ldm_extra(name: &str) -> bool {
    const PREFIXES: [&str; 8] = [
        "model_ema.",
        "cond_stage_model.",
        "sqrt_",
        "log_one_minus_",
        "posterior_",
        "alphas_cumprod",
        "betas",
        "first_stage_model.loss.",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || matches!(name, "logvar" | "lvlb_weights" | "scale_factor")
}

impl StoredNames {
    /// The spellings of `name`, the likeliest first.
    #[must_use]
    pub fn spellings(self, name: &str) -> Vec<String> {
        match self {
            Self::Plain | Self::TextEncoder | Self::AlexNet => vec![name.into()],
            Self::Vae => vec![name.into(), old_vae_name(name)],
            Self::LdmUnet { layers_per_block } => {
                vec![format!("{}{}", LDM_PREFIXES[0], ldm_unet_name(name, layers_per_block))]
            }
            Self::LdmVae { levels } => {
                vec![format!("{}{}", LDM_PREFIXES[1], ldm_vae_name(name, levels))]
            }
            Self::LdmTextEncoder => vec![format!("{}{name}", LDM_PREFIXES[2])],
        }
    }

    /// Whether a tensor that nothing asked for may be there all the same.
    #[must_use]
    pub fn is_known_extra(self, stored: &str) -> bool {
        let positions = stored.ends_with("embeddings.position_ids");
        match self {
            Self::Plain | Self::Vae => false,
            Self::TextEncoder => positions,
            Self::AlexNet => stored.starts_with("classifier."),
            Self::LdmUnet { .. } => !stored.starts_with(LDM_PREFIXES[0]),
            Self::LdmVae { .. } => !stored.starts_with(LDM_PREFIXES[1]) || is_ldm_extra(stored),
            Self::LdmTextEncoder => !stored.starts_with(LDM_PREFIXES[2]) || positions,
        }
    }
}

/// The autoencoder's attention as it was named before diffusers shared the attention layer.
fn old_vae_name(name: &str) -> String {
    [
        (".to_q.", ".query."),
        (".to_k.", ".key."),
        (".to_v.", ".value."),
        (".to_out.0.", ".proj_attn."),
    ]
    .iter()
    .fold(name.to_owned(), |name, (new, old)| name.replace(new, old))
}

fn ldm_unet_name(name: &str, layers_per_block: usize) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let number =
        |at: usize| parts.get(at).and_then(|part| part.parse::<usize>().ok()).unwrap_or_default();
    let rest = |from: usize| parts.get(from..).map(|rest| rest.join(".")).unwrap_or_default();
    // Both ways count their layers in one row, downsamplers included; upsamplers sit behind the last layer of a level.
    let per_level = layers_per_block + 1;
    match parts.as_slice() {
        ["time_embedding", "linear_1", ..] => format!("time_embed.0.{}", rest(2)),
        ["time_embedding", "linear_2", ..] => format!("time_embed.2.{}", rest(2)),
        ["conv_in", ..] => format!("input_blocks.0.0.{}", rest(1)),
        ["conv_norm_out", ..] => format!("out.0.{}", rest(1)),
        ["conv_out", ..] => format!("out.2.{}", rest(1)),
        ["mid_block", "resnets", index, ..] => {
            format!(
                "middle_block.{}.{}",
                if *index == "0" { 0 } else { 2 },
                ldm_resnet_name(&rest(3))
            )
        }
        ["mid_block", "attentions", ..] => format!("middle_block.1.{}", rest(3)),
        ["down_blocks", _, "downsamplers", ..] => {
            format!("input_blocks.{}.0.op.{}", (number(1) + 1) * per_level, rest(5))
        }
        ["down_blocks", _, kind, ..] => {
            ldm_layer_name("input_blocks", 1 + number(1) * per_level + number(3), kind, &rest(4))
        }
        ["up_blocks", level, "upsamplers", ..] => {
            // The level that is widest in channels has no attention, so its upsampler comes second, not third.
            let place = if *level == "0" { 1 } else { 2 };
            format!(
                "output_blocks.{}.{place}.conv.{}",
                number(1) * per_level + layers_per_block,
                rest(5)
            )
        }
        ["up_blocks", _, kind, ..] => {
            ldm_layer_name("output_blocks", number(1) * per_level + number(3), kind, &rest(4))
        }
        _ => name.into(),
    }
}

fn ldm_layer_name(way: &str, index: usize, kind: &str, rest: &str) -> String {
    if kind == "resnets" {
        format!("{way}.{index}.0.{}", ldm_resnet_name(rest))
    } else {
        format!("{way}.{index}.1.{rest}")
    }
}

fn ldm_resnet_name(rest: &str) -> String {
    let (layer, leaf) = rest.split_once('.').unwrap_or((rest, ""));
    let layer = match layer {
        "norm1" => "in_layers.0",
        "conv1" => "in_layers.2",
        "time_emb_proj" => "emb_layers.1",
        "norm2" => "out_layers.0",
        "conv2" => "out_layers.3",
        "conv_shortcut" => "skip_connection",
        other => other,
    };
    format!("{layer}.{leaf}")
}

fn ldm_vae_name(name: &str, levels: usize) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let rest = |from: usize| parts.get(from..).map(|rest| rest.join(".")).unwrap_or_default();
    match parts.as_slice() {
        [side, "mid_block", "resnets", index, ..] => {
            format!("{side}.mid.block_{}.{}", if *index == "0" { 1 } else { 2 }, rest(4))
        }
        [side, "mid_block", "attentions", _, layer, ..] => {
            let (layer, from) = match *layer {
                "group_norm" => ("norm", 5),
                "to_q" => ("q", 5),
                "to_k" => ("k", 5),
                "to_v" => ("v", 5),
                _ => ("proj_out", 6),
            };
            format!("{side}.mid.attn_1.{layer}.{}", rest(from))
        }
        [side, blocks @ ("down_blocks" | "up_blocks"), level, kind, _, ..] => {
            let level: usize = level.parse().unwrap_or_default();
            // The decoder's levels are counted from the finest in single files.
            let (way, level, resample) = if *blocks == "down_blocks" {
                ("down", level, "downsample")
            } else {
                ("up", levels.saturating_sub(1 + level), "upsample")
            };
            if *kind == "resnets" {
                format!(
                    "{side}.{way}.{level}.block.{}",
                    rest(4).replace("conv_shortcut", "nin_shortcut")
                )
            } else {
                format!("{side}.{way}.{level}.{resample}.{}", rest(5))
            }
        }
        [side, "conv_norm_out", ..] => format!("{side}.norm_out.{}", rest(2)),
        _ => name.into(),
    }
}
