//! The arguments of `compare`, `leaderboard` and `sensitivity`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::{DEFAULT_BUNDLE, FormatArguments, ResamplingArguments};

/// `compare`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples, over the bundle that `spinefairbench demo --out demo` builds in `demo`:\n  \
    spinefairbench score --artifacts demo --submission demo/metrics/core_submission.json --output core.json\n  \
    spinefairbench score --artifacts demo --submission demo/metrics/qc_submission.json --output qc.json\n  \
    spinefairbench compare core.json qc.json --differences differences.csv\n  \
    spinefairbench compare core.json --panel --artifacts demo"
)]
pub(crate) struct CompareArguments {
    /// Score files; every two are compared, pair by pair.
    #[arg(value_name = "SCORE.json", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) scores: Vec<PathBuf>,
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
    pub(crate) artifacts: PathBuf,
    /// The release description that names the published models; the pinned release without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "panel")]
    pub(crate) release: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) resampling: ResamplingArguments,
    /// Write the differences of each shared pair as CSV; with one comparison.
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    pub(crate) differences: Option<PathBuf>,
    /// Write the comparisons as JSON.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) json: Option<PathBuf>,
    /// Write the comparisons as one self-contained page.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
}

/// `leaderboard`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples, over the bundle that `spinefairbench demo --out demo` builds in `demo`:\n  \
    spinefairbench score --artifacts demo --submission demo/metrics/core_submission.json --output core.json\n  \
    spinefairbench leaderboard add board.json core.json\n  \
    spinefairbench leaderboard show board.json --artifacts demo --release demo.release.json\n  \
    spinefairbench leaderboard render board.json --csv board.csv --markdown board.md"
)]
pub(crate) struct LeaderboardArguments {
    /// What to do with it.
    #[command(subcommand)]
    pub(crate) action: LeaderboardAction,
}

/// What to do with a leaderboard.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum LeaderboardAction {
    /// Adds a score; the first one sets the terms that all others must share.
    #[command(after_help = "Example:\n  spinefairbench leaderboard add board.json core.json")]
    Add(LeaderboardAddArguments),
    /// Prints the rows in order, beside the published ones.
    #[command(
        after_help = "Example:\n  spinefairbench leaderboard show board.json --artifacts demo --release demo.release.json"
    )]
    Show(LeaderboardShowArguments),
    /// Writes the rows as CSV, as Markdown and as a page.
    #[command(
        after_help = "Example:\n  spinefairbench leaderboard render board.json --csv board.csv --markdown board.md"
    )]
    Render(LeaderboardRenderArguments),
}

/// `leaderboard add`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LeaderboardAddArguments {
    /// The leaderboard; it is made if it is not there.
    #[arg(value_name = "BOARD.json", value_hint = ValueHint::FilePath)]
    pub(crate) board: PathBuf,
    /// The score file.
    #[arg(value_name = "SCORE.json", value_hint = ValueHint::FilePath)]
    pub(crate) score: PathBuf,
    /// Put the score in the place of a row of the same model.
    #[arg(long)]
    pub(crate) replace: bool,
}

/// `leaderboard show`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LeaderboardShowArguments {
    /// The leaderboard.
    #[arg(value_name = "BOARD.json", value_hint = ValueHint::FilePath)]
    pub(crate) board: PathBuf,
    #[command(flatten)]
    pub(crate) published: PublishedArguments,
}

/// `leaderboard render`.
#[derive(Debug, Clone, Args)]
pub(crate) struct LeaderboardRenderArguments {
    /// The leaderboard.
    #[arg(value_name = "BOARD.json", value_hint = ValueHint::FilePath)]
    pub(crate) board: PathBuf,
    #[command(flatten)]
    pub(crate) published: PublishedArguments,
    #[command(flatten)]
    pub(crate) forms: RenderedForms,
}

/// The forms that a leaderboard is written in.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct RenderedForms {
    /// Write a CSV table, numbers in full.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) csv: Option<PathBuf>,
    /// Write a Markdown table, rounded as the published one.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) markdown: Option<PathBuf>,
    /// Write one self-contained page.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<PathBuf>,
}

/// Where the published rows come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct PublishedArguments {
    /// The release's bundle, whose frozen summary has the published intervals.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: Option<PathBuf>,
    /// The release description with the published rows; the pinned release without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<PathBuf>,
}

/// `sensitivity`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples, over the bundle that `spinefairbench demo --out demo` builds in `demo`:\n  \
    spinefairbench sensitivity demo/metrics/core_submission.json --artifacts demo\n  \
    spinefairbench sensitivity --panel --artifacts demo"
)]
pub(crate) struct SensitivityArguments {
    /// A submission, as `score` takes it; a score file does not do, since the variants need the reports.
    #[arg(
        value_name = "SUBMISSION",
        value_hint = ValueHint::FilePath,
        required_unless_present = "panel",
        conflicts_with = "panel"
    )]
    pub(crate) submission: Option<PathBuf>,
    /// Analyse the published models, from the bundle's retained reports, and how firm their order is.
    #[arg(long)]
    pub(crate) panel: bool,
    /// The bundle's folder.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE, value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: PathBuf,
    /// The release description that names the published models; the pinned release without it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "panel")]
    pub(crate) release: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
}
