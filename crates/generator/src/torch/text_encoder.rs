//! The text encoder's forward pass.

use tch::Tensor;

use super::layers::{Sight, dot_product_attention, layer_norm, linear, split_heads};
use super::{Probe, Torch};
use crate::architecture::{EncoderLayer, TextEncoder};

/// The text states of `tokens` (`[batch, 77]`, `i64`): `[batch, 77, width]`, after the final normalisation, every
/// position. Padding is not masked, only the future is.
///
/// # Errors
///
/// libtorch's.
pub fn encode_tokens(
    encoder: &TextEncoder<Tensor>,
    tokens: &Tensor,
    probe: &mut dyn Probe,
) -> Torch<Tensor> {
    let (_, n_tokens) = tokens.size2()?;
    let words = Tensor::f_embedding(&encoder.token_embedding, tokens, -1, false, false)?;
    let mut x = words.f_add(&encoder.position_embedding.f_narrow(0, 0, n_tokens)?)?;
    probe.see("embeddings", &x);
    for layer in &encoder.layers {
        x = layer_forward(encoder, layer, &x, probe)?;
    }
    let out = layer_norm(&encoder.final_layer_norm, &x, encoder.config.layer_norm_eps)?;
    probe.see("final_layer_norm", &out);
    Ok(out)
}

fn layer_forward(
    encoder: &TextEncoder<Tensor>,
    layer: &EncoderLayer<Tensor>,
    x: &Tensor,
    probe: &mut dyn Probe,
) -> Torch<Tensor> {
    let (epsilon, heads) = (encoder.config.layer_norm_eps, encoder.config.num_attention_heads);
    let hidden = layer_norm(&layer.layer_norm1, x, epsilon)?;
    probe.see(&format!("{}.layer_norm1", layer.name), &hidden);
    let query = split_heads(&linear(&layer.q_proj, &hidden)?, heads)?;
    let key = split_heads(&linear(&layer.k_proj, &hidden)?, heads)?;
    let value = split_heads(&linear(&layer.v_proj, &hidden)?, heads)?;
    let attended =
        linear(&layer.out_proj, &dot_product_attention(&query, &key, &value, Sight::Past)?)?;
    probe.see(&format!("{}.self_attn", layer.name), &attended);
    let x = x.f_add(&attended)?;
    let wide = linear(&layer.fc1, &layer_norm(&layer.layer_norm2, &x, epsilon)?)?;
    // The quick approximation of gelu that CLIP was trained with.
    let gated = wide.f_mul(&wide.f_mul_scalar(1.702)?.f_sigmoid()?)?;
    let narrow = linear(&layer.fc2, &gated)?;
    probe.see(&format!("{}.mlp", layer.name), &narrow);
    let out = x.f_add(&narrow)?;
    probe.see(&layer.name, &out);
    Ok(out)
}
