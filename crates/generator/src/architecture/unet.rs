//! The conditional UNet: residual and transformer blocks at four widths, with skips from the way down to the way up.

use std::num::NonZeroU32;

use super::{
    Attention, AttentionPlacement, Bias, Convolution, Linear, Norm, Parameters, ResnetBlock,
    UnetConfig,
};
use super::{AttentionShape, Kernel};

/// The whole network.
#[derive(Debug)]
pub struct Unet<P> {
    /// First layer of the time embedding.
    pub time_linear1: Linear<P>,
    /// Second layer of the time embedding.
    pub time_linear2: Linear<P>,
    /// Latent channels to the first width.
    pub conv_in: Convolution<P>,
    /// From wide to narrow pictures.
    pub down_blocks: Vec<DownBlock<P>>,
    /// Between the two ways.
    pub middle: UnetMiddle<P>,
    /// Back up, consuming the skips.
    pub up_blocks: Vec<UpBlock<P>>,
    /// Before the last convolution.
    pub conv_norm_out: Norm<P>,
    /// Back to latent channels.
    pub conv_out: Convolution<P>,
    /// What it was built from.
    pub config: UnetConfig,
}

/// One level on the way down.
#[derive(Debug)]
pub struct DownBlock<P> {
    /// The name that the block's output is reported under.
    pub name: String,
    /// Residual blocks, each with its transformer where the level has attention.
    pub layers: Vec<(ResnetBlock<P>, Option<Transformer<P>>)>,
    /// Absent on the last level.
    pub downsampler: Option<Convolution<P>>,
}

/// Residual block, transformer, residual block.
#[derive(Debug)]
pub struct UnetMiddle<P> {
    /// Before the transformer.
    pub first: ResnetBlock<P>,
    /// In the middle.
    pub transformer: Transformer<P>,
    /// After it.
    pub second: ResnetBlock<P>,
}

/// One level on the way up.
#[derive(Debug)]
pub struct UpBlock<P> {
    /// The name that the block's output is reported under.
    pub name: String,
    /// Residual blocks, each with its transformer where the level has attention.
    pub layers: Vec<(ResnetBlock<P>, Option<Transformer<P>>)>,
    /// Absent on the last level.
    pub upsampler: Option<Convolution<P>>,
}

/// Self-attention, attention to the text and a gated feed-forward layer over the pixels of a feature map.
#[derive(Debug)]
pub struct Transformer<P> {
    /// The name that the output is reported under.
    pub name: String,
    /// Group normalisation of the feature map.
    pub norm: Norm<P>,
    /// 1×1, into the tokens.
    pub proj_in: Convolution<P>,
    /// Over the pixels.
    pub self_attention: CrossAttention<P>,
    /// To the text states.
    pub text_attention: CrossAttention<P>,
    /// Behind `norm3`.
    pub feed_forward: FeedForward<P>,
    /// 1×1, out of the tokens.
    pub proj_out: Convolution<P>,
}

/// Attention with the layer normalisation before it.
#[derive(Debug)]
pub struct CrossAttention<P> {
    /// Of the tokens.
    pub norm: Norm<P>,
    /// The projections.
    pub attention: Attention<P>,
}

/// A gated feed-forward layer with the layer normalisation before it.
#[derive(Debug)]
pub struct FeedForward<P> {
    /// The name that the outputs are reported under.
    pub name: String,
    /// Of the tokens.
    pub norm: Norm<P>,
    /// To values and gates, in this order.
    pub proj: Linear<P>,
    /// Back to the width.
    pub out: Linear<P>,
    /// How many tokens pass at once; all of them without a number.
    pub tokens_at_once: Option<NonZeroU32>,
}

