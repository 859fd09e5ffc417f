//! The command line of `generator`.

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use spinefairbench_artifacts::ids::EditLabel;
use spinefairbench_generator::batch::{BatchSize, Shard};
use spinefairbench_generator::device::{DeviceChoice, NumberType};
use spinefairbench_generator::{Edit, PromptSet, Seed};
use spinefairbench_imaging::{
    Limits, PassOrder, RawLayout, ReadOptions, Sixteen, Thresholds, WindowChoice,
};

use super::limits::InputLimitArguments;
use super::{Format, FormatArguments, HubArguments};
use crate::places::{InputFile, InputFolder, OutputFile, OutputFolder};

/// `generator`.
#[derive(Debug, Clone, Args)]
pub(crate) struct GeneratorArguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: GeneratorCommand,
}

/// Everything around counterfactual radiographs.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum GeneratorCommand {
    /// The release's facts: repository, adapter, defaults, thresholds, prompts.
    Info(InfoArguments),
    /// A trial on a synthetic radiograph, with nothing from outside.
    Smoke(SmokeArguments),
    /// A LoRA file by itself: format, rank, scale, adapted layers.
    #[command(name = "lora-info")]
    LoraInfo(LoraInfoArguments),
    /// Downloads the released LoRA, and a base model whose digests are given.
    Fetch(GeneratorFetchArguments),
    /// One counterfactual of one radiograph.
    Infer(InferArguments),
    /// Quality control of one counterfactual against its source.
    Qc(QcArguments),
    /// Every edit of every source in a list, with quality control, retries and a journal.
    Batch(BatchArguments),
    /// A page of a batch's pictures to look at, with the three measures of each.
    Page(PageArguments),
    /// A dataset folder from the outputs of all shards of a batch.
    Assemble(AssembleArguments),
}

/// `generator info`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  spinefairbench generator info
  spinefairbench generator info --format text")]
pub(crate) struct InfoArguments {
    /// The release description; the pinned release without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<InputFile>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub(crate) format: Format,
}

/// `generator smoke`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  spinefairbench generator smoke --dry-run --output smoke
  spinefairbench generator smoke --output smoke")]
pub(crate) struct SmokeArguments {
    /// Write the synthetic radiograph and its metadata alone: no model, no libtorch.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The folder that the files go to.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output: OutputFolder,
    /// Where to compute: `auto`, `cpu`, `cuda` or `cuda:N`.
    #[arg(long, value_name = "DEVICE", default_value_t = DeviceChoice::Auto, conflicts_with = "dry_run")]
    pub(crate) device: DeviceChoice,
}

/// `generator lora-info`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Ends with status 1 where `infer` would refuse the file, whatever scale is stated.

Examples:
  spinefairbench generator lora-info spinefairbench_sd15_lora.safetensors
  spinefairbench generator lora-info adapter-folder --base-model stable-diffusion-v1-5")]
pub(crate) struct LoraInfoArguments {
    /// A `.safetensors` file, or a folder as PEFT and diffusers save it.
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) file: InputFile,
    /// Hold it against this base model, a folder or a single file (by names alone against Stable Diffusion 1.5 without it).
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) base_model: Option<InputFolder>,
    /// Configurations and vocabulary for a single-file base model that is not Stable Diffusion 1.5.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, requires = "base_model")]
    pub(crate) base_configs: Option<InputFolder>,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
}

/// `generator fetch`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The LoRA is pinned by the release. A base model is not: list its files and the digests that its page on the Hub shows, then name both.

Examples:
  spinefairbench generator fetch
  spinefairbench generator fetch --base-model stable-diffusion-v1-5/stable-diffusion-v1-5 --base-sums sd15.sha256")]
pub(crate) struct GeneratorFetchArguments {
    /// The folder of models (`models` in the cache folder without it); each repository has a folder of its own there.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<OutputFolder>,
    /// The release description that pins the LoRA.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<InputFile>,
    #[command(flatten)]
    pub(crate) hub: HubArguments,
    /// Also fetch this base model; the release pins none, so its digests are given with `--base-sums`.
    #[arg(long, value_name = "OWNER/NAME", requires = "base_sums")]
    pub(crate) base_model: Option<String>,
    /// Which files of the base model, and their digests: lines of `SHA256  PATH`, as `sha256sum` writes them.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "base_model")]
    pub(crate) base_sums: Option<InputFile>,
    /// The base model's commit or branch.
    #[arg(long, value_name = "REVISION", default_value = "main", requires = "base_model")]
    pub(crate) base_revision: String,
}

