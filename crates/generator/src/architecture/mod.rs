//! The three networks of Stable Diffusion 1.5 as data: which parameters they have, under which names, in which shapes.
//!
//! Input: a model folder's own configuration (widths, depths, heads). Output: a network whose leaves are whatever a
//! [`Parameters`] source hands out, tensors or, in [`Listing`], nothing at all. The tiny test model and the real one
//! are therefore the same code, and the list of names that a weight file is held against exists without torch.
//!
//! Names are those of the diffusers layout (the frozen format of released adapters refers to them).

mod config;
mod listing;
mod text_encoder;
mod unet;
mod vae;

pub use config::{
    AttentionPlacement, SchedulerConfig, TextEncoderConfig, UnetConfig, VaeConfig,
    read_scheduler_config, read_text_encoder_config, read_unet_config, read_vae_config,
};
pub use listing::Listing;
pub use text_encoder::{EncoderLayer, TextEncoder};
pub use unet::{CrossAttention, DownBlock, FeedForward, Transformer, Unet, UnetMiddle, UpBlock};
pub use vae::{Decoder, DecoderBlock, Encoder, EncoderBlock, Vae, VaeAttention, VaeMiddle};

use std::num::NonZeroU32;

/// Where a network's parameters come from.
///
/// The source is asked once for every parameter, in a fixed order. It does not fail: it remembers what was missing or
/// had another shape and says so at the end, so that a bad file is described whole.
pub trait Parameters {
    /// One parameter, for instance a tensor.
    type Parameter;

    /// The parameter called `name`, in the shape the network needs.
    fn take(&mut self, name: &str, shape: &[usize]) -> Self::Parameter;

    /// The weight `[out, in]` of a linear layer; a source may give it in another form for the operation that uses it.
    fn take_linear(&mut self, name: &str, shape: &[usize]) -> Self::Parameter {
        self.take(name, shape)
    }

    /// The kernel `[out, in, k, k]` of a convolution; a source may give a large one in parts, `[parts, out / parts, in, k, k]`.
    fn take_kernel(&mut self, name: &str, shape: &[usize]) -> Self::Parameter {
        self.take(name, shape)
    }

    /// How many tokens a feed-forward layer takes at once; all of them without a number.
    fn tokens_at_once(&self) -> Option<NonZeroU32> {
        None
    }

    /// A low-rank adapter that is to be kept apart from `module`'s weight of the given shape.
    fn adapter(
        &mut self,
        module: &str,
        weight_shape: &[usize],
    ) -> Option<LowRank<Self::Parameter>> {
        let _ = (module, weight_shape);
        None
    }
}

/// A low-rank addition to a layer: `scale * up(down(x))`.
#[derive(Debug)]
pub struct LowRank<P> {
    /// `[rank, in]`, or `[rank, in, k, k]` beside a convolution.
    pub down: P,
    /// `[out, rank]`, or `[out, rank, 1, 1]` beside a convolution.
    pub up: P,
    /// What the product is multiplied with.
    pub scale: f64,
}

/// A linear layer: weight `[out, in]`.
#[derive(Debug)]
pub struct Linear<P> {
    /// `[out, in]`.
    pub weight: P,
    /// `[out]`, if the layer has one.
    pub bias: Option<P>,
    /// An adapter that was not merged into the weight.
    pub adapter: Option<LowRank<P>>,
}

/// Whether a linear layer has a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bias {
    Present,
    Absent,
}

impl<P> Linear<P> {
    pub(crate) fn build<S: Parameters<Parameter = P>>(
        source: &mut S,
        name: &str,
        inputs: usize,
        outputs: usize,
        bias: Bias,
    ) -> Self {
        let shape = [outputs, inputs];
        Self {
            weight: source.take_linear(&format!("{name}.weight"), &shape),
            bias: (bias == Bias::Present).then(|| source.take(&format!("{name}.bias"), &[outputs])),
            adapter: source.adapter(name, &shape),
        }
    }
}

/// A square convolution with a bias.
#[derive(Debug)]
pub struct Convolution<P> {
    /// `[out, in, k, k]`, or in parts.
    pub weight: P,
    /// `[out]`.
    pub bias: P,
    /// Step in both directions.
    pub stride: i64,
    /// Zeros on all four sides.
    pub padding: i64,
    /// An adapter that was not merged into the weight.
    pub adapter: Option<LowRank<P>>,
}

/// The three convolutions that occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// 1×1.
    Point,
    /// 3×3 that keeps the size.
    Three,
    /// 3×3 with stride 2, padded by one on all sides (UNet).
    Halving,
    /// 3×3 with stride 2 and no padding of its own: the VAE pads right and bottom before it.
    HalvingUnpadded,
}