impl<P> Unet<P> {
    /// The network that `config` describes, its parameters taken from `source`.
    pub fn build<S: Parameters<Parameter = P>>(config: &UnetConfig, source: &mut S) -> Self {
        let widths = &config.block_out_channels;
        let n_levels = widths.len();
        let (first, last) = (widths[0], widths[n_levels - 1]);
        let time_width = 4 * first;
        let time_linear1 =
            Linear::build(source, "time_embedding.linear_1", first, time_width, Bias::Present);
        let time_linear2 =
            Linear::build(source, "time_embedding.linear_2", time_width, time_width, Bias::Present);
        let conv_in =
            Convolution::build(source, "conv_in", config.in_channels, first, Kernel::Three);

        let mut down_blocks = Vec::with_capacity(n_levels);
        for (level, &width) in widths.iter().enumerate() {
            let name = format!("down_blocks.{level}");
            let before = if level == 0 { first } else { widths[level - 1] };
            let inputs = |layer: usize| if layer == 0 { before } else { width };
            let layers = (0..config.layers_per_block)
                .map(|layer| {
                    layer_pair(
                        config,
                        source,
                        &name,
                        layer,
                        inputs(layer),
                        width,
                        config.down_attention[level],
                    )
                })
                .collect();
            let downsampler = (level + 1 < n_levels).then(|| {
                Convolution::build(
                    source,
                    &format!("{name}.downsamplers.0.conv"),
                    width,
                    width,
                    Kernel::Halving,
                )
            });
            down_blocks.push(DownBlock { name, layers, downsampler });
        }

        let middle = UnetMiddle {
            first: ResnetBlock::build(source, "mid_block.resnets.0", last, last, Some(time_width)),
            transformer: Transformer::build(config, source, "mid_block.attentions.0", last),
            second: ResnetBlock::build(source, "mid_block.resnets.1", last, last, Some(time_width)),
        };

        let mut up_blocks = Vec::with_capacity(n_levels);
        for level in 0..n_levels {
            let name = format!("up_blocks.{level}");
            // Widths count down here; the last layer of a level takes the skip of the next narrower level's input.
            let width = widths[n_levels - 1 - level];
            let before = if level == 0 { last } else { widths[n_levels - level] };
            let after = widths[(n_levels - 1 - level).saturating_sub(1)];
            let n_layers = config.layers_per_block + 1;
            let layers = (0..n_layers)
                .map(|layer| {
                    let from_below = if layer == 0 { before } else { width };
                    let skip = if layer + 1 == n_layers { after } else { width };
                    layer_pair(
                        config,
                        source,
                        &name,
                        layer,
                        from_below + skip,
                        width,
                        config.up_attention[level],
                    )
                })
                .collect();
            let upsampler = (level + 1 < n_levels).then(|| {
                Convolution::build(
                    source,
                    &format!("{name}.upsamplers.0.conv"),
                    width,
                    width,
                    Kernel::Three,
                )
            });
            up_blocks.push(UpBlock { name, layers, upsampler });
        }

        Self {
            time_linear1,
            time_linear2,
            conv_in,
            down_blocks,
            middle,
            up_blocks,
            conv_norm_out: Norm::build(source, "conv_norm_out", first),
            conv_out: Convolution::build(
                source,
                "conv_out",
                first,
                config.out_channels,
                Kernel::Three,
            ),
            config: config.clone(),
        }
    }
}

fn layer_pair<P, S: Parameters<Parameter = P>>(
    config: &UnetConfig,
    source: &mut S,
    block: &str,
    layer: usize,
    inputs: usize,
    width: usize,
    attention: AttentionPlacement,
) -> (ResnetBlock<P>, Option<Transformer<P>>) {
    let time_width = 4 * config.block_out_channels[0];
    let resnet = ResnetBlock::build(
        source,
        &format!("{block}.resnets.{layer}"),
        inputs,
        width,
        Some(time_width),
    );
    let transformer = match attention {
        AttentionPlacement::EveryLayer => {
            Some(Transformer::build(config, source, &format!("{block}.attentions.{layer}"), width))
        }
        AttentionPlacement::None => None,
    };
    (resnet, transformer)
}

impl<P> Transformer<P> {
    fn build<S: Parameters<Parameter = P>>(
        config: &UnetConfig,
        source: &mut S,
        name: &str,
        width: usize,
    ) -> Self {
        let inner = format!("{name}.transformer_blocks.0");
        let mut attention = |index: usize, context: usize| CrossAttention {
            norm: Norm::build(source, &format!("{inner}.norm{index}"), width),
            attention: Attention::build(
                source,
                &format!("{inner}.attn{index}"),
                AttentionShape {
                    width,
                    context,
                    heads: config.heads,
                    projection_bias: Bias::Absent,
                },
            ),
        };
        let self_attention = attention(1, width);
        let text_attention = attention(2, config.cross_attention_dim);
        Self {
            norm: Norm::build(source, &format!("{name}.norm"), width),
            proj_in: Convolution::build(
                source,
                &format!("{name}.proj_in"),
                width,
                width,
                Kernel::Point,
            ),
            self_attention,
            text_attention,
            feed_forward: FeedForward {
                norm: Norm::build(source, &format!("{inner}.norm3"), width),
                proj: Linear::build(
                    source,
                    &format!("{inner}.ff.net.0.proj"),
                    width,
                    8 * width,
                    Bias::Present,
                ),
                out: Linear::build(
                    source,
                    &format!("{inner}.ff.net.2"),
                    4 * width,
                    width,
                    Bias::Present,
                ),
                tokens_at_once: source.tokens_at_once(),
                name: format!("{inner}.ff"),
            },
            proj_out: Convolution::build(
                source,
                &format!("{name}.proj_out"),
                width,
                width,
                Kernel::Point,
            ),
            name: name.into(),
        }
    }
}