/// Which model, and where it runs.
#[derive(Debug, Clone, Args)]
pub(crate) struct ModelArguments {
    /// The LoRA, a `.safetensors` file or a folder with one (the configuration's `checkpoint_path` without it).
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub(crate) checkpoint: Option<InputFile>,
    /// A YAML file over the released defaults.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<InputFile>,
    /// Where to compute: `auto`, `cpu`, `cuda` or `cuda:N` (the configuration's without it).
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<DeviceChoice>,
    /// The wording of the prompts: `readme` or `release`.
    #[arg(long, value_name = "SET", default_value_t = PromptSet::Readme)]
    pub(crate) prompt_set: PromptSet,
    /// A folder in the diffusers layout, a single `.safetensors` file, or the name of a fetched repository.
    #[arg(long, value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    pub(crate) base_model: Option<InputFolder>,
    /// Configurations and vocabulary for a single-file base model that is not Stable Diffusion 1.5.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) base_configs: Option<InputFolder>,
    /// Use this in place of the file's alpha / rank.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(crate) lora_scale: Option<f64>,
    /// Add the LoRA to the weights once: faster, one grey level away in under 1 % of the values.
    #[arg(long)]
    pub(crate) lora_merge: bool,
    /// Carry out every operation as the original does: equal bits on the machine that made the golden pictures, and slower.
    #[arg(long)]
    pub(crate) exact: bool,
    /// The type of weights: `float32`, `float16` or `bfloat16` (by the device without it).
    #[arg(long, value_name = "TYPE")]
    pub(crate) dtype: Option<NumberType>,
    /// Where noise is drawn.
    #[arg(long, value_enum, default_value_t = NoiseArgument::Device)]
    pub(crate) noise: NoiseArgument,
}

/// Where noise is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NoiseArgument {
    /// On the device and in the type of the model, as the original does.
    Device,
    /// On the CPU in single precision, for pictures that match across devices.
    Cpu,
}

/// How pictures are read and resized.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReadArguments {
    /// Clip 16-bit grey at 255, as the original does; most radiographs turn white.
    #[arg(long = "pillow-16bit", conflicts_with = "window")]
    pub(crate) pillow_sixteen_bit: bool,
    /// The window of deep pictures, before any of the file: `LO,HI`, `full`, `percentile`, or the number of one of the file's, from 1.
    #[arg(long, value_name = "WINDOW", allow_hyphen_values = true)]
    pub(crate) window: Option<WindowChoice>,
    /// The frame of a multi-frame DICOM file, counted from 0.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) frame: u32,
    /// What a file without a header holds, `WIDTHxHEIGHT,BITS` as in `2048x2487,12`; `,le` or `,be` names the byte order.
    #[arg(long, value_name = "LAYOUT")]
    pub(crate) raw: Option<RawLayout>,
    /// Which pass of a resize comes first.
    #[arg(long, value_enum, default_value_t = OrderArgument::HorizontalFirst)]
    pub(crate) resize_order: OrderArgument,
    /// Most pixels of one picture.
    #[arg(long, value_name = "N", help_heading = "Limits", default_value_t = Limits::default().max_pixels,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_pixels: u64,
}

/// Which pass of a resize comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderArgument {
    /// Pillow up to 12.3, with which the release was made.
    HorizontalFirst,
    /// Pillow 13: vertical first where the height shrinks much more than the width.
    #[value(name = "pillow-13")]
    Pillow13,
}

impl ReadArguments {
    /// How files are read.
    #[must_use]
    pub(crate) fn read_options(&self) -> ReadOptions {
        let sixteen = if self.pillow_sixteen_bit {
            Sixteen::PillowClip
        } else {
            Sixteen::Windowed(self.window.unwrap_or_default())
        };
        let limits = Limits { max_pixels: self.max_pixels, ..Limits::default() };
        ReadOptions { sixteen, frame: self.frame, limits, raw: self.raw }
    }

