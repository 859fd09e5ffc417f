//! Everything that can go wrong between a configuration and a picture.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::stand_in::StandIn;

use crate::accounting::Accounting;

/// Why the generator could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeneratorError {
    /// A file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is larger than anything of its kind.
    #[error("`{}` has {size_bytes} bytes, more than the {limit_bytes} that are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// A weight file that would have to be unpickled.
    #[error("`{}` is {kind}, which runs code when it is loaded: use `{instead}`", path.display())]
    Pickle {
        /// The file.
        path: PathBuf,
        /// What its first bytes say it is.
        kind: &'static str,
        /// The file to use.
        instead: String,
    },
    /// Something else where a file of weights or a picture should be.
    #[error("`{}` is {stand_in}: {}", path.display(), stand_in.advice())]
    StandIn {
        /// The file.
        path: PathBuf,
        /// What it is.
        stand_in: StandIn,
    },
    /// A weight file that is not well formed.
    #[error("`{}` is no usable safetensors file: {problem}", path.display())]
    MalformedWeights {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Tensors of a weight file do not fit the network.
    #[error("`{}` does not fit the {network}: {accounting}", path.display())]
    Accounting {
        /// The file.
        path: PathBuf,
        /// Which network.
        network: &'static str,
        /// Every tensor that does not fit.
        accounting: Box<Accounting>,
    },
    /// A model's configuration file is no JSON object.
    #[error("`{file}` is no JSON object")]
    ModelConfigJson {
        /// The file.
        file: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A model's configuration has a value that is not supported.
    #[error("`{file}`: `{key}` is {found}, supported is {supported}")]
    ModelConfigValue {
        /// The file.
        file: String,
        /// The key.
        key: String,
        /// Its value, as JSON.
        found: String,
        /// What would be understood.
        supported: String,
    },
    /// A configuration file that cannot be used.
    #[error("`{file}`: {problem}")]
    Config {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A number of steps out of range.
    #[error("`inference_steps` is {steps}, it must lie between 1 and {maximum}")]
    Steps {
        /// As configured.
        steps: u32,
        /// Training steps of the model.
        maximum: u32,
    },
    /// A strength out of range.
    #[error("`strength` is {strength}, it must lie between 0 and 1")]
    Strength {
        /// As configured.
        strength: f64,
    },
    /// A strength that leaves no step.
    #[error(
        "{steps} steps at strength {strength} are less than one step: raise `strength` to at least {}",
        1.0 / f64::from(*steps)
    )]
    NoSteps {
        /// As configured.
        steps: u32,
        /// As configured.
        strength: f64,
    },
    /// A guidance scale that is not finite.
    #[error("`guidance_scale` is {guidance_scale}, it must be finite")]
    Guidance {
        /// As configured.
        guidance_scale: f64,
    },
    /// A picture smaller than one latent pixel.
    #[error("`image_size` is {image_size}, it must be at least {minimum}")]
    ImageSize {
        /// As configured.
        image_size: u32,
        /// The autoencoder's reduction.
        minimum: u32,
    },
    /// Tokenizer files that are not CLIP's.
    #[error("unusable tokenizer: {problem}")]
    Tokenizer {
        /// What is wrong.
        problem: String,
    },
    /// A LoRA file whose tensors are named in no known way.
    #[error("`{}` is no LoRA file of a known format (its first tensor is `{first}`)", path.display())]
    UnknownLoraFormat {
        /// The file.
        path: PathBuf,
        /// Its first tensor.
        first: String,
    },
    /// A LoRA file with something inside that would not become part of the picture rightly.
    #[error("`{}` cannot be used: {problem}", path.display())]
    LoraContent {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A LoRA file that does not say how strongly it acts, or says it in a way that is not supported.
    #[error("the scale of `{}` cannot be taken from the file: {problem}", path.display())]
    LoraScale {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// Nothing where the base model should be.
    #[error("no base model at `{}`: give a folder in the diffusers layout or a single `.safetensors` file", path.display())]
    NoBaseModel {
        /// The path.
        path: PathBuf,
    },
    /// No LoRA was named.
    #[error(
        "no LoRA checkpoint is configured: give `--checkpoint FILE` (`generator fetch` brings the released one) or set \
         `checkpoint_path`"
    )]
    NoCheckpoint,
    /// Nothing where the LoRA should be.
    #[error("no LoRA checkpoint at `{}`", path.display())]
    CheckpointMissing {
        /// The path.
        path: PathBuf,
    },
    /// A GPU that is not there, or that libtorch was built without.
    #[error("there is no GPU {index}: libtorch sees {n_gpus}")]
    NoSuchGpu {
        /// The number asked for.
        index: usize,
        /// How many there are.
        n_gpus: usize,
    },
    /// The pipeline gave fewer pictures than were asked for.
    #[error("the pipeline gave no picture")]
    NoPicture,
    /// A file of the project's own kinds could not be read or written.
    #[error(transparent)]
    Artifact(#[from] spinefairbench_artifacts::ArtifactError),
    /// A name that cannot be a path of the dataset.
    #[error(transparent)]
    UnsafePath(#[from] spinefairbench_artifacts::path::UnsafePath),
    /// A file could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A stage of a batch broke off.
    #[error("the batch broke off in {stage}")]
    StageStopped {
        /// Which.
        stage: &'static str,
    },
    /// A list of sources with a line that is none.
    #[error("`{file}`, line {line}: {problem}")]
    SourceList {
        /// The list.
        file: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// A journal where a fresh batch should start.
    #[error("`{}` exists: `--resume` goes on where it ends", path.display())]
    JournalExists {
        /// The journal.
        path: PathBuf,
    },
    /// Another process writes the journal.
    #[error(transparent)]
    Busy(#[from] spinefairbench_artifacts::lock::LockError),
    /// A journal of a batch with other settings.
    #[error("`{}` belongs to a batch with other settings: {}", path.display(), keys.join(", "))]
    OtherSettings {
        /// The journal.
        path: PathBuf,
        /// The settings that differ.
        keys: Vec<String>,
    },
    /// A journal that cannot be assembled yet.
    #[error("`{}`: {problem}", path.display())]
    IncompleteBatch {
        /// The journal.
        path: PathBuf,
        /// What is missing.
        problem: String,
    },
    /// A journal of null edits where a dataset of the benchmark is made.
    #[error("`{}` is the journal of a batch of null edits, which are no part of a benchmark dataset", path.display())]
    NullEdits {
        /// The journal.
        path: PathBuf,
    },
    /// No journal in any of the folders.
    #[error("no journal was found: give the output folders of `generator batch`")]
    NoJournals,
    /// Not all shards of a batch.
    #[error("{found} of {expected} sources are there, from the shards {}", shards.iter().cloned().collect::<Vec<_>>().join(", "))]
    MissingShards {
        /// Sources found.
        found: u64,
        /// Sources of the batch.
        expected: u64,
        /// Shards found.
        shards: BTreeSet<String>,
    },
    /// The caller asked to stop.
    #[error("stopped before the end")]
    Stopped,
    /// A picture that is not the one its journal line describes.
    #[error("`{}` is not the picture of the journal (expected sha256 {expected}, computed {computed})", path.display())]
    OtherPicture {
        /// The picture.
        path: PathBuf,
        /// From the journal.
        expected: Sha256,
        /// Of the file.
        computed: Sha256,
    },
    /// A picture could not be read, resized, blended or written.
    #[error(transparent)]
    Imaging(#[from] spinefairbench_imaging::ImagingError),
    /// A picture whose sides do not fit the latents.
    #[error("a picture of {width}x{height} has sides that are no multiples of {reduction}")]
    UnevenPicture {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// The autoencoder's reduction.
        reduction: u32,
    },
    /// Sources of two sizes in one pass.
    #[error("sources that are painted together need one size, found {:?} and {:?}", sizes[0], sizes[1])]
    SourceSizes {
        /// Widths and heights.
        sizes: [(u32, u32); 2],
    },
    /// A prompt that the model was not loaded with.
    #[error("the prompt {prompt:?} was not encoded when the model was loaded")]
    PromptNotLoaded {
        /// The prompt.
        prompt: String,
    },
    /// Infinities or values that are no numbers.
    #[error("{stage} are not finite in {kind}: try `--dtype float32`")]
    NotFinite {
        /// What was looked at.
        stage: &'static str,
        /// The type it was computed in.
        kind: String,
    },
    /// A picture too small for LPIPS.
    #[error("LPIPS needs at least {minimum} pixels a side, the picture has {width}x{height}")]
    LpipsSize {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// The least side.
        minimum: u32,
    },
    /// Pictures of two sizes.
    #[error("LPIPS needs two pictures of one size, found {source_size:?} and {generated_size:?}")]
    LpipsSizes {
        /// Width and height of the source.
        source_size: (u32, u32),
        /// Width and height of the generated picture.
        generated_size: (u32, u32),
    },
    /// The device's memory ran out.
    #[error(
        "out of memory while {step} with a batch of {batch}: {}",
        if *batch > 1 {
            "paint fewer at once (`--batch-size`, `--sources-at-once`), or let `--batch-size auto` find how many fit"
        } else {
            "try `--dtype float16` or a smaller `image_size`"
        }
    )]
    OutOfMemory {
        /// What was being done.
        step: String,
        /// Pictures per batch.
        batch: usize,
        /// The device's own message.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// libtorch refused an operation.
    #[cfg(feature = "libtorch")]
    #[error("libtorch failed while {step}")]
    Torch {
        /// What was being done.
        step: String,
        /// libtorch's own message.
        source: tch::TchError,
    },
}

impl GeneratorError {
    /// Whether fewer pictures at once may help.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::OutOfMemory { .. })
    }

    /// Whether a batch can go on with its other sources.
    #[must_use]
    pub fn concerns_one_source(&self) -> bool {
        matches!(
            self,
            Self::Read { .. }
                | Self::StandIn { .. }
                | Self::TooLarge { .. }
                | Self::Imaging(_)
                | Self::LpipsSize { .. }
                | Self::NotFinite { .. }
        )
    }
}
