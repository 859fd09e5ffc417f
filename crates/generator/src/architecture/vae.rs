//! The variational autoencoder between pictures and latents (factor 8 in both directions with four levels).

use super::{
    Attention, AttentionShape, Bias, Convolution, Kernel, Norm, Parameters, ResnetBlock, VaeConfig,
};

/// Encoder and decoder with the two 1×1 convolutions around the latent.
#[derive(Debug)]
pub struct Vae<P> {
    /// Pictures to moments.
    pub encoder: Encoder<P>,
    /// On the moments.
    pub quant_conv: Convolution<P>,
    /// On the latents.
    pub post_quant_conv: Convolution<P>,
    /// Latents to pictures.
    pub decoder: Decoder<P>,
    /// What it was built from.
    pub config: VaeConfig,
}

/// Pictures to mean and log-variance.
#[derive(Debug)]
pub struct Encoder<P> {
    /// Picture channels to the first width.
    pub conv_in: Convolution<P>,
    /// From wide to narrow pictures.
    pub blocks: Vec<EncoderBlock<P>>,
    /// At the narrowest.
    pub middle: VaeMiddle<P>,
    /// Before the last convolution.
    pub conv_norm_out: Norm<P>,
    /// To twice the latent channels.
    pub conv_out: Convolution<P>,
}

/// One level of the encoder.
#[derive(Debug)]
pub struct EncoderBlock<P> {
    /// The name that the block's output is reported under.
    pub name: String,
    /// In order.
    pub resnets: Vec<ResnetBlock<P>>,
    /// Absent on the last level.
    pub downsampler: Option<Convolution<P>>,
}

/// Latents to pictures.
#[derive(Debug)]
pub struct Decoder<P> {
    /// Latent channels to the last width.
    pub conv_in: Convolution<P>,
    /// At the narrowest.
    pub middle: VaeMiddle<P>,
    /// From narrow to wide pictures.
    pub blocks: Vec<DecoderBlock<P>>,
    /// Before the last convolution.
    pub conv_norm_out: Norm<P>,
    /// To picture channels.
    pub conv_out: Convolution<P>,
}

/// One level of the decoder.
#[derive(Debug)]
pub struct DecoderBlock<P> {
    /// The name that the block's output is reported under.
    pub name: String,
    /// In order.
    pub resnets: Vec<ResnetBlock<P>>,
    /// Absent on the last level.
    pub upsampler: Option<Convolution<P>>,
}

/// Residual block, attention over all pixels, residual block.
#[derive(Debug)]
pub struct VaeMiddle<P> {
    /// The name that the output is reported under.
    pub name: String,
    /// Before the attention.
    pub first: ResnetBlock<P>,
    /// One head as wide as the channels.
    pub attention: VaeAttention<P>,
    /// After it.
    pub second: ResnetBlock<P>,
}

/// Attention with the group normalisation before it.
#[derive(Debug)]
pub struct VaeAttention<P> {
    /// Over the tokens.
    pub group_norm: Norm<P>,
    /// The projections, all with a bias.
    pub attention: Attention<P>,
}

impl<P> Vae<P> {
    /// The autoencoder that `config` describes, its parameters taken from `source`.
    pub fn build<S: Parameters<Parameter = P>>(config: &VaeConfig, source: &mut S) -> Self {
        let latent = config.latent_channels;
        Self {
            encoder: Encoder::build(config, source),
            quant_conv: Convolution::build(
                source,
                "quant_conv",
                2 * latent,
                2 * latent,
                Kernel::Point,
            ),
            post_quant_conv: Convolution::build(
                source,
                "post_quant_conv",
                latent,
                latent,
                Kernel::Point,
            ),
            decoder: Decoder::build(config, source),
            config: config.clone(),
        }
    }
}

impl<P> Encoder<P> {
    fn build<S: Parameters<Parameter = P>>(config: &VaeConfig, source: &mut S) -> Self {
        let widths = &config.block_out_channels;
        let last = widths[widths.len() - 1];
        let conv_in = Convolution::build(
            source,
            "encoder.conv_in",
            config.in_channels,
            widths[0],
            Kernel::Three,
        );
        let mut before = widths[0];
        let mut blocks = Vec::with_capacity(widths.len());
        for (level, &width) in widths.iter().enumerate() {
            let name = format!("encoder.down_blocks.{level}");
            let resnets = (0..config.layers_per_block)
                .map(|layer| {
                    let inputs = if layer == 0 { before } else { width };
                    ResnetBlock::build(
                        source,
                        &format!("{name}.resnets.{layer}"),
                        inputs,
                        width,
                        None,
                    )
                })
                .collect();
            let downsampler = (level + 1 < widths.len()).then(|| {
                let conv = format!("{name}.downsamplers.0.conv");
                Convolution::build(source, &conv, width, width, Kernel::HalvingUnpadded)
            });
            blocks.push(EncoderBlock { name, resnets, downsampler });
            before = width;
        }
        Self {
            conv_in,
            blocks,
            middle: VaeMiddle::build(source, "encoder.mid_block", last),
            conv_norm_out: Norm::build(source, "encoder.conv_norm_out", last),
            conv_out: Convolution::build(
                source,
                "encoder.conv_out",
                last,
                2 * config.latent_channels,
                Kernel::Three,
            ),
        }
    }
}

impl<P> Decoder<P> {
    fn build<S: Parameters<Parameter = P>>(config: &VaeConfig, source: &mut S) -> Self {
        let widths = &config.block_out_channels;
        let last = widths[widths.len() - 1];
        let conv_in = Convolution::build(
            source,
            "decoder.conv_in",
            config.latent_channels,
            last,
            Kernel::Three,
        );
        let middle = VaeMiddle::build(source, "decoder.mid_block", last);
        let mut before = last;
        let mut blocks = Vec::with_capacity(widths.len());
        for (level, &width) in widths.iter().rev().enumerate() {
            let name = format!("decoder.up_blocks.{level}");
            let resnets = (0..=config.layers_per_block)
                .map(|layer| {
                    let inputs = if layer == 0 { before } else { width };
                    ResnetBlock::build(
                        source,
                        &format!("{name}.resnets.{layer}"),
                        inputs,
                        width,
                        None,
                    )
                })
                .collect();
            let upsampler = (level + 1 < widths.len()).then(|| {
                Convolution::build(
                    source,
                    &format!("{name}.upsamplers.0.conv"),
                    width,
                    width,
                    Kernel::Three,
                )
            });
            blocks.push(DecoderBlock { name, resnets, upsampler });
            before = width;
        }
        Self {
            conv_in,
            middle,
            blocks,
            conv_norm_out: Norm::build(source, "decoder.conv_norm_out", widths[0]),
            conv_out: Convolution::build(
                source,
                "decoder.conv_out",
                widths[0],
                config.out_channels,
                Kernel::Three,
            ),
        }
    }
}

impl<P> VaeMiddle<P> {
    fn build<S: Parameters<Parameter = P>>(source: &mut S, name: &str, width: usize) -> Self {
        let attention = format!("{name}.attentions.0");
        let shape =
            AttentionShape { width, context: width, heads: 1, projection_bias: Bias::Present };
        Self {
            first: ResnetBlock::build(source, &format!("{name}.resnets.0"), width, width, None),
            attention: VaeAttention {
                group_norm: Norm::build(source, &format!("{attention}.group_norm"), width),
                attention: Attention::build(source, &attention, shape),
            },
            second: ResnetBlock::build(source, &format!("{name}.resnets.1"), width, width, None),
            name: name.into(),
        }
    }
}