    /// How they are resized.
    #[must_use]
    pub(crate) fn order(&self) -> PassOrder {
        match self.resize_order {
            OrderArgument::HorizontalFirst => PassOrder::HorizontalFirst,
            OrderArgument::Pillow13 => PassOrder::Pillow13,
        }
    }
}

/// `generator infer`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example, with the released LoRA and a base model in the diffusers layout:
  spinefairbench generator infer --input source.png --output counterfactuals --demographic elderly_female \\
    --base-model stable-diffusion-v1-5 --checkpoint spinefairbench_sd15_lora.safetensors --seed 42")]
pub(crate) struct InferArguments {
    /// The source radiograph: PNG, JPEG, DICOM, TIFF, or raw samples.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) input: InputFile,
    /// The folder that picture and metadata go to.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output: OutputFolder,
    /// Where the source is blended back: a picture that is bright there.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) mask: Option<InputFile>,
    /// Also write source, counterfactual and difference side by side, with the mask's outline, as this PNG file.
    #[arg(long, value_name = "FILE.png", value_hint = ValueHint::FilePath)]
    pub(crate) compare: Option<OutputFile>,
    /// The edit: `elderly_female`, `elderly_male`, `young_female` or `young_male`.
    #[arg(long, value_name = "EDIT")]
    pub(crate) demographic: EditLabel,
    /// The seed, from -2^63 to 2^64 - 1 (the configuration's without it).
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) seed: Option<Seed>,
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) read: ReadArguments,
}

/// The bounds of quality control.
#[derive(Debug, Clone, Args)]
pub(crate) struct ThresholdArguments {
    /// The least global SSIM that passes.
    #[arg(long, value_name = "NUMBER", default_value_t = Thresholds::RELEASED.min_ssim, allow_negative_numbers = true)]
    pub(crate) min_ssim: f64,
    /// The least edge preservation that passes.
    #[arg(long, value_name = "NUMBER", default_value_t = Thresholds::RELEASED.min_edges, allow_negative_numbers = true)]
    pub(crate) min_edges: f64,
    /// The greatest LPIPS that passes.
    #[arg(long, value_name = "NUMBER", default_value_t = Thresholds::RELEASED.max_lpips, allow_negative_numbers = true)]
    pub(crate) max_lpips: f64,
}

impl ThresholdArguments {
    /// The bounds.
    #[must_use]
    pub(crate) fn thresholds(&self) -> Thresholds {
        let Self { min_ssim, min_edges, max_lpips } = *self;
        Thresholds { min_ssim, min_edges, max_lpips }
    }
}

/// `generator qc`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Ends with status 1 if the counterfactual does not pass.

Examples:
  spinefairbench generator qc source.png counterfactuals/elderly_female_counterfactual.png
  spinefairbench generator qc source.png picture.png --lpips-weights alexnet.safetensors --format json")]
pub(crate) struct QcArguments {
    /// The source radiograph.
    #[arg(value_name = "SOURCE", value_hint = ValueHint::FilePath)]
    pub(crate) source: InputFile,
    /// The counterfactual.
    #[arg(value_name = "GENERATED", value_hint = ValueHint::FilePath)]
    pub(crate) generated: InputFile,
    /// torchvision's AlexNet weights as `.safetensors`; without them LPIPS is not measured and nothing passes.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) lpips_weights: Option<InputFile>,
    #[command(flatten)]
    pub(crate) thresholds: ThresholdArguments,
    #[command(flatten)]
    pub(crate) read: ReadArguments,
    /// Also write a page to look at: pictures, differences, measures against their bounds.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<OutputFile>,
    /// Show the source on that page as well; sources may not be passed on.
    #[arg(long, requires = "html")]
    pub(crate) with_sources: bool,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
}

/// `generator batch`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example, one of sixteen parts, which goes on after an interruption:
  spinefairbench generator batch --manifest sources.csv --output out --base-model stable-diffusion-v1-5 \\
    --checkpoint spinefairbench_sd15_lora.safetensors --lpips-weights alexnet.safetensors \\
    --shard 0/16 --max-attempts 3 --resume

