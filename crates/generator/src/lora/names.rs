//! What a tensor's name says: which network, which module of it, which part of the module's update.
//!
//! Input: one name. Output: a [`Name`], or what the name belongs to that is not supported, or nothing. The spellings are
//! those of PEFT, diffusers (today's, and those of its training scripts and attention processors), kohya and LyCORIS.
//! Every name is read by itself, since files mix them: attention processors beside text encoders, for one.

use std::fmt;

/// A way of naming a LoRA's tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoraFormat {
    /// The released format: PEFT names, rank and alpha in the metadata.
    Released,
    /// PEFT names with the settings that PEFT saves beside them.
    Peft,
    /// PEFT names without settings: the scale is unknown.
    PeftUnmarked,
    /// diffusers: `MODULE.lora_A.weight` or `MODULE.lora.down.weight`, with or without `unet.`; rank and alpha in the
    /// metadata `lora_adapter_metadata`, if anywhere.
    Diffusers,
    /// Older diffusers: `ATTENTION.processor.to_q_lora.down.weight`; without alpha.
    Processor,
    /// kohya and LyCORIS: `lora_unet_MODULE.lora_down.weight`, dots of the path turned to underscores, alpha as a tensor.
    Kohya,
}

impl LoraFormat {
    /// Whether names of both kinds may stand in one file: diffusers has written attention processors of the UNet beside
    /// layers of the text encoder.
    pub(super) fn goes_with(self, other: Self) -> bool {
        let is_diffusers = |format| matches!(format, Self::Diffusers | Self::Processor);
        self == other || is_diffusers(self) && is_diffusers(other)
    }
}

impl fmt::Display for LoraFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Released => "released",
            Self::Peft => "peft",
            Self::PeftUnmarked => "peft-unmarked",
            Self::Diffusers => "diffusers",
            Self::Processor => "diffusers-processor",
            Self::Kohya => "kohya",
        })
    }
}

/// The networks that a LoRA can adapt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Network {
    /// The noise predictor.
    Unet,
    /// The text encoder.
    TextEncoder,
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Unet => "UNet",
            Self::TextEncoder => "text encoder",
        })
    }
}

/// What a tensor is to its module's update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Down,
    Up,
    Mid,
    Alpha,
    /// PEFT's DoRA: one length for each output.
    Magnitude,
    /// LyCORIS' DoRA: one length for each output, or for each input.
    DoraScale,
    HadaW1A,
    HadaW1B,
    HadaW2A,
    HadaW2B,
    HadaT1,
    HadaT2,
    LokrW1,
    LokrW1A,
    LokrW1B,
    LokrW2,
    LokrW2A,
    LokrW2B,
    LokrT2,
}

/// The words that stand for a part between a module's path and `weight` or an adapter's name.
const MARKS: [(&str, Part); 21] = [
    ("lora_A", Part::Down),
    ("lora_B", Part::Up),
    ("lora_down", Part::Down),
    ("lora_up", Part::Up),
    ("lora_mid", Part::Mid),
    ("alpha", Part::Alpha),
    ("lora_magnitude_vector", Part::Magnitude),
    ("dora_scale", Part::DoraScale),
    ("hada_w1_a", Part::HadaW1A),
    ("hada_w1_b", Part::HadaW1B),
    ("hada_w2_a", Part::HadaW2A),
    ("hada_w2_b", Part::HadaW2B),
    ("hada_t1", Part::HadaT1),
    ("hada_t2", Part::HadaT2),
    ("lokr_w1", Part::LokrW1),
    ("lokr_w1_a", Part::LokrW1A),
    ("lokr_w1_b", Part::LokrW1B),
    ("lokr_w2", Part::LokrW2),
    ("lokr_w2_a", Part::LokrW2A),
    ("lokr_w2_b", Part::LokrW2B),
    ("lokr_t2", Part::LokrT2),
];

/// A module as a file names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ModuleName {
    pub(super) network: Network,
    /// The path in the network, with underscores in place of dots if `is_flat`.
    pub(super) spelled: String,
    pub(super) is_flat: bool,
}

