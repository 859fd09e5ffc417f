//! The command line as types.

pub(crate) mod generator;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use spinefairbench_artifacts::release::VariantName;

use crate::arguments::limits::InputLimitArguments;
use crate::arguments::resampling::ResamplingArguments;
use crate::places::{BundleFolder, InputFile, OutputFile, OutputFolder};
use crate::progress::Verbosity;

/// The examples at the foot of a command's help: each line a call, in an order in which they work. All of them run, as they are
/// written, in a test.
macro_rules! examples {
    ($($call:literal),+ $(,)?) => {
        concat!("Examples, in the folder in which `spinefairbench demo --out demo` was run:", $("\n  spinefairbench ", $call),+)
    };
}

pub(crate) mod benchmark;
pub(crate) mod check;
pub(crate) mod comparison;
#[cfg(feature = "run")]
pub(crate) mod import;
pub(crate) mod limits;
pub(crate) mod power;
pub(crate) mod report;
pub(crate) mod resampling;
#[cfg(feature = "run")]
pub(crate) mod run;
pub(crate) mod scoring;

/// Where a bundle is looked for if none is named.
pub(crate) const DEFAULT_BUNDLE: &str = "artifacts";

/// Verifies, scores and regenerates SpineFairBench, a counterfactual benchmark of radiology reports.
///
/// Exit status: 0 all is well; 1 what was given was judged and fails; 2 the call could not be carried out.
#[derive(Debug, Parser)]
#[command(name = "spinefairbench", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Arguments {
    /// Show errors alone: no progress, no notes.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// Whether progress and notes are shown.
    #[must_use]
    pub(crate) fn verbosity(&self) -> Verbosity {
        if self.quiet { Verbosity::Quiet } else { Verbosity::Normal }
    }
}

/// Everything that the binary does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Every check on a bundle, one verdict.
    Verify(VerifyArguments),
    #[command(flatten)]
    Check(check::CheckCommand),
    /// Every frozen parser on report text.
    #[command(
        after_help = "Example:\n  echo 'Osteophytes at L4. MRI is advised.' | spinefairbench parse --text --format json"
    )]
    Parse(ParseArguments),
    /// The clustered bootstrap interval of a column of any table.
    #[command(after_help = examples!("score --artifacts demo --submission demo/metrics/toy_submission.json \\\n      --output score.json --per-pair pairs.csv", "interval pairs.csv --value recommendation_changed --cluster source_id \\\n      --format json"))]
    Interval(IntervalArguments),
    /// Shows the images of a scope to a model and makes a submission of its reports.
    #[cfg(feature = "run")]
    Run(Box<run::RunArguments>),
    /// Makes a submission of what another tool asked: its logs, or a table.
    #[cfg(feature = "run")]
    Import(Box<import::ImportArguments>),
    /// Makes tasks for other tools of a scope.
    #[cfg(feature = "run")]
    Export {
        /// What to make.
        #[command(subcommand)]
        command: import::ExportCommand,
    },
    /// Scored models against each other, on the pairs that they share.
    Compare(comparison::CompareArguments),
    /// A table of scores that can be compared, beside the published rows.
    Leaderboard(comparison::LeaderboardArguments),
    /// How far both endpoints move when a rule of the benchmark is changed.
    Sensitivity(comparison::SensitivityArguments),
    /// What a comparison could show, before it is carried out: differences, numbers of sources, half-widths.
    Power(power::PowerArguments),
    /// The frozen registries and their digests.
    #[command(after_help = examples!("registry"))]
    Registry(FormatArguments),
    #[command(flatten)]
    Scoring(scoring::ScoringCommand),
    /// A score as one self-contained page, or as a plot.
    Report(report::ReportArguments),
    /// Downloads the pinned artifact archive, checked while it streams.
    #[command(after_help = "Example:\n  spinefairbench fetch --out .")]
    Fetch(FetchArguments),
    /// Counterfactual radiographs: facts, one picture, batches, quality control.
    Generator(generator::GeneratorArguments),
    /// Builds the synthetic demonstration bundle.
    #[command(after_help = "Example:\n  spinefairbench demo --out demo --seed 1 --scale small")]
    Demo(DemoArguments),
    /// What this installation has: bundle, cache, libtorch. Or what is understood of a picture.
    #[command(after_help = examples!("doctor"))]
    Doctor(DoctorArguments),
    /// Shell completions, on standard output.
    #[command(after_help = "Example:\n  spinefairbench completions bash > spinefairbench.bash")]
    Completions(CompletionsArguments),
    /// The manual page, on standard output.
    #[command(after_help = "Example:\n  spinefairbench man > spinefairbench.1")]
    Man,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: tables, coloured on a terminal.
    Text,
    /// For programs: one JSON object.
    Json,
}

/// How a result is printed.
#[derive(Debug, Clone, Args)]
pub(crate) struct FormatArguments {
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// `doctor`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DoctorArguments {
    /// Show what is understood of this picture; never a word about a patient.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) picture: Option<InputFile>,
    /// Write the picture as it would be used, 8 bits a channel, to this PNG file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "picture")]
    pub(crate) png: Option<OutputFile>,
    #[command(flatten)]
    pub(crate) read: generator::ReadArguments,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
}

