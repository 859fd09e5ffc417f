//! The arguments of `compare`, `leaderboard` and `sensitivity`.

use clap::{ArgGroup, Args, Subcommand, ValueHint};
use spinefairbench_scoring::compare::Margin;

use super::limits::InputLimitArguments;
use super::resampling::ResamplingArguments;
use super::scoring::SubmissionArgument;
use super::{DEFAULT_BUNDLE, FormatArguments};
use crate::places::{BundleFolder, InputFile, OutputFile, UpdatedFile};

/// `compare`.
#[derive(Debug, Clone, Args)]
#[command(after_help = examples!(
    "score --artifacts demo --submission demo/metrics/core_submission.json \\\n      --output core.json",
    "score --artifacts demo --submission demo/metrics/qc_submission.json \\\n      --output qc.json",
    "compare core.json qc.json --differences differences.csv",
    "compare core.json qc.json --margin 0.05 --subgroups",
    "compare core.json --panel --artifacts demo --release demo.release.json \\\n      --html comparison.html"
))]
pub(crate) struct CompareArguments {
    /// Score files; every two are compared, pair by pair.
    #[arg(value_name = "SCORE.json", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) scores: Vec<InputFile>,
    /// Compare the first score with the others and with each published model, from the bundle's retained reports.
    #[arg(long)]
    pub(crate) panel: bool,
    /// The bundle's folder, for `--panel`.
    #[arg(
        long,
        value_name = "DIR",
        default_value = DEFAULT_BUNDLE,
        value_hint = ValueHint::DirPath,
        requires = "panel"
    )]
    pub(crate) artifacts: BundleFolder,
    /// The release description that names the published models; the pinned release without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "panel")]
    pub(crate) release: Option<InputFile>,
    /// Say too which models are equivalent, or not inferior to one another, within this margin: how large a difference of either endpoint
    /// may be and still not matter, such as 0.05.
    #[arg(long, value_name = "MARGIN")]
    pub(crate) margin: Option<Margin>,
    /// Show too between which subgroups (edit, age, sex, source dataset) the difference of two models is furthest apart, with intervals
    /// that hold for all gaps together.
    #[arg(long)]
    pub(crate) subgroups: bool,
    /// Look at edit and source dataset together as well.
    #[arg(long, requires = "subgroups")]
    pub(crate) crossings: bool,
    #[command(flatten)]
    pub(crate) resampling: ResamplingArguments,
    /// Write the differences of each shared pair as CSV; with one comparison.
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    pub(crate) differences: Option<OutputFile>,
    /// Write the comparisons as JSON.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) json: Option<OutputFile>,
    /// Write the comparisons as one self-contained page.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<OutputFile>,
    /// Write the plot of the differences.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) svg: Option<OutputFile>,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}

/// `leaderboard`.
#[derive(Debug, Clone, Args)]
#[command(after_help = examples!(
    "score --artifacts demo --submission demo/metrics/core_submission.json \\\n      --output core.json",
    "leaderboard add board.json core.json",
    "leaderboard show board.json --artifacts demo --release demo.release.json",
    "leaderboard render board.json --csv board.csv --markdown board.md \\\n      --html board.html"
))]
pub(crate) struct LeaderboardArguments {
    /// What to do with it.
    #[command(subcommand)]
    pub(crate) action: LeaderboardAction,
}

/// What to do with a leaderboard.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum LeaderboardAction {
    /// Adds scores; the first one sets the terms that all others must share.
    #[command(after_help = examples!(
        "score --artifacts demo --submission demo/metrics/core_submission.json \\\n      --output core.json",
        "leaderboard add board.json core.json",
        "leaderboard add board.json core.json --replace --artifacts demo \\\n      --submission demo/metrics/core_submission.json"
    ))]
    Add(LeaderboardAddArguments),
    /// Prints the rows in order, beside the published ones.
    #[command(after_help = examples!(
        "score --artifacts demo --submission demo/metrics/core_submission.json \\\n      --output core.json",
        "leaderboard add board.json core.json",
        "leaderboard show board.json --artifacts demo --release demo.release.json"
    ))]
    Show(LeaderboardShowArguments),
    /// Writes the rows as CSV, as Markdown, as a page and as a plot.
    #[command(after_help = examples!(
        "score --artifacts demo --submission demo/metrics/core_submission.json \\\n      --output core.json",
        "leaderboard add board.json core.json",
        "leaderboard render board.json --csv board.csv --markdown board.md \\\n      --html board.html --svg board.svg"
    ))]
    Render(LeaderboardRenderArguments),
}

