//! `generator infer`: one counterfactual, with the original's options and file names.

use anyhow::Result;

use crate::arguments::generator::InferArguments;
use crate::exit_status::ExitStatus;
use crate::output::Output;
use crate::progress::Verbosity;

#[cfg(not(feature = "libtorch"))]
pub(super) fn run(_: &InferArguments, _: Verbosity, _: &Output) -> Result<ExitStatus> {
    Err(super::needs_libtorch("`generator infer`"))
}

#[cfg(feature = "libtorch")]
pub(super) use with_libtorch::{run, write_outcome};

#[cfg(feature = "libtorch")]
mod with_libtorch {
    use std::path::Path;

    use spinefairbench_generator::GeneratorError;
    use spinefairbench_generator::infer::{Generator, InferOutcome, InferRequest, checkpoint};
    use spinefairbench_generator::metadata::metadata_name;

    use super::super::{model, write_and_name};
    use super::{ExitStatus, InferArguments, Output, Result, Verbosity};
    use crate::input;
    use crate::progress::note;

    pub(in super::super) fn run(
        options: &InferArguments,
        verbosity: Verbosity,
        output: &Output,
    ) -> Result<ExitStatus> {
        let config = model::configuration(&options.model, verbosity)?;
        let given = options.model.checkpoint.as_deref();
        let lora = checkpoint(given, &config)?;
        let model = model::options(&options.model, &options.read, &config, lora)?;
        // Before the model, which takes far longer.
        let source = input::read(&options.input)?;
        let mask = options.mask.as_deref().map(input::read).transpose()?;
        let request = InferRequest {
            source_filename: &file_name(&options.input),
            source: &source,
            mask: mask.as_deref(),
            checkpoint_filename: given.map(file_name).as_deref(),
            label: options.demographic,
            seed: options.seed,
        };
        let outcome = Generator::load(&config, &model)?.infer(&request)?;
        write_outcome(&outcome, &options.output, verbosity, output)?;
        Ok(ExitStatus::Fine)
    }

    /// The picture, and the JSON beside it.
    pub(in super::super) fn write_outcome(
        outcome: &InferOutcome,
        folder: &Path,
        verbosity: Verbosity,
        output: &Output,
    ) -> Result<()> {
        for notice in &outcome.notices {
            note(verbosity, format_args!("note: {notice}"));
        }
        let metadata = &outcome.metadata;
        let png = outcome.picture.to_png().map_err(GeneratorError::from)?;
        write_and_name(folder, &metadata.output_filename, &png, "picture", output)?;
        let name = metadata_name(metadata.target_demographic);
        write_and_name(folder, &name, metadata.to_json().as_bytes(), "metadata", output)
    }

    fn file_name(path: &Path) -> String {
        path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}