/// Which bundle is checked against which release description.
#[derive(Debug, Clone, Args)]
pub(crate) struct BundleArguments {
    /// The bundle's folder.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE, value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: BundleFolder,
    /// The release description to compare with; the pinned release without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<InputFile>,
}

/// `verify`.
#[derive(Debug, Clone, Args)]
#[command(after_help = examples!(
    "verify --demo",
    "verify --artifacts demo --release demo.release.json --json verdict.json \\\n      --junit verdict.xml --html verdict.html",
    "verify --artifacts demo --release demo.release.json --only table2,radiologist"
))]
pub(crate) struct VerifyArguments {
    /// The bundle's folder (`artifacts` without it).
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: Option<BundleFolder>,
    /// The release description to compare with; the pinned release without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<InputFile>,
    /// Which archive of the release is meant: `anonymous` (without it) or `personal`.
    #[arg(long, value_name = "VARIANT")]
    pub(crate) archive_variant: Option<VariantName>,
    /// Build the synthetic demonstration bundle in the cache and verify that.
    #[arg(long, conflicts_with_all = ["artifacts", "release", "archive"])]
    pub(crate) demo: bool,
    /// How large the demonstration bundle is.
    #[arg(long, value_enum, default_value_t = ScaleArgument::Small, requires = "demo")]
    pub(crate) scale: ScaleArgument,
    /// Verify a bundle in its archive, in one pass and with nothing unpacked.
    #[arg(long, value_name = "FILE.tar.gz", value_hint = ValueHint::FilePath, conflicts_with = "artifacts")]
    pub(crate) archive: Option<InputFile>,
    /// Run these checks alone, separated by spaces or commas.
    #[arg(long, value_name = "CHECK", num_args = 1.., value_delimiter = ',', conflicts_with = "skip")]
    pub(crate) only: Vec<String>,
    /// Leave these checks out, separated by spaces or commas.
    #[arg(long, value_name = "CHECK", num_args = 1.., value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
    /// Verify the supplement of the follow-up audits too, and compute its numbers anew.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) supplement: Option<InputFile>,
    /// Take every piece of advice for an error: what systems and tools leave beside the data, and records of no consequence.
    #[arg(long, conflicts_with = "archive")]
    pub(crate) strict: bool,
    /// Write the verdict as JSON.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) json: Option<OutputFile>,
    /// Write the verdict as JUnit XML.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) junit: Option<OutputFile>,
    /// Write the verdict as one self-contained page.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<OutputFile>,
    #[command(flatten)]
    pub(crate) limits: limits::ArchiveLimitArguments,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
}

/// The size of the demonstration bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScaleArgument {
    /// A few dozen sources; seconds.
    Small,
    /// The release's counts with small images; about 92,000 files.
    Full,
    /// The release's counts and sizes; 3.8 GB.
    Release,
}

/// `parse`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ParseArguments {
    /// JSON Lines with a string `text` each, or with `--text` one report; plain, gzip or zstd; `-` is standard input. As many lines as
    /// there are, unless `--max-records` is given.
    #[arg(value_name = "FILE", default_value = "-", value_hint = ValueHint::FilePath)]
    pub(crate) file: InputFile,
    /// Read the whole file as one report.
    #[arg(long)]
    pub(crate) text: bool,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}

/// `interval`.
#[derive(Debug, Clone, Args)]
pub(crate) struct IntervalArguments {
    /// A CSV table with a header, plain, gzip or zstd; `-` is standard input.
    #[arg(value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    pub(crate) file: InputFile,
    /// The column of values: decimal or C99 hexadecimal numbers.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) value: String,
    /// The column of cluster names.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) cluster: String,
    #[command(flatten)]
    pub(crate) resampling: ResamplingArguments,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}

/// Where downloads come from.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct HubArguments {
    /// The Hub's address, or a mirror's (`HF_ENDPOINT` without it).
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) endpoint: Option<String>,
    /// Believe the certificate authorities of the operating system, in place of those that this program brings (or those in
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR`).
    #[arg(long)]
    pub(crate) system_certs: bool,
}

/// `fetch`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct FetchArguments {
    /// Where the bundle's folder `artifacts/` and its archive go; the cache folder without it.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<OutputFolder>,
    /// The release description that pins the archive.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<InputFile>,
    /// Which archive of the release is meant: `anonymous` (without it) or `personal`.
    #[arg(long, value_name = "VARIANT")]
    pub(crate) archive_variant: Option<VariantName>,
    #[command(flatten)]
    pub(crate) hub: HubArguments,
    /// Use this local copy of the archive instead of downloading it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "endpoint")]
    pub(crate) archive: Option<InputFile>,
    /// Stop after the archive: do not extract it.
    #[arg(long)]
    pub(crate) no_extract: bool,
    /// Verify the bundle while its archive arrives, by every check, and end with that verdict.
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) limits: limits::ArchiveLimitArguments,
}

/// `demo`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DemoArguments {
    /// The folder that the bundle is built in; its release description stands beside it.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: OutputFolder,
    /// The seed of everything in it.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// How large it is.
    #[arg(long, value_enum, default_value_t = ScaleArgument::Small)]
    pub(crate) scale: ScaleArgument,
}

/// `completions`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
