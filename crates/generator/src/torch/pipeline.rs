//! One picture after another: encode, add noise, remove it under guidance, decode.
//!
//! Input: prepared pictures (8-bit RGB, sides multiples of the autoencoder's reduction), prompts, seeds. Output: 8-bit
//! RGB of the same size. The order of operations, the two random draws and every rounding are the original's
//! (`docs/generator.md`); the pictures of a source share its encoding, and each picture keeps its own noise.

use std::collections::BTreeMap;

use spinefairbench_imaging::{ImageSize, RgbImage};
use tch::{Kind, Tensor};

use super::noise::NoiseOrigin;
use super::weights::{Arithmetic, PieceSizes, TensorSource};
use super::{
    Adapters, NoiseSource, Placement, Probe, Torch, decode, encode, encode_tokens, predict_noise,
};
use crate::architecture::{TextEncoder, Unet, Vae};
use crate::base_model::BaseModel;
use crate::config::RunPlan;
use crate::schedule::{NoiseSchedule, Step};
use crate::{GeneratorError, Seed};

/// A loaded model with the text states of all prompts it will be asked for.
///
/// The text encoder is gone by the time this exists: it is only needed for these prompts, and freeing it before the
/// UNet is loaded keeps it out of the peak.
#[derive(Debug)]
pub struct Pipeline {
    base: BaseModel,
    /// Absent where it is loaded for every call.
    unet: Option<Unet<Tensor>>,
    vae: Vae<Tensor>,
    schedule: NoiseSchedule,
    /// By prompt, `[1, 77, width]`; the empty prompt is the unconditional one.
    text_states: BTreeMap<String, Tensor>,
    options: LoadOptions,
}

/// How long the UNet, nearly all of a model, stays in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residency {
    /// As long as the pipeline: for many calls.
    Kept,
    /// From encoding to decoding, whose activations then never lie beside it: a call takes the time to load it, and the
    /// peak is a fifth lower.
    OneCall,
}

/// Where and how a model is loaded.
#[derive(Debug)]
pub struct LoadOptions {
    /// Device and type of the weights.
    pub placement: Placement,
    /// Where noise is drawn.
    pub noise: NoiseOrigin,
    /// The LoRA, if any.
    pub adapters: Option<Adapters>,
    /// How long the UNet stays.
    pub residency: Residency,
    /// Speed or equal bits.
    pub arithmetic: Arithmetic,
}

/// A source and the pictures to make from it.
#[derive(Debug, Clone, Copy)]
pub struct SourceRequests<'a> {
    /// Its sides are multiples of the autoencoder's reduction; all sources of a pass have one size.
    pub source: &'a RgbImage,
    /// What to make.
    pub requests: &'a [PictureRequest<'a>],
}

/// One picture to make from a source.
#[derive(Debug, Clone, Copy)]
pub struct PictureRequest<'a> {
    /// One of the prompts that the pipeline was loaded with.
    pub prompt: &'a str,
    /// Seed of this picture's noise.
    pub seed: Seed,
}

impl Pipeline {
    /// Loads `base` and encodes `prompts`.
    ///
    /// # Errors
    ///
    /// If a weight file does not fit its network, every misfit named, or libtorch fails.
    pub fn load(
        base: BaseModel,
        prompts: &[&str],
        options: LoadOptions,
    ) -> Result<Self, GeneratorError> {
        let _guard = tch::no_grad_guard();
        let placement = options.placement;
        let text_states = encode_prompts(&base, prompts, &options)?;
        let unet = match options.residency {
            Residency::Kept => Some(load_unet(&base, &options)?),
            Residency::OneCall => {
                account_unet(&base, &options)?;
                None
            }
        };
        let vae = {
            let mut source = TensorSource::open(&base.vae.weights, base.vae.names, placement)?;
            source.arrange(options.arithmetic, PieceSizes::default());
            let vae = Vae::build(&base.vae.config, &mut source);
            source.finish("autoencoder")?;
            vae
        };
        let schedule = NoiseSchedule::new(&base.scheduler);
        Ok(Self { base, unet, vae, schedule, text_states, options })
    }

