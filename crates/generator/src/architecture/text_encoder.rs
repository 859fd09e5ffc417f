//! The CLIP text encoder: embeddings, causal transformer layers, a final normalisation (`text_model.…` names).

use super::{Bias, Linear, Norm, Parameters, TextEncoderConfig};

/// The whole encoder.
#[derive(Debug)]
pub struct TextEncoder<P> {
    /// `[vocabulary, width]`.
    pub token_embedding: P,
    /// `[77, width]`.
    pub position_embedding: P,
    /// In order.
    pub layers: Vec<EncoderLayer<P>>,
    /// Applied to the last layer's state.
    pub final_layer_norm: Norm<P>,
    /// What it was built from.
    pub config: TextEncoderConfig,
}

/// One layer: attention, then a two-layer perceptron, each behind a normalisation and added to its input.
#[derive(Debug)]
pub struct EncoderLayer<P> {
    /// The name that the layer's outputs are reported under.
    pub name: String,
    /// Before the attention.
    pub layer_norm1: Norm<P>,
    /// Queries.
    pub q_proj: Linear<P>,
    /// Keys.
    pub k_proj: Linear<P>,
    /// Values.
    pub v_proj: Linear<P>,
    /// Attention output.
    pub out_proj: Linear<P>,
    /// Before the perceptron.
    pub layer_norm2: Norm<P>,
    /// Widens.
    pub fc1: Linear<P>,
    /// Narrows again.
    pub fc2: Linear<P>,
}

impl<P> TextEncoder<P> {
    /// The encoder that `config` describes, its parameters taken from `source`.
    pub fn build<S: Parameters<Parameter = P>>(config: &TextEncoderConfig, source: &mut S) -> Self {
        let width = config.hidden_size;
        let embeddings = "text_model.embeddings";
        Self {
            token_embedding: source
                .take(&format!("{embeddings}.token_embedding.weight"), &[config.vocab_size, width]),
            position_embedding: source.take(
                &format!("{embeddings}.position_embedding.weight"),
                &[config.max_position_embeddings, width],
            ),
            layers: (0..config.num_hidden_layers)
                .map(|index| {
                    EncoderLayer::build(config, source, &format!("encoder.layers.{index}"))
                })
                .collect(),
            final_layer_norm: Norm::build(source, "text_model.final_layer_norm", width),
            config: config.clone(),
        }
    }
}

impl<P> EncoderLayer<P> {
    fn build<S: Parameters<Parameter = P>>(
        config: &TextEncoderConfig,
        source: &mut S,
        name: &str,
    ) -> Self {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let full = format!("text_model.{name}");
        let mut square = |part: &str| {
            Linear::build(source, &format!("{full}.self_attn.{part}"), width, width, Bias::Present)
        };
        let (q_proj, k_proj, v_proj, out_proj) =
            (square("q_proj"), square("k_proj"), square("v_proj"), square("out_proj"));
        Self {
            layer_norm1: Norm::build(source, &format!("{full}.layer_norm1"), width),
            layer_norm2: Norm::build(source, &format!("{full}.layer_norm2"), width),
            fc1: Linear::build(source, &format!("{full}.mlp.fc1"), width, inner, Bias::Present),
            fc2: Linear::build(source, &format!("{full}.mlp.fc2"), inner, width, Bias::Present),
            q_proj,
            k_proj,
            v_proj,
            out_proj,
            name: name.into(),
        }
    }
}
