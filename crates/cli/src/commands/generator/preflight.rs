//! `generator batch --check`: every file of a list and the LoRA, read before any model is loaded.

use std::path::Path;

use anyhow::Result;
use spinefairbench_generator::base_model::BaseModel;
use spinefairbench_generator::batch::{Preparation, Shard, SourceEntry, preflight};
use spinefairbench_generator::lora::{BaseModules, LoraFile};
use spinefairbench_generator::prepare::PrepareOptions;
use spinefairbench_generator::{GeneratorConfig, GeneratorError};

use super::model;
use crate::arguments::generator::BatchArguments;
use crate::exit_status::ExitStatus;
use crate::interrupt;
use crate::output::{Output, Shown};
use crate::progress::{Progress, Unit, Verbosity};

/// The autoencoder's reduction, which a base model that is not there cannot say.
const REDUCTION: u32 = 8;

pub(super) fn run(
    options: &BatchArguments,
    shard: Shard,
    sources: &[SourceEntry],
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let config = model::configuration(&options.model, verbosity)?;
    let (mut n_sources, mut n_readable, mut n_notices, mut n_problems) = (0_u64, 0, 0, 0);
    let mut note = |subject: &str, notice: &str| {
        n_notices += 1;
        output.line(format_args!("note: `{}`: {}", Shown(subject), Shown(notice)))
    };
    let lora = match check_lora(options, &config)? {
        Ok((facts, notices)) => {
            for notice in notices {
                note("the LoRA", &notice)?;
            }
            facts
        }
        Err(problem) => {
            n_problems += 1;
            output.problem(&problem);
            "refused".into()
        }
    };
    let preparation = Preparation {
        image_size: config.image_size,
        reduction: REDUCTION,
        options: PrepareOptions { read: options.read.read_options(), order: options.read.order() },
    };
    let bar = Progress::start("reading", Unit::Files, verbosity);
    for source in sources.iter().filter(|source| shard.holds(&source.source_id)) {
        if interrupt::flag().load(std::sync::atomic::Ordering::SeqCst) {
            return Err(GeneratorError::Stopped.into());
        }
        n_sources += 1;
        let found = preflight(source, &preparation);
        for notice in &found.notices {
            note(source.source_id.as_str(), notice)?;
        }
        for problem in &found.problems {
            n_problems += 1;
            output.problem(format_args!("`{}`: {problem}", source.source_id));
        }
        n_readable += u64::from(found.problems.is_empty());
        bar.set(n_sources, None);
    }
    bar.finish();
    output.line(format_args!("shard      {shard}"))?;
    output.line(format_args!("sources    {n_sources}, of which {n_readable} can be read"))?;
    output.line(format_args!("notices    {n_notices}"))?;
    output.line(format_args!("LoRA       {}", Shown(&lora)))?;
    Ok(if n_problems == 0 { ExitStatus::Fine } else { ExitStatus::Failed })
}

/// What can be said about the LoRA, and its notices; or why `batch` would refuse it.
///
/// A call that cannot be carried out is apart from a file that is refused.
fn check_lora(
    options: &BatchArguments,
    config: &GeneratorConfig,
) -> Result<Result<(String, Vec<String>), String>> {
    let scale = model::lora_scale(&options.model)?;
    let path = match config.checkpoint(options.model.checkpoint.as_deref()) {
        Ok(path) => path,
        Err(GeneratorError::NoCheckpoint) => return Ok(Ok(("none is named".into(), Vec::new()))),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let mut notices = Vec::new();
    let path_of_base = options.model.base_model.as_deref();
    let path_of_base = path_of_base.unwrap_or(Path::new(&config.base_model));
    let base = match model::base_path(path_of_base) {
        Ok(path) => BaseModel::open(&path, options.model.base_configs.as_deref())
            .map(|base| BaseModules::of(&base)),
        Err(error) if options.model.base_model.is_some() => return Ok(Err(format!("{error:#}"))),
        Err(_) => {
            notices.push(format!(
                "held against the names of Stable Diffusion 1.5 alone, since the base model `{}` is not here",
                path_of_base.display()
            ));
            Ok(BaseModules::released_names())
        }
    };
    let checked = base.and_then(|base| {
        let file = LoraFile::open(&path)?;
        let resolved = file.resolve(&base, scale)?;
        let misfit = file.misfit(&base);
        Ok((file, resolved, misfit))
    });
    Ok(match checked {
        Err(error) => Err(format!("{:#}", anyhow::Error::from(error))),
        Ok((file, resolved, misfit)) => {
            notices.extend(file.notices(&resolved));
            notices.extend(misfit);
            let scales: Vec<String> = resolved.scales().iter().map(ToString::to_string).collect();
            let n_modules = resolved.unet.len() + resolved.text_encoder.len();
            Ok((
                format!("{}, {n_modules} modules, scale {}", file.format, scales.join(", ")),
                notices,
            ))
        }
    })
}
