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
    let y = convolve(&row, weight, bias, 1, 0)?;
    size.push(y.size()[1]);
    y.f_permute([0, 2, 3, 1])?.f_reshape(size)
}

pub(super) fn convolution(layer: &Convolution<Tensor>, x: &Tensor) -> Torch<Tensor> {
    let y = convolve(x, &layer.weight, Some(&layer.bias), layer.stride, layer.padding)?;
    let Some(adapter) = &layer.adapter else { return Ok(y) };
    let low = convolve(x, &adapter.down, None, layer.stride, layer.padding)?;
    let high = convolve(&low, &adapter.up, None, 1, 0)?;
    y.f_add(&high.f_mul_scalar(adapter.scale)?)
}

/// A convolution; a kernel in parts, `[parts, out / parts, in, k, k]`, gives the output channels of one part after the other.
fn convolve(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: i64,
    padding: i64,
) -> Torch<Tensor> {
    let whole = |weight: &Tensor, bias: Option<&Tensor>| {
        x.f_conv2d(weight, bias, [stride; 2], [padding; 2], [1, 1], 1)
    };
    if weight.dim() == 4 {
        return whole(weight, bias);
    }
    let n_parts = weight.size()[0];
    let biases: Vec<Option<Tensor>> = match bias {
        Some(bias) => bias.f_chunk(n_parts, 0)?.into_iter().map(Some).collect(),
        None => (0..n_parts).map(|_| None).collect(),
    };
    let parts = weight.f_unbind(0)?;
    let parts: Vec<Tensor> = parts
        .iter()
        .zip(&biases)
        .map(|(weight, bias)| whole(weight, bias.as_ref()))
        .collect::<Torch<_>>()?;
    Tensor::f_cat(&parts, 1)
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
            .f_add_(&linear(projection, &time.f_silu()?)?.f_unsqueeze(-1)?.f_unsqueeze(-1)?)?;
    }
    let activated = group_norm_silu(&block.norm2, &hidden, groups, epsilon)?;
    // At full size each of these is a quarter of a gigabyte in the decoder: nothing stays alive longer than it is used.
    drop(hidden);
    let mut hidden = convolution(&block.conv2, &activated)?;
    drop(activated);
    let sum = match &block.conv_shortcut {
        Some(shortcut) => convolution(shortcut, x)?.f_add_(&hidden)?,
        // The sum takes the memory of the second term where both lie in it the same way; `x` may be needed again.
        None if x.stride() == hidden.stride() => hidden.f_add_(x)?,
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

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    /// Each output channel is a sum of its own, so the parts hold the values of the whole.
    #[test]
    fn a_convolution_in_parts_is_the_whole_one() {
        let values = |shape: [i64; 4]| {
            let n_values = shape.iter().product::<i64>();
            Tensor::arange(n_values, (Kind::Float, Device::Cpu)).sin().reshape(shape)
        };
        let (x, weight) = (values([2, 6, 9, 7]), values([12, 6, 3, 3]));
        let bias = values([12, 1, 1, 1]).flatten(0, 3);
        for (stride, padding, n_parts) in [(1, 1, 3), (2, 1, 2), (1, 0, 12)] {
            for bias in [Some(&bias), None] {
                let whole = convolve(&x, &weight, bias, stride, padding).unwrap();
                let in_parts = weight.view([n_parts, 12 / n_parts, 6, 3, 3]);
                let parts = convolve(&x, &in_parts, bias, stride, padding).unwrap();
                assert_eq!(parts.size(), whole.size());
                let gap = (parts - whole).abs().max().double_value(&[]);
                assert!(gap < 1e-5, "{n_parts} parts: {gap}");
            }
        }
    }
}
