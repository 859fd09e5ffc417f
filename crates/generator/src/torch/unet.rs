//! The UNet's forward pass.

use tch::{Device, Kind, Tensor};

use super::layers::{attention, convolution, double, group_norm, layer_norm, linear, resnet};
use super::{Probe, Torch};
use crate::architecture::{ResnetBlock, Transformer, Unet};

/// Epsilon of a transformer's own group normalisation; that of the residual blocks comes from the configuration.
const TRANSFORMER_EPSILON: f64 = 1e-6;
/// Epsilon of the layer normalisations.
const LAYER_EPSILON: f64 = 1e-5;

/// The noise in `latents` (`[batch, 4, h, w]`) at training step `timestep`, given text states
/// (`[batch, 77, width]`): `[batch, 4, h, w]`.
///
/// # Errors
///
/// libtorch's.
pub fn predict_noise(
    unet: &Unet<Tensor>,
    latents: &Tensor,
    timestep: u32,
    text: &Tensor,
    probe: &mut dyn Probe,
) -> Torch<Tensor> {
    let (batch, _, height, width) = latents.size4()?;
    let time = embed_time(unet, timestep, batch, latents.kind(), latents.device(), probe)?;
    // Sizes that do not halve evenly all the way down cannot be doubled back: each level then takes its skip's size.
    let n_halvings = unet.down_blocks.len() - 1;
    let uneven = [height, width].iter().any(|side| side % (1 << n_halvings) != 0);

    let mut x = convolution(&unet.conv_in, latents)?;
    probe.see("conv_in", &x);
    let mut skips = vec![x.shallow_clone()];
    for block in &unet.down_blocks {
        for layer in &block.layers {
            x = layer_forward(unet, layer, &x, &time, text, probe)?;
            skips.push(x.shallow_clone());
        }
        if let Some(downsampler) = &block.downsampler {
            x = convolution(downsampler, &x)?;
            probe.see(&format!("{}.downsamplers.0", block.name), &x);
            skips.push(x.shallow_clone());
        }
        probe.see(&block.name, &x);
    }

    let (groups, epsilon) = (unet.config.norm_num_groups, unet.config.norm_eps);
    x = resnet(&unet.middle.first, &x, Some(&time), groups, epsilon, probe)?;
    x = transformer(unet, &unet.middle.transformer, &x, text, probe)?;
    x = resnet(&unet.middle.second, &x, Some(&time), groups, epsilon, probe)?;
    probe.see("mid_block", &x);

    for block in &unet.up_blocks {
        for layer in &block.layers {
            let skip = skips
                .pop()
                .ok_or_else(|| tch::TchError::Shape("fewer skips than layers".into()))?;
            x = layer_forward(unet, layer, &Tensor::f_cat(&[&x, &skip], 1)?, &time, text, probe)?;
        }
        if let Some(upsampler) = &block.upsampler {
            let larger = match skips.last() {
                Some(skip) if uneven => {
                    let (_, _, height, width) = skip.size4()?;
                    x.f_upsample_nearest2d([height, width], None, None)?
                }
                _ => double(&x)?,
            };
            x = convolution(upsampler, &larger)?;
            probe.see(&format!("{}.upsamplers.0", block.name), &x);
        }
        probe.see(&block.name, &x);
    }

    x = group_norm(&unet.conv_norm_out, &x, groups, epsilon)?;
    probe.see("conv_norm_out", &x);
    x = convolution(&unet.conv_out, &x.f_silu()?)?;
    probe.see("conv_out", &x);
    Ok(x)
}

fn layer_forward(
    unet: &Unet<Tensor>,
    (block, attention): &(ResnetBlock<Tensor>, Option<Transformer<Tensor>>),
    x: &Tensor,
    time: &Tensor,
    text: &Tensor,
    probe: &mut dyn Probe,
) -> Torch<Tensor> {
    let x = resnet(block, x, Some(time), unet.config.norm_num_groups, unet.config.norm_eps, probe)?;
    match attention {
        Some(attention) => transformer(unet, attention, &x, text, probe),
        None => Ok(x),
    }
}