/// `leaderboard add`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LeaderboardAddArguments {
    /// The leaderboard; it is made if it is not there.
    #[arg(value_name = "BOARD.json", value_hint = ValueHint::FilePath)]
    pub(crate) board: UpdatedFile,
    /// The score files; if one of them is refused, none is added.
    #[arg(value_name = "SCORE.json", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) scores: Vec<InputFile>,
    /// Put a score in the place of a row of the same model.
    #[arg(long)]
    pub(crate) replace: bool,
    /// The submissions that were scored, one for each score file in any order: each is scored again on `--artifacts`, must give the
    /// same rows, and its row is marked as recomputed.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "artifacts")]
    pub(crate) submission: Vec<InputFile>,
    /// The bundle's folder: the rows of each score must be pairs of its scope.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: Option<BundleFolder>,
    /// The release description whose pins the scope's manifests must have.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "artifacts")]
    pub(crate) release: Option<InputFile>,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}

/// `leaderboard show`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LeaderboardShowArguments {
    /// The leaderboard.
    #[arg(value_name = "BOARD.json", value_hint = ValueHint::FilePath)]
    pub(crate) board: InputFile,
    /// The score files that rows of the board come from: with them the places that the data leave open are shown, since a board alone
    /// holds no pairs.
    #[arg(long, value_name = "SCORE.json", num_args = 1.., value_hint = ValueHint::FilePath)]
    pub(crate) scores: Vec<InputFile>,
    #[command(flatten)]
    pub(crate) published: PublishedArguments,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}

/// `leaderboard render`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LeaderboardRenderArguments {
    /// The leaderboard.
    #[arg(value_name = "BOARD.json", value_hint = ValueHint::FilePath)]
    pub(crate) board: InputFile,
    /// The score files that rows of the board come from: with them the places that the data leave open are shown, since a board alone
    /// holds no pairs.
    #[arg(long, value_name = "SCORE.json", num_args = 1.., value_hint = ValueHint::FilePath)]
    pub(crate) scores: Vec<InputFile>,
    #[command(flatten)]
    pub(crate) published: PublishedArguments,
    #[command(flatten)]
    pub(crate) forms: RenderedForms,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}

/// The forms that a leaderboard is written in.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct RenderedForms {
    /// Write a CSV table, numbers in full.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) csv: Option<OutputFile>,
    /// Write a Markdown table, rounded as the published one.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) markdown: Option<OutputFile>,
    /// Write one self-contained page.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<OutputFile>,
    /// Write the plot of both endpoints.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) svg: Option<OutputFile>,
}

/// Where the published rows come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct PublishedArguments {
    /// The release's bundle, whose frozen summary has the published intervals.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: Option<BundleFolder>,
    /// The release description with the published rows; the pinned release without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<InputFile>,
}

/// `sensitivity`.
#[derive(Debug, Clone, Args)]
#[command(after_help = examples!(
    "sensitivity demo/metrics/core_submission.json --artifacts demo",
    "sensitivity --panel --artifacts demo --release demo.release.json \\\n      --html sensitivity.html --svg sensitivity.svg"
))]
#[command(group = ArgGroup::new("input").required(true).args(["place", "submission", "panel"]))]
pub(crate) struct SensitivityArguments {
    #[command(flatten)]
    pub(crate) submission: SubmissionArgument,
    /// Analyse the published models, from the bundle's retained reports, and how firm their order is.
    #[arg(long)]
    pub(crate) panel: bool,
    /// The bundle's folder.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE, value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: BundleFolder,
    /// The release description that names the published models; the pinned release without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "panel")]
    pub(crate) release: Option<InputFile>,
    /// Write the table and the plot as one self-contained page.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<OutputFile>,
    /// Write the plot: both endpoints under every variant, or of every model the range that the variants span.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) svg: Option<OutputFile>,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}
