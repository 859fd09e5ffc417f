//! The autoencoder's forward passes.

use tch::Tensor;

use super::layers::{attention, convolution, double, group_norm, resnet};
use super::{Probe, Torch};
use crate::architecture::{Vae, VaeAttention, VaeMiddle};

/// Epsilon of every group normalisation of the autoencoder.
const EPSILON: f64 = 1e-6;

/// A normal distribution over latents, independent per value: `[1, 4, H / 8, W / 8]` each.
#[derive(Debug)]
pub struct Moments {
    /// The mean.
    pub mean: Tensor,
    /// The logarithm of the variance, clamped to `[-30, 20]`.
    pub log_variance: Tensor,
}

impl Moments {
    /// The standard deviation.
    ///
    /// # Errors
    ///
    /// libtorch's.
    pub fn standard_deviation(&self) -> Torch<Tensor> {
        self.log_variance.f_mul_scalar(0.5)?.f_exp()
    }
}

/// The latents' distribution for a picture `[1, 3, H, W]` in `[-1, 1]`.
///
/// # Errors
///
/// libtorch's.
pub fn encode(vae: &Vae<Tensor>, picture: &Tensor, probe: &mut dyn Probe) -> Torch<Moments> {
    let groups = vae.config.norm_num_groups;
    let mut x = convolution(&vae.encoder.conv_in, picture)?;
    probe.see("encoder.conv_in", &x);
    for block in &vae.encoder.blocks {
        for layer in &block.resnets {
            x = resnet(layer, &x, None, groups, EPSILON, probe)?;
        }
        if let Some(downsampler) = &block.downsampler {
            // Zeros to the right and at the bottom only, unlike the UNet's.
            x = convolution(downsampler, &x.f_constant_pad_nd([0, 1, 0, 1])?)?;
            probe.see(&format!("{}.downsamplers.0", block.name), &x);
        }
        probe.see(&block.name, &x);
    }
    x = middle(vae, &vae.encoder.middle, &x, probe)?;
    x = group_norm(&vae.encoder.conv_norm_out, &x, groups, EPSILON)?;
    probe.see("encoder.conv_norm_out", &x);
    x = convolution(&vae.encoder.conv_out, &x.f_silu()?)?;
    probe.see("encoder.conv_out", &x);
    x = convolution(&vae.quant_conv, &x)?;
    probe.see("quant_conv", &x);
    let mut halves = x.f_chunk(2, 1)?.into_iter();
    match (halves.next(), halves.next()) {
        (Some(mean), Some(log_variance)) => {
            Ok(Moments { mean, log_variance: log_variance.f_clamp(-30.0, 20.0)? })
        }
        _ => {
            Err(tch::TchError::Shape(format!("moments of shape {:?} have no two halves", x.size())))
        }
    }
}

/// The picture `[1, 3, H, W]`, about `[-1, 1]`, of latents that were divided by the scaling factor.
///
/// # Errors
///
/// libtorch's.
pub fn decode(vae: &Vae<Tensor>, latents: &Tensor, probe: &mut dyn Probe) -> Torch<Tensor> {
    let groups = vae.config.norm_num_groups;
    let mut x = convolution(&vae.post_quant_conv, latents)?;
    probe.see("post_quant_conv", &x);
    x = convolution(&vae.decoder.conv_in, &x)?;
    probe.see("decoder.conv_in", &x);
    x = middle(vae, &vae.decoder.middle, &x, probe)?;
    for block in &vae.decoder.blocks {
        for layer in &block.resnets {
            x = resnet(layer, &x, None, groups, EPSILON, probe)?;
        }
        if let Some(upsampler) = &block.upsampler {
            x = convolution(upsampler, &double(&x)?)?;
        }
        probe.see(&block.name, &x);
    }
    x = group_norm(&vae.decoder.conv_norm_out, &x, groups, EPSILON)?;
    probe.see("decoder.conv_norm_out", &x);
    x = convolution(&vae.decoder.conv_out, &x.f_silu()?)?;
    probe.see("decoder.conv_out", &x);
    Ok(x)
}

fn middle(
    vae: &Vae<Tensor>,
    block: &VaeMiddle<Tensor>,
    x: &Tensor,
    probe: &mut dyn Probe,
) -> Torch<Tensor> {
    let groups = vae.config.norm_num_groups;
    let x = resnet(&block.first, x, None, groups, EPSILON, probe)?;
    let x = pixel_attention(&block.attention, &x, groups, probe)?;
    let x = resnet(&block.second, &x, None, groups, EPSILON, probe)?;
    probe.see(&block.name, &x);
    Ok(x)
}

/// Attention over all pixels; the projected result stands first in the sum and gives it its layout.
fn pixel_attention(
    block: &VaeAttention<Tensor>,
    x: &Tensor,
    groups: i64,
    probe: &mut dyn Probe,
) -> Torch<Tensor> {
    let (batch, channels, height, width) = x.size4()?;
    let tokens =
        group_norm(&block.group_norm, &x.f_flatten(2, -1)?, groups, EPSILON)?.f_transpose(1, 2)?;
    let mixed = attention(&block.attention, &tokens, &tokens, &mut ())?;
    let out = mixed.f_transpose(1, 2)?.f_reshape([batch, channels, height, width])?.f_add(x)?;
    probe.see(&block.attention.name, &out);
    Ok(out)
}
