//! The whole `infer` step as a library call: source and mask bytes in, picture and metadata out.
//!
//! A [`Generator`] is loaded once for any number of pictures: base model, LoRA and the text states of all four prompts.
//! Everything that the original does not know (prompt set, window, digests, device) is recorded under the metadata's own
//! key.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use spinefairbench_artifacts::digest::{Hasher, Sha256};
use spinefairbench_artifacts::ids::EditLabel;
use spinefairbench_imaging::{Mask, RgbImage};
use tch::{Device, Kind};

use crate::base_model::BaseModel;
use crate::batch::{Preparation, SourceEdits};
use crate::config::RunPlan;
use crate::device::{DeviceChoice, NumberType};
use crate::formula_model::FormulaModel;
use crate::lora::{BaseModules, LoraFile, LoraMerge, ResolvedLora, ScaleChoice};
use crate::metadata::{PictureFacts, PictureMetadata};
use crate::prepare::{PrepareOptions, PreparedSource, mask_warning};
use crate::smoke::{self, synthetic_radiograph};
use crate::torch::{
    Adapters, Arithmetic, LoadOptions, NoiseOrigin, PictureRequest, Pipeline, Placement, Probe,
    Residency, SourceRequests,
};
use crate::{Edit, GeneratorConfig, GeneratorError, NULL_PROMPT, PromptSet, Seed, files};

/// Which model, and where it runs.
#[derive(Debug, Clone)]
pub struct ModelOptions {
    /// Folder or single file of the base model.
    pub base_model: PathBuf,
    /// Configurations and vocabulary for a single file that is not Stable Diffusion 1.5.
    pub base_configs: Option<PathBuf>,
    /// The LoRA. [`GeneratorConfig::checkpoint`] finds it as the original does; without one the plain base model generates.
    pub lora: Option<PathBuf>,
    /// How strongly the LoRA acts.
    pub lora_scale: ScaleChoice,
    /// Whether it becomes part of the weights.
    pub lora_merge: LoraMerge,
    /// Where to compute.
    pub device: DeviceChoice,
    /// In which type; by the device if not given.
    pub number_type: Option<NumberType>,
    /// Where noise is drawn.
    pub noise: NoiseOrigin,
    /// Which wording.
    pub prompt_set: PromptSet,
    /// How pictures are read and resized.
    pub prepare: PrepareOptions,
    /// How long the UNet stays in memory.
    pub residency: Residency,
    /// Speed or equal bits.
    pub arithmetic: Arithmetic,
}

/// A loaded model under one configuration.
#[derive(Debug)]
pub struct Generator {
    pipeline: Pipeline,
    config: GeneratorConfig,
    plan: RunPlan,
    reduction: u32,
    prompt_set: PromptSet,
    prepare: PrepareOptions,
    provenance: Map<String, Value>,
    /// What a user should know about the LoRA.
    notices: Vec<String>,
}

/// One picture to make.
#[derive(Debug, Clone, Copy)]
pub struct InferRequest<'a> {
    /// Name of the source's file, for the metadata.
    pub source_filename: &'a str,
    /// Its bytes: PNG, JPEG or DICOM.
    pub source: &'a [u8],
    /// Bytes of the mask, if any.
    pub mask: Option<&'a [u8]>,
    /// Name of the LoRA file if it was given beside the configuration.
    pub checkpoint_filename: Option<&'a str>,
    /// The edit.
    pub label: EditLabel,
    /// The seed; the configuration's if not given.
    pub seed: Option<Seed>,
}

/// What one request gives.
#[derive(Debug, Clone, PartialEq)]
pub struct InferOutcome {
    /// The picture.
    pub picture: RgbImage,
    /// The JSON beside it.
    pub metadata: PictureMetadata,
    /// What the user should be told.
    pub notices: Vec<String>,
    /// The source at the picture's size, to compare with.
    pub source: RgbImage,
    /// The mask that was used.
    pub mask: Option<Mask>,
}