impl<P> Convolution<P> {
    pub(crate) fn build<S: Parameters<Parameter = P>>(
        source: &mut S,
        name: &str,
        inputs: usize,
        outputs: usize,
        kernel: Kernel,
    ) -> Self {
        let (side, stride, padding) = match kernel {
            Kernel::Point => (1, 1, 0),
            Kernel::Three => (3, 1, 1),
            Kernel::Halving => (3, 2, 1),
            Kernel::HalvingUnpadded => (3, 2, 0),
        };
        let shape = [outputs, inputs, side, side];
        Self {
            weight: source.take_kernel(&format!("{name}.weight"), &shape),
            bias: source.take(&format!("{name}.bias"), &[outputs]),
            stride,
            padding,
            adapter: source.adapter(name, &shape),
        }
    }
}

/// Scale and shift of a group or layer normalisation.
#[derive(Debug)]
pub struct Norm<P> {
    /// `[width]`.
    pub weight: P,
    /// `[width]`.
    pub bias: P,
}

impl<P> Norm<P> {
    pub(crate) fn build<S: Parameters<Parameter = P>>(
        source: &mut S,
        name: &str,
        width: usize,
    ) -> Self {
        Self {
            weight: source.take(&format!("{name}.weight"), &[width]),
            bias: source.take(&format!("{name}.bias"), &[width]),
        }
    }
}

/// Two normalised convolutions beside a shortcut; in the UNet the time embedding is added between them.
#[derive(Debug)]
pub struct ResnetBlock<P> {
    /// The name that the block's output is reported under.
    pub name: String,
    /// Before the first convolution.
    pub norm1: Norm<P>,
    /// Changes the width.
    pub conv1: Convolution<P>,
    /// UNet only.
    pub time_emb_proj: Option<Linear<P>>,
    /// Before the second convolution.
    pub norm2: Norm<P>,
    /// Keeps the width.
    pub conv2: Convolution<P>,
    /// 1×1, present exactly when the width changes.
    pub conv_shortcut: Option<Convolution<P>>,
}

impl<P> ResnetBlock<P> {
    pub(crate) fn build<S: Parameters<Parameter = P>>(
        source: &mut S,
        name: &str,
        inputs: usize,
        outputs: usize,
        time_width: Option<usize>,
    ) -> Self {
        Self {
            norm1: Norm::build(source, &format!("{name}.norm1"), inputs),
            conv1: Convolution::build(
                source,
                &format!("{name}.conv1"),
                inputs,
                outputs,
                Kernel::Three,
            ),
            time_emb_proj: time_width.map(|width| {
                Linear::build(
                    source,
                    &format!("{name}.time_emb_proj"),
                    width,
                    outputs,
                    Bias::Present,
                )
            }),
            norm2: Norm::build(source, &format!("{name}.norm2"), outputs),
            conv2: Convolution::build(
                source,
                &format!("{name}.conv2"),
                outputs,
                outputs,
                Kernel::Three,
            ),
            conv_shortcut: (inputs != outputs).then(|| {
                Convolution::build(
                    source,
                    &format!("{name}.conv_shortcut"),
                    inputs,
                    outputs,
                    Kernel::Point,
                )
            }),
            name: name.into(),
        }
    }
}

/// Scaled dot-product attention: four projections.
#[derive(Debug)]
pub struct Attention<P> {
    /// The name that the output is reported under.
    pub name: String,
    /// Queries, from the tokens.
    pub to_q: Linear<P>,
    /// Keys, from the context.
    pub to_k: Linear<P>,
    /// Values, from the context.
    pub to_v: Linear<P>,
    /// Back to the width of the tokens.
    pub to_out: Linear<P>,
    /// Number of heads; the head width is the width divided by it.
    pub heads: i64,
}

/// Widths of an attention layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttentionShape {
    pub(crate) width: usize,
    pub(crate) context: usize,
    pub(crate) heads: i64,
    pub(crate) projection_bias: Bias,
}

impl<P> Attention<P> {
    pub(crate) fn build<S: Parameters<Parameter = P>>(
        source: &mut S,
        name: &str,
        shape: AttentionShape,
    ) -> Self {
        let AttentionShape { width, context, heads, projection_bias } = shape;
        Self {
            to_q: Linear::build(source, &format!("{name}.to_q"), width, width, projection_bias),
            to_k: Linear::build(source, &format!("{name}.to_k"), context, width, projection_bias),
            to_v: Linear::build(source, &format!("{name}.to_v"), context, width, projection_bias),
            to_out: Linear::build(source, &format!("{name}.to_out.0"), width, width, Bias::Present),
            heads,
            name: name.into(),
        }
    }
}