    /// Device and type of the weights.
    #[must_use]
    pub fn placement(&self) -> Placement {
        self.options.placement
    }

    /// The noise schedule.
    #[must_use]
    pub fn schedule(&self) -> &NoiseSchedule {
        &self.schedule
    }

    /// The text states that were computed for `prompt`, `[1, 77, width]`.
    #[must_use]
    pub fn text_states(&self, prompt: &str) -> Option<&Tensor> {
        self.text_states.get(prompt)
    }

    /// The pictures that `requests` ask for, from `source`, in order, as [`Pipeline::generate_together`] makes them.
    ///
    /// # Errors
    ///
    /// Its.
    pub fn generate(
        &self,
        source: &RgbImage,
        requests: &[PictureRequest<'_>],
        plan: &RunPlan,
        probe: &mut dyn Probe,
    ) -> Result<Vec<RgbImage>, GeneratorError> {
        self.generate_together(&[SourceRequests { source, requests }], plan, probe)
    }

    /// The pictures of all `sources`, in order, denoised as one batch. `probe` sees the stages by name.
    ///
    /// # Errors
    ///
    /// If the sources' sides differ or are no multiples of the reduction, a prompt was not loaded, libtorch fails (told apart if memory
    /// ran out), `probe` says to stop, or a value is not finite: nothing is returned then.
    pub fn generate_together(
        &self,
        sources: &[SourceRequests<'_>],
        plan: &RunPlan,
        probe: &mut dyn Probe,
    ) -> Result<Vec<RgbImage>, GeneratorError> {
        let _guard = tch::no_grad_guard();
        let requests: Vec<PictureRequest<'_>> =
            sources.iter().flat_map(|source| source.requests.iter().copied()).collect();
        let Some(size) = sources.first().map(|first| first.source.size()) else {
            return Ok(Vec::new());
        };
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let reduction = self.vae.config.reduction();
        for source in sources.iter().map(|source| source.source.size()) {
            let (width, height) = (source.width(), source.height());
            if !width.is_multiple_of(reduction) || !height.is_multiple_of(reduction) {
                return Err(GeneratorError::UnevenPicture { width, height, reduction });
            }
            if source != size {
                let sizes = [size, source].map(|size| (size.width(), size.height()));
                return Err(GeneratorError::SourceSizes { sizes });
            }
        }
        let text = self.batch_text(&requests, plan)?;
        let failure = |step: &str, source| torch_failure(step, source, requests.len());
        let latents = self
            .start(sources, plan, probe)
            .map_err(|error| failure("encoding the picture", error))?;
        go_on(probe)?;
        let latents = {
            // Gone before decoding, unless it is kept.
            let loaded;
            let unet = if let Some(unet) = &self.unet {
                unet
            } else {
                loaded = load_unet(&self.base, &self.options)?;
                probe.see("unet_loaded", &latents);
                &loaded
            };
            self.remove_noise(unet, latents, &text, plan, probe)
                .map_err(|error| failure("removing noise", error))?
        };
        go_on(probe)?;
        self.check_finite(&latents, "the latents after the last step")?;
        let pictures =
            self.finish(&latents, probe).map_err(|error| failure("decoding the picture", error))?;
        pictures.iter().map(|picture| self.to_image(picture, size)).collect()
    }

    /// Unconditional states first, then the conditional ones, as one batch; conditional alone without guidance.
    fn batch_text(
        &self,
        requests: &[PictureRequest<'_>],
        plan: &RunPlan,
    ) -> Result<Tensor, GeneratorError> {
        let states = |prompt: &str| {
            self.text_states
                .get(prompt)
                .ok_or_else(|| GeneratorError::PromptNotLoaded { prompt: prompt.into() })
        };
        let mut batch = Vec::with_capacity(2 * requests.len());
        if is_guided(plan) {
            let unconditional = states("")?;
            batch.extend(requests.iter().map(|_| unconditional));
        }
        for request in requests {
            batch.push(states(request.prompt)?);
        }
        Tensor::f_cat(&batch, 0).map_err(|source| GeneratorError::Torch {
            step: "joining the text states".into(),
            source,
        })
    }

    /// The noised latents at the first step, `[n, 4, h, w]`: every source is encoded once.
    fn start(
        &self,
        sources: &[SourceRequests<'_>],
        plan: &RunPlan,
        probe: &mut dyn Probe,
    ) -> Torch<Tensor> {
        let mut latents = Vec::new();
        for source in sources {
            self.start_source(source, plan, probe, &mut latents)?;
        }
        // A batch of one keeps the layout it came in; joining would make it contiguous.
        let latents =
            if latents.len() == 1 { latents.remove(0) } else { Tensor::f_cat(&latents, 0)? };
        probe.see("noised_latents", &latents);
        Ok(latents)
    }

    /// Adds the noised latents of one source to `latents`, `[1, 4, h, w]` each.
    fn start_source(
        &self,
        SourceRequests { source, requests }: &SourceRequests<'_>,
        plan: &RunPlan,
        probe: &mut dyn Probe,
        latents: &mut Vec<Tensor>,
    ) -> Torch<()> {
        let Placement { device, kind } = self.options.placement;
        let image = image_tensor(source)?.f_to_device(device)?.f_to_kind(kind)?;
        probe.see("image_tensor", &image);
        let moments = encode(&self.vae, &image, &mut ())?;
        let deviation = moments.standard_deviation()?;
        probe.see("vae_mean", &moments.mean);
        probe.see("vae_logvar", &moments.log_variance);
        probe.see("vae_std", &deviation);
        let (_, channels, height, width) = moments.mean.size4()?;
        let shape = [1, channels, height, width];
        let first = self.first_step(plan);
        // The shares of signal and noise are taken in the model's type before the root, unlike in the loop.
        let alpha = scalar(first.alpha)?.f_to_kind(kind)?;
        let (signal, noise_share) = (
            alpha.f_sqrt()?.f_to_device(device)?,
            one_minus(&alpha)?.f_sqrt()?.f_to_device(device)?,
        );
        for request in *requests {
            let source = NoiseSource { seed: request.seed, origin: self.options.noise };
            let draws = source.latent_pair(shape, kind, device)?;
            probe.see("vae_sample_noise", &draws.posterior);
            probe.see("init_noise", &draws.initial);
            let sample = moments
                .mean
                .f_add(&deviation.f_mul(&draws.posterior)?)?
                .f_mul_scalar(self.vae.config.scaling_factor)?;
            probe.see("init_latents", &sample);
            latents.push(signal.f_mul(&sample)?.f_add(&noise_share.f_mul(&draws.initial)?)?);
        }
        Ok(())
    }

    fn first_step(&self, plan: &RunPlan) -> Step {
        let steps = self.schedule.steps(plan.inference_steps, plan.used_steps);
        steps.first().copied().unwrap_or(Step { timestep: 0, alpha: 1.0, alpha_next: 1.0 })
    }

    fn remove_noise(
        &self,
        unet: &Unet<Tensor>,
        mut latents: Tensor,
        text: &Tensor,
        plan: &RunPlan,
        probe: &mut dyn Probe,
    ) -> Torch<Tensor> {
        for step in self.schedule.steps(plan.inference_steps, plan.used_steps) {
            if probe.is_stopped() {
                break;
            }
            let noise = if is_guided(plan) {
                let doubled = Tensor::f_cat(&[&latents, &latents], 0)?;
                let predicted = predict_noise(unet, &doubled, step.timestep, text, &mut ())?;
                let n_pictures = latents.size()[0];
                let unconditional = predicted.f_narrow(0, 0, n_pictures)?;
                let conditional = predicted.f_narrow(0, n_pictures, n_pictures)?;
                probe.see("pred_uncond", &unconditional);
                probe.see("pred_cond", &conditional);
                let difference = conditional.f_sub(&unconditional)?;
                unconditional.f_add(&difference.f_mul_scalar(plan.guidance_scale)?)?
            } else {
                let predicted = predict_noise(unet, &latents, step.timestep, text, &mut ())?;
                probe.see("pred_cond", &predicted);
                predicted
            };
            probe.see("guided", &noise);
            latents = self.step(&latents, &noise, step, probe)?;
            probe.see("latents_after_step", &latents);
        }
        Ok(latents)
    }

    /// One step of DDIM without fresh noise. The shares are single-precision scalars, which do not widen the latents.
    fn step(
        &self,
        latents: &Tensor,
        noise: &Tensor,
        step: Step,
        probe: &mut dyn Probe,
    ) -> Torch<Tensor> {
        let root = |share: f32| scalar(share)?.f_sqrt();
        let mut clean =
            latents.f_sub(&noise.f_mul(&root(1.0 - step.alpha)?)?)?.f_div(&root(step.alpha)?)?;
        if let Some(bound) = self.schedule.clip_range() {
            clean = clean.f_clamp(-bound, bound)?;
        }
        probe.see("pred_x0", &clean);
        clean.f_mul(&root(step.alpha_next)?)?.f_add(&noise.f_mul(&root(1.0 - step.alpha_next)?)?)
    }

    /// The decoded pictures, `[1, 3, H, W]` each, in `[0, 1]`, single precision.
    fn finish(&self, latents: &Tensor, probe: &mut dyn Probe) -> Torch<Vec<Tensor>> {
        let input = latents.f_div_scalar(self.vae.config.scaling_factor)?;
        probe.see("decode_input", &input);
        // One at a time: a decoder's activations at full size are the peak of a run.
        (0..input.size()[0])
            .map(|index| {
                let decoded = decode(&self.vae, &input.f_narrow(0, index, 1)?, &mut ())?;
                probe.see("decoded", &decoded);
                decoded
                    .f_mul_scalar(0.5)?
                    .f_add_scalar(0.5)?
                    .f_clamp(0.0, 1.0)?
                    .f_to_kind(Kind::Float)
            })
            .collect()
    }

    fn check_finite(&self, values: &Tensor, stage: &'static str) -> Result<(), GeneratorError> {
        let finite = values
            .f_isfinite()
            .and_then(|finite| finite.f_all())
            .and_then(|all| all.f_int64_value(&[]))
            .map_err(|source| GeneratorError::Torch {
                step: "looking for values that are not finite".into(),
                source,
            })?;
        if finite == 1 {
            return Ok(());
        }
        Err(GeneratorError::NotFinite { stage, kind: format!("{:?}", self.options.placement.kind) })
    }

    /// 8 bits per channel, rounded half to even.
    fn to_image(&self, picture: &Tensor, size: ImageSize) -> Result<RgbImage, GeneratorError> {
        self.check_finite(picture, "the decoded picture")?;
        let samples = || -> Torch<Vec<u8>> {
            let levels = picture
                .f_mul_scalar(255.0)?
                .f_round()?
                .f_to_kind(Kind::Uint8)?
                .f_to_device(tch::Device::Cpu)?
                .f_squeeze_dim(0)?
                .f_permute([1, 2, 0])?
                .f_contiguous()?;
            let mut samples = vec![0_u8; levels.numel()];
            let n_samples = samples.len();
            levels.f_copy_data_u8(&mut samples, n_samples)?;
            Ok(samples)
        };
        let samples = samples().map_err(|source| GeneratorError::Torch {
            step: "reading the picture".into(),
            source,
        })?;
        Ok(RgbImage::new(size, samples)?)
    }
}

fn go_on(probe: &dyn Probe) -> Result<(), GeneratorError> {
    if probe.is_stopped() { Err(GeneratorError::Stopped) } else { Ok(()) }
}

/// Holds the UNet's file against what is needed, without reading a weight.
fn account_unet(base: &BaseModel, options: &LoadOptions) -> Result<(), GeneratorError> {
    let mut source = TensorSource::open(&base.unet.weights, base.unet.names, options.placement)?;
    source.account_alone();
    Unet::build(&base.unet.config, &mut source);
    source.finish("UNet")
}

/// The UNet with its LoRA.
fn load_unet(base: &BaseModel, options: &LoadOptions) -> Result<Unet<Tensor>, GeneratorError> {
    let mut source = TensorSource::open(&base.unet.weights, base.unet.names, options.placement)?;
    source.adapt(options.adapters.as_ref().map(|adapters| &adapters.unet));
    source.arrange(options.arithmetic, PieceSizes::default());
    let unet = Unet::build(&base.unet.config, &mut source);
    source.finish("UNet")?;
    Ok(unet)
}

/// Guidance needs an unconditional prediction beside the conditional one only above 1.
fn is_guided(plan: &RunPlan) -> bool {
    plan.guidance_scale > 1.0
}

/// The text states of `prompts` and of the empty prompt, each encoded as a batch of one. The encoder is dropped here.
fn encode_prompts(
    base: &BaseModel,
    prompts: &[&str],
    options: &LoadOptions,
) -> Result<BTreeMap<String, Tensor>, GeneratorError> {
    let (part, placement) = (&base.text_encoder, options.placement);
    let mut weights = TensorSource::open(&part.weights, part.names, placement)?;
    weights.adapt(options.adapters.as_ref().map(|adapters| &adapters.text_encoder));
    let encoder = TextEncoder::build(&part.config, &mut weights);
    weights.finish("text encoder")?;
    let mut states = BTreeMap::new();
    for prompt in prompts.iter().chain(&[""]) {
        let ids: Vec<i64> =
            base.tokenizer.encode(prompt).ids.iter().map(|id| i64::from(*id)).collect();
        let text = Tensor::f_from_slice(&ids)
            .and_then(|ids| ids.f_unsqueeze(0))
            .and_then(|ids| ids.f_to_device(placement.device))
            .and_then(|ids| encode_tokens(&encoder, &ids, &mut ()))
            .map_err(|source| GeneratorError::Torch {
                step: "encoding the prompts".into(),
                source,
            })?;
        states.insert((*prompt).to_owned(), text);
    }
    Ok(states)
}

/// `[1, 3, H, W]` in `[-1, 1]`, single precision, in the memory order of the picture (channels last).
fn image_tensor(image: &RgbImage) -> Torch<Tensor> {
    let (height, width) = (i64::from(image.height()), i64::from(image.width()));
    Tensor::f_from_slice(image.samples())?
        .f_reshape([1, height, width, 3])?
        .f_to_kind(Kind::Float)?
        .f_div_scalar(255.0)?
        .f_permute([0, 3, 1, 2])?
        .f_mul_scalar(2.0)?
        .f_sub_scalar(1.0)
}

/// A tensor without dimensions: it takes part in an operation without deciding its type.
fn scalar(value: f32) -> Torch<Tensor> {
    Tensor::f_from_slice(&[value])?.f_squeeze()
}

fn one_minus(value: &Tensor) -> Torch<Tensor> {
    value.f_neg()?.f_add_scalar(1.0)
}

/// libtorch's failure at `step`; running out of memory is told apart.
fn torch_failure(step: &str, source: tch::TchError, batch: usize) -> GeneratorError {
    let message = source.to_string();
    if message.contains("out of memory") || message.contains("can't allocate memory") {
        return GeneratorError::OutOfMemory { step: step.into(), batch, source: source.into() };
    }
    GeneratorError::Torch { step: step.into(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message is CUDA's, as PyTorch 2.11 words it; no GPU is needed to read it.
    #[test]
    fn memory_that_runs_out_says_what_to_do() {
        let failure = |batch| {
            let cause = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 10.75 GiB";
            torch_failure("denoising", tch::TchError::Torch(cause.into()), batch).to_string()
        };
        let several = failure(4);
        assert!(
            several.starts_with("out of memory while denoising with a batch of 4: "),
            "{several}"
        );
        assert!(several.contains("`--batch-size auto`"), "{several}");
        assert!(failure(1).ends_with("try `--dtype float16` or a smaller `image_size`"));
    }

    #[test]
    fn a_lost_device_is_named_with_the_step() {
        let cause = "CUDA error: unspecified launch failure";
        let error = torch_failure("decoding", tch::TchError::Torch(cause.into()), 1);
        assert_eq!(error.to_string(), "libtorch failed while decoding");
        let source = std::error::Error::source(&error).map(ToString::to_string);
        assert!(source.is_some_and(|source| source.contains(cause)));
    }
}
