//! `generator`: counterfactual radiographs and what surrounds them.
//!
//! What was given and is wrong (a pickle, a picture that is none, tensors that do not fit, a batch that is not finished)
//! ends with status 1; what could not be carried out (no such file, no libtorch, no memory) with status 2.

mod batch;
mod facts;
mod fetch;
mod infer;
mod model;
mod page;
mod preflight;
mod quality;
mod smoke;

use anyhow::Result;
use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::write::create_folder;
use spinefairbench_generator::GeneratorError;

use crate::arguments::generator::{GeneratorArguments, GeneratorCommand};
use crate::exit_status::ExitStatus;
use crate::output::{Output, Shown};
use crate::places::OutputFolder;
use crate::progress::Verbosity;

pub(crate) fn run(
    options: &GeneratorArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let outcome = match &options.command {
        GeneratorCommand::Info(options) => facts::info(options, output),
        GeneratorCommand::Smoke(options) => smoke::run(options, verbosity, output),
        GeneratorCommand::LoraInfo(options) => facts::lora_info(options, output),
        GeneratorCommand::Fetch(options) => fetch::run(options, verbosity, output),
        GeneratorCommand::Infer(options) => infer::run(options, verbosity, output),
        GeneratorCommand::Qc(options) => quality::run(options, output),
        GeneratorCommand::Batch(options) => batch::run(options, verbosity, output),
        GeneratorCommand::Page(options) => page::run(options, verbosity, output),
        GeneratorCommand::Assemble(options) => batch::assemble_shards(options, verbosity, output),
    };
    judged(outcome, output)
}

/// The status of `outcome`, in which what was given may have been read and found to be wrong: that is a verdict, not a call that
/// could not be carried out.
pub(crate) fn judged(outcome: Result<ExitStatus>, output: &Output) -> Result<ExitStatus> {
    let error = match outcome {
        Ok(status) => return Ok(status),
        Err(error) => error,
    };
    if error.downcast_ref::<GeneratorError>().is_some_and(is_about_what_was_given) {
        output.problem(format_args!("{error:#}"));
        return Ok(ExitStatus::Failed);
    }
    Err(error)
}

/// Whether a file was read and found to be wrong, as opposed to a call that could not be carried out.
fn is_about_what_was_given(error: &GeneratorError) -> bool {
    matches!(
        error,
        GeneratorError::TooLarge { .. }
            | GeneratorError::Pickle { .. }
            | GeneratorError::StandIn { .. }
            | GeneratorError::MalformedWeights { .. }
            | GeneratorError::Accounting { .. }
            | GeneratorError::ModelConfigJson { .. }
            | GeneratorError::ModelConfigValue { .. }
            | GeneratorError::Config { .. }
            | GeneratorError::Tokenizer { .. }
            | GeneratorError::UnknownLoraFormat { .. }
            | GeneratorError::LoraContent { .. }
            | GeneratorError::LoraScale { .. }
            | GeneratorError::SourceList { .. }
            | GeneratorError::IncompleteBatch { .. }
            | GeneratorError::OtherSettings { .. }
            | GeneratorError::NullEdits { .. }
            | GeneratorError::NoJournals
            | GeneratorError::MissingShards { .. }
            | GeneratorError::OtherPicture { .. }
            | GeneratorError::Artifact(ArtifactError::BeyondLimit { .. })
            | GeneratorError::Imaging(_)
            | GeneratorError::LpipsSize { .. }
    )
}

/// What a command says that needs the models where they are not built in.
#[cfg(not(feature = "libtorch"))]
fn needs_libtorch(what: &str) -> anyhow::Error {
    crate::exit_status::CallError::new(format!("{what} needs libtorch, which is not built in"))
        .with_hint(
            "`cargo xtask libtorch` brings it and prints its folder; with `LIBTORCH` set to that folder, \
             `cargo build --release --package spinefairbench-cli --features libtorch` builds it in",
        )
        .into()
}

/// Writes `bytes` as the file `name` in `folder`, which is made if it is not there, and prints the path after `label`.
fn write_and_name(
    folder: &OutputFolder,
    name: &str,
    bytes: &[u8],
    label: &str,
    output: &Output,
) -> Result<()> {
    create_folder(folder)?;
    let path = folder.file(name);
    path.write(bytes)?;
    output.line(format_args!("{label:<8} {}", Shown(&path.display().to_string())))
}
