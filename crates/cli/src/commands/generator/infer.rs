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
    use std::sync::atomic::Ordering;

    use spinefairbench_generator::GeneratorError;
    use spinefairbench_generator::infer::{Generator, InferOutcome, InferRequest};
    use spinefairbench_generator::metadata::{metadata_name, picture_name};
    use spinefairbench_generator::strip::comparison_strip;
    use spinefairbench_generator::torch::{Probe, Residency};
    use tch::Tensor;

    use super::super::{model, write_and_name};
    use super::{ExitStatus, InferArguments, Output, Result, Verbosity};
    use crate::input;
    use crate::interrupt;
    use crate::output::Shown;
    use crate::places::{OutputFolder, check_derived};
    use crate::progress::{Progress, Unit, note};

    pub(in super::super) fn run(
        options: &InferArguments,
        verbosity: Verbosity,
        output: &Output,
    ) -> Result<ExitStatus> {
        let config = model::configuration(&options.model, verbosity)?;
        let given = options.model.checkpoint.as_deref();
        let lora = config.checkpoint(given)?;
        let outputs = [picture_name(options.demographic), metadata_name(options.demographic)];
        let inputs = [Some(&*options.input), options.mask.as_deref(), Some(lora.as_path())];
        check_derived(
            "--output",
            outputs.iter().map(|name| options.output.join(name)),
            inputs.into_iter().chain([options.model.config.as_deref()]).flatten(),
        )?;
        let model =
            model::options(&options.model, &options.read, &config, lora, Residency::OneCall)?;
        // Before the model, which takes far longer.
        let source = input::read(&options.input)?;
        let mask = options.mask.as_deref().map(input::read).transpose()?;
        let checkpoint_name = given.map(file_name);
        let request = InferRequest {
            source_filename: &file_name(&options.input),
            source: &source,
            mask: mask.as_deref(),
            checkpoint_filename: checkpoint_name.as_deref(),
            label: options.demographic,
            seed: options.seed,
        };
        note(verbosity, format_args!("loading `{}`", model.base_model.display()));
        // Guarded, since a process that ends while libtorch computes takes its ground away.
        let outcome = interrupt::guarded(|| {
            let generator = Generator::load(&config, &model)?;
            let mut steps = Steps {
                bar: Progress::start("painting", Unit::Steps, verbosity),
                done: 0,
                total: generator.n_steps().into(),
            };
            generator.infer(&request, &mut steps)
        })?;
        write_outcome(&outcome, &options.output, verbosity, output)?;
        if let Some(path) = &options.compare {
            let strip =
                comparison_strip(&outcome.source, &outcome.picture, outcome.mask.as_ref(), true)
                    .and_then(|strip| strip.to_png())
                    .map_err(GeneratorError::from)?;
            path.write(&strip)?;
            output.line(format_args!("compare  {}", Shown(&path.display().to_string())))?;
        }
        Ok(ExitStatus::Fine)
    }

    /// Shows how many of the steps are through.
    struct Steps {
        bar: Progress,
        done: u64,
        total: u64,
    }

    impl Probe for Steps {
        fn see(&mut self, name: &str, _: &Tensor) {
            if name == "latents_after_step" {
                self.done += 1;
                self.bar.set(self.done, Some(self.total));
            }
        }

        fn is_stopped(&self) -> bool {
            interrupt::flag().load(Ordering::SeqCst)
        }
    }

    /// The picture, and the JSON beside it.
    pub(in super::super) fn write_outcome(
        outcome: &InferOutcome,
        folder: &OutputFolder,
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