/// A name that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) module: ModuleName,
    pub(super) part: Part,
    pub(super) format: LoraFormat,
    /// The adapter's name in PEFT, `default` where a file says none.
    pub(super) adapter: String,
}

impl Name {
    /// What `name` says, if it is one of the known spellings.
    pub(super) fn read(name: &str) -> Option<Self> {
        let flat = [("lora_unet_", Network::Unet), ("lora_te_", Network::TextEncoder)];
        for (prefix, network) in flat {
            if let Some(rest) = name.strip_prefix(prefix) {
                let (spelled, tail) = rest.split_once('.')?;
                let (part, adapter) = read_tail(tail)?;
                let module = ModuleName { network, spelled: spelled.into(), is_flat: true };
                return Some(Self { module, part, format: LoraFormat::Kohya, adapter });
            }
        }
        let (prefixes, path) = strip_prefixes(name);
        // Flattened paths behind a prefix that is not this model's.
        if ["lora_", "lycoris_"].iter().any(|start| path.starts_with(start)) {
            return None;
        }
        let (path, part, adapter, is_processor) = split_path(path)?;
        let network = match (prefixes.network, path.starts_with("text_model.")) {
            (Some(network), _) => network,
            (None, true) => Network::TextEncoder,
            (None, false) => Network::Unet,
        };
        let format = if prefixes.is_peft {
            LoraFormat::PeftUnmarked
        } else if is_processor {
            LoraFormat::Processor
        } else {
            LoraFormat::Diffusers
        };
        let module = ModuleName { network, spelled: path, is_flat: false };
        Some(Self { module, part, format, adapter })
    }
}

#[derive(Default)]
struct Prefixes {
    network: Option<Network>,
    is_peft: bool,
}

/// What wrappers put before a module's path, as often as they were put around it: PEFT, diffusers, `torch.compile` and
/// data parallelism.
fn strip_prefixes(name: &str) -> (Prefixes, &str) {
    let (mut found, mut rest) = (Prefixes::default(), name);
    loop {
        if let Some(path) = rest.strip_prefix("base_model.model.") {
            found.is_peft = true;
            rest = path;
        } else if let Some(path) = rest.strip_prefix("unet.") {
            found.network = Some(Network::Unet);
            rest = path;
        } else if let Some(path) = rest.strip_prefix("text_encoder.") {
            found.network = Some(Network::TextEncoder);
            rest = path;
        } else if let Some(path) =
            rest.strip_prefix("_orig_mod.").or_else(|| rest.strip_prefix("module."))
        {
            rest = path;
        } else {
            return (found, rest);
        }
    }
}

/// Module path, part, adapter, and whether an attention processor's name was turned into a module's.
fn split_path(path: &str) -> Option<(String, Part, String, bool)> {
    // From the end, since a module may be called like a part.
    for (dot, _) in path.rmatch_indices('.') {
        let (module, tail) = (&path[..dot], &path[dot + 1..]);
        if let Some((part, adapter)) = read_tail(tail) {
            // In `X.lora_A.alpha.weight` the adapter is called `alpha`.
            if part == Part::Alpha && read_tail_before(module) {
                continue;
            }
            return Some((module.into(), part, adapter, false));
        }
        // An attention processor's layer: `to_q_lora` of `attn1.processor` is `attn1.to_q`.
        if let Some((leaf, (part, adapter))) =
            tail.split_once("_lora.").and_then(|(leaf, rest)| Some((leaf, read_halves(rest)?)))
            && !leaf.contains('.')
        {
            let owner = module.strip_suffix(".processor").unwrap_or(module);
            let leaf = match (owner.ends_with(".self_attn"), leaf) {
                (false, "to_out") => "to_out.0",
                (true, "to_q") => "q_proj",
                (true, "to_k") => "k_proj",
                (true, "to_v") => "v_proj",
                (true, "to_out") => "out_proj",
                (_, other) => other,
            };
            return Some((format!("{owner}.{leaf}"), part, adapter, true));
        }
    }
    None
}

fn read_tail_before(module: &str) -> bool {
    module.rsplit_once('.').is_some_and(|(_, mark)| MARKS.iter().any(|(known, _)| *known == mark))
}