/// The time embedding: sines and cosines of the step in single precision, cosines first, through two layers.
fn embed_time(
    unet: &Unet<Tensor>,
    timestep: u32,
    batch: i64,
    kind: Kind,
    device: Device,
    probe: &mut dyn Probe,
) -> Torch<Tensor> {
    let half = i64::try_from(unet.config.block_out_channels[0] / 2)
        .map_err(|_| tch::TchError::Shape("the first width is too large".into()))?;
    let frequencies = Tensor::f_arange(half, (Kind::Float, device))?
        .f_mul_scalar(-10_000_f64.ln())?
        .f_div_scalar(half)?
        .f_exp()?;
    let angles = frequencies.f_mul_scalar(f64::from(timestep))?;
    let features = Tensor::f_cat(&[angles.f_cos()?, angles.f_sin()?], 0)?
        .f_unsqueeze(0)?
        .f_expand([batch, 2 * half], false)?;
    probe.see("time_proj", &features);
    let hidden = linear(&unet.time_linear1, &features.f_to_kind(kind)?)?.f_silu()?;
    let time = linear(&unet.time_linear2, &hidden)?;
    probe.see("time_embedding", &time);
    Ok(time)
}

fn transformer(
    unet: &Unet<Tensor>,
    block: &Transformer<Tensor>,
    x: &Tensor,
    text: &Tensor,
    probe: &mut dyn Probe,
) -> Torch<Tensor> {
    let (batch, _, height, width) = x.size4()?;
    let name = &block.name;
    let normed = group_norm(&block.norm, x, unet.config.norm_num_groups, TRANSFORMER_EPSILON)?;
    probe.see(&format!("{name}.norm"), &normed);
    let projected = convolution(&block.proj_in, &normed)?;
    probe.see(&format!("{name}.proj_in"), &projected);
    let mut tokens = projected.f_permute([0, 2, 3, 1])?.f_reshape([batch, height * width, -1])?;

    let normed = layer_norm(&block.self_attention.norm, &tokens, LAYER_EPSILON)?;
    probe.see(&format!("{name}.transformer_blocks.0.norm1"), &normed);
    tokens = tokens.f_add(&attention(&block.self_attention.attention, &normed, &normed, probe)?)?;
    let normed = layer_norm(&block.text_attention.norm, &tokens, LAYER_EPSILON)?;
    tokens = tokens.f_add(&attention(&block.text_attention.attention, &normed, text, probe)?)?;
    add_feed_forward(block, &mut tokens, probe)?;
    probe.see(&format!("{name}.transformer_blocks.0"), &tokens);

    // Contiguous before the projection, and the projection first in the sum: both decide the layout from here on.
    let picture =
        tokens.f_reshape([batch, height, width, -1])?.f_permute([0, 3, 1, 2])?.f_contiguous()?;
    let projected = convolution(&block.proj_out, &picture)?;
    probe.see(&format!("{name}.proj_out"), &projected);
    let out = projected.f_add(x)?;
    probe.see(name, &out);
    Ok(out)
}

/// Adds the feed-forward layer to `tokens` (`[batch, tokens, width]`) in place, as many tokens at once as it says.
///
/// Each token is a row of its own, so the parts give the values of the whole.
fn add_feed_forward(
    block: &Transformer<Tensor>,
    tokens: &mut Tensor,
    probe: &mut dyn Probe,
) -> Torch<()> {
    let (n_pictures, n_tokens, _) = tokens.size3()?;
    let at_once = block.feed_forward.tokens_at_once.map(|tokens| i64::from(tokens.get()));
    let Some(at_once) = at_once.filter(|at_once| *at_once < n_pictures * n_tokens) else {
        let _ = tokens.f_add_(&feed_forward(block, tokens, probe)?)?;
        return Ok(());
    };
    for picture in 0..n_pictures {
        for mut rows in tokens.f_narrow(0, picture, 1)?.f_split(at_once, 1)? {
            let _ = rows.f_add_(&feed_forward(block, &rows, probe)?)?;
        }
    }
    Ok(())
}

/// Values times the gelu (exact, by the error function) of the gates, then back to the width.
fn feed_forward(
    block: &Transformer<Tensor>,
    tokens: &Tensor,
    probe: &mut dyn Probe,
) -> Torch<Tensor> {
    let layer = &block.feed_forward;
    let wide = linear(&layer.proj, &layer_norm(&layer.norm, tokens, LAYER_EPSILON)?)?;
    let inner = wide.size().last().map_or(0, |width| width / 2);
    let gate = wide.f_narrow(-1, inner, inner)?.f_gelu("none")?;
    let gated = wide.f_narrow(-1, 0, inner)?.f_mul(&gate)?;
    probe.see(&format!("{}.net.0", layer.name), &gated);
    let out = linear(&layer.out, &gated)?;
    probe.see(&layer.name, &out);
    Ok(out)
}