Before it, on any machine:
  spinefairbench generator batch --manifest sources.csv --check --checkpoint spinefairbench_sd15_lora.safetensors")]
pub(crate) struct BatchArguments {
    /// The sources: CSV or JSON Lines with `source_id`, `path` and optionally `mask` and `edits`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) manifest: InputFile,
    /// The folder that pictures and journals go to; shards may share it.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, required_unless_present = "check")]
    pub(crate) output: Option<OutputFolder>,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
    /// Only read every source, mask and the LoRA, and name all that cannot be used and every notice: no model, no libtorch.
    #[arg(long)]
    pub(crate) check: bool,
    /// Of the edits that the list asks for, make these alone; `null` paints every source once with a prompt that names no
    /// patient, for a control that is no part of a benchmark dataset.
    #[arg(long, value_name = "EDIT", value_delimiter = ',')]
    pub(crate) edits: Vec<Edit>,
    /// The part to make, `i/N` from 0 (`SLURM_ARRAY_TASK_ID` of `SLURM_ARRAY_TASK_COUNT` without it, else everything).
    #[arg(long, value_name = "i/N")]
    pub(crate) shard: Option<Shard>,
    /// Go on where the journal ends.
    #[arg(long)]
    pub(crate) resume: bool,
    /// The number that every pair's seed is derived from (the configuration's seed without it).
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) seed: Option<Seed>,
    /// Attempts per pair, each with the next seed.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_attempts: u32,
    /// Pictures of one source that are painted at once; `auto`: all its edits, and half as many each time that memory runs out.
    #[arg(long, value_name = "N|auto", default_value_t = BatchSize::Pictures(4))]
    pub(crate) batch_size: BatchSize,
    /// Sources that are painted in one pass, each with the pictures that `--batch-size` allows.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) sources_at_once: u16,
    /// torchvision's AlexNet weights as `.safetensors`; without them LPIPS is not measured and nothing passes.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) lpips_weights: Option<InputFile>,
    #[command(flatten)]
    pub(crate) thresholds: ThresholdArguments,
    /// Also write a page to look at: pictures, differences, measures against their bounds.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "check")]
    pub(crate) html: Option<OutputFile>,
    /// Show the sources on that page as well; sources may not be passed on.
    #[arg(long, requires = "html")]
    pub(crate) with_sources: bool,
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) read: ReadArguments,
}

/// `generator page`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
A self-contained page: every counterfactual beside its difference from the source, its measures against their bounds, how they are
spread, what failed and why. Source radiographs are shown with `--with-sources` alone: they may not be passed on.

Examples:
  spinefairbench generator page out --manifest sources.csv --html batch.html
  spinefairbench generator page out-0 out-1 --manifest sources.csv --with-sources --html batch.html")]
pub(crate) struct PageArguments {
    /// The output folders of a batch, finished or not.
    #[arg(value_name = "SHARD", required = true, value_hint = ValueHint::DirPath)]
    pub(crate) shards: Vec<InputFolder>,
    /// The sources of the batch, as `generator batch` was given them; without it there is no difference to show.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) manifest: Option<InputFile>,
    /// The page to write.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: OutputFile,
    /// Show the sources as well.
    #[arg(long, requires = "manifest")]
    pub(crate) with_sources: bool,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
    #[command(flatten)]
    pub(crate) read: ReadArguments,
}

/// `generator assemble`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Example, and what passes on its result:
  spinefairbench generator assemble out --output dataset
  spinefairbench dataset --artifacts dataset --release dataset.release.json
  spinefairbench checksums dataset/SHA256SUMS.txt")]
pub(crate) struct AssembleArguments {
    /// The output folders of all shards of one batch.
    #[arg(value_name = "SHARD", required = true, value_hint = ValueHint::DirPath)]
    pub(crate) shards: Vec<InputFolder>,
    /// The folder to make; nothing may be there yet.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output: OutputFolder,
}

impl FormatArguments {
    /// Whether the result is one JSON object.
    #[must_use]
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }
}