impl Generator {
    /// Loads the model. Impossible numbers and a LoRA that does not fit are found before any weight is read.
    ///
    /// # Errors
    ///
    /// As [`GeneratorConfig::plan`], [`BaseModel::open`], [`LoraFile::open`], [`LoraFile::resolve`], [`Pipeline::load`].
    pub fn load(config: &GeneratorConfig, options: &ModelOptions) -> Result<Self, GeneratorError> {
        let base = BaseModel::open(&options.base_model, options.base_configs.as_deref())?;
        let reduction = base.vae.config.reduction();
        let plan = config.plan(base.scheduler.num_train_timesteps, reduction)?;
        let placement = place(options.device, options.number_type)?;
        let lora = match &options.lora {
            None => None,
            Some(path) => {
                let file = LoraFile::open(path)?;
                let resolved = file.resolve(&BaseModules::of(&base), options.lora_scale)?;
                Some((file, resolved))
            }
        };
        let adapters = lora
            .as_ref()
            .map(|(_, resolved)| Adapters::new(resolved, options.lora_merge))
            .transpose()?;
        let prompts: Vec<&str> = EditLabel::ALL
            .map(|label| options.prompt_set.prompt(label))
            .into_iter()
            .chain([NULL_PROMPT])
            .collect();
        let mut provenance = Map::new();
        provenance.insert("base_model".into(), base_digests(&base)?);
        let load = LoadOptions {
            placement,
            noise: options.noise,
            adapters,
            residency: options.residency,
            arithmetic: options.arithmetic,
        };
        let pipeline = Pipeline::load(base, &prompts, load)?;
        if let Some((file, resolved)) = &lora {
            provenance.insert("lora".into(), lora_facts(file, resolved, options.lora_merge)?);
        }
        // Without the GPU's number, which says nothing about the picture.
        let device = if placement.device == Device::Cpu { "cpu" } else { "cuda" };
        provenance.insert("device".into(), device.into());
        provenance.insert("dtype".into(), number_type(placement.kind).to_string().into());
        let noise = if options.noise == NoiseOrigin::Cpu { "cpu" } else { "device" };
        provenance.insert("noise".into(), noise.into());
        provenance.insert("exact".into(), (options.arithmetic == Arithmetic::Exact).into());
        provenance.insert("resize_order".into(), options.prepare.order.name().into());
        provenance.extend(options.prepare.stated_reading());
        Ok(Self {
            pipeline,
            config: config.clone(),
            plan,
            reduction,
            prompt_set: options.prompt_set,
            prepare: options.prepare,
            provenance,
            notices: lora.map(|(file, resolved)| file.notices(&resolved)).unwrap_or_default(),
        })
    }

    /// The source in `bytes`, the content of the file at `path`, ready for this model.
    ///
    /// # Errors
    ///
    /// As [`PreparedSource::read`].
    pub fn prepare(&self, path: &Path, bytes: &[u8]) -> Result<PreparedSource, GeneratorError> {
        PreparedSource::read(path, bytes, self.plan.image_size, self.reduction, &self.prepare)
    }

