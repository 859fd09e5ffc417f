//! From options and configuration to a model that can be loaded.

use std::path::{Path, PathBuf};

use anyhow::Result;
use spinefairbench_generator::lora::ScaleChoice;
use spinefairbench_generator::{GeneratorConfig, read_config};
#[cfg(feature = "libtorch")]
use spinefairbench_generator::{
    device::{DeviceChoice, UnknownChoice},
    infer::ModelOptions,
    lora::LoraMerge,
    prepare::PrepareOptions,
    torch::{Arithmetic, NoiseOrigin, Residency},
};

use super::fetch::model_folder;
use crate::arguments::generator::ModelArguments;
#[cfg(feature = "libtorch")]
use crate::arguments::generator::{NoiseArgument, ReadArguments};
use crate::exit_status::CallError;
use crate::input;
use crate::progress::{Verbosity, note};

/// The configuration that was named, or the released defaults.
pub(super) fn configuration(
    options: &ModelArguments,
    verbosity: Verbosity,
) -> Result<GeneratorConfig> {
    /// The released one has 1 KB.
    const MOST_BYTES: u64 = 1 << 20;
    let Some(path) = &options.config else { return Ok(GeneratorConfig::default()) };
    let bytes = input::read_short(path, MOST_BYTES, "configuration")?;
    let read = read_config(&input::name(path), &bytes)?;
    for key in &read.unknown_keys {
        note(verbosity, format_args!("note: `{}`: `{key}` means nothing here", path.display()));
    }
    Ok(read.config)
}

/// How strongly the LoRA acts.
pub(super) fn lora_scale(options: &ModelArguments) -> Result<ScaleChoice> {
    match options.lora_scale {
        None => Ok(ScaleChoice::FromFile),
        Some(scale) if scale.is_finite() => Ok(ScaleChoice::Stated(scale)),
        Some(scale) => {
            Err(CallError::new(format!("`--lora-scale` is {scale}, it must be finite")).into())
        }
    }
}

/// The model with the LoRA at `lora`, kept in memory as `residency` says; an option beats the configuration.
#[cfg(feature = "libtorch")]
pub(super) fn options(
    options: &ModelArguments,
    read: &ReadArguments,
    config: &GeneratorConfig,
    lora: PathBuf,
    residency: Residency,
) -> Result<ModelOptions> {
    let device = match options.device {
        Some(device) => device,
        None => config.device.parse::<DeviceChoice>().map_err(|error: UnknownChoice| {
            CallError::new(format!("`device` of the configuration: {error}"))
        })?,
    };
    let base_model = options.base_model.as_deref().unwrap_or(Path::new(&config.base_model));
    Ok(ModelOptions {
        base_model: base_path(base_model)?,
        base_configs: options.base_configs.as_deref().map(Path::to_owned),
        lora: Some(lora),
        lora_scale: lora_scale(options)?,
        lora_merge: if options.lora_merge { LoraMerge::Merged } else { LoraMerge::Apart },
        device,
        number_type: options.dtype,
        noise: match options.noise {
            NoiseArgument::Device => NoiseOrigin::Device,
            NoiseArgument::Cpu => NoiseOrigin::Cpu,
        },
        prompt_set: options.prompt_set,
        prepare: PrepareOptions { read: read.read_options(), order: read.order() },
        residency,
        arithmetic: if options.exact { Arithmetic::Exact } else { Arithmetic::Fast },
    })
}

/// Where the base model called `name` is: a path, or a repository that was fetched.
pub(super) fn base_path(path: &Path) -> Result<PathBuf> {
    if path.exists() {
        return Ok(path.to_owned());
    }
    let name = path.display();
    if let Ok(fetched) = model_folder(None, &name.to_string())
        && fetched.is_dir()
    {
        return Ok(fetched);
    }
    Err(CallError::new(format!("no base model at `{name}`, and none of that name was fetched"))
        .with_hint(
            "`--base-model` takes a folder in the diffusers layout or a single `.safetensors` file; \
             `spinefairbench generator fetch --base-model OWNER/NAME --base-sums FILE` brings one",
        )
        .into())
}
