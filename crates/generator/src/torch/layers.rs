//! The layers that the three networks share, as functions of explicit weights.

use tch::Tensor;

use super::{Probe, Torch};
use crate::architecture::{Attention, Convolution, Linear, Norm, ResnetBlock};

/// `x W^T + b`, plus the adapter's `(x A^T) B^T * scale`.
pub(super) fn linear(layer: &Linear<Tensor>, x: &Tensor) -> Torch<Tensor> {
    let y = product(x, &layer.weight, layer.bias.as_ref())?;
    let Some(adapter) = &layer.adapter else { return Ok(y) };
    let low = product(x, &adapter.down, None)?;
    y.f_add(&product(&low, &adapter.up, None)?.f_mul_scalar(adapter.scale)?)
}

/// `x W^T + b`; a weight in the form of a 1×1 kernel makes it a convolution of a picture with one row of pixels, whose
/// channels lie together as the values of a token do.
fn product(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Torch<Tensor> {
    if weight.dim() == 2 {
        return x.f_linear(weight, bias);
    }
    let mut size = x.size();
    let inputs = size.pop().unwrap_or_default();
    let row = x.f_reshape([1, 1, -1, inputs])?.f_permute([0, 3, 1, 2])?;
    let y = row.f_conv2d(weight, bias, [1, 1], [0, 0], [1, 1], 1)?;
    size.push(weight.size()[0]);
    y.f_permute([0, 2, 3, 1])?.f_reshape(size)
}

pub(super) fn convolution(layer: &Convolution<Tensor>, x: &Tensor) -> Torch<Tensor> {
    let (stride, padding) = ([layer.stride; 2], [layer.padding; 2]);
    let y = x.f_conv2d(&layer.weight, Some(&layer.bias), stride, padding, [1, 1], 1)?;
    let Some(adapter) = &layer.adapter else { return Ok(y) };
    let low = x.f_conv2d(&adapter.down, None::<&Tensor>, stride, padding, [1, 1], 1)?;
    let high = low.f_conv2d(&adapter.up, None::<&Tensor>, [1, 1], [0, 0], [1, 1], 1)?;
    y.f_add(&high.f_mul_scalar(adapter.scale)?)
}

pub(super) fn group_norm(
    layer: &Norm<Tensor>,
    x: &Tensor,
    groups: i64,
    epsilon: f64,
) -> Torch<Tensor> {
    x.f_group_norm(groups, Some(&layer.weight), Some(&layer.bias), epsilon, true)
}

/// A group normalisation followed by `x * sigmoid(x)` in the same memory.
pub(super) fn group_norm_silu(
    layer: &Norm<Tensor>,
    x: &Tensor,
    groups: i64,
    epsilon: f64,
) -> Torch<Tensor> {
    group_norm(layer, x, groups, epsilon)?.f_silu_()
}

pub(super) fn layer_norm(layer: &Norm<Tensor>, x: &Tensor, epsilon: f64) -> Torch<Tensor> {
    x.f_layer_norm(layer.weight.size(), Some(&layer.weight), Some(&layer.bias), epsilon, true)
}

/// `x + conv2(silu(norm2(conv1(silu(norm1 x)) + time)))`; the shortcut stands first and gives the sum its layout.
pub(super) fn resnet(
    block: &ResnetBlock<Tensor>,
    x: &Tensor,
    time: Option<&Tensor>,
    groups: i64,
    epsilon: f64,
    probe: &mut dyn Probe,
) -> Torch<Tensor> {
    let activated = group_norm_silu(&block.norm1, x, groups, epsilon)?;
    let mut hidden = convolution(&block.conv1, &activated)?;
    drop(activated);
    if let (Some(projection), Some(time)) = (&block.time_emb_proj, time) {
        hidden = hidden
            .f_add(&linear(projection, &time.f_silu()?)?.f_unsqueeze(-1)?.f_unsqueeze(-1)?)?;
    }
    let activated = group_norm_silu(&block.norm2, &hidden, groups, epsilon)?;
    // At full size each of these is a quarter of a gigabyte in the decoder: nothing stays alive longer than it is used.
    drop(hidden);
    let hidden = convolution(&block.conv2, &activated)?;
    drop(activated);
    let sum = match &block.conv_shortcut {
        Some(shortcut) => convolution(shortcut, x)?.f_add(&hidden)?,
        None => x.f_add(&hidden)?,
    };
    probe.see(&block.name, &sum);
    Ok(sum)
}

/// Attention of `x` (`[batch, tokens, width]`) to `context` (`[batch, tokens, context width]`).
pub(super) fn attention(
    layer: &Attention<Tensor>,
    x: &Tensor,
    context: &Tensor,
    probe: &mut dyn Probe,
) -> Torch<Tensor> {
    let query = split_heads(&linear(&layer.to_q, x)?, layer.heads)?;
    let key = split_heads(&linear(&layer.to_k, context)?, layer.heads)?;
    let value = split_heads(&linear(&layer.to_v, context)?, layer.heads)?;
    let mixed = dot_product_attention(&query, &key, &value, Sight::Everything)?;
    let out = linear(&layer.to_out, &mixed)?;
    probe.see(&layer.name, &out);
    Ok(out)
}

/// What a token attends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    Everything,
    /// Itself and the tokens before it.
    Past,
}

/// `[batch, tokens, width]` as `[batch, heads, tokens, width / heads]`.
pub(super) fn split_heads(x: &Tensor, heads: i64) -> Torch<Tensor> {
    x.f_unflatten(-1, [heads, -1])?.f_transpose(1, 2)
}

/// The mixed values, heads side by side again: `[batch, tokens, width]`. Scores are scaled by `1 / sqrt(head width)`.
pub(super) fn dot_product_attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    sight: Sight,
) -> Torch<Tensor> {
    let causal = sight == Sight::Past;
    Tensor::f_scaled_dot_product_attention(
        query,
        key,
        value,
        None::<&Tensor>,
        0.0,
        causal,
        None,
        false,
    )?
    .f_transpose(1, 2)?
    .f_flatten(2, -1)
}

/// Nearest-neighbour doubling.
pub(super) fn double(x: &Tensor) -> Torch<Tensor> {
    let (_, _, height, width) = x.size4()?;
    x.f_upsample_nearest2d([2 * height, 2 * width], 2.0, 2.0)
}