/// What follows a module's path, from the part on: `lora_A.weight`, `lora_A.default.weight`, `lora.down.weight`, `alpha`.
fn read_tail(tail: &str) -> Option<(Part, String)> {
    let (mark, rest) = tail.split_once('.').map_or((tail, ""), |(mark, rest)| (mark, rest));
    if matches!(mark, "lora" | "lora_linear_layer" | "lora_conv_layer") {
        return read_halves(rest);
    }
    let (_, part) = MARKS.iter().find(|(known, _)| *known == mark)?;
    Some((*part, read_adapter(rest)?))
}

/// `down.weight` and `up.weight`, perhaps with an adapter's name in between.
fn read_halves(rest: &str) -> Option<(Part, String)> {
    let (half, rest) = rest.split_once('.')?;
    let part = match half {
        "down" => Part::Down,
        "up" => Part::Up,
        _ => return None,
    };
    Some((part, read_adapter(rest)?))
}

/// The adapter's name in `ADAPTER.weight`; PEFT's own where there is none.
fn read_adapter(rest: &str) -> Option<String> {
    let adapter = match rest {
        "" | "weight" => "default",
        _ => rest.strip_suffix(".weight").unwrap_or(rest),
    };
    (!adapter.is_empty() && adapter != "bias" && !adapter.contains('.')).then(|| adapter.into())
}

