//! `doctor`: what this installation has.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_parsers::registry;

use crate::arguments::{DEFAULT_BUNDLE, Format, FormatArguments};
use crate::environment;
use crate::exit_status::ExitStatus;
use crate::output::{Output, Shown};

#[derive(Debug, Serialize)]
struct Doctor {
    version: &'static str,
    threads: usize,
    release: String,
    registry_digest: String,
    bundle: Option<PathBuf>,
    cache_folder: Option<PathBuf>,
    libtorch: &'static str,
}

pub(crate) fn run(options: &FormatArguments, output: &Output) -> Result<ExitStatus> {
    let bundle = PathBuf::from(DEFAULT_BUNDLE);
    let doctor = Doctor {
        version: env!("CARGO_PKG_VERSION"),
        threads: rayon::current_num_threads(),
        release: ReleaseDescription::pinned().release_id,
        registry_digest: registry::digests().combined.clone(),
        bundle: bundle.is_dir().then_some(bundle),
        cache_folder: environment::cache_folder().ok(),
        libtorch: "not built in (feature `libtorch`)",
    };
    if options.format == Format::Json {
        output.line(serde_json::to_string_pretty(&doctor).context("writing the report")?)?;
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
    Ok(ExitStatus::Fine)
}
