//! `doctor`: what this installation has.

mod cards;

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_parsers::registry;

use crate::arguments::{DEFAULT_BUNDLE, DoctorArguments, Format};
use crate::environment;
use crate::exit_status::ExitStatus;
use crate::output::{Output, Shown};

use self::cards::Cards;

#[derive(Debug, Serialize)]
struct Doctor {
    version: &'static str,
    threads: usize,
    release: String,
    registry_digest: String,
    bundle: Option<PathBuf>,
    cache_folder: Option<PathBuf>,
    libtorch: Libtorch,
    cards: Cards,
}

/// The library that the generator's models run on.
#[derive(Debug, Serialize)]
struct Libtorch {
    built_in: bool,
    /// As its own folder states it.
    version: Option<&'static str>,
    /// Of the CUDA runtime that it was built for.
    cuda_version: Option<String>,
    /// What `--device` may name.
    devices: Vec<String>,
}

impl Libtorch {
    #[cfg(not(feature = "libtorch"))]
    fn found() -> Self {
        Self { built_in: false, version: None, cuda_version: None, devices: Vec::new() }
    }

    #[cfg(feature = "libtorch")]
    fn found() -> Self {
        let has_cuda = tch::Cuda::is_available();
        // A whole number: 12060 is 12.6. A build without CUDA cannot even be asked.
        let runtime = if has_cuda { tch::utils::version_cudart() } else { 0 };
        let gpus = if has_cuda { tch::Cuda::device_count() } else { 0 };
        Self {
            built_in: true,
            version: option_env!("SPINEFAIRBENCH_LIBTORCH_VERSION"),
            cuda_version: (runtime > 0)
                .then(|| format!("{}.{}", runtime / 1000, runtime % 1000 / 10)),
            devices: std::iter::once("cpu".to_owned())
                .chain((0..gpus).map(|index| format!("cuda:{index}")))
                .collect(),
        }
    }
}

impl fmt::Display for Libtorch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.built_in {
            return formatter
                .write_str("not built in (`cargo xtask libtorch`, then feature `libtorch`)");
        }
        write!(formatter, "{}", self.version.unwrap_or("of unknown version"))?;
        match &self.cuda_version {
            Some(version) => write!(formatter, ", CUDA {version}")?,
            None => formatter.write_str(", without CUDA")?,
        }
        write!(formatter, ", devices: {}", self.devices.join(", "))
    }
}

pub(crate) fn run(options: &DoctorArguments, output: &Output) -> Result<ExitStatus> {
    if let Some(path) = &options.picture {
        let shown = super::picture_facts::show(path, options, output);
        return super::generator::judged(shown, output);
    }
    let bundle = PathBuf::from(DEFAULT_BUNDLE);
    let doctor = Doctor {
        version: env!("CARGO_PKG_VERSION"),
        threads: rayon::current_num_threads(),
        release: ReleaseDescription::pinned().release_id,
        registry_digest: registry::digests().combined.clone(),
        bundle: bundle.is_dir().then_some(bundle),
        cache_folder: environment::cache_folder().ok(),
        libtorch: Libtorch::found(),
        cards: Cards::found(),
    };
    if options.output.format == Format::Json {
        output.json(serde_json::to_string_pretty(&doctor).context("writing the report")?)?;
        return Ok(ExitStatus::Fine);
    }
    let or_none = |path: &Option<PathBuf>| {
        path.as_ref().map_or("none".to_owned(), |path| path.display().to_string())
    };
    output.line(format_args!("version          {}", doctor.version))?;
    output.line(format_args!("threads          {}", doctor.threads))?;
    output.line(format_args!("release          {}", doctor.release))?;
    output.line(format_args!("registry digest  {}", doctor.registry_digest))?;
    output.line(format_args!("bundle           {}", Shown(&or_none(&doctor.bundle))))?;
    output.line(format_args!("cache folder     {}", Shown(&or_none(&doctor.cache_folder))))?;
    output.line(format_args!("libtorch         {}", doctor.libtorch))?;
    output.line(format_args!("cards            {}", Shown(&doctor.cards.to_string())))?;
    let Libtorch { built_in, cuda_version, .. } = &doctor.libtorch;
    if let Some(advice) = doctor.cards.advice(*built_in, cuda_version.is_some()) {
        output.line(advice)?;
    }
    Ok(ExitStatus::Fine)
}