/// What a name belongs to that is known and not supported.
pub(super) fn unsupported(name: &str) -> Option<&'static str> {
    const STARTS: [(&str, &str); 12] = [
        ("lora_te1_", "Stable Diffusion XL's first text encoder"),
        ("lora_te2_", "Stable Diffusion XL's second text encoder"),
        ("lora_te3_", "the third text encoder of another model"),
        ("text_encoder_2.", "Stable Diffusion XL's second text encoder"),
        ("text_encoder_3.", "the third text encoder of another model"),
        ("lora_transformer_", "a transformer model such as Stable Diffusion 3"),
        ("transformer.", "a transformer model such as Stable Diffusion 3"),
        ("diffusion_model.", "a model in the original layout, not in diffusers'"),
        ("lora_prior_", "the prior of another model"),
        ("bundle_emb.", "a textual inversion"),
        ("lora_controlnet_", "a ControlNet"),
        ("controlnet.", "a ControlNet"),
    ];
    const WORDS: [(&str, &str); 24] = [
        ("diff", "full differences of weights"),
        ("diff_b", "full differences of biases"),
        ("set_weight", "whole weights"),
        ("oft_blocks", "OFT"),
        ("oft_diag", "OFT"),
        ("oft_R", "OFT"),
        ("oft_r", "OFT"),
        ("boft_R", "BOFT"),
        ("boft_s", "BOFT"),
        ("on_input", "(IA)³"),
        ("ia3_l", "(IA)³"),
        ("a1", "GLoRA"),
        ("a2", "GLoRA"),
        ("b1", "GLoRA"),
        ("b2", "GLoRA"),
        ("w_norm", "LyCORIS norms"),
        ("b_norm", "LyCORIS norms"),
        ("vera_lambda_b", "VeRA"),
        ("vera_lambda_d", "VeRA"),
        ("hra_u", "HRA"),
        ("lora_embedding_A", "an embedding's LoRA"),
        ("lora_embedding_B", "an embedding's LoRA"),
        ("lokr_t1", "LoKr's first tensor in Tucker form"),
        ("scalar", "LyCORIS' trained scalars"),
    ];
    if let Some((_, kind)) = STARTS.iter().find(|(start, _)| name.starts_with(start)) {
        return Some(kind);
    }
    if name.ends_with(".lora_A.bias") || name.ends_with(".lora_B.bias") {
        return Some("biases of LoRA layers");
    }
    let mut words = name.rsplit('.').take(3);
    words.find_map(|word| WORDS.iter().find(|(known, _)| *known == word)).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTENTION: &str = "down_blocks.0.attentions.0.transformer_blocks.0.attn1";

    #[track_caller]
    fn check(name: &str, format: LoraFormat, module: &str, part: Part) {
        let found = Name::read(name).unwrap_or_else(|| panic!("`{name}` is not understood"));
        assert_eq!(
            (found.format, found.module.spelled.as_str(), found.part),
            (format, module, part)
        );
    }

    #[test]
    fn every_spelling_of_one_layer_names_it() {
        let to_q = format!("{ATTENTION}.to_q");
        for (before, after, format) in [
            ("unet.", ".lora_A.weight", LoraFormat::Diffusers),
            ("", ".lora_A.weight", LoraFormat::Diffusers),
            ("unet.", ".lora.down.weight", LoraFormat::Diffusers),
            ("", ".lora.down.weight", LoraFormat::Diffusers),
            ("unet.", ".lora_linear_layer.down.weight", LoraFormat::Diffusers),
            ("unet.", ".lora_A.default_0.weight", LoraFormat::Diffusers),
            ("unet.unet.", ".lora_A.weight", LoraFormat::Diffusers),
            ("unet._orig_mod.", ".lora_A.weight", LoraFormat::Diffusers),
            ("module.unet.", ".lora_A.alpha.weight", LoraFormat::Diffusers),
            ("base_model.model.", ".lora_A.weight", LoraFormat::PeftUnmarked),
            ("base_model.model.", ".lora_A.default.weight", LoraFormat::PeftUnmarked),
            ("base_model.model.", ".lora_A.spine.weight", LoraFormat::PeftUnmarked),
            ("base_model.model.base_model.model.", ".lora_A.weight", LoraFormat::PeftUnmarked),
            ("base_model.model.unet.", ".lora_A.weight", LoraFormat::PeftUnmarked),
        ] {
            check(&format!("{before}{to_q}{after}"), format, &to_q, Part::Down);
        }
        let processor = LoraFormat::Processor;
        check(
            &format!("unet.{ATTENTION}.processor.to_q_lora.down.weight"),
            processor,
            &to_q,
            Part::Down,
        );
        check(
            &format!("{ATTENTION}.processor.to_out_lora.up.weight"),
            processor,
            &format!("{ATTENTION}.to_out.0"),
            Part::Up,
        );
        let flat = to_q.replace('.', "_");
        check(&format!("lora_unet_{flat}.lora_down.weight"), LoraFormat::Kohya, &flat, Part::Down);
        check(&format!("lora_unet_{flat}.alpha"), LoraFormat::Kohya, &flat, Part::Alpha);
    }

    #[test]
    fn the_text_encoder_is_told_by_prefix_or_path() {
        let q_proj = "text_model.encoder.layers.0.self_attn.q_proj";
        for name in [
            format!("text_encoder.{q_proj}.lora_A.weight"),
            format!("base_model.model.{q_proj}.lora_A.weight"),
            format!("text_encoder.{q_proj}.lora_linear_layer.down.weight"),
            "text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora.down.weight".to_owned(),
        ] {
            let found = Name::read(&name).unwrap();
            assert_eq!(
                (found.module.network, found.module.spelled.as_str()),
                (Network::TextEncoder, q_proj),
                "{name}"
            );
        }
        let flat = Name::read("lora_te_text_model_encoder_layers_0_mlp_fc1.hada_w1_a").unwrap();
        assert_eq!((flat.module.network, flat.part), (Network::TextEncoder, Part::HadaW1A));
    }

    #[test]
    fn other_names_are_not_understood_and_known_strangers_are_named() {
        for (name, kind) in [
            ("lycoris_down_blocks_0_attentions_0_proj_in.lora_down.weight", None),
            ("conv_in.weight", None),
            ("x.lora_A.a.b.weight", None),
            ("x.lora_B.bias", Some("biases of LoRA layers")),
            (
                "lora_te2_text_model_encoder_layers_0_mlp_fc1.alpha",
                Some("Stable Diffusion XL's second text encoder"),
            ),
            ("lora_unet_conv_in.diff", Some("full differences of weights")),
            ("lora_unet_mid_block_x.a1.weight", Some("GLoRA")),
            ("lora_unet_mid_block_x.on_input", Some("(IA)³")),
            ("lora_unet_mid_block_x.oft_blocks", Some("OFT")),
        ] {
            assert_eq!((Name::read(name), unsupported(name)), (None, kind), "{name}");
        }
    }
}