    /// One picture for every edit of every source, in order, as one batch, without a mask.
    ///
    /// # Errors
    ///
    /// As [`Pipeline::generate_together`].
    pub fn pictures(
        &self,
        pass: &[SourceEdits<'_>],
        probe: &mut dyn Probe,
    ) -> Result<Vec<RgbImage>, GeneratorError> {
        let requests: Vec<Vec<PictureRequest<'_>>> = pass
            .iter()
            .map(|share| {
                let request = |(label, seed): &(Edit, Seed)| PictureRequest {
                    prompt: label.prompt(self.prompt_set),
                    seed: *seed,
                };
                share.edits.iter().map(request).collect()
            })
            .collect();
        let sources: Vec<SourceRequests<'_>> = pass
            .iter()
            .zip(&requests)
            .map(|(share, requests)| SourceRequests { source: &share.source.model_input, requests })
            .collect();
        self.pipeline.generate_together(&sources, &self.plan, probe)
    }

    /// How sources are made ready for this model.
    #[must_use]
    pub fn preparation(&self) -> Preparation {
        Preparation {
            image_size: self.plan.image_size,
            reduction: self.reduction,
            options: self.prepare,
        }
    }

    /// The configuration it was loaded with.
    #[must_use]
    pub fn config(&self) -> &GeneratorConfig {
        &self.config
    }

    /// The wording of the prompts.
    #[must_use]
    pub fn prompt_set(&self) -> PromptSet {
        self.prompt_set
    }

    /// Where it computes.
    #[must_use]
    pub fn device(&self) -> Device {
        self.pipeline.placement().device
    }

    /// What is recorded about model, device and prompts.
    #[must_use]
    pub fn provenance(&self) -> &Map<String, Value> {
        &self.provenance
    }

    /// The number of denoising steps of a picture.
    #[must_use]
    pub fn n_steps(&self) -> u32 {
        self.plan.used_steps
    }

    /// One picture with its metadata; `probe` sees every stage.
    ///
    /// # Errors
    ///
    /// If the source or the mask cannot be read, or the pipeline fails.
    pub fn infer(
        &self,
        request: &InferRequest<'_>,
        probe: &mut dyn Probe,
    ) -> Result<InferOutcome, GeneratorError> {
        let source = self.prepare(Path::new(request.source_filename), request.source)?;
        let mask = request
            .mask
            .map(|bytes| source.read_mask(Path::new("the mask"), bytes, &self.prepare))
            .transpose()?;
        let seed = request.seed.unwrap_or(self.config.seed);
        let edits = vec![(Edit::Demographic(request.label), seed)];
        let mut pictures = self.pictures(&[SourceEdits { source: &source, edits }], probe)?;
        let generated = pictures.pop().ok_or(GeneratorError::NoPicture)?;
        let blend = mask.as_ref().map(|mask| (mask, self.config.tsxr_mask_blend));
        let picture = source.finish(generated, blend)?;

        let mut added = self.provenance.clone();
        added.insert("source_sha256".into(), Sha256::of(request.source).to_string().into());
        let original = source.original.size();
        added.insert("source_size".into(), json!([original.width(), original.height()]));
        added.insert(
            "window".into(),
            source.window.map_or(Value::Null, |window| {
                json!({"low": window.low, "high": window.high, "origin": window.origin.name()})
            }),
        );
        let mut notices = self.notices.clone();
        notices.extend(source.notices.iter().cloned());
        if let (Some(mask), Some(bytes)) = (&mask, request.mask) {
            let facts = mask.facts();
            added.insert(
                "mask".into(),
                json!({"coverage": facts.coverage(), "resized": facts.resized, "sha256": Sha256::of(bytes).to_string()}),
            );
            notices.extend(mask_warning(facts));
        }
        added.insert("notices".into(), notices.clone().into());
        let facts = PictureFacts {
            source_filename: request.source_filename,
            checkpoint_filename: request.checkpoint_filename,
            label: request.label,
            prompt_set: self.prompt_set,
            seed,
            mask_applied: mask.is_some(),
        };
        let picture_size = picture.size();
        Ok(InferOutcome {
            picture,
            metadata: PictureMetadata::new(&self.config, &facts, added),
            notices,
            // Without a mask the picture keeps the size that fits the latents.
            source: if picture_size == source.resized.size() {
                source.resized
            } else {
                source.model_input
            },
            mask,
        })
    }
}

/// A real pass without anything from outside: the tiny model, written into `folder`, on the synthetic radiograph.
///
/// # Errors
///
/// If the model cannot be written, or the pass fails.
pub fn smoke(folder: &Path, device: DeviceChoice) -> Result<InferOutcome, GeneratorError> {
    let model = folder.join("tiny-model");
    FormulaModel::Tiny.write(&model)?;
    let options = ModelOptions {
        base_model: model,
        base_configs: None,
        lora: None,
        lora_scale: ScaleChoice::FromFile,
        lora_merge: LoraMerge::Merged,
        device,
        number_type: Some(NumberType::Float32),
        noise: NoiseOrigin::Cpu,
        prompt_set: PromptSet::Readme,
        prepare: PrepareOptions::default(),
        residency: Residency::OneCall,
        arithmetic: Arithmetic::Fast,
    };
    let config = GeneratorConfig { image_size: 128, ..GeneratorConfig::default() };
    let source = synthetic_radiograph(config.image_size)?.to_png()?;
    let request = InferRequest {
        source_filename: smoke::PICTURE_NAME,
        source: &source,
        mask: None,
        checkpoint_filename: None,
        label: EditLabel::ElderlyFemale,
        seed: None,
    };
    Generator::load(&config, &options)?.infer(&request, &mut ())
}

/// Device and type: half precision on a GPU, single on the CPU, as the original; both can be stated.
fn place(
    device: DeviceChoice,
    number_type: Option<NumberType>,
) -> Result<Placement, GeneratorError> {
    let n_gpus = usize::try_from(tch::Cuda::device_count()).unwrap_or_default();
    let device = match device {
        DeviceChoice::Cpu => Device::Cpu,
        DeviceChoice::Auto if n_gpus == 0 || !tch::Cuda::is_available() => Device::Cpu,
        DeviceChoice::Auto => Device::Cuda(0),
        DeviceChoice::Cuda(index) if index < n_gpus => Device::Cuda(index),
        DeviceChoice::Cuda(index) => return Err(GeneratorError::NoSuchGpu { index, n_gpus }),
    };
    let default = if device == Device::Cpu { NumberType::Float32 } else { NumberType::Float16 };
    let kind = match number_type.unwrap_or(default) {
        NumberType::Float32 => Kind::Float,
        NumberType::Float16 => Kind::Half,
        NumberType::Bfloat16 => Kind::BFloat16,
    };
    Ok(Placement { device, kind })
}

fn number_type(kind: Kind) -> NumberType {
    match kind {
        Kind::Half => NumberType::Float16,
        Kind::BFloat16 => NumberType::Bfloat16,
        _ => NumberType::Float32,
    }
}

/// What is recorded about the LoRA. A scale that all modules share is one number.
fn lora_facts(
    file: &LoraFile,
    resolved: &ResolvedLora,
    merge: LoraMerge,
) -> Result<Value, GeneratorError> {
    let scale = match resolved.scales().as_slice() {
        [scale] => json!(scale),
        scales => json!(scales),
    };
    let digest = file_digest(&file.weights.path)?.to_string();
    let mut facts = json!({
        "format": file.format.to_string(),
        "merged": merge == LoraMerge::Merged,
        "scale": scale,
        "sha256": digest,
    });
    if let Some(config) = file.adapter_config() {
        facts["adapter_config_sha256"] = Sha256::of(config.as_bytes()).to_string().into();
    }
    if !resolved.text_encoder.is_empty() {
        facts["text_encoder_modules"] = resolved.text_encoder.len().into();
    }
    Ok(facts)
}

/// SHA-256 of every weight file of the base.
fn base_digests(base: &BaseModel) -> Result<Value, GeneratorError> {
    let mut digests = Map::new();
    let parts = [
        ("unet", &base.unet.weights),
        ("vae", &base.vae.weights),
        ("text_encoder", &base.text_encoder.weights),
    ];
    let mut last: Option<(&Path, String)> = None;
    for (name, weights) in parts {
        let digest = match &last {
            // A single file holds all three.
            Some((path, digest)) if *path == weights.path => digest.clone(),
            _ => file_digest(&weights.path)?.to_string(),
        };
        digests.insert(format!("{name}_sha256"), digest.clone().into());
        last = Some((&weights.path, digest));
    }
    Ok(digests.into())
}

pub(crate) fn file_digest(path: &Path) -> Result<Sha256, GeneratorError> {
    let (mut file, _) = files::open(path)?;
    let mut hasher = Hasher::default();
    std::io::copy(&mut file, &mut hasher)
        .map_err(|source| GeneratorError::Read { path: path.into(), source })?;
    Ok(hasher.finish())
}
